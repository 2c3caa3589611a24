/**
 * Pictures fetched whole, checked against the length and SHA-256 that the server states, decoded, and kept as blobs:
 * a truncated picture cannot be shown, and the browser's cache cannot lose one between loading and showing.
 */

import { backOff, pause } from "./api";
import type { Picture } from "./protocol";

const TRIES = 4;
const AT_ONCE = 4;
const TIMEOUT_MS = 30_000;

export class PictureError extends Error {}

async function sha256(bytes: ArrayBuffer): Promise<string | null> {
  if (!globalThis.crypto?.subtle) return null; // not a secure context: the length alone is checked
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function fetchOnce(picture: Picture): Promise<string> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(new URL(picture.url, location.href), { credentials: "same-origin", signal });
  if (!response.ok) throw new PictureError(`HTTP ${response.status}`);
  const bytes = await response.arrayBuffer();
  if (bytes.byteLength !== picture.bytes) throw new PictureError("incomplete");
  const digest = await sha256(bytes);
  if (digest !== null && digest !== picture.sha256) throw new PictureError("altered on the way");
  const type = response.headers.get("Content-Type") ?? "image/jpeg";
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  try {
    const probe = new Image();
    probe.src = url;
    await probe.decode();
  } catch (error) {
    URL.revokeObjectURL(url);
    throw error;
  }
  return url;
}

export class Pictures {
  private readonly ready = new Map<string, Promise<string>>();
  private readonly queue: Array<() => void> = [];
  private active = 0;

  /** The picture's blob address; the same promise for everybody who asks. A failure is forgotten: ask again. */
  get(picture: Picture): Promise<string> {
    const known = this.ready.get(picture.url);
    if (known) return known;
    const promise = this.fetch(picture);
    this.ready.set(picture.url, promise);
    promise.catch(() => this.ready.delete(picture.url));
    return promise;
  }

  /** Fetch ahead; whoever needs a picture later meets its error then. */
  prefetch(pictures: Picture[]): void {
    for (const picture of pictures) this.get(picture).catch(() => undefined);
  }

  /** A decoded element for each picture, ready to be shown. */
  async elements(pictures: Picture[]): Promise<HTMLImageElement[]> {
    return Promise.all(
      pictures.map(async (picture) => {
        const image = new Image(picture.width, picture.height);
        image.src = await this.get(picture);
        image.alt = "";
        image.draggable = false;
        await image.decode();
        return image;
      }),
    );
  }

  release(pictures: Picture[]): void {
    for (const picture of pictures) {
      this.ready.get(picture.url)?.then((url) => URL.revokeObjectURL(url), () => undefined);
      this.ready.delete(picture.url);
    }
  }

  private async fetch(picture: Picture): Promise<string> {
    if (this.active >= AT_ONCE) await new Promise<void>((resolve) => this.queue.push(resolve));
    this.active += 1;
    try {
      for (let failures = 0; ; failures += 1) {
        try {
          return await fetchOnce(picture);
        } catch (error) {
          if (failures + 1 >= TRIES) throw new PictureError(String(error));
          await pause(backOff(failures));
        }
      }
    } finally {
      this.active -= 1;
      this.queue.shift()?.();
    }
  }
}
