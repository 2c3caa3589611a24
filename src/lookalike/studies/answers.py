"""The table of answers that every study ends in: columns, types, and what each means."""

from __future__ import annotations

import pyarrow as pa

_TEXT = pa.string()

ANSWER_SCHEMA: pa.Schema = pa.schema(
    [
        pa.field("participant", _TEXT, nullable=False),
        pa.field("session", _TEXT, nullable=False),
        pa.field("study_hash", _TEXT, nullable=False),
        pa.field("app_version", _TEXT, nullable=False),
        pa.field("item", _TEXT, nullable=False),
        pa.field("set", _TEXT, nullable=False),
        pa.field("role", _TEXT, nullable=False),
        pa.field("type", _TEXT, nullable=False),
        pa.field("trial_index", pa.int32(), nullable=False),
        pa.field("order", pa.list_(pa.int32()), nullable=False),
        pa.field("position", pa.int32()),
        pa.field("chosen", pa.int32()),
        pa.field("value", pa.float64()),
        pa.field("text", _TEXT),
        pa.field("correct", pa.bool_()),
        pa.field("response_time_ms", pa.float64()),
        pa.field("answered_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("hidden_ms", pa.float64()),
        pa.field("blurs", pa.int32()),
        pa.field("frames_dropped", pa.int32()),
        pa.field("images_ok", pa.bool_()),
        pa.field("shown_for_ms", pa.float64()),
        pa.field("late", pa.bool_()),
        pa.field("device", _TEXT),
        pa.field("language", _TEXT),
        pa.field("panel", _TEXT),
        pa.field("finished", pa.bool_(), nullable=False),
        pa.field("simulated", pa.bool_(), nullable=False),
    ]
)
"""One row for each answer, practice and catch trials included."""

DICTIONARY: dict[str, str] = {
    "participant": "the person, as the panel or the server names them; hashed in exports unless asked otherwise",
    "session": "public id of one visit from consent to the end; one person has one session of a study",
    "study_hash": "sha256 of the study's settings and items at the time of the answer",
    "app_version": "version of lookalike that took the answer",
    "item": "id of the item in items.parquet",
    "set": "group of the item, such as 'TLL_d face'; empty where there is none",
    "role": "main, practice (with feedback) or catch (known answer)",
    "type": "kafc, 2afc, odd-one-out, same-different, rating or recall-and-vote",
    "trial_index": "place of the trial in the session, from 0, practice and catch trials counted",
    "order": "for each shown position the index of the option in items.parquet; empty where nothing is shuffled",
    "position": "shown position that was chosen, from 0 (left, or top); empty where no position is chosen",
    "chosen": "index of the chosen option in items.parquet (order[position]); same-different: 1 same, 0 different",
    "value": "rating on the study's scale; vote on a proposal: 1 up, -1 down",
    "text": "what a person typed (recall-and-vote); never shown to other participants unescaped",
    "correct": "whether the answer is the known right one; empty where no right answer is known",
    "response_time_ms": "milliseconds from the first frame that shows all images to the answer, by the browser's clock",
    "answered_at": "when the server stored the answer (UTC)",
    "hidden_ms": "how long the page was hidden during the trial, milliseconds",
    "blurs": "how often the page lost the focus during the trial",
    "frames_dropped": "frames that came more than half a frame late while images were timed",
    "images_ok": "whether all images of the trial had the announced number of bytes and were decoded",
    "shown_for_ms": "how long the images were shown, milliseconds by the browser's frames: of same-different the first one",
    "late": "whether the trial had gone back after the time-out and others had filled its item: an answer on top of K",
    "device": "phone, tablet or desktop, as the page judged by its size and pointer",
    "language": "of the page",
    "panel": "none, prolific or mturk",
    "finished": "whether the session reached its end",
    "simulated": "true for simulated participants, which reports refuse unless asked for",
}
"""What each column of :data:`ANSWER_SCHEMA` means, for people and for exports."""
