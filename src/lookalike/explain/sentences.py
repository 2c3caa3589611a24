"""An explanation in plain words, English and Simplified Chinese: one table of texts each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import InvalidArgument

if TYPE_CHECKING:
    from lookalike.explain.explanation import AttributeScore, Explanation
    from lookalike.explain.triplets import Choice, Gap, OddOneOut

HIGH, SOME, LOW = 90.0, 75.0, 60.0
"""Percentiles: "alike above all" from HIGH, "somewhat alike" from SOME, "not" below LOW."""

_MOST_NAMED = 3
_WORTH_TELLING = 0.05  # of a centred cosine

TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "colour": "colour", "texture": "texture", "shape": "shape and edges", "layout": "layout", "style": "style",
        "content": "content", "face": "the face", "face_layout": "how the face is laid out",
        "all but the outline": "everything but the outlines", "direction": "the direction in which A looks",
        "and": " and ", "comma": ", ", "stop": ".",
        "first": "{name} (closer than {percentile} of pairs)", "next": "{name} ({percentile})",
        "percent": "{value} %", "over": "more than {value} %", "under": "less than {value} %",
        "alike": "Alike above all in {best}", "somewhat": "Somewhat alike in {best}",
        "hardly": "Hardly alike in anything that was measured; most of all in {best}",
        "not": ", not in {worst}", "unmeasured": "No percentiles can be given: {why}",
        "overall": "To the encoder {encoder} they are closer than {percentile} of pairs (centred cosine {score}).",
        "overall_bare": "To the encoder {encoder} their centred cosine is {score}.",
        "overall_plain": "To the encoder {encoder} their cosine is {score} (nothing to centre it on was given).",
        "less": "Without {name} the encoder finds them less alike: {before} becomes {after}{beyond}.",
        "more": "Without {name} the encoder finds them more alike: {before} becomes {after}{beyond}.",
        "typical": " (random pairs: {typical} on average)",
        "place": "What makes them alike lies {a} of A and {b} of B.",
        "top": "at the top", "bottom": "at the bottom", "left": "on the left", "right": "on the right",
        "middle": "in the middle", "top left": "at the upper left", "top right": "at the upper right",
        "bottom left": "at the lower left", "bottom right": "at the lower right",
        "comparator": "A person would pair them with probability {probability} (at even odds)",
        "speaks_for": "; what speaks for it: {cues}", "speaks_against": "; against it: {cues}",
        "cue": "{name} ({value})", "no_face": "No face was found in {which}.", "a": "A", "b": "B", "both": "either image",
        "rather": "{chosen} rather than {other}: closer to A in {better}",
        "rather_worse": "; {other} is closer in {worse}", "gap": "{name} ({mine} against {theirs} of pairs)",
        "rather_nothing": "{chosen} rather than {other}, but by no attribute that was measured",
        "odd": "{odd} is the odd one out: {first} and {second} are the closest pair", "odd_in": ", above all in {names}",
        "picks": "The encoder {encoder} takes {chosen} for closer to A: {mine} against {theirs}.",
    },
    "zh": {
        "colour": "颜色", "texture": "纹理", "shape": "形状与边缘", "layout": "布局", "style": "风格",
        "content": "内容", "face": "面孔", "face_layout": "面部布局",
        "all but the outline": "轮廓以外的一切", "direction": "A 的朝向",
        "and": "和", "comma": "、", "stop": "。",
        "first": "{name}（比 {percentile} 的图像对更接近）", "next": "{name}（{percentile}）",
        "percent": "{value}%", "over": "{value}% 以上", "under": "不到 {value}%",
        "alike": "最相似之处：{best}", "somewhat": "有些相似之处：{best}",
        "hardly": "在所测各项中几乎都不相似；相对最接近的是{best}",
        "not": "，不相似的是{worst}", "unmeasured": "无法给出百分位：{why}",
        "overall": "在编码器 {encoder} 看来，它们比 {percentile} 的图像对更接近（中心化余弦 {score}）。",
        "overall_bare": "在编码器 {encoder} 看来，中心化余弦为 {score}。",
        "overall_plain": "在编码器 {encoder} 看来，余弦为 {score}（没有可用于中心化的均值）。",
        "less": "去掉{name}后，编码器认为它们不那么相似：{before} 变为 {after}{beyond}。",
        "more": "去掉{name}后，编码器认为它们更相似：{before} 变为 {after}{beyond}。",
        "typical": "（随机图像对平均变化 {typical}）",
        "place": "相似的部分位于 A 的{a}与 B 的{b}。",
        "top": "上方", "bottom": "下方", "left": "左侧", "right": "右侧",
        "middle": "中间", "top left": "左上方", "top right": "右上方",
        "bottom left": "左下方", "bottom right": "右下方",
        "comparator": "人会把它们配成一对的概率为 {probability}（先验各半）",
        "speaks_for": "；支持的线索：{cues}", "speaks_against": "；反对的线索：{cues}",
        "cue": "{name}（{value}）", "no_face": "{which}中没有找到面孔。", "a": "A ", "b": "B ", "both": "两张图像",
        "rather": "选 {chosen} 而不选 {other}：在{better}上更接近 A",
        "rather_worse": "；在{worse}上 {other} 更接近", "gap": "{name}（{mine} 对 {theirs}）",
        "rather_nothing": "选 {chosen} 而不选 {other}，但所测各项都说明不了原因",
        "odd": "{odd} 与众不同：{first} 与 {second} 最接近", "odd_in": "，尤其是在{names}上",
        "picks": "编码器 {encoder} 认为 {chosen} 更接近 A：{mine} 对 {theirs}。",
    },
}  # fmt: skip
"""Language -> key -> text; every language has the same keys and the same places in braces."""

LANGUAGES = tuple(TEXTS)


def words(language: str) -> Mapping[str, str]:
    """The table of a language.

    Raises:
        InvalidArgument: there is none.
    """
    if language not in TEXTS:
        raise InvalidArgument(f"explanations are written in {', '.join(LANGUAGES)}, not in {language!r}")
    return TEXTS[language]


def sentences(found: Explanation, language: str = "en") -> list[str]:
    """The explanation of a pair in sentences, the most telling first.

    Raises:
        InvalidArgument: no such language.
    """
    text = words(language)
    told = [_attributes(found, text), _overall(found, text), *_without(found, text)]
    return [
        sentence
        for sentence in (*told, _place(found, text), _people(found, text), _faces(found, text))
        if sentence
    ]


def percent(value: float, text: Mapping[str, str]) -> str:
    """A percentile as people read it: whole, with a tenth from 99 on and below 1, and never 0 or 100."""
    if value >= 99.95:
        return text["over"].format(value="99.9")
    if value < 0.05:
        return text["under"].format(value="0.1")
    shown = f"{value:.1f}" if value >= 99 or value < 1 else f"{value:.0f}"
    return text["percent"].format(value=shown)


def listed(items: Sequence[str], text: Mapping[str, str]) -> str:
    """a; a and b; a, b and c."""
    if len(items) < 2:
        return "".join(items)
    return text["comma"].join(items[:-1]) + text["and"] + items[-1]


def encoder_name(name: str) -> str:
    """An encoder's name without the folders of its file."""
    scheme, _, argument = name.partition(":")
    return (
        f"{scheme}:{argument.rstrip('/').rsplit('/', 1)[-1]}"
        if "/" in argument and scheme in ("onnx", "trained")
        else name
    )


