/** The images inside the lasso: thumbnails with links, a search by several of them, a list to save. */

import { el, need } from "./dom";
import type { Rows } from "./rows";
import { type Say, numberText } from "./texts";

const SHOWN = 60;
/** A search takes so many images at most. */
const SEARCHED = 20;

export class Selection {
  private ids: number[] = [];
  private readonly list: HTMLElement;
  private limit = SHOWN;

  constructor(
    private readonly root: HTMLElement,
    private readonly base: string,
    private readonly rows: Rows,
    private readonly say: Say,
    private readonly cleared: () => void,
  ) {
    this.list = need(root, "ul");
    need(root, ".clear").addEventListener("click", () => this.clear());
    need(root, ".save").addEventListener("click", () => void this.save());
    need(root, ".more").addEventListener("click", () => {
      this.limit += SHOWN;
      void this.draw();
    });
  }

  set(ids: number[]): void {
    this.ids = ids;
    this.limit = SHOWN;
    this.root.hidden = !ids.length;
    need(this.root, "h2").textContent = this.say("selected", { count: ids.length });
    const some = spread(this.ids, SEARCHED);
    const search = need<HTMLAnchorElement>(this.root, ".search");
    search.href = `${this.base}?${some.map((id) => `like=${id}`).join("&")}`;
    search.textContent = this.say(some.length < ids.length ? "search_some" : "search_these", { count: some.length });
    void this.draw();
  }

  clear(): void {
    if (!this.ids.length) return;
    this.set([]);
    this.cleared();
  }

  private async draw(): Promise<void> {
    const shown = this.ids.slice(0, this.limit);
    const rows = await this.rows.get(shown).catch(() => []);
    if (shown[0] !== this.ids[0] || !this.root.isConnected) return;
    this.list.replaceChildren(
      ...rows.map((row) =>
        el(
          "li",
          {},
          el(
            "a",
            { href: `${this.base}?like=${row.id}`, title: row.name },
            el("img", { src: `${this.base}/image/${row.id}?size=thumb`, alt: row.name, loading: "lazy" }),
          ),
        ),
      ),
    );
    const more = need<HTMLButtonElement>(this.root, ".more");
    more.hidden = this.ids.length <= this.limit;
    more.textContent = this.say("show_more", { count: Math.min(SHOWN, this.ids.length - this.limit) });
  }

  private async save(): Promise<void> {
    const rows = await this.rows.get(this.ids).catch(() => []);
    const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    const lines = rows.map((row) => [String(row.id), quoted(row.place), quoted(row.label)].join(","));
    const url = URL.createObjectURL(new Blob([`id,path,label\n${lines.join("\n")}\n`], { type: "text/csv" }));
    el("a", { href: url, download: `selection-${numberText(rows.length)}.csv` }).click();
    window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }
}

/** Up to `most` of the ids, evenly spread over the list. */
function spread(ids: readonly number[], most: number): number[] {
  const step = Math.max(1, ids.length / most);
  return Array.from({ length: Math.min(most, ids.length) }, (_, n) => ids[Math.floor(n * step)]!);
}
