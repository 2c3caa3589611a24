"""Indexing end to end against the plain loop that DreamSim's README shows.

The plain loop: for each file Pillow opens it, ``convert("RGB")``, torchvision resizes it to 224 x 224
(bicubic), a tensor, MobileNetV2 by timm in PyTorch's eager mode, one image at a time, under
``torch.inference_mode`` (which the README leaves out; it is quicker with it), PyTorch's default threads.
lookalike: ``Gallery.create`` and ``Gallery.index`` without the embedding cache: listing, hashing, decoding,
embedding with the same weights, thumbnails and rows on disk. Each run is a process of its own, by turns;
starting Python, importing and loading the weights are left out on both sides.

--sides names what runs: ``plain`` (the loop) and encoders, among which ``mobilenet`` is the loop's own network; behind a
``?`` stands the runtime (``mobilenet?runtime=openvino&precision=bf16``). Sides that cannot run here are left out.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from _common import (
    Results,
    answer,
    bench_cache,
    child,
    encoder_spec,
    mobilenet,
    number,
    parser,
    say,
    shared_data,
    summary,
)
from _generate import large_photographs

PLAIN = "plain"
SIDES = (
    PLAIN,
    "mobilenet",
    "mobilenet?runtime=openvino",
    "mobilenet?runtime=openvino&precision=bf16",
    "glance",
    "glance?runtime=openvino",
    "glance?runtime=openvino&precision=bf16",
    "classic",
)
_AIMS = {"mobilenet": 250.0, "glance": 300.0}
"""Images a second from small JPEGs."""


def plain_model() -> Callable[[Path], np.ndarray]:
    """A function from a file to its embedding, as the plain loop computes it."""
    import timm
    import torch
    from PIL import Image
    from safetensors.torch import load_file
    from torchvision import transforms

    network = timm.create_model("mobilenetv2_100", pad_type="same", num_classes=1001)
    weights = load_file(shared_data() / "models" / "mobilenetv2_100.safetensors")
    network.load_state_dict(
        {name: value.float() if value.is_floating_point() else value for name, value in weights.items()}
    )
    network.eval()
    bicubic = transforms.InterpolationMode.BICUBIC
    prepare = transforms.Compose(
        [
            transforms.Resize((224, 224), interpolation=bicubic),
            transforms.ToTensor(),
            transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        ]
    )

    def embed(file: Path) -> np.ndarray:
        with torch.inference_mode():
            image = prepare(Image.open(file).convert("RGB"))[None]
            features = network.forward_head(network.forward_features(image), pre_logits=True)
            return np.asarray(features[0])

    return embed


def run_plain(files: list[Path], vectors: Path) -> None:
    """One run of the plain loop, in a child."""
    import torch

    embed = plain_model()
    embed(files[0])  # the first call pays for what is set up once
    started = time.perf_counter()
    rows = [embed(file) for file in files]
    seconds = time.perf_counter() - started
    np.savez(vectors, paths=[str(file) for file in files], matrix=np.stack(rows))
    answer({"seconds": seconds, "images": len(files), "threads": torch.get_num_threads()})


def spec_of(side: str) -> str:
    """The encoder of a side: ``mobilenet`` and what stands behind its ``?`` spelled out."""
    name, mark, options = side.partition("?")
    return encoder_spec(name) + mark + options


def runnable(sides: list[str]) -> list[str]:
    """The sides that this machine can run; the others are named on stderr."""
    from lookalike.encoders import load_encoder
    from lookalike.errors import LookalikeError

    able = []
    for side in sides:
        try:
            if side != PLAIN:
                load_encoder(spec_of(side))
        except LookalikeError as error:
            say(f"left out: {side}: {error}")
            continue
        able.append(side)
    return able


def run_lookalike(source: Path, encoder: str, vectors: Path) -> None:
    """One run of lookalike, in a child."""
    import lancedb  # noqa: F401  (imports are left out on both sides)

    from lookalike.encoders import load_encoder
    from lookalike.gallery import Gallery

    loaded = load_encoder(encoder)
    place = Path(tempfile.mkdtemp(prefix="lookalike-bench-"))
    try:
        started = time.perf_counter()
        gallery = Gallery.create(place / "gallery", loaded)
        report = gallery.index(source, cache=False)
        seconds = time.perf_counter() - started
        paths = gallery.rows(["path"]).column("path").to_pylist()
        np.savez(vectors, paths=paths, matrix=gallery.vectors().matrix)
    finally:
        shutil.rmtree(place)
    answer({"seconds": seconds, "images": report.indexed, "problems": report.problems})


def cosine_of_both(ours: Path, theirs: Path) -> float:
    """Mean cosine between the two sides' vectors of the same files."""
    left, right = np.load(ours), np.load(theirs)
    place = {path: i for i, path in enumerate(left["paths"].tolist())}
    a = left["matrix"][[place[path] for path in right["paths"].tolist()]]
    b = right["matrix"]
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(np.mean(np.einsum("ij,ij->i", a, b) / lengths))


