"""The operator table: one entry an operator, from which everything else is derived.

A rule is text of the language: `out` is the result, `dout` the incoming adjoint,
parameters go by their names, and `{x}` in a print form is the printed argument.

>>> cube = op("cube_(x)", doc="third power", slopes=["3*x**2"], code="{x}**3")
>>> cube.params, lookup("cube_") is cube
(('x',), True)
>>> unregister("cube_")
"""

from __future__ import annotations

import copyreg
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gradc.graph.dag import Node, Shape
from gradc.graph.forms import ADD, ATOM, MUL, PRECEDENCE, UNARY, Form
from gradc.graph.op import (
    NOTHING,
    Bounds,
    Fast,
    Kink,
    Literal,
    Op,
    Quick,
    Say,
    ShapeRule,
    Steep,
    Test,
    VjpRule,
)
from gradc.graph.shapes import Dims
from gradc.ops import helpers as carried

__all__ = [
    "ADD", "ATOM", "MUL", "PRECEDENCE", "UNARY", "Fast", "Form", "Kink", "Literal", "Op", "Quick",
    "Say", "Steep", "Test", "bind_statics", "entries", "infer_shape", "lookup", "op", "spellings",
    "static", "statics_of", "unary", "unregister",
]  # fmt: skip

Code = str | Mapping[str, str]
Bound = Bounds | Callable[..., Bounds] | None

_TABLE: dict[str, Op] = {}
_ALIASES: dict[str, str] = {}

_SIGNATURE = re.compile(r"(\w+)\(([^;)]*)(?:;([^)]*(?:\([^)]*\))?[^)]*))?\)")
_LITERALS = {"None": None, "True": True, "False": False}

# Looks at each entry that comes after ours, and raises ValueError for one that is malformed.
inspector: Callable[[Op], None] | None = None


def op(
    signature: str,
    *,
    doc: str,
    slopes: Sequence[str] | None = None,
    linear: VjpRule | bool = False,
    vjps: VjpRule = (),
    jvp: str = "",
    lower: str = "",
    code: Code = NOTHING,
    helpers: Mapping[str, str | Sequence[str]] = NOTHING,
    literal: Literal = Op.literal,
    shape: ShapeRule | None = None,
    bounds: Bound = None,
    pointwise: bool = False,
    boolean: bool = False,
    lazy: bool = False,
    view: bool = False,
    commutes: bool = False,
    whole: Sequence[int] = (),
    integer: bool = False,
    public: bool = True,
    defaults: Mapping[str, float] = NOTHING,
    needs: str = "",
    aliases: str | Sequence[str] = "",
    say: Say = Op.say,
    steep: Steep = Op.steep,
    kink: Kink = Op.kink,
    fast: Fast = Op.fast,
    test: Test = Op.test,
) -> Op:
    """Register an operator: `name(x, y; axis=None)`, a sentence, slopes, and what is unusual.

    `slopes` are partial derivatives by parameter, `["0"]` where it is flat, `None` where there is
    no derivative; `linear` are the rules of reverse mode of what is linear in its arguments, and
    `vjps` with `jvp` those of any other gate of arrays. `code` is one form for every target, or one
    for each; a gate without is NumPy's and `math`'s function of its name, and "" says that a
    target has none. `helpers` are functions that a module carries, by target, as text; a form calls
    them by name.

    Raises ValueError for a malformed signature, a name that is taken, or a rule count that does not
    fit, and, for an entry of a user, for whatever else is malformed.
    """
    match = _SIGNATURE.fullmatch(signature.strip())
    if match is None:
        raise ValueError(f"malformed signature {signature!r}; write it as 'name(x, y; axis=None)'")
    name, params, statics = match[1], _words(match[2]), _words(match[3] or "")
    if name in _TABLE:
        raise ValueError(f"operator {name!r} is registered already")
    variadic = any(p.startswith("*") for p in params)
    if linear is not False and linear is not True:
        vjps = linear
    forms = _forms(name, params, code, shape is None or pointwise)
    if literal.value:
        literal = Literal(
            value=literal.value, slopes=tuple(literal.slopes), forms=_written(literal.value, params)
        )
    entry = Op(
        name=name,
        params=tuple(p.lstrip("*") for p in params),
        statics=tuple(_static(s) for s in statics),
        doc=doc,
        slopes=None if slopes is None else tuple(slopes),
        vjps=vjps if callable(vjps) else tuple(vjps),
        jvp=jvp,
        linear="" if linear is False else "all" if variadic else "each",
        lower=lower,
        code=forms,
        literal=literal,
        shape=shape,
        bounds=bounds if bounds is None or callable(bounds) else _between(bounds),
        pointwise=pointwise,
        boolean=boolean,
        variadic=variadic,
        lazy=lazy,
        view=view,
        commutes=commutes,
        whole=tuple(whole),
        integer=integer,
        public=public,
        defaults=defaults,
        needs=needs,
        aliases=tuple(aliases.split() if isinstance(aliases, str) else aliases),
        stem=say.stem or name + "".join("{" + p + "}" for p in params),
        ufunc=fast.ufunc or ("" if shape is not None else _ufunc(forms, params)),
        domain=tuple(test.domain) or ((-3.0, 3.0),) * len(params),
        say=say,
        steep=steep,
        kink=kink,
        fast=fast,
        test=test,
    )
    rules = entry.slopes or entry.vjps
    if not callable(rules) and rules and not variadic and len(rules) != len(params):
        raise ValueError(f"{name!r} has {len(params)} parameters and {len(rules)} rules")
    brought = [(target, carried.add(target, text)) for target, text in _texts(helpers)]
    _TABLE[name] = entry
    _BROUGHT[name] = [(target, helper) for target, helper in brought if helper]
    for alias in entry.aliases:
        _ALIASES.setdefault(alias, name)
    if inspector is not None:
        try:
            inspector(entry)
        except BaseException:
            unregister(name)
            raise
    return entry


