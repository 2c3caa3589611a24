/** The island of the map's page: has the map computed where there is none, then draws it. */

import "./map.css";
import { notice } from "../notice";
import { perform } from "../tasks";
import { readColours } from "./colour_by";
import type { Colouring } from "./colours";
import { type MapPoints, fetchPoints } from "./data";
import { need } from "./dom";
import { NoCanvas } from "./dots";
import { Refused } from "./packed";
import type { Asked } from "./painter";
import { type Say, textsOf } from "./texts";
import { MapView } from "./view";

export function start(root: HTMLElement): void {
  const say = textsOf(root);
  const base = root.dataset.base ?? "";
  const again = root.querySelector<HTMLFormElement>(".draw-again");
  again?.addEventListener("submit", (event) => {
    event.preventDefault();
    const method = new FormData(again).get("method");
    void draw(root, base, say, String(method)).then(() => location.reload(), complain);
  });
  const complain = (error: unknown): void => {
    const text = error instanceof Error ? error.message : String(error);
    state(root, text);
    notice(text);
  };
  void open(root, base, say).catch(complain);
}

async function open(root: HTMLElement, base: string, say: Say): Promise<void> {
  if (root.dataset.drawn !== "1") await draw(root, base, say, null);
  state(root, say("loading"));
  const by = need<HTMLSelectElement>(root, "select[name=by]").value;
  let fetched: Fetched;
  try {
    fetched = await fetchAll(base, by, say);
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 404) throw error;
    await draw(root, base, say, null);
    fetched = await fetchAll(base, by, say);
  }
  state(root, "");
  try {
    new MapView(root, base, fetched.points, say, asked()).begin(fetched.colours, by);
  } catch (error) {
    if (!(error instanceof NoCanvas)) throw error;
    withoutCanvas(root, say);
  }
}

interface Fetched {
  points: MapPoints;
  /** Still on its way: the points are drawn before they have their colours. */
  colours: Promise<Colouring>;
}

async function fetchAll(base: string, by: string, say: Say): Promise<Fetched> {
  const colours = readColours(base, by, say);
  colours.catch(() => undefined); // whoever awaits them hears of it
  return { points: await fetchPoints(base), colours };
}

/** The end of the address may ask for a way to draw (#webgl, #canvas) and for no savings (#everything), to compare. */
function asked(): Asked {
  const words = location.hash.slice(1).split(",");
  const way = words.includes("webgl") ? "webgl" : words.includes("canvas") ? "canvas" : null;
  return { way, everything: words.includes("everything") };
}

function withoutCanvas(root: HTMLElement, say: Say): void {
  state(root, say("no_canvas"));
  root.classList.add("without-canvas");
  need(root, ".fallback").hidden = false;
}

async function draw(root: HTMLElement, base: string, say: Say, method: string | null): Promise<void> {
  const bar = need<HTMLProgressElement>(root, ".state progress");
  bar.hidden = false;
  state(root, say("drawing", { seconds: 0 }));
  try {
    await perform(`${base}/map/draw`, { method }, `${base}/tasks`, (task) => {
      state(root, say("drawing", { seconds: Math.round(task.seconds) }));
      if (task.total) {
        bar.max = task.total;
        bar.value = task.done;
      }
    });
  } finally {
    bar.hidden = true;
  }
}

function state(root: HTMLElement, text: string): void {
  const place = need(root, ".state");
  const line = need(place, "p");
  if (line.textContent !== text) line.textContent = text;
  place.hidden = !text;
}
