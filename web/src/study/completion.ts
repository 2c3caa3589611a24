/** The end: a code to copy, a way back to the panel, or Mechanical Turk's form. All answers are with the server by now. */

import { h } from "./dom";
import { t } from "./language";
import type { Completion } from "./protocol";

const MTURK_HOSTS = ["www.mturk.com", "workersandbox.mturk.com"];

/** `address` if it is https and, where `hosts` are given, on one of them; else null. */
export function safeAddress(address: string | null | undefined, hosts?: string[]): string | null {
  try {
    const url = new URL(address ?? "");
    if (url.protocol !== "https:" || (hosts && !hosts.includes(url.hostname))) return null;
    return url.href;
  } catch {
    return null;
  }
}

function codeBox(code: string): HTMLElement {
  const output = h("output", { class: "code", id: "completion-code", text: code });
  const copy = h("button", { type: "button", class: "button", text: t("copy") });
  copy.addEventListener("click", () => {
    const select = (): void => getSelection()?.selectAllChildren(output);
    if (!navigator.clipboard) return select();
    navigator.clipboard.writeText(code).then(() => (copy.textContent = t("copied")), select);
  });
  return h("div", { class: "code-box" }, h("label", { for: "completion-code", text: t("code") }), output, copy);
}

function turkForm(form: NonNullable<Completion["form"]>): HTMLElement | null {
  const action = safeAddress(form.action, MTURK_HOSTS);
  if (action === null) return null;
  const element = h("form", { method: "post", action });
  for (const [name, value] of Object.entries(form.fields)) element.append(h("input", { type: "hidden", name, value }));
  element.append(h("button", { type: "submit", class: "button primary", text: t("finish_mturk") }));
  return element;
}

export interface EndActions {
  /** Runs just before the person goes back to the panel. */
  onLeave: () => void;
  /** Begins anew for another person on the same device; null where people come from a panel, one by one. */
  onSomeoneElse: (() => void) | null;
}

/** What stands under the debriefing. */
export function completionBox(completion: Completion, { onLeave, onSomeoneElse }: EndActions): HTMLElement {
  const box = h("div", { class: "completion" }, h("p", { class: "saved", text: t("saved_all") }));
  if (completion.code) box.append(codeBox(completion.code));
  if (completion.kind === "redirect") {
    const address = safeAddress(completion.url);
    if (address) {
      const button = h("button", { type: "button", class: "button primary", text: t("finish_redirect") });
      button.addEventListener("click", () => {
        onLeave();
        location.assign(address);
      });
      box.append(button);
      return box;
    }
  }
  const form = completion.kind === "mturk" && completion.form ? turkForm(completion.form) : null;
  if (form) {
    form.addEventListener("submit", onLeave);
    box.append(form);
  } else box.append(h("p", { text: t("close_page") }));
  if (onSomeoneElse) {
    const other = h("button", { type: "button", class: "link-button", text: t("someone_else") });
    other.addEventListener("click", onSomeoneElse);
    box.append(other);
  }
  return box;
}
