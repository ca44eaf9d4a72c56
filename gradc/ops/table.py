"""The operator table: one entry an operator, from which everything else is derived.

A rule is text of the language: `out` is the result, `dout` the incoming adjoint,
parameters go by their names, and `{x}` in a print form is the printed argument.

>>> cube = op("cube_(x)", doc="third power", partials=["3*x**2"], forms={"numpy": "{x:atom}**3", "math": "{x:atom}**3"})
>>> cube.params, lookup("cube_") is cube
(('x',), True)
>>> unregister("cube_")
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

from gradc.graph.dag import Node, Shape
from gradc.graph.shapes import Dims

# Python's own precedences, lowest to highest, as the operand printer compares them.
PRECEDENCE = {
    "any": 0, "cond": 1, "or": 2, "and": 3, "not": 4, "compare": 5, "add": 9, "mul": 10, "unary": 11, "pow": 12,
    "atom": 14, "subscript": -1, "dims": -2,
}  # fmt: skip

# The ones that printers compare most.
ADD, MUL, UNARY, ATOM = (PRECEDENCE[kind] for kind in ("add", "mul", "unary", "atom"))

VjpRule = Sequence[str] | Callable[..., Sequence[str]]
ShapeRule = Callable[..., Shape]


class Form(NamedTuple):
    """How a gate is written in a target: text with `{x}` or `{x:mul}` holes, and its precedence."""

    text: str
    precedence: int
    helper: str = ""

    @property
    def pieces(self) -> list[tuple[str, str, int]]:
        """(literal before, parameter, least precedence of the argument) and a last literal."""
        return _pieces(self.text)


_HOLE = re.compile(r"\{(\*?\w+)(?::(\w+))?\}")


@cache
def _pieces(text: str) -> list[tuple[str, str, int]]:
    return [(lit, name, PRECEDENCE[least or "any"]) for lit, name, least in _split(text)]


def _split(text: str) -> list[tuple[str, str, str]]:
    found, at = [], 0
    for hole in _HOLE.finditer(text):
        found.append((text[at : hole.start()], hole[1], hole[2] or ""))
        at = hole.end()
    return [*found, (text[at:], "", "")]


class Op:
    """All there is to know of an operator. What is left out is derived from what is there.

    Entries are frozen, and told apart by identity.
    """

    name: str
    params: tuple[str, ...]
    statics: tuple[tuple[str, Any], ...]
    doc: str
    partials: tuple[str, ...] = ()
    vjps: VjpRule = ()
    jvp: str = ""
    linear: str = ""
    lower: str = ""
    fast: str | Callable[..., str] = ""
    mirrored: str = ""
    quick: str = ""
    quick_mirrored: str = ""
    below: float = 0.0
    parts: Mapping[str, str] = MappingProxyType({})
    ufunc: str = ""
    into: str = ""
    temps: int = 0
    reduce: str = ""
    forms: Mapping[str, Form] = MappingProxyType({})
    literal: Mapping[str, Any] = MappingProxyType({})
    shape: ShapeRule | None = None
    pointwise: bool = False
    boolean: bool = False
    variadic: bool = False
    lazy: bool = False
    view: bool = False
    stem: str = ""
    short: str = ""
    roles: tuple[str, ...] = ()
    why: str = ""
    tie: str = ""
    slope_why: str = ""
    aliases: tuple[str, ...] = ()
    sympy: str = ""
    latex: str = ""
    symbol: str = ""
    part: str = ""
    needs: str = ""
    domain: tuple[tuple[float, float], ...] = ()
    edges: Mapping[str, str] = MappingProxyType({})
    safe: tuple[float | str | None, ...] = ()
    tame: bool = False
    selects: bool = False
    bounds: Callable[..., tuple[float, float]] | None = None
    smooth: tuple[tuple[float, float] | None, ...] = ()
    pole: bool = False
    samples: tuple[Mapping[str, Any], ...] = ()
    commutes: bool = False
    public: bool = True

    def __init__(self, **facts: Any) -> None:
        unknown = facts.keys() - Op.__annotations__.keys()
        if unknown:
            raise TypeError(f"an operator has no {', '.join(sorted(unknown))}")
        self.__dict__.update(facts)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"the entry {self.name!r} is frozen")

    def __repr__(self) -> str:
        return self.name

    @property
    def elementwise(self) -> bool:
        """Whether arguments broadcast against each other, element by element."""
        return self.shape is None or self.pointwise

    @property
    def signature(self) -> str:
        params = ", ".join(("*" if self.variadic else "") + p for p in self.params)
        return f"{self.name}({params}" + "".join(f", {k}={v}" for k, v in self.statics) + ")"


_TABLE: dict[str, Op] = {}
_ALIASES: dict[str, str] = {}

_SIGNATURE = re.compile(r"(\w+)\(([^;)]*)(?:;([^)]*(?:\([^)]*\))?[^)]*))?\)")
_LITERALS = {"None": None, "True": True, "False": False}


def op(signature: str, *, doc: str, **facts: Any) -> Op:
    """Register an operator: `name(x, y; axis=None)`, a sentence of doc, and its facts (see `Op`).

    Raises ValueError for a malformed signature, a name that is taken, or a rule count that does not fit.
    """
    match = _SIGNATURE.fullmatch(signature.strip())
    if match is None:
        raise ValueError(f"malformed signature {signature!r}; write it as 'name(x, y; axis=None)'")
    name, params, statics = match[1], _words(match[2]), _words(match[3] or "")
    if name in _TABLE:
        raise ValueError(f"operator {name!r} is registered already")
    variadic = any(p.startswith("*") for p in params)
    facts["forms"] = {target: _form(form) for target, form in _default_forms(name, params, facts).items()}
    if "literal" in facts:
        facts["literal"] = {
            k: tuple(v) if k == "partials" else v if k in ("fast", "parts") else _form(v)
            for k, v in facts["literal"].items()
        }
    if "shape" not in facts:
        facts.setdefault("ufunc", _called(facts["forms"], params))
    for key in ("partials", "vjps", "roles", "aliases", "domain", "safe", "samples", "smooth"):
        if isinstance(facts.get(key), list):
            facts[key] = tuple(facts[key])
    entry = Op(
        name=name,
        params=tuple(p.lstrip("*") for p in params),
        statics=tuple(_static(s) for s in statics),
        doc=doc,
        variadic=variadic,
        **facts,
    )
    rules = entry.partials or entry.vjps
    if not callable(rules) and rules and not variadic and len(rules) != len(params):
        raise ValueError(f"{name!r} has {len(params)} parameters and {len(rules)} rules")
    _TABLE[name] = entry
    for alias in entry.aliases:
        _ALIASES[alias] = name
    return entry


def unregister(name: str) -> None:
    """Take an operator out of the table again (for tests of user gates)."""
    entry = _TABLE.pop(name)
    for alias in entry.aliases:
        del _ALIASES[alias]


def lookup(name: str) -> Op | None:
    """The entry of a gate by its name or an alias, or None."""
    return _TABLE.get(name) or _TABLE.get(_ALIASES.get(name, ""))


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
    """A gate's static parameters by name (leaves keep other things in their attribute and have none)."""
    return {key: value for (key, _), value in zip(entry.statics, attr or (), strict=True)} if entry.statics else {}


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
    return name.strip(), _LITERALS[default] if default in _LITERALS else int(default) if default else None