def unary(
    name: str,
    slope: str,
    out: Bound,
    doc: str,
    *,
    code: Code = NOTHING,
    helpers: Mapping[str, str | Sequence[str]] = NOTHING,
    literal: Literal = Op.literal,
    needs: str = "",
    aliases: str = "",
    say: Say = Op.say,
    steep: Steep = Op.steep,
    kink: Kink = Op.kink,
    fast: Fast = Op.fast,
    test: Test = Op.test,
) -> Op:
    """A function of one number as a row: its name, its slope, where its values lie, a sentence."""
    return op(
        f"{name}(x)",
        doc=doc,
        slopes=[slope],
        bounds=out,
        code=code,
        helpers=helpers,
        literal=literal,
        needs=needs,
        aliases=aliases,
        say=say,
        steep=steep,
        kink=kink,
        fast=fast,
        test=test,
    )


# The helpers that each entry brought along, and nobody before it.
_BROUGHT: dict[str, list[tuple[str, str]]] = {}


def brought_by(op: Op) -> list[str]:
    """The helpers that an operator brought along."""
    return [helper for _, helper in _BROUGHT.get(op.name, ())]


def unregister(name: str) -> None:
    """Take an operator out of the table again, with the helpers that it brought."""
    entry = _TABLE.pop(name)
    for alias in entry.aliases:
        if _ALIASES.get(alias) == name:
            del _ALIASES[alias]
    for target, helper in _BROUGHT.pop(name):
        carried.remove(target, helper)


def lookup(name: str) -> Op | None:
    """The entry of a gate by its name or an alias, or None."""
    return _TABLE.get(name) or _TABLE.get(_ALIASES.get(name, ""))


def _by_name(entry: Op) -> tuple[Callable[[str], Op | None], tuple[str]]:
    """A pickle or a copy of an entry is the entry itself, looked up by its name."""
    if _TABLE.get(entry.name) is not entry:
        raise TypeError(
            f"the operator '{entry.name}' is not in the table, and cannot be looked up by its name"
        )
    return lookup, (entry.name,)


copyreg.pickle(Op, _by_name)  # type: ignore[arg-type]  # lookup finds it: the entry is in the table


def entries() -> list[Op]:
    """Every entry, in the order of registration."""
    return list(_TABLE.values())


def spellings() -> list[str]:
    """Every name that a program may call, aliases included."""
    return [name for name, entry in _TABLE.items() if entry.public] + list(_ALIASES)


def static(node: Node, name: str) -> Any:
    """The value of a gate's static parameter."""
    return statics_of(node.op, node.attr)[name]


def statics_of(entry: Op, attr: Any) -> dict[str, Any]:
    """A gate's static parameters by name (a leaf has none, whatever its attribute)."""
    return (
        {key: value for (key, _), value in zip(entry.statics, attr or (), strict=True)}
        if entry.statics
        else {}
    )


