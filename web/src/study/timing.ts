/** What disturbed a trial: time the page was hidden, lost focus, frames the screen did not get. */

const SAMPLES = 24;

/** Resolves in the next frame with its time. */
export const nextFrame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve));

/** Milliseconds from one frame to the next: the median of a few; 60 Hz where frames do not come. */
export async function measureFrame(): Promise<number> {
  if (document.hidden) return 1000 / 60;
  const gaps: number[] = [];
  let before = await nextFrame();
  for (let i = 0; i < SAMPLES; i += 1) {
    const now = await nextFrame();
    gaps.push(now - before);
    before = now;
  }
  gaps.sort((a, b) => a - b);
  const median = gaps[SAMPLES / 2] ?? 0;
  return median > 1 ? median : 1000 / 60;
}

/** Time of an input: the browser's own stamp when it is on the clock of performance.now(). */
export function timeOf(event: Event): number {
  const now = performance.now();
  return event.timeStamp > 0 && event.timeStamp <= now && now - event.timeStamp < 2_000 ? event.timeStamp : now;
}

export interface Disturbances {
  hidden_ms: number;
  blurs: number;
  frames_dropped: number;
}

/** Watches one trial from `start` to `stop`. */
export class Watch {
  private hiddenMs = 0;
  private hiddenSince: number | null = null;
  private blurs = 0;
  private dropped = 0;
  private lastFrame: number | null = null;
  private readonly over = new AbortController();

  constructor(private readonly frameMs: number) {}

  start(): void {
    const { signal } = this.over;
    if (document.hidden) this.hiddenSince = performance.now();
    document.addEventListener("visibilitychange", () => this.visibility(), { signal });
    addEventListener("blur", () => (this.blurs += 1), { signal });
    requestAnimationFrame((time) => this.frame(time));
  }

  stop(): Disturbances {
    this.over.abort();
    if (this.hiddenSince !== null) this.hiddenMs += performance.now() - this.hiddenSince;
    return { hidden_ms: Math.round(this.hiddenMs), blurs: this.blurs, frames_dropped: this.dropped };
  }

  private visibility(): void {
    this.lastFrame = null; // no frames come while hidden: that is not dropping them
    if (document.hidden) this.hiddenSince ??= performance.now();
    else if (this.hiddenSince !== null) {
      this.hiddenMs += performance.now() - this.hiddenSince;
      this.hiddenSince = null;
    }
  }

  private frame(time: number): void {
    if (this.over.signal.aborted) return;
    if (this.lastFrame !== null) {
      const missed = Math.round((time - this.lastFrame) / this.frameMs) - 1;
      if (missed > 0) this.dropped += missed;
    }
    this.lastFrame = time;
    requestAnimationFrame((next) => this.frame(next));
  }
}
