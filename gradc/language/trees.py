"""JAX's trees: lists, tuples and dictionaries of arrays in each other, of which the arrays are the leaves.

>>> tree = Group("list", [Arg(1.0, 0, 0), Arg(Group("tuple", [Arg(2.0, 0, 0)]), 0, 0)])
>>> leaves(Arg(tree, 0, 0)), like(tree, iter([Arg(3.0, 0, 0), Arg(4.0, 0, 0)]))
([1.0, 2.0], list [3.0, tuple [4.0]])
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gradc.language.array_functions import Call, function
from gradc.language.values import NONE, Arg, Dict, Group


def leaves(tree: Arg) -> list[Arg]:
    """The leaves in JAX's order, which is that of the keys."""
    found, todo = [], [tree]
    while todo:
        arg = todo.pop()
        if isinstance(arg.value, Group):
            todo += reversed(arg.value.items)
        elif isinstance(arg.value, Dict):
            todo += [arg.value.items[key] for key in sorted(arg.value.items, reverse=True)]
        elif arg.value is not NONE:
            found.append(Arg(arg.value, arg.first, arg.last))
    return found


def like(tree: Any, found: Iterator[Arg]) -> Any:
    """A tree of the same form with other leaves."""
    if not isinstance(tree, (Group, Dict)):
        return NONE if tree is NONE else next(found).value
    todo: list[tuple[Any, Any, Any]] = []
    made = _begun(tree, todo)
    while todo:
        held, key, arg = todo.pop()
        value = arg.value
        if isinstance(value, (Group, Dict)):
            value = _begun(value, todo)
        elif value is not NONE:
            value = next(found).value
        held[key] = Arg(value, arg.first, arg.last)
    return made


def _begun(tree: Group | Dict, todo: list[tuple[Any, Any, Any]]) -> Group | Dict:
    """A list or a dictionary whose items are still to be made, the first of them next."""
    if isinstance(tree, Group):
        group = Group(tree.kind, list(tree.items), "", tree.fields)
        todo += [(group.items, at, arg) for at, arg in reversed([*enumerate(tree.items)])]
        return group
    table = Dict()
    table.items, table.attributes = dict(tree.items), tree.attributes
    todo += [(table.items, key, tree.items[key]) for key in sorted(tree.items, reverse=True)]
    return table


@function("tree_leaves", "tree")
def _tree_leaves(call: Call) -> Group:
    return Group("list", leaves(call.given["tree"]))