def _called(forms: Mapping[str, Form], params: list[str]) -> str:
    """The NumPy function that a form calls with the parameters in order; "" where it is written otherwise.

    >>> _called({"numpy": Form("np.hypot({x}, {y})", 14)}, ["x", "y"])
    'hypot'
    >>> _called({"numpy": Form("np.logaddexp(0, {x})", 14)}, ["x"])
    ''
    """
    text = forms["numpy"].text if "numpy" in forms else ""
    name = text.removeprefix("np.").partition("(")[0]
    holes = ", ".join("{" + param + "}" for param in params)
    return name if text == f"np.{name}({holes})" and name.isidentifier() else ""


def _default_forms(name: str, params: list[str], facts: dict[str, Any]) -> dict[str, Any]:
    holes = ", ".join("{" + p + "}" for p in params)
    forms = {"numpy": f"np.{name}({holes})", "math": f"math.{name}({holes})"}
    return {**forms, **facts.get("forms", {})}


_KIND = {"+": "add", "-": "add", "*": "mul", "/": "mul", "@": "mul", "**": "pow"}


def _form(form: str | Form) -> Form:
    """A form from its text: precedence from a leading `kind|`, a helper from a leading `helper!`."""
    if isinstance(form, Form):
        return form
    helper, precedence = "", "atom"
    if "|" in form:
        precedence, form = form.split("|", 1)
    if "!" in form and "!=" not in form:
        helper, form = form.split("!", 1)
    return Form(form, PRECEDENCE[precedence], helper)
