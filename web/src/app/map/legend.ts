/** The legend: a button for each value, which brings out its points; a bar for numbers. */

import { type Colouring, NONE, categoryColour, css, rampColour } from "./colours";
import { el } from "./dom";
import { type Say, numberText } from "./texts";

const SHOWN = 14;

export class Legend {
  /** The code that is brought out, or -1. */
  chosen = -1;
  private expanded = false;
  private colouring: Colouring | null = null;

  constructor(
    private readonly root: HTMLElement,
    private readonly say: Say,
    private readonly changed: () => void,
  ) {}

  show(colouring: Colouring): void {
    this.colouring = colouring;
    this.chosen = -1;
    this.expanded = false;
    this.draw();
  }

  /** In words, for the summary. */
  words(): string {
    const scale = this.colouring?.scale;
    if (!scale) return "";
    if (scale.kind === "category") {
      const top = scale.names.slice(0, 5).map((name, n) => `${name} (${numberText(scale.counts[n] ?? 0)})`);
      return top.join(", ");
    }
    return `${this.valueText(scale.low)} – ${this.valueText(scale.high)}`;
  }

  private draw(): void {
    const { root, colouring } = this;
    root.replaceChildren();
    root.hidden = !colouring?.scale;
    if (!colouring?.scale) return;
    root.append(el("h2", { text: colouring.scale.by === "cluster" ? this.say("cluster") : colouring.scale.by }));
    if (colouring.codes) this.drawCategories(colouring.scale.names.length);
    else this.drawBar();
    if (colouring.scale.missing) {
      root.append(el("p", { class: "faint", text: this.say("no_value", { count: colouring.scale.missing }) }));
    }
  }

  private drawCategories(count: number): void {
    const scale = this.colouring!.scale!;
    const list = el("ul", {});
    const shown = this.expanded ? count : Math.min(count, SHOWN);
    for (let code = 0; code < shown; code++) list.append(el("li", {}, this.entry(code)));
    this.root.append(list);
    if (scale.missing && scale.by === "cluster") list.append(el("li", {}, this.entry(NONE)));
    if (shown < count) {
      const more = el("button", { type: "button", class: "plain", text: this.say("more_values", { count: count - shown }) });
      more.addEventListener("click", () => {
        this.expanded = true;
        this.draw();
        this.root.querySelectorAll("button")[shown]?.focus();
      });
      this.root.append(more);
    }
  }

  private entry(code: number): HTMLElement {
    const scale = this.colouring!.scale!;
    const isNone = code === NONE;
    const swatch = el("span", { class: "swatch", "aria-hidden": "true" });
    swatch.style.background = css(categoryColour(scale, code));
    const button = el(
      "button",
      { type: "button", "aria-pressed": String(this.chosen === code) },
      swatch,
      el("span", { class: "value", text: isNone ? this.say("unclustered") : scale.names[code] }),
      el("span", { class: "count", text: numberText(isNone ? scale.missing : (scale.counts[code] ?? 0)) }),
    );
    button.addEventListener("click", () => {
      this.chosen = this.chosen === code ? -1 : code;
      for (const other of this.root.querySelectorAll("[aria-pressed]")) other.setAttribute("aria-pressed", "false");
      button.setAttribute("aria-pressed", String(this.chosen === code));
      this.changed();
    });
    return button;
  }

  private drawBar(): void {
    const scale = this.colouring!.scale!;
    const bar = el("div", { class: "ramp", "aria-hidden": "true" });
    const stops = [0, 0.25, 0.5, 0.75, 1].map((share) => css(rampColour(share)));
    bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
    const ends = el(
      "p",
      { class: "ends" },
      el("span", { text: this.valueText(scale.low) }),
      el("span", { text: this.valueText(scale.high) }),
    );
    this.root.append(bar, ends);
  }

  private valueText(value: number): string {
    const kind = this.colouring!.scale!.kind;
    return kind === "date" ? new Date(value * 1000).toISOString().slice(0, 10) : numberText(value);
  }
}
