/** One trial from its pictures to its answer in the outbox. */

import { h } from "./dom";
import { optionsOf, type Feed } from "./feed";
import type { Pictures } from "./images";
import { t } from "./language";
import { makeNonce, type Outbox } from "./outbox";
import type { Ack, Answer, Plan, Trial, TrialType } from "./protocol";
import type { Shell } from "./shell";
import { nextFrame, Watch } from "./timing";
import { choice } from "./types/choice";
import { rating } from "./types/rating";
import { recallAndVote } from "./types/recall";
import { sameDifferent } from "./types/samedifferent";
import { type Given, type View } from "./types/view";

const VIEWS: Record<TrialType, View> = {
  kafc: choice,
  "2afc": choice,
  "odd-one-out": choice,
  "same-different": sameDifferent,
  rating,
  "recall-and-vote": recallAndVote,
};

const MARKED_MS = 140; // how long the chosen picture is seen marked
const FEEDBACK_MS = 400; // before the feedback of a practice trial can be passed

export interface TrialContext {
  plan: Plan;
  frameMs: number;
  pictures: Pictures;
  feed: Feed;
  outbox: Outbox;
  shell: Shell;
}

type Loaded = { fixed: HTMLImageElement[]; options: HTMLImageElement[] };

/** A spinner, but only if there is time to see one. */
export async function withSpinner<T>(element: HTMLElement, work: Promise<T>, text = t("loading")): Promise<T> {
  const spinner = h("p", { class: "loading", role: "status", text });
  const timer = setTimeout(() => element.append(spinner), 200);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    spinner.remove();
  }
}

/** Ask the person to try again; resolves when they do. */
function askToRetry(element: HTMLElement): Promise<void> {
  return new Promise((resolve) => {
    const button = h("button", { type: "button", class: "button primary", text: t("retry") });
    const box = h(
      "div",
      { class: "screen", role: "alert" },
      h("h1", { text: t("picture_failed_title") }),
      h("p", { text: t("picture_failed") }),
      button,
    );
    const again = (): void => {
      removeEventListener("online", again);
      box.remove();
      resolve();
    };
    button.addEventListener("click", again);
    addEventListener("online", again);
    element.append(box);
    button.focus();
  });
}

/** The trial's pictures, verified and decoded; a failure is shown, and tried again as often as the person wishes. */
async function loadPictures(element: HTMLElement, trial: Trial, pictures: Pictures): Promise<Loaded> {
  for (;;) {
    try {
      const work = Promise.all([pictures.elements(trial.fixed), pictures.elements(optionsOf(trial))]);
      const [fixed, options] = await withSpinner(element, work);
      return { fixed, options };
    } catch {
      await askToRetry(element);
    }
  }
}

function showProgress(shell: Shell, trial: Trial, total: number): void {
  const key = trial.kind === "practice" ? "progress_practice" : "progress";
  const label = t(key, { n: trial.index + 1, total });
  shell.progress(label, trial.index, total);
  shell.announce(label);
}

/** Whether the practice answer was right, until the person goes on. */
async function showFeedback(element: HTMLElement, right: boolean): Promise<void> {
  const button = h("button", { type: "button", class: "button primary", text: t("continue") });
  const verdict = h(
    "p",
    { class: `feedback ${right ? "is-right" : "is-wrong"}`, role: "status" },
    h("span", { class: "sign", text: right ? "✓" : "✗", "aria-hidden": "true" }),
    h("span", { text: t(right ? "right" : "wrong") }),
  );
  const box = h("div", { class: "feedback-box" }, verdict, button);
  element.append(box);
  button.focus();
  box.scrollIntoView({ block: "nearest" });
  const opensAt = performance.now() + FEEDBACK_MS;
  await new Promise<void>((resolve) => {
    button.addEventListener("click", () => performance.now() >= opensAt && resolve());
  });
}

function makeAnswer(trial: Trial, given: Given, watch: Watch, images: HTMLImageElement[]): Answer {
  const whole = images.every((image) => image.complete && image.naturalWidth > 0);
  return {
    index: trial.index,
    nonce: makeNonce(),
    ...given.response,
    response_time_ms: Math.round(given.responseMs * 10) / 10,
    timing: {
      ...watch.stop(),
      images_ok: whole,
      shown_for_ms: given.shownForMs === null ? null : Math.round(given.shownForMs * 10) / 10,
    },
  };
}

/** Show trial `index`, take its answer, hand it to the outbox. Resolves when the next trial may begin. */
export async function runTrial(element: HTMLElement, index: number, context: TrialContext): Promise<Answer> {
  const { plan, pictures, feed, outbox, shell, frameMs } = context;
  const trial = await withSpinner(element, feed.get(index));
  showProgress(shell, trial, plan.trials);
  const loaded = await loadPictures(element, trial, pictures);
  element.replaceChildren();
  scrollTo(0, 0);
  const watch = new Watch(frameMs);
  shell.content.dataset["trial"] = String(index);
  const given = await VIEWS[trial.type]({ element, trial, plan, ...loaded, frameMs, watch, pictures, feed });
  delete shell.content.dataset["trial"];
  const answer = makeAnswer(trial, given, watch, [...loaded.fixed, ...loaded.options]);
  const acknowledged = outbox.put(answer);
  // The session hears of a refusal through the outbox.
  acknowledged.then(() => feed.topUp(index + 1), () => undefined);
  given.chosen?.classList.add("is-chosen");
  for (const button of element.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
  if (trial.kind === "practice") await practiceFeedback(element, acknowledged, trial);
  else await markFor(MARKED_MS);
  feed.done(trial);
  return answer;
}

async function practiceFeedback(element: HTMLElement, acknowledged: Promise<Ack>, trial: Trial): Promise<void> {
  const ack = await withSpinner(element, acknowledged, t("sending"));
  if (ack.feedback !== null && trial.kind === "practice") await showFeedback(element, ack.feedback.right);
}

async function markFor(ms: number): Promise<void> {
  const until = performance.now() + ms;
  await Promise.race([
    new Promise((resolve) => setTimeout(resolve, ms + 200)), // frames stop while the page is hidden
    (async () => {
      while ((await nextFrame()) < until);
    })(),
  ]);
}
