"""One image -> one float32 vector, and where the network has one, a feature map."""

from lookalike.encoders.base import Encoder, EncoderCard, Preprocessing, embed_with_gaps, normalize
from lookalike.encoders.callable import CallableEncoder
from lookalike.encoders.pulling import pull_weights
from lookalike.encoders.registry import (
    BUILTIN,
    DEFAULT_ENCODER,
    EncoderEntry,
    EncoderOptions,
    EncoderStatus,
    list_encoders,
    load_encoder,
)
from lookalike.encoders.spec import absolute_spec

__all__ = [
    "BUILTIN",
    "DEFAULT_ENCODER",
    "CallableEncoder",
    "Encoder",
    "EncoderCard",
    "EncoderEntry",
    "EncoderOptions",
    "EncoderStatus",
    "Preprocessing",
    "absolute_spec",
    "embed_with_gaps",
    "list_encoders",
    "load_encoder",
    "normalize",
    "pull_weights",
]
