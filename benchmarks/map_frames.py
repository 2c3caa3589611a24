"""How smooth the map of `lookalike serve` is without a graphics card: frame times while one pans, zooms and lassoes.

A gallery of random unit vectors with a map of round clouds is served by the command itself and looked at by headless
Chromium, whose WebGL is imitated on the processor (SwiftShader). The named alternative is the same page told to draw
every point in every frame; sides take turns::

    python benchmarks/map_frames.py --points 100000 --rounds 3

A frame time is the time between two animation frames of the page while the mouse moves. "CPU" is processor time of
all of Chromium's processes per frame (Linux), which a busy machine changes less.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import _common as common
import numpy as np
import serve

SIDES = {
    "as served": "",
    "WebGL": "#webgl",
    "2-D canvas": "#canvas",
    "WebGL, every point in every frame": "#webgl,everything",
}
FLAGS = ("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")  # fmt: skip
SIZE = {"width": 1280, "height": 800}
WATCH = """() => {
  window.seen = {};
  const look = () => {
    const shown = document.querySelector('.map')?.dataset.shown;
    if (shown) seen.first ??= performance.now();
    if (shown === 'all') seen.all ??= performance.now();
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""
# A frame later, as what is seen is noted in frames.
SEEN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(seen))))"
# A machine that lags calls back several times for one and the same frame: such calls count once.
BEGIN = """() => {
  window.frames_seen = []; window.watching = true;
  const look = (now) => {
    if (!(now - frames_seen.at(-1) < 1)) frames_seen.push(now);
    if (watching) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""
END = "() => { watching = false; return frames_seen.slice(1).map((t, n) => t - frames_seen[n]); }"
WHOLE = ".map[data-shown=all]"


def gallery(points: int) -> Path:
    """A gallery of that many rows with a map of twenty clouds; kept for the next time."""
    from lookalike.gallery import Gallery
    from lookalike.web.map_drawn import Drawn, write_drawn

    place = common.bench_cache() / f"map-{points}.gallery"
    if not (place / "index" / "map.npz").exists():
        common.say(f"making a gallery of {points:,} images")
        shutil.rmtree(place, ignore_errors=True)  # one that was begun and not ended
        serve.fill(place, points, "classic")
        made = Gallery.open(place)
        draw = np.random.default_rng(0)
        centres = draw.uniform(0.15, 0.85, (20, 2))
        spread = draw.uniform(0.01, 0.06, (20, 1))
        cloud = draw.integers(0, 20, points)
        xy = np.clip(centres[cloud] + draw.normal(0, 1, (points, 2)) * spread[cloud], 0, 1)
        write_drawn(Drawn(np.arange(points), xy.astype(np.float32), "umap", ""), str(place), made.settings)
    return place


def processor_seconds() -> float:
    """Processor time so far of Chromium's processes below this one; 0 without /proc."""
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        name, rest = text[text.index("(") + 1 : text.rindex(")")], text[text.rindex(")") + 2 :].split()
        parents[int(stat.parent.name)] = int(rest[1])
        if "chrom" in name:
            used[int(stat.parent.name)] = (int(rest[11]) + int(rest[12])) / os.sysconf("SC_CLK_TCK")

    def is_ours(process: int) -> bool:
        while process > 1 and process != os.getpid():
            process = parents.get(process, 0)
        return process == os.getpid()

    return sum(seconds for process, seconds in used.items() if is_ours(process))


def pan(page: Any, middle: tuple[float, float]) -> None:
    """Drag to and fro."""
    x, y = middle
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(90):
        angle = step / 90 * 6 * np.pi
        page.mouse.move(x + 180 * float(np.sin(angle)), y + 90 * float(np.sin(angle / 2)))
    page.mouse.up()


def zoom(page: Any, middle: tuple[float, float]) -> None:
    """Two and a half times nearer with the wheel, and back."""
    page.mouse.move(*middle)
    for step in range(60):
        page.mouse.wheel(0, -14 if step < 30 else 14)


def lasso(page: Any, middle: tuple[float, float]) -> None:
    """A ring drawn around much of the map; ends when the selection is counted."""
    page.locator("[data-do=lasso]").click()
    x, y = middle
    for step in range(61):
        angle = step / 60 * 2 * np.pi
        page.mouse.move(x + 240 * float(np.cos(angle)), y + 200 * float(np.sin(angle)))
        if step == 0:
            page.mouse.down()
    page.mouse.up()
    page.locator(".selection h2:not(:empty)").wait_for()


