r"""A trace into the derivation as a teacher writes it on the board: each line, the numbers put in, what comes out.

>>> put_in("num*invden", {"num": 3.018, "invden": -0.5122})
'3.018*(-0.5122)'
>>> tex("-invden**2*dinvden", {"invden"})
'-\\mathit{invden}^{2} \\cdot \\mathrm{d}\\mathit{invden}'
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from gradc.base.syntax import expression_of
from gradc.base.tables import html_page, html_table, latex_words, markdown, number
from gradc.language.latex import symbol

if TYPE_CHECKING:
    from gradc.evidence.line_values import Value
    from gradc.evidence.trace import Row, Trace

# Digits on the board, and the elements of the largest matrix that is written out.
DIGITS = 4
# A line with its numbers is left out where it would be longer.
LONGEST = 90
_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?![\w(.\[])")
_LINE = re.compile(r"(\w+(?:\[.*?\])?) (\+?=) (.*)", re.DOTALL)


class Step(NamedTuple):
    """A line: what it assigns, how, its right-hand side, that with numbers, the result, and the gate's part."""

    number: int
    target: str
    sign: str
    text: str
    numbers: str
    result: str
    part: str
    value: Value | None


def steps(rows: Sequence[Row], known: dict[str, float]) -> Iterator[Step]:
    """The lines of a pass; `known` are the numbers so far, and is added to."""
    for row in rows:
        match = _LINE.fullmatch(row.text)
        target, sign, text = match.groups() if match else ("", "", row.text)
        numbers = put_in(text, known)
        value = row.value
        if value is not None and not value.shape and isinstance(value.items, float):
            known[target] = value.items
        else:
            known.pop(target, None)
        result = row.error or ("not taken" if value is None else shown(value))
        plain = numbers in (text, result) or len(numbers) > LONGEST
        yield Step(row.number, target, sign, text, "" if plain else numbers, result, row.part, value)


def put_in(text: str, known: Mapping[str, float]) -> str:
    """An expression with the numbers for its names; negative ones in parentheses."""

    def of(match: re.Match[str]) -> str:
        name = match[0]
        if name not in known:
            return name
        said = number(known[name], DIGITS)
        before, after = text[: match.start()].rstrip()[-1:], text[match.end() :].lstrip()[:1]
        alone = before in ("", "(", ",", "[") and after in ("", ")", ",", "]")
        return f"({said})" if said.startswith("-") and not alone else said

    return _NAME.sub(of, text)


def shown(value: Value) -> str:
    """A value as it stands on the board: a number, a small matrix, or a summary.

    >>> from gradc.evidence.line_values import summary
    >>> shown(summary(1/3)), shown(summary([[1, 2], [3, 4.5]]))
    ('0.3333', '[[1, 2], [3, 4.5]]')
    """
    if value.items is None:
        return str(value)
    return _nested(value.items)


def _nested(items: Any) -> str:
    if isinstance(items, list):
        return "[" + ", ".join(map(_nested, items)) + "]"
    return number(items, DIGITS)


# ---- the three ways to write it --------------------------------------------------------------------


def _passes(trace: Trace) -> Iterator[tuple[str, list[Step]]]:
    known = {n: v.items for n, v in trace.inputs.items() if not v.shape and isinstance(v.items, float)}
    for name, value in zip(("df",), trace.df, strict=False):
        if not value.shape and isinstance(value.items, float):
            known.setdefault(name, value.items)
    yield "Forward", list(steps(trace.forward, known))
    if trace.df:
        yield f"Backward, from df = {', '.join(map(shown, trace.df))}", list(steps(trace.backward, known))


def _cells(step: Step) -> list[str]:
    number = f"({step.number})" if step.number else ""
    return [number, f"{step.target} {step.sign} {step.text}".strip(), step.numbers, step.result, step.part]


_HEADER = ("", "line", "with numbers", "value", "")


