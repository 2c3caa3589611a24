/** The map itself: canvases, legend, card, lasso and keys, kept together. */

import { notice } from "../notice";
import { Card } from "./card";
import { type Colouring, PLAIN, type Rgb } from "./colours";
import { readColours } from "./colour_by";
import type { MapPoints } from "./data";
import { need } from "./dom";
import { Gestures } from "./gestures";
import { Grid } from "./grid";
import { Legend } from "./legend";
import { Marks } from "./marks";
import { type Asked, Painter } from "./painter";
import { Pointing } from "./pointing";
import { Rows } from "./rows";
import { Selection } from "./selection";
import type { Say } from "./texts";
import { Thumbs } from "./thumbs";

const DOT: Rgb = [11, 93, 107];
const DOT_ON_DARK: Rgb = [108, 199, 214];

export class MapView {
  private readonly stage: HTMLElement;
  private readonly live: HTMLElement;
  private readonly grid: Grid;
  private readonly marks: Marks;
  private readonly thumbs: Thumbs;
  private readonly painter: Painter;
  private readonly pointing: Pointing;
  private readonly legend: Legend;
  private readonly selection: Selection;
  private readonly gestures: Gestures;
  private readonly dark = matchMedia("(prefers-color-scheme: dark)");
  private colouring: Colouring = PLAIN;
  private isLassoing = false;
  private asks = 0;

  /** Throws NoCanvas where the browser has nothing to draw on. */
  constructor(
    private readonly root: HTMLElement,
    private readonly base: string,
    private readonly data: MapPoints,
    private readonly say: Say,
    asked: Asked,
  ) {
    this.stage = need(root, ".stage");
    this.live = need(root, ".live");
    this.grid = new Grid(data.xy);
    this.marks = new Marks(data.count);
    this.thumbs = new Thumbs(`${base}/map/thumbs`, data.ids, this.grid, () => this.painter.touched());
    const [dots, over] = [need<HTMLCanvasElement>(root, ".dots"), need<HTMLCanvasElement>(root, ".over")];
    this.painter = new Painter(this.stage, dots, over, data.xy, this.grid, this.thumbs, asked, () => this.drawn());
    const rows = new Rows(`${base}/map/rows`);
    const card = new Card(need(root, ".card-over"), this.live, base, data.ids, rows, say);
    this.pointing = new Pointing(this.stage, this.painter, this.grid, this.thumbs, card);
    this.legend = new Legend(need(root, ".legend"), say, () => this.weigh());
    this.selection = new Selection(need(root, ".selection"), base, rows, say, () => this.select(new Uint32Array(0)));
    this.gestures = this.listen();
  }

  /** `first`: the colours that were asked for together with the points. */
  begin(first: Promise<Colouring>, by: string): void {
    this.root.classList.add("ready");
    this.root.dataset.way = this.painter.kind;
    new ResizeObserver(() => this.resize()).observe(this.stage);
    this.resize();
    this.wireControls();
    this.dark.addEventListener("change", () => this.paint());
    this.paint();
    void this.colourBy(by, first);
    if (this.data.fresh) notice(this.say("fresh", { count: this.data.fresh }));
  }

  private listen(): Gestures {
    const { painter, pointing } = this;
    const { lasso } = painter;
    return new Gestures(this.stage, painter.camera, {
      hover: (x, y) => pointing.hover(x, y),
      leave: () => pointing.hover(NaN, NaN),
      choose: (x, y) => pointing.choose(x, y),
      lassoOn: () => this.isLassoing,
      lassoBegin: (x, y) => lasso.begin(x, y),
      lassoMove: (x, y) => {
        lasso.add(x, y);
        painter.touched();
      },
      lassoEnd: () => this.encircle(lasso.end()),
      moved: () => pointing.lookAtCentre(),
    });
  }

