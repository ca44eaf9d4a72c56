"""How C writes numbers: forms, and the functions that C's library lacks, each of which calls libm alone.

>>> FORMS["sigmoid"], FORMS["hypot"], "sigmoid" in HELPERS
(('sigmoid({x})', 'atom'), ('hypot({x}, {y})', 'atom'), True)
"""

from __future__ import annotations

from gradc.emit.number_lines import Dialect
from gradc.emit.targets.alike import ALIKE
from gradc.graph.dag import Node

# How tightly C binds, as far as these forms go.
BINDS = {
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
FORMS: dict[str, tuple[str, str]] = {
    **ALIKE,
    "square": ("{x:atom}*{x:atom}", "mul"),
    "ipow": ("pow({x}, {n:number})", "atom"),
    "pow": ("pow({x}, {y})", "atom"),
    "pow_slope": ("{y:unary}*pow({x}, nonzero({y}) - 1.0)", "mul"),
    "pow_log": ("pow({x}, {y})*log(nonzero({x}))", "mul"),
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

HELPERS = {
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
TAKEN = frozenset(
    "auto break case char const continue default do double else enum extern float for goto if inline int long register "
    "restrict return short signed sizeof static struct switch typedef union unsigned void volatile while _Bool "
    "_Complex size_t NULL NAN INFINITY HUGE_VAL main fabs fmin fmax pow tgamma lgamma n i".split()
) | frozenset(FORMS) | frozenset(HELPERS)  # fmt: skip


def _literal(value: float) -> tuple[str, str]:
    if value != value:
        return "NAN", "atom"
    if abs(value) == float("inf"):
        return ("INFINITY", "atom") if value > 0 else ("-INFINITY", "unary")
    return repr(value), "unary" if repr(value).startswith("-") else "atom"


def _line(node: Node, name: str, text: str) -> str:
    return f"const {'int' if node.op.boolean else 'double'} {name} = {text};"


C = Dialect("c", FORMS, BINDS, _line, _literal, TAKEN)
