/** Which part of the unit square is seen: its middle, and how many CSS pixels one unit takes. */

const FURTHEST = 600;
const NEAREST = 0.5;

export class Camera {
  x = 0.5;
  y = 0.5;
  scale = 1;
  width = 1;
  height = 1;
  private fitted = 0;
  private glide = 0;
  private readonly still = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(private readonly changed: () => void) {}

  /** 1 when everything just fits. */
  get zoom(): number {
    return this.scale / (this.fitted || 1);
  }

  toScreenX(x: number): number {
    return (x - this.x) * this.scale + this.width / 2;
  }

  toScreenY(y: number): number {
    return (y - this.y) * this.scale + this.height / 2;
  }

  toWorldX(px: number): number {
    return (px - this.width / 2) / this.scale + this.x;
  }

  toWorldY(py: number): number {
    return (py - this.height / 2) / this.scale + this.y;
  }

  resize(width: number, height: number): void {
    const zoom = this.fitted ? this.zoom : 1;
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    this.fitted = 0.92 * Math.min(this.width, this.height);
    this.scale = this.fitted * zoom;
    this.changed();
  }

  pan(dx: number, dy: number): void {
    this.stop();
    this.set(this.x - dx / this.scale, this.y - dy / this.scale, this.scale);
  }

  /** Zoom; what lies under (px, py) stays there. */
  zoomAt(px: number, py: number, factor: number): void {
    this.stop();
    const x = this.toWorldX(px);
    const y = this.toWorldY(py);
    const scale = this.limited(this.scale * factor);
    this.set(x - (px - this.width / 2) / scale, y - (py - this.height / 2) / scale, scale);
  }

  fit(): void {
    this.moveTo(0.5, 0.5, this.fitted);
  }

  /** Go there in a quarter of a second, or at once where less motion is wanted. */
  moveTo(x: number, y: number, scale = this.scale): void {
    this.stop();
    if (this.still.matches) {
      this.set(x, y, scale);
      return;
    }
    const from = [this.x, this.y, Math.log(this.scale)] as const;
    const to = [x, y, Math.log(this.limited(scale))] as const;
    const began = performance.now();
    const step = (now: number): void => {
      const t = Math.min(1, Math.max(0, (now - began) / 250));
      const s = t * t * (3 - 2 * t);
      const at = (k: 0 | 1 | 2): number => from[k] + (to[k] - from[k]) * s;
      this.set(at(0), at(1), Math.exp(at(2)));
      this.glide = t < 1 ? requestAnimationFrame(step) : 0;
    };
    this.glide = requestAnimationFrame(step);
  }

  private stop(): void {
    cancelAnimationFrame(this.glide);
    this.glide = 0;
  }

  private limited(scale: number): number {
    return Math.min(Math.max(scale, this.fitted * NEAREST), this.fitted * FURTHEST);
  }

  private set(x: number, y: number, scale: number): void {
    this.scale = this.limited(scale);
    this.x = Math.min(Math.max(x, 0), 1);
    this.y = Math.min(Math.max(y, 0), 1);
    this.changed();
  }
}