def to_markdown(trace: Trace, remark: Sequence[str]) -> str:
    """The derivation as a page of Markdown."""
    point = ", ".join(f"`{name} = {shown(value)}`" for name, value in trace.inputs.items())
    out = ["```", trace.program.strip(), "```", "", f"At {point}:"]
    for title, found in _passes(trace):
        rows = [[_code(each) if 0 < k < 4 else each for k, each in enumerate(_cells(step))] for step in found]
        out += ["", f"**{title}**", "", markdown(_HEADER, rows, "rllll")]
    if remark:
        out += ["", "```", *remark, "```"]
    return "\n".join(out)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def to_html(trace: Trace, remark: Sequence[str]) -> str:
    """The derivation as a page of its own."""
    from html import escape

    body = [f"<pre>{escape(trace.program.strip())}</pre>"]
    point = ", ".join(f"{name} = {shown(value)}" for name, value in trace.inputs.items())
    body.append(f"<p>At <code>{escape(point)}</code>:</p>")
    for title, found in _passes(trace):
        body += [f"<h2>{escape(title)}</h2>", html_table(_HEADER, map(_cells, found), "rllll")]
    if remark:
        body.append(f"<pre>{escape(chr(10).join(remark))}</pre>")
    return html_page("A worked example", "\n".join(body))


def to_latex(trace: Trace, remark: Sequence[str]) -> str:
    """The derivation as aligned equations, to be set within a document that loads amsmath."""
    names = {_bare(row.text) for row in trace.forward} | set(trace.inputs)
    point = ",\\quad ".join(f"{name_of(name, names)} = {_matrix(value)}" for name, value in trace.inputs.items())
    out = [f"At ${point}$:"]
    for title, found in _passes(trace):
        lines = []
        for step in found:
            sign = "&\\mathrel{+}=" if step.sign == "+=" else "&="
            parts = [tex(step.text, names)]
            if step.numbers:
                parts.append(tex(step.numbers, names))
            value = _result(step)
            if value and value != parts[-1]:
                parts.append(value if step.sign != "+=" else "")
            target = tex(step.target, names)
            right = " = ".join(filter(None, parts))
            total = f" \\;\\Rightarrow\\; {target} = {value}" if step.sign == "+=" and value else ""
            mark = f" && \\text{{({step.number})}}" if step.number else ""
            lines.append(f"  {target} {sign} {right}{total}{mark}")
        body = " \\\\\n".join(lines)
        out += [f"\\paragraph{{{latex_words(title)}}}", "\\begin{align*}", body, "\\end{align*}"]
    if remark:
        out += ["\\begin{verbatim}", *remark, "\\end{verbatim}"]
    return "\n".join(out)


def _bare(text: str) -> str:
    match = _LINE.fullmatch(text)
    return match[1] if match else ""


def _result(step: Step) -> str:
    return f"\\text{{{latex_words(step.result)}}}" if step.value is None else _matrix(step.value)


def _matrix(value: Value) -> str:
    """A number, or a matrix of at most 24 elements; of larger ones the summary."""
    items = value.items
    if items is None:
        return f"\\text{{{latex_words(str(value))}}}"
    if not isinstance(items, list):
        return _tex_number(float(items))
    if not items or (isinstance(items[0], list) and items[0] and isinstance(items[0][0], list)):
        return f"\\text{{{latex_words(shown(value))}}}"
    rows = [row if isinstance(row, list) else [row] for row in items] if isinstance(items[0], list) else [items]
    body = " \\\\ ".join(" & ".join(_tex_number(float(each)) for each in row) for row in rows)
    return f"\\begin{{bmatrix}} {body} \\end{{bmatrix}}"


def _tex_number(value: float) -> str:
    text = number(value, DIGITS)
    if text.lstrip("-") in ("inf", "nan"):
        return text.replace("inf", "\\infty").replace("nan", "\\mathrm{nan}")
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa} \\cdot 10^{{{exponent}}}" if e else text


# ---- a line of Python as a formula -----------------------------------------------------------------

_FUNCTIONS = {"exp": "\\exp", "log": "\\log", "sin": "\\sin", "cos": "\\cos", "tan": "\\tan", "tanh": "\\tanh"}
_FUNCTIONS |= {"sinh": "\\sinh", "cosh": "\\cosh", "sigmoid": "\\sigma", "maximum": "\\max", "minimum": "\\min"}
_FUNCTIONS |= {"max": "\\max", "min": "\\min", "sum": "\\textstyle\\sum", "det": "\\det"}
_SIGNS = {ast.Add: " + ", ast.Sub: " - ", ast.Mult: " \\cdot ", ast.MatMult: " \\, "}
_COMPARED = {ast.Lt: "<", ast.Gt: ">", ast.LtE: "\\le", ast.GtE: "\\ge", ast.Eq: "=", ast.NotEq: "\\ne"}
_LEVEL = {ast.Add: 1, ast.Sub: 1, ast.Mult: 2, ast.MatMult: 2, ast.Div: 2, ast.Pow: 4}


