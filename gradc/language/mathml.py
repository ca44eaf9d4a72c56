r"""The formulas that `latex` writes, as MathML, which browsers draw by themselves.

>>> mathml(r"\frac{x}{2}")
'<math display="block"><mfrac><mi>x</mi><mn>2</mn></mfrac></math>'
"""

from __future__ import annotations

import re
from html import escape

from gradc.base.records import NamedTuple

_TOKEN = re.compile(
    r"\\(?:operatorname|mathit|mathrm|mathsf|text)\{(?P<word>(?:[^{}\\]|\\_)*)\}"
    r"|\\begin\{(?P<begin>\w+)\}|\\end\{(?P<end>\w+)\}|(?P<row>\\\\)"
    r"|\\(?P<command>[A-Za-z]+|[|,;! ])|(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<space>\s+)|(?P<char>.)",
    re.DOTALL,
)
_LETTERS = dict(
    zip(
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
        "omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega infty".split(),
        "αβγδϵζηθικλμνξπρστυϕχψωΓΔΘΛΞΠΣΥΦΨΩ∞",
        strict=True,
    )
)
_SIGNS = {
    "cdot": "·", "times": "×", "ge": "≥", "le": "≤", "ne": "≠", "land": "∧", "lor": "∨", "lnot": "¬", "sum": "∑",
    "prod": "∏", "|": "‖", "quad": "\u2003", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "odot": "⊙",
    "otimes": "⊗", "circ": "∘", "to": "→",
}  # fmt: skip
_ARGUMENTS = {"frac": 2, "sqrt": 1, "sup": 2, "sub": 2, "bar": 1, "hat": 1}
_NOTHING = ("left", "right", ",", ";", "!", " ", "displaystyle")


class _Open(NamedTuple):
    """A command that waits for its arguments."""

    name: str
    args: list[str]


class _Frame(NamedTuple):
    """What stands in a pair of braces, or in an environment: finished items, rows of cells, and what still waits."""

    kind: str
    items: list[str]
    waiting: list[_Open]
    cells: list[str]
    rows: list[str]


def mathml(latex: str) -> str:
    """A formula that `gradc.language.latex` wrote, as a MathML element."""
    stack = [_frame("")]
    for token in _TOKEN.finditer(latex):
        top = stack[-1]
        match token.lastgroup:
            case "word":
                _add(top, f'<mi mathvariant="normal">{escape(token["word"].replace(chr(92) + "_", "_"))}</mi>')
            case "number":
                _add(top, f"<mn>{token['number']}</mn>")
            case "begin":
                stack.append(_frame(token["begin"]))
            case "end" if len(stack) > 1:
                _end_of_row(top)
                stack.pop()
                _add(stack[-1], _table(top))
            case "row":
                _end_of_row(top)
            case "command":
                _command(top, token["command"])
            case "char":
                _char(stack, token["char"])
    return f'<math display="block">{_row(stack[0].items)}</math>'


def _frame(kind: str) -> _Frame:
    return _Frame(kind, [], [], [], [])


def _char(stack: list[_Frame], char: str) -> None:
    top = stack[-1]
    if char == "{":
        stack.append(_frame("{"))
    elif char == "}" and len(stack) > 1:
        stack.pop()
        _add(stack[-1], f"<mrow>{''.join(top.items)}</mrow>" if len(top.items) != 1 else top.items[0])
    elif char in "^_":
        base = top.items.pop() if top.items else "<mrow></mrow>"
        top.waiting.append(_Open("sup" if char == "^" else "sub", [base]))
    elif char == "&":
        top.cells.append(_row(top.items))
        top.items.clear()
    elif char.isalpha():
        _add(top, f"<mi>{escape(char)}</mi>")
    else:
        _add(top, f"<mo>{'−' if char == '-' else escape(char)}</mo>")


def _command(top: _Frame, name: str) -> None:
    if name in _ARGUMENTS:
        top.waiting.append(_Open(name, []))
    elif name in _LETTERS:
        _add(top, f"<mi>{_LETTERS[name]}</mi>")
    elif name in _SIGNS:
        _add(top, f"<mo>{_SIGNS[name]}</mo>")
    elif name not in _NOTHING:
        _add(top, f"<mi>{escape(name)}</mi><mo>&#8289;</mo>")


def _add(frame: _Frame, item: str) -> None:
    """An item, to the command that waits for it or to the row."""
    while frame.waiting:
        frame.waiting[-1].args.append(item)
        name, args = frame.waiting[-1]
        if len(args) < _ARGUMENTS[name]:
            return
        frame.waiting.pop()
        item = _built(name, args)
    frame.items.append(item)


def _built(name: str, args: list[str]) -> str:
    match name:
        case "bar" | "hat":
            return f'<mover accent="true">{args[0]}<mo>{"¯" if name == "bar" else "^"}</mo></mover>'
    tag = {"frac": "mfrac", "sqrt": "msqrt", "sup": "msup", "sub": "msub"}[name]
    return f"<{tag}>{''.join(args)}</{tag}>"


def _end_of_row(frame: _Frame) -> None:
    cells = [*frame.cells, _row(frame.items)]
    frame.rows.append("<mtr>" + "".join(f"<mtd>{cell}</mtd>" for cell in cells) + "</mtr>")
    frame.cells.clear()
    frame.items.clear()


def _table(frame: _Frame) -> str:
    table = f'<mtable class="{escape(frame.kind)}">{"".join(frame.rows)}</mtable>'
    return f"<mrow><mo>{{</mo>{table}</mrow>" if frame.kind == "cases" else table


def _row(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"<mrow>{''.join(items)}</mrow>" if items else ""
