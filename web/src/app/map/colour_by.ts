/** Fetching what colours the points; clusters are looked for when nobody has done so yet. */

import { notice } from "../notice";
import { perform } from "../tasks";
import { type Colouring, PLAIN, fetchColouring } from "./colours";
import { Refused } from "./packed";
import type { Say } from "./texts";

export async function readColours(base: string, by: string, say: Say): Promise<Colouring> {
  if (!by) return PLAIN;
  const url = `${base}/map/colour`;
  try {
    return await fetchColouring(url, by);
  } catch (error) {
    if (by !== "cluster" || !(error instanceof Refused) || error.status !== 409) throw error;
  }
  notice(say("clustering"), 60);
  await perform(`${base}/clusters/find`, { method: "hdbscan" }, `${base}/tasks`, () => undefined);
  notice(say("clustered"), 2);
  return await fetchColouring(url, by);
}