def tex(text: str, names: Collection[str] = ()) -> str:
    """A line's expression as a formula; as it is, where it is beyond that."""
    try:
        return _tex(expression_of(text), names)[0]
    except (SyntaxError, KeyError, RecursionError):
        return f"\\texttt{{{latex_words(text)}}}"


def name_of(name: str, names: Collection[str]) -> str:
    """A name, or the adjoint of one."""
    if name.startswith("d") and name[1:] in names and name not in names:
        return f"\\mathrm{{d}}{symbol(name[1:])}"
    return symbol(name)


def _tex(node: ast.expr, names: Collection[str]) -> tuple[str, int]:
    """The formula, and how tightly it binds: 1 a sum, 2 a product, 3 a sign, 4 a power, 5 an atom."""
    match node:
        case ast.Constant(value=float() | int() as value):
            return _tex_number(float(value)), 5 if value >= 0 else 1
        case ast.Name(id=name):
            return name_of(name, names), 5
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return f"-{_within(inner, names, 2)}", 1
        case ast.BinOp(left=x, op=ast.Div(), right=y):
            return f"\\frac{{{_tex(x, names)[0]}}}{{{_tex(y, names)[0]}}}", 4
        case ast.BinOp(left=x, op=ast.Pow(), right=y):
            return f"{_within(x, names, 5)}^{{{_tex(y, names)[0]}}}", 4
        case ast.BinOp(left=x, op=op, right=y):
            level = _LEVEL[type(op)]
            right = level + 1 if isinstance(op, (ast.Sub, ast.Mult)) or _is_negative(y) else level
            left = 1 if isinstance(x, ast.UnaryOp) else level
            return f"{_within(x, names, left)}{_SIGNS[type(op)]}{_within(y, names, right)}", level
        case ast.Compare(left=x, ops=[op], comparators=[y]):
            return f"{_tex(x, names)[0]} {_COMPARED[type(op)]} {_tex(y, names)[0]}", 0
        case ast.IfExp(test=test, body=x, orelse=y):
            one, other = _tex(x, names)[0], _tex(y, names)[0]
            condition = _tex(test, names)[0]
            return f"\\begin{{cases}} {one} & {condition} \\\\ {other} & \\text{{otherwise}} \\end{{cases}}", 1
        case ast.Attribute(value=x, attr="T"):
            return f"{_within(x, names, 5)}^{{\\top}}", 4
        case ast.Subscript():
            base = _tex(node.value, names)[0]
            return f"{base}_{{{latex_words(ast.unparse(node.slice))}}}", 5
        case ast.Call(func=func, args=args, keywords=keywords):
            return _called(func, args, keywords, names)
    raise KeyError(type(node).__name__)


def _is_negative(node: ast.expr) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)


def _within(node: ast.expr, names: Collection[str], least: int) -> str:
    text, level = _tex(node, names)
    return text if level >= least else f"\\left({text}\\right)"


def _called(
    func: ast.expr, args: Sequence[ast.expr], keywords: Sequence[ast.keyword], names: Collection[str]
) -> tuple[str, int]:
    name = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
    if isinstance(func, ast.Attribute) and not (isinstance(func.value, ast.Name) and func.value.id in ("np", "math")):
        raise KeyError(name)
    inner = ", ".join(_tex(each, names)[0] for each in args)
    if name == "sqrt" and len(args) == 1:
        return f"\\sqrt{{{inner}}}", 5
    if name == "abs" and len(args) == 1:
        return f"\\left|{inner}\\right|", 5
    axes = [each for each in keywords if each.arg == "axis"]
    below = f"_{{\\mathrm{{axis}}={latex_words(ast.unparse(axes[0].value))}}}" if axes else ""
    called = _FUNCTIONS.get(name, f"\\operatorname{{{latex_words(name)}}}")
    return f"{called}{below}\\left({inner}\\right)", 5
