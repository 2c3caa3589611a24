/**
 * Islands: `<div data-island="NAME">` is brought to life by the module of that name, which is loaded only then.
 * A module exports `start(root: HTMLElement): void`. What it has to say comes in data-* attributes of the root.
 */

type Island = { start: (root: HTMLElement) => void };

/** Add a line here for a further one. */
const islands: Record<string, () => Promise<Island>> = {
  compare: () => import("./compare"),
  linked: () => import("./linked"),
  weights: () => import("./weights"),
  play: () => import("./play"),
  progress: () => import("./progress"),
  explore: () => import("./explore"),
  login: () => import("./login"),
  map: () => import("./map"),
  clusters: () => import("./clusters"),
  duplicates: () => import("./duplicates"),
};

export function startIslands(within: ParentNode): void {
  const found = [...within.querySelectorAll<HTMLElement>("[data-island]")];
  if (within instanceof HTMLElement && within.dataset.island) found.push(within);
  for (const root of found) {
    const load = islands[root.dataset.island ?? ""];
    if (!load || root.dataset.started) continue;
    root.dataset.started = "1";
    void load().then((island) => {
      island.start(root);
      root.dataset.ready = "1";
    });
  }
}
