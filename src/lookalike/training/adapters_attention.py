"""open_clip's attention with its query, key and value layer as a layer of its own, so that LoRA can hold on to it."""

from __future__ import annotations

from typing import Any

from lookalike.errors import TrainingError
from lookalike.training.pytorch import Tensor, functional, nn, torch


class QkvAttention(nn.Module):
    """The same self-attention as an ``nn.MultiheadAttention``, with layers ``qkv`` and ``proj`` as in timm.

    PyTorch's own keeps the three matrices as one bare parameter, which no adapter can wrap. Shapes as there:
    (n, length, d) where ``batch_first``, else (length, n, d); the second value returned is None.

    Args:
        attention: what it replaces; its weights are shared, not copied.

    Raises:
        TrainingError: an attention between different widths, which no ViT has.
    """

    def __init__(self, attention: nn.MultiheadAttention) -> None:
        super().__init__()
        if attention.in_proj_weight is None or attention.bias_k is not None:
            raise TrainingError(
                "LoRA: this attention has separate or extra key and value layers, which is not supported"
            )
        dim = attention.embed_dim
        self.heads, self.batch_first, self.dropout = (
            attention.num_heads,
            attention.batch_first,
            attention.dropout,
        )
        self.qkv = nn.Linear(dim, 3 * dim, bias=attention.in_proj_bias is not None)
        self.qkv.weight = attention.in_proj_weight
        if attention.in_proj_bias is not None:
            self.qkv.bias = attention.in_proj_bias
        self.proj = attention.out_proj

    def forward(
        self,
        query: Tensor,
        key: Tensor | None = None,
        value: Tensor | None = None,
        need_weights: bool = False,
        attn_mask: Tensor | None = None,
        **_: Any,
    ) -> tuple[Tensor, None]:
        if (
            need_weights
            or (key is not None and key is not query)
            or (value is not None and value is not query)
        ):
            raise TrainingError(
                "LoRA: this network's attention is no plain self-attention, which is not supported"
            )
        x = query if self.batch_first else query.transpose(0, 1)
        rows, length, dim = x.shape
        q, k, v = self.qkv(x).view(rows, length, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        if attn_mask is not None and attn_mask.ndim == 3:
            attn_mask = attn_mask.view(rows, self.heads, length, length)
        if attn_mask is not None and attn_mask.dtype == torch.bool:
            attn_mask = ~attn_mask  # True means "leave out" there and "take part" here
        mixed = functional.scaled_dot_product_attention(
            q, k, v, attn_mask=attn_mask, dropout_p=self.dropout if self.training else 0.0
        )
        y = self.proj(mixed.transpose(1, 2).reshape(rows, length, dim))
        return (y if self.batch_first else y.transpose(0, 1)), None


def open_attention(module: nn.Module) -> int:
    """Replace every ``nn.MultiheadAttention`` within by :class:`QkvAttention`, in place; how many there were."""
    found = [
        (parent, name, child)
        for parent in list(module.modules())
        for name, child in parent.named_children()
        if isinstance(child, nn.MultiheadAttention)
    ]
    for parent, name, child in found:
        replaced = QkvAttention(child).train(child.training)
        setattr(parent, name, replaced)
    return len(found)
