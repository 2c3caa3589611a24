// Colours of the points. Categories: the palette of Okabe and Ito (told apart by colour-blind people), the most
// frequent eight, all others grey. Numbers and dates: cividis, which grows evenly in lightness.
const PALETTE = {
  light: ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b5a700", "#7b4ab8"],
  dark: ["#4ba3dc", "#e69f00", "#2bbd92", "#cc79a7", "#8fd0f5", "#f07f2e", "#e4d650", "#ac86dd"],
};
const GREY = { light: "#8d8a84", dark: "#85888d" };
const CIVIDIS = ["#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838"];

const rgb = (hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));

function ramp(share) {
  const place = Math.min(Math.max(share, 0), 1) * (CIVIDIS.length - 1), k = Math.min(CIVIDIS.length - 2, Math.floor(place));
  const from = rgb(CIVIDIS[k]), to = rgb(CIVIDIS[k + 1]);
  return from.map((v, n) => Math.round(v + (to[n] - v) * (place - k)));
}

class Colours {
  constructor(data) {
    this.data = data;
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.bytes = new Uint8Array(4 * data.count);
    this.sizes = new Uint8Array(data.count);
    this.ramp = Array.from({ length: 256 }, (_, k) => ramp(k / 255));
  }

  get theme() { return this.dark.matches ? "dark" : "light"; }
  swatch(code) { return code < 8 ? PALETTE[this.theme][code] : GREY[this.theme]; }

  // column: one of data.columns or undefined; passes: Uint8Array of what is looked for, or null for everything.
  fill(column, passes) {
    const grey = rgb(GREY[this.theme]), plain = rgb(PALETTE[this.theme][0]);
    const swatches = Array.from({ length: 8 }, (_, k) => rgb(this.swatch(k)));
    const { bytes, sizes } = this;
    for (let i = 0; i < sizes.length; i++) {
      let colour = plain;
      if (column) {
        const v = column.values[i];
        if (column.kind === "category") colour = v < 8 ? swatches[v] : grey;
        else colour = v === v ? this.ramp[Math.round(v * 255)] : grey;
      }
      const seen = !passes || passes[i];
      bytes[4 * i] = colour[0]; bytes[4 * i + 1] = colour[1]; bytes[4 * i + 2] = colour[2];
      bytes[4 * i + 3] = seen ? 225 : 34;
      sizes[i] = passes && seen ? 2 : 1;
    }
  }

  css(i) { return `rgb(${this.bytes[4 * i]},${this.bytes[4 * i + 1]},${this.bytes[4 * i + 2]})`; }
}

function readable(column, value) {
  if (column.kind === "date") return new Date(value * 1000).toISOString().slice(0, 10);
  return Math.abs(value) >= 1e5 || Number.isInteger(value) ? Math.round(value).toLocaleString("en") : String(+value.toPrecision(4));
}

function valueText(column, i) {
  const v = column.values[i];
  if (column.kind === "category") return v === NOT_KNOWN ? "not known" : column.labels[v];
  return v === v ? readable(column, column.low + v * (column.high - column.low)) : "not known";
}

// The legend: for categories a list of buttons that single one out, for scales a strip with its ends.
function drawLegend(colours, column, only, choose) {
  const body = $("legend-body");
  body.replaceChildren();
  $("legend").hidden = !column;
  if (!column) return;
  $("legend-title").textContent = column.name;
  if (column.kind !== "category") {
    const strip = document.createElement("canvas");
    strip.width = 256; strip.height = 1; strip.className = "ramp";
    strip.setAttribute("role", "img");
    const ends = [readable(column, column.low), readable(column, column.high)];
    strip.setAttribute("aria-label", `Scale from ${ends[0]} to ${ends[1]}`);
    const context = strip.getContext("2d");
    colours.ramp.forEach((c, k) => { context.fillStyle = `rgb(${c})`; context.fillRect(k, 0, 1, 1); });
    const row = document.createElement("p");
    row.className = "ends";
    for (const text of ends) row.append(Object.assign(document.createElement("span"), { textContent: text }));
    body.append(strip, row);
    return;
  }
  const list = document.createElement("ul");
  column.labels.slice(0, 200).forEach((label, code) => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-pressed", String(only === code));
    const dot = document.createElement("i");
    dot.style.background = colours.swatch(code);
    const name = Object.assign(document.createElement("bdi"), { textContent: label });
    const count = Object.assign(document.createElement("span"), { textContent: column.counts[code].toLocaleString("en") });
    button.append(dot, name, count);
    button.addEventListener("click", () => choose(only === code ? -1 : code));
    const item = document.createElement("li");
    item.append(button);
    list.append(item);
  });
  body.append(list);
  if (column.labels.length > 200) {
    body.append(Object.assign(document.createElement("p"), { className: "quiet", textContent: `and ${column.labels.length - 200} more` }));
  }
}
