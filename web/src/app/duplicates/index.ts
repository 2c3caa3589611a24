/** The island of the duplicates' page: review by mouse, touch and keys; every decision is kept at once. */

import "../clusters/clusters.css";
import "./duplicates.css";
import { need } from "../map/dom";
import { type Say, textsOf } from "../map/texts";
import { notice } from "../notice";
import { ask, post } from "../server";
import { perform } from "../tasks";
import { Closer } from "./closer";
import { Group } from "./group";

interface Summary {
  groups: number;
  decided: number;
  open_exact: number;
  files: number;
  size: string;
  undo: number;
}

interface Changed {
  changed: Record<string, number[] | null>;
  summary: Summary;
}

interface Report {
  moved: number;
  restored: number;
  left: { name: string; reason: string }[];
}

export function start(root: HTMLElement): void {
  const desk = new Desk(root, textsOf(root));
  if (root.dataset.found === "0") void desk.look();
  else desk.begin();
}

class Desk {
  private readonly base: string;
  private readonly wanted: { kind?: string; threshold: number | null };
  private readonly groups: Group[];
  private readonly foot: HTMLElement | null;
  private closer: Closer | null = null;
  private summary: Summary | null = null;

  constructor(
    private readonly root: HTMLElement,
    private readonly say: Say,
  ) {
    this.base = root.dataset.base ?? "";
    const threshold = root.dataset.threshold;
    this.wanted = { kind: root.dataset.kind, threshold: threshold ? Number(threshold) : null };
    this.groups = [...root.querySelectorAll<HTMLElement>("[data-group]")].map((place) => new Group(place));
    this.foot = root.querySelector(".foot");
  }

  async look(): Promise<void> {
    const line = this.root.querySelector<HTMLElement>(".state p");
    try {
      await perform(`${this.base}/duplicates/find`, this.wanted, `${this.base}/tasks`, (task) => {
        if (line && task.seconds >= 1) line.textContent = this.say("working", { seconds: Math.round(task.seconds) });
      });
      location.reload();
    } catch (error) {
      if (line) line.textContent = wordsOf(error);
      this.root.querySelector(".state progress")?.remove();
      notice(wordsOf(error));
    }
  }

  begin(): void {
    this.closer = new Closer(need<HTMLDialogElement>(this.root, ".closer"), this.base, this.say);
    for (const group of this.groups) this.wire(group);
    const anew = this.root.querySelector<HTMLButtonElement>(".anew");
    anew?.addEventListener("click", () => {
      anew.disabled = true;
      notice(this.say("start"), 60);
      void this.look();
    });
    this.root.addEventListener("keydown", (event) => this.key(event));
    if (this.foot) this.wireFoot(this.foot);
  }

  private wire(group: Group): void {
    group.place.addEventListener("change", (event) => {
      if (group.allDropped()) {
        group.turn(Number((event.target as Element).closest<HTMLElement>("[data-id]")?.dataset.id), false);
        notice(this.say("one_stays"));
        return;
      }
      void this.decide(group, group.dropped());
    });
    need(group.place, ".accept").addEventListener("click", () => void this.decide(group, group.suggested));
    need(group.place, ".keep-all").addEventListener("click", () => void this.decide(group, []));
    group.place.querySelectorAll<HTMLElement>(".look").forEach((button, n) => {
      button.addEventListener("click", () => this.openCloser(group, n));
    });
  }

  private wireFoot(foot: HTMLElement): void {
    this.show(JSON.parse(foot.dataset.summary ?? "{}") as Summary);
    need(foot, ".undo").addEventListener("click", () => void this.undo());
    need(foot, ".accept-exact").addEventListener("click", () => {
      void this.send("accept", { ...this.wanted, what: "exact" });
    });
    const sure = need<HTMLDialogElement>(this.root, ".sure");
    foot.querySelector(".move")?.addEventListener("click", () => {
      const { files, size } = this.summary!;
      need(sure, "p").textContent = this.say("sure", { files, size });
      sure.showModal();
    });
    need(sure, ".no").addEventListener("click", () => sure.close());
    need(sure, ".yes").addEventListener("click", () => {
      sure.close();
      void this.move("apply");
    });
    foot.querySelector(".restore")?.addEventListener("click", () => void this.move("restore"));
    const told = sessionStorage.getItem("lookalike-moved");
    if (told) notice(told, 12);
    sessionStorage.removeItem("lookalike-moved");
  }

