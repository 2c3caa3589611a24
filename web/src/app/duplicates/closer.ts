/** The images of a group one after another in the same place, large: differences jump to the eye. */

import { need } from "../map/dom";
import type { Say } from "../map/texts";
import type { Group } from "./group";

export class Closer {
  private group: Group | null = null;
  private at = 0;
  private toggle: (id: number) => void = () => undefined;
  private readonly picture: HTMLImageElement;

  constructor(
    private readonly dialog: HTMLDialogElement,
    private readonly base: string,
    private readonly say: Say,
  ) {
    this.picture = need(dialog, "img");
    need(dialog, ".before").addEventListener("click", () => this.step(-1));
    need(dialog, ".after").addEventListener("click", () => this.step(1));
    need(dialog, ".close").addEventListener("click", () => dialog.close());
    need(dialog, ".toggle").addEventListener("click", () => this.switchOne());
    dialog.addEventListener("close", () => this.group?.place.focus());
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "ArrowLeft") this.step(-1);
      else if (event.key === "ArrowRight") this.step(1);
      else if (event.key === String(this.at + 1) || event.key.toLowerCase() === "d") this.switchOne();
      else return;
      event.preventDefault();
    });
  }

  open(group: Group, at: number, toggle: (id: number) => void): void {
    this.group = group;
    this.at = at;
    this.toggle = toggle;
    // All of them are fetched at once, so that flipping does not flicker.
    for (const id of group.ids.slice(0, 12)) new Image().src = this.url(id);
    this.show();
    this.dialog.showModal();
  }

  private url(id: number): string {
    return `${this.base}/image/${id}?size=full`;
  }

  private step(by: number): void {
    const count = this.group?.ids.length ?? 1;
    this.at = (this.at + by + count) % count;
    this.show();
  }

  private switchOne(): void {
    const id = this.group?.ids[this.at];
    if (id === undefined) return;
    this.toggle(id);
    this.show();
  }

  private show(): void {
    const { group, at } = this;
    const member = group?.members()[at];
    if (!group || !member) return;
    const id = group.ids[at]!;
    const place = need(member, ".place").lastChild?.textContent?.trim() ?? "";
    const isDropped = group.dropped().includes(id);
    this.picture.src = this.url(id);
    this.picture.alt = place;
    const state = this.say(isDropped ? "drop" : "keep");
    const facts = need(member, ".what").textContent ?? "";
    need(this.dialog, ".caption").textContent = `${at + 1}/${group.ids.length} · ${state} · ${place} · ${facts}`;
    need(this.dialog, ".toggle").textContent = this.say(isDropped ? "keep" : "drop");
  }
}
