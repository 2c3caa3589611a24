"""In which order a person sees the options of a trial."""

from __future__ import annotations

import hashlib

import numpy as np


def option_order(seed: int, item: str, draw: int, options: int) -> tuple[int, ...]:
    """For each shown position the index of the option: uniform for each person, balanced over each item's answers.

    The draws of one item go in blocks of ``options``: a block is one random permutation in all its rotations, in
    random sequence, so that after a whole block every option has stood at every position once. The order depends on
    the study's seed, the item and the draw, all of which are stored, and on nothing about the right answer.

    Args:
        seed: the study's.
        item: id of the item.
        draw: how often the item had been handed out before.
        options: how many there are; 0 gives ().
    """
    if options < 2:
        return tuple(range(options))
    block, place = divmod(draw, options)
    digest = hashlib.sha256(f"{seed}\0{item}\0{block}".encode("utf-8", "surrogatepass")).digest()
    random = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))
    base = random.permutation(options)
    turn = int(random.permutation(options)[place])
    return tuple(int(index) for index in np.roll(base, turn))
