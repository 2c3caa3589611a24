"""The names of PyTorch that the training room uses, behind one clear error where torch is not installed.

A class of this room is an ``nn.Module``, so its module needs torch while it is being read; importing from here
gives a missing torch the same one line as everywhere else (:class:`~lookalike.errors.MissingDependency`).
"""

from __future__ import annotations

from lookalike.encoders.torch_base import require

require("torch", "torch", "lookalike.training")

import torch  # noqa: E402 - only after the check above
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional  # noqa: E402

__all__ = ["Tensor", "functional", "nn", "torch"]
