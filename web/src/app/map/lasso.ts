/** A line drawn by hand around points. */

import type { Polygon } from "./grid";

export class Lasso {
  private path: Array<[number, number]> = [];

  get active(): boolean {
    return this.path.length > 0;
  }

  begin(px: number, py: number): void {
    this.path = [[px, py]];
  }

  add(px: number, py: number): void {
    const last = this.path.at(-1);
    if (last && Math.hypot(px - last[0], py - last[1]) >= 3) this.path.push([px, py]);
  }

  /** The path in screen pixels; empty when it encloses nothing. */
  end(): Polygon {
    const path = this.path;
    this.path = [];
    return path.length > 3 ? path : [];
  }

  draw(context: CanvasRenderingContext2D, colour: string): void {
    if (this.path.length < 2) return;
    context.beginPath();
    for (const [x, y] of this.path) context.lineTo(x, y);
    context.closePath();
    context.fillStyle = colour;
    context.globalAlpha = 0.14;
    context.fill();
    context.globalAlpha = 1;
    context.lineWidth = 2;
    context.strokeStyle = colour;
    context.stroke();
  }
}
