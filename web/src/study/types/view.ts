/** What every type of trial gets to show itself with, and what it gives back. */

import type { Feed } from "../feed";
import type { Pictures } from "../images";
import type { Plan, Response, Trial } from "../protocol";
import type { Watch } from "../timing";

export interface Stage {
  /** Where the trial draws itself; empty at the start. */
  element: HTMLElement;
  trial: Trial;
  plan: Plan;
  /** The trial's pictures, decoded: first the fixed ones, then the options. */
  fixed: HTMLImageElement[];
  options: HTMLImageElement[];
  frameMs: number;
  watch: Watch;
  pictures: Pictures;
  feed: Feed;
}

export interface Given {
  response: Response;
  /** Milliseconds from the frame after everything was shown. */
  responseMs: number;
  shownForMs: number | null;
  /** What was chosen, to mark it. */
  chosen: HTMLElement | null;
}

export type View = (stage: Stage) => Promise<Given>;

/** No answer counts sooner after a picture has appeared: a second click of a double click would land here. */
export const SHIELD_MS = 250;
