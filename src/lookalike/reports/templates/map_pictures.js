// Thumbnails in place of points, where there is room: first come, first drawn, in the order of the data,
// which goes from coarse to fine. Whatever is drawn therefore stays when one zooms in, and others join it.
class Pictures {
  constructor(canvas, data, sheets) {
    this.canvas = canvas; this.context = canvas.getContext("2d"); this.data = data; this.sheets = sheets;
    this.placed = []; // {i, x, y, width, height}, in drawing order
  }

  // Long side on the screen, and how far apart thumbnails keep: the closer the view, the larger and denser.
  measure(view, density) {
    const small = Math.min(view.width, view.height) < 520 ? 30 : 38;
    const largest = Math.max(88, Math.min(128, this.data.tile * 1.25));
    const side = Math.min(largest, small * Math.pow(Math.max(1, view.zoom), 0.42));
    // A map of few pictures has room for them from the start; among many the points must stay visible.
    const apart = [0, 3.4, 2.1, 1.06][density] * Math.min(1, Math.pow(this.data.count / 20000, 0.2));
    return { side, gap: side * Math.max(1.06, apart / Math.pow(Math.max(1, view.zoom), 0.45)) };
  }

  choose(view, density, passes, chosen) {
    const { positions, sizes, count } = this.data;
    const { side, gap } = this.measure(view, density);
    const picked = [], columns = Math.ceil(view.width / gap) + 3;
    const cells = new Map();
    const near = (x, y) => {
      const column = Math.floor(x / gap) + 1, row = Math.floor(y / gap) + 1;
      for (let r = row - 1; r <= row + 1; r++) for (let c = column - 1; c <= column + 1; c++) {
        const other = cells.get(r * columns + c);
        if (other && Math.abs(other.x - x) < gap && Math.abs(other.y - y) < gap) return true;
      }
      return false;
    };
    const place = (i) => {
      const x = view.screenX(positions[2 * i]), y = view.screenY(positions[2 * i + 1]);
      if (x < -side || y < -side || x > view.width + side || y > view.height + side || near(x, y)) return;
      const spot = { i, x, y, side };
      cells.set((Math.floor(y / gap) + 1) * columns + Math.floor(x / gap) + 1, spot);
      picked.push(spot);
    };
    if (chosen >= 0 && sizes[2 * chosen]) place(chosen);
    if (density) for (let i = 0; i < count; i++) if (sizes[2 * i] && (!passes || passes[i])) place(i);
    return picked;
  }

  draw(view, density, passes, chosen, colourOf, ink) {
    const { context, canvas } = this, ratio = canvas.width / view.width;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, view.width, view.height);
    context.imageSmoothingQuality = "high";
    this.placed = [];
    for (const { i, x, y, side } of this.choose(view, density, passes, chosen)) {
      const tile = this.sheets.tile(i);
      if (!tile) continue;
      const scale = side / Math.max(tile.width, tile.height) * (i === chosen ? 1.25 : 1);
      const width = tile.width * scale, height = tile.height * scale, left = x - width / 2, top = y - height / 2;
      const edge = i === chosen ? 4 : Math.max(1.5, side / 30);
      context.fillStyle = i === chosen ? ink : colourOf(i);
      context.fillRect(left - edge, top - edge, width + 2 * edge, height + 2 * edge);
      context.drawImage(tile.image, tile.x, tile.y, tile.width, tile.height, left, top, width, height);
      this.placed.push({ i, left, top, width, height });
    }
    // The chosen picture was placed first, so that it is sure to be there; it must also lie on top.
    if (chosen >= 0) this.ring(view, chosen, ink);
  }

  ring(view, i, ink) {
    const { context, data } = this;
    const x = view.screenX(data.positions[2 * i]), y = view.screenY(data.positions[2 * i + 1]);
    if (this.placed.some((p) => p.i === i)) return;
    context.strokeStyle = ink;
    context.lineWidth = 3;
    context.beginPath();
    context.arc(x, y, 9, 0, 2 * Math.PI);
    context.stroke();
  }

  // The thumbnail at a place of the screen, or -1.
  at(x, y) {
    for (let n = this.placed.length - 1; n >= 0; n--) {
      const p = this.placed[n];
      if (x >= p.left && y >= p.top && x <= p.left + p.width && y <= p.top + p.height) return p.i;
    }
    return -1;
  }
}

// Points by cell of a fixed grid, to find the nearest one without looking at all.
class Finder {
  constructor(positions, grid = 160) {
    this.positions = positions; this.grid = grid;
    const count = positions.length / 2, cell = new Uint32Array(count);
    this.starts = new Uint32Array(grid * grid + 1);
    const index = (v) => Math.min(grid - 1, Math.max(0, Math.floor(v * grid)));
    for (let i = 0; i < count; i++) {
      cell[i] = index(positions[2 * i + 1]) * grid + index(positions[2 * i]);
      this.starts[cell[i] + 1]++;
    }
    for (let c = 0; c < grid * grid; c++) this.starts[c + 1] += this.starts[c];
    const next = this.starts.slice(0, -1);
    this.members = new Uint32Array(count);
    for (let i = 0; i < count; i++) this.members[next[cell[i]]++] = i;
    this.index = index;
  }

  nearest(x, y, reach, passes) {
    let best = -1, least = reach * reach;
    const [left, right, top, bottom] = [x - reach, x + reach, y - reach, y + reach].map(this.index);
    for (let row = top; row <= bottom; row++) for (let column = left; column <= right; column++) {
      const c = row * this.grid + column;
      for (let k = this.starts[c]; k < this.starts[c + 1]; k++) {
        const i = this.members[k], dx = this.positions[2 * i] - x, dy = this.positions[2 * i + 1] - y;
        if (dx * dx + dy * dy < least && (!passes || passes[i])) { least = dx * dx + dy * dy; best = i; }
      }
    }
    return best;
  }
}
