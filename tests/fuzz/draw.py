"""A seed -> the program that it stands for, in the mode that was asked for or the one that the seed says.

>>> draw(4).mode in MODES, draw(4, "scalar").mode
(True, 'scalar')
"""

from __future__ import annotations

from .generate import Case, generate
from .hazard import hazard

MODES = ("scalar", "tensor", "hazard", "wide")
TURNS = ("tensor", "scalar", "tensor", "hazard", "wide")  # programs of arrays have the most to go wrong


def draw(seed: int, mode: str = "all") -> Case:
    """The case of a seed."""
    kind = TURNS[seed % len(TURNS)] if mode == "all" else mode
    return hazard(seed) if kind == "hazard" else generate(seed, kind)
