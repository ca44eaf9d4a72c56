"""Gates of `math` that do not raise: with the infinities and nan of IEEE, for values that a program looks at to decide.

`min(1/x, 3)` is 3 at x = 0, and `where(log(p) > -100, log(p), -100)` is -100 at p = 0; but Python raises where it comes
upon 1/0 and log(0). A gate whose value may be left out is written so that it has one:

>>> CALM[scalar.log].code["math"]
Form('ieee_log({x})')
>>> needs_calm(scalar.log, [(0.0, 1.0)]), needs_calm(scalar.log, [(0.5, 1.0)])
(True, False)
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from gradc.graph.forms import Form
from gradc.graph.op import Interval, Op
from gradc.ops import forms, helpers, scalar, special
from gradc.ops.bounds import Bounds

CALM: dict[Op, Op] = {}
_RAISES: dict[
    Op, tuple[Interval, ...]
] = {}  # of each argument: the closed interval on which `math` has a value

_MOST = 709.0  # exp of more overflows
_LARGE = 1e150  # the square of more overflows


def _calm(entry: Op, text: str, helper: str, *within: Interval) -> None:
    """The entry once more, by a form of `math` that never raises; arguments within the intervals do not need it."""
    if helper:
        helpers.add("math", helper)
    facts = {**vars(entry), "code": {**entry.code, "math": Form(text)}}
    CALM[entry] = Op(**facts)
    _RAISES[entry] = within


def needs_calm(entry: Op, args: Sequence[Bounds]) -> bool:
    """Whether `math` may raise for arguments within bounds."""
    within = zip(args, _RAISES[entry], strict=True)
    return not all(low <= x[0] and x[1] <= high for x, (low, high) in within)


_ABOVE_0 = (5e-324, inf)
_ANY = (-inf, inf)


def _by_log(name: str) -> str:
    return f'''
def ieee_{name}(x):
    """{name}(x), -inf at 0 and nan below, where `math` raises."""
    return math.{name}(x) if x > 0 else -math.inf if x == 0 else math.nan
'''


def _within(name: str, inside: str, where: str) -> str:
    return f'''
def ieee_{name}(x):
    """{name}(x), and nan {where}, where `math` raises."""
    return math.{name}(x) if {inside} else math.nan
'''


def _beyond(name: str, at: str = "math.inf") -> str:
    return f'''
def ieee_{name}(x):
    """{name}(x), and infinite where `math` overflows."""
    try:
        return math.{name}(x)
    except OverflowError:
        return {at}
'''


def _caught(name: str, params: str, call: str, at: str) -> str:
    return f'''
def ieee_{name}({params}):
    """{name}({params}), with an infinity or nan where that raises."""
    try:
        return {call}
    except (ArithmeticError, ValueError):
        return {at}
'''


_DIV = '''
def ieee_div(x, y):
    """x/y, infinite or nan at y = 0, where Python raises."""
    return x/y if y != 0 else x*math.copysign(math.inf, y)
'''
_LOG1P = '''
def ieee_log1p(x):
    """log1p(x), -inf at -1 and nan below, where `math` raises."""
    return math.log1p(x) if x > -1 else -math.inf if x == -1 else math.nan
'''
_ATANH = '''
def ieee_atanh(x):
    """atanh(x), infinite at -1 and 1 and nan beyond, where `math` raises."""
    return math.atanh(x) if abs(x) < 1 else math.copysign(math.inf, x) if abs(x) == 1 else math.nan
'''
_POW = '''
def ieee_pow(x, y):
    """x**y, with the infinities and nan of IEEE where `math` raises."""
    try:
        return math.pow(x, y)
    except OverflowError:
        return -math.inf if x < 0 and y % 2 == 1 else math.inf
    except ValueError:
        return math.nan if x != 0 else math.copysign(math.inf, x) if y % 2 == 1 else math.inf
'''
_LOG1MEXP = '''
def ieee_log1mexp(x):
    """log1mexp(x), -inf at 0 and nan above, where `math` raises."""
    return log1mexp(x) if x < 0 else -math.inf if x == 0 else math.nan
'''
_BY_EXPM1 = '''
def ieee_by_expm1(x):
    """by_expm1(x), infinite at 0, where Python raises."""
    return by_expm1(x) if x != 0 else math.copysign(math.inf, x)
'''
_COMPLEMENT = '''
def ieee_complement(x):
    """sqrt(1 - x**2), and nan beyond 1, where `math` raises."""
    return math.sqrt((1 - x)*(1 + x)) if abs(x) <= 1 else math.nan
'''

_calm(scalar.div, "ieee_div({x}, {y})", _DIV, _ANY, _ABOVE_0)
_calm(scalar.inv, "ieee_div(1.0, {x})", _DIV, _ABOVE_0)
_calm(scalar.log, "ieee_log({x})", _by_log("log"), _ABOVE_0)
_calm(scalar.log2, "ieee_log2({x})", _by_log("log2"), _ABOVE_0)
_calm(scalar.log10, "ieee_log10({x})", _by_log("log10"), _ABOVE_0)
_calm(scalar.log1p, "ieee_log1p({x})", _LOG1P, (-0.9999999, inf))
_calm(scalar.sqrt, "ieee_sqrt({x})", _within("sqrt", "x >= 0", "below 0"), (0.0, inf))
_calm(forms.root, "ieee_sqrt({x})", "", (0.0, inf))
_calm(forms.complement, "ieee_complement({x})", _COMPLEMENT, (-1.0, 1.0))
_calm(scalar.asin, "ieee_asin({x})", _within("asin", "abs(x) <= 1", "beyond 1"), (-1.0, 1.0))
_calm(scalar.acos, "ieee_acos({x})", _within("acos", "abs(x) <= 1", "beyond 1"), (-1.0, 1.0))
_calm(special.acosh, "ieee_acosh({x})", _within("acosh", "x >= 1", "below 1"), (1.0, inf))
_calm(special.atanh, "ieee_atanh({x})", _ATANH, (-0.9999999, 0.9999999))
_calm(scalar.exp, "ieee_exp({x})", _beyond("exp"), (-inf, _MOST))
_calm(scalar.expm1, "ieee_expm1({x})", _beyond("expm1"), (-inf, _MOST))
_calm(scalar.cosh, "ieee_cosh({x})", _beyond("cosh"), (-_MOST, _MOST))
_calm(scalar.sinh, "ieee_sinh({x})", _beyond("sinh", "math.copysign(math.inf, x)"), (-_MOST, _MOST))
for _name in ("sin", "cos", "tan"):
    _text = _within(_name, "abs(x) < math.inf", "at an infinity")
    _calm(getattr(scalar, _name), f"ieee_{_name}({{x}})", _text, (-1.7e308, 1.7e308))
_calm(scalar.pow_, "ieee_pow({x}, {y})", _POW, _ABOVE_0, (0.0, 1.0))
_calm(scalar.ipow, "ieee_pow({x}, {n})", "", (1e-9, 1e9))
_calm(scalar.square, "ieee_pow({x}, 2)", "", (-_LARGE, _LARGE))
_calm(forms.log1mexp, "ieee_log1mexp({x})", _LOG1MEXP, (-inf, -5e-324))
_calm(forms.by_expm1, "ieee_by_expm1({x})", _BY_EXPM1, _ABOVE_0)
_FINITE = (-1.7e308, 1.7e308)
for _name in ("floor", "ceil"):
    _calm(
        getattr(special, _name),
        f"float(math.{_name}({{x}})) if abs({{x}}) < math.inf else {{x}}",
        "",
        _FINITE,
    )
_calm(special.round_, "float(round({x})) if abs({x}) < math.inf else {x}", "", _FINITE)
_calm(special.mod, "{x} % {y} if {y} != 0 else math.nan", "", _ANY, _ABOVE_0)
_AT_ENDS = "math.copysign(math.inf, x - 0.5) if x == 0 or x == 1 else math.nan"
for _entry, _call, _at, _within_ in (
    (special.lgamma, "math.lgamma(x)", "math.inf", _ABOVE_0),
    (special.gamma, "math.gamma(x)", "math.inf if x >= 0 else math.nan", (5e-300, 170.0)),
    (special.digamma, "digamma(x)", "-math.inf if x == 0 else math.nan", _ABOVE_0),
    (special.logit, "logit(x)", _AT_ENDS, (1e-300, 1.0 - 1e-15)),
    (special.log_ndtr, "log_ndtr(x)", "-math.inf", (-1e300, inf)),
    (special.exp2, "math.exp2(x)", "math.inf", (-inf, 1023.0)),
    (special.sinc, "sinc(x)", "math.nan", _FINITE),
):
    _calm(_entry, f"ieee_{_entry.name}({{x}})", _caught(_entry.name, "x", _call, _at), _within_)
for _entry, _at in (
    (special.betaln, "math.nan"),
    (special.beta, "math.nan"),
    (special.xlogy, "math.nan if y < 0 else x*-math.inf"),
    (special.xlog1py, "math.nan if y < -1 else x*-math.inf"),
):
    _text = _caught(_entry.name, "x, y", f"{_entry.name}(x, y)", _at)
    _calm(_entry, f"ieee_{_entry.name}({{x}}, {{y}})", _text, _ABOVE_0, _ABOVE_0)

__all__ = ["CALM", "needs_calm"]
