"""The target `c`: one C99 file with functions of numbers, and a loop over arrays; nothing is needed but libm.

The lines are those of the joint graph of value and gradient, each computed once; a branch is a choice between numbers,
and what the side that is not taken computes goes nowhere. No allocation, no globals, no state.

>>> from gradc.language import parse
>>> text = program(parse("x*exp(y)"), ["x", "y"], False, "").text
>>> print(text[text.index("double f"):text.index("void")], end="")
double f(double x, double y)
{
    return x*exp(y);
}
<BLANKLINE>
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gradc.base.files import COMPILED
from gradc.emit.layout import wrapped
from gradc.emit.modules import Emitted
from gradc.emit.number_lines import Dialect, NumberLines, names_in, refuse_arrays
from gradc.emit.target import Target
from gradc.graph.dag import Dag, Node, reachable
from gradc.optimize import Joint, optimize

# How tightly C binds, as far as these forms go.
_BINDS = {
    "any": 0,
    "cond": 1,
    "or": 2,
    "and": 3,
    "equal": 4,
    "compare": 5,
    "add": 9,
    "mul": 10,
    "unary": 11,
    "atom": 14,
}

# (form, how tightly it binds); a hole says the least that it takes without parentheses, none in a call's own.
_FORMS: dict[str, tuple[str, str]] = {
    "add": ("{x:add} + {y:mul}", "add"),
    "sub": ("{x:add} - {y:mul}", "add"),
    "mul": ("{x:mul}*{y:unary}", "mul"),
    "div": ("{x:mul}/{y:unary}", "mul"),
    "reciprocal": ("1.0/{x:unary}", "mul"),
    "neg": ("-{x:unary}", "unary"),
    "square": ("{x:atom}*{x:atom}", "mul"),
    "ipow": ("pow({x}, {n:number})", "atom"),
    "pow": ("pow({x}, {y})", "atom"),
    "pow_slope": ("{y:unary}*pow({x}, nonzero({y}) - 1.0)", "mul"),
    "pow_log": ("pow({x}, {y})*log(nonzero({x}))", "mul"),
    "cbrt_slope": ("1.0/(3.0*cbrt({x})*cbrt({x}))", "mul"),
    "asin_slope": ("1.0/sqrt((1.0 - {x:mul})*(1.0 + {x:mul}))", "mul"),
    "complement": ("sqrt((1.0 - {x:mul})*(1.0 + {x:mul}))", "atom"),
    "root": ("sqrt({x})", "atom"),
    "softsign": ("{x:mul}/(1.0 + fabs({x}))", "mul"),
    "root_of": ("pow({x}, {y})", "atom"),
    "abs": ("fabs({x})", "atom"),
    "maximum": ("{x:compare} >= {y:compare} || {x:compare} != {x:compare} ? {x:cond} : {y:cond}", "cond"),
    "minimum": ("{x:compare} <= {y:compare} || {x:compare} != {x:compare} ? {x:cond} : {y:cond}", "cond"),
    "relu": ("{x:compare} <= 0.0 ? 0.0 : {x:cond}", "cond"),
    "where": ("{c:or} ? {x:add} : {y:add}", "cond"),
    "held": ("{c:or} ? {x:add} : {y:add}", "cond"),
    "held_else": ("{c:or} ? {y:add} : {x:add}", "cond"),
    "nonzero": ("nonzero({x})", "atom"),
    "greater": ("{x:add} > {y:add}", "compare"),
    "greater_equal": ("{x:add} >= {y:add}", "compare"),
    "less": ("{x:add} < {y:add}", "compare"),
    "less_equal": ("{x:add} <= {y:add}", "compare"),
    "equal": ("{x:add} == {y:add}", "equal"),
    "not_equal": ("{x:add} != {y:add}", "equal"),
    "logical_and": ("{c:compare} && {d:compare}", "and"),
    "logical_or": ("{c:atom} || {d:atom}", "or"),
    "logical_not": ("!{c:atom}", "unary"),
    "indicator": ("{c:or} ? {a:number} : {b:number}", "cond"),
    "clip": ("fmin(fmax({x}, {lo:number}), {hi:number})", "atom"),
    **{name: (f"{name}({{x}})", "atom") for name in (
        "exp expm1 log log1p log2 log10 sqrt cbrt sin cos tan asin acos atan sinh cosh tanh erf erfc asinh acosh atanh "
        "sigmoid softplus sign tanh_slope sigmoid_slope log1mexp logcosh sech by_expm1 exp2 floor ceil").split()},
    **{name: (f"{name}({{x}}, {{y}})", "atom") for name in "hypot toward over_square logaddexp heaviside".split()},
    "lgamma": ("lgamma({x})", "atom"),
    "gamma": ("tgamma({x})", "atom"),
    "atan2": ("atan2({y}, {x})", "atom"),
}  # fmt: skip

_HELPERS = {
    "nonzero": "double nonzero(double x) { return x == 0.0 ? 1.0 : x; }",
    "sign": "double sign(double x) { return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x; }",
    "heaviside": "double heaviside(double x, double y) { return x > 0.0 ? 1.0 : x < 0.0 ? 0.0 : x == 0.0 ? y : x; }",
    "sigmoid": """double sigmoid(double x)
{
    const double e = exp(-fabs(x));  /* of numbers below 0 only, so that it cannot overflow */
    return (x >= 0.0 ? 1.0 : e)/(1.0 + e);
}""",
    "sigmoid_slope": """double sigmoid_slope(double x)
{
    const double e = exp(-fabs(x));
    return e/((1.0 + e)*(1.0 + e));
}""",
    "softplus": "double softplus(double x) { return (x > 0.0 ? x : 0.0) + log1p(exp(-fabs(x))); }",
    "tanh_slope": """double tanh_slope(double x)
{
    const double e = exp(-2.0*fabs(x));  /* 1 - tanh(x)^2 with its digits in both tails */
    return 4.0*e/((1.0 + e)*(1.0 + e));
}""",
    "toward": """double toward(double x, double y)
{
    const double h = hypot(x, y);
    return x/(h == 0.0 ? 1.0 : h);
}""",
    "over_square": """double over_square(double x, double y)
{
    const double h = hypot(x, y), d = h == 0.0 ? 1.0 : h;
    return x/d/d;
}""",
    "logaddexp": """double logaddexp(double x, double y)
{
    return x == y ? x + 0.6931471805599453 : fmax(x, y) + log1p(exp(-fabs(x - y)));
}""",
    "log1mexp": "double log1mexp(double x) { return x > -0.6931471805599453 ? log(-expm1(x)) : log1p(-exp(x)); }",
    "sech": """double sech(double x)
{
    const double e = exp(-fabs(x));  /* of numbers below 0 only, so that it cannot overflow */
    return 2.0*e/(1.0 + e*e);
}""",
    "by_expm1": "double by_expm1(double x) { return (x > 0.0 ? -exp(-x) : 1.0)/expm1(-fabs(x)); }",
    "logcosh": """double logcosh(double x)
{
    const double a = fabs(x);
    return a + log1p(exp(-2.0*a)) - 0.6931471805599453;
}""",
}

# What a name in C may not be: its words, and the functions that the lines call.
_TAKEN = frozenset(
    "auto break case char const continue default do double else enum extern float for goto if inline int long register "
    "restrict return short signed sizeof static struct switch typedef union unsigned void volatile while _Bool "
    "_Complex size_t NULL NAN INFINITY HUGE_VAL main fabs fmin fmax pow tgamma lgamma n i".split()
) | frozenset(_FORMS) | frozenset(_HELPERS)  # fmt: skip


def _literal(value: float) -> tuple[str, str]:
    if value != value:
        return "NAN", "atom"
    if abs(value) == float("inf"):
        return ("INFINITY", "atom") if value > 0 else ("-INFINITY", "unary")
    return repr(value), "unary" if repr(value).startswith("-") else "atom"


def _line(node: Node, name: str, text: str) -> str:
    return f"const {'int' if node.op.boolean else 'double'} {name} = {text};"


_C = Dialect("c", _FORMS, _BINDS, _line, _literal, _TAKEN)


def program(dag: Dag, wrt: Sequence[str], literal: bool, function: str) -> Emitted:
    """The C file of a program of numbers; GradcError for arrays, and for a gate that C has no form for."""
    refuse_arrays(dag, "c")
    joint = optimize(dag, wrt, literal=literal)
    name = _C.own(function or "f")
    inputs = _C.renamed(dag.inputs)
    names = names_in(joint, inputs, _C)
    outputs = [each for each, _ in dag.outputs]
    out = [_C.own(each, inputs.values()) for each in (outputs if len(outputs) > 1 else ["f"])]
    slopes = [_C.own(f"d{inputs[each]}", [*inputs.values(), *out]) for each in wrt]

    alone = NumberLines(joint, joint.outputs, reachable(joint.outputs), names, _C)
    both = NumberLines(joint, joint.roots, joint.nodes, names, _C)
    taken = [f"double {each}" for each in inputs.values()] or ["void"]
    value = [alone.operand(node)[0] for node in joint.outputs]
    results = [f"*{each}_out = {both.operand(node)[0]};" for each, node in zip(out, joint.outputs, strict=True)]
    for each, key in zip(slopes, wrt, strict=True):
        node = joint.gradients[key]
        results.append(f"*{each}_out = {'0.0' if node is None else both.operand(node)[0]};")
    unused = [f"(void){inputs[each]};" for each, node in joint.dag.inputs.items() if not _read(node, joint.nodes)]
    silent = [f"(void){inputs[each]};" for each, node in joint.dag.inputs.items()
              if not _read(node, [*reachable(joint.outputs)]) and node not in joint.outputs]  # fmt: skip
    unused = [line for line in unused if not any(line == f"(void){n};" for n in _direct(joint, inputs))]
    places = [f"double *{each}_out" for each in (*out, *slopes)]
    body = []
    if len(value) == 1:
        body += [*_function(f"double {name}", taken, [*silent, *alone.lines, f"return {value[0]};"]), ""]
    body += [*_function(f"void {name}_value_and_grad", [*taken[: len(inputs)], *places],
                        [*unused, *both.lines, *results]), ""]  # fmt: skip
    body += _loop(name, list(inputs.values()), [*out, *slopes])
    forward = sum(1 for node in reachable(joint.outputs) if node.args)
    backward = sum(1 for node in joint.nodes if node.args) - forward
    helpers = _used({**alone.called, **both.called})
    text = "\n".join([*_head(dag, wrt, forward, backward), *helpers, *body, ""])
    return Emitted(text, forward, backward, ())


def _direct(joint: Joint, inputs: Mapping[str, str]) -> list[str]:
    """Inputs that are results themselves."""
    return [inputs[name] for name, node in joint.dag.inputs.items() if node in joint.roots]


def _read(node: Node, nodes: Iterable[Node]) -> bool:
    return any(node in each.args for each in nodes)


def _function(head: str, params: Sequence[str], lines: Sequence[str]) -> list[str]:
    return [*_broken(head, params), "{", *(f"    {line}" for line in lines), "}"]


def _broken(head: str, params: Sequence[str], tail: str = "") -> list[str]:
    line = f"{head}({', '.join(params)}){tail}"
    if len(line) <= 100:
        return [line]
    rows, row = list[str](), ""
    for each in params:
        if row and len(row) + len(each) > 90:
            rows.append(row.rstrip() + "")
            row = ""
        row += f"{each}, "
    rows.append(row.rstrip(", "))
    return [f"{head}(", *(f"    {each.rstrip()}" for each in rows[:-1]), f"    {rows[-1]}){tail}"]


def _loop(name: str, inputs: Sequence[str], results: Sequence[str]) -> list[str]:
    """The function over n points, all arrays separate from each other."""
    params = ["size_t n", *(f"const double *restrict {each}" for each in inputs)]
    params += [f"double *restrict {each}_out" for each in results]
    given = [*(f"{each}[i]" for each in inputs), *(f"&{each}_out[i]" for each in results)]
    call = _broken(f"{name}_value_and_grad", given, ";")
    return [
        *_broken(f"void {name}_value_and_grad_n", params),
        "{",
        "    for (size_t i = 0; i < n; i++) {",
        *(f"        {line}" for line in call),
        "    }",
        "}",
    ]


def _used(called: Mapping[str, None]) -> list[str]:
    """The helpers that the lines call, in order; each calls libm alone."""
    return [line for name, text in _HELPERS.items() if name in called for line in (f"static {text}", "")]


def _head(dag: Dag, wrt: Sequence[str], forward: int, backward: int) -> list[str]:
    shown = dag.text.strip("\n").replace("*/", "* /").replace("\\", "\\\\").replace("/*", "/ *")
    shown = "".join(c if c.isprintable() or c == "\n" else "?" for c in shown[:4000])
    said = [
        *wrapped(f"Inputs: {', '.join(dag.inputs) or 'none'} (numbers; arrays of n of them in the loop).", 100),
        *wrapped(f"Gradient with respect to: {', '.join(wrt) or 'nothing'}.", 100),
        f"Operations: forward {forward}, backward {backward}.",
    ]
    return [
        f"/* Forward and backward pass, {COMPILED}.",
        " *",
        *(f" *     {line}".rstrip() for line in shown.split("\n")),
        " *",
        *(f" * {line}".rstrip() for line in said),
        " */",
        "#include <math.h>",
        "#include <stddef.h>",
        "",
    ]


TARGET = Target(
    name="c", imports=(), helpers={}, forms={}, arrays=False, modes=False, value_function=True, program=program
)
