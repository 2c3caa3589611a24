/** The picture under the pointer, or the one that was chosen: a card beside its point. */

import { el } from "./dom";
import type { Rows } from "./rows";
import type { Say } from "./texts";

export class Card {
  private shown = -1;
  private pinned = false;
  private timer = 0;

  constructor(
    private readonly root: HTMLElement,
    private readonly live: HTMLElement,
    private readonly base: string,
    private readonly ids: ArrayLike<number>,
    private readonly rows: Rows,
    private readonly say: Say,
  ) {
    root.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
  }

  get isPinned(): boolean {
    return this.pinned;
  }

  /** The point whose image is shown, or -1. */
  get point(): number {
    return this.shown;
  }

  /** Show the image of a point; pinned, the card stays and can be used. `aloud`: a screen reader hears its name. */
  show(point: number, options: { pinned?: boolean; aloud?: boolean } = {}): void {
    const pinned = options.pinned ?? false;
    if (this.shown === point && this.pinned === pinned) return;
    if (this.pinned && !pinned) return;
    this.shown = point;
    this.pinned = pinned;
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.fill(point, options.aloud ?? false), pinned ? 0 : 60);
  }

  /** Put the card beside a point, inside the map. */
  place(x: number, y: number, width: number, height: number): void {
    const { offsetWidth: w, offsetHeight: h } = this.root;
    const left = x + 18 + w < width ? x + 18 : x - 18 - w;
    this.root.style.left = `${Math.max(8, Math.min(width - w - 8, left))}px`;
    this.root.style.top = `${Math.max(8, Math.min(height - h - 8, y - h / 2))}px`;
  }

  hide(): void {
    window.clearTimeout(this.timer);
    this.shown = -1;
    this.pinned = false;
    this.root.hidden = true;
  }

  /** Hidden by somebody who used it. */
  private close(): void {
    this.hide();
    this.root.dispatchEvent(new CustomEvent("closed"));
  }

  private async fill(point: number, aloud: boolean): Promise<void> {
    const id = this.ids[point]!;
    const [row] = await this.rows.get([id]).catch(() => []);
    if (!row || this.shown !== point) return;
    const ratio = Math.min(1, 160 / Math.max(row.width, row.height));
    const picture = el("img", {
      src: `${this.base}/image/${id}?size=thumb`,
      alt: "",
      width: String(Math.round(row.width * ratio)),
      height: String(Math.round(row.height * ratio)),
    });
    const facts = [row.label, `${row.width} × ${row.height}`].filter(Boolean).join(" · ");
    this.root.replaceChildren(
      picture,
      el("p", { class: "name", text: row.name }),
      el("p", { class: "faint", text: facts }),
    );
    if (this.pinned) this.root.append(this.actions(id));
    this.root.classList.toggle("pinned", this.pinned);
    this.root.hidden = false;
    this.root.dispatchEvent(new CustomEvent("filled"));
    if (aloud) this.live.textContent = [row.name, row.label].filter(Boolean).join(", ");
  }

  private actions(id: number): HTMLElement {
    const close = el("button", { type: "button", "aria-label": this.say("close"), class: "plain", text: "×" });
    close.addEventListener("click", () => this.close());
    return el(
      "p",
      { class: "actions" },
      el("a", { href: `${this.base}?like=${id}`, text: this.say("search_like") }),
      el("a", { href: `${this.base}/item/${id}`, text: this.say("open") }),
      close,
    );
  }
}
