/** The game by keyboard: 1 to 9 choose a picture, Enter or the right arrow goes on. */

export function start(root: HTMLElement): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const target = event.target as HTMLElement;
    if (target.closest("input, select, textarea")) return;
    if (/^[1-9]$/.test(event.key)) {
      root.querySelector<HTMLButtonElement>(`.option[data-key="${event.key}"]:not(:disabled)`)?.click();
      return;
    }
    const goesOn = event.key === "ArrowRight" || (event.key === "Enter" && !target.closest("a, button"));
    if (goesOn) root.querySelector<HTMLElement>(".next")?.click();
  });
}
