/** The points of a map, as the server sends them. */

import { fetchPacked } from "./packed";

export interface MapPoints {
  count: number;
  version: string;
  method: string;
  note: string;
  fresh: number;
  ids: Float64Array | Uint32Array;
  /** x and y of each point in turn, in [0, 1], y downwards. */
  xy: Float32Array;
}

interface Header extends Omit<MapPoints, "ids" | "xy"> {
  wide: boolean;
}

export async function fetchPoints(base: string): Promise<MapPoints> {
  const { header, start, buffer } = await fetchPacked<Header>(`${base}/map/points`);
  const xy = new Float32Array(buffer, start, 2 * header.count);
  const after = start + xy.byteLength;
  const ids = header.wide
    ? new Float64Array(buffer, after, header.count)
    : new Uint32Array(buffer, after, header.count);
  return { ...header, ids, xy };
}