  private wireControls(): void {
    const { root } = this;
    const { camera } = this.painter;
    const zoom = (factor: number): void => camera.zoomAt(camera.width / 2, camera.height / 2, factor);
    const by = need<HTMLSelectElement>(root, "select[name=by]");
    by.addEventListener("change", () => void this.colourBy(by.value));
    need(root, "[data-do=in]").addEventListener("click", () => zoom(1.6));
    need(root, "[data-do=out]").addEventListener("click", () => zoom(1 / 1.6));
    need(root, "[data-do=fit]").addEventListener("click", () => camera.fit());
    need(root, "[data-do=view]").addEventListener("click", () => this.selectInView());
    this.toggle("lasso", (isOn) => {
      this.isLassoing = isOn;
      this.stage.classList.toggle("lassoing", isOn);
    });
    this.toggle("pictures", (isOn) => {
      this.thumbs.shown = isOn;
      this.painter.touched();
    });
    this.stage.addEventListener("keydown", (event) => this.key(event));
    need(root, ".card-over").addEventListener("filled", () => this.pointing.place());
    need(root, ".card-over").addEventListener("closed", () => this.pointing.follow());
  }

  private toggle(name: string, turned: (isOn: boolean) => void): void {
    const button = need(this.root, `[data-do=${name}]`);
    button.addEventListener("click", () => {
      const isOn = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(isOn));
      turned(isOn);
    });
  }

  private key(event: KeyboardEvent): void {
    if (event.target !== this.stage || event.ctrlKey || event.metaKey || event.altKey) return;
    const others: Record<string, () => void> = {
      Enter: () => this.pointing.chooseCentre(),
      s: () => this.selectInView(),
      l: () => need(this.root, "[data-do=lasso]").click(),
      p: () => need(this.root, "[data-do=pictures]").click(),
      Escape: () => {
        this.pointing.drop();
        this.selection.clear();
      },
    };
    const other = others[event.key];
    if (other) other();
    else if (!this.gestures.key(event)) return;
    event.preventDefault();
  }

  private async colourBy(by: string, asked?: Promise<Colouring>): Promise<void> {
    const ask = ++this.asks;
    let colouring = PLAIN;
    try {
      colouring = await (asked ?? readColours(this.base, by, this.say));
    } catch (error) {
      notice(error instanceof Error ? error.message : String(error));
    }
    if (ask !== this.asks) return; // another colouring was chosen meanwhile
    if (colouring.scale && colouring.scale.version !== this.data.version) {
      location.reload(); // the gallery changed under us: these colours belong to other points
      return;
    }
    this.colouring = colouring;
    this.legend.show(colouring);
    this.paint();
    need(this.root, ".coloured").textContent = by ? this.say("coloured", { by, values: this.legend.words() }) : "";
  }

  private paint(): void {
    this.marks.colour(this.colouring, this.dark.matches ? DOT_ON_DARK : DOT);
    this.weigh();
  }

  private weigh(): void {
    this.marks.weigh(this.legend.chosen);
    this.painter.paint(this.marks.colours, this.marks.selected);
  }

  private resize(): void {
    this.painter.resize(this.stage.clientWidth, this.stage.clientHeight);
  }

  /** After each frame; attributes are set when they change, as each setting makes the browser look for styles. */
  private drawn(): void {
    const { dataset } = this.root;
    const pictures = String(this.thumbs.count);
    if (dataset.pictures !== pictures) dataset.pictures = pictures;
    const shown = this.painter.isComplete ? "all" : "some";
    if (dataset.shown !== shown) dataset.shown = shown;
    this.pointing.place();
  }

  private selectInView(): void {
    const { width, height } = this.painter.camera;
    this.encircle(Float32Array.of(0, 0, width, 0, width, height, 0, height));
  }

  /** Choose what lies inside a line of screen pixels. */
  private encircle(path: Float32Array): void {
    const { camera } = this.painter;
    for (let k = 0; k < path.length; k += 2) {
      path[k] = camera.toWorldX(path[k]!);
      path[k + 1] = camera.toWorldY(path[k + 1]!);
    }
    if (path.length) this.select(this.grid.inside(path));
    this.painter.touched();
  }

  private select(chosen: Uint32Array): void {
    this.marks.selected = chosen;
    this.pointing.drop();
    this.selection.set(Array.from(chosen, (i) => this.data.ids[i]!));
    this.live.textContent = this.say("selected", { count: chosen.length });
    this.weigh();
  }
}
