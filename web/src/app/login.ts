/** The token's form: sent as JSON, so that the server's guard sees the header of our own page. */

import { post } from "./server";

export function start(root: HTMLElement): void {
  const form = root as HTMLFormElement;
  const error = form.querySelector<HTMLElement>(".error");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const token = String(new FormData(form).get("token") ?? "").trim();
    post("/login", { token })
      .then(() => window.location.assign(form.dataset.next ?? "/"))
      .catch((reason: Error) => {
        if (!error) return;
        error.textContent = reason.message;
        error.hidden = false;
      });
  });
}
