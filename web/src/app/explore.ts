/** Explore: giving images, looking at one, searching a part of it, and all of it by keyboard. */

import { startCrop } from "./crop";
import { htmx } from "./htmx";
import { notice } from "./notice";
import { ask } from "./server";

type Texts = Record<string, string>;

interface Given {
  image: string;
  url: string;
}

export function start(root: HTMLElement): void {
  const texts = JSON.parse(root.dataset.texts ?? "{}") as Texts;
  startUploads(root, texts);
  startDialogs(root, texts);
  startKeys(root, texts);
  const item = root.querySelector<HTMLElement>(":scope > .item");
  if (item) startCrop(item, texts);
}

/* Giving images: chosen, dropped, pasted */

function startUploads(root: HTMLElement, texts: Texts): void {
  const picker = root.querySelector<HTMLInputElement>("#files");
  const veil = root.querySelector<HTMLElement>(".drop-here");
  if (!picker) return;
  picker.addEventListener("change", () => void give([...(picker.files ?? [])], root, texts));
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) void give(files, root, texts);
  });
  let depth = 0;
  const show = (shown: boolean) => {
    if (veil) veil.hidden = !shown;
  };
  const carriesFiles = (event: DragEvent) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  document.addEventListener("dragenter", (event) => {
    if (carriesFiles(event)) show(++depth > 0);
  });
  document.addEventListener("dragleave", (event) => {
    if (carriesFiles(event)) show((depth = Math.max(0, depth - 1)) > 0);
  });
  document.addEventListener("dragover", (event) => {
    if (carriesFiles(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    depth = 0;
    show(false);
    if (!carriesFiles(event)) return;
    event.preventDefault();
    void give([...(event.dataTransfer?.files ?? [])], root, texts);
  });
}

async function give(files: File[], root: HTMLElement, texts: Texts): Promise<void> {
  const limit = Number(root.dataset.maxBytes ?? 20_000_000);
  const images = files.filter((file) => file.type.startsWith("image/") || file.type === "");
  const large = images.find((file) => file.size > limit);
  if (!images.length) return notice(texts.no_image ?? "");
  if (large) return notice(fill(texts.too_large, { name: large.name, mb: Math.round(limit / 1e6) }));
  notice(texts.uploading ?? "", 60);
  try {
    const given: Given[] = [];
    for (const file of images.slice(0, 20)) {
      const headers = { "Content-Type": "application/octet-stream" };
      given.push(await ask<Given>("/api/images", { method: "POST", headers, body: file }));
    }
    const query = new URLSearchParams();
    for (const one of given) query.append("image", one.image);
    const where = root.querySelector<HTMLInputElement>("#where")?.value.trim();
    if (where) query.set("where", where);
    window.location.assign(`${root.dataset.base}?${query}`);
  } catch (error) {
    notice((error as Error).message);
  }
}

function fill(text: string | undefined, values: Record<string, string | number>): string {
  return (text ?? "").replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

/* One image, large */

function startDialogs(root: HTMLElement, texts: Texts): void {
  const dialog = root.querySelector<HTMLDialogElement>("#item");
  const body = dialog?.querySelector<HTMLElement>(".item-body");
  const help = root.querySelector<HTMLDialogElement>("#help");
  root.querySelector("[data-help]")?.addEventListener("click", () => help?.showModal());
  for (const one of [dialog, help]) {
    one?.addEventListener("click", (event) => {
      if (event.target === one) one.close(); // beside the dialog
    });
  }
  root.querySelector<HTMLElement>(".crop-upload")?.addEventListener("click", (event) => {
    const url = (event.currentTarget as HTMLElement).dataset.image ?? "";
    if (dialog && body) showUpload(dialog, body, url, texts);
  });
  root.addEventListener("click", (event) => {
    const link = (event.target as HTMLElement).closest<HTMLAnchorElement>("a.open");
    if (!link || !dialog || !body || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    void htmx.ajax("get", link.href, { target: body, swap: "innerHTML" }).then(() => {
      const item = body.querySelector<HTMLElement>(".item");
      if (!item) return;
      startCrop(item, texts);
      if (!dialog.open) dialog.showModal();
    });
  });
}

/** A part of an image that somebody gave. */
function showUpload(dialog: HTMLDialogElement, body: HTMLElement, url: string, texts: Texts): void {
  const item = document.createElement("article");
  item.className = "item";
  item.dataset.cropUrl = window.location.pathname + window.location.search;
  const area = document.createElement("div");
  area.className = "crop-area";
  area.dataset.cropArea = "";
  const image = new Image();
  image.src = url;
  image.alt = texts.one_image ?? "";
  area.append(image);
  const how = document.createElement("p");
  how.className = "faint crop-how";
  how.textContent = texts.crop_how ?? "";
  const go = document.createElement("a");
  go.className = "button primary";
  go.dataset.cropGo = "";
  go.textContent = texts.crop_go ?? "";
  const about = document.createElement("div");
  about.append(how, go);
  item.append(area, about);
  body.replaceChildren(item);
  dialog.showModal();
  startCrop(item, texts, true);
}

/* Keyboard */

function startKeys(root: HTMLElement, texts: Texts): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as HTMLElement;
    if (target.closest("input, select, textarea, .crop-box")) return;
    const open = root.querySelector<HTMLDialogElement>("dialog[open]");
    const done = open ? keyInDialog(event.key, open) : keyInGrid(event.key, root, texts);
    if (done) event.preventDefault();
  });
}