def _attributes(found: Explanation, text: Mapping[str, str]) -> str:
    ranked = [one for one in found.ranked if one.percentile is not None]
    if not ranked:
        why = next((one.note for one in found.attributes if one.note), "")
        return text["unmeasured"].format(why=why) + text["stop"] if found.attributes else ""
    highest = ranked[0].percentile or 0.0
    key, least = (
        ("alike", HIGH) if highest >= HIGH else ("somewhat", SOME) if highest >= SOME else ("hardly", 0.0)
    )
    best = [one for one in ranked if (one.percentile or 0.0) >= least]
    best = best[: 1 if key == "hardly" else _MOST_NAMED]
    worst = [one for one in ranked[len(best) :] if one.percentile is not None and one.percentile < LOW][::-1]
    sentence = text[key].format(best=_named(best, text, text["first"]))
    if worst and key != "hardly":
        sentence += text["not"].format(worst=_named(worst[:_MOST_NAMED], text, text["next"]))
    return sentence + text["stop"]


def _named(scores: Sequence[AttributeScore], text: Mapping[str, str], first: str) -> str:
    forms = [first, *[text["next"]] * (len(scores) - 1)]
    return listed(
        [
            form.format(name=text[one.name], percentile=percent(one.percentile or 0.0, text))
            for form, one in zip(forms, scores, strict=True)
        ],
        text,
    )


def _overall(found: Explanation, text: Mapping[str, str]) -> str:
    score = f"{found.score:.2f}"
    if found.percentile is not None:
        shown = percent(found.percentile, text)
        return text["overall"].format(encoder=encoder_name(found.encoder), percentile=shown, score=score)
    return text["overall_bare" if found.centred else "overall_plain"].format(
        encoder=encoder_name(found.encoder), score=score
    )


