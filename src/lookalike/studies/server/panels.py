"""Where participants come from, and how they get back: Prolific, Mechanical Turk, or a code to copy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from lookalike.studies.config import StudyConfig
from lookalike.studies.store.records import PanelIds, Session
from lookalike.studies.store.refusals import Refused

PREVIEW = "ASSIGNMENT_ID_NOT_AVAILABLE"
TURK_HOSTS = frozenset({"www.mturk.com", "workersandbox.mturk.com"})
TURK_FRAMES = ("https://www.mturk.com", "https://worker.mturk.com", "https://workersandbox.mturk.com")
TURK_FORMS = tuple(f"https://{host}" for host in sorted(TURK_HOSTS))
PROLIFIC_COMPLETE = "https://app.prolific.com/submissions/complete"

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_KEYS = {
    "prolific": ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID"),
    "mturk": ("workerId", "assignmentId", "hitId", "turkSubmitTo"),
}


def is_preview(config: StudyConfig, query: Mapping[str, str]) -> bool:
    """Whether a worker only looks at the task before taking it."""
    return config.panel.kind == "mturk" and query.get("assignmentId", "") in ("", PREVIEW)


def panel_ids(config: StudyConfig, given: Mapping[str, str]) -> PanelIds:
    """The panel's ids out of what the page found in its own address; everything else is dropped.

    Raises:
        Refused: 403 an id is missing, malformed, or a preview; or ``turkSubmitTo`` is no address of Mechanical Turk.
    """
    kind = config.panel.kind
    if kind == "none":
        return PanelIds()
    if is_preview(config, given):
        raise Refused(403, "this is a preview: accept the task first")
    ids = {key: given[key] for key in _KEYS[kind] if given.get(key)}
    first = _KEYS[kind][0]
    if first not in ids:
        name = "Prolific" if kind == "prolific" else "Mechanical Turk"
        raise Refused(403, f"please open this study from {name}: its address lacks {first}")
    for key, value in ids.items():
        if key != "turkSubmitTo" and not _ID.fullmatch(value):
            raise Refused(403, f"the {key} in the address is not an id")
    if "turkSubmitTo" in ids:
        ids["turkSubmitTo"] = _turk_address(ids["turkSubmitTo"])
    return PanelIds(kind, ids[first], ids)


def _turk_address(value: str) -> str:
    """The address is in the hands of whoever made the link: only Mechanical Turk's own hosts are accepted."""
    try:
        parts = urlsplit(value)
        plain = parts.netloc == parts.hostname and parts.path in ("", "/")
    except ValueError:
        raise Refused(403, "turkSubmitTo in the address is no address") from None
    if (
        parts.scheme != "https"
        or parts.hostname not in TURK_HOSTS
        or not plain
        or parts.query
        or parts.fragment
    ):
        raise Refused(403, "turkSubmitTo in the address is not Mechanical Turk's")
    return f"https://{parts.hostname}"


def completion(config: StudyConfig, session: Session) -> dict[str, Any]:
    """What the page does at the end: ``{"kind": "code"|"redirect"|"mturk"|"none", ...}``.

    Simulated participants get nothing that could be paid.
    """
    panel = config.panel
    if session.simulated:
        return {"kind": "none"}
    if panel.kind == "mturk":
        ids = session.panel.ids
        action = f"{ids.get('turkSubmitTo', 'https://www.mturk.com')}/mturk/externalSubmit"
        fields = {"assignmentId": ids.get("assignmentId", ""), "session": session.id}
        return {"kind": "mturk", "form": {"action": action, "method": "post", "fields": fields}}
    if panel.completion_url:
        return {"kind": "redirect", "url": panel.completion_url}
    if panel.kind == "prolific" and panel.completion_code:
        return {"kind": "redirect", "url": f"{PROLIFIC_COMPLETE}?cc={quote(panel.completion_code, safe='')}"}
    if panel.completion_code:
        return {"kind": "code", "code": panel.completion_code}
    return {"kind": "none"}
