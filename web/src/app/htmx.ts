/** htmx: every request carries the header that proves it comes from our own page; failures are told in words. */

import htmx from "htmx.org";
import { notice } from "./notice";

document.addEventListener("htmx:configRequest", (event) => {
  (event as CustomEvent<{ headers: Record<string, string> }>).detail.headers["X-Lookalike"] = "1";
});

document.addEventListener("htmx:responseError", (event) => {
  const request = (event as CustomEvent<{ xhr: XMLHttpRequest }>).detail.xhr;
  notice(errorOf(request.responseText) ?? `${request.status}`);
});

document.addEventListener("htmx:sendError", () => notice(document.body.dataset.network ?? "offline"));

function errorOf(text: string): string | null {
  try {
    return (JSON.parse(text) as { error?: string }).error ?? null;
  } catch {
    return null;
  }
}

export { htmx };
