/** The two canvases and when they are drawn: only when something has changed, and never longer than a frame bears. */

import { Camera } from "./camera";
import { rgbOf } from "./colours";
import { Detail } from "./detail";
import { type Dots, NoCanvas } from "./dots";
import type { Grid } from "./grid";
import { Lasso } from "./lasso";
import { type Way, makeDots } from "./make_dots";
import type { Thumbs } from "./thumbs";

/** Milliseconds without a move before a picture drawn coarsely is drawn well. */
const STILL = 120;
const SHARPEST = 2;

export interface Asked {
  way: Way;
  /** Draw all points in each frame, however long it takes: to measure against. */
  everything: boolean;
}

export class Painter {
  readonly camera = new Camera(() => this.moved());
  readonly lasso = new Lasso();
  /** The point that has a ring around it, or -1. */
  ring = -1;
  private dots: Dots;
  private readonly over: CanvasRenderingContext2D;
  private readonly detail: Detail;
  private ratio = 1;
  private colours: Uint32Array = new Uint32Array(0);
  private marked: Uint32Array = new Uint32Array(0);
  private ink = "#000";
  private frame = 0;
  private movedAt = 0;
  private isMoved = true;
  private isCoarse = false;
  private isOverStale = true;
  private isOverUsed = false;

  /** Throws NoCanvas where there is nothing to draw on. */
  constructor(
    private readonly stage: HTMLElement,
    dots: HTMLCanvasElement,
    over: HTMLCanvasElement,
    private readonly xy: Float32Array,
    private readonly grid: Grid,
    private readonly thumbs: Thumbs,
    asked: Asked,
    private readonly drawn: () => void,
  ) {
    const context = over.getContext("2d");
    if (!context) throw new NoCanvas("this browser has no canvas");
    this.over = context;
    this.dots = makeDots(dots, xy, asked.way);
    this.detail = new Detail(xy.length / 2, asked.everything);
    this.dots.canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    this.dots.canvas.addEventListener("webglcontextrestored", () => {
      this.dots = makeDots(this.dots.canvas, this.xy, "webgl");
      this.paint(this.colours, this.marked);
    });
  }

  get kind(): Dots["kind"] {
    return this.dots.kind;
  }

  /** All points are on the canvas, as well as they can be drawn. */
  get isComplete(): boolean {
    return !this.isMoved && !this.isCoarse && this.detail.complete;
  }

  paint(colours: Uint32Array, marked: Uint32Array): void {
    this.colours = colours;
    this.marked = marked;
    const { color, backgroundColor } = getComputedStyle(this.stage);
    this.ink = color;
    this.dots.paint(colours, marked, rgbOf(backgroundColor));
    this.moved();
  }

  resize(width: number, height: number): void {
    this.ratio = Math.min(SHARPEST, window.devicePixelRatio || 1);
    fit(this.over.canvas, width, height, this.ratio);
    this.isOverUsed = true;
    this.camera.resize(width, height);
  }

  /** Something over the points has changed: a ring, a line, pictures. */
  touched(): void {
    this.isOverStale = true;
    this.request();
  }

  private moved(): void {
    this.isMoved = true;
    this.touched();
  }

  private request(): void {
    this.frame ||= requestAnimationFrame((now) => {
      this.frame = 0;
      this.draw(now);
    });
  }

  private draw(now: number): void {
    this.drawPoints(now);
    if (this.isOverStale) this.drawOver();
    this.drawn();
    if (this.isComplete) this.detail.rest();
    else this.request();
  }

  private drawPoints(now: number): void {
    const { camera, detail, dots } = this;
    if (this.isMoved) {
      this.isMoved = false;
      this.movedAt = now;
      detail.restart(now);
      this.isCoarse = detail.scarce;
    } else if (this.isCoarse) {
      // A frame without a move tells the next one nothing about its own time.
      detail.rest();
      if (now - this.movedAt < STILL) return;
      this.isCoarse = false;
      detail.restart(now);
    } else if (detail.complete) return;
    else detail.proceed();
    if (!detail.from) fit(dots.canvas, camera.width, camera.height, this.isCoarse ? 1 : this.ratio);
    dots.draw(camera, this.diameter(), detail.from, detail.to, this.isCoarse);
  }

  private diameter(): number {
    const usual = Math.max(2.2, 260 / Math.sqrt(this.xy.length / 2));
    return Math.min(14, usual * Math.sqrt(this.camera.zoom));
  }

  private drawOver(): void {
    const { camera, over, thumbs, lasso } = this;
    this.isOverStale = false;
    thumbs.choose(camera);
    const isUsed = thumbs.count > 0 || this.ring >= 0 || lasso.active;
    // An empty canvas that stays empty costs nothing when nobody touches it.
    if (!isUsed && !this.isOverUsed) return;
    // A layer that is not there need not be mixed with the points at each frame.
    if (isUsed !== this.isOverUsed) over.canvas.style.visibility = isUsed ? "visible" : "hidden";
    this.isOverUsed = isUsed;
    const ratio = over.canvas.width / camera.width;
    over.setTransform(ratio, 0, 0, ratio, 0, 0);
    over.clearRect(0, 0, camera.width, camera.height);
    thumbs.draw(over, camera);
    if (this.ring >= 0) this.drawRing(this.ring);
    lasso.draw(over, this.ink);
  }

  private drawRing(i: number): void {
    const { over, camera, grid } = this;
    over.beginPath();
    over.arc(camera.toScreenX(grid.x(i)), camera.toScreenY(grid.y(i)), 9, 0, 2 * Math.PI);
    over.lineWidth = 2.5;
    over.strokeStyle = this.ink;
    over.stroke();
  }
}

/** Give a canvas its pixels; setting a size, even the same, empties it. */
function fit(canvas: HTMLCanvasElement, width: number, height: number, ratio: number): void {
  const [across, down] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== across) canvas.width = across;
  if (canvas.height !== down) canvas.height = down;
}
