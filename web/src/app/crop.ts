/** A box over a picture, drawn by mouse, finger or keys; the link beside it then searches for that part. */

type Box = [left: number, top: number, right: number, bottom: number];

const STEP = 0.02;
const LEAST = 0.05;

export function startCrop(item: HTMLElement, texts: Record<string, string>, atOnce = false): void {
  const area = item.querySelector<HTMLElement>("[data-crop-area]");
  const button = item.querySelector<HTMLElement>("[data-crop]");
  const go = item.querySelector<HTMLAnchorElement>("[data-crop-go]");
  const how = item.querySelector<HTMLElement>(".crop-how");
  if (!area || !go) return;
  const begin = () => {
    if (area.classList.contains("cropping")) return;
    area.classList.add("cropping");
    go.hidden = false;
    if (how) how.hidden = false;
    draw(area, go, item.dataset.cropUrl ?? "", texts.crop_box ?? "");
  };
  button?.addEventListener("click", begin);
  if (atOnce) begin();
}

function draw(area: HTMLElement, go: HTMLAnchorElement, url: string, label: string): void {
  const shown = document.createElement("div");
  shown.className = "crop-box";
  shown.tabIndex = 0;
  shown.setAttribute("role", "application");
  shown.setAttribute("aria-label", label);
  area.append(shown);
  let box: Box = [0.25, 0.25, 0.75, 0.75];
  const set = (next: Box) => {
    box = next;
    shown.style.left = `${box[0] * 100}%`;
    shown.style.top = `${box[1] * 100}%`;
    shown.style.width = `${(box[2] - box[0]) * 100}%`;
    shown.style.height = `${(box[3] - box[1]) * 100}%`;
    const target = new URL(url, window.location.href);
    target.searchParams.set("crop", box.map((value) => value.toFixed(4)).join(","));
    go.href = target.pathname + target.search;
  };
  set(box);
  shown.focus();
  followPointer(area, set);
  shown.addEventListener("keydown", (event) => {
    const next = byKey(box, event);
    if (next) {
      event.preventDefault();
      set(next);
    } else if (event.key === "Enter") go.click();
  });
}

function followPointer(area: HTMLElement, set: (box: Box) => void): void {
  let from: [number, number] | null = null;
  const place = (event: PointerEvent): [number, number] => {
    const frame = area.getBoundingClientRect();
    return [clamp((event.clientX - frame.left) / frame.width), clamp((event.clientY - frame.top) / frame.height)];
  };
  area.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    area.setPointerCapture(event.pointerId);
    from = place(event);
  });
  area.addEventListener("pointermove", (event) => {
    if (!from) return;
    const [x, y] = place(event);
    const [left, right] = [Math.min(from[0], x), Math.max(from[0], x)];
    const [top, bottom] = [Math.min(from[1], y), Math.max(from[1], y)];
    if (right - left >= LEAST && bottom - top >= LEAST) set([left, top, right, bottom]);
  });
  area.addEventListener("pointerup", () => (from = null));
  area.addEventListener("pointercancel", () => (from = null));
}

function byKey(box: Box, event: KeyboardEvent): Box | null {
  const moves: Record<string, [number, number]> = {
    ArrowLeft: [-STEP, 0],
    ArrowRight: [STEP, 0],
    ArrowUp: [0, -STEP],
    ArrowDown: [0, STEP],
  };
  const move = moves[event.key];
  if (!move) return null;
  const [left, top, right, bottom] = box;
  if (event.shiftKey) {
    return [left, top, clamp(Math.max(left + LEAST, right + move[0])), clamp(Math.max(top + LEAST, bottom + move[1]))];
  }
  const x = Math.min(1 - right, Math.max(-left, move[0]));
  const y = Math.min(1 - bottom, Math.max(-top, move[1]));
  return [left + x, top + y, right + x, bottom + y];
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
