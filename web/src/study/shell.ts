/** What surrounds every screen: progress, the banner about the connection, announcements, a way to stop. */

import { h } from "./dom";
import { languageCode, languageName, rememberLanguage, t } from "./language";
import type { Trouble } from "./outbox";

export class Shell {
  readonly content = h("div", { id: "content", class: "content" });
  private readonly label = h("span", { class: "progress-label" });
  private readonly bar = h("progress", { class: "progress-bar", max: 1 });
  private readonly tools = h("div", { class: "tools" });
  private readonly banner = h("div", { class: "banner", role: "status", "aria-live": "polite", hidden: true });
  private readonly announcer = h("div", { class: "visually-hidden", role: "status", "aria-live": "polite" });
  private bannerTimer = 0;
  private inTrouble = false;
  private trouble: Trouble = { failures: 0, waiting: 0 };

  constructor(root: HTMLElement) {
    const header = h("header", { class: "header" }, h("div", { class: "progress" }, this.label, this.bar), this.tools);
    this.bar.hidden = true;
    root.replaceChildren(header, this.banner, this.content, this.announcer);
    root.classList.add("study");
    addEventListener("offline", () => this.connection(this.trouble));
    addEventListener("online", () => this.connection(this.trouble));
  }

  progress(label: string, done: number, total: number): void {
    this.label.textContent = label;
    this.bar.hidden = total === 0;
    this.bar.max = Math.max(total, 1);
    this.bar.value = done;
    this.bar.setAttribute("aria-label", label);
  }

  /** For people who hear the page: said once, in their reader's own time. */
  announce(text: string): void {
    this.announcer.textContent = "";
    this.announcer.textContent = text;
  }

  /** Tell about the connection: nothing while all goes well, the number of waiting answers when it does not. */
  connection(trouble: Trouble): void {
    this.trouble = trouble;
    const bad = !navigator.onLine || trouble.failures > 0;
    if (bad) {
      this.inTrouble = true;
      this.showBanner(trouble.waiting > 0 ? t("offline_count", { n: trouble.waiting }) : t("offline"), "bad");
    } else if (this.inTrouble && trouble.waiting === 0) {
      this.inTrouble = false;
      this.showBanner(t("reconnected"), "good", 4_000);
    }
  }

  notice(text: string): void {
    if (!this.inTrouble) this.showBanner(text, "plain", 4_000);
  }

  /** Offer other languages: before the session only, because answers belong to one language. */
  offerLanguages(languages: string[]): void {
    if (languages.length < 2) return;
    const select = h("select", { class: "select", "aria-label": t("language") });
    for (const language of languages) {
      const option = h("option", { value: language, text: languageName(language), lang: language });
      option.selected = language === languageCode();
      select.append(option);
    }
    select.addEventListener("change", () => {
      rememberLanguage(select.value);
      const address = new URL(location.href);
      address.searchParams.delete("lang");
      location.replace(address);
    });
    this.tools.replaceChildren(select);
  }

  /** A button that asks first, then lets the person stop. */
  offerWithdrawal(withdraw: () => void): void {
    const button = h("button", { type: "button", class: "link-button", text: t("withdraw") });
    button.addEventListener("click", () => this.confirmWithdrawal(withdraw));
    this.tools.replaceChildren(button);
  }

  clearTools(): void {
    this.tools.replaceChildren();
  }

  private confirmWithdrawal(withdraw: () => void): void {
    const dialog = h("dialog", { class: "dialog", "aria-labelledby": "withdraw-title" });
    const no = h("button", { type: "button", class: "button", text: t("withdraw_no"), on: { click: () => dialog.close() } });
    const yes = h("button", { type: "button", class: "button danger", text: t("withdraw_yes") });
    yes.addEventListener("click", () => {
      dialog.close();
      withdraw();
    });
    dialog.append(
      h("h2", { id: "withdraw-title", text: t("withdraw_title") }),
      h("p", { text: t("withdraw_text") }),
      h("div", { class: "row" }, no, yes),
    );
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }

  private showBanner(text: string, kind: "bad" | "good" | "plain", forMs = 0): void {
    clearTimeout(this.bannerTimer);
    this.banner.textContent = text;
    this.banner.dataset["kind"] = kind;
    this.banner.hidden = false;
    if (forMs > 0) this.bannerTimer = window.setTimeout(() => (this.banner.hidden = true), forMs);
  }
}
