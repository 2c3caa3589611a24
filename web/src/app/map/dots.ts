/** What whoever draws the points has to be able to do, and what all of them keep to. */

import type { Rgb } from "./colours";

export interface Looking {
  /** The middle of what is seen, in the unit square; CSS pixels a unit takes; CSS pixels of the canvas. */
  x: number;
  y: number;
  scale: number;
  width: number;
  height: number;
}

export interface Dots {
  readonly canvas: HTMLCanvasElement;
  readonly kind: "webgl" | "canvas";
  /** Colours as RGBA bytes, one a point; `marked`: those that stand out, ascending; what lies under all of them. */
  paint(colours: Uint32Array, marked: Uint32Array, ground: Rgb): void;
  /**
   * Draw points `from` to `to`: with `from` 0 on an empty canvas, else over what is there. Nothing is added to what
   * was drawn coarsely.
   */
  draw(view: Looking, diameter: number, from: number, to: number, coarse: boolean): void;
}

export class NoCanvas extends Error {}

/** Alpha of a point beside those that were chosen, and of any other. */
export const FAINT = 41;
export const PLAIN = 215;
/** Marked points are so much wider than others. */
export const MARKED_WIDER = 1.35;
