/** Which point the pointer, a tap or the keys mean, and the card that shows its image. */

import type { Card } from "./card";
import type { Grid } from "./grid";
import type { Painter } from "./painter";
import type { Thumbs } from "./thumbs";

const REACH = 14;
/** Among pictures the pointer may be farther from their middles. */
const PICTURE_REACH = 36;
const KEY_REACH = 60;

export class Pointing {
  private settled = 0;

  constructor(
    private readonly stage: HTMLElement,
    private readonly painter: Painter,
    private readonly grid: Grid,
    private readonly thumbs: Thumbs,
    private readonly card: Card,
  ) {}

  hover(px: number, py: number): void {
    if (this.card.isPinned || this.painter.lasso.active) return;
    this.show(Number.isNaN(px) ? -1 : this.at(px, py, this.reach()), {});
  }

  choose(px: number, py: number): void {
    this.show(this.at(px, py, this.reach() + 6), { pinned: true, aloud: true });
  }

  /** After a key has moved the map: name the image in its middle once it stands still. */
  lookAtCentre(): void {
    window.clearTimeout(this.settled);
    this.settled = window.setTimeout(() => {
      if (this.card.isPinned) return;
      this.card.hide();
      this.show(this.atCentre(KEY_REACH), { aloud: true });
    }, 250);
  }

  chooseCentre(): void {
    window.clearTimeout(this.settled);
    const shown = this.card.point;
    const i = shown >= 0 ? shown : this.atCentre(this.painter.camera.width);
    if (i < 0) return;
    this.show(i, { pinned: true, aloud: true });
    window.setTimeout(() => this.stage.querySelector<HTMLElement>(".card-over a")?.focus(), 120);
  }

  drop(): void {
    this.card.hide();
    this.follow();
  }

  /** The ring and the card where their point is now. */
  follow(): void {
    const i = this.card.point;
    if (this.painter.ring !== i) {
      this.painter.ring = i;
      this.painter.touched();
    }
    if (i >= 0) this.place();
  }

  /** Only the card, which is as large as its picture. */
  place(): void {
    const { grid, card } = this;
    const { camera } = this.painter;
    const i = card.point;
    if (i >= 0) card.place(camera.toScreenX(grid.x(i)), camera.toScreenY(grid.y(i)), camera.width, camera.height);
  }

  private show(i: number, options: { pinned?: boolean; aloud?: boolean }): void {
    if (i >= 0) this.card.show(i, options);
    else this.card.hide();
    this.follow();
  }

  private reach(): number {
    return this.thumbs.count > 0 ? PICTURE_REACH : REACH;
  }

  private at(px: number, py: number, reach: number): number {
    const { camera } = this.painter;
    return this.grid.nearest(camera.toWorldX(px), camera.toWorldY(py), reach / camera.scale);
  }

  private atCentre(reach: number): number {
    const { camera } = this.painter;
    return this.at(camera.width / 2, camera.height / 2, reach);
  }
}
