"""Tuples whose items have names, as `collections.namedtuple` makes them, and `types.SimpleNamespace`.

>>> from gradc.language import parse, unparse
>>> print(unparse(parse("State = namedtuple('State', 'x v')\\ns = State(x=p, v=q)\\ns._replace(v=2*s.v).v + s.x")))
p: []
q: []
v1 = 2*q
v1 + p
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradc.language import lists
from gradc.language.values import Arg, Bound, Callee, Dict, Fields, Group

if TYPE_CHECKING:
    from gradc.language.gates import Gates


def namedtuple(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Bound:
    """namedtuple('State', ['x', 'v']): what makes such tuples."""
    names = lists.known(args[1].value) if len(args) == 2 else None
    names = tuple(names.replace(",", " ").split()) if isinstance(names, str) else names
    if not isinstance(names, tuple) or not names or not all(isinstance(name, str) for name in names):
        raise gates.source.error("namedtuple takes a name, and those of its items", first, last)
    return Bound(Fields(names), [])


def made(gates: Gates, fields: Fields, args: list[Arg], first: int, last: int) -> Group:
    """A tuple of its items, by their places or names."""
    found = dict(zip(fields.names, [arg for arg in args if not arg.key], strict=False))
    for arg in args:
        if arg.key and (arg.key not in fields.names or arg.key in found):
            raise gates.source.error(f"unknown keyword '{arg.key}'", arg.key_at)
        if arg.key:
            found[arg.key] = arg
    if len(found) != len(fields.names) or len(args) != len(found):
        raise gates.source.error(f"the tuple has the items {', '.join(fields.names)}", first, last)
    items = [Arg(found[name].value, found[name].first, found[name].last) for name in fields.names]
    return Group("tuple", items, fields=fields.names)


def replaced(gates: Gates, held: Any, args: list[Arg], first: int, last: int) -> Group:
    """t._replace(x=1): the same tuple but for some items."""
    given = {arg.key: arg for arg in args}
    kept = [Arg(item.value, item.first, item.last, name) for name, item in zip(held.fields, held.items, strict=False)]
    items = [arg for arg in kept if arg.key not in given]
    return made(gates, Fields(held.fields), [*items, *args], first, last)


def namespace(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Dict:
    """SimpleNamespace(a=1): an object with attributes."""
    if not all(arg.key for arg in args):
        raise gates.source.error("SimpleNamespace takes keywords", first, last)
    found = Dict()
    found.attributes = True
    found.items = {arg.key: arg for arg in args}
    return found
