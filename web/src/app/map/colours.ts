/** What colours the points: a column's values or the clusters, with the legend's entries. */

import { fetchPacked } from "./packed";

export interface Scale {
  by: string;
  kind: "category" | "number" | "date";
  /** Category: names from the commonest on; the last code of all is "other" when `other` is true. */
  names: string[];
  counts: number[];
  other: boolean;
  low: number;
  high: number;
  missing: number;
  version: string;
}

export interface Colouring {
  scale: Scale | null;
  /** Category codes, one a point; NONE where there is no value. */
  codes: Uint16Array | null;
  numbers: Float32Array | null;
}

export const NONE = 65_535;
export const PLAIN: Colouring = { scale: null, codes: null, numbers: null };

type Rgb = readonly [number, number, number];

/** Okabe and Ito's colours (told apart by most colour-blind people) and six more; then they come again. */
const CATEGORIES: readonly Rgb[] = [
  [0, 114, 178],
  [230, 159, 0],
  [0, 158, 115],
  [204, 121, 167],
  [86, 180, 233],
  [213, 94, 0],
  [170, 155, 0],
  [123, 74, 184],
  [148, 103, 60],
  [70, 150, 60],
  [190, 60, 90],
  [60, 90, 140],
];
const GREY: Rgb = [141, 138, 132];
/** Dark blue to yellow through teal: lightness rises all the way (after viridis). */
const RAMP: readonly Rgb[] = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
];

export async function fetchColouring(url: string, by: string, count: number): Promise<Colouring> {
  const { header, start, buffer } = await fetchPacked<Scale>(`${url}?by=${encodeURIComponent(by)}`);
  if (header.kind === "category") return { scale: header, codes: new Uint16Array(buffer, start, count), numbers: null };
  return { scale: header, codes: null, numbers: new Float32Array(buffer, start, count) };
}

export function categoryColour(scale: Scale, code: number): Rgb {
  const isOther = scale.other && code === scale.names.length - 1;
  return code === NONE || isOther ? GREY : CATEGORIES[code % CATEGORIES.length]!;
}

export function rampColour(share: number): Rgb {
  const at = Math.min(1, Math.max(0, share)) * (RAMP.length - 1);
  const n = Math.min(RAMP.length - 2, Math.floor(at));
  const mix = (k: 0 | 1 | 2): number => Math.round(RAMP[n]![k] + (RAMP[n + 1]![k] - RAMP[n]![k]) * (at - n));
  return [mix(0), mix(1), mix(2)];
}

export function css([r, g, b]: Rgb): string {
  return `rgb(${r} ${g} ${b})`;
}

/** Four bytes a point. */
export function pointColours(colouring: Colouring, count: number, plain: Rgb): Uint8Array {
  const bytes = new Uint8Array(4 * count);
  const { scale, codes, numbers } = colouring;
  const span = scale ? scale.high - scale.low || 1 : 1;
  for (let i = 0; i < count; i++) {
    let colour: Rgb = plain;
    if (scale && codes) colour = categoryColour(scale, codes[i]!);
    else if (scale && numbers) {
      const value = numbers[i]!;
      colour = Number.isNaN(value) ? GREY : rampColour((value - scale.low) / span);
    }
    bytes.set(colour, 4 * i);
    bytes[4 * i + 3] = 215;
  }
  return bytes;
}
