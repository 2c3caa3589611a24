/** The map itself: canvases, legend, card, lasso and keys, kept together. */

import { notice } from "../notice";
import { perform } from "../tasks";
import { Camera } from "./camera";
import { Card } from "./card";
import { type Colouring, PLAIN, fetchColouring, pointColours } from "./colours";
import { need } from "./dom";
import { Gestures } from "./gestures";
import { Grid, type Polygon } from "./grid";
import { Lasso } from "./lasso";
import { Legend } from "./legend";
import { Refused } from "./packed";
import { Points, WEIGHT } from "./points";
import { Rows } from "./rows";
import { Selection } from "./selection";
import type { Say } from "./texts";
import { Thumbs } from "./thumbs";

export interface MapPoints {
  count: number;
  version: string;
  method: string;
  note: string;
  fresh: number;
  ids: Float64Array;
  /** x and y of each point in turn, in [0, 1], y downwards. */
  xy: Float32Array;
}

const REACH = 14;

export class MapView {
  private readonly stage: HTMLElement;
  private readonly over: CanvasRenderingContext2D;
  private readonly dots: HTMLCanvasElement;
  private readonly camera = new Camera(() => this.redraw());
  private readonly grid: Grid;
  private readonly places: Map<number, number>;
  private points: Points;
  private readonly thumbs: Thumbs;
  private readonly rows: Rows;
  private readonly card: Card;
  private readonly legend: Legend;
  private readonly selection: Selection;
  private readonly lasso = new Lasso();
  private readonly gestures: Gestures;
  private colouring: Colouring = PLAIN;
  private weights: Uint8Array;
  private selected = new Set<number>();
  private frame = 0;
  private settled = 0;

  constructor(
    private readonly root: HTMLElement,
    private readonly base: string,
    private readonly data: MapPoints,
    private readonly say: Say,
  ) {
    this.stage = need(root, ".stage");
    this.dots = need<HTMLCanvasElement>(root, "canvas.dots");
    this.over = need<HTMLCanvasElement>(root, "canvas.over").getContext("2d")!;
    this.grid = new Grid(data.xy);
    this.places = new Map(Array.from(data.ids, (id, i) => [id, i]));
    this.points = new Points(this.dots, data.xy);
    this.weights = new Uint8Array(data.count).fill(WEIGHT.plain);
    this.rows = new Rows(`${base}/map/rows`);
    this.thumbs = new Thumbs(`${base}/map/thumbs`, data.ids, this.grid, () => this.redraw());
    this.card = new Card(need(root, ".card-over"), need(root, ".live"), base, this.rows, say);
    this.legend = new Legend(need(root, ".legend"), say, () => this.weigh());
    this.selection = new Selection(need(root, ".selection"), base, this.rows, say, () => this.choosePoints([]));
    this.gestures = new Gestures(this.stage, this.camera, {
      hover: (x, y) => this.hover(x, y),
      leave: () => this.hover(NaN, NaN),
      choose: (x, y) => this.choose(x, y),
      lassoOn: () => this.pressed("lasso"),
      lassoBegin: (x, y) => this.lasso.begin(x, y),
      lassoMove: (x, y) => {
        this.lasso.add(x, y);
        this.redraw();
      },
      lassoEnd: () => this.lassoDone(this.lasso.end()),
      moved: () => this.lookAtCentre(),
    });
  }

