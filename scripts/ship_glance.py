"""Put a finished run into the package as the encoder ``glance``: int8, card, corpus mean, checksum.

    python scripts/ship_glance.py RUN --corpus FOLDER [--pairs TABLE]

The corpus is any folder of photographs (.jpg) that nothing is scored on; its mean is what explanations of pairs subtract, and the
export is calibrated and checked on some of them. Which pairs it learned from is in the run; ``--pairs`` adds those of a run that
was made before runs kept that. The model card (``embedded/glance.md``) is written by hand.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

LARGEST = 12_000_000
"""Bytes: what the embedded encoder may take of a download."""


def main() -> None:
    options_of = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options_of.add_argument("run", type=Path, help="folder of a finished `lookalike train`")
    options_of.add_argument("--corpus", type=Path, required=True)
    options_of.add_argument("--pairs", type=Path, help="a table of pairs that it was aligned with as well")
    options = options_of.parse_args()
    from lookalike.encoders import EncoderOptions, load_encoder
    from lookalike.encoders.fitted import KEY, joined
    from lookalike.encoders.glance import FOLDER, load
    from lookalike.explain.centring import CorpusMean, place_beside
    from lookalike.images.files import file_sha256
    from lookalike.judgments import open_judgments
    from lookalike.similarity.comparator_pairs import pair_hashes
    from lookalike.training.export import export_onnx
    from lookalike.training.export_images import some_images

    known = [load_encoder(str(options.run)).fitted_pairs]
    if options.pairs is not None:
        pairs = open_judgments(options.pairs)
        known.append(pair_hashes(pairs.column("left"), pairs.column("right")))
    hashes = joined(known)
    if hashes is None:
        sys.exit(f"{options.run} says of no pairs that it learned from them; name the table with --pairs")
    FOLDER.mkdir(exist_ok=True)
    target = FOLDER / "glance.onnx"
    images = sorted(options.corpus.rglob("*.jpg"))
    place = target.with_name(f"{target.name}.json")
    with TemporaryDirectory() as folder:
        report = export_onnx(
            options.run, Path(folder) / target.name, precision="int8", images=some_images(options.corpus)
        )
        print(f"agreement with the run: {report}")
        if report.method != "int8":
            sys.exit(f"{target.name} is not computed in int8: {report.method}")
        for file in (target, place):
            shutil.copyfile(Path(folder) / file.name, file)
    card = json.loads(place.read_text(encoding="utf-8"))
    card |= {
        "name": "glance",
        "licence": "Apache-2.0 for the code; weights learned from research data, see the model card",
        "source": "trained from scratch by lookalike.training (recipes glance-distil, -sharpen, -broaden, -faces, -align)",
        "training_data": "unlabelled photographs and pictures made of them, with MobileNetV2, classic features and descriptors "
        "of faces as teachers; 1,200 human look-alike pairs, 445 guessed ones, and a comparator fitted on the human ones",
    }
    card.pop(KEY, None)  # they stand in glance.pairs.npy
    place.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    if target.stat().st_size > LARGEST:
        sys.exit(f"{target.name} has {target.stat().st_size:,} bytes, {LARGEST:,} are allowed")
    np.save(FOLDER / "glance.pairs.npy", hashes)  # so that a benchmark on these pairs says so
    module = ROOT / "src" / "lookalike" / "encoders" / "glance.py"
    text = module.read_text(encoding="utf-8")
    digest = file_sha256(target)
    module.write_text(re.sub(r'SHA256 = "[0-9a-f]{64}"', f'SHA256 = "{digest}"', text), encoding="utf-8")
    import lookalike.encoders.glance as glance

    glance.SHA256 = digest
    encoder = load("", EncoderOptions())
    CorpusMean.from_images(images, encoder).save(place_beside(encoder))
    print(f"{target.name}: {target.stat().st_size:,} bytes, sha256 {digest}")


if __name__ == "__main__":
    main()
