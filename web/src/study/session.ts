/** The course of a session as a jsPsych timeline: consent, instructions, practice, trials, breaks, questions, the end. */

import BrowserCheck from "@jspsych/plugin-browser-check";
import Fullscreen from "@jspsych/plugin-fullscreen";
import { initJsPsych, type JsPsych } from "jspsych";
import { api, insist } from "./api";
import { completionBox, type EndActions } from "./completion";
import { h, escapeHtml } from "./dom";
import { Feed, picturesOf } from "./feed";
import { Pictures } from "./images";
import { languageCode, t } from "./language";
import { Outbox } from "./outbox";
import { StepPlugin } from "./plugin";
import type { Info, LanguageTexts, Plan } from "./protocol";
import { questionForm, type QuestionAnswers } from "./questions";
import { buttonScreen, finalScreen, focusStart, instructionPages } from "./screens";
import type { Shell } from "./shell";
import { measureFrame, nextFrame } from "./timing";
import { runTrial, withSpinner } from "./trial";

const PRELOADED = 5; // trials whose pictures are there before the first begins

type Node = Record<string, unknown>;

export interface SessionHooks {
  /** Makes (or finds) the session on the server. */
  begin: () => Promise<Plan>;
  onStarted: (outbox: Outbox) => void;
  onError: (error: unknown) => void;
  /** The server has everything. */
  onFinished: () => void;
  end: EndActions;
}

export class Session {
  private readonly jsPsych: JsPsych;
  private readonly texts: LanguageTexts;
  private readonly pictures = new Pictures();
  private plan!: Plan;
  private outbox!: Outbox;
  private feed!: Feed;
  private frameMs = 1000 / 60;
  private index = 0;
  private wasPractice = false;
  private lastBreak = -1;
  private declined = false;
  private answersToQuestions: QuestionAnswers = {};

  constructor(
    private readonly info: Info,
    private readonly shell: Shell,
    private readonly hooks: SessionHooks,
    /** The session of an earlier visit; null: consent comes first. */
    private readonly earlier: Plan | null,
  ) {
    this.texts = info.texts[languageCode()] ?? (Object.values(info.texts)[0] as LanguageTexts);
    this.jsPsych = initJsPsych({ display_element: shell.content, override_safe_mode: true });
  }

  async run(): Promise<void> {
    const timeline = [
      ...(this.earlier ? [] : this.consent()),
      this.step((element) => this.begin(element)),
      {
        timeline: [
          ...this.checks(),
          this.when(() => this.plan.show_instructions && !this.areTrialsOver(), this.instructions()),
          this.when(() => this.earlier !== null && !this.plan.show_instructions && !this.areTrialsOver(), this.welcomeBack()),
          this.step((element) => this.preload(element)),
          this.trials(),
          this.when(() => this.info.questions.length > 0 && this.plan.phase !== "done", this.questions()),
          this.step((element) => this.finish(element)),
        ],
        conditional_function: () => !this.declined,
      },
    ];
    const over = this.jsPsych.run(timeline as never);
    await nextFrame();
    this.shell.content.tabIndex = -1; // jsPsych makes its container a stop of the Tab key, which has nothing to say
    await over;
  }

  /** A step whose errors end the session with a message instead of vanishing. */
  private step(run: (element: HTMLElement) => Promise<unknown>): Node {
    const guarded = (element: HTMLElement): Promise<unknown> =>
      run(element).catch((error: unknown) => {
        this.hooks.onError(error);
        throw error;
      });
    return { type: StepPlugin, run: guarded };
  }

  private when(condition: () => boolean, ...timeline: Node[]): Node {
    return { timeline, conditional_function: condition };
  }

  private consent(): Node[] {
    return [
      buttonScreen({
        html: this.texts.consent_html,
        title: t("consent_title"),
        buttons: [t("agree"), t("decline")],
        onChoice: (choice) => (this.declined = choice === 1),
      }),
      this.when(() => this.declined, this.step(async () => finalScreen(this.shell.content, t("declined_title"), t("declined")))),
    ];
  }

  private async begin(element: HTMLElement): Promise<void> {
    if (this.declined) return;
    this.shell.clearTools();
    this.plan = this.earlier ?? (await withSpinner(element, this.hooks.begin()));
    this.outbox = new Outbox(this.plan.session, (trouble) => this.shell.connection(trouble));
    this.feed = new Feed(this.plan.trials, this.pictures, (failures) =>
      this.shell.connection({ failures, waiting: this.outbox.size }),
    );
    this.index = this.outbox.nextAfter(this.plan.next);
    this.wasPractice = this.plan.phase === "practice";
    this.hooks.onStarted(this.outbox);
    await withSpinner(element, this.outbox.flush(), t("sending")); // from before a reload
    if (!this.areTrialsOver()) void this.feed.get(this.index).catch(() => undefined);
    this.frameMs = await measureFrame();
  }

  private areTrialsOver(): boolean {
    return this.index >= this.plan.trials;
  }

