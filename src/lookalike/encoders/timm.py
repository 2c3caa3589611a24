"""Networks of timm: ``timm:NAME`` or ``timm:NAME?pool=cls_prenorm&resize=squash``.

Options behind the question mark: those of :mod:`lookalike.encoders.network_options` (``size``, ``resize``,
``mean``, ...), ``pool`` (:data:`POOLS`), ``head=keep`` (keeps the last linear layer: the projection of a CLIP
model), and any argument of ``timm.create_model``, such as ``pad_type=same``.

Preprocessing is the network's own (``timm.data.resolve_model_data_config``): usually bicubic, short side to
size / crop_pct, centre crop. ``resize=squash`` shows the network the whole image instead, as DreamSim does.
"""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from lookalike.encoders.base import EncoderCard, Preprocessing
from lookalike.encoders.network_options import INTERPOLATIONS, literal, override_preprocessing, split_options
from lookalike.encoders.registry import EncoderOptions
from lookalike.encoders.torch_base import TorchEncoder, require, tokens_to_grid
from lookalike.encoders.weights import CLASSIFIERS, load_weights, read_state_dict
from lookalike.encoders.weights_source import WantedWeights, find_weights
from lookalike.errors import EncoderCardError, InvalidArgument, NoSuchOutput, UnknownEncoder, printable
from lookalike.images.files import file_sha256

POOLS = {
    "model": "what the network itself pools (the default)",
    "cls": "class token after the final norm",
    "cls_prenorm": "class token of the last block, before the final norm (DINO in DreamSim)",
    "mean": "mean of the local features",
}

ALIASES = {
    "dino_vits16": "vit_small_patch16_224.dino",
    "dino_vitb16": "vit_base_patch16_224.dino",
    "dino_vitb8": "vit_base_patch8_224.dino",
    "dreamsim_dino_vitb16": "vit_base_patch16_224.dino?pool=cls_prenorm&resize=squash",
    "dinov2_vits14": "vit_small_patch14_dinov2.lvd142m",
    "dinov2_vitb14": "vit_base_patch14_dinov2.lvd142m",
    "dinov2_vitl14": "vit_large_patch14_dinov2.lvd142m",
    "dinov2_vitb14_reg": "vit_base_patch14_reg4_dinov2.lvd142m",
    "dinov3_vits16": "vit_small_patch16_dinov3.lvd1689m",
    "dinov3_vitb16": "vit_base_patch16_dinov3.lvd1689m",
    "dinov3_vitl16": "vit_large_patch16_dinov3.lvd1689m",
    "dinov3_convnext_tiny": "convnext_tiny.dinov3_lvd1689m",
    "mae_vitb16": "vit_base_patch16_224.mae",
    "mae_vitl16": "vit_large_patch16_224.mae",
    "clip_vitb32": "vit_base_patch32_clip_quickgelu_224.openai?head=keep",
    "clip_vitb16": "vit_base_patch16_clip_quickgelu_224.openai?head=keep",
    "clip_vitl14": "vit_large_patch14_clip_quickgelu_224.openai?head=keep",
    "openclip_vitb32": "vit_base_patch32_clip_224.laion2b?head=keep",
    "siglip2_vitb16": "vit_base_patch16_siglip_224.v2_webli",
    "siglip2_vitl16": "vit_large_patch16_siglip_256.v2_webli",
}
"""Short names: ``timm:dino_vitb16``. Options that follow replace the alias's own."""

TRAINING_DATA = {
    "dino": "ImageNet-1k, without labels",
    "mae": "ImageNet-1k, without labels",
    "lvd142m": "LVD-142M, without labels",
    "lvd1689m": "LVD-1689M, without labels",
    "dinov3_lvd1689m": "LVD-1689M, without labels",
    "openai": "OpenAI's 400 million image-text pairs",
    "laion2b": "LAION-2B, image-text pairs",
    "webli": "WebLI, image-text pairs",
    "v2_webli": "WebLI, image-text pairs",
}


