"""Complete studies as they were run: Totally-Looks-Like, NIGHTS (2AFC and JND), THINGS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.encoders import DEFAULT_ENCODER, EncoderOptions
from lookalike.errors import StudyError, printable
from lookalike.progress import Progress
from lookalike.studies.design import Draft, Wish, assemble, draft_from
from lookalike.studies.items import Item

if TYPE_CHECKING:
    from lookalike.judgments import Judgments


@dataclass(frozen=True)
class Options:
    """What the drawing of a preset's items may use.

    Attributes:
        wish: limit, number of options, seed.
        per_set: queries of each of the paper's sets (tll).
        encoder: whose distances choose generic distractors (tll).
        encoder_options: of its loading.
        faces: whether faces are looked for; None: where the extra is installed.
        cache: whether embeddings and faces are kept.
        progress: told about long work.
    """

    wish: Wish = field(default_factory=Wish)
    per_set: int = 20
    encoder: str = DEFAULT_ENCODER
    encoder_options: EncoderOptions = field(default_factory=EncoderOptions)
    faces: bool | None = None
    cache: bool = True
    progress: Progress | None = None


Drafter = Callable[["Judgments", Options], Draft]


@dataclass(frozen=True)
class Preset:
    """A protocol.

    Attributes:
        type: of the study.
        title: in English.
        about: one sentence.
        draft: makes the items from a table.
        settings: what differs from the type's defaults.
    """

    type: str
    title: str
    about: str
    draft: Drafter
    settings: Mapping[str, Any]


def preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        StudyError: there is none.
    """
    if name not in PRESETS:
        raise StudyError(f"there is no preset {printable(name)}; there are {', '.join(PRESETS)}")
    return PRESETS[name]


def _tll(judgments: Judgments, options: Options) -> Draft:
    from lookalike.studies.presets_tll import tll_draft

    return tll_draft(judgments, options)


def _nights(judgments: Judgments, options: Options) -> Draft:
    return draft_from(judgments, "2afc", options.wish)


def _nights_jnd(judgments: Judgments, options: Options) -> Draft:
    return draft_from(judgments, "same-different", options.wish)


def _things(judgments: Judgments, options: Options) -> Draft:
    """The table's own triplets; from any other table, random triplets of its images, which share images."""
    if judgments.kind == "odd-one-out":
        return draft_from(judgments, "odd-one-out", options.wish)
    images = judgments.distinct_images()
    if len(images) < 3:
        raise StudyError(f"the odd one out needs 3 different images, the table has {len(images)}")
    rng = np.random.default_rng(options.wish.seed)
    count = options.wish.limit or len(images)
    seen: dict[tuple[int, ...], None] = {}
    for _ in range(20 * count):
        trio = rng.choice(len(images), 3, replace=False)
        seen.setdefault(tuple(sorted(trio.tolist())), None)
        if len(seen) == count:
            break
    made = [Item(str(n), "", options=tuple(images[i] for i in trio)) for n, trio in enumerate(seen)]
    draft = assemble(made, "odd-one-out", judgments.images, options.wish)
    note = f"{len(made):,} random triplets of {len(images):,} images were drawn, because the table holds {judgments.kind}"
    return Draft(draft.items, draft.images, draft.spare, [*draft.notes, note])


PRESETS: dict[str, Preset] = {
    "tll": Preset(
        "kafc",
        "Which picture looks most like this one?",
        "Totally-Looks-Like, section 4.3 (arXiv 1803.01485): 120 queries in six groups of 20, five options, 20 answers",
        _tll,
        {"design": {"answers_per_item": 20, "trials_per_participant": 40}},
    ),
    "nights-2afc": Preset(
        "2afc",
        "Which picture is more like the one in the middle?",
        "NIGHTS (arXiv 2306.09344): two choices, an item is over at the first dissent and settled at 6 equal answers",
        _nights,
        {
            "design": {"answers_per_item": 10, "unanimity": {"needed": 6, "rounds": 10}},
        },
    ),
    "nights-jnd": Preset(
        "same-different",
        "Are these two pictures the same?",
        "NIGHTS' JND: shown one after the other for a moment, 3 answers, the two pairs of a triplet never in sequence",
        _nights_jnd,
        {"design": {"answers_per_item": 3}},
    ),
    "things": Preset(
        "odd-one-out",
        "Which picture is the odd one out?",
        "THINGS (Hebart et al. 2020): three images, the odd one out",
        _things,
        {"design": {"answers_per_item": 5}},
    ),
}