ACTS: dict[str, Callable[[Any, tuple[float, float]], None]] = {"pan": pan, "zoom": zoom, "lasso": lasso}


def watched(page: Any, act: Callable[[], None]) -> dict[str, Any]:
    """Frame times in ms of an action, processor ms a frame, and ms until every point is drawn afterwards."""
    before = processor_seconds()
    page.evaluate(BEGIN)
    act()
    times = page.evaluate(END)
    used = processor_seconds() - before
    started = time.perf_counter()
    page.locator(WHOLE).wait_for()
    return {
        "frames": times,
        "cpu": 1000 * used / max(1, len(times)),
        "whole": 1000 * (time.perf_counter() - started),
    }


def look(browser: Any, address: str) -> dict[str, Any]:
    """One visit: when pictures appeared, bytes that came, and the three actions."""
    context = browser.new_context(viewport=SIZE)
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.add_init_script(f"({WATCH})()")
    requests: list[Any] = []
    page.on("requestfinished", lambda one: requests.append(one))
    page.goto(address)
    page.locator(".legend li").first.wait_for()
    page.locator(WHOLE).wait_for()
    sizes = {one.url: one.sizes()["responseBodySize"] for one in requests}
    box = page.locator(".stage").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    found = {
        "seen": page.evaluate(SEEN),
        "points_bytes": next(size for url, size in sizes.items() if url.endswith("/map/points")),
        "bytes": sum(sizes.values()),
        "way": page.locator(".map").get_attribute("data-way"),
        **{name: watched(page, lambda act=act: act(page, middle)) for name, act in ACTS.items()},
    }
    context.close()
    return found


@contextmanager
def chromium() -> Iterator[Any]:
    """Headless Chromium without a graphics card: $LOOKALIKE_CHROMIUM, or the system's."""
    from playwright.sync_api import sync_playwright

    places = (os.environ.get("LOOKALIKE_CHROMIUM", ""), "/usr/bin/chromium", "/usr/bin/chromium-browser")
    program = next((place for place in places if place and Path(place).is_file()), None)
    if program is None:
        sys.exit("Chromium was not found; set LOOKALIKE_CHROMIUM to its program")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


def report(results: common.Results, visits: dict[str, list[dict[str, Any]]]) -> None:
    """Tables and targets."""
    frames = []
    pages = []
    for side, found in visits.items():
        for act in ACTS:
            times = [time for one in found for time in one[act]["frames"]]
            frames.append(
                [side, act, len(times), *(common.number(float(np.percentile(times, p)), 0) for p in (50, 95)),
                 common.number(float(np.median([one[act]["cpu"] for one in found])), 0),
                 common.number(float(np.median([one[act]["whole"] for one in found])), 0)]
            )  # fmt: skip
        first, whole = (float(np.median([one["seen"][key] for one in found])) for key in ("first", "all"))
        pages.append([side, found[0]["way"], common.number(first, 0), common.number(whole, 0),
                      f"{found[0]['points_bytes']:,}", f"{found[0]['bytes']:,}"])  # fmt: skip
    header = ["side", "action", "frames", "median ms", "p95 ms", "CPU ms", "then whole after ms"]
    results.table("Time between frames", header, frames)
    header = ["side", "drawn by", "first picture ms", "all points ms", "bytes of points", "bytes in all"]
    results.table("Opening the page", header, pages)
    served = visits["as served"]
    for act in ("pan", "zoom"):
        median = float(np.median([time for one in served for time in one[act]["frames"]]))
        results.target(f"median frame, {act}", median, 33.4, at_most=True, unit=" ms")
    first = float(np.median([one["seen"]["first"] for one in served]))
    results.target("first picture", first, 2000, at_most=True, unit=" ms")


def main() -> None:
    """Measure the sides by turns."""
    parser = common.parser(__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if options.quick:
        options.points, options.rounds = 2_000, 1
    results = common.Results("map_frames", options)
    process, address, _ = serve.serve(gallery(options.points))
    visits: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
    try:
        with chromium() as browser:
            for _ in range(options.rounds):
                for side, end in SIDES.items():
                    common.say(side)
                    visits[side].append(look(browser, f"{address}/g/load/map{end}"))
                    results.keep(visits=visits)
    finally:
        process.terminate()
        process.wait(timeout=30)
    report(results, visits)
    results.write()


if __name__ == "__main__":
    main()
