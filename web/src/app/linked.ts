/** Two images whose parts know each other: point at, focus or hold a part of one, and its partners in the other light up. */

type Partners = [cell: number, share: number][];
type Links = Record<"a" | "b", Partners[]>;
interface Words {
  nothing: string;
  matches: string;
  place: string;
}

const STEPS: Record<string, [rows: number, columns: number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

export function start(root: HTMLElement): void {
  for (const pair of root.querySelectorAll<HTMLElement>(".pair-maps[data-links]")) link(pair);
}

function link(pair: HTMLElement): void {
  const links = JSON.parse(pair.dataset.links ?? "{}") as Links;
  const words = JSON.parse(pair.dataset.words ?? "{}") as Words;
  const said = pair.parentElement?.querySelector<HTMLElement>(".link-said") ?? null;
  let held: SVGElement | null = null;

  const cellOf = (target: EventTarget | null): SVGElement | null =>
    target instanceof SVGElement && target.matches(".cell") ? target : null;

  function show(cell: SVGElement | null): void {
    for (const lit of pair.querySelectorAll<SVGElement>(".lit, .source")) {
      lit.classList.remove("lit", "source");
      lit.setAttribute("fill-opacity", lit.dataset.opacity ?? "0");
    }
    pair.classList.toggle("dimmed", cell !== null);
    if (said) said.textContent = cell ? describe(cell) : "";
    if (!cell) return;
    cell.classList.add("source");
    cell.dataset.opacity ??= cell.getAttribute("fill-opacity") ?? "0";
    for (const [partner, share] of partners(cell)) {
      partner.dataset.opacity ??= partner.getAttribute("fill-opacity") ?? "0";
      partner.classList.add("lit");
      partner.setAttribute("fill-opacity", `${(0.2 + 0.55 * share).toFixed(2)}`);
    }
  }

  function side(cell: SVGElement): "a" | "b" {
    return cell.closest<SVGElement>("svg")?.dataset.side === "b" ? "b" : "a";
  }

  function partners(cell: SVGElement): [SVGElement, number][] {
    const other = side(cell) === "a" ? "b" : "a";
    const found: [SVGElement, number][] = [];
    for (const [number, share] of links[side(cell)][Number(cell.dataset.cell)] ?? []) {
      const partner = pair.querySelector<SVGElement>(`svg[data-side=${other}] [data-cell="${number}"]`);
      if (partner) found.push([partner, share]);
    }
    return found;
  }

  function describe(cell: SVGElement): string {
    const places = partners(cell).map(([one]) => fill(words.place, { ...one.dataset }));
    if (!places.length) return words.nothing;
    const mine = side(cell);
    const values = { ...cell.dataset, side: mine.toUpperCase(), other: mine === "a" ? "B" : "A" };
    return fill(words.matches, { ...values, places: places.join("; ") });
  }

  function hold(cell: SVGElement | null): void {
    held?.setAttribute("aria-pressed", "false");
    held = cell === held ? null : cell;
    held?.setAttribute("aria-pressed", "true");
    show(held ?? cell);
  }

  pair.addEventListener("pointerover", (event) => {
    const cell = cellOf(event.target);
    if (cell && !held && event.pointerType !== "touch") show(cell);
  });
  pair.addEventListener("pointerleave", () => {
    if (!held) show(null);
  });
  pair.addEventListener("focusin", (event) => {
    const cell = cellOf(event.target);
    if (cell && !held) show(cell);
  });
  pair.addEventListener("focusout", (event) => {
    if (!held && !cellOf(event.relatedTarget)) show(null);
  });
  pair.addEventListener("click", (event) => {
    const cell = cellOf(event.target);
    if (cell) hold(cell);
  });
  pair.addEventListener("keydown", (event) => {
    const cell = cellOf(event.target);
    if (!cell) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      hold(cell);
    } else if (event.key === "Escape") {
      held?.setAttribute("aria-pressed", "false");
      held = null;
      show(cell);
    } else if (event.key in STEPS) {
      event.preventDefault();
      step(cell, STEPS[event.key] ?? [0, 0]);
    }
  });
}

/** Move the focus to the neighbour; one part of each image is in the order of the Tab key. */
function step(cell: SVGElement, [rows, columns]: [number, number]): void {
  const row = Number(cell.dataset.row) + rows;
  const column = Number(cell.dataset.column) + columns;
  const drawing = cell.closest("svg");
  const next = drawing?.querySelector<SVGElement>(`.cell[data-row="${row}"][data-column="${column}"]`);
  if (!next) return;
  cell.setAttribute("tabindex", "-1");
  next.setAttribute("tabindex", "0");
  next.focus();
}

function fill(text: string, values: Record<string, string | undefined>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
}
