"""Where weights come from: a file of the user's, the cache on this machine, or the network."""

from __future__ import annotations

import hashlib
import http.client
import os
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from lookalike.encoders.torch_base import require
from lookalike.encoders.weights import check_weights_file
from lookalike.errors import InvalidArgument, WeightsNotFound, printable

PATIENCE = 6.0
"""Seconds to wait for the first sign of life of a server (names that do not resolve included)."""
CHUNK = 1 << 20


@dataclass(frozen=True)
class WantedWeights:
    """The published weights of one network.

    Attributes:
        encoder: the encoder's name, for messages.
        repo: on the Hugging Face hub (``owner/name``), or None.
        filenames: in that repository, best first.
        revision: of that repository; None is the newest.
        url: where there is no repository.
        sha256_start: the first hex digits of the file's SHA-256; '' is not checked.
    """

    encoder: str
    repo: str | None = None
    filenames: tuple[str, ...] = ("model.safetensors", "pytorch_model.bin")
    revision: str | None = None
    url: str | None = None
    sha256_start: str = ""

    @property
    def described(self) -> str:
        """The file in words: ``timm/resnet18.a1_in1k/model.safetensors on huggingface.co``, or the URL."""
        if self.repo:
            return f"{self.repo}/{self.filenames[0]} on huggingface.co"
        return self.url or "no published file"


def find_weights(wanted: WantedWeights, local: Path | None) -> Path:
    """The weights file: ``local`` when given, else from the cache, else fetched into the cache.

    Raises:
        WeightsNotFound: neither here nor to be had; one line with the file wanted and what to do.
    """
    if local is not None:
        path = Path(local).expanduser()
        check_weights_file(path)
        return path
    if wanted.repo:
        return _from_hub(wanted)
    if wanted.url:
        return _from_url(wanted, wanted.url)
    raise WeightsNotFound(
        f"encoder {wanted.encoder}: no weights are published for it; give a file with --weights FILE"
    )


def pull(spec: str) -> Path:
    """Fetch the weights of an encoder into the cache, unless they are there.

    Args:
        spec: one ``timm:NAME``, ``torchvision:NAME`` or ``open_clip:MODEL/PRETRAINED`` (not an ensemble).

    Returns:
        the file on this machine.

    Raises:
        WeightsNotFound: no network, or the server does not hand out the file.
        InvalidArgument: the encoder has no weights that could be fetched.
        UnknownEncoder: the library knows no such network.
        MissingDependency: the library is not installed.
    """
    scheme, _, argument = spec.partition(":")
    if scheme not in ("timm", "torchvision", "open_clip"):
        raise InvalidArgument(
            f"encoder {spec!r} has no weights to pull; timm:, torchvision: and open_clip: have"
        )
    module = import_module(f"lookalike.encoders.{scheme}")
    wanted_weights = cast(Callable[[str], WantedWeights], module.wanted_weights)
    return find_weights(wanted_weights(argument), None)


def is_offline() -> bool:
    """True when the user forbids the network (``HF_HUB_OFFLINE`` or ``TRANSFORMERS_OFFLINE``)."""
    values = (os.environ.get("HF_HUB_OFFLINE", ""), os.environ.get("TRANSFORMERS_OFFLINE", ""))
    return any(value.upper() in ("1", "ON", "YES", "TRUE") for value in values)


def reachable(url: str, patience: float = PATIENCE) -> bool:
    """True when the server of ``url`` answers anything within ``patience`` seconds; proxies are honoured.

    Libraries retry for 20 seconds and more before they give up, and resolving a name has no timeout of its
    own: so this is asked first, from a thread that may be left behind.
    """
    answered: list[bool] = []

    def knock() -> None:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=patience):
                answered.append(True)
        except urllib.error.HTTPError:
            answered.append(True)
        except (OSError, ValueError, http.client.HTTPException):
            answered.append(False)

    thread = threading.Thread(target=knock, daemon=True, name="lookalike-reachable")
    thread.start()
    thread.join(patience)
    return bool(answered and answered[0])


