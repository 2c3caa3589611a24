/** The participant's page: finds out who is here and where they were, then runs the session. */

import "./style.css";
import "./trial.css";
import { api, insist, RequestError, studyRoot, type SessionRequest } from "./api";
import { BackGuard } from "./history";
import { chooseLanguage, pick, t, useLanguage } from "./language";
import type { Outbox } from "./outbox";
import { Refused } from "./outbox";
import { device, isPreview, panelIds, personKey } from "./panel";
import type { Info, Plan } from "./protocol";
import { finalScreen } from "./screens";
import { Session } from "./session";
import { Shell } from "./shell";
import { forget, load, save } from "./storage";
import { Tab } from "./tabs";

const ids = panelIds();
const LONG_WAIT_MS = 30_000;
const FULL = 409; // as a status that trying again at once does not change
const RESTART = `lookalike:restart:${studyRoot()}`;
const VISIT = `lookalike:visit:${studyRoot()}:${personKey(ids)}`;

class Page {
  private readonly root = document.getElementById("study") ?? document.body.appendChild(document.createElement("main"));
  private readonly shell = new Shell(this.root);
  private readonly back = new BackGuard(() => this.shell.notice(t("use_buttons")));
  private readonly tab = new Tab(() => this.lost());
  private outbox: Outbox | null = null;
  private isOver = false;
  private info!: Info;
  private language = "en";

  async start(): Promise<void> {
    useLanguage(chooseLanguage(["en", "zh"]));
    const trouble = (failures: number): void => this.shell.connection({ failures, waiting: 0 });
    this.info = await insist(() => api.info(), trouble);
    this.language = chooseLanguage(this.info.languages);
    useLanguage(this.language, this.info.texts[this.language]?.ui);
    document.title = pick(this.info.title);
    if (await this.tab.isTaken()) await this.askForTab();
    this.tab.take();
    if (this.info.preview || isPreview(ids)) return this.preview();
    const earlier = await insist(() => this.earlier(), trouble);
    if (earlier?.language && earlier.language !== this.language && this.info.texts[earlier.language]) {
      this.language = earlier.language; // a session keeps the language it began in
      useLanguage(this.language, this.info.texts[this.language]?.ui);
    }
    if (!earlier) this.shell.offerLanguages(this.info.languages);
    addEventListener("beforeunload", (event) => this.warn(event));
    await this.run(earlier);
  }

  private async run(earlier: Plan | null): Promise<void> {
    const trouble = (failures: number): void => this.shell.connection({ failures, waiting: 0 });
    const session = new Session(
      this.info,
      this.shell,
      {
        begin: () => insist(() => this.begin(), trouble),
        onStarted: (outbox) => this.started(outbox),
        onError: (error) => this.failed(error),
        onFinished: () => this.finished(),
        end: {
          onLeave: () => this.finished(),
          onSomeoneElse: this.info.panel === "none" ? () => this.someoneElse() : null,
        },
      },
      earlier,
    );
    await session.run();
  }

  private request(consent: boolean): SessionRequest {
    return {
      panel: ids,
      language: this.language,
      device: device(),
      consent,
      viewport: { width: innerWidth, height: innerHeight },
      restart: consent && load(RESTART) === true,
    };
  }

  private async begin(): Promise<Plan> {
    const plan = await api.session(this.request(true)).catch((error: unknown) => {
      // A full study asks to come back in a minute or more: that is for the person to decide.
      const isFull = error instanceof RequestError && error.status === 503 && error.waitMs >= LONG_WAIT_MS;
      throw isFull ? new RequestError(error.message, FULL) : error;
    });
    save(VISIT, { session: plan.session });
    forget(RESTART);
    return plan;
  }

  /** The session that this browser began before, if the server still knows it. */
  private async earlier(): Promise<Plan | null> {
    if (!load(VISIT)) return null;
    try {
      return await api.session(this.request(false));
    } catch (error) {
      if (!(error instanceof RequestError) || error.passing) throw error;
      forget(VISIT); // it has ended, or belongs to somebody else: begin anew
      return null;
    }
  }

  private started(outbox: Outbox): void {
    this.outbox = outbox;
    this.back.start();
    this.shell.offerWithdrawal(() => void this.withdraw());
  }

  private async withdraw(): Promise<void> {
    this.isOver = true;
    this.outbox?.close();
    try {
      await insist(() => api.withdraw(), (failures) => this.shell.connection({ failures, waiting: 0 }));
    } catch (error) {
      return this.failed(error);
    }
    this.outbox?.discard();
    forget(VISIT);
    save(RESTART, true); // whoever agrees anew on this device begins anew
    this.end(t("withdrawn_title"), t("withdrawn"));
  }

  private finished(): void {
    this.isOver = true;
    this.back.stop();
  }

  /** In a laboratory the next person sits down at the same device: their visit is a new one. */
  private someoneElse(): void {
    forget(VISIT);
    save(RESTART, true);
    location.reload();
  }

  private preview(): void {
    const texts = this.info.texts[this.language];
    const text = document.createElement("div");
    text.className = "screen text";
    text.innerHTML = `${texts?.consent_html ?? ""}${texts?.instructions_html ?? ""}`;
    const note = document.createElement("p");
    note.className = "note";
    note.textContent = t("preview");
    text.prepend(note);
    this.shell.content.replaceChildren(text);
  }

  private askForTab(): Promise<void> {
    return new Promise((resolve) => {
      const action = (): void => {
        this.shell.content.replaceChildren();
        resolve();
      };
      finalScreen(this.shell.content, t("tab_taken_title"), t("tab_taken"), { text: t("go_on_here"), action });
    });
  }

  private lost(): void {
    this.isOver = true;
    this.outbox?.close();
    this.end(t("tab_lost_title"), t("tab_lost"), { text: t("go_on_here"), action: () => location.reload() });
  }

  private failed(error: unknown): void {
    if (this.isOver) return;
    const cause = error instanceof Refused ? error.cause : error;
    if (cause instanceof RequestError && cause.status === 409 && error instanceof Refused) {
      location.reload(); // the server has another answer already, and knows where to go on
      return;
    }
    const message = cause instanceof Error ? cause.message : String(cause);
    this.isOver = true;
    const status = cause instanceof RequestError ? cause.status : 0;
    if (status === 410) return this.end(t("session_over_title"), message);
    if (!this.outbox && status > 0) {
      return this.end(t("start_failed_title"), message, { text: t("retry"), action: () => location.reload() });
    }
    this.end(t("error_title"), t("error", { message }), { text: t("reload"), action: () => location.reload() });
  }

  /** Replace everything: what runs in the timeline may go on, but nobody sees it. */
  private end(title: string, text: string, button?: { text: string; action: () => void }): void {
    this.back.stop();
    this.shell.clearTools();
    const screen = document.createElement("div");
    screen.className = "content";
    this.shell.content.replaceWith(screen);
    finalScreen(screen, title, text, button);
  }

  private warn(event: BeforeUnloadEvent): void {
    if (!this.isOver && this.outbox && this.outbox.size > 0) event.preventDefault();
  }

  fatal(error: unknown): void {
    this.failed(error);
  }
}

const page = new Page();
page.start().catch((error: unknown) => page.fatal(error));
