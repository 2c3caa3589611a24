"""Headings and labels of explanation pages, English and Simplified Chinese."""

from __future__ import annotations

from collections.abc import Mapping

LABELS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Why {a} looks like {b}", "where": "Where", "what": "In what", "without": "And without it?",
        "people": "What a comparator trained on people says", "notes": "What could not be said",
        "decomposition": "Shares of the score, region by region", "occlusion": "What hiding a place costs",
        "more": "makes them alike", "less": "keeps them apart", "lines": "lines: regions that choose each other",
        "hover": "Point at a cell (or move to it with the Tab key) to see which cells of the other image it matches.",
        "attribute": "Attribute", "percentile": "closer than … of random pairs", "similarity": "similarity",
        "compared": "what is compared", "reference": "Random pairs: {name} ({count} images).",
        "before": "as they are", "after": "without it", "both": "taken from both", "one": "done to A only",
        "typical": "random pairs change by {value}", "score": "centred cosine", "plain": "cosine",
        "faithful": "Is the map right? Cells are taken away, the strongest first; the more the score falls, the better.",
        "verdict": "Hiding the best 10 of 49 cells costs {map}; random cells {random}, the middle first {centre}.",
        "map": "this map", "random": "random", "centre": "middle first", "removed": "share of cells {how}",
        "deletion": "deletion", "insertion": "insertion", "hidden": "hidden", "shown": "shown",
        "start": "start", "log_odds": "log odds", "probability": "probability at even odds",
        "chosen": "closer to A", "odd": "the odd one", "pair": "the pair",
        "choice_title": "Why {chosen} rather than {other}", "odd_title": "Why {odd} is the odd one out",
        "against": "{mine} against {theirs}", "maps_differ": "correlation of A's maps for the two: {value}",
        "seconds": "{value} s", "encoder": "encoder {name}", "unknown": "not known",
        "built-in": "built in: photographs of a look-alike site",
    },
    "zh": {
        "title": "{a} 为什么像 {b}", "where": "在哪里相似", "what": "在什么方面相似", "without": "如果没有它呢?",
        "people": "按人类判断训练的比较器怎么说", "notes": "无法说明的内容",
        "decomposition": "各区域对得分的贡献", "occlusion": "遮住某处的代价",
        "more": "使它们相似", "less": "使它们不同", "lines": "连线:互选的区域",
        "hover": "指向(或用 Tab 键移到)一个格子,可看到它与另一张图像的哪些格子匹配。",
        "attribute": "属性", "percentile": "比多少随机图像对更接近", "similarity": "相似度",
        "compared": "比较的内容", "reference": "随机图像对:{name}({count} 张图像)。",
        "before": "原样", "after": "去掉之后", "both": "从两张图像中去掉", "one": "只改动 A",
        "typical": "随机图像对的变化为 {value}", "score": "中心化余弦", "plain": "余弦",
        "faithful": "这张图对吗?从最强的格子开始逐个去掉;得分下降越多越好。",
        "verdict": "遮住最强的 10 个格子(共 49 个)使得分下降 {map};随机格子 {random},先遮中心 {centre}。",
        "map": "本图", "random": "随机", "centre": "先中心", "removed": "{how}的格子比例",
        "deletion": "删除", "insertion": "插入", "hidden": "遮住", "shown": "显示",
        "start": "起点", "log_odds": "对数几率", "probability": "先验各半时的概率",
        "chosen": "更接近 A", "odd": "与众不同者", "pair": "最接近的一对",
        "choice_title": "为什么选 {chosen} 而不选 {other}", "odd_title": "为什么 {odd} 与众不同",
        "against": "{mine} 对 {theirs}", "maps_differ": "A 的两张图的相关系数:{value}",
        "seconds": "{value} 秒", "encoder": "编码器 {name}", "unknown": "未知",
        "built-in": "内置:某相似图像网站的照片",
    },
}  # fmt: skip
"""Language -> key -> text; every language has the same keys."""
