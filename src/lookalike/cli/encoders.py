"""`lookalike encoders`: what is there, what a card says, and weights on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from lookalike.cli import output
from lookalike.cli.encoders_card import card_rows
from lookalike.cli.options import DeviceOption, JsonOption, PrecisionOption, WeightsOption, encoder_options

app = typer.Typer(
    help="Encoders: list them, show a card, fetch weights.",
    no_args_is_help=False,
    invoke_without_command=True,
)


@app.callback()
def _default(context: typer.Context, json_: JsonOption = False) -> None:
    if context.invoked_subcommand is None:
        list_command(json_=json_)


@app.command("list")
def list_command(json_: JsonOption = False) -> None:
    """Every encoder that this installation knows."""
    from lookalike.encoders import DEFAULT_ENCODER, list_encoders

    found = list_encoders()
    if json_:
        output.print_json(
            {
                "encoders": [
                    {
                        "name": status.entry.name,
                        "usage": status.entry.usage,
                        "description": status.entry.description,
                        "available": status.available,
                        "install": status.install,
                        "default": status.entry.name == DEFAULT_ENCODER,
                    }
                    for status in found
                ]
            }
        )
        return
    rows = [[s.entry.usage, s.entry.description, "yes" if s.available else f"no: {s.install}"] for s in found]
    output.print_table("", ["encoder", "what it is", "installed"], rows)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Such as classic or onnx:model.onnx.", show_default=False)],
    device: DeviceOption = "auto",
    precision: PrecisionOption = "fp32",
    weights: WeightsOption = None,
    json_: JsonOption = False,
) -> None:
    """The card of an encoder: dimensions, input, preprocessing, licence, source, size; its model card where it has one."""
    from lookalike.encoders import load_encoder

    encoder = load_encoder(name, encoder_options(device, precision, None, weights))
    if json_:
        output.print_json({**encoder.card.to_dict(), "model_card": encoder.model_card})
        return
    output.print_table("", ["key", "value"], card_rows(encoder.card))
    if encoder.model_card:
        output.say(encoder.model_card)


@app.command()
def pull(
    name: Annotated[str, typer.Argument(help="Such as timm:resnet50.a1_in1k.", show_default=False)],
    json_: JsonOption = False,
) -> None:
    """Fetch an encoder's weights, so that it works without a network later."""
    from lookalike.encoders import pull_weights

    files = pull_weights(name)
    if json_:
        output.print_json({"name": name, "files": [str(file) for file in files]})
        return
    for file in files:
        output.say(f"{file} ({output.human_bytes(file.stat().st_size)})")
    output.say(f"{name} is ready on this machine" + ("" if files else ": it needs no weights from elsewhere"))
