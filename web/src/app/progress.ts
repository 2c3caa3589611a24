/** A part of the page that follows a task, and is asked for anew when the task is over. */

import { htmx } from "./htmx";
import { notice } from "./notice";
import { type Task, follow } from "./tasks";

export function start(root: HTMLElement): void {
  const { task, part, target } = root.dataset;
  if (!task || !part || !target) return;
  const bar = root.querySelector("progress");
  const line = root.querySelector<HTMLElement>("[data-line]");
  const state = root.querySelector<HTMLElement>("[data-state]");
  const show = (now: Task): boolean => {
    if (bar && now.total) {
      bar.max = now.total;
      bar.value = now.done;
    }
    if (line) line.textContent = fill(line.dataset.line ?? "", now);
    if (state && now.state === "running") state.textContent = state.dataset.state ?? "";
    return root.isConnected;
  };
  follow(task, show)
    .then(() => {
      if (root.isConnected) void htmx.ajax("get", part, { target, swap: root.dataset.swap === "outerHTML" ? "outerHTML" : "innerHTML" });
    })
    .catch((error: Error) => notice(error.message));
}

function fill(text: string, task: Task): string {
  const values: Record<string, number> = { ...task.counts, done: task.done, total: task.total };
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    return value || name !== "total" ? Math.round(value ?? 0).toLocaleString("en-US") : "…";
  });
}
