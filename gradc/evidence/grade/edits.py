"""A statement into the statements that its writer may have meant: one small change each, the likeliest first.

What people get wrong is small: a sign, a transpose, an axis, `=` for `+=`, a name for another. Each change is undone
here, whatever the text's style; which of them is the right one is found by running it.

>>> text = Text("f = x*y\\ndx = -y\\ndy = x\\n")
>>> [edit.text.splitlines()[1] for edit in edits(text, text.tree.body[1], 2, "dx", {}, {})][:2]
['dx = (y)', 'dx += (-y)']
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from gradc.evidence.grade.diagnose import MISSING, SIGN, SLOPE, TWICE
from gradc.evidence.grade.left_out import LeftOut
from gradc.evidence.grade.slips import Slips
from gradc.evidence.grade.text import Edit, Text, Values
from gradc.run.instrument import has_slice


def edits(
    text: Text, s: ast.stmt, line: int, name: str, values: Values, sides: Mapping[str, str], far: bool = False
) -> list[Edit]:
    """Small changes of a statement; with `far`, what is left out is put in.

    `values` are what names in its scope hold, `sides` which of them are adjoints, and which are not.
    """
    make = LeftOut if far else Slips
    found = [
        Edit(line, name, c.word, c.detail, c.cost, text, c.node, c.new) for c in make(text, s, values, sides).changes()
    ]
    if not far and isinstance(s, (ast.Assign, ast.AugAssign)):
        found += _operators(text, s, name)
    known: dict[object, Edit] = {}
    for edit in sorted(found, key=lambda each: each.cost):
        span = text.span(edit.node) if edit.node is not None else ()
        known.setdefault((span, edit.new, edit.added), edit)
    return list(known.values())


def _operators(text: Text, s: ast.Assign | ast.AugAssign, name: str) -> Iterator[Edit]:
    """`=` for `+=`, and so on."""
    target = s.targets[0] if isinstance(s, ast.Assign) else s.target
    assert target is not None
    value, here = text.of(s.value), text.of(target)
    rest = "\n" * (text.of(s).count("\n") - value.count("\n") - here.count("\n"))

    def with_(word: str, told: str, cost: float, op: str) -> Edit:
        return Edit(s.lineno, name, word, told, cost, text, s, f"{here} {op} ({value}{rest})")

    if isinstance(s, ast.Assign):
        if len(s.targets) == 1 and not isinstance(target, (ast.Tuple, ast.List)):
            told = "what was there before is written over: '=' for '+='?"
            if isinstance(target, ast.Subscript) and not has_slice(target):  # an index may come twice
                yield Edit(s.lineno, name, MISSING, told, 0.8, text, added=(s.lineno,))
            else:
                yield with_(MISSING, told, 0.8, "+=")
            yield with_(MISSING, told, 1.4, "-=")
            yield with_(SLOPE, "it multiplies what was there", 2.0, "*=")
        return
    if isinstance(s.op, (ast.Add, ast.Sub)):
        other = "-=" if isinstance(s.op, ast.Add) else "+="
        yield with_(SIGN, "what this line adds has the wrong sign", 0.8, other)
        yield with_(TWICE, "it is added to what is there already", 1.4, "=")
    if isinstance(s.op, (ast.Add, ast.Sub)) and isinstance(target, ast.Subscript) and not has_slice(target):
        told = "where an index comes twice it is added once: np.add.at adds every time"
        yield Edit(s.lineno, name, MISSING, told, 0.7, text, added=(s.lineno,))
    if isinstance(s.op, ast.Add):
        yield with_(SLOPE, "it is added, and has to be multiplied", 1.6, "*=")
    if isinstance(s.op, ast.Mult):
        yield with_(SLOPE, "it is multiplied, and has to be divided", 1.4, "/=")
        yield with_(SLOPE, "it is multiplied, and has to be added", 1.8, "+=")
    if isinstance(s.op, (ast.Div, ast.FloorDiv)):
        yield with_(SLOPE, "it is divided, and has to be multiplied", 1.4, "*=")
