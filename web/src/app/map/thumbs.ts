/** Thumbnails in their places: one for each cell of a grid laid over the map, fetched many at a time, drawn on a canvas. */

import type { Camera } from "./camera";
import type { Grid } from "./grid";
import { fetchPacked } from "./packed";

/** More points in sight than this, and the dots alone are drawn. */
const MOST_IN_SIGHT = 2_500;
const CELL = 76;
const BATCH = 40;
const REQUESTS = 3;
const KEPT = 1_200;
const MOST_PICTURES = 400;
/** Milliseconds without a move before pictures are asked for. */
const STILL = 100;

interface Sheet {
  ids: number[];
  sizes: number[];
}

export class Thumbs {
  shown = true;
  /** How many pictures belong on the screen. */
  count = 0;
  private readonly pictures = new Map<number, ImageBitmap | null>();
  /** The points whose pictures are shown: the first `count`. */
  private first = new Int32Array(0);
  private readonly asked = new Set<number>();
  private running = 0;
  private timer = 0;

  constructor(
    private readonly url: string,
    private readonly ids: Float64Array | Uint32Array,
    private readonly grid: Grid,
    private readonly arrived: () => void,
  ) {}

  /** Find the points whose pictures belong on the screen now: none when too many points are in sight. */
  choose(camera: Camera): void {
    this.count = 0;
    if (!this.shown) return;
    const [left, right] = [camera.toWorldX(-CELL), camera.toWorldX(camera.width + CELL)];
    const [top, bottom] = [camera.toWorldY(-CELL), camera.toWorldY(camera.height + CELL)];
    if (this.grid.count(left, top, right, bottom, MOST_IN_SIGHT) >= MOST_IN_SIGHT) return;
    // Cells are fixed to the map and halve as one zooms in, so that pictures do not jump about while it moves.
    const cell = 2 ** Math.round(Math.log2(CELL / camera.scale));
    const [column, row] = [Math.floor(left / cell), Math.floor(top / cell)];
    const across = Math.floor(right / cell) - column + 1;
    const cells = across * (Math.floor(bottom / cell) - row + 1);
    if (this.first.length < cells) this.first = new Int32Array(cells);
    this.first.fill(-1, 0, cells);
    this.grid.each(left, top, right, bottom, (i) => {
      const at = (Math.floor(this.grid.y(i) / cell) - row) * across + Math.floor(this.grid.x(i) / cell) - column;
      const other = this.first[at]!;
      if (other < 0 || i < other) this.first[at] = i;
    });
    for (let at = 0; at < cells && this.count < MOST_PICTURES; at++) {
      if (this.first[at]! >= 0) this.first[this.count++] = this.first[at]!;
    }
  }

  /** Draw those chosen that are here; the others are asked for once the map has been still for a moment. */
  draw(context: CanvasRenderingContext2D, camera: Camera): void {
    let isLacking = false;
    for (let n = 0; n < this.count; n++) {
      const i = this.first[n]!;
      const picture = this.pictures.get(i);
      if (picture === undefined) isLacking = true;
      if (!picture) continue;
      this.pictures.delete(i);
      this.pictures.set(i, picture);
      this.drawOne(context, camera, i, picture);
    }
    window.clearTimeout(this.timer);
    if (isLacking) this.timer = window.setTimeout(() => this.fetchNext(), STILL);
  }

  private drawOne(context: CanvasRenderingContext2D, camera: Camera, i: number, picture: ImageBitmap): void {
    const side = CELL * 0.8;
    const shrink = side / Math.max(picture.width, picture.height);
    const [w, h] = [picture.width * shrink, picture.height * shrink];
    const x = Math.round(camera.toScreenX(this.grid.x(i)) - w / 2);
    const y = Math.round(camera.toScreenY(this.grid.y(i)) - h / 2);
    context.fillStyle = "#fff";
    context.fillRect(x - 2, y - 2, w + 4, h + 4);
    context.drawImage(picture, x, y, w, h);
  }

  private fetchNext(): void {
    while (this.running < REQUESTS) {
      const chosen = Array.from(this.first.subarray(0, this.count));
      const batch = chosen.filter((i) => !this.pictures.has(i) && !this.asked.has(i)).slice(0, BATCH);
      if (!batch.length) return;
      for (const i of batch) this.asked.add(i);
      this.running++;
      void this.fetchBatch(batch).finally(() => {
        for (const i of batch) this.asked.delete(i);
        this.running--;
        this.arrived();
      });
    }
  }

  private async fetchBatch(batch: readonly number[]): Promise<void> {
    const places = new Map(batch.map((i) => [this.ids[i]!, i]));
    try {
      const { header, start, buffer } = await fetchPacked<Sheet>(`${this.url}?ids=${[...places.keys()].join(",")}`);
      let at = start;
      await Promise.all(
        header.ids.map(async (id, n) => {
          const bytes = new Uint8Array(buffer, at, header.sizes[n]!);
          at += header.sizes[n]!;
          const blob = new Blob([bytes], { type: "image/jpeg" });
          this.keep(places.get(id), await createImageBitmap(blob).catch(() => null));
        }),
      );
    } catch {
      // The server is busy or gone: these stay dots, and are asked for no more on this page.
    }
    for (const i of batch) if (!this.pictures.has(i)) this.keep(i, null);
  }

  private keep(i: number | undefined, picture: ImageBitmap | null): void {
    if (i === undefined) return;
    this.pictures.set(i, picture);
    for (const [oldest, old] of this.pictures) {
      if (this.pictures.size <= KEPT) break;
      old?.close();
      this.pictures.delete(oldest);
    }
  }
}
