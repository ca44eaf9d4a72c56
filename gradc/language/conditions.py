"""Comparisons and connectives that are called: SymPy's `And(x > 0, Ne(x, 1))`, NumPy's `np.logical_and(p, q)`.

>>> from gradc.language import parse, unparse
>>> print(unparse(parse("ITE(And(Gt(x, 0), Ne(x, 1)), x, y)")))
v1 = x > 0
v2 = x != 1
v3 = v1 and v2
where(v3, x, y)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradc.language.values import Arg, Callee
from gradc.ops import routing as r

if TYPE_CHECKING:
    from gradc.language.gates import Gates

_COMPARISONS = {
    r.eq: "Eq eq equal", r.ne: "Ne ne not_equal", r.lt: "Lt lt less StrictLessThan", r.le: "Le le less_equal LessThan",
    r.gt: "Gt gt greater StrictGreaterThan", r.ge: "Ge ge greater_equal GreaterThan",
}  # fmt: skip
_JOINED = {r.all_of: "And logical_and", r.any_of: "Or logical_or"}


def _compared(op: Any) -> Any:
    def call(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
        _exactly(gates, callee, args, 2, first, last)
        return gates.apply(op, args)

    return call


def _joined(op: Any) -> Any:
    def call(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
        if not args or any(arg.key for arg in args):
            raise gates.source.error(f"{callee.name} takes conditions", first, last)
        out = Arg(gates.condition(args[0].value), args[0].first, args[0].last)
        for arg in args[1:]:
            out = Arg(gates.apply(op, [out, arg]), first, arg.last)
        return out.value

    return call


def _negated(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    _exactly(gates, callee, args, 1, first, last)
    return gates.apply(r.not_, args)


def _either(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """Xor(p, q): one of them, and not both."""
    _exactly(gates, callee, args, 2, first, last)
    both, some = gates.apply(r.all_of, args), gates.apply(r.any_of, args)
    return gates.make(r.all_of, (some, gates.make(r.not_, (both,))))


def _chosen(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """ITE(c, a, b): a where c holds, else b; of conditions a condition."""
    _exactly(gates, callee, args, 3, first, last)
    test, yes, no = args
    if all(getattr(arg.value, "op", r.where).boolean for arg in (yes, no)):
        held = gates.make(r.all_of, (test.value, yes.value))
        other = gates.make(r.all_of, (gates.make(r.not_, (test.value,)), no.value))
        return gates.make(r.any_of, (held, other))
    return gates.apply(r.where, args)


def _exactly(gates: Gates, callee: Callee, args: list[Arg], count: int, first: int, last: int) -> None:
    if len(args) != count or any(arg.key for arg in args):
        raise gates.source.error(
            f"{callee.name} takes {count} argument{'s' * (count != 1)}, got {len(args)}", first, last
        )


CONNECTIVES: dict[str, Any] = {
    **{name: _compared(op) for op, names in _COMPARISONS.items() for name in names.split()},
    **{name: _joined(op) for op, names in _JOINED.items() for name in names.split()},
    **dict.fromkeys(("Not", "logical_not"), _negated),
    **dict.fromkeys(("Xor", "logical_xor"), _either),
    "ITE": _chosen,
}  # fmt: skip
