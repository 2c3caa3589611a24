"""Make the built-in reference of `lookalike explain`: statistics of random pairs, no images.

    python scripts/make_reference_quantiles.py FOLDER [--encoder classic ...] [--only-content]

FOLDER holds photographs (shipped figures: the 4,000 unlabelled images of the look-alike site). Writes one small JSON for
each attribute into src/lookalike/explain/reference/: the mean and spread of its numbers over the images and the
quantiles of its similarity over random pairs. ``content.json`` has one entry for each encoder, by fingerprint.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from lookalike.encoders import load_encoder
from lookalike.explain.attributes import ATTRIBUTES, PIXEL_ATTRIBUTES
from lookalike.explain.attributes_pixels import VERSION
from lookalike.explain.counterfactuals import typical_changes
from lookalike.explain.percentiles import PAIRS, Quantiles, Reference
from lookalike.explain.reference_build import content_of, reference_of

HERE = Path(__file__).resolve().parent.parent
TARGET = HERE / "src" / "lookalike" / "explain" / "reference"
ENDINGS = {".jpg", ".jpeg", ".png", ".webp"}
COUNTERFACTUAL_PAIRS = 150


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--encoder", action="append", default=None)
    parser.add_argument("--only-content", action="store_true", help="keep the attributes' files")
    parser.add_argument("--no-faces", action="store_true")
    parser.add_argument("--most", type=int, default=4000)
    given = parser.parse_args()
    paths = sorted(str(path) for path in given.folder.rglob("*") if path.suffix.lower() in ENDINGS)
    if not given.only_content:
        write_attributes(paths, given.most, not given.no_faces)
    for spec in given.encoder or ["classic"]:
        write_content(spec, paths[:: max(1, len(paths) // given.most)])


def write_attributes(paths: list[str], most: int, with_faces: bool) -> None:
    find = None
    if with_faces:
        from lookalike.explain.images_seen import find_faces

        find = find_faces
    made = reference_of(paths, faces=find, most=most, pairs=PAIRS, progress=tell)
    for name in (*PIXEL_ATTRIBUTES, "face", "face_layout"):
        if name in made.quantiles:
            write(TARGET / f"{name}.json", document(name, made))


def document(name: str, made: Reference) -> dict[str, Any]:
    blocks = [block.name for block in ATTRIBUTES[name].blocks]
    if name == "face_layout":
        blocks = ["landmarks"]
    return {
        "version": VERSION,
        "attribute": name,
        "images": made.images,
        **table(made.quantiles[name]),
        "norms": {
            block: {"mean": short(made.norms[block].mean), "spread": short(made.norms[block].spread)}
            for block in blocks
        },
    }


def write_content(spec: str, paths: list[str]) -> None:
    encoder = load_encoder(spec)
    found = content_of(encoder, paths)
    typical = typical_changes(encoder, found.mean, paths, pairs=COUNTERFACTUAL_PAIRS)
    place = TARGET / "content.json"
    known = json.loads(place.read_text()) if place.exists() else {}
    entries = known.get("encoders", {}) if known.get("version") == VERSION else {}
    entries[encoder.card.fingerprint] = {
        "encoder": encoder.card.name,
        "images": len(paths),
        **table(found.quantiles),
        "mean": short(found.mean.mean),
        "feature_mean": None if found.mean.feature_mean is None else short(found.mean.feature_mean),
        "spread": round(found.spread, 6),
        "typical": {name: round(change, 4) for name, change in typical.items()},
    }
    write(place, {"version": VERSION, "attribute": "content", "encoders": entries})


def table(quantiles: Quantiles) -> dict[str, Any]:
    return {"pairs": quantiles.pairs, "values": short(quantiles.values)}


def short(values: Any) -> list[float]:
    """Five significant digits."""
    return [float(f"{value:.5g}") for value in values]


def write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{path.name}: {path.stat().st_size / 1000:.1f} kB")


def tell(stage: str, done: int, total: int) -> None:
    if done % 512 == 0 or done == total:
        print(f"{stage}: {done} of {total}", flush=True)


if __name__ == "__main__":
    main()
