/** The island of the map's page: has the map computed where there is none, then draws it. */

import "./map.css";
import { notice } from "../notice";
import { perform } from "../tasks";
import { MapView, type MapPoints } from "./view";
import { need } from "./dom";
import { Refused, fetchPacked } from "./packed";
import { NoWebGL } from "./points";
import { textsOf, type Say } from "./texts";

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
  if (!document.createElement("canvas").getContext("webgl2")) {
    withoutWebGL(root, say);
    return;
  }
  if (root.dataset.drawn !== "1") await draw(root, base, say, null);
  state(root, say("loading"));
  let points: MapPoints;
  try {
    points = await fetchPoints(base);
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 404) throw error;
    await draw(root, base, say, null);
    points = await fetchPoints(base);
  }
  state(root, "");
  try {
    new MapView(root, base, points, say).begin();
  } catch (error) {
    if (!(error instanceof NoWebGL)) throw error;
    withoutWebGL(root, say);
  }
}

function withoutWebGL(root: HTMLElement, say: Say): void {
  state(root, say("no_webgl"));
  root.classList.add("without-webgl");
  need(root, ".fallback").hidden = false;
}

async function fetchPoints(base: string): Promise<MapPoints> {
  const { header, start, buffer } = await fetchPacked<Omit<MapPoints, "ids" | "xy">>(`${base}/map/points`);
  const ids = new Float64Array(buffer, start, header.count);
  return { ...header, ids, xy: new Float32Array(buffer, start + ids.byteLength, 2 * header.count) };
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
