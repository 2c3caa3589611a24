/** Sliders that say how much each attribute matters: the total is the weighted mean of the percentiles. */

export function start(root: HTMLElement): void {
  const rows = [...root.querySelectorAll<HTMLElement>("li[data-value]")];
  const sliders = rows.map((row) => row.querySelector<HTMLInputElement>("input[type=range]"));
  const total = root.querySelector<HTMLElement>(".total-text");

  function weigh(): void {
    let sum = 0;
    let weights = 0;
    rows.forEach((row, number) => {
      const slider = sliders[number];
      if (!slider) return;
      const weight = Number(slider.value);
      const shown = (root.dataset.times ?? "{value}").replace("{value}", String(weight));
      const output = row.querySelector("output");
      if (output) output.textContent = shown;
      slider.setAttribute("aria-valuetext", shown);
      row.classList.toggle("unweighed", weight === 0);
      sum += weight * Number(row.dataset.value);
      weights += weight;
    });
    if (!total) return;
    total.textContent =
      weights > 0
        ? (root.dataset.total ?? "{value}").replace("{value}", (sum / weights).toFixed(0))
        : (root.dataset.unweighed ?? "");
  }

  root.addEventListener("input", weigh);
  root.querySelector(".equal")?.addEventListener("click", () => {
    for (const slider of sliders) if (slider) slider.value = "1";
    weigh();
  });
  weigh();
}