class TimmEncoder(TorchEncoder):
    """A timm network; see :func:`load`. ``pool`` is a key of :data:`POOLS`."""

    def __init__(
        self, module: Any, card: EncoderCard, options: EncoderOptions | None = None, pool: str = "model"
    ) -> None:
        if pool not in POOLS:
            raise InvalidArgument(f"encoder option pool={pool}: choose one of {', '.join(POOLS)}")
        self.pool = pool
        self.prefix = int(getattr(module, "num_prefix_tokens", 0))
        if pool in ("cls", "cls_prenorm") and self.prefix < 1:
            raise NoSuchOutput(f"encoder {card.name} has no class token; pool=model and pool=mean exist")
        super().__init__(module, card, options)
        self._before_norm: Any = None
        if pool == "cls_prenorm":
            if not hasattr(module, "norm"):
                raise NoSuchOutput(f"encoder {card.name} has no final norm; use pool=cls or pool=model")
            self.module.norm.register_forward_pre_hook(self._keep)
        self._measure()

    def _keep(self, _module: Any, arguments: tuple[Any, ...]) -> None:
        self._before_norm = arguments[0]

    def _forward(self, batch: Any) -> Any:
        if self.pool == "model":
            return self.module(batch)
        if self.pool == "mean":
            return self._spatial(batch).mean(dim=(1, 2))
        features = self.module.forward_features(batch)
        if self.pool == "cls":
            return features[:, 0]
        kept, self._before_norm = self._before_norm, None
        return kept[:, 0]

    def _spatial(self, batch: Any) -> Any:
        features = self.module.forward_features(batch)
        self._before_norm = None
        if not hasattr(features, "ndim") or features.ndim not in (3, 4):
            raise NoSuchOutput(f"encoder {self.card.name} has no feature map")
        if features.ndim == 3:
            return tokens_to_grid(features, self.prefix, self._grid())
        if getattr(self.module, "output_fmt", "NCHW") == "NHWC":
            return features
        return features.permute(0, 2, 3, 1)

    def _grid(self) -> tuple[int, int] | None:
        grid = getattr(getattr(self.module, "patch_embed", None), "grid_size", None)
        return (int(grid[0]), int(grid[1])) if grid else None


@dataclass(frozen=True)
class _Request:
    """What a name such as ``mobilenetv2_100?pad_type=same&resize=squash`` asks for."""

    name: str
    pool: str
    keep_head: bool
    preprocessing: dict[str, str]
    settings: dict[str, Any]

    @property
    def size(self) -> tuple[int, int] | None:
        nothing = (0, 0)
        size = override_preprocessing(Preprocessing(), nothing, self.preprocessing)[1]
        return None if size == nothing else size


def load(argument: str, options: EncoderOptions) -> TimmEncoder:
    """The encoder ``timm:argument``.

    Raises:
        UnknownEncoder: timm has no network of that name.
        InvalidArgument: an option behind ``?`` makes no sense, or timm refuses it.
        WeightsNotFound: its weights are neither here nor to be had.
        EncoderCardError: the weights file belongs to another network.
        MissingDependency: timm or torch is not installed.
    """
    require("torch", "torch", f"encoder timm:{argument}")
    request = parse(argument)
    path = find_weights(wanted_weights(argument), options.weights)
    state = read_state_dict(path)
    module = build(request)
    load_weights(
        module, _in_timm_names(module, state, path), path, f"timm:{request.name}", _leftovers(module)
    )
    card = replace(
        make_card(f"timm:{argument}", request, module),
        sha256=file_sha256(path),
        size_bytes=path.stat().st_size,
    )
    return TimmEncoder(module, card, options, request.pool)


def wanted_weights(argument: str) -> WantedWeights:
    """The published weights of ``timm:argument``.

    Raises:
        UnknownEncoder: timm has no network of that name.
    """
    timm = require("timm", "torch", f"encoder timm:{argument}")
    config = timm.get_pretrained_cfg(parse(argument).name)
    encoder = f"timm:{argument}"
    if config is None:
        return WantedWeights(encoder)
    # custom_load: the published file is in another library's names and format (npz, or "hf": that of another
    # project).
    if config.hf_hub_id and config.custom_load != "hf":
        repo, _, revision = config.hf_hub_id.partition("@")
        files = (config.hf_hub_filename,) if config.hf_hub_filename else WantedWeights.filenames
        return WantedWeights(encoder, repo, files, revision or None)
    return WantedWeights(encoder, url=None if config.custom_load else config.url or None)


