/**
 * same-different: a cross, the first picture, a gap or a mask, the second picture, the answer. Durations are counted
 * in frames of the screen: a step ends with the frame that lies nearest to its stated end.
 */

import { h } from "../dom";
import { t } from "../language";
import { nextFrame } from "../timing";
import { firstAnswer, notForUs } from "./respond";
import { SHIELD_MS, type Given, type Stage } from "./view";

const GRAIN = 8; // pixels of the mask's squares
const SIDE = 256;

/** Grey squares of random brightness: the same statistics in every trial, nothing of either picture. */
function makeMask(): HTMLCanvasElement {
  const canvas = h("canvas", { class: "mask", width: SIDE, height: SIDE, "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  if (context) {
    for (let y = 0; y < SIDE; y += GRAIN) {
      for (let x = 0; x < SIDE; x += GRAIN) {
        const grey = Math.floor(Math.random() * 256);
        context.fillStyle = `rgb(${grey},${grey},${grey})`;
        context.fillRect(x, y, GRAIN, GRAIN);
      }
    }
  }
  return canvas;
}

class Box {
  readonly element: HTMLElement;

  constructor(private readonly layers: HTMLElement[]) {
    this.element = h("div", { class: "presentation", "aria-hidden": "true" }, ...layers);
    this.show(null);
  }

  show(layer: HTMLElement | null): void {
    for (const other of this.layers) other.classList.toggle("is-shown", other === layer);
  }
}

/** Show `layer` for `ms`; resolves with the times of its first frame and of the frame that ends it. */
async function present(box: Box, layer: HTMLElement | null, ms: number, frameMs: number): Promise<[number, number]> {
  box.show(layer);
  const begun = await nextFrame();
  let now = begun;
  while (now - begun < ms - frameMs / 2) now = await nextFrame();
  return [begun, now];
}

/** The person starts each timed trial: nobody should miss a picture while looking elsewhere. */
function ready(button: HTMLButtonElement): Promise<void> {
  return new Promise((resolve) => {
    const over = new AbortController();
    const opensAt = performance.now() + SHIELD_MS;
    const go = (): void => {
      if (performance.now() < opensAt) return;
      over.abort();
      resolve();
    };
    button.addEventListener("click", go, { signal: over.signal });
    document.addEventListener(
      "keydown",
      (event) => {
        if (notForUs(event) || event.key !== " " || event.target === button) return;
        event.preventDefault();
        go();
      },
      { signal: over.signal },
    );
  });
}

function answerButton(label: string, key: string, same: boolean): HTMLButtonElement {
  const hint = h("span", { class: "key", text: key, "aria-hidden": "true" });
  return h("button", { type: "button", class: "button answer", "data-same": String(same) }, h("span", { text: label }), hint);
}

export async function sameDifferent(stage: Stage): Promise<Given> {
  const timing = stage.plan.timing ?? {};
  const [first, second] = [...stage.fixed, ...stage.options] as [HTMLImageElement, HTMLImageElement];
  const cross = h("div", { class: "cross", text: "+" });
  const mask = timing.mask ? makeMask() : null;
  const box = new Box([cross, first, second, ...(mask ? [mask] : [])]);
  const prompt = h("h1", { class: "prompt", tabindex: "-1", text: t("prompt_same_watch") });
  const start = h("button", { type: "button", class: "button primary", text: t("start") });
  const same = answerButton(t("same"), t("same_key"), true);
  const different = answerButton(t("different"), t("different_key"), false);
  const answers = h("div", { class: "row answers", role: "group" }, start);
  const hint = h("p", { class: "hint keyboard-only", text: t("start_timed") });
  stage.element.append(h("div", { class: "trial same-different" }, prompt, box.element, answers, hint));
  prompt.focus({ preventScroll: true });
  await ready(start);

  start.classList.add("gone"); // keeps its place: nothing may move while pictures are shown
  stage.watch.start();
  if (timing.fixation_ms) await present(box, cross, timing.fixation_ms, stage.frameMs);
  const [begun, ended] = await present(box, first, timing.image_ms || 1000, stage.frameMs);
  if (timing.gap_ms) await present(box, mask, timing.gap_ms, stage.frameMs);

  prompt.textContent = t("prompt_same");
  hint.textContent = t("keys_same");
  answers.replaceChildren(same, different);
  box.show(second);
  const shownAt = await nextFrame();
  if (timing.second_ms) {
    const hide = async (until: number): Promise<void> => {
      let now = shownAt;
      while (now < until - stage.frameMs / 2) now = await nextFrame();
      box.show(null);
    };
    void hide(shownAt + timing.second_ms);
  }
  prompt.focus({ preventScroll: true });
  const opensAt = shownAt + (timing.min_response_ms ?? 0);
  const { chosen, at } = await firstAnswer(
    [
      { button: same, keys: [t("same_key").toLowerCase(), "1"] },
      { button: different, keys: [t("different_key").toLowerCase(), "2"] },
    ],
    opensAt,
  );
  const button = chosen === 0 ? same : different;
  return { response: { same: chosen === 0 }, responseMs: at - shownAt, shownForMs: ended - begun, chosen: button };
}
