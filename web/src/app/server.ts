/** Requests to our own server: JSON in and out, the CSRF header, errors as one line. */

export class ServerError extends Error {
  constructor(
    readonly status: number,
    text: string,
  ) {
    super(text);
  }
}

export async function ask<T>(url: string, options: RequestInit = {}): Promise<T> {
  const headers = new Headers(options.headers);
  headers.set("X-Lookalike", "1");
  const response = await fetch(url, { ...options, headers });
  const document = (await response.json().catch(() => ({}))) as T & { error?: string };
  if (!response.ok) throw new ServerError(response.status, document.error ?? `${response.status}`);
  return document;
}

export function post<T>(url: string, body: unknown): Promise<T> {
  return ask<T>(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}
