/** Choosing two images to compare: drop, paste or pick a file; it is sent, and the page is asked for with its handle. */

import { notice } from "./notice";
import { ask } from "./server";

interface Given {
  image: string;
}

export function start(root: HTMLElement): void {
  const sides = [...root.querySelectorAll<HTMLElement>("[data-side][data-reference]")];
  for (const side of sides) {
    side.querySelector<HTMLInputElement>("input[type=file]")?.addEventListener("change", (event) => {
      const file = (event.target as HTMLInputElement).files?.[0];
      if (file) void give(root, sides, side, [file]);
    });
    side.addEventListener("dragover", (event) => {
      event.preventDefault();
      side.classList.add("over");
    });
    side.addEventListener("dragleave", () => side.classList.remove("over"));
    side.addEventListener("drop", (event) => {
      event.preventDefault();
      side.classList.remove("over");
      const files = images(event.dataTransfer);
      if (files.length) void give(root, sides, side, files);
    });
  }
  document.addEventListener("paste", (event) => {
    const files = images(event.clipboardData);
    const side = sides.find((one) => one.contains(document.activeElement)) ?? sides.find((one) => !one.dataset.reference) ?? sides[0];
    if (!files.length || !side) return;
    event.preventDefault();
    void give(root, sides, side, files);
  });
}

function images(given: DataTransfer | null): File[] {
  return [...(given?.files ?? [])].filter((file) => file.type.startsWith("image/"));
}

/** The first file goes to `side`; a second one to the other side. */
async function give(root: HTMLElement, sides: HTMLElement[], side: HTMLElement, files: File[]): Promise<void> {
  notice(root.dataset.sending ?? "", 60);
  const order = [side, ...sides.filter((one) => one !== side)];
  try {
    for (const [number, file] of files.slice(0, 2).entries()) {
      const given = await ask<Given>("/api/images", {
        method: "POST",
        headers: { "Content-Type": "application/octet-stream" },
        body: file,
      });
      const target = order[number];
      if (target) target.dataset.reference = given.image;
    }
  } catch (error) {
    notice((error as Error).message);
    return;
  }
  const query = new URLSearchParams();
  for (const one of sides) if (one.dataset.reference) query.set(one.dataset.side ?? "", one.dataset.reference);
  if (root.dataset.encoder) query.set("encoder", root.dataset.encoder);
  window.location.assign(`/compare?${query}`);
}
