/**
 * Answers on their way to the server. One is kept in localStorage from the moment it is given until the server has
 * acknowledged it; they go out one by one, in order, and are tried again for as long as it takes. A repeat carries
 * the same nonce, so that the server can tell it from a second answer.
 */

import { api, insist, RequestError } from "./api";
import type { Ack, Answer } from "./protocol";
import { forget, load, save } from "./storage";

/** The server will not take an answer, and sending it again would not help. */
export class Refused extends Error {
  constructor(
    readonly answer: Answer,
    readonly cause: RequestError,
  ) {
    super(cause.message);
    this.name = "Refused";
  }
}

export interface Trouble {
  failures: number;
  waiting: number;
}

type Settle = { resolve: (ack: Ack) => void; reject: (error: Error) => void };

export class Outbox {
  private readonly key: string;
  private waiting: Answer[];
  private readonly settle = new Map<string, Settle>();
  private running: Promise<void> | null = null;
  private closed = false;

  constructor(
    session: string,
    private readonly onChange: (trouble: Trouble) => void,
  ) {
    this.key = `lookalike:outbox:${session}`;
    this.waiting = load<Answer[]>(this.key) ?? [];
  }

  get size(): number {
    return this.waiting.length;
  }

  /** Index of the first trial that has no answer here, given the server's next one. */
  nextAfter(serverNext: number): number {
    return this.waiting.reduce((next, answer) => Math.max(next, answer.index + 1), serverNext);
  }

  /** Keep `answer` and send it in its turn. The promise settles once the server has spoken about it. */
  put(answer: Answer): Promise<Ack> {
    if (this.closed) return new Promise(() => undefined); // this tab has no say any more
    this.waiting.push(answer);
    this.keep();
    const acknowledged = new Promise<Ack>((resolve, reject) => this.settle.set(answer.nonce, { resolve, reject }));
    void this.flush().catch(() => undefined); // whoever waits for this answer hears of a refusal
    return acknowledged;
  }

  /** Send all that waits. Rejects with `Refused` when the server will not have one of them. */
  flush(): Promise<void> {
    this.running ??= this.send().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  /** Stop sending: another tab has taken over, and will send what is kept. */
  close(): void {
    this.closed = true;
  }

  discard(): void {
    this.waiting = [];
    forget(this.key);
  }

  private async send(): Promise<void> {
    while (this.waiting.length > 0 && !this.closed) {
      const answer = this.waiting[0] as Answer;
      let ack: Ack;
      try {
        ack = await insist(() => this.attempt(answer), (failures) => this.report(failures));
      } catch (error) {
        if (!(error instanceof RequestError) || this.closed) throw error;
        this.drop(answer);
        const refused = new Refused(answer, error);
        this.settle.get(answer.nonce)?.reject(refused);
        this.settle.delete(answer.nonce);
        throw refused;
      }
      this.drop(answer);
      this.settle.get(answer.nonce)?.resolve(ack);
      this.settle.delete(answer.nonce);
    }
  }

  private attempt(answer: Answer): Promise<Ack> {
    if (this.closed) return Promise.reject(new Error("this tab no longer sends"));
    return api.answer(answer);
  }

  private drop(answer: Answer): void {
    this.waiting = this.waiting.filter((other) => other.nonce !== answer.nonce);
    this.keep();
  }

  private keep(): void {
    if (this.closed) return; // what is stored belongs to the other tab now
    if (this.waiting.length > 0) save(this.key, this.waiting);
    else forget(this.key);
    this.report(0);
  }

  private report(failures: number): void {
    this.onChange({ failures, waiting: this.waiting.length });
  }
}

/** 128 random bits; `randomUUID` exists in secure contexts only, and a laboratory's own network may have none. */
export function makeNonce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
