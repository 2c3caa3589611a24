// Cells of one image light up the cells of the other that they share most of the score with.
for (const place of document.querySelectorAll(".place[data-links]")) {
  const links = JSON.parse(place.dataset.links);
  const cells = (side) => new Map(
    [...place.querySelectorAll(`g[data-side="${side}"] .cell`)].map((cell) => [Number(cell.dataset.cell), cell]));
  const all = { a: cells("a"), b: cells("b") };
  const svg = place.querySelector(".pair-map");
  const clear = () => {
    for (const cell of place.querySelectorAll(".cell.linked")) {
      cell.classList.remove("linked");
      cell.setAttribute("fill-opacity", cell.dataset.opacity);
    }
    svg.classList.remove("dimmed");
  };
  const show = (cell) => {
    clear();
    const side = cell.parentNode.dataset.side;
    const other = side === "a" ? "b" : "a";
    for (const [number, part] of links[side][Number(cell.dataset.cell)] || []) {
      const partner = all[other].get(number);
      if (!partner) continue;
      partner.dataset.opacity = partner.dataset.opacity || partner.getAttribute("fill-opacity");
      partner.classList.add("linked");
      partner.setAttribute("fill-opacity", (0.25 + 0.45 * part).toFixed(2));
    }
    svg.classList.add("dimmed");
  };
  for (const side of ["a", "b"]) {
    for (const cell of all[side].values()) {
      cell.addEventListener("pointerenter", () => show(cell));
      cell.addEventListener("focus", () => show(cell));
      cell.addEventListener("blur", clear);
    }
  }
  svg.addEventListener("pointerleave", clear);
}
