/** rating: two pictures and a scale, as buttons where it has marks, else as a slider. */

import { h } from "../dom";
import { languageCode, t } from "../language";
import type { Scale } from "../protocol";
import { nextFrame, timeOf } from "../timing";
import { firstAnswer, type Answerable } from "./respond";
import { SHIELD_MS, type Given, type Stage } from "./view";

const MOST_KEYS = 9;

export function marksOf(scale: Scale): number[] {
  if (!scale.step) return [];
  const count = Math.round((scale.high - scale.low) / scale.step) + 1;
  return Array.from({ length: count }, (_, number) => Number((scale.low + number * scale.step).toFixed(6)));
}

function labelsOf(scale: Scale): string[] {
  const labels = scale.labels ?? {};
  return labels[languageCode()] ?? labels["en"] ?? Object.values(labels)[0] ?? [];
}

/** Keys of mark `number`: its own digit where marks are digits, else its place counted from 1. */
function keysOf(marks: number[], number: number): string[] {
  const digits = marks.every((mark) => Number.isInteger(mark) && mark >= 0 && mark <= 9);
  if (digits) return [String(marks[number])];
  return marks.length <= MOST_KEYS ? [String(number + 1)] : [];
}

function scaleButtons(marks: number[], names: string[]): Answerable[] {
  return marks.map((mark, number) => {
    const name = names.length === marks.length ? names[number] : number === 0 ? names[0] : undefined;
    const spoken = name ?? (number === marks.length - 1 ? names.at(-1) : undefined);
    const label = spoken && names.length !== marks.length ? `${mark}, ${spoken}` : (spoken ?? String(mark));
    const button = h("button", { type: "button", class: "mark", "aria-label": label, "data-value": mark });
    button.append(h("span", { class: "mark-number", text: String(mark) }));
    if (names.length === marks.length && names[number] !== String(mark)) {
      button.append(h("span", { class: "mark-name", text: names[number] ?? "" }));
    }
    return { button, keys: keysOf(marks, number) };
  });
}

function sliderAnswer(slider: HTMLInputElement, submit: HTMLButtonElement, opensAt: number): Promise<number> {
  return new Promise((resolve) => {
    const over = new AbortController();
    slider.addEventListener("input", () => (submit.disabled = false), { signal: over.signal });
    const give = (event: Event): void => {
      const at = timeOf(event);
      if (submit.disabled || at < opensAt) return;
      over.abort();
      resolve(at);
    };
    submit.addEventListener("click", give, { signal: over.signal });
    slider.addEventListener("keydown", (event) => event.key === "Enter" && give(event), { signal: over.signal });
  });
}

export async function rating(stage: Stage): Promise<Given> {
  const scale = stage.plan.scale ?? { low: 1, high: 7, step: 1 };
  const marks = marksOf(scale);
  const names = labelsOf(scale);
  const pictures = [...stage.fixed, ...stage.options];
  pictures.forEach((image, number) => (image.alt = number === 0 ? t("first_picture") : t("second_picture")));
  const prompt = h("h1", { class: "prompt", tabindex: "-1", text: t("prompt_rating") });
  const ends = h("div", { class: "scale-ends" }, h("span", { text: names[0] ?? "" }), h("span", { text: names.at(-1) ?? "" }));
  const choices = scaleButtons(marks, names);
  const slider = h("input", { type: "range", class: "slider", min: scale.low, max: scale.high, step: "any" });
  slider.setAttribute("aria-label", t("prompt_rating"));
  const submit = h("button", { type: "button", class: "button primary", text: t("continue"), disabled: true });
  const group = { class: "scale", role: "group", "aria-label": t("prompt_rating"), "data-count": marks.length };
  const answer = marks.length > 0 ? h("div", group, ...choices.map((choice) => choice.button)) : slider;
  const keys = choices.flatMap((choice) => choice.keys);
  element(stage, [
    h("div", { class: "pair" }, ...pictures),
    prompt,
    answer,
    names.length === marks.length && marks.length > 2 ? null : ends,
    marks.length > 0 ? null : h("div", { class: "row" }, submit),
    keys.length > 0 ? h("p", { class: "hint keyboard-only", text: t("keys_scale", { keys: keys.join(" ") }) }) : null,
  ]);
  prompt.focus({ preventScroll: true });
  const shownAt = await nextFrame();
  stage.watch.start();
  const opensAt = shownAt + Math.max(SHIELD_MS, stage.plan.timing?.min_response_ms ?? 0);
  if (marks.length === 0) {
    const at = await sliderAnswer(slider, submit, opensAt);
    return { response: { value: Number(slider.value) }, responseMs: at - shownAt, shownForMs: at - shownAt, chosen: submit };
  }
  const { chosen, at } = await firstAnswer(choices, opensAt);
  return {
    response: { value: marks[chosen] as number },
    responseMs: at - shownAt,
    shownForMs: at - shownAt,
    chosen: choices[chosen]?.button ?? null,
  };
}

function element(stage: Stage, parts: Array<HTMLElement | null>): void {
  stage.element.append(h("div", { class: "trial rating" }, ...parts));
}
