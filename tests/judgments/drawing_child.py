"""Generate triplets with a painter of noise: run as a process of its own, to be killed."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from lookalike.judgments import generate
from lookalike.judgments.generate import GenerateOptions, generate_triplets
from lookalike.judgments.generate_pipeline import Drawn
from lookalike.judgments.generate_record import FACTS

NAMES = ("cat", "dog", "stone bridge", "teapot")
OPTIONS = GenerateOptions(n=5, seed=3, attempts=3)


class NoisePainter:
    """Noise instead of a network; every seventh seed is flagged."""

    def __init__(self, seconds: float = 0.0, flags: int = 7) -> None:
        self.facts: dict[str, Any] = dict.fromkeys(FACTS) | {
            "model": "noise",
            "safety_checker": True,
        }
        self.seeds: list[int] = []
        self._seconds = seconds
        self._flags = flags

    def draw(self, prompt: str, seed: int) -> Drawn:
        time.sleep(self._seconds)
        self.seeds.append(seed)
        if seed % self._flags == 0:
            return Drawn(np.zeros((64, 64, 3), np.uint8), "flagged", "flagged")
        rng = np.random.default_rng([seed, len(prompt)])
        return Drawn(rng.integers(0, 256, (64, 64, 3), np.uint8), "passed", "")


def paint_with(painter: NoisePainter) -> None:
    """Let :func:`generate_triplets` draw with it, whatever model is named."""
    generate._painter = lambda *_: painter  # type: ignore[assignment]


if __name__ == "__main__":
    paint_with(NoisePainter(seconds=0.004))

    def tell(stage: str, done: int, total: int) -> None:
        sys.stdout.write(f"{done}\n")
        sys.stdout.flush()

    generate_triplets(NAMES, "noise", Path(sys.argv[1]), OPTIONS, progress=tell)
    sys.stdout.write("finished\n")
