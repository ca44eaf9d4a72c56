r"""A program into the formula that a textbook would print, by the forms of its operators' entries.

>>> from gradc.language import parse
>>> print(formula(parse("q = x1 + sigma; exp(-q**2)/2")))
\begin{aligned} q &= x_{1} + \sigma \\ f &= \frac{e^{-{q}^2}}{2} \end{aligned}
"""

from __future__ import annotations

import re
from string import Formatter
from typing import Any

from gradc.graph.dag import Dag, Node
from gradc.ops import scalar
from gradc.ops.table import PRECEDENCE, Op, statics_of
from gradc.rewrite.simplify import number

# A formula of more characters is no help to a reader.
LONGEST = 4000

_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
    "omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
).split()
# What a hole may stand behind and need no brackets of its own.
_ENCLOSED = ("\\frac{", "}{", "\\sqrt{", "^{", "_{", "(", "|", "& ", "cases} ", "\\ ")
# What reads like a function's name and is none.
_BINARY = ("\\cdot ", "\\ge ", "\\le ", "\\ne ", "\\land ", "\\lor ", "\\\\ ")
_ATOM, _POWER, _UNARY = PRECEDENCE["atom"], PRECEDENCE["pow"], PRECEDENCE["unary"]

Written = tuple[str, int]
"""A formula and how tightly it binds."""


def formula(dag: Dag) -> str | None:
    """The program in LaTeX, a line for each value that the user named; None if that would be long."""
    lines: list[tuple[str, str]] = []
    texts: dict[Node, Written] = {}
    outputs = {node: name for name, node in reversed(dag.outputs)}
    for node in dag.nodes:
        text = _node(node, texts)
        name = outputs.get(node) or next(iter(dag.names.get(node, ())), "")
        if name and node.args:
            lines.append((symbol(name), text[0]))
            text = symbol(name), _ATOM
        texts[node] = text
        if len(text[0]) + sum(len(line) for _, line in lines) > LONGEST:
            return None
    if not lines:
        return ", ".join(texts[node][0] for node in dag.roots)
    if len(lines) == 1:
        return " = ".join(lines[0])
    rows = " \\\\ ".join(f"{name} &= {text}" for name, text in lines)
    return f"\\begin{{aligned}} {rows} \\end{{aligned}}"


def symbol(name: str) -> str:
    r"""A name as a textbook writes it.

    >>> symbol("x"), symbol("w_10"), symbol("lam"), symbol("rate")
    ('x', 'w_{10}', '\\lambda', '\\mathit{rate}')
    """
    match = re.fullmatch(r"(.*?[^\W\d_])_?(\d+)", name)
    if match:
        return f"{symbol(match[1])}_{{{match[2]}}}"
    plain = "lambda" if name in ("lam", "lambda_") else name
    if plain in _GREEK:
        return f"\\{plain}"
    return name if len(name) == 1 else "\\mathit{" + name.replace("_", "\\_") + "}"


def _node(node: Node, texts: dict[Node, Written]) -> Written:
    op: Op = node.op
    if op is scalar.const:
        return _number(number(node))
    if op is scalar.input_:
        return symbol(str(node.attr)), _ATOM
    args = [texts[arg] for arg in node.args]
    if not op.say.latex or _says_more(node):
        return _call(node, args), _ATOM
    form = op.code.get("numpy_plain") or op.code["numpy"]
    least = {name: need for _, name, need in form.pieces}
    values: dict[str, Any] = {**dict(zip(op.params, args, strict=False)), **statics_of(op, node.attr)}
    out = ""
    for literal, name, _, _ in Formatter().parse(op.say.latex):
        out += literal
        if name is not None:
            out += _filled(out, values[name], least.get(name, 0))
    binds = _UNARY if op.say.latex.startswith("\\frac") else _POWER if "^" in op.say.latex else form.precedence
    return out, min(binds, form.precedence)


def _says_more(node: Node) -> bool:
    """Whether a gate has static parameters of which its formula says nothing."""
    pairs = zip(node.op.statics, node.attr or (), strict=False)  # type: ignore[call-overload]  # a leaf has none
    return any(value != default and "{" + key + "}" not in node.op.say.latex for (key, default), value in pairs)


def _filled(before: str, value: Any, least: int) -> str:
    """A part of a formula, in brackets where it binds less tightly than what stands around it."""
    if not isinstance(value, tuple) or len(value) != 2 or not isinstance(value[0], str):
        return _static(value)
    text: str = value[0]
    function = re.search(r"\\[a-z]+ $", before) and not before.endswith(_BINARY)
    if function or (value[1] < least and not before.endswith(_ENCLOSED)):
        return f"\\left({text}\\right)"
    return text


def _call(node: Node, args: list[Written]) -> str:
    """A function by its name, its static parameters as an index."""
    pairs = zip(node.op.statics, node.attr or (), strict=False)  # type: ignore[call-overload]  # a leaf has none
    given = ", ".join(f"\\mathrm{{{key}}}={_static(value)}" for (key, default), value in pairs if value != default)
    name = node.op.name.replace("_", "\\_")
    inside = ", ".join(text for text, _ in args)
    return f"\\operatorname{{{name}}}{f'_{{{given}}}' if given else ''}\\left({inside}\\right)"


def _static(value: Any) -> str:
    """An index, an axis or a shape.

    >>> _static((0, ("slice", 1, None, None))), _static((2, "n")), _static(3)
    ('0,1:', '2,n', '3')
    """
    if not isinstance(value, tuple):
        return str(value)
    if value[:1] == ("slice",):
        start, stop, step = ("" if part is None else str(part) for part in value[1:])
        return f"{start}:{stop}" + (f":{step}" if step else "")
    return ",".join(map(_static, value))


def _number(value: float) -> Written:
    r"""
    >>> _number(2), _number(-0.5), _number(1.5e-9)
    (('2', 14), ('-0.5', 11), ('1.5 \\cdot 10^{-9}', 10))
    """
    mantissa, e, exponent = repr(value).partition("e")
    if e:
        return f"{mantissa} \\cdot 10^{{{int(exponent)}}}", PRECEDENCE["mul"]
    return mantissa, _UNARY if mantissa.startswith("-") else _ATOM
