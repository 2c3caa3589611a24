/**
 * Points on a 2-D canvas, for browsers without WebGL or without a graphics card: the pixels are written here, one
 * stamp a point, which a processor does many times as fast as `fillRect` or an imitated graphics card.
 */

import { type Rgb, mixed, packed } from "./colours";
import { type Dots, FAINT, type Looking, MARKED_WIDER } from "./dots";
import { below } from "./sorted";

/** Pixels kept around what is seen, so that a point at the edge need not be cut: half the widest dot. */
const RIM = 20;

export class FlatDots implements Dots {
  readonly kind = "canvas";
  private image: ImageData | null = null;
  private pixels = new Uint32Array(0);
  private given: Uint32Array = new Uint32Array(0);
  /** The points' colours as they look on the ground. */
  private colours: Uint32Array = new Uint32Array(0);
  private ground = 0;
  private marked: Uint32Array = new Uint32Array(0);
  private readonly plain = new Stamp();
  private readonly wide = new Stamp();

  constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly context: CanvasRenderingContext2D,
    private readonly xy: Float32Array,
  ) {}

  paint(colours: Uint32Array, marked: Uint32Array, ground: Rgb): void {
    const solid = new Map<number, number>();
    this.ground = packed(ground, 255);
    this.marked = marked;
    this.given = colours;
    this.colours = colours.map((colour) => {
      let found = solid.get(colour);
      if (found === undefined) solid.set(colour, (found = mixed(colour, ground)));
      return found;
    });
  }

  draw(view: Looking, diameter: number, from: number, to: number): void {
    const [width, height] = [this.canvas.width + 2 * RIM, this.canvas.height + 2 * RIM];
    if (!this.image || this.image.width !== width || this.image.height !== height) {
      this.image = this.context.createImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    if (!from) this.pixels.fill(this.ground);
    const ratio = this.canvas.width / view.width;
    this.plain.cut(diameter * ratio, width);
    this.wide.cut(diameter * ratio * MARKED_WIDER, width);
    this.run(view, ratio, from, to);
    const last = below(this.marked, to);
    for (let n = 0; n < last; n++) this.mark(view, ratio, this.marked[n]!);
    this.context.putImageData(this.image, -RIM, -RIM);
  }

  private run(view: Looking, ratio: number, from: number, to: number): void {
    const { xy, given, colours, pixels, plain, ground } = this;
    const { width, height } = this.image!;
    const { offsets, reach } = plain;
    const scale = view.scale * ratio;
    const left = width / 2 - view.x * scale;
    const top = height / 2 - view.y * scale;
    for (let i = from; i < to; i++) {
      const x = Math.floor(xy[2 * i]! * scale + left);
      const y = Math.floor(xy[2 * i + 1]! * scale + top);
      if (x < reach || y < reach || x >= width - reach || y >= height - reach) continue;
      const colour = colours[i]!;
      const at = y * width + x;
      // A faint point never covers another: each colour was mixed with the ground, not with what is there.
      if (given[i]! >>> 24 === FAINT) {
        for (let k = 0; k < offsets.length; k++) {
          if (pixels[at + offsets[k]!] === ground) pixels[at + offsets[k]!] = colour;
        }
      } else {
        for (let k = 0; k < offsets.length; k++) pixels[at + offsets[k]!] = colour;
      }
    }
  }

  private mark(view: Looking, ratio: number, i: number): void {
    const { width, height } = this.image!;
    const { offsets, reach } = this.wide;
    const x = Math.floor((this.xy[2 * i]! - view.x) * view.scale * ratio + width / 2);
    const y = Math.floor((this.xy[2 * i + 1]! - view.y) * view.scale * ratio + height / 2);
    if (x < reach || y < reach || x >= width - reach || y >= height - reach) return;
    const at = y * width + x;
    for (let k = 0; k < offsets.length; k++) this.pixels[at + offsets[k]!] = this.colours[i]!;
  }
}

/** The pixels of a disc, as distances from the middle one in an image of a certain width. */
class Stamp {
  offsets = new Int32Array(0);
  reach = 0;
  private made = "";

  cut(diameter: number, width: number): void {
    // In steps of a quarter of a pixel, so that a zoom in progress does not cut one for each frame.
    const quarters = Math.max(6, Math.round(4 * diameter));
    const key = `${quarters} ${width}`;
    if (key === this.made) return;
    this.made = key;
    const radius = quarters / 8;
    // An even number of pixels across has its middle between two of them.
    const even = Math.round(2 * radius) % 2 === 0 ? 0.5 : 0;
    this.reach = Math.ceil(radius + even);
    const found: number[] = [];
    for (let v = -this.reach; v <= this.reach; v++) {
      for (let u = -this.reach; u <= this.reach; u++) {
        if ((u + even) ** 2 + (v + even) ** 2 <= radius * radius) found.push(v * width + u);
      }
    }
    this.offsets = Int32Array.from(found);
  }
}
