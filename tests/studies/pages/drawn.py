"""Small studies with drawn pictures, one for each kind of question."""

from __future__ import annotations

import colorsys
import hashlib
import math
import random
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from lookalike.studies import Item, Items, Study, StudyConfig

SIZE = 220
CONSENT = """# A study of likeness

You will see pictures and say which of them look alike. It takes about **five minutes**.

- Taking part is voluntary: you can stop at any time, and your answers are then deleted.
- We store your answers and how long they took; nothing that tells who you are.
"""
INSTRUCTIONS = """Look at the picture at the top. Choose the picture below that is **most like it**.

There are no tricks, and there is no time limit. Your first impression counts.

---

You can click, tap, or press the number of a picture on the keyboard.

We begin with a few questions for practice.
"""
DEBRIEFING = """# Thank you

You helped to find out how people see likeness. Your answers are compared with those of computer models.
"""
CHINESE = {
    "consent": "# 相似性研究\n\n您将看到一些图片,并说出哪些看起来相似。大约需要**五分钟**。",
    "instructions": "请看上方的图片,选出下面**最相似**的一张。",
    "debriefing": "# 谢谢您\n\n您帮助我们了解人们如何看待相似性。",
}
ENGLISH = {"consent": CONSENT, "instructions": INSTRUCTIONS, "debriefing": DEBRIEFING}
QUESTIONS = [
    {"name": "age", "text": {"en": "How old are you?", "zh": "您多大年龄?"}, "kind": "number"},
    {
        "name": "hard",
        "text": {"en": "How hard was it?", "zh": "有多难?"},
        "kind": "choice",
        "required": True,
        "choices": [
            {"value": "easy", "text": {"en": "Easy", "zh": "容易"}},
            {"value": "hard", "text": {"en": "Hard", "zh": "困难"}},
        ],
    },
    {"name": "note", "text": {"en": "Anything to tell us?", "zh": "还有什么想说的?"}, "kind": "text"},
]
TIMED = {"fixation_ms": 150, "image_ms": 200, "gap_ms": 150, "mask": True, "second_ms": 200}
SHAPES: dict[str, tuple[int, int, int | None]] = {
    "kafc": (1, 5, 0),
    "2afc": (1, 2, 0),
    "odd-one-out": (0, 3, 0),
    "same-different": (2, 0, 0),
    "rating": (2, 0, None),
    "recall-and-vote": (1, 6, None),
}


def draw(number: int) -> Image.Image:
    """A flower-like figure; neighbours in number differ a little, distant ones much."""
    rng = random.Random(number)
    hue = (number * 0.137) % 1

    def colour(shift: float, light: float) -> tuple[int, int, int]:
        red, green, blue = colorsys.hls_to_rgb((hue + shift) % 1, light, 0.55)
        return int(red * 255), int(green * 255), int(blue * 255)

    image = Image.new("RGB", (SIZE, SIZE), colour(0.5, 0.88))
    pen = ImageDraw.Draw(image)
    petals, middle = 4 + number % 6, SIZE / 2
    reach = SIZE * (0.2 + 0.1 * rng.random())
    for petal in range(petals):
        angle = 2 * math.pi * petal / petals + rng.random() * 0.2
        x, y = middle + reach * math.cos(angle), middle + reach * math.sin(angle)
        wide = reach * (0.55 + 0.3 * (number % 3) / 2)
        pen.ellipse((x - wide, y - wide, x + wide, y + wide), fill=colour(0.04 * (petal % 2), 0.5))
    core = reach * 0.6
    pen.ellipse((middle - core, middle - core, middle + core, middle + core), fill=colour(0.12, 0.72))
    return image


def drawn_study(
    folder: Path,
    type: str = "kafc",
    *,
    trials: int = 3,
    practice: int = 1,
    recall_only: bool = False,
    **settings: Any,
) -> Study:
    """A study of ``trials`` main items and ``practice`` practice items; option 0 is right where anything is.

    Every other item of recall-and-vote is a vote, unless ``recall_only``.
    """
    pictures = folder.parent / f"{folder.name}-pictures"
    pictures.mkdir(parents=True)
    files: dict[str, Path] = {}

    def new(count: int) -> tuple[str, ...]:
        made = []
        for _ in range(count):
            file = pictures / f"{len(files)}.png"
            draw(len(files)).save(file)
            made.append(hashlib.sha256(file.read_bytes()).hexdigest())
            files[made[-1]] = file
        return tuple(made)

    fixed, options, right = SHAPES[type]
    items = []
    for role, count in (("practice", practice), ("main", trials)):
        for number in range(count):
            extra: dict[str, Any] = {}
            vote = type == "recall-and-vote" and number % 2 == 1 and not recall_only
            if type == "recall-and-vote" and not vote:
                extra["words"] = ["red rose", "blue bell", "tulip", "daisy", "poppy", "lily"]
            if type == "rating" and role == "practice":
                extra["expected"] = [1, 7]
            items.append(
                Item(
                    id=f"{role}-{number}",
                    type=type,
                    set="flowers",
                    role=role,  # type: ignore[arg-type]
                    fixed=new(2 if vote else fixed),
                    options=() if vote else new(options),
                    right=right,
                    extra=extra,
                )
            )
    design = {
        "answers_per_item": 20,
        "trials_per_participant": trials,
        "practice": practice,
        "break_every": 2,
    }
    values: dict[str, Any] = {
        "name": folder.name,
        "title": "A study of likeness",
        "type": type,
        "seed": 11,
        "languages": ["en", "zh"],
        "design": design,
        "questions": QUESTIONS,
        "panel": {"completion_code": "FLOWER-7"},
    }
    if type == "rating":
        values["scale"] = {
            "low": 1.0,
            "high": 7.0,
            "labels": {"en": ["not at all", "very much"], "zh": ["完全不像", "非常像"]},
        }
    if type == "same-different":
        values["timing"] = TIMED
    for key, value in settings.items():
        values[key] = {**values[key], **value} if isinstance(values.get(key), dict) else value
    config = StudyConfig.parse(values)
    return Study.create(folder, config, Items(items), files, {"en": ENGLISH, "zh": CHINESE})
