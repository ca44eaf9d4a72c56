"""What an operator is: its mathematics, and one record for each reader that wants to know more.

Every fact has a type, so that a misspelt one is found before anything runs. An entry says what is different
from the usual; what it leaves out stands here, as the record's default.

>>> say = Say(symbol="σ", stem="sig{x}")
>>> say.stem, say.latex
('sig{x}', '')
>>> Say(stemm="sig{x}")
Traceback (most recent call last):
    ...
TypeError: Say has no 'stemm'
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, dataclass_transform

if TYPE_CHECKING:
    from gradc.graph.dag import Shape
    from gradc.graph.forms import Form

NOTHING: Mapping[str, Any] = MappingProxyType({})

Bounds = tuple[float, float]
Interval = tuple[float, float]
# Rules of reverse mode: one for each argument, or what gives them from ranks, shapes and static parameters.
VjpRule = Sequence[str] | Callable[..., Sequence[str]]
ShapeRule = Callable[..., "Shape"]


@dataclass_transform(kw_only_default=True, frozen_default=True, eq_default=False)
class Record:
    """Facts by name, each with its type and what it is if it is left out; told apart by identity, and frozen.

    As typed as a dataclass, and free of the import that would be a third of the start-up.
    """

    def __init__(self, **facts: Any) -> None:
        if not facts.keys() <= type(self).__annotations__.keys():
            strange = next(name for name in facts if name not in type(self).__annotations__)
            raise TypeError(f"{type(self).__name__} has no {strange!r}")
        self.__dict__.update(facts)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{self!r} is frozen")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in self.__dict__.items())})"


class Say(Record):
    """How it is spoken of: in names of lines, in circuits, traces, formulas and comments."""

    symbol: str = ""  # in the circuit
    part: str = ""  # its part in the backward pass, in a sentence of the trace
    latex: str = ""  # a template of `str.format`
    stem: str = ""  # the name of its line, from those of its arguments: "sig{x}"
    short: str = ""  # where that would be long
    roles: Sequence[str] = ()  # names for compound arguments: a quotient's are num and den
    why: str = ""  # why a written-out form was read as this gate
    slope: str = ""  # why its slope is not the textbook's


class Steep(Record):
    """Where a slope may be infinite or without value, and what to take instead where it is not wanted."""

    outside: Sequence[Interval | None] = ()  # of each argument: the open interval on which all is finite
    safe: Sequence[float | str | None] = ()  # of each argument: a number (or gate of one) that does no harm
    pole: bool = False  # the value is infinite there, too
    tame: bool = False  # finite wherever its arguments are


class Kink(Record):
    """Where its slope jumps."""

    selects: bool = False  # gives some arguments nothing
    tie: str = ""  # which side is taken, in words


class Quick(Record):
    """A shorter form over whole arrays whose elements are all below a number."""

    value: str = ""
    mirrored: str = ""  # of -x
    below: float = 0.0


class Fast(Record):
    """How it is computed where speed counts."""

    value: str | Callable[..., str] = ""  # its gates, in the language
    mirrored: str = ""  # of -x
    quick: Quick = Quick()
    parts: Mapping[str, str] = NOTHING  # for single numbers: what value and slope share, by name
    ufunc: str = ""  # NumPy's function, where it can't be read from the form
    reduce: str = ""  # the function that it reduces by
    into: str = ""  # a helper that writes into `out=`
    temps: int = 0  # and how much scratch that takes


class Literal(Record):
    """The textbook's form, for those who ask for it."""

    value: str = ""
    slopes: Sequence[str] = ()
    forms: Mapping[str, Form] = NOTHING  # follows from `value`


class Test(Record):
    """What the laws hold it against."""

    __test__ = False  # pytest reads names
    sympy: str = ""  # an independent formula; SymPy's function of the same name if left out
    domain: Sequence[Interval] = ()  # where it is tested, an interval for each argument; (-3, 3) if left out
    edges: Mapping[str, str] = NOTHING  # "x=0": "out=1, dx=0"
    samples: Sequence[Mapping[str, Any]] = ()  # static parameters to try


class Op(Record):
    """All there is to know of an operator; `gradc.ops.table.op` makes and registers it."""

    name: str
    params: tuple[str, ...]
    statics: tuple[tuple[str, Any], ...]
    doc: str
    slopes: tuple[str, ...] | None = None  # partial derivatives: dx = slope*dout
    vjps: VjpRule = ()  # rules of reverse mode, where these are no products
    jvp: str = ""  # the rule of forward mode that goes with them
    linear: str = ""  # "each": linear in each argument by itself; "all": in all of them together
    lower: str = ""  # nothing but other gates
    code: Mapping[str, Form] = NOTHING  # by target; "numpy_plain" where every static parameter is the usual one
    literal: Literal = Literal()
    shape: ShapeRule | None = None
    bounds: Callable[..., Bounds] | None = None
    pointwise: bool = False
    boolean: bool = False
    variadic: bool = False
    lazy: bool = False  # its rule takes a dout that is still to be broadcast
    view: bool = False
    commutes: bool = False
    whole: tuple[int, ...] = ()  # which arguments are whole numbers: indices
    integer: bool = False  # gives whole numbers, which nothing moves
    public: bool = True
    defaults: Mapping[str, float] = NOTHING  # of parameters that a call may leave out
    needs: str = ""  # the condition on its arguments, in words
    aliases: tuple[str, ...] = ()
    stem: str = ""
    ufunc: str = ""
    domain: tuple[Interval, ...] = ()
    say: Say = Say()
    steep: Steep = Steep()
    kink: Kink = Kink()
    fast: Fast = Fast()
    test: Test = Test()

    def __repr__(self) -> str:
        return self.name

    def partials(self, literal: bool = False) -> tuple[str, ...]:
        """Its slopes, or the textbook's where these are asked for."""
        return (literal and tuple(self.literal.slopes)) or self.slopes or ()

    def computed(self, literal: bool = False) -> str | Callable[..., str]:
        """The gates that it is computed by where speed counts; "" where it is computed as it is."""
        return (literal and self.literal.value) or self.fast.value

    @property
    def elementwise(self) -> bool:
        """Whether arguments broadcast against each other, element by element."""
        return self.shape is None or self.pointwise

    @property
    def signature(self) -> str:
        params = ", ".join(("*" if self.variadic else "") + p for p in self.params)
        return f"{self.name}({params}" + "".join(f", {k}={v}" for k, v in self.statics) + ")"
