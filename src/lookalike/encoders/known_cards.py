"""Cards of ONNX files that are recognised by their content, wherever they lie."""

from __future__ import annotations

from collections.abc import Mapping

KNOWN_CARDS: Mapping[str, Mapping[str, object]] = {
    "225835c5354a2e6b7d6fc92818c003a89e90bc2cb29deefe55307b7f6a0e7eaa": {
        "name": "MobileNetV2 1.0 (ImageNet)",
        "size": [224, 224],
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
        "resize": "squash",
        "interpolation": "bicubic",
        "outputs": {"embedding": "embedding", "feature_map": "feature_map"},
        "licence": "Apache-2.0",
        "source": "timm mobilenetv2_100 (1001 classes, TensorFlow padding), exported to ONNX",
        "training_data": "ImageNet-1k",
    },
}
"""sha256 (hex) of the ONNX file -> the card's JSON document."""
