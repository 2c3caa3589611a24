/** One line at the foot of the page, read out by screen readers, gone after a while. */

let timer = 0;

export function notice(text: string, seconds = 8): void {
  const place = document.getElementById("notice");
  if (!place) return;
  place.textContent = text;
  place.hidden = false;
  window.clearTimeout(timer);
  timer = window.setTimeout(() => {
    place.hidden = true;
  }, seconds * 1000);
}
