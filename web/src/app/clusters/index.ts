/** The island of the clusters' page: has them looked for where that has not been done. */

import "./clusters.css";
import { textsOf } from "../map/texts";
import { notice } from "../notice";
import { perform } from "../tasks";

export function start(root: HTMLElement): void {
  const say = textsOf(root);
  const base = root.dataset.base ?? "";
  const number = (text: string | undefined): number | null => (text ? Number(text) : null);
  const wanted = { method: root.dataset.method, k: number(root.dataset.k), min_size: number(root.dataset.min_size) };
  const line = root.querySelector<HTMLElement>(".state p");
  const look = async (): Promise<void> => {
    try {
      await perform(`${base}/clusters/find`, wanted, `${base}/tasks`, (task) => {
        if (line && task.seconds >= 1) line.textContent = say("working", { seconds: Math.round(task.seconds) });
      });
      location.reload();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (line) line.textContent = text;
      root.querySelector(".state progress")?.remove();
      notice(text);
    }
  };
  const anew = root.querySelector<HTMLButtonElement>(".anew");
  anew?.addEventListener("click", () => {
    anew.disabled = true;
    notice(say("start"), 60);
    void look();
  });
  onlyFieldsOfMethod(root);
  if (root.dataset.found === "0") void look();
}

function onlyFieldsOfMethod(root: HTMLElement): void {
  const method = root.querySelector<HTMLSelectElement>("select[name=method]");
  const show = (): void => {
    for (const field of root.querySelectorAll<HTMLElement>("[data-for]")) {
      field.hidden = field.dataset.for !== method?.value;
    }
  };
  method?.addEventListener("change", show);
  if (method) show();
}
