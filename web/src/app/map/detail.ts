/**
 * How many points a frame draws. They lie in a random order, so a prefix is a fair picture of all: while the map moves
 * each frame draws a prefix that fits into the time, and once it is still the next frames add the rest.
 */

/** Milliseconds between frames: above the first fewer points are drawn, below the second more. */
const SLOW = 30;
const QUICK = 21;
const LEAST = 4_000;
const FIRST = 20_000;

export class Detail {
  /** The run of points that this frame draws. */
  from = 0;
  to = 0;
  private budget: number;
  private last = 0;

  /** `everything`: each frame draws all points, whatever it takes. */
  constructor(
    private readonly count: number,
    private readonly everything: boolean,
  ) {
    this.budget = everything ? count : Math.min(count, FIRST);
  }

  /** Not all points fit into a frame here. */
  get scarce(): boolean {
    return this.budget < this.count;
  }

  get complete(): boolean {
    return this.to >= this.count;
  }

  /** The view has changed: begin with the first points; `now` teaches how many a frame can bear. */
  restart(now: number): void {
    if (this.last && !this.everything) this.learn(now - this.last);
    this.last = now;
    this.from = 0;
    this.to = Math.min(this.count, this.budget);
  }

  /** The view is as it was: the points that come next. */
  proceed(): void {
    this.last = 0;
    this.from = this.to;
    this.to = Math.min(this.count, this.from + this.budget);
  }

  /** No frame follows: the time until the next one says nothing. */
  rest(): void {
    this.last = 0;
  }

  private learn(milliseconds: number): void {
    if (milliseconds > SLOW) this.budget = Math.max(Math.min(LEAST, this.count), Math.floor(this.budget * 0.75));
    else if (milliseconds < QUICK) this.budget = Math.min(this.count, Math.ceil(this.budget * 1.12));
  }
}