def parse(argument: str) -> _Request:
    """A name with its options, aliases replaced and checked.

    Raises:
        UnknownEncoder: timm has no network of that name; similar ones are named.
        InvalidArgument: an option makes no sense.
    """
    timm = require("timm", "torch", f"encoder timm:{argument}")
    name, options = split_options(argument)
    if name in ALIASES:
        name, defaults = split_options(ALIASES[name])
        options = {**defaults, **options}
    architecture, _, tag = name.partition(".")
    if not timm.is_model(architecture):
        similar = [
            *[alias for alias in ALIASES if architecture in alias],
            *timm.list_models(f"*{architecture}*"),
        ][:5]
        hint = f"similar: {', '.join(similar)}" if similar else "timm.list_models() shows all"
        raise UnknownEncoder(f"timm has no network called {architecture!r}; {hint}")
    if tag and not timm.models.is_model_pretrained(name):
        tags = [known.partition(".")[2] for known in timm.list_pretrained(f"{architecture}.*")][:8]
        raise UnknownEncoder(
            f"timm's {architecture} has no weights {tag!r}; it has: {', '.join(tags) or 'none'}"
        )
    pool = options.pop("pool", "model")
    if pool not in POOLS:
        raise InvalidArgument(f"encoder option pool={pool}: choose one of {', '.join(POOLS)}")
    head = options.pop("head", "drop")
    if head not in ("drop", "keep"):
        raise InvalidArgument(f"encoder option head={head}: choose drop or keep")
    rest = override_preprocessing(Preprocessing(), (0, 0), options)[2]
    settings = {key: literal(value) for key, value in rest.items()}
    preprocessing = {key: value for key, value in options.items() if key not in rest}
    return _Request(name, pool, head == "keep", preprocessing, settings)


def build(request: _Request) -> Any:
    """The network with random weights, cut off before its classifier unless the head is kept.

    Raises:
        InvalidArgument: timm refuses an option.
    """
    timm = require("timm", "torch", f"encoder timm:{request.name}")
    settings = dict(request.settings)
    if not request.keep_head:
        settings["num_classes"] = 0
    config = timm.get_pretrained_cfg(request.name)
    if request.size and config is not None and config.fixed_input_size:
        settings.setdefault("img_size", request.size)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return timm.create_model(request.name, pretrained=False, **settings)
    except (TypeError, ValueError, AssertionError, RuntimeError, KeyError, AttributeError) as error:
        shown = ", ".join(f"{key}={value}" for key, value in settings.items())
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InvalidArgument(f"timm cannot build {request.name} with {shown}: {reason}") from None


def make_card(encoder: str, request: _Request, module: Any) -> EncoderCard:
    """Card of a timm network, without weights; dimension and feature map are measured by the encoder."""
    timm = require("timm", "torch", f"encoder {encoder}")
    config = timm.data.resolve_model_data_config(module)
    resize = {"center": "crop", "squash": "squash", "border": "pad"}.get(config["crop_mode"], "crop")
    known = config["interpolation"] in INTERPOLATIONS
    base = Preprocessing(
        resize=cast(Any, resize),
        interpolation=config["interpolation"] if known else "bicubic",
        mean=cast(Any, tuple(float(value) for value in config["mean"])),
        std=cast(Any, tuple(float(value) for value in config["std"])),
        crop_fraction=float(config["crop_pct"]) if resize == "crop" else 1.0,
    )
    height, width = config["input_size"][1:]
    preprocessing, size, _ = override_preprocessing(base, (height, width), request.preprocessing)
    published = module.pretrained_cfg
    tag = published.get("tag") or ""
    return EncoderCard(
        name=encoder,
        dim=0,
        input_size=size,
        preprocessing=preprocessing,
        licence=published.get("license") or "unknown",
        source=f"timm, {published.get('hf_hub_id') or published.get('url') or request.name}",
        training_data=TRAINING_DATA.get(tag, "ImageNet-1k" if tag.endswith("in1k") else "unknown"),
        details={
            "network": request.name.partition(".")[0],
            "pool": request.pool,
            "head": "keep" if request.keep_head else "drop",
            "settings": request.settings,
        },
    )


def _in_timm_names(module: Any, state: dict[str, Any], path: Path) -> dict[str, Any]:
    """Weights as their authors published them (DINOv2, ...) in timm's names, position embeddings resized."""
    convert = getattr(sys.modules[type(module).__module__], "checkpoint_filter_fn", None)
    if convert is None:
        return state
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return dict(convert(state, module))
    except (KeyError, RuntimeError, ValueError, AttributeError, IndexError, TypeError) as error:
        # The converter trips over what belongs to another network; comparing names tells more than its error
        # does.
        if set(state) & set(module.state_dict()):
            return state
        raise EncoderCardError(
            f"{printable(str(path))}: these are no weights for this network ({error})"
        ) from None


def _leftovers(module: Any) -> tuple[str, ...]:
    named = module.pretrained_cfg.get("classifier") or ()
    return (*CLASSIFIERS, *((named,) if isinstance(named, str) else named))