def bind_statics(entry: Op, given: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Static parameters in the entry's order, defaults filled in; None if it has none."""
    return tuple(given.get(key, default) for key, default in entry.statics) or None


def infer_shape(entry: Op, dims: Dims, args: tuple[Node, ...], attr: Any) -> Shape:
    """The shape of a gate's result; raises `ShapeError` where the arguments do not fit."""
    if entry.shape is not None:
        return entry.shape(dims, *(arg.shape for arg in args), **statics_of(entry, attr))
    return dims.broadcast(*(a.shape for a in args))


def _words(text: str) -> list[str]:
    return [w.strip() for w in text.split(",") if w.strip()]


def _static(text: str) -> tuple[str, Any]:
    name, _, default = text.partition("=")
    default = default.strip()
    return name.strip(), _LITERALS[default] if default in _LITERALS else int(
        default
    ) if default else None


def _texts(helpers: Mapping[str, str | Sequence[str]]) -> list[tuple[str, str]]:
    return [
        (target, text)
        for target, one in helpers.items()
        for text in ([one] if isinstance(one, str) else one)
    ]


def _between(bounds: Bounds) -> Callable[..., Bounds]:
    return lambda *xs, **statics: bounds


def _forms(name: str, params: list[str], code: Code, elementwise: bool) -> dict[str, Form]:
    """The forms that an entry states, and for the rest the functions of its name."""
    if isinstance(code, str):
        ours = elementwise and not re.search(r"(?<![\w.])np\.", code)
        code = {"numpy": code, "math": code if ours else ""}
    holes = ", ".join("{" + p + "}" for p in params)
    usual = {"numpy": f"np.{name}({holes})"}
    if elementwise and hasattr(math, name):
        usual["math"] = f"math.{name}({holes})"
    return {target: Form(text) for target, text in {**usual, **code}.items() if text}


def _written(value: str, params: list[str]) -> dict[str, Form]:
    """A form from the language, by the functions of each target.

    >>> _written("1/(1 + exp(-x))", ["x"])["math"]
    Form('1/(1 + math.exp(-{x}))')
    """
    holes = re.sub(rf"\b({'|'.join(params)})\b", r"{\1}", value)
    return {
        target: Form(re.sub(r"(\w+)\(", prefix + r"\1(", holes))
        for target, prefix in _PREFIXES.items()
    }


_PREFIXES = {"numpy": "np.", "math": "math."}

# NumPy's functions of what is written with an operator.
_UFUNCS = {
    "{x} + {y}": "add", "{x} - {y}": "subtract", "{x}*{y}": "multiply", "{x}/{y}": "divide",
    "-{x}": "negative", "1/{x}": "reciprocal", "{x}**2": "square", "{x}**{y}": "power",
    "{x} > {y}": "greater", "{x} >= {y}": "greater_equal", "{x} == {y}": "equal",
    "{x} < {y}": "less", "{x} <= {y}": "less_equal", "{x} != {y}": "not_equal",
    "np.abs({x})": "absolute",
}  # fmt: skip


# And those of its other functions that are ufuncs, which take `out=`; where is none, and taken as one.
_NAMED = frozenset(
    "absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh cbrt ceil copysign cos cosh deg2rad "
    "divide equal exp exp2 expm1 fabs float_power floor floor_divide fmax fmin fmod greater greater_equal "
    "heaviside hypot invert isfinite isinf isnan ldexp less less_equal log log10 log1p log2 logaddexp "
    "logaddexp2 logical_and logical_not logical_or logical_xor maximum minimum mod multiply negative "
    "nextafter not_equal positive power rad2deg reciprocal remainder rint sign signbit sin sinh sqrt square "
    "subtract tan tanh trunc where".split()
)


def _ufunc(forms: Mapping[str, Form], params: list[str]) -> str:
    """The NumPy function that a form calls with the parameters in order; "" for any other form.

    >>> _ufunc({"numpy": Form("np.hypot({x}, {y})")}, ["x", "y"])
    'hypot'
    >>> _ufunc({"numpy": Form("{x} + {y}")}, ["x", "y"]), _ufunc({"numpy": Form("f({x})")}, ["x"])
    ('add', '')
    """
    text = forms["numpy"].text if "numpy" in forms else ""
    name = text.removeprefix("np.").partition("(")[0]
    holes = ", ".join("{" + param + "}" for param in params)
    return _UFUNCS.get(text) or (name if text == f"np.{name}({holes})" and name in _NAMED else "")