def _without(found: Explanation, text: Mapping[str, str]) -> list[str]:
    """The removals that matter most, beyond what they do to any pair; two at most."""
    told = sorted(found.counterfactuals, key=lambda one: -abs(one.beyond))
    lines: list[str] = []
    for one in told:
        if one.typical is None and one.change > 0:
            continue  # any two images may look more alike so: all grey pictures are grey
        if one.beyond * one.change < 0:
            continue  # "more alike", but less so than any two: true, and misleading in one sentence
        if abs(one.beyond) < _WORTH_TELLING or abs(one.change) < _WORTH_TELLING / 2:
            continue
        beyond = "" if one.typical is None else text["typical"].format(typical=f"{one.typical:+.2f}")
        key = "less" if one.change < 0 else "more"
        lines.append(
            text[key].format(
                name=text[one.name], before=f"{one.before:.2f}", after=f"{one.after:.2f}", beyond=beyond
            )
        )
    return lines[:2]


def _place(found: Explanation, text: Mapping[str, str]) -> str:
    if not found.where:
        return ""
    first = found.where[0]
    return text["place"].format(a=text[place_of(first.map.a_map)], b=text[place_of(first.map.b_map)])


def place_of(heat: NDArray[np.floating]) -> str:
    """Where the weight of a map (h, w) lies: "top left", "middle", ... of a 3 x 3 grid; only what helps counts."""
    weight = np.maximum(np.asarray(heat, dtype=np.float64), 0.0) ** 2
    total = weight.sum()
    if total <= 0:
        return "middle"
    height, width = weight.shape
    y = float((weight.sum(axis=1) * (np.arange(height) + 0.5)).sum() / total / height)
    x = float((weight.sum(axis=0) * (np.arange(width) + 0.5)).sum() / total / width)
    down = "top" if y < 0.42 else "bottom" if y > 0.58 else ""
    across = "left" if x < 0.42 else "right" if x > 0.58 else ""
    return f"{down} {across}".strip() or "middle"


def _people(found: Explanation, text: Mapping[str, str]) -> str:
    if found.comparator is None:
        return ""
    ranked = sorted(found.comparator.contributions.items(), key=lambda one: -one[1])
    told = text["comparator"].format(probability=f"{found.comparator.probability:.2f}")
    for key, cues in (("speaks_for", [one for one in ranked if one[1] > 0.1]),
                      ("speaks_against", [one for one in ranked[::-1] if one[1] < -0.1])):  # fmt: skip
        if cues:
            shown = [
                text["cue"].format(name=name, value=f"{value:+.1f}") for name, value in cues[:_MOST_NAMED]
            ]
            told += text[key].format(cues=listed(shown, text))
    return told + text["stop"]


def _faces(found: Explanation, text: Mapping[str, str]) -> str:
    if found.a.faces is None or found.b.faces is None or (found.a.faces and found.b.faces):
        return ""
    which = "a" if found.b.faces else "b" if found.a.faces else "both"
    return text["no_face"].format(which=text[which].strip() if which != "both" else text[which])


LEAST_GAP = 10.0
"""Percentile points by which one pair must be ahead of another for an attribute to be named as a reason."""


def choice_sentences(found: Choice, language: str = "en") -> list[str]:
    """Why one option rather than another, in sentences.

    Raises:
        InvalidArgument: no such language.
    """
    text = words(language)
    better = [gap for gap in found.gaps if gap.difference >= LEAST_GAP][:_MOST_NAMED]
    worse = [gap for gap in found.gaps[::-1] if gap.difference <= -LEAST_GAP][:_MOST_NAMED]
    names = {"chosen": found.chosen, "other": found.other}
    first = text["rather"].format(better=_gaps(better, text), **names) if better else ""
    first = first or text["rather_nothing"].format(**names)
    if worse:
        first += text["rather_worse"].format(other=found.other, worse=_gaps(worse, text))
    lines = [first + text["stop"]]
    rival = found.other if found.picked == found.chosen else found.chosen
    lines.append(
        text["picks"].format(
            encoder=encoder_name(found.pair_of(found.chosen).encoder), chosen=found.picked,
            mine=f"{found.score_of(found.picked):.2f}", theirs=f"{found.score_of(rival):.2f}",
        )
    )  # fmt: skip
    return lines


def odd_sentences(found: OddOneOut, language: str = "en") -> list[str]:
    """Which one is odd and in what the others are alike, in sentences.

    Raises:
        InvalidArgument: no such language.
    """
    text = words(language)
    first, second = found.pair
    line = text["odd"].format(odd=found.odd, first=first, second=second)
    ahead = [gap for gap in found.gaps if gap.difference >= LEAST_GAP][:_MOST_NAMED]
    if ahead:
        line += text["odd_in"].format(names=_gaps(ahead, text))
    return [line + text["stop"], *sentences(found.closest, language)[:1]]


def _gaps(gaps: Sequence[Gap], text: Mapping[str, str]) -> str:
    return listed(
        [
            text["gap"].format(
                name=text[gap.name], mine=percent(gap.mine, text), theirs=percent(gap.theirs, text)
            )
            for gap in gaps
        ],
        text,
    )
