/** Points sorted into the cells of a grid: the nearest one, those in a box, those inside a line. */

export class Grid {
  private readonly side: number;
  /** Points of cell c: order[starts[c]] .. order[starts[c + 1] - 1]. */
  private readonly starts: Uint32Array;
  private readonly order: Uint32Array;

  /** `xy` holds x and y of each point in turn, in [0, 1]. */
  constructor(private readonly xy: Float32Array) {
    const count = xy.length / 2;
    this.side = Math.min(1024, Math.max(1, Math.round(Math.sqrt(count / 3))));
    this.starts = new Uint32Array(this.side * this.side + 1);
    this.order = new Uint32Array(count);
    const cells = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      const cell = this.cell(this.y(i)) * this.side + this.cell(this.x(i));
      cells[i] = cell;
      this.starts[cell + 1]!++;
    }
    for (let c = 0; c < this.side * this.side; c++) this.starts[c + 1]! += this.starts[c]!;
    const next = this.starts.slice();
    for (let i = 0; i < count; i++) this.order[next[cells[i]!]!++] = i;
  }

  x(i: number): number {
    return this.xy[2 * i]!;
  }

  y(i: number): number {
    return this.xy[2 * i + 1]!;
  }

  /** The point nearest to (x, y) within `reach`, or -1. */
  nearest(x: number, y: number, reach: number): number {
    let best = -1;
    let least = reach * reach;
    this.each(x - reach, y - reach, x + reach, y + reach, (i) => {
      const d = (this.x(i) - x) ** 2 + (this.y(i) - y) ** 2;
      if (d < least || (d === least && best < 0)) {
        least = d;
        best = i;
      }
    });
    return best;
  }

  /** Call `visit` for each point of the box; it may return false to end the walk. */
  each(left: number, top: number, right: number, bottom: number, visit: (i: number) => boolean | void): void {
    const [firstColumn, lastColumn] = [this.cell(left), this.cell(right)];
    const [firstRow, lastRow] = [this.cell(top), this.cell(bottom)];
    for (let row = firstRow; row <= lastRow; row++) {
      const from = this.starts[row * this.side + firstColumn]!;
      const to = this.starts[row * this.side + lastColumn + 1]!;
      for (let k = from; k < to; k++) {
        const i = this.order[k]!;
        const x = this.x(i);
        const y = this.y(i);
        if (x < left || x > right || y < top || y > bottom) continue;
        if (visit(i) === false) return;
      }
    }
  }

  /** How many points the box holds, counted up to `enough`. */
  count(left: number, top: number, right: number, bottom: number, enough = Infinity): number {
    let found = 0;
    this.each(left, top, right, bottom, () => ++found < enough);
    return found;
  }

  /** The points inside a polygon (even-odd rule), ascending; `path` holds x and y of each corner in turn. */
  inside(path: Float32Array): Uint32Array {
    const found = new Uint32Array(this.order.length);
    let count = 0;
    const { rows, columns } = this.reach(path);
    const crossed = this.crossed(path);
    for (let row = rows[0]; row <= rows[1]; row++) {
      for (let column = columns[0]; column <= columns[1]; column++) {
        const cell = row * this.side + column;
        const from = this.starts[cell]!;
        const to = this.starts[cell + 1]!;
        if (from === to) continue;
        // A cell that no edge comes near lies inside as a whole, or outside.
        const isWhole = !crossed[cell];
        if (isWhole && !contains(path, (column + 0.5) / this.side, (row + 0.5) / this.side)) continue;
        for (let k = from; k < to; k++) {
          const i = this.order[k]!;
          if (isWhole || contains(path, this.x(i), this.y(i))) found[count++] = i;
        }
      }
    }
    return found.slice(0, count).sort();
  }

  /** The first and the last row and column that a path touches. */
  private reach(path: Float32Array): { rows: [number, number]; columns: [number, number] } {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let k = 0; k < path.length; k += 2) {
      left = Math.min(left, path[k]!);
      right = Math.max(right, path[k]!);
      top = Math.min(top, path[k + 1]!);
      bottom = Math.max(bottom, path[k + 1]!);
    }
    return { rows: [this.cell(top), this.cell(bottom)], columns: [this.cell(left), this.cell(right)] };
  }

  /** 1 for each cell within the box around an edge. */
  private crossed(path: Float32Array): Uint8Array {
    const { side } = this;
    const found = new Uint8Array(side * side);
    for (let k = 0, before = path.length - 2; k < path.length; before = k, k += 2) {
      const [ax, bx] = [this.cell(path[before]!), this.cell(path[k]!)];
      const [ay, by] = [this.cell(path[before + 1]!), this.cell(path[k + 1]!)];
      for (let row = Math.min(ay, by); row <= Math.max(ay, by); row++) {
        found.fill(1, row * side + Math.min(ax, bx), row * side + Math.max(ax, bx) + 1);
      }
    }
    return found;
  }

  private cell(value: number): number {
    return Math.min(this.side - 1, Math.max(0, Math.floor(value * this.side)));
  }
}

function contains(path: Float32Array, x: number, y: number): boolean {
  let inside = false;
  for (let a = 0, b = path.length - 2; a < path.length; b = a, a += 2) {
    const ay = path[a + 1]!;
    const by = path[b + 1]!;
    if (ay > y !== by > y && x < ((path[b]! - path[a]!) * (y - ay)) / (by - ay) + path[a]!) inside = !inside;
  }
  return inside;
}
