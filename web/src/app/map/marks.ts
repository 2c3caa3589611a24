/** Which points stand out: those selected, or those of the legend's chosen value; as colours for the drawing. */

import { type Colouring, type Rgb, pointColours } from "./colours";
import { FAINT, PLAIN } from "./dots";

const SOLID = 255;

export class Marks {
  /** RGBA bytes, one a point. */
  readonly colours: Uint32Array;
  /** Points of the selection, ascending. */
  selected: Uint32Array = new Uint32Array(0);
  private plain: Uint32Array;
  private codes: Uint16Array | null = null;

  constructor(private readonly count: number) {
    this.colours = new Uint32Array(count);
    this.plain = new Uint32Array(count);
  }

  colour(colouring: Colouring, plain: Rgb): void {
    this.plain = pointColours(colouring, this.count, plain);
    this.codes = colouring.codes;
  }

  /** Work out the colours; `chosen`: the legend's code, or -1. */
  weigh(chosen: number): void {
    const { colours, plain, selected, codes } = this;
    const isChosen = chosen >= 0 && codes !== null;
    const usual = (selected.length || isChosen ? FAINT : PLAIN) << 24;
    for (let i = 0; i < colours.length; i++) colours[i] = plain[i]! | usual;
    if (isChosen) {
      for (let i = 0; i < colours.length; i++) if (codes[i] === chosen) colours[i] = plain[i]! | (PLAIN << 24);
    }
    for (const i of selected) colours[i] = plain[i]! | (SOLID << 24);
  }
}