  private checks(): Node[] {
    const { fullscreen, min_width: minWidth } = this.info.needs ?? {};
    const check = {
      type: BrowserCheck,
      skip_features: ["webcam", "microphone", "webaudio", "vsync_rate"],
      minimum_width: minWidth ?? 0,
      window_resize_message: `<p>${escapeHtml(t("too_narrow"))}</p>`,
      resize_fail_button_text: t("too_narrow_button"),
      exclusion_message: () => `<div class="screen text"><h1>${escapeHtml(t("excluded"))}</h1></div>`,
    };
    const full = {
      type: Fullscreen,
      fullscreen_mode: true,
      message: `<div class="screen text"><p>${escapeHtml(t("fullscreen"))}</p></div>`,
      button_label: t("fullscreen_button"),
    };
    return [this.when(() => !this.areTrialsOver(), check), this.when(() => Boolean(fullscreen) && document.fullscreenEnabled && !this.areTrialsOver(), full)];
  }

  private instructions(): Node {
    return instructionPages(this.texts.instructions_html, t("begin"));
  }

  private welcomeBack(): Node {
    return this.step(async (element) => {
      const text = t("welcome_back", { n: this.index + 1, total: this.plan.trials });
      await this.message(element, t("welcome_back_title"), text);
    });
  }

  /** A heading, a sentence, and a button to go on. */
  private async message(element: HTMLElement, title: string, text: string): Promise<void> {
    const button = h("button", { type: "button", class: "button primary", text: t("continue") });
    element.replaceChildren(h("div", { class: "screen text" }, h("h1", { text: title }), h("p", { text }), button));
    focusStart();
    await new Promise((resolve) => button.addEventListener("click", resolve, { once: true }));
    element.replaceChildren();
  }

  /** Have the first pictures before the first trial; one that fails is asked for again in its trial. */
  private async preload(element: HTMLElement): Promise<void> {
    if (this.areTrialsOver()) return;
    await withSpinner(element, this.feed.get(this.index));
    const upTo = Math.min(this.index + PRELOADED, this.plan.trials);
    const trials = this.feed.ready(this.index, upTo);
    const wanted = trials.flatMap(picturesOf);
    const bar = h("progress", { max: wanted.length, value: 0 });
    const label = h("p", { class: "loading", role: "status" });
    const timer = setTimeout(() => element.append(label, bar), 200);
    let done = 0;
    const count = (): void => {
      done += 1;
      bar.value = done;
      label.textContent = t("loading_pictures", { done, total: wanted.length });
    };
    await Promise.all(wanted.map((picture) => this.pictures.get(picture).then(count, count)));
    clearTimeout(timer);
    element.replaceChildren();
  }

  private trials(): Node {
    const one = this.step((element) => this.trial(element));
    return {
      timeline: [this.when(() => this.isBreakDue(), this.step((element) => this.pauseNow(element))), one],
      conditional_function: () => !this.areTrialsOver(),
      loop_function: () => !this.areTrialsOver(),
    };
  }

  private isBreakDue(): boolean {
    return this.plan.breaks.includes(this.index) && this.lastBreak !== this.index && this.index > 0;
  }

  private async pauseNow(element: HTMLElement): Promise<void> {
    this.lastBreak = this.index;
    this.shell.progress("", this.index, this.plan.trials);
    await this.message(element, t("break_title"), t("break", { n: this.index, total: this.plan.trials }));
  }

  private async trial(element: HTMLElement): Promise<void> {
    const next = await withSpinner(element, this.feed.get(this.index));
    if (this.wasPractice && next.kind === "trial" && this.index > 0) {
      await this.message(element, t("practice_over_title"), t("practice_over"));
    }
    this.wasPractice = next.kind === "practice";
    const { plan, feed, outbox, pictures, shell, frameMs } = this;
    await runTrial(element, this.index, { plan, feed, outbox, pictures, shell, frameMs });
    this.index += 1;
  }

  private questions(): Node {
    const form = questionForm(this.info.questions, (answers) => (this.answersToQuestions = answers));
    const send = this.step(async (element) => {
      const trouble = (failures: number): void => this.shell.connection({ failures, waiting: this.outbox.size });
      await withSpinner(element, this.outbox.flush(), t("sending"));
      await withSpinner(element, insist(() => api.questions(this.answersToQuestions), trouble), t("sending"));
    });
    return { timeline: [form, send], on_timeline_start: () => this.shell.progress("", this.plan.trials, this.plan.trials) };
  }

  /** The server has everything, and says so, before anyone is sent anywhere. */
  private async finish(element: HTMLElement): Promise<void> {
    const trouble = (failures: number): void => this.shell.connection({ failures, waiting: this.outbox.size });
    await withSpinner(element, this.outbox.flush(), t("sending"));
    const completion = await withSpinner(element, insist(() => api.finish(), trouble), t("sending"));
    this.shell.clearTools();
    this.shell.progress("", 0, 0);
    if (document.fullscreenElement) void document.exitFullscreen().catch(() => undefined);
    const text = h("div", { class: "screen text" });
    text.innerHTML = this.texts.debriefing_html; // Markdown that the server has rendered without any markup of its own
    if (!text.querySelector("h1")) text.prepend(h("h1", { text: t("debriefing_title") }));
    text.append(completionBox(completion, this.hooks.end));
    element.replaceChildren(text);
    focusStart();
    this.hooks.onFinished();
    await new Promise(() => undefined); // the timeline ends here: this screen stays
  }
}
