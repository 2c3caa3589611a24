"""Draw where classes lie in an embedding of two numbers, one that it never saw among them.

    python scripts/draw_class_geometry.py make zebra-images
    lookalike train zebra --set data.train=zebra-images/seen
    python scripts/draw_class_geometry.py draw zebra --images zebra-images -o docs/images/zebra.svg

``draw`` prints a table as well: for each class the direction of its mean, and to which class's middle the images of the
unseen one lie nearest.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike import load_encoder
from lookalike.judgments import make_twins

CLASSES = {
    "horse": ("heart", "plain"),
    "tiger": ("star", "stripes"),
    "flower": ("flower", "dots"),
    "gem": ("gem", "checks"),
}
"""What is learned: name -> (shape, texture)."""

UNSEEN = ("zebra", ("heart", "stripes"))
"""The horse's shape with the tiger's texture."""

COLOURS = {"horse": "#1f77b4", "tiger": "#d95f02", "flower": "#7570b3", "gem": "#1b9e77", "zebra": "#666666"}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make", help="render the images")
    making.add_argument("folder", type=Path)
    making.add_argument("-n", type=int, default=150, help="images of each class")
    drawing = commands.add_parser("draw", help="draw a finished run")
    drawing.add_argument("run", type=Path)
    drawing.add_argument("--images", type=Path, required=True)
    drawing.add_argument("-o", "--output", type=Path, default=Path("docs/images/zebra.svg"))
    arguments = parser.parse_args()
    if arguments.command == "make":
        make(arguments.folder, arguments.n)
    else:
        show(arguments.run, arguments.images, arguments.output)


def make(folder: Path, n: int) -> None:
    """Write seen/CLASS/000.png, ... and unseen/zebra/000.png, ...: only shape and texture are a class's own."""
    everything = {f"seen/{name}": what for name, what in CLASSES.items()} | {f"unseen/{UNSEEN[0]}": UNSEEN[1]}
    for number, (place, (shape, texture)) in enumerate(everything.items()):
        drawn = make_twins(n, (), size=32, seed=number, shape=shape, texture=texture, layout="centre").left
        (folder / place).mkdir(parents=True, exist_ok=True)
        for row, pixels in enumerate(drawn):
            Image.fromarray(pixels).save(folder / place / f"{row:03d}.png")


def show(run: Path, folder: Path, target: Path) -> None:
    """Print and draw the directions of all images by class."""
    encoder = load_encoder(str(run))
    angles: dict[str, NDArray[np.floating]] = {}
    for place in sorted(folder.glob("*/*/")):
        vectors = encoder.embed(sorted(place.glob("*.png")))
        angles[place.name] = np.degrees(np.arctan2(vectors[:, 1], vectors[:, 0]))
    middles = {name: circular_mean(values) for name, values in angles.items()}
    for name, middle in sorted(middles.items(), key=lambda one: one[1]):
        half = np.median(np.abs(apart(angles[name], middle)))
        print(f"{name:7s} at {middle:7.1f} degrees, half of it within {half:.1f}")
    stack = [np.abs(apart(angles[UNSEEN[0]], middles[name])) for name in CLASSES]
    nearest = np.argmin(stack, axis=0)
    for number, name in enumerate(CLASSES):
        print(f"{float((nearest == number).mean()):6.1%} of the {UNSEEN[0]}s lie nearest to {name}")
    draw(angles, middles, target)
    print(f"wrote {target}")


def circular_mean(degrees: NDArray[np.floating]) -> float:
    """The direction of the sum of unit vectors."""
    return float(np.degrees(np.angle(np.exp(1j * np.radians(degrees)).sum())))


def apart(degrees: NDArray[np.floating], middle: float) -> NDArray[np.floating]:
    """Signed difference in [-180, 180)."""
    return np.asarray((degrees - middle + 180) % 360 - 180)


def draw(angles: dict[str, NDArray[np.floating]], middles: dict[str, float], target: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    # Text stays text, and the same picture gives the same file.
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "zebra"})
    figure, axes = pyplot.subplots(figsize=(5, 5))
    rng = np.random.default_rng(0)
    for name, values in angles.items():
        unseen = name == UNSEEN[0]
        # The length of an embedding plays no part in the cosine: points lie on a ring, at chance distances.
        radius = rng.uniform(0.6, 0.75, len(values)) if unseen else rng.uniform(0.85, 1.0, len(values))
        turned, at, far = np.radians(values), np.radians(middles[name]), 0.42 if unseen else 1.15
        axes.scatter(radius * np.cos(turned), radius * np.sin(turned), s=8, color=COLOURS[name])
        axes.text(far * np.cos(at), far * np.sin(at), name, color=COLOURS[name], fontsize=13,
                  ha="center", va="center", weight="bold")  # fmt: skip
    axes.set(xlim=(-1.35, 1.35), ylim=(-1.35, 1.35), aspect="equal")
    axes.axis("off")
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, transparent=True, bbox_inches="tight", metadata={"Date": None})


if __name__ == "__main__":
    sys.exit(main())
