// Click a picture: it is shown large, with all that is known of it. Escape closes, arrow keys go on.
const viewer = document.getElementById("viewer");
const part = (name) => document.getElementById("viewer-" + name);
const photos = Array.from(document.querySelectorAll("button.photo"));
let at = 0;

function showPhoto(index) {
  at = (index + photos.length) % photos.length;
  const button = photos[at];
  const small = button.querySelector("img");
  part("image").src = small.src;
  part("image").alt = small.alt;
  part("name").firstElementChild.textContent = button.dataset.name;
  part("facts").textContent = button.dataset.facts;
  part("path").firstElementChild.textContent = button.dataset.path;
  const link = part("link");
  link.hidden = !button.dataset.href;
  if (button.dataset.href) link.firstElementChild.href = button.dataset.href;
  else link.firstElementChild.removeAttribute("href");
}

photos.forEach((button, index) => {
  button.addEventListener("click", () => {
    showPhoto(index);
    viewer.showModal();
    part("close").focus();
  });
});
part("close").addEventListener("click", () => viewer.close());
part("previous").addEventListener("click", () => showPhoto(at - 1));
part("next").addEventListener("click", () => showPhoto(at + 1));
viewer.addEventListener("click", (event) => { if (event.target === viewer) viewer.close(); });
viewer.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (step) { event.preventDefault(); showPhoto(at + step); }
});
viewer.addEventListener("close", () => { if (photos[at]) photos[at].focus({ preventScroll: false }); });
