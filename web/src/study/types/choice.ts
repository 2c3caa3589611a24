/** kafc, 2afc and odd-one-out: a question, perhaps a picture to compare with, and pictures to choose from. */

import { h } from "../dom";
import { t, type Key } from "../language";
import type { TrialType } from "../protocol";
import { nextFrame } from "../timing";
import { firstAnswer } from "./respond";
import { SHIELD_MS, type Given, type Stage } from "./view";

const PROMPTS: Partial<Record<TrialType, Key>> = {
  kafc: "prompt_kafc",
  "2afc": "prompt_2afc",
  "odd-one-out": "prompt_odd",
};

export function optionButton(image: HTMLImageElement, number: number, total: number): HTMLButtonElement {
  return h(
    "button",
    { type: "button", class: "option", "aria-label": t("option", { n: number + 1, total }), "data-position": number },
    image,
    h("span", { class: "key", text: String(number + 1), "aria-hidden": "true" }),
  );
}

export async function choice(stage: Stage): Promise<Given> {
  const { element, trial, plan, options } = stage;
  const total = options.length;
  const buttons = options.map((image, number) => optionButton(image, number, total));
  const prompt = h("h1", { class: "prompt", tabindex: "-1", text: t(PROMPTS[trial.type] ?? "prompt_kafc") });
  for (const image of stage.fixed) image.alt = t("reference");
  const reference = stage.fixed.length > 0 ? h("div", { class: "reference" }, ...stage.fixed) : null;
  const keys = Array.from({ length: total }, (_, number) => number + 1).join(" ");
  element.append(
    h(
      "div",
      { class: "trial choice" },
      reference,
      prompt,
      h("div", { class: "options", role: "group", "aria-label": prompt.textContent, "data-count": total }, ...buttons),
      h("p", { class: "hint keyboard-only", text: t("keys_options", { keys }) }),
    ),
  );
  prompt.focus({ preventScroll: true });
  const shownAt = await nextFrame();
  stage.watch.start();
  const opensAt = shownAt + Math.max(SHIELD_MS, plan.timing?.min_response_ms ?? 0);
  const answerable = buttons.map((button, number) => ({ button, keys: number < 9 ? [String(number + 1)] : [] }));
  const { chosen, at } = await firstAnswer(answerable, opensAt);
  const responseMs = at - shownAt;
  return { response: { position: chosen }, responseMs, shownForMs: responseMs, chosen: buttons[chosen] ?? null };
}
