/** recall-and-vote: propose a look-alike from a gallery that can be searched, or vote on what another proposed. */

import { api, insist, RequestError } from "../api";
import { h } from "../dom";
import { t } from "../language";
import type { Candidate } from "../protocol";
import { nextFrame, timeOf } from "../timing";
import { firstAnswer } from "./respond";
import { SHIELD_MS, type Given, type Stage } from "./view";

const MOST_WORDS = 500;

async function vote(stage: Stage): Promise<Given> {
  const pictures = stage.fixed;
  pictures.forEach((image, number) => (image.alt = number === 0 ? t("reference") : t("proposal")));
  const prompt = h("h1", { class: "prompt", tabindex: "-1", text: t("prompt_vote") });
  const make = (text: string, value: number, sign: string, key: string): HTMLButtonElement =>
    h(
      "button",
      { type: "button", class: "button answer", "data-value": value },
      h("span", { class: "sign", text: sign, "aria-hidden": "true" }),
      h("span", { text }),
      h("span", { class: "key", text: key, "aria-hidden": "true" }),
    );
  const up = make(t("vote_up"), 1, "▲", "1");
  const down = make(t("vote_down"), -1, "▼", "2");
  const answers = h("div", { class: "row answers", role: "group", "aria-label": t("prompt_vote") }, up, down);
  stage.element.append(h("div", { class: "trial vote" }, h("div", { class: "pair" }, ...pictures), prompt, answers));
  prompt.focus({ preventScroll: true });
  const shownAt = await nextFrame();
  stage.watch.start();
  const opensAt = shownAt + Math.max(SHIELD_MS, stage.plan.timing?.min_response_ms ?? 0);
  const { chosen, at } = await firstAnswer(
    [
      { button: up, keys: ["1", "y"] },
      { button: down, keys: ["2", "n"] },
    ],
    opensAt,
  );
  const ms = at - shownAt;
  return { response: { value: chosen === 0 ? 1 : -1 }, responseMs: ms, shownForMs: ms, chosen: chosen === 0 ? up : down };
}

/** The search field, its results, and what is chosen among them. */
class Gallery {
  readonly field = h("input", { type: "search", class: "field", maxlength: MOST_WORDS, id: "gallery-search" });
  readonly propose = h("button", { type: "button", class: "button primary", text: t("propose"), disabled: true });
  readonly words = h("button", { type: "button", class: "button", hidden: true });
  readonly results = h("div", { class: "gallery", role: "group", "aria-label": t("search_label") });
  readonly said = h("p", { class: "hint", role: "status", "aria-live": "polite" });
  chosen: { position: number; button: HTMLElement } | null = null;
  private asked = 0;

  constructor(private readonly trial: number) {
    this.field.addEventListener("input", () => this.offerWords());
  }

  form(): HTMLFormElement {
    const label = h("label", { class: "label", for: "gallery-search", text: t("search_label") });
    const button = h("button", { type: "submit", class: "button", text: t("search") });
    const form = h("form", { class: "search", role: "search" }, label, h("div", { class: "row" }, this.field, button));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.search();
    });
    return form;
  }

  async search(): Promise<void> {
    const mine = ++this.asked;
    const query = this.field.value.trim();
    this.said.textContent = t("loading");
    let found: Candidate[];
    try {
      found = await insist(() => api.gallery(this.trial, query), () => undefined);
    } catch (error) {
      if (mine === this.asked) this.said.textContent = error instanceof RequestError ? error.message : String(error);
      return;
    }
    if (mine !== this.asked) return; // a later search has overtaken this one
    this.chosen = null;
    this.propose.disabled = true;
    this.said.textContent = found.length > 0 ? t("search_results", { n: found.length }) : t("search_none");
    this.results.replaceChildren(...found.map((picture, number) => this.entry(picture, number, found.length)));
  }

  private entry(picture: Candidate, number: number, total: number): HTMLElement {
    const image = h("img", { src: picture.url, alt: "", width: picture.width, height: picture.height, loading: "lazy" });
    const label = t("option", { n: number + 1, total });
    const button = h("button", { type: "button", class: "option", "aria-label": label, "aria-pressed": "false" }, image);
    button.addEventListener("click", () => {
      this.chosen?.button.setAttribute("aria-pressed", "false");
      button.setAttribute("aria-pressed", "true");
      this.chosen = { position: picture.position, button };
      this.propose.disabled = false;
    });
    return button;
  }

  private offerWords(): void {
    const words = this.field.value.trim();
    this.words.hidden = words === "";
    this.words.textContent = t("propose_words", { words: words.slice(0, 60) });
  }
}

function proposal(gallery: Gallery, opensAt: number): Promise<{ response: Given["response"]; at: number }> {
  return new Promise((resolve) => {
    const over = new AbortController();
    const give = (response: Given["response"], event: Event): void => {
      const at = timeOf(event);
      if (at < opensAt) return;
      over.abort();
      resolve({ response, at });
    };
    const { signal } = over;
    gallery.propose.addEventListener(
      "click",
      (event) => gallery.chosen && give({ position: gallery.chosen.position }, event),
      { signal },
    );
    gallery.words.addEventListener("click", (event) => give({ text: gallery.field.value.trim() }, event), { signal });
  });
}

async function recall(stage: Stage): Promise<Given> {
  for (const image of stage.fixed) image.alt = t("reference");
  const prompt = h("h1", { class: "prompt", tabindex: "-1", text: t("prompt_recall") });
  const gallery = new Gallery(stage.trial.index);
  const send = h("div", { class: "row sticky" }, gallery.propose, gallery.words);
  const reference = h("div", { class: "reference" }, ...stage.fixed);
  stage.element.append(
    h("div", { class: "trial recall" }, reference, prompt, gallery.form(), gallery.said, gallery.results, send),
  );
  prompt.focus({ preventScroll: true });
  const shownAt = await nextFrame();
  stage.watch.start();
  void gallery.search();
  const opensAt = shownAt + Math.max(SHIELD_MS, stage.plan.timing?.min_response_ms ?? 0);
  const { response, at } = await proposal(gallery, opensAt);
  return { response, responseMs: at - shownAt, shownForMs: at - shownAt, chosen: gallery.chosen?.button ?? null };
}

export const recallAndVote = (stage: Stage): Promise<Given> =>
  stage.fixed.length === 2 ? vote(stage) : recall(stage);
