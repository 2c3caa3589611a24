/** Points sorted into the cells of a grid: the nearest one, those in a box, those in a polygon. */

export type Polygon = ReadonlyArray<readonly [number, number]>;

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
        const [x, y] = [this.x(i), this.y(i)];
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

  /** The points inside a polygon (even-odd rule), ascending. */
  inside(polygon: Polygon): number[] {
    const xs = polygon.map(([x]) => x);
    const ys = polygon.map(([, y]) => y);
    const found: number[] = [];
    this.each(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys), (i) => {
      if (contains(polygon, this.x(i), this.y(i))) found.push(i);
    });
    return found.sort((a, b) => a - b);
  }

  private cell(value: number): number {
    return Math.min(this.side - 1, Math.max(0, Math.floor(value * this.side)));
  }
}

function contains(polygon: Polygon, x: number, y: number): boolean {
  let inside = false;
  for (let a = 0, b = polygon.length - 1; a < polygon.length; b = a++) {
    const [ax, ay] = polygon[a]!;
    const [bx, by] = polygon[b]!;
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}