  private openCloser(group: Group, n: number): void {
    this.closer?.open(group, n, (id) => {
      const drop = !group.dropped().includes(id);
      this.toggle(group, id, drop);
    });
  }

  private toggle(group: Group, id: number, drop: boolean): void {
    group.turn(id, drop);
    if (group.allDropped()) {
      group.turn(id, false);
      notice(this.say("one_stays"));
      return;
    }
    void this.decide(group, group.dropped());
  }

  private key(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest("dialog, select, input:not([type=radio])")) return;
    const group = this.groups.find((one) => one.place.contains(target));
    const key = event.key.toLowerCase();
    if (key === "z" && (group || target.closest(".foot"))) void this.undo();
    else if (!group) return;
    else if (/^[1-9]$/.test(key)) {
      const id = group.ids[Number(key) - 1];
      if (id !== undefined) this.toggle(group, id, !group.dropped().includes(id));
    } else if (key === "a") void this.decide(group, group.suggested).then(() => this.step(group, 1));
    else if (key === "x") void this.decide(group, []).then(() => this.step(group, 1));
    else if (key === "j") this.step(group, 1);
    else if (key === "k") this.step(group, -1);
    else if (key === "v") this.openCloser(group, 0);
    else return;
    event.preventDefault();
  }

  private step(group: Group, by: 1 | -1): void {
    const next = this.groups[this.groups.indexOf(group) + by];
    const link = this.root.querySelector<HTMLElement>(by > 0 ? ".pager [rel=next]" : ".pager [rel=prev]");
    (next?.place ?? link ?? group.place).focus();
    next?.place.scrollIntoView({ block: "nearest" });
  }

  private async decide(group: Group, drop: readonly number[]): Promise<void> {
    await this.send("decide", { ...this.wanted, group: group.key, drop });
  }

  private async undo(): Promise<void> {
    const done = await this.send("undo", this.wanted);
    if (!done) return;
    const keys = Object.keys(done.changed);
    notice(this.say(keys.length ? "undone" : "nothing_to_undo"), 3);
    this.groups.find((one) => one.key === keys[0])?.place.focus();
  }

  private async send(what: string, body: unknown): Promise<Changed | null> {
    try {
      const done = await post<Changed>(`${this.base}/duplicates/${what}`, body);
      for (const group of this.groups) {
        const drop = done.changed[group.key];
        if (drop !== undefined) group.show(drop, this.say);
      }
      this.show(done.summary);
      return done;
    } catch (error) {
      notice(wordsOf(error));
      return null;
    }
  }

  private show(summary: Summary): void {
    if (!this.foot) return;
    this.summary = summary;
    need(this.foot, ".counts").textContent = this.say("counts", { ...summary });
    need<HTMLButtonElement>(this.foot, ".undo").disabled = !summary.undo;
    need<HTMLButtonElement>(this.foot, ".accept-exact").hidden = !summary.open_exact;
    const move = this.foot.querySelector<HTMLButtonElement>(".move");
    if (move) move.disabled = !summary.files;
  }

  private async move(what: "apply" | "restore"): Promise<void> {
    const place = need(this.foot!, ".counts");
    for (const button of this.foot!.querySelectorAll("button")) button.disabled = true;
    try {
      const body = what === "apply" ? this.wanted : {};
      await perform(`${this.base}/duplicates/${what}`, body, `${this.base}/tasks`, (task) => {
        place.textContent = this.say("moving", { seconds: Math.round(task.seconds) });
      });
      const report = await ask<Report>(`${this.base}/duplicates/report`);
      const words = [
        this.say(what === "apply" ? "moved" : "restored", { count: what === "apply" ? report.moved : report.restored }),
      ];
      const first = report.left[0];
      if (first) words.push(this.say("left", { count: report.left.length, name: first.name, reason: first.reason }));
      sessionStorage.setItem("lookalike-moved", words.join(" "));
      location.reload();
    } catch (error) {
      notice(wordsOf(error));
      for (const button of this.foot!.querySelectorAll("button")) button.disabled = false;
      if (this.summary) this.show(this.summary);
    }
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