function keyInDialog(key: string, dialog: HTMLDialogElement): boolean {
  if (key === "c") return clicked(dialog.querySelector("[data-crop]"));
  return key === "m" || key === "l" ? clicked(dialog.querySelector(`[data-key="${key}"]`)) : false;
}

function clicked(element: HTMLElement | null): boolean {
  element?.click();
  return element !== null;
}

function keyInGrid(key: string, root: HTMLElement, texts: Texts): boolean {
  const links = [...root.querySelectorAll<HTMLAnchorElement>(".grid a.open")];
  const place = links.findIndex((link) => link.closest(".hit")?.contains(document.activeElement));
  if (key === "?") return clicked(root.querySelector("[data-help]"));
  if (key === "/") {
    root.querySelector<HTMLInputElement>("#where")?.focus();
    return true;
  }
  if (key.startsWith("Arrow")) {
    links[place < 0 ? 0 : neighbour(links, place, key)]?.focus();
    return links.length > 0;
  }
  if (place < 0) return false;
  const hit = links[place]?.closest(".hit");
  if (key === "m") return clicked(hit?.querySelector<HTMLElement>(".more") ?? null);
  if (key === "l") {
    const less = hit?.querySelector<HTMLElement>(".less") ?? null;
    if (!less) notice(texts.no_less ?? "");
    return clicked(less);
  }
  return false;
}

/** Left and right in reading order; up and down to the nearest image of the next row. */
function neighbour(links: HTMLElement[], place: number, key: string): number {
  if (key === "ArrowRight") return Math.min(links.length - 1, place + 1);
  if (key === "ArrowLeft") return Math.max(0, place - 1);
  const boxes = links.map((link) => link.getBoundingClientRect());
  const mine = boxes[place];
  if (!mine) return place;
  const down = key === "ArrowDown";
  const beyond = boxes
    .map((box, index) => ({ index, top: box.top, off: Math.abs(box.left + box.width / 2 - mine.left - mine.width / 2) }))
    .filter((one) => (down ? one.top > mine.top + 4 : one.top < mine.top - 4));
  if (!beyond.length) return place;
  const row = down ? Math.min(...beyond.map((one) => one.top)) : Math.max(...beyond.map((one) => one.top));
  const inRow = beyond.filter((one) => Math.abs(one.top - row) < 4).sort((a, b) => a.off - b.off);
  return inRow[0]?.index ?? place;
}
