/** Requests to the study's server. Every failure is a `RequestError` that says whether trying again can help. */

import type { Ack, Answer, Candidate, Completion, Info, Plan, Trial } from "./protocol";

const TIMEOUT_MS = 20_000;

export class RequestError extends Error {
  constructor(
    message: string,
    /** HTTP status; 0 when no answer came at all. */
    readonly status: number,
    /** Milliseconds that the server asked to wait, if it did. */
    readonly waitMs: number = 0,
  ) {
    super(message);
    this.name = "RequestError";
  }

  /** A broken line, a busy server or one that is being restarted: the same request may succeed later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** Folder of the study, `/s/NAME/`, whatever stands before it behind a proxy. */
export function studyRoot(pathname: string = location.pathname): string {
  const found = /^(.*\/s\/[^/]+)(\/|$)/.exec(pathname);
  return found ? `${found[1]}/` : pathname.replace(/[^/]*$/, "");
}

async function request<T>(path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) };
  if (body !== undefined) {
    init.method = "POST";
    init.headers = { "Content-Type": "application/json", "X-Lookalike": "1" };
    init.body = JSON.stringify(body);
  }
  let response: globalThis.Response;
  let parsed: unknown;
  try {
    response = await fetch(studyRoot() + path, init);
    parsed = await response.json();
  } catch (error) {
    // Not even a complete JSON body came: a broken line, or a proxy's own error page.
    throw new RequestError(String(error), 0);
  }
  if (!response.ok) {
    const said = (parsed as { error?: unknown } | null)?.error;
    const wait = Number(response.headers.get("Retry-After") ?? 0) * 1000;
    throw new RequestError(typeof said === "string" ? said : `HTTP ${response.status}`, response.status, wait || 0);
  }
  return parsed as T;
}

export interface SessionRequest {
  panel: Record<string, string>;
  language: string;
  device: string;
  consent: boolean;
  viewport: { width: number; height: number };
  /** After a finished visit on this device: someone else begins. */
  restart: boolean;
}

export const api = {
  info: () => request<Info>(`api/info${location.search}`),
  session: (wanted: SessionRequest) => request<Plan>("api/session", wanted),
  trials: (from: number, count: number) =>
    request<{ trials: Trial[] }>(`api/trials?from=${from}&count=${count}`).then((reply) => reply.trials),
  answer: (answer: Answer) => request<Ack>("api/answers", answer),
  gallery: (trial: number, query: string) =>
    request<{ images: Candidate[] }>(`api/gallery?trial=${trial}&q=${encodeURIComponent(query)}`).then(
      (reply) => reply.images,
    ),
  questions: (answers: Record<string, string | number>) => request<unknown>("api/questions", { answers }),
  finish: () => request<{ completion: Completion }>("api/finish", {}).then((reply) => reply.completion),
  withdraw: () => request<unknown>("api/withdraw", {}),
};

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waiting time before try number `failures + 1`: doubles from half a second to 15 s, with a random part. */
export function backOff(failures: number): number {
  const longest = Math.min(15_000, 500 * 2 ** Math.min(failures, 10));
  return longest / 2 + Math.random() * (longest / 2);
}

/** Repeat `work` until it succeeds; only errors that cannot pass end it. `onTrouble` hears of every failure. */
export async function insist<T>(work: () => Promise<T>, onTrouble: (failures: number) => void): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      const result = await work();
      onTrouble(0);
      return result;
    } catch (error) {
      if (!(error instanceof RequestError) || !error.passing) throw error;
      onTrouble(failures + 1);
      await Promise.race([pause(Math.max(error.waitMs, backOff(failures))), untilOnline()]);
    }
  }
}

/** Resolves when the browser reports a connection again; never, while it believes it has one. */
function untilOnline(): Promise<void> {
  return new Promise((resolve) => {
    if (!navigator.onLine) addEventListener("online", () => resolve(), { once: true });
  });
}
