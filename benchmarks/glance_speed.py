"""The embedded encoder's network against MobileNetV2 and ResNet-18: images/s at equal threads, by turns.

Each network is run three ways where it can be: by ONNX Runtime (one thread a core, as lookalike runs it), by PyTorch
eager in batches of 32, and by PyTorch eager one image at a time (as most examples on the web do). Pixels are random and
already prepared: decoding is the same for all. ResNet-18 and PyTorch's MobileNetV2 have random weights, which take as long as
learned ones. glance is shipped in int8; fp32 and fp16 are written by ``lookalike.training.export`` in a temporary folder from
``--run``, or fp32 is the same network with random weights.
Whole processes, files and galleries: ``glance_whole.py``.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import numpy as np
from _common import Results, by_turns, cores, mobilenet, number, parser, say, shared_data, summary

IMAGES = 96
Precision = Literal["fp32", "fp16"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "fp16")
SHIPPED = "glance int8, ONNX Runtime"


def runtime(path: Path, size: int, images: int) -> Callable[[], object]:
    """A side: all images through ONNX Runtime, a thread a core."""
    from lookalike.encoders import EncoderOptions
    from lookalike.encoders.onnx_session import Session

    session = Session(path, EncoderOptions())
    output = session.graph.outputs[0].name
    image = np.random.default_rng(0).normal(size=(1, 3, size, size)).astype(np.float32)
    pool = ThreadPoolExecutor(cores())
    return lambda: list(pool.map(lambda _: session.run(image, output), range(images)))


def eager(module: Any, size: int, batch: int, images: int) -> Callable[[], object]:
    """A side: all images through PyTorch as it comes, on all cores."""
    import torch

    torch.set_num_threads(cores())
    module.eval()
    pixels = torch.randn(batch, 3, size, size)

    def work() -> None:
        with torch.inference_mode():
            for _ in range(images // batch):
                module(pixels)

    return work


def multiplications(module: Any, size: int) -> int:
    """Of convolutions and linear layers, for one image."""
    import torch

    found = []

    def count(layer: Any, _: Any, given: Any) -> None:
        outputs_of_one_weight = given.numel() // layer.weight.shape[0]
        found.append(layer.weight.numel() * outputs_of_one_weight)

    kinds = (torch.nn.Conv2d, torch.nn.Linear)
    hooks = [one.register_forward_hook(count) for one in module.modules() if isinstance(one, kinds)]
    with torch.inference_mode():
        module.eval()(torch.zeros(1, 3, size, size))
    for hook in hooks:
        hook.remove()
    return sum(found)


def written(module: Any, size: int, path: Path) -> Path:
    """A PyTorch network as ONNX."""
    import torch

    module.eval()
    torch.onnx.export(module, (torch.zeros(1, 3, size, size),), path, dynamo=True, verbose=False)
    return path


def exports(run: Path, folder: Path) -> dict[str, Path]:
    """The network of a run in every precision that passes its own parity check."""
    from lookalike.errors import LookalikeError
    from lookalike.training.export import export_onnx

    images = sorted((shared_data() / "tll" / "left").glob("*.jpg"))[:200]
    found = {}
    for precision in PRECISIONS:
        try:
            export_onnx(run, folder / f"{precision}.onnx", precision=precision, images=images)
        except LookalikeError as error:
            say(f"{precision}: {error}")
            continue
        found[precision] = folder / f"{precision}.onnx"
    return found


def sides_of(options: argparse.Namespace, folder: Path, images: int) -> dict[str, Callable[[], object]]:
    """Everything that is timed."""
    import torchvision

    from lookalike.encoders.glance import FOLDER
    from lookalike.training.networks import make_network

    small = make_network("net:small?width=48&size=128&dim=256").eval().fuse()
    mobile, res = torchvision.models.mobilenet_v2(weights=None), torchvision.models.resnet18(weights=None)
    sides: dict[str, Callable[[], object]] = {SHIPPED: runtime(FOLDER / "glance.onnx", 128, images)}
    made = (
        exports(options.run, folder) if options.run else {"fp32": written(small, 128, folder / "fp32.onnx")}
    )
    for precision, path in made.items():
        sides[f"glance {precision}, ONNX Runtime"] = runtime(path, 128, images)
    sides["MobileNetV2, ONNX Runtime"] = runtime(Path(mobilenet().removeprefix("onnx:")), 224, images)
    sides["ResNet-18, ONNX Runtime"] = runtime(written(res, 224, folder / "resnet18.onnx"), 224, images)
    for name, module, size in (("glance", small, 128), ("MobileNetV2", mobile, 224), ("ResNet-18", res, 224)):
        say(
            f"{name}: {multiplications(module, size) / 1e6:.0f} million multiplications an image at {size} px"
        )
        sides[f"{name}, PyTorch, batches of 32"] = eager(module, size, 32, images)
        sides[f"{name}, PyTorch, one by one"] = eager(module, size, 1, images)
    return sides


def measure(options: argparse.Namespace, folder: Path) -> None:
    """The whole benchmark."""
    results = Results("glance_speed", options)
    images = 32 if options.quick else IMAGES
    sides = sides_of(options, folder, images)
    by_turns(sides, 1)
    times = by_turns(sides, 1 if options.quick else options.rounds)
    speeds = {name: summary([images / one for one in runs]) for name, runs in times.items()}
    base = speeds["MobileNetV2, ONNX Runtime"]["median"]
    rows = [
        [
            name,
            number(one["median"], 0),
            f"{one['lowest']:.0f} to {one['highest']:.0f}",
            number(one["median"] / base, 2),
        ]
        for name, one in speeds.items()
    ]
    results.keep(speeds=speeds)
    for precision in ("fp16", "int8"):
        pair = [speeds.get(f"glance {one}, ONNX Runtime", {}).get("median") for one in (precision, "fp32")]
        if all(pair):
            results.keep(**{f"{precision}_against_fp32": pair[0] / pair[1]})
            say(f"{precision} against fp32: {pair[0] / pair[1]:.2f} times as many images/s")
    results.table(
        f"The network alone, {cores()} cores",
        ["network", "images/s", "range", "times MobileNetV2 in ONNX Runtime"],
        rows,
    )


def main() -> None:
    options_of = parser(__doc__)
    options_of.add_argument("--rounds", type=int, default=5)
    options_of.add_argument(
        "--run", type=Path, help="the run folder that glance was exported from: its precisions are timed"
    )
    options = options_of.parse_args()
    with tempfile.TemporaryDirectory(prefix="lookalike-bench-") as folder:
        measure(options, Path(folder))


if __name__ == "__main__":
    main()
