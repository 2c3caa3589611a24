/** One answer from buttons, digits, arrows or letters, and only one. */

import { timeOf } from "../timing";

export interface Answerable {
  button: HTMLElement;
  /** Keys (as in KeyboardEvent.key, lower case) that choose it. */
  keys: string[];
}

/** Whether a key press is meant for something else: a field, a dialog, the browser. */
export function notForUs(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) {
    return true;
  }
  if (document.querySelector("dialog[open]")) return true;
  return event.target instanceof Element && event.target.closest("input, textarea, select") !== null;
}

/** Arrow keys walk over the buttons: left and right by one, up and down by a row as they are laid out. */
function walk(buttons: HTMLElement[], key: string): void {
  const from = buttons.indexOf(document.activeElement as HTMLElement);
  if (from < 0) {
    buttons[0]?.focus();
    return;
  }
  const here = (buttons[from] as HTMLElement).getBoundingClientRect();
  if (key === "ArrowLeft" || key === "ArrowRight") {
    const rightToLeft = document.documentElement.dir === "rtl";
    const step = (key === "ArrowRight") !== rightToLeft ? 1 : -1;
    buttons[(from + step + buttons.length) % buttons.length]?.focus();
    return;
  }
  const down = key === "ArrowDown";
  const candidates = buttons
    .map((button) => ({ button, box: button.getBoundingClientRect() }))
    .filter(({ box }) => (down ? box.top >= here.bottom - 1 : box.bottom <= here.top + 1))
    .map(({ button, box }) => ({ button, far: Math.abs(box.top - here.top) * 10 + Math.abs(box.left - here.left) }));
  candidates.sort((a, b) => a.far - b.far);
  candidates[0]?.button.focus();
}

/**
 * Wait for an answer. `opensAt` (on the clock of performance.now) is when answers begin to count; earlier ones are
 * dropped. Resolves with the number chosen and the time of the input.
 */
export function firstAnswer(choices: Answerable[], opensAt: number): Promise<{ chosen: number; at: number }> {
  const buttons = choices.map((choice) => choice.button);
  const over = new AbortController();
  const { signal } = over;
  return new Promise((resolve) => {
    const give = (chosen: number, event: Event): void => {
      const at = timeOf(event);
      if (signal.aborted || at < opensAt) return;
      over.abort();
      resolve({ chosen, at });
    };
    choices.forEach(({ button }, number) => {
      button.addEventListener("click", (event) => give(number, event), { signal });
    });
    const onKey = (event: KeyboardEvent): void => {
      if (!buttons[0]?.isConnected) over.abort(); // the study went on elsewhere
      if (signal.aborted || notForUs(event)) return;
      const number = choices.findIndex(({ keys }) => keys.includes(event.key.toLowerCase()));
      if (number >= 0) {
        event.preventDefault();
        give(number, event);
      } else if (event.key.startsWith("Arrow")) {
        event.preventDefault();
        walk(buttons, event.key);
      }
    };
    document.addEventListener("keydown", onKey, { signal });
  });
}
