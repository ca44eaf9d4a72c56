"""The signs between values: what each binds, how tightly, and what opens and closes.

>>> FOLLOWS["+"][0] < FOLLOWS["*"][0] < FOLLOWS["**"][0]
True
"""

from __future__ import annotations

from typing import Any

from gradc.language.gates import logic, mask, quotient, remainder
from gradc.language.lex import BODY, END, MARKS, STOP, SUITE
from gradc.ops import array as a
from gradc.ops import routing as r
from gradc.ops import scalar as s

# Levels, as Python has them. An operator binds everything above its own level to its left.
ELSE, IF, OR, AND, NOT, COMPARE, BAR, AMP, ADD, MUL, SIGN, POWER = 1, 2, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12

# What may follow a value: (level down to which the stack is closed, operator, level that it opens). A level of 0
# says that more is to be done than to push the operator, and `separate` or the loop itself does it.
_BINARY = [
    ("+", ADD, s.add),
    ("- − –", ADD, s.sub),
    ("* × · ⋅ ∗ ∙", MUL, s.mul),
    ("/ ÷ ∕", MUL, s.div),
    ("@", MUL, a.matmul),
]
_LOGIC = [
    ("&", AMP, mask(r.all_of, "&")),
    ("|", BAR, mask(r.any_of, "|")),
    ("and", AND, logic(r.all_of)),
    ("or", OR, logic(r.any_of)),
]
_COMPARISONS = [("<", r.lt), (">", r.gt), ("<= ≤", r.le), (">= ≥", r.ge), ("==", r.eq), ("!= ≠", r.ne)]
ENDS = (1, END, 0)
FOLLOWS: dict[str, tuple[int, Any, int]] = {
    **{symbol: (level, op, level) for symbols, level, op in _BINARY for symbol in symbols.split()},
    **dict.fromkeys(("**", "^"), (POWER + 1, s.pow_, POWER)),  # to the right first
    **{symbol: (level, join, 0) for symbol, level, join in _LOGIC},
    **{symbol: (COMPARE + 1, op, 0) for symbols, op in _COMPARISONS for symbol in symbols.split()},
    **dict.fromkeys(("in", "not", "is"), (COMPARE + 1, None, 0)),
    "%": (MUL, remainder, 0),
    "//": (MUL, quotient, 0),
    **dict.fromkeys((")", "]", "}", ",", ":", "=", "else"), (1, None, 0)),
    "if": (IF, None, 0),
    **dict.fromkeys((";", END, STOP, BODY, SUITE), ENDS),
}
LIST, INDEX, IF_OPEN, DICT, STORE = "[", "subscript", "if", "{", "element"
SQUARE = (LIST, INDEX, STORE)
# What may stand where a value is expected and opens something: (operator or bracket, level, brackets opened).
OPENS: dict[str, tuple[Any, int, int]] = {
    "(": (None, 0, 1),
    "[": (LIST, 0, 1),
    "{": (DICT, 0, 1),
    **dict.fromkeys(("-", "−", "–"), (s.neg, SIGN, 0)),
    "√": (s.sqrt, SIGN, 0),
    "∛": (s.cbrt, SIGN, 0),
}
AUGMENTED: dict[str, Any] = {
    "+=": s.add, "-=": s.sub, "*=": s.mul, "/=": s.div, "@=": a.matmul, "**=": s.pow_, "^=": s.pow_,
    "%=": remainder, "//=": quotient,
}  # fmt: skip
KNOWN = {*FOLLOWS, *OPENS, *AUGMENTED, "~"} - {"in", "is", "}", *MARKS}
