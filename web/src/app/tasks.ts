/** Work that the server does in the background for a page: start it, and hear how far it is. */

import { ask, post } from "./server";

export interface Task {
  id: string;
  state: "waiting" | "running" | "done" | "stopped" | "failed";
  stage: string;
  done: number;
  total: number;
  seconds: number;
  error: string | null;
  counts: Record<string, number>;
}

interface News {
  task: Task;
}

/** False: nobody wants to hear more. */
type Tell = (task: Task) => boolean | void;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const isOver = (task: Task): boolean => task.state !== "waiting" && task.state !== "running";

/** Start by a POST to `url`, then follow `tasks`/ID until it is over. Throws what went wrong. */
export async function perform(url: string, body: unknown, tasks: string, tell: (task: Task) => void): Promise<void> {
  const begun = (await post<News>(url, body)).task;
  const task = isOver(begun) ? begun : await follow(`${tasks}/${encodeURIComponent(begun.id)}`, tell);
  if (task.state === "failed") throw new Error(task.error ?? "failed");
}

/** Hear of a task until it is over: told by the server where the browser can listen, asked for otherwise. */
export async function follow(url: string, tell: Tell): Promise<Task> {
  const last = "EventSource" in window ? await listen(`${url}/events`, tell) : null;
  return last ?? poll(url, tell);
}

/**
 * The last state that was told; null when the server will not tell. Nothing is heard while the page is hidden: a browser
 * has six connections to a server for all its pages, and those that nobody looks at must not hold them.
 */
function listen(url: string, tell: Tell): Promise<Task | null> {
  return new Promise((resolve) => {
    let source: EventSource | null = null;
    const hush = (): void => {
      source?.close();
      source = null;
    };
    const end = (task: Task | null): void => {
      hush();
      document.removeEventListener("visibilitychange", turn);
      resolve(task);
    };
    const open = (): EventSource => {
      const opened = new EventSource(url);
      opened.addEventListener("message", (event) => {
        const { task } = JSON.parse(event.data as string) as News;
        if (isOver(task) || tell(task) === false) end(task);
      });
      // A broken connection is opened again by the browser; one that was refused is not.
      opened.addEventListener("error", () => {
        if (opened === source && opened.readyState === EventSource.CLOSED) end(null);
      });
      return opened;
    };
    const turn = (): void => {
      if (document.hidden) hush();
      else source ??= open();
    };
    document.addEventListener("visibilitychange", turn);
    turn();
  });
}

async function poll(url: string, tell: Tell): Promise<Task> {
  for (let wait = 150; ; wait = Math.min(1_500, wait * 1.3)) {
    const { task } = await ask<News>(url);
    if (isOver(task) || tell(task) === false) return task;
    await pause(wait);
  }
}