  begin(): void {
    this.root.classList.add("ready");
    new ResizeObserver(() => this.resize()).observe(this.stage);
    this.resize();
    this.wireControls();
    this.dots.addEventListener("webglcontextlost", (event) => event.preventDefault());
    this.dots.addEventListener("webglcontextrestored", () => {
      this.points = new Points(this.dots, this.data.xy);
      this.paint();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.paint());
    this.paint();
    void this.colourBy(need<HTMLSelectElement>(this.root, "select[name=by]").value);
    if (this.data.fresh) notice(this.say("fresh", { count: this.data.fresh }));
  }

  private wireControls(): void {
    const { root, camera } = this;
    const centre = (): [number, number] => [camera.width / 2, camera.height / 2];
    const by = need<HTMLSelectElement>(root, "select[name=by]");
    by.addEventListener("change", () => void this.colourBy(by.value));
    need(root, "[data-do=in]").addEventListener("click", () => camera.zoomAt(...centre(), 1.6));
    need(root, "[data-do=out]").addEventListener("click", () => camera.zoomAt(...centre(), 1 / 1.6));
    need(root, "[data-do=fit]").addEventListener("click", () => camera.fit());
    need(root, "[data-do=view]").addEventListener("click", () => this.selectInView());
    for (const name of ["lasso", "pictures"]) {
      const button = need(root, `[data-do=${name}]`);
      button.addEventListener("click", () => {
        button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
        this.thumbs.shown = this.pressed("pictures");
        this.stage.classList.toggle("lassoing", this.pressed("lasso"));
        this.redraw();
      });
    }
    this.stage.addEventListener("keydown", (event) => this.key(event));
    need(root, ".card-over").addEventListener("filled", () => this.placeCard());
  }

  private key(event: KeyboardEvent): void {
    if (event.target !== this.stage || event.ctrlKey || event.metaKey || event.altKey) return;
    const others: Record<string, () => void> = {
      Enter: () => this.chooseCentre(),
      s: () => this.selectInView(),
      l: () => need(this.root, "[data-do=lasso]").click(),
      p: () => need(this.root, "[data-do=pictures]").click(),
      Escape: () => {
        this.card.hide();
        this.selection.clear();
        this.redraw();
      },
    };
    const other = others[event.key];
    if (other) other();
    else if (!this.gestures.key(event)) return;
    event.preventDefault();
  }

  private async colourBy(by: string): Promise<void> {
    try {
      this.colouring = by ? await this.fetchColours(by) : PLAIN;
    } catch (error) {
      notice(error instanceof Error ? error.message : String(error));
      this.colouring = PLAIN;
    }
    if (this.colouring.scale && this.colouring.scale.version !== this.data.version) {
      location.reload(); // the gallery changed under us: these colours belong to other points
      return;
    }
    this.legend.show(this.colouring);
    this.paint();
    need(this.root, ".coloured").textContent = by ? this.say("coloured", { by, values: this.legend.words() }) : "";
  }

  private async fetchColours(by: string): Promise<Colouring> {
    const url = `${this.base}/map/colour`;
    try {
      return await fetchColouring(url, by, this.data.count);
    } catch (error) {
      if (by !== "cluster" || !(error instanceof Refused) || error.status !== 409) throw error;
    }
    notice(this.say("clustering"), 60);
    await perform(`${this.base}/clusters/find`, { method: "hdbscan" }, `${this.base}/tasks`, () => undefined);
    notice(this.say("clustered"), 2);
    return await fetchColouring(url, by, this.data.count);
  }

  private paint(): void {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const plain = dark ? ([108, 199, 214] as const) : ([11, 93, 107] as const);
    this.points.paint(pointColours(this.colouring, this.data.count, plain), this.weights);
    this.weigh();
  }

  /** Which points stand out: those selected, or those of the legend's chosen value. */
  private weigh(): void {
    const { weights, colouring, legend, selected } = this;
    const someChosen = selected.size > 0 || legend.chosen >= 0;
    weights.fill(someChosen ? WEIGHT.faint : WEIGHT.plain);
    for (const i of selected) weights[i] = WEIGHT.marked;
    if (legend.chosen >= 0 && colouring.codes) {
      colouring.codes.forEach((code, i) => {
        if (code === legend.chosen && !selected.has(i)) weights[i] = WEIGHT.plain;
      });
    }
    this.points.weigh(weights);
    this.redraw();
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.stage;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    for (const canvas of [this.dots, this.over.canvas]) {
      canvas.width = Math.max(1, Math.round(width * ratio));
      canvas.height = Math.max(1, Math.round(height * ratio));
    }
    this.camera.resize(width, height);
  }

  private redraw(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.drawFrame();
    });
  }

  private drawFrame(): void {
    const { camera, over } = this;
    const size = Math.min(14, Math.max(2.2, 260 / Math.sqrt(this.data.count)) * Math.sqrt(camera.zoom));
    this.points.draw(camera, size);
    const ratio = over.canvas.width / camera.width;
    over.setTransform(ratio, 0, 0, ratio, 0, 0);
    over.clearRect(0, 0, camera.width, camera.height);
    const chosen = this.thumbs.choose(camera);
    this.thumbs.draw(over, camera, chosen);
    this.root.dataset.pictures = String(chosen.length);
    this.drawRing();
    this.lasso.draw(over, getComputedStyle(this.stage).color);
    this.placeCard();
  }

  private drawRing(): void {
    const i = this.places.get(this.card.id);
    if (i === undefined) return;
    const { over, camera } = this;
    over.beginPath();
    over.arc(camera.toScreenX(this.grid.x(i)), camera.toScreenY(this.grid.y(i)), 9, 0, 2 * Math.PI);
    over.lineWidth = 2.5;
    over.strokeStyle = getComputedStyle(this.stage).color;
    over.stroke();
  }

  private placeCard(): void {
    const i = this.places.get(this.card.id);
    if (i === undefined) return;
    const { camera, grid } = this;
    this.card.place(camera.toScreenX(grid.x(i)), camera.toScreenY(grid.y(i)), camera.width, camera.height);
  }

  private pressed(name: string): boolean {
    return need(this.root, `[data-do=${name}]`).getAttribute("aria-pressed") === "true";
  }

  private pointAt(px: number, py: number, reach = REACH): number {
    const { camera, grid } = this;
    return grid.nearest(camera.toWorldX(px), camera.toWorldY(py), reach / camera.scale);
  }

  private hover(px: number, py: number): void {
    if (this.card.isPinned || this.lasso.active) return;
    const i = Number.isNaN(px) ? -1 : this.pointAt(px, py, this.reachNow());
    if (i >= 0) this.card.show(this.data.ids[i]!);
    else this.card.hide();
    this.redraw();
  }

  private choose(px: number, py: number): void {
    const i = this.pointAt(px, py, this.reachNow() + 6);
    if (i >= 0) this.card.show(this.data.ids[i]!, { pinned: true, aloud: true });
    else this.card.hide();
    this.redraw();
  }

  /** Among pictures the pointer may be farther from their middles. */
  private reachNow(): number {
    return Number(this.root.dataset.pictures ?? 0) > 0 ? 36 : REACH;
  }

  private lookAtCentre(): void {
    window.clearTimeout(this.settled);
    this.settled = window.setTimeout(() => {
      if (this.card.isPinned) return;
      const i = this.pointAt(this.camera.width / 2, this.camera.height / 2, 60);
      this.card.hide();
      if (i >= 0) this.card.show(this.data.ids[i]!, { aloud: true });
      this.redraw();
    }, 250);
  }

  private chooseCentre(): void {
    window.clearTimeout(this.settled);
    const shown = this.places.get(this.card.id);
    const i = shown ?? this.pointAt(this.camera.width / 2, this.camera.height / 2, this.camera.width);
    if (i < 0) return;
    this.card.show(this.data.ids[i]!, { pinned: true, aloud: true });
    window.setTimeout(() => this.root.querySelector<HTMLElement>(".card-over a")?.focus(), 120);
    this.redraw();
  }

  private selectInView(): void {
    const { camera } = this;
    const [w, h] = [camera.width, camera.height];
    this.lassoDone([
      [0, 0],
      [w, 0],
      [w, h],
      [0, h],
    ]);
  }

  private lassoDone(path: Polygon): void {
    if (path.length) {
      const world = path.map(([x, y]) => [this.camera.toWorldX(x), this.camera.toWorldY(y)] as const);
      this.choosePoints(this.grid.inside(world));
    }
    this.redraw();
  }

  private choosePoints(chosen: readonly number[]): void {
    this.selected = new Set(chosen);
    this.card.hide();
    if (chosen.length) this.selection.set(chosen.map((i) => this.data.ids[i]!));
    else this.selection.set([]);
    need(this.root, ".live").textContent = this.say("selected", { count: chosen.length });
    this.weigh();
  }
}
