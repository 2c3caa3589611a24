/** Work that the server does in the background for a page: start it, and hear how far it is. */

import { ask, post } from "./server";

export interface Task {
  id: string;
  state: "waiting" | "running" | "done" | "failed";
  stage: string;
  done: number;
  total: number;
  seconds: number;
  error: string | null;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Start by a POST to `url`, then ask at `tasks`/ID until it is over. Throws what went wrong. */
export async function perform(url: string, body: unknown, tasks: string, tell: (task: Task) => void): Promise<void> {
  let { task } = await post<{ task: Task }>(url, body);
  for (let wait = 150; task.state === "waiting" || task.state === "running"; wait = Math.min(1_500, wait * 1.3)) {
    tell(task);
    await pause(wait);
    ({ task } = await ask<{ task: Task }>(`${tasks}/${encodeURIComponent(task.id)}`));
  }
  if (task.state === "failed") throw new Error(task.error ?? "failed");
}
