/** Screens of text as steps of the timeline, with jsPsych's own plugins. */

import HtmlButtonResponse from "@jspsych/plugin-html-button-response";
import Instructions from "@jspsych/plugin-instructions";
import { h, escapeHtml } from "./dom";
import { t } from "./language";

/** Put the focus where reading begins, and bring the page back to its top. */
export function focusStart(): void {
  const start = document.querySelector<HTMLElement>("#content h1, #content h2, #content p");
  if (start) {
    start.tabIndex = -1;
    start.focus({ preventScroll: true });
  }
  scrollTo(0, 0);
}

/** A text written by the researcher; a heading of ours where it has none of its own. */
function withTitle(html: string, title: string): string {
  return /<h1[\s>]/i.test(html) ? html : `<h1>${escapeHtml(title)}</h1>${html}`;
}

export interface ButtonScreen {
  html: string;
  title: string;
  /** Texts of the buttons; the first is the main one. */
  buttons: string[];
  onChoice?: (choice: number) => void;
}

export function buttonScreen({ html, title, buttons, onChoice }: ButtonScreen): Record<string, unknown> {
  return {
    type: HtmlButtonResponse,
    stimulus: () => `<div class="screen text">${withTitle(html, title)}</div>`,
    choices: buttons,
    button_html: (text: string, number: number) =>
      `<button type="button" class="button ${number === 0 ? "primary" : ""}">${escapeHtml(text)}</button>`,
    on_load: focusStart,
    on_finish: (data: { response: number }) => onChoice?.(data.response),
  };
}

/** Instructions in pages: a horizontal rule in the text begins a new one. */
export function instructionPages(html: string, lastButton: string): Record<string, unknown> {
  const pages = html.split(/<hr\s*\/?>/i).map((page, number) => {
    const whole = number === 0 ? withTitle(page, t("instructions_title")) : page;
    return `<div class="screen text">${whole}</div>`;
  });
  const finishLabel = (page: number): void => {
    // The plugin has one label for "next"; on the last page it leads into the study.
    const next = document.querySelector<HTMLElement>("#jspsych-instructions-next");
    if (next && page === pages.length - 1) next.textContent = lastButton;
    next?.classList.add("button", "primary");
    document.querySelector("#jspsych-instructions-back")?.classList.add("button");
    focusStart();
  };
  return {
    type: Instructions,
    pages,
    show_clickable_nav: true,
    show_page_number: pages.length > 1,
    allow_backward: pages.length > 1,
    page_label: "",
    button_label_next: t("next"),
    button_label_previous: t("back"),
    on_load: () => finishLabel(0),
    on_page_change: (page: number) => page < pages.length && finishLabel(page),
  };
}

/** A screen outside the timeline: the end, an error, another tab. Returns its button, if it has one. */
export function finalScreen(
  root: HTMLElement,
  title: string,
  text: string,
  button?: { text: string; action: () => void },
): void {
  const heading = h("h1", { text: title, tabindex: "-1" });
  const action = button
    ? h("button", { type: "button", class: "button primary", text: button.text, on: { click: button.action } })
    : null;
  root.replaceChildren(h("div", { class: "screen text" }, heading, h("p", { text }), action));
  heading.focus();
}
