// The map itself: what is chosen, looked for and coloured by, and the one function that draws it all.
const data = readData();
const stage = $("stage");
const colours = new Colours(data);
const finder = new Finder(data.positions);
const sheets = new Sheets(data, () => { later(); if (chosen >= 0 || hovered >= 0) showCard(hovered >= 0 ? hovered : chosen, false); });
const points = makePoints($("points"), data.positions);
const pictures = new Pictures($("pictures"), data, sheets);
const view = new View(() => later());
let column = data.columns[data.color];
let only = -1, wanted = "", density = 2, passes = null, matches = data.count;
let chosen = -1, hovered = -1, waiting = false, ink = "#000";
const frames = { count: 0, last: 0 };

function later() {
  if (view.zoom > 1.05) $("help").classList.add("read");
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; drawNow(); });
}

function drawNow() {
  const began = performance.now();
  const dot = Math.min(11, (data.count > 20000 ? 3.2 : data.count > 3000 ? 4.4 : 6.5) * Math.pow(Math.max(1, view.zoom), 0.3));
  points.draw(view, dot);
  pictures.draw(view, density, passes, hovered >= 0 ? hovered : chosen, (i) => colours.css(i), ink);
  frames.count++;
  frames.last = performance.now() - began;
}

function repaint() {
  passes = null;
  matches = data.count;
  if (wanted || only >= 0) {
    passes = new Uint8Array(data.count);
    matches = 0;
    for (let i = 0; i < data.count; i++) {
      if (only >= 0 && column.values[i] !== only) continue;
      if (wanted && !data.searchText(i).normalize("NFC").toLowerCase().includes(wanted)) continue;
      passes[i] = 1;
      matches++;
    }
  }
  colours.fill(column, passes);
  points.paint(colours.bytes, colours.sizes);
  $("found").textContent = wanted ? `${matches.toLocaleString("en")} found` : "";
  later();
}

function relist() {
  drawLegend(colours, column, only, (code) => {
    only = code;
    relist();
    repaint();
    // The buttons are new ones: give the focus back to the one that was pressed.
    if (code >= 0) $("legend-body").querySelector("[aria-pressed=true]")?.focus();
  });
}

function showCard(i, say) {
  $("card").hidden = i < 0;
  if (i < 0) return;
  const canvas = $("card-picture"), tile = sheets.tile(i);
  canvas.hidden = !data.sizes[2 * i];
  canvas.setAttribute("aria-label", data.shortName(i));
  if (tile) {
    const scale = Math.max(1, Math.round(176 / Math.max(tile.width, tile.height)));
    canvas.width = tile.width * scale; canvas.height = tile.height * scale;
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(tile.image, tile.x, tile.y, tile.width, tile.height, 0, 0, canvas.width, canvas.height);
  }
  $("card-name").firstElementChild.textContent = data.shortName(i);
  $("card-path").firstElementChild.textContent = data.nameOf(i);
  const facts = data.columns.slice(0, 8).flatMap((c) => [
    Object.assign(document.createElement("dt"), { textContent: c.name }),
    Object.assign(document.createElement("dd"), { textContent: valueText(c, i) }),
  ]);
  $("card-facts").replaceChildren(...facts);
  const link = data.linkOf(i);
  $("card-link").hidden = !link;
  if (link) $("card-link").firstElementChild.href = link;
  if (say) $("say").textContent = [data.shortName(i), ...data.columns.slice(0, 2).map((c) => `${c.name} ${valueText(c, i)}`)].join(", ");
}

function choose(i, say = true) {
  chosen = i;
  hovered = -1;
  showCard(i, say);
  later();
}

function pointAt(x, y, reach) {
  const picture = pictures.at(x, y);
  return picture >= 0 ? picture : finder.nearest(view.worldX(x), view.worldY(y), reach / view.scale, passes);
}

// The next point along a curve that visits neighbours one after another; with a search, the next match.
const stepOf = new Uint32Array(data.count);
data.walk.forEach((i, n) => { stepOf[i] = n; });
function walk(direction) {
  let at = chosen < 0 ? (direction > 0 ? -1 : 0) : stepOf[chosen];
  for (let n = 0; n < data.count; n++) {
    at = (at + direction + data.count) % data.count;
    if (!passes || passes[data.walk[at]]) {
      const i = data.walk[at];
      choose(i);
      view.reveal(data.positions[2 * i], data.positions[2 * i + 1]);
      return;
    }
  }
}

listenToPointers(stage, view, {
  hover(x, y) {
    const i = pointAt(x, y, 12);
    if (i === hovered) return;
    hovered = i;
    showCard(i >= 0 ? i : chosen, false);
    later();
  },
  press(x, y) { stage.focus({ preventScroll: true }); choose(pointAt(x, y, 22)); },
  leave() { if (hovered >= 0) { hovered = -1; showCard(chosen, false); later(); } },
});
listenToKeys(stage, view, {
  zoom(factor) {
    const i = chosen, at = i >= 0 ? [view.screenX(data.positions[2 * i]), view.screenY(data.positions[2 * i + 1])] : [];
    const inside = i >= 0 && at[0] >= 0 && at[1] >= 0 && at[0] <= view.width && at[1] <= view.height;
    view.zoomAt(inside ? at[0] : view.width / 2, inside ? at[1] : view.height / 2, factor);
  },
  walk,
  open() { const link = $("card-link"); if (chosen >= 0 && !link.hidden) link.firstElementChild.focus(); },
  drop() { choose(-1, false); },
});

let typing = 0;
$("find").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => { wanted = $("find").value.normalize("NFC").trim().toLowerCase(); repaint(); }, 120);
});
$("find").addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  clearTimeout(typing);
  wanted = $("find").value.normalize("NFC").trim().toLowerCase();
  repaint();
  if (wanted && matches) walk(event.shiftKey ? -1 : 1);
});
document.querySelector("form.tools").addEventListener("submit", (event) => event.preventDefault());
$("colour")?.addEventListener("change", (event) => {
  column = data.columns[Number(event.target.value)];
  only = -1;
  relist();
  repaint();
});
$("density").addEventListener("change", (event) => { density = Number(event.target.value); later(); });

function extent() {
  let [left, right, top, bottom] = [1, 0, 1, 0];
  for (let i = 0; i < data.count; i++) {
    const x = data.positions[2 * i], y = data.positions[2 * i + 1];
    left = Math.min(left, x); right = Math.max(right, x); top = Math.min(top, y); bottom = Math.max(bottom, y);
  }
  return { x: (left + right) / 2, y: (top + bottom) / 2, width: right - left || 0.1, height: bottom - top || 0.1 };
}

const box = extent();
function resize() {
  const width = Math.max(1, stage.clientWidth), height = Math.max(1, stage.clientHeight), ratio = Math.min(2, devicePixelRatio || 1);
  for (const canvas of [points.canvas, pictures.canvas]) { canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio); }
  view.resize(width, height, box);
}
function retheme() { ink = getComputedStyle(document.body).color; relist(); repaint(); }
new ResizeObserver(resize).observe(stage);
colours.dark.addEventListener("change", retheme);
if (innerWidth < 640) $("legend").open = false;
resize();
retheme();
$("loading").remove();
// For tests and for curious people: the state of the map, from the console.
window.lookalikeMap = {
  data, view, pictures, points, frames, drawNow, walk,
  state: () => ({ chosen, hovered, matches, renderer: points.name, placed: pictures.placed.length, sheets: sheets.ready.size }),
};