def compare(
    name: str, source: Path, sample: list[Path], options: argparse.Namespace, work: Path
) -> tuple[list[list[str]], dict[str, Any]]:
    """The sides by turns: (rows of the table, numbers)."""
    listing = work / f"{name}.txt"
    listing.write_text("\n".join(map(str, sample)) + "\n", encoding="utf-8")
    rates: dict[str, list[float]] = {side: [] for side in options.sides}
    images: dict[str, int] = {}
    threads = 0
    for turn in range(options.rounds):
        for place, side in enumerate(options.sides):
            say(f"{name}: round {turn + 1} of {options.rounds}, {side}")
            vectors = ("--vectors", str(work / f"{place}.npz"))
            if side == PLAIN:
                ran = child(Path(__file__), "--run", "plain", "--source", str(listing), *vectors)
                threads = ran["threads"]
            else:
                arguments = ("--source", str(source), "--encoder", spec_of(side))
                ran = child(Path(__file__), "--run", "lookalike", *arguments, *vectors)
            rates[side].append(ran["images"] / ran["seconds"])
            images[side] = ran["images"]
            if ran.get("problems"):
                say(f"{name}: {ran['problems']} files could not be read")
    medians = {side: statistics.median(values) for side, values in rates.items()}
    base = medians.get(PLAIN)
    same = _cosines(options.sides, work)
    rows = []
    for side, rate in medians.items():
        what = (
            f"plain loop (Pillow, PyTorch eager, {threads} threads)"
            if side == PLAIN
            else f"lookalike, {side}"
        )
        times = "" if base is None else number(rate / base, 2)
        cosine = f"{same[side]:.5f}" if side in same else ""
        rows.append([what, number(images[side], 0), number(rate), times, cosine])
    ratios = {} if base is None else {side: rate / base for side, rate in medians.items()}
    numbers = {side: summary(values) for side, values in rates.items()}
    return rows, {"rates": numbers, "ratios": ratios, "cosines": same, "torch_threads": threads}


def _cosines(sides: list[str], work: Path) -> dict[str, float]:
    """For each side with the loop's own network: mean cosine between its vectors and the loop's."""
    if PLAIN not in sides:
        return {}
    theirs = work / f"{sides.index(PLAIN)}.npz"
    same = [(place, side) for place, side in enumerate(sides) if side.partition("?")[0] == "mobilenet"]
    return {side: cosine_of_both(work / f"{place}.npz", theirs) for place, side in same}


def measure(options: argparse.Namespace) -> None:
    """The whole benchmark."""
    results = Results("index_speed", options)
    options.rounds = 1 if options.quick else options.rounds
    options.sides = runnable(options.sides)
    with tempfile.TemporaryDirectory(prefix="lookalike-bench-") as folder:
        work = Path(folder)
        small = shared_data() / "tll"
        if options.quick:
            small = work / "tll"
            small.mkdir()
            for file in sorted((shared_data() / "tll" / "left").glob("*.jpg"))[:60]:
                shutil.copy(file, small)
        files = sorted(small.rglob("*.jpg"))
        count = 20 if options.quick else options.sample
        sample = files[:: max(1, len(files) // count)][:count]
        large = large_photographs(
            bench_cache() / "12-megapixels", 3 if options.quick else options.photographs
        )
        photographs = sorted(large.glob("*.jpg"))[: 3 if options.quick else options.photographs]
        chosen = work / "12-megapixels"
        chosen.mkdir()
        for file in photographs:
            (chosen / file.name).symlink_to(file)
        photographs = sorted(chosen.iterdir())
        sets = {
            "small": ("Indexing 200 x 245 JPEGs", small, sample, 8.0),
            "large": ("Indexing 12-megapixel JPEGs", chosen, photographs, 6.0),
        }
        header = ["", "images", "images/s", "times the plain loop", "cosine with the loop's"]
        for name in options.sets:
            title, source, part, wanted = sets[name]
            rows, numbers = compare(name, source, part, options, work)
            results.table(title, header, rows)
            for side, ratio in numbers["ratios"].items():
                if side.partition("?")[0] == "mobilenet":
                    results.target(f"{title}, {side}: times the plain loop", ratio, wanted)
            for side, rate in numbers["rates"].items() if name == "small" else ():
                aim = _AIMS.get(side.partition("?")[0])
                if aim:
                    results.target(f"{title}, {side}: images/s", rate["median"], aim)
            results.keep(**{name: numbers})


def main() -> None:
    options_of = parser(__doc__)
    options_of.add_argument("--sides", nargs="+", default=list(SIDES), help="what runs")
    options_of.add_argument("--sets", nargs="+", choices=["small", "large"], default=["small", "large"])
    options_of.add_argument("--rounds", type=int, default=3, help="runs of each side")
    options_of.add_argument("--sample", type=int, default=300, help="small JPEGs that the plain loop gets")
    options_of.add_argument("--photographs", type=int, default=24, help="12-megapixel JPEGs")
    options_of.add_argument("--run", choices=["plain", "lookalike"], help=argparse.SUPPRESS)
    options_of.add_argument("--source", type=Path, help=argparse.SUPPRESS)
    options_of.add_argument("--encoder", default=None, help=argparse.SUPPRESS)
    options_of.add_argument("--vectors", type=Path, help=argparse.SUPPRESS)
    options = options_of.parse_args()
    if options.run == "plain":
        run_plain(
            [Path(line) for line in options.source.read_text(encoding="utf-8").split("\n") if line],
            options.vectors,
        )
    elif options.run == "lookalike":
        run_lookalike(options.source, options.encoder or mobilenet(), options.vectors)
    else:
        measure(options)


if __name__ == "__main__":
    main()
