// Pointers and keys: one finger or the mouse drags, two fingers pinch, the wheel zooms, a short press chooses.
function listenToPointers(stage, view, on) {
  const held = new Map();
  let moved = 0, spread = 0;
  const place = (event) => {
    const box = stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  stage.addEventListener("pointerdown", (event) => {
    if (event.button > 0 || event.target.closest("button, a")) return;
    stage.setPointerCapture(event.pointerId);
    held.set(event.pointerId, place(event));
    moved = held.size > 1 ? 99 : 0;
    spread = 0;
  });
  stage.addEventListener("pointermove", (event) => {
    const now = place(event), before = held.get(event.pointerId);
    if (!before) { if (event.pointerType !== "touch") on.hover(now.x, now.y); return; }
    held.set(event.pointerId, now);
    if (held.size === 1) {
      moved += Math.hypot(now.x - before.x, now.y - before.y);
      if (moved > 4) { view.pan(now.x - before.x, now.y - before.y); stage.classList.add("dragging"); }
      return;
    }
    const [a, b] = [...held.values()];
    const distance = Math.hypot(a.x - b.x, a.y - b.y);
    view.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    if (spread) view.zoomAt((a.x + b.x) / 2, (a.y + b.y) / 2, distance / spread);
    spread = distance;
  });
  const release = (event) => {
    const was = held.delete(event.pointerId);
    stage.classList.remove("dragging");
    spread = 0;
    if (was && event.type === "pointerup" && moved <= 4) { const p = place(event); on.press(p.x, p.y); }
  };
  stage.addEventListener("pointerup", release);
  stage.addEventListener("pointercancel", release);
  stage.addEventListener("pointerleave", () => on.leave());
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const p = place(event);
    // Lines and pages are what some mice count in; a pinch on a touchpad arrives as a wheel with ctrl.
    const pixels = event.deltaY * [1, 16, 240][event.deltaMode];
    view.zoomAt(p.x, p.y, Math.exp(-Math.max(-300, Math.min(300, pixels)) * (event.ctrlKey ? 0.01 : 0.0022)));
  }, { passive: false });
  stage.addEventListener("dblclick", (event) => { const p = place(event); view.zoomAt(p.x, p.y, 2); });
}

function listenToKeys(stage, view, on) {
  const step = 70;
  const keys = {
    ArrowLeft: () => view.pan(step, 0), ArrowRight: () => view.pan(-step, 0),
    ArrowUp: () => view.pan(0, step), ArrowDown: () => view.pan(0, -step),
    "+": () => on.zoom(1.5), "=": () => on.zoom(1.5), "-": () => on.zoom(1 / 1.5), "_": () => on.zoom(1 / 1.5),
    "0": () => view.fit(), Home: () => view.fit(),
    n: () => on.walk(1), p: () => on.walk(-1), Enter: () => on.open(), Escape: () => on.drop(),
  };
  stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = keys[event.key] || keys[event.key.toLowerCase()];
    if (act) { event.preventDefault(); act(); }
  });
  $("zoom-in").addEventListener("click", () => on.zoom(1.7));
  $("zoom-out").addEventListener("click", () => on.zoom(1 / 1.7));
  $("fit").addEventListener("click", () => view.fit());
  $("next").addEventListener("click", () => on.walk(1));
  $("previous").addEventListener("click", () => on.walk(-1));
}
