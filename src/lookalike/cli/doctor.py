"""`lookalike doctor`: is this installation, and a gallery, in order?"""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lookalike._version import __version__
from lookalike.cli import output
from lookalike.cli.options import JsonOption

if TYPE_CHECKING:
    from lookalike.gallery.check import CheckReport

CORE = (
    "numpy",
    "scipy",
    "pillow",
    "pillow-heif",
    "scikit-image",
    "scikit-learn",
    "onnxruntime",
    "pyarrow",
    "lancedb",
    "faiss-cpu",
)
OPTIONAL = {
    "umap-learn": "map",
    "pandas": "pandas",
    "statsmodels": "stats",
    "matplotlib": "stats",
    "choix": "stats",
    "torch": "torch",
    "torchvision": "torch",
    "timm": "torch",
    "open_clip_torch": "clip",
}


def doctor(
    gallery: Annotated[str | None, typer.Option("--gallery", "-g", help="Also check this gallery.")] = None,
    queries: Annotated[
        int, typer.Option("--queries", help="Rows sampled to measure the index's recall.", min=1)
    ] = 200,
    json_: JsonOption = False,
) -> None:
    """Report the installation; with --gallery also the gallery's integrity and the recall of its index."""
    report = _installation()
    check: CheckReport | None = None
    if gallery is not None:
        from lookalike.gallery import Gallery

        check = Gallery.open(gallery).check(queries=queries)
        report["gallery"] = check.to_dict()
    if json_:
        output.print_json(report)
    else:
        _print(report)
    if report["faults"] or (check is not None and not check.sound):
        raise typer.Exit(1)


def _installation() -> dict[str, Any]:
    from lookalike.encoders import list_encoders
    from lookalike.encoders.cache import EmbeddingCache
    from lookalike.encoders.parallel import available_cores

    packages = {name: _version_of(name) for name in (*CORE, *OPTIONAL)}
    faults = [
        f"{name} is not installed: pip install --force-reinstall lookalike"
        for name in CORE
        if packages[name] is None
    ]
    cache = EmbeddingCache()
    return {
        "lookalike": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": available_cores(),
        "packages": packages,
        "providers": _providers(),
        "formats": _formats(),
        "encoders": {status.entry.name: status.available for status in list_encoders()},
        "cache": {"folder": str(cache.folder), "bytes": cache.size()},
        "faults": faults,
    }


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _providers() -> list[str]:
    from lookalike.encoders.onnx_session import import_onnxruntime

    try:
        onnxruntime = import_onnxruntime()
    except ImportError:
        return []
    return list(onnxruntime.get_available_providers())


def _formats() -> dict[str, bool]:
    from PIL import features

    try:
        import pillow_heif
    except ImportError:
        heif = False
    else:
        heif = bool(pillow_heif.libheif_version())
    return {
        "JPEG": bool(features.check("jpg")),
        "WebP": bool(features.check("webp")),
        "AVIF": bool(features.check("avif")),
        "HEIC": heif,
    }


def _print(report: dict[str, Any]) -> None:
    output.say(
        f"lookalike {report['lookalike']}, Python {report['python']}, {report['cores']} cores, {report['platform']}"
    )
    rows = []
    for name, found in report["packages"].items():
        extra = OPTIONAL.get(name)
        absent = f"not installed (pip install 'lookalike[{extra}]')" if extra else "MISSING"
        rows.append([name, found or absent])
    output.print_table("", ["package", "version"], rows)
    output.say("ONNX Runtime: " + (", ".join(report["providers"]) or "none"))
    output.say(
        "formats: " + ", ".join(f"{name} {'yes' if ok else 'NO'}" for name, ok in report["formats"].items())
    )
    cache = report["cache"]
    output.say(f"embedding cache: {cache['folder']} ({output.human_bytes(cache['bytes'])})")
    for fault in report["faults"]:
        output.say(f"fault: {fault}")
    if "gallery" in report:
        _print_gallery(report["gallery"])


def _print_gallery(check: dict[str, Any]) -> None:
    state = "sound" if check["sound"] else "NOT SOUND"
    output.say(
        f"gallery: {state}; {check['images']} images, {check['missing']} marked missing, {check['files_gone']} files gone, "
        f"{check['files_changed']} files changed, {check['problems']} bad files on record"
    )
    for fault in check["faults"]:
        output.say(f"fault: {fault}")
    if check["index"] is None:
        output.say("index: none (searched exactly)")
    else:
        output.say(
            f"index: recall@10 {check['recall_at_10']} on {check['sampled']} sampled rows; {check['index']}"
        )
