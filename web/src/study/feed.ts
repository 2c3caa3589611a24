/** The trials in the server's order, fetched a few ahead together with their pictures. */

import { api, insist, pause } from "./api";
import type { Pictures } from "./images";
import type { Picture, Trial } from "./protocol";

const BATCH = 10;
const LOW = 6; // fetch more once fewer than this many trials lie ready

/** What must be there before a trial begins; a gallery to search is loaded as it is looked at. */
export const optionsOf = (trial: Trial): Picture[] => (trial.type === "recall-and-vote" ? [] : trial.options);
export const picturesOf = (trial: Trial): Picture[] => [...trial.fixed, ...optionsOf(trial)];

export class Feed {
  private readonly trials = new Map<number, Trial>();
  private fetching: Promise<void> | null = null;

  constructor(
    readonly total: number,
    private readonly pictures: Pictures,
    private readonly onTrouble: (failures: number) => void,
  ) {}

  /** Trial `index`, waiting for the connection if it must. */
  async get(index: number): Promise<Trial> {
    this.topUp(index);
    for (;;) {
      const trial = this.trials.get(index);
      if (trial) return trial;
      await this.fetch(index);
      if (!this.trials.has(index)) await pause(400); // earlier answers are still on their way
    }
  }

  /** The trials from `from` up to `to` that have been fetched. */
  ready(from: number, to: number): Trial[] {
    return [...this.trials.values()].filter((trial) => trial.index >= from && trial.index < to);
  }

  /** Drop a trial that is over, with its pictures. */
  done(trial: Trial): void {
    this.trials.delete(trial.index);
    this.pictures.release(picturesOf(trial));
  }

  /**
   * Fetch more once few trials lie ready: with each trial, and again when the server has taken its answer, because
   * where trials are chosen by what was answered before, it gives one more with every answer.
   */
  topUp(index: number): void {
    let ready = index;
    while (this.trials.has(ready)) ready += 1;
    if (ready - index < LOW && ready < this.total) void this.fetch(ready).catch(() => undefined);
  }

  private fetch(from: number): Promise<void> {
    this.fetching ??= insist(() => api.trials(from, BATCH), this.onTrouble)
      .then((trials) => {
        for (const trial of trials) {
          if (this.trials.has(trial.index)) continue;
          this.trials.set(trial.index, trial);
          this.pictures.prefetch(picturesOf(trial));
        }
      })
      .finally(() => {
        this.fetching = null;
      });
    return this.fetching;
  }
}
