/** One group of duplicates on the page. */

import { need } from "../map/dom";
import type { Say } from "../map/texts";

export class Group {
  readonly key: string;
  readonly ids: readonly number[];
  readonly suggested: readonly number[];

  constructor(readonly place: HTMLElement) {
    this.key = place.dataset.group ?? "";
    this.ids = this.members().map((one) => Number(one.dataset.id));
    this.suggested = (place.dataset.suggested ?? "").split(",").filter(Boolean).map(Number);
  }

  members(): HTMLElement[] {
    return [...this.place.querySelectorAll<HTMLElement>("[data-id]")];
  }

  /** Ids of the images that are set to go. */
  dropped(): number[] {
    return this.members()
      .filter((one) => need<HTMLInputElement>(one, "[value=drop]").checked)
      .map((one) => Number(one.dataset.id));
  }

  allDropped(): boolean {
    return this.dropped().length === this.ids.length;
  }

  turn(id: number, drop: boolean): void {
    const member = this.members().find((one) => Number(one.dataset.id) === id);
    if (!member) return;
    need<HTMLInputElement>(member, `[value=${drop ? "drop" : "keep"}]`).checked = true;
    member.className = drop ? "drop" : "keep";
  }

  /** Show a decision; null: nothing is decided, the suggestion stands. */
  show(drop: readonly number[] | null, say: Say): void {
    const going = drop ?? this.suggested;
    for (const id of this.ids) this.turn(id, going.includes(id));
    this.place.dataset.decided = drop === null ? "0" : "1";
    need(this.place, ".badge").textContent = say(drop === null ? "is_open" : "is_decided");
  }
}
