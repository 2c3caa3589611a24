/** Mouse, pen, fingers, wheel and keys on the map, as moves of the camera and a few events. */

import type { Camera } from "./camera";

export interface Wishes {
  hover(px: number, py: number): void;
  leave(): void;
  /** A click or a tap. */
  choose(px: number, py: number): void;
  lassoOn(): boolean;
  lassoBegin(px: number, py: number): void;
  lassoMove(px: number, py: number): void;
  lassoEnd(): void;
  /** A key that moved the camera. */
  moved(): void;
}

const KEY_STEP = 0.12;

export class Gestures {
  private readonly held = new Map<number, { x: number; y: number }>();
  private travelled = 0;
  private drawing = false;

  constructor(
    private readonly stage: HTMLElement,
    private readonly camera: Camera,
    private readonly wishes: Wishes,
  ) {
    stage.addEventListener("pointerdown", (event) => this.down(event));
    stage.addEventListener("pointermove", (event) => this.move(event));
    stage.addEventListener("pointerup", (event) => this.up(event, true));
    stage.addEventListener("pointercancel", (event) => this.up(event, false));
    stage.addEventListener("pointerleave", () => wishes.leave());
    stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    stage.addEventListener("dblclick", (event) => camera.zoomAt(...this.at(event), 2));
  }

  /** Move by a key; false when it is none of ours. */
  key(event: KeyboardEvent): boolean {
    const { camera } = this;
    const step = KEY_STEP * Math.min(camera.width, camera.height) * (event.shiftKey ? 3 : 1);
    const centre = [camera.width / 2, camera.height / 2] as const;
    const moves: Record<string, () => void> = {
      ArrowLeft: () => camera.pan(step, 0),
      ArrowRight: () => camera.pan(-step, 0),
      ArrowUp: () => camera.pan(0, step),
      ArrowDown: () => camera.pan(0, -step),
      "+": () => camera.zoomAt(...centre, 1.4),
      "=": () => camera.zoomAt(...centre, 1.4),
      "-": () => camera.zoomAt(...centre, 1 / 1.4),
      "0": () => camera.fit(),
      Home: () => camera.fit(),
    };
    const move = moves[event.key];
    if (!move) return false;
    move();
    this.wishes.moved();
    return true;
  }

  private at(event: MouseEvent): [number, number] {
    const box = this.stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  private down(event: PointerEvent): void {
    if (event.button !== 0 || (event.target as Element).closest("a, button, input, select")) return;
    this.stage.setPointerCapture(event.pointerId);
    const [x, y] = this.at(event);
    this.held.set(event.pointerId, { x, y });
    if (this.held.size === 1) {
      this.travelled = 0;
      this.drawing = this.wishes.lassoOn() || event.shiftKey;
      if (this.drawing) this.wishes.lassoBegin(x, y);
    }
  }

  private move(event: PointerEvent): void {
    const [x, y] = this.at(event);
    const before = this.held.get(event.pointerId);
    if (!before) {
      if (event.pointerType !== "touch") this.wishes.hover(x, y);
      return;
    }
    this.travelled += Math.hypot(x - before.x, y - before.y);
    if (this.held.size === 2) this.pinch(event.pointerId, before, { x, y });
    else if (this.drawing) this.wishes.lassoMove(x, y);
    else if (this.travelled > 4) {
      this.camera.pan(x - before.x, y - before.y);
      this.stage.classList.add("dragging");
    }
    this.held.set(event.pointerId, { x, y });
  }

  private pinch(moving: number, from: { x: number; y: number }, to: { x: number; y: number }): void {
    const other = [...this.held].find(([id]) => id !== moving)?.[1];
    if (!other) return;
    const before = Math.hypot(from.x - other.x, from.y - other.y);
    const after = Math.hypot(to.x - other.x, to.y - other.y);
    this.camera.pan((to.x - from.x) / 2, (to.y - from.y) / 2);
    this.camera.zoomAt((to.x + other.x) / 2, (to.y + other.y) / 2, after / Math.max(1, before));
  }

  private up(event: PointerEvent, whole: boolean): void {
    if (!this.held.delete(event.pointerId) || this.held.size) return;
    this.stage.classList.remove("dragging");
    if (this.drawing) this.wishes.lassoEnd();
    if (whole && this.travelled <= 4) this.wishes.choose(...this.at(event));
    this.drawing = false;
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1);
    this.camera.zoomAt(...this.at(event), Math.exp(-Math.max(-300, Math.min(300, pixels)) * 0.0022));
    this.wishes.hover(...this.at(event));
  }
}
