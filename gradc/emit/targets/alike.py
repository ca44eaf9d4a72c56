"""The forms of numbers in which C and Numba write alike, with how tightly each binds; they have the rest of their own.

>>> ALIKE["div"]
('{x:mul}/{y:unary}', 'mul')
"""

from __future__ import annotations

from collections.abc import Mapping

ALIKE: Mapping[str, tuple[str, str]] = {
    "add": ("{x:add} + {y:mul}", "add"),
    "sub": ("{x:add} - {y:mul}", "add"),
    "mul": ("{x:mul}*{y:unary}", "mul"),
    "div": ("{x:mul}/{y:unary}", "mul"),
    "reciprocal": ("1.0/{x:unary}", "mul"),
    "neg": ("-{x:unary}", "unary"),
    "stop_gradient": ("+{x:unary}", "unary"),
    "cbrt_slope": ("1.0/(3.0*cbrt({x})*cbrt({x}))", "mul"),
    "greater": ("{x:add} > {y:add}", "compare"),
    "greater_equal": ("{x:add} >= {y:add}", "compare"),
    "less": ("{x:add} < {y:add}", "compare"),
    "less_equal": ("{x:add} <= {y:add}", "compare"),
}