def not_found(wanted: WantedWeights, why: str) -> WeightsNotFound:
    """The one line: which file was wanted, why it is not here, how to provide it."""
    return WeightsNotFound(
        f"encoder {wanted.encoder}: its weights ({wanted.described}) are not on this machine and {why}; "
        f"fetch that file where there is a network and give it with --weights FILE"
    )


def _from_hub(wanted: WantedWeights) -> Path:
    hub = require("huggingface_hub", "torch", f"fetching weights of {wanted.encoder}")
    # Submodules by name: the package hands them out as attributes only once somebody has imported them.
    constants, errors = (import_module(f"huggingface_hub.{part}") for part in ("constants", "errors"))
    cached = hub_cached(wanted)
    if cached is not None:
        return cached
    if is_offline():
        raise not_found(wanted, "HF_HUB_OFFLINE forbids fetching them")
    if not reachable(constants.ENDPOINT):
        raise not_found(wanted, f"{constants.ENDPOINT} cannot be reached")
    for filename in wanted.filenames:
        try:
            return Path(
                hub.hf_hub_download(
                    str(wanted.repo), filename, revision=wanted.revision, etag_timeout=PATIENCE
                )
            )
        except errors.LocalEntryNotFoundError as error:
            raise not_found(wanted, f"the download failed ({_first_line(error)})") from None
        except errors.EntryNotFoundError:
            continue
        except errors.GatedRepoError:
            raise not_found(
                wanted, "are given only to people who accepted their licence on the hub"
            ) from None
        except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError):
            raise not_found(wanted, "the hub knows no such repository") from None
        except Exception as error:  # HTTP libraries change between versions of the hub's client
            raise not_found(wanted, f"the download failed ({_first_line(error)})") from None
    raise not_found(wanted, "the hub's repository does not hold them")


def hub_cached(wanted: WantedWeights) -> Path | None:
    """The file in the Hugging Face cache of this machine, if it is there."""
    hub = require("huggingface_hub", "torch", f"looking for weights of {wanted.encoder}")
    for filename in wanted.filenames:
        found = hub.try_to_load_from_cache(str(wanted.repo), filename, revision=wanted.revision)
        if isinstance(found, str) and Path(found).is_file():
            return Path(found)
    return None


def _from_url(wanted: WantedWeights, url: str) -> Path:
    torch = require("torch", "torch", f"fetching weights of {wanted.encoder}")
    target = Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[-1]
    if target.is_file():
        return target
    if is_offline():
        raise not_found(wanted, "HF_HUB_OFFLINE forbids fetching them")
    if not reachable(url):
        raise not_found(wanted, "that server cannot be reached")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = _download(url, target, wanted.sha256_start)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise not_found(wanted, f"the download failed ({_first_line(error)})") from None
    if digest:
        raise not_found(
            wanted, f"what was downloaded is damaged (SHA-256 {digest[:16]}..., not {wanted.sha256_start}...)"
        )
    return target


def _download(url: str, target: Path, sha256_start: str) -> str:
    """Download to a file beside the target, check it, and put it in place; returns a wrong SHA-256, or ''."""
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".lookalike-", delete=False) as part:
        try:
            digest = hashlib.sha256()
            with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
                expected = int(answer.headers.get("Content-Length") or 0)
                received = _copy(answer, part, digest, expected, target.name)
            if expected and received != expected:
                raise OSError(f"{received} of {expected} bytes arrived")
            if not digest.hexdigest().startswith(sha256_start):
                Path(part.name).unlink()
                return digest.hexdigest()
            part.close()
            Path(part.name).replace(target)
        except BaseException:
            Path(part.name).unlink(missing_ok=True)
            raise
    return ""


def _copy(answer: Any, part: Any, digest: Any, expected: int, name: str) -> int:
    received = 0
    terminal = sys.stderr.isatty()
    while chunk := answer.read(CHUNK):
        part.write(chunk)
        digest.update(chunk)
        received += len(chunk)
        if terminal and expected:
            print(f"\r{name}: {received >> 20} of {expected >> 20} MB", end="", file=sys.stderr, flush=True)
    if terminal and expected:
        print(file=sys.stderr)
    return received


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines() or [type(error).__name__]
    return printable(text[0])[:160]
