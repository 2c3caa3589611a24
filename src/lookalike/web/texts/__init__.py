"""What the pages say, in English and Simplified Chinese: one TOML file a page, the same keys in both languages."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = {"en": "English", "zh": "中文"}
"""Code -> its own name."""


class Texts:
    """The texts of one language; call with ``"section.key"`` and the values of its places in braces."""

    def __init__(self, language: str, texts: Mapping[str, Mapping[str, str]]) -> None:
        self.language = language
        self._texts = texts

    def __call__(self, key: str, **values: Any) -> str:
        section, _, name = key.partition(".")
        text = self._texts[section][name]
        return text.format(**values) if values else text

    def section(self, name: str) -> dict[str, str]:
        """All texts of a section: what a script of the page gets to say."""
        return dict(self._texts[name])


@cache
def texts_of(language: str) -> Texts:
    """The texts of a language of `LANGUAGES`: every ``texts/LANGUAGE/SECTION.toml``."""
    folder = files("lookalike.web.texts").joinpath(language)
    found = {
        file.name.removesuffix(".toml"): tomllib.loads(file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".toml")
    }
    return Texts(language, found)


def choose_language(asked: str | None, cookie: str | None, accept: str) -> str:
    """``?lang=`` first, then the cookie, then what the browser prefers, then English."""
    for wanted in (asked, cookie):
        if wanted in LANGUAGES:
            return wanted
    ranked: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept.split(",")[:20]):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        ranked.append((-weight, place, tag.split("-")[0].lower()))
    return next((tag for _, _, tag in sorted(ranked) if tag in LANGUAGES), "en")
