/** A line drawn by hand around points. */

/** Pixels between two corners of the line. */
const STEP = 3;

export class Lasso {
  /** x and y of each corner in turn, in screen pixels. */
  private path = new Float32Array(512);
  private length = 0;

  get active(): boolean {
    return this.length > 0;
  }

  begin(px: number, py: number): void {
    this.length = 0;
    this.push(px, py);
  }

  add(px: number, py: number): void {
    const { path, length } = this;
    if (length && Math.hypot(px - path[length - 2]!, py - path[length - 1]!) >= STEP) this.push(px, py);
  }

  /** The corners; none when the line encloses nothing. */
  end(): Float32Array {
    const found = this.path.slice(0, this.length > 6 ? this.length : 0);
    this.length = 0;
    return found;
  }

  draw(context: CanvasRenderingContext2D, colour: string): void {
    if (this.length < 4) return;
    context.beginPath();
    for (let k = 0; k < this.length; k += 2) context.lineTo(this.path[k]!, this.path[k + 1]!);
    context.closePath();
    context.fillStyle = colour;
    context.globalAlpha = 0.14;
    context.fill();
    context.globalAlpha = 1;
    context.lineWidth = 2;
    context.strokeStyle = colour;
    context.stroke();
  }

  private push(px: number, py: number): void {
    if (this.length === this.path.length) {
      const longer = new Float32Array(2 * this.path.length);
      longer.set(this.path);
      this.path = longer;
    }
    this.path[this.length++] = px;
    this.path[this.length++] = py;
  }
}
