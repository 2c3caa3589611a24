"""A Stable Diffusion with random weights of a few thousand numbers, saved in the layout of diffusers."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any


def write_pipeline(folder: Path, *, checker: bool = True, strict: float = 2.0) -> Path:
    """The folder, as ``save_pretrained`` writes it (safetensors).

    Args:
        checker: with a safety checker.
        strict: its threshold of cosine: 2 lets everything pass, -2 flags everything.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import diffusers
        import torch
        from transformers import CLIPImageProcessor

        torch.manual_seed(0)
        pipeline = diffusers.StableDiffusionPipeline(
            unet=diffusers.UNet2DConditionModel(
                sample_size=8, layers_per_block=1, block_out_channels=(8, 16), norm_num_groups=4,
                down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
                up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), cross_attention_dim=16, attention_head_dim=4,
            ),
            vae=diffusers.AutoencoderKL(
                block_out_channels=(8, 8), norm_num_groups=4, sample_size=16,
                down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
            ),
            scheduler=diffusers.DDIMScheduler(beta_schedule="scaled_linear", clip_sample=False),
            text_encoder=_text_model(),
            tokenizer=_tokenizer(folder.with_name(f"{folder.name}-words")),
            safety_checker=_checker(strict) if checker else None,
            feature_extractor=CLIPImageProcessor(size=30, crop_size=30),
            requires_safety_checker=checker,
        )  # fmt: skip
        pipeline.save_pretrained(folder, safe_serialization=True)
    return folder


def _text_model() -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel

    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=600, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
            max_position_embeddings=16, bos_token_id=0, eos_token_id=1, pad_token_id=1,
        )
    ).eval()  # fmt: skip


def _checker(strict: float) -> Any:
    import torch
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig

    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    vision = {**small, "image_size": 30, "patch_size": 10}
    text = {**small, "vocab_size": 9, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    made = StableDiffusionSafetyChecker(CLIPConfig(vision_config=vision, text_config=text, projection_dim=8))
    with torch.no_grad():
        made.concept_embeds_weights.fill_(strict)
        made.special_care_embeds_weights.fill_(2.0)
    return made.eval()


def _tokenizer(folder: Path) -> Any:
    """Letters and word ends alone, as CLIP's files spell them."""
    from transformers import CLIPTokenizer

    folder.mkdir(parents=True)
    letters = [chr(code) for code in range(33, 127)]
    words = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{letter}</w>" for letter in letters)]
    (folder / "vocab.json").write_text(json.dumps({word: place for place, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer.from_pretrained(folder, model_max_length=16)
