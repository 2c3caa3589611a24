"""Which folder a diffusion model is read from, and whether it may be: no pickles, no code of its own."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from lookalike.encoders.torch_base import require
from lookalike.encoders.weights_source import is_offline, reachable
from lookalike.errors import JudgmentError, WeightsNotFound, printable

EXTRA = "generate"
INDEX_FILE = "model_index.json"
_PICKLES = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"}
_READ = {".json", ".txt", ".safetensors", ".model"}
_LIBRARIES = {"diffusers", "transformers"}
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class ModelFolder:
    """A diffusion model on this machine.

    Attributes:
        name: for people and provenance: ``owner/name``, or the folder's own name (never its path).
        revision: the commit on the hub, or ``sha256:`` and the hash of the files that are read.
        folder: in the layout of ``diffusers``.
        pipeline: name of the pipeline's class.
    """

    name: str
    revision: str
    folder: Path
    pipeline: str


def find_model(model: str, revision: str | None = None) -> ModelFolder:
    """A local folder, or a model of the hub: out of the cache, or fetched.

    Raises:
        WeightsNotFound: no such folder; or not in the cache, and there is no network or no such model.
        JudgmentError: the folder is no diffusion model, has pickled weights or code of its own.
        MissingDependency: the extra ``generate`` is not installed.
    """
    place = Path(model).expanduser()
    if place.is_dir():
        pipeline = check_folder(place)
        return ModelFolder(place.resolve().name, f"sha256:{_hash(place)}", place, pipeline)
    if not _HUB_NAME.fullmatch(model):
        raise WeightsNotFound(
            f"model {printable(model)}: there is no such folder, and it is no name on the hub (owner/name)"
        )
    folder = _from_hub(model, revision)
    commit = folder.name if folder.parent.name == "snapshots" else f"sha256:{_hash(folder)}"
    return ModelFolder(model, commit, folder, check_folder(folder))


def check_folder(folder: Path) -> str:
    """Name of the pipeline's class.

    Raises:
        JudgmentError: see :func:`find_model`.
    """
    shown = printable(str(folder))
    try:
        index: dict[str, Any] = json.loads((folder / INDEX_FILE).read_text(encoding="utf-8"))
        name = index["_class_name"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise JudgmentError(
            f"{shown} is no diffusion model: {INDEX_FILE} of the layout of diffusers is missing or damaged"
        ) from error
    if not isinstance(name, str):
        raise JudgmentError(f"{shown} brings a pipeline of its own as code, which is not run")
    for part, value in index.items():
        if part.startswith("_") or not isinstance(value, list) or value[0] is None:
            continue
        _check_part(folder, part, str(value[0]), shown)
    return name


def _check_part(folder: Path, part: str, library: str, shown: str) -> None:
    """One component: of a known library, and with safetensors where it has weights."""
    inside = folder / part
    if (library not in _LIBRARIES and not library.isidentifier()) or list(inside.glob("*.py")):
        raise JudgmentError(f"{shown}: the part {printable(part)} brings code of its own, which is not run")
    kinds = {file.suffix.lower() for file in inside.glob("*")}
    if kinds & _PICKLES and ".safetensors" not in kinds:
        raise JudgmentError(
            f"{shown}: the weights of {printable(part)} are pickles, which can run code and are not read; "
            "convert them to safetensors"
        )


def _hash(folder: Path) -> str:
    """SHA-256 over the names and bytes of the files that are read."""
    digest = hashlib.sha256()
    for file in sorted(f for f in folder.rglob("*") if f.suffix in _READ and f.is_file()):
        with file.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        digest.update(f"{file.relative_to(folder).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()


def _from_hub(model: str, revision: str | None) -> Path:
    diffusers = require("diffusers", EXTRA, "drawing images")
    require("huggingface_hub", EXTRA, "fetching a model")
    endpoint = str(import_module("huggingface_hub.constants").ENDPOINT)
    why = ""
    if is_offline():
        why = "HF_HUB_OFFLINE forbids fetching it"
    elif not reachable(endpoint):
        why = f"{endpoint} cannot be reached"
    try:
        found = diffusers.DiffusionPipeline.download(
            model, revision=revision, use_safetensors=True, local_files_only=bool(why)
        )
    except Exception as error:  # the hub's client and diffusers raise what they like, and change it
        reason = why or f"the download failed ({_first_line(error)})"
        raise WeightsNotFound(
            f"model {printable(model)} is not on this machine and {reason}; fetch its folder where there is a network "
            "and give that folder with --model"
        ) from None
    return Path(found)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return printable(lines[0]) if lines else type(error).__name__
