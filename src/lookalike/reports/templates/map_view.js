// Which part of the unit square is seen: its middle (x, y) and how many screen pixels one unit takes.
class View {
  constructor(changed) {
    this.changed = changed;
    this.x = 0.5; this.y = 0.5; this.scale = 1; this.fitted = 1;
    this.width = 1; this.height = 1;
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.moving = 0;
  }

  get zoom() { return this.scale / this.fitted; }
  screenX(x) { return (x - this.x) * this.scale + this.width / 2; }
  screenY(y) { return (y - this.y) * this.scale + this.height / 2; }
  worldX(x) { return (x - this.width / 2) / this.scale + this.x; }
  worldY(y) { return (y - this.height / 2) / this.scale + this.y; }

  resize(width, height, box) {
    const first = this.width === 1;
    const zoom = this.zoom;
    this.width = width; this.height = height;
    this.box = box;
    this.fitted = 0.9 * Math.min(width / Math.max(box.width, 1e-3), height / Math.max(box.height, 1e-3));
    this.scale = first ? this.fitted : this.fitted * zoom;
    if (first) { this.x = box.x; this.y = box.y; }
    this.changed();
  }

  set(x, y, scale) {
    this.scale = Math.min(Math.max(scale, this.fitted * 0.5), this.fitted * 400);
    this.x = Math.min(Math.max(x, 0), 1);
    this.y = Math.min(Math.max(y, 0), 1);
    this.changed();
  }

  pan(dx, dy) { this.stop(); this.set(this.x - dx / this.scale, this.y - dy / this.scale, this.scale); }

  // The point under (px, py) stays where it is.
  zoomAt(px, py, factor) {
    this.stop();
    const x = this.worldX(px), y = this.worldY(py);
    const scale = Math.min(Math.max(this.scale * factor, this.fitted * 0.5), this.fitted * 400);
    this.set(x - (px - this.width / 2) / scale, y - (py - this.height / 2) / scale, scale);
  }

  fit() { this.glide(this.box.x, this.box.y, this.fitted); }

  stop() { cancelAnimationFrame(this.moving); this.moving = 0; }

  // Move there in a quarter of a second, or at once where less motion is wanted.
  glide(x, y, scale) {
    this.stop();
    if (this.still.matches) { this.set(x, y, scale); return; }
    const from = [this.x, this.y, Math.log(this.scale)], to = [x, y, Math.log(scale)];
    const began = performance.now();
    const step = (now) => {
      const t = Math.min(1, Math.max(0, (now - began) / 250));
      const s = t * t * (3 - 2 * t);
      const [a, b, c] = from.map((v, k) => v + (to[k] - v) * s);
      this.set(a, b, Math.exp(c));
      this.moving = t < 1 ? requestAnimationFrame(step) : 0;
    };
    this.moving = requestAnimationFrame(step);
  }

  // Bring a point into sight, with some room around it.
  reveal(x, y) {
    const px = this.screenX(x), py = this.screenY(y), edge = Math.min(80, this.width / 4, this.height / 4);
    if (px < edge || py < edge || px > this.width - edge || py > this.height - edge) this.glide(x, y, this.scale);
  }
}
