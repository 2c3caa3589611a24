// The data blocks of the page: small ones are read at once, sheets of thumbnails only when something on them is wanted.
const SHEETS_KEPT = 40; // decoded sheets held in memory, 4 MiB each
const NOT_KNOWN = 65535;

const $ = (id) => document.getElementById(id);

function bytesOf(id) {
  const text = atob($(id).textContent);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function readData() {
  const head = JSON.parse($("head").textContent);
  const names = JSON.parse($("names").textContent);
  const links = JSON.parse($("links").textContent);
  head.columns.forEach((column, n) => {
    const buffer = bytesOf("column-" + n).buffer;
    column.values = column.kind === "category" ? new Uint16Array(buffer) : new Float32Array(buffer);
  });
  return {
    ...head,
    positions: new Float32Array(bytesOf("positions").buffer),
    walk: new Uint32Array(bytesOf("walk").buffer),
    sizes: bytesOf("sizes"),
    nameOf: (i) => names.start + names.rest[i],
    shortName: (i) => { const name = names.rest[i].split("::").pop(); return name.slice(name.lastIndexOf("/") + 1) || names.rest[i]; },
    searchText: (i) => names.rest[i],
    linkOf: (i) => (links.rest.length && links.start + links.rest[i]) || "",
  };
}

class Sheets {
  constructor(data, changed) {
    this.data = data;
    this.changed = changed;
    this.ready = new Map(); // sheet -> ImageBitmap, least recently used first
    this.asked = new Set();
  }

  // Where thumbnail i lies: {image, x, y, width, height}; null while its sheet is being decoded, or without one.
  tile(i) {
    const { perSheet, across, tile, sizes } = this.data;
    const width = sizes[2 * i], height = sizes[2 * i + 1];
    if (!width) return null;
    const sheet = Math.floor(i / perSheet), slot = i % perSheet;
    const image = this.ready.get(sheet);
    if (!image) { this.ask(sheet); return null; }
    this.ready.delete(sheet);
    this.ready.set(sheet, image);
    return { image, x: (slot % across) * tile, y: Math.floor(slot / across) * tile, width, height };
  }

  ask(sheet) {
    if (this.asked.has(sheet) || this.asked.size >= 4) return;
    this.asked.add(sheet);
    createImageBitmap(new Blob([bytesOf("sheet-" + sheet)], { type: "image/jpeg" })).then((image) => {
      this.ready.set(sheet, image);
      if (this.ready.size > SHEETS_KEPT) {
        const [oldest, unused] = this.ready.entries().next().value;
        this.ready.delete(oldest);
        unused.close();
      }
      this.asked.delete(sheet);
      this.changed();
    });
  }
}
