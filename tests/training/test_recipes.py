"""Every shipped recipe runs, at small settings: on what needs no files, or on small imitations of what it was made for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("timm")
pytest.importorskip("peft")

from lookalike import Comparator, load_encoder  # noqa: E402 - after the check for torch
from lookalike.judgments import make_twins  # noqa: E402
from lookalike.training import Recipe, Run, fit, list_recipes  # noqa: E402
from tests.encoders.onnx_files import write_card, write_network  # noqa: E402
from tests.encoders.trained_runs import TINY_NET, TINY_VIT, vit_weights  # noqa: E402

SHORT = ("optimizer.epochs=1", "optimizer.batch=16", "optimizer.accumulate=1")
DIGITS = ("data.digits.n=160", "data.digits.side=16", "data.validation_share=0.25")
TWINS = ("data.twins.n=32", "data.twins.size=32", "data.validation_share=0.2")
SMALL: dict[str, tuple[str, ...]] = {
    "digits-attributes": (*DIGITS, "encoder.name=net:digits?size=16&dim=8"),
    "zebra": ("data.train=zebra/seen",),
    "instance": (*DIGITS, "encoder.name=net:digits?size=16&dim=8"),
    "hashing": (*DIGITS, "encoder.name=net:digits?size=16&dim=8", "objective.bits=8"),
    "autoencoder": (*TWINS, "encoder.name=net:conv?size=32&dim=8", "objective.size=16", "objective.width=8"),
    "simclr": (*TWINS, f"encoder.name={TINY_NET}"),
    "contrastive-few-labels": (*TWINS, "data.labelled=0.5", "adapter.out=8"),
    "twins-vit": (*TWINS, "data.test_share=0.2", f"encoder.name={TINY_VIT}", "encoder.weights=vit.safetensors"),
    "twins-lora": (*TWINS, f"encoder.name={TINY_VIT}", "encoder.weights=../twins-vit/weights.safetensors", "adapter.rank=2"),
    "twins-mlp": (*TWINS, f"encoder.name={TINY_VIT}", "encoder.weights=../twins-vit/weights.safetensors", "adapter.hidden=8"),
    "dreamsim-lora": (
        "data.train=votes", "data.split_by=row", "data.validation_share=0.3",
        f"encoder.name={TINY_VIT}", "encoder.weights=vit.safetensors",
    ),
    "dreamsim-ensemble": (
        "data.train=votes", "data.split_by=row", "data.validation_share=0.3",
        f'encoder.name=["{TINY_VIT}", "{TINY_VIT}"]', 'encoder.weights=["vit.safetensors", "other.safetensors"]',
    ),
    "dreamsim-mlp": (
        "data.train=votes", "data.split_by=row", "data.validation_share=0.3", "adapter.hidden=8",
        f'encoder.name=["{TINY_VIT}", "{TINY_VIT}"]', 'encoder.weights=["vit.safetensors", "other.safetensors"]',
    ),
    "material-mlp": (
        "data.train=material", 'data.images=["ennis", "stpeters"]', "data.validation_share=0.3", "data.test_share=0.3",
        "encoder.name=onnx:base.onnx", "adapter.hidden=8",
    ),
    "tll-pairs": ("data.train=pairs", "data.k=1", "data.validation_share=0.3", "encoder.name=onnx:base.onnx", "adapter.out=4"),
    "glance-distil": (
        "data.train=pairs/images", f"encoder.name={TINY_NET}", 'data.teacher.encoders=["classic:color"]',
        "data.teacher.dims=16", "data.validation_share=0.2",
    ),
    "glance-sharpen": (
        "data.train=pairs/images", f"encoder.name={TINY_NET}", "encoder.weights=../distilled/weights.safetensors",
        'data.teacher.encoders=["classic:color"]', "data.teacher.dims=16", "data.validation_share=0.2",
    ),
    "glance-broaden": (
        "data.train=pairs/images", f"encoder.name={TINY_NET}", "encoder.weights=../distilled/weights.safetensors",
        'data.teacher.encoders=["classic:color", "classic:layout"]', "data.teacher.dims=16", "data.validation_share=0.2",
    ),
    "glance-faces": (  # other teachers in the place of one that needs faces and dlib
        "data.train=pairs/images", f"encoder.name={TINY_NET}", "encoder.weights=../distilled/weights.safetensors",
        'data.teacher.encoders=["classic:color", "classic:layout", "classic:gradients"]', "data.teacher.dims=16",
        "data.validation_share=0.2",
    ),
    "glance-align": (
        "data.train=pairs", f"encoder.name={TINY_NET}", "encoder.weights=../distilled/weights.safetensors",
        'data.teacher.encoders=["trained:../distilled"]', "data.k=1", "data.validation_share=0.3",
        "data.bystanders=zebra/seen", "data.teacher.comparator=asked",
    ),
}  # fmt: skip
"""Recipe -> what makes it small, beside :data:`SHORT`. Files are those of the fixture ``place``."""

STANDS_ON = {
    "glance-sharpen": ("glance-distil", "distilled"),
    "glance-broaden": ("glance-distil", "distilled"),
    "glance-faces": ("glance-distil", "distilled"),
    "glance-align": ("glance-distil", "distilled"),
    "twins-lora": ("twins-vit", "twins-vit"),
    "twins-mlp": ("twins-vit", "twins-vit"),
}
"""Recipe -> the recipe that makes what it begins with, and the folder of that run."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two ViTs' weights, base.onnx, votes/, pairs/, zebra/, material/ with two renderings, and asked/, a comparator."""
    folder = tmp_path_factory.mktemp("recipes")
    vit_weights(folder / "vit.safetensors")
    vit_weights(folder / "other.safetensors", seed=1)
    write_card(write_network(folder / "base.onnx"), outputs={"embedding": "vector"})
    twins = make_twins(16, ("shape", "color"), size=32, seed=4)
    twins.save(folder / "pairs")
    more = make_twins(20, ("shape", "color"), size=32, seed=5)
    asked = Comparator.fit(more.left, more.right, encoder="classic:layout", faces=False, cache=False)
    asked.save(folder / "asked")
    triplets = twins.triplets("color")
    triplets.save(folder / "votes")
    rows = []
    for row, trio in enumerate(zip(triplets.reference, triplets.a, triplets.b, strict=True)):
        names = [f"m{row}-{role}" for role in "rab"]
        for name, pixels in zip(names, trio, strict=True):
            for light, shown in (("ennis", pixels), ("stpeters", np.ascontiguousarray(pixels[:, ::-1]))):
                file = folder / "material" / light / f"{name}.png"
                file.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(shown).save(file)
        rows.append(",".join([*names, "5,2" if row % 2 else "1,4"]))
    for name, shape in (("horse", "heart"), ("tiger", "star")):
        (folder / "zebra" / "seen" / name).mkdir(parents=True)
        for row, pixels in enumerate(make_twins(12, (), size=32, shape=shape).left):
            Image.fromarray(pixels).save(folder / "zebra" / "seen" / name / f"{row}.png")
    table = "\n".join(["reference,a,b,votes_a,votes_b", *rows, ""])
    (folder / "material" / "triplets.csv").write_text(table, encoding="utf-8")
    return folder


def small_run(name: str, place: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(place)
    return fit(Recipe.load(name, (*SHORT, *SMALL[name])), out=out, device="cpu")


def test_every_shipped_recipe_is_run_here() -> None:
    assert sorted(SMALL) == [one.name for one in list_recipes()]


@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_shipped_recipe_trains_an_encoder_that_loads(
    name: str, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name in STANDS_ON:
        first, folder = STANDS_ON[name]
        if not (place.parent / folder).exists():
            small_run(first, place, place.parent / folder, monkeypatch)
    run = small_run(name, place, tmp_path / "run", monkeypatch)
    assert run.epochs == 1
    assert run.steps >= 1
    found = load_encoder(str(run.folder)).embed([np.full((32, 32, 3), 90, np.uint8)])
    assert found.shape[0] == 1
    assert np.isfinite(found).all()
    assert run.comparison.trained.estimate.n > 0
    assert (run.folder / "model-card.md").is_file()


def test_few_labels_are_one_pair_in_ten() -> None:
    assert Recipe.load("contrastive-few-labels").data.labelled == 0.1
