"""Synthetic twins written to a folder: PNG files, and the table that names them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

from lookalike.errors import JudgmentError, printable
from lookalike.judgments.base import COPIES
from lookalike.judgments.catalogue import ImageCatalogue
from lookalike.judgments.storage import IMAGES_FOLDER
from lookalike.judgments.tables import PairTable, TripletTable
from lookalike.judgments.twins_values import VALUES

if TYPE_CHECKING:
    from lookalike.judgments.twins import Factors, TwinSet, TwinTriplets


def save_pairs(twins: TwinSet, folder: Path) -> PairTable:
    """See :meth:`TwinSet.save`."""
    contents, images = _write({"left": twins.left, "right": twins.right}, folder)
    columns = {
        **contents,
        "shared": [",".join(twins.shared)] * len(twins),
        **_columns("left", twins.left_factors),
        **_columns("right", twins.right_factors),
    }
    table = PairTable(pa.table(columns), images, meta=_meta(twins.shared), note="synthetic twins")
    table.save(folder)
    return table


def save_triplets(triplets: TwinTriplets, folder: Path, seed: int = 0) -> TripletTable:
    """See :meth:`TwinTriplets.save`."""
    n = len(triplets)
    at_b = _answers_at_b(n, seed)
    place = at_b[:, None, None, None]
    sides = {
        "reference": triplets.reference,
        "a": np.where(place, triplets.b, triplets.a),
        "b": np.where(place, triplets.a, triplets.b),
    }
    contents, images = _write(sides, folder)
    shown = [
        (other, answer) if swapped else (answer, other)
        for answer, other, swapped in zip(triplets.a_factors, triplets.b_factors, at_b, strict=True)
    ]
    columns = {
        **contents,
        "votes_a": pa.array((~at_b).astype(np.int32)),
        "votes_b": pa.array(at_b.astype(np.int32)),
        "lacking": [",".join(triplets.lacking)] * n,
        **_columns("reference", triplets.reference_factors),
        **_columns("a", tuple(a for a, _ in shown)),
        **_columns("b", tuple(b for _, b in shown)),
    }
    same = tuple(triplets.reference_factors[0].shared_with(triplets.a_factors[0]))
    table = TripletTable(pa.table(columns), images, meta=_meta(same), note="synthetic twins")
    table.save(folder)
    return table


def _answers_at_b(n: int, seed: int) -> NDArray[np.bool_]:
    """In which rows a and b are exchanged: half of them (rounded down), bool (n,).

    Where one side always wins, its position is the answer, and an objective rightly refuses to learn from that.
    """
    at_b = np.zeros(n, dtype=np.bool_)
    at_b[np.random.default_rng([seed, 7]).permutation(n)[: n // 2]] = True
    return at_b


def _meta(shared: tuple[str, ...]) -> dict[str, str]:
    """Twins that share everything are the same image twice, which a table must be told."""
    return {COPIES: "kept"} if len(shared) == len(VALUES) else {}


def _columns(side: str, factors: tuple[Factors, ...]) -> dict[str, list[str]]:
    return {f"{side}_{name}": [str(getattr(one, name)) for one in factors] for name in VALUES}


def _write(sides: Mapping[str, NDArray[np.uint8]], folder: Path) -> tuple[dict[str, Any], ImageCatalogue]:
    """Write ``images/SIDE/00000.png``, ...: the content ids of each side, and the catalogue."""
    from lookalike.judgments.content import content_ids

    root = folder / IMAGES_FOLDER
    files: dict[str, list[Path]] = {}
    try:
        for side, pixels in sides.items():
            (root / side).mkdir(parents=True, exist_ok=True)
            files[side] = [root / side / f"{row:05d}.png" for row in range(len(pixels))]
            for file, image in zip(files[side], pixels, strict=True):
                Image.fromarray(image).save(file, compress_level=1)
    except OSError as error:
        raise JudgmentError(f"cannot write {printable(str(folder))}: {error.strerror or error}") from error
    listed = [file for side in sides for file in files[side]]
    ids = content_ids(listed)
    by_file = dict(zip(listed, ids, strict=True))
    columns = {side: pa.array([by_file[file] for file in files[side]], pa.string()) for side in sides}
    return columns, ImageCatalogue.from_hashed(zip(ids, listed, strict=True), root)
