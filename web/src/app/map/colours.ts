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

export type Rgb = readonly [number, number, number];

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
/** Colours that a ramp is cut into. */
const STEPS = 256;
const GREY: Rgb = [141, 138, 132];
/** Dark blue to yellow through teal: lightness rises all the way (after viridis). */
const RAMP: readonly Rgb[] = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
];

export async function fetchColouring(url: string, by: string): Promise<Colouring> {
  const { header, start, buffer } = await fetchPacked<Scale>(`${url}?by=${encodeURIComponent(by)}`);
  if (header.kind === "category") return { scale: header, codes: new Uint16Array(buffer, start), numbers: null };
  return { scale: header, codes: null, numbers: new Float32Array(buffer, start) };
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

/** RGBA bytes of each point, alpha 0: how much it stands out is for `Marks` to say. */
export function pointColours(colouring: Colouring, count: number, plain: Rgb): Uint32Array {
  const found = new Uint32Array(count);
  const { scale, codes, numbers } = colouring;
  if (scale && codes) {
    const palette = scale.names.map((_, code) => packed(categoryColour(scale, code)));
    const none = packed(GREY);
    for (let i = 0; i < count; i++) found[i] = palette[codes[i]!] ?? none;
  } else if (scale && numbers) {
    const palette = Array.from({ length: STEPS }, (_, step) => packed(rampColour(step / (STEPS - 1))));
    const none = packed(GREY);
    const times = (STEPS - 1) / (scale.high - scale.low || 1);
    for (let i = 0; i < count; i++) {
      const value = numbers[i]!;
      found[i] = Number.isNaN(value) ? none : palette[Math.round((value - scale.low) * times)]!;
    }
  } else found.fill(packed(plain));
  return found;
}

/** As the bytes R, G, B, A lie in memory: browsers run on little-endian machines, as `packed.ts` relies on too. */
export function packed([r, g, b]: Rgb, alpha = 0): number {
  return (r | (g << 8) | (b << 16) | (alpha << 24)) >>> 0;
}

/** A packed colour laid over an opaque one: opaque itself. */
export function mixed(colour: number, [r, g, b]: Rgb): number {
  const alpha = colour >>> 24;
  const mix = (shift: number, below: number): number =>
    Math.round((((colour >>> shift) & 255) * alpha + below * (255 - alpha)) / 255);
  return packed([mix(0, r), mix(8, g), mix(16, b)], 255);
}

/** A colour as CSS gives it to scripts: `rgb(...)`, or `rgba(...)`, whose alpha is left out. */
export function rgbOf(text: string): Rgb {
  const [r = 255, g = 255, b = 255] = (text.match(/[\d.]+/g) ?? []).map(Number);
  return [r, g, b];
}
