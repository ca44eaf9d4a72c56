"""A sum goes into an array that is dead: `dx += t` for `dx = dx + t`, where dx is ours and nobody else reads it.

An adjoint that begins as another's, `dx = dxc`, shares its array; what is added to it then makes a new one, unless the
other name has been read for the last time and is not returned. The same holds for the copy before an element is added.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from gradc.graph.dag import Node, Shape
from gradc.plan.statements import Group, Stmt

# The name that a node goes by, if it has one.
Named = Callable[[Node], str | None]


def into_dead_arrays(
    groups: Sequence[Group], named: Named, resolve: Callable[[Shape], Shape], returned: Collection[str]
) -> list[Group]:
    """The statements of a backward pass without branches, in which sums go into arrays that are dead."""
    buffers = _Buffers(named, resolve)
    last = _last_reads(groups, named)
    out: list[Group] = []
    at = 0
    for group in groups:
        stmts: list[Stmt] = []
        for stmt in group.stmts:
            free = stmt.kind in ("sum", "own") and buffers.is_free(stmt, at, last, returned)
            if not free:
                buffers.take(stmt)
            stmts += [stmt] * (not free) + [stmt._replace(kind="+=")] * (free and stmt.kind == "sum")
            at += 1
        out.append(group._replace(stmts=tuple(stmts)))
    return out


class _Buffers:
    """Which array each name has: that of the name it was made under, "" for one that is not ours."""

    def __init__(self, named: Named, resolve: Callable[[Shape], Shape]) -> None:
        self.named, self.resolve = named, resolve
        self.of: dict[str, str] = {}
        self.shape: dict[str, Shape] = {}
        self.views: set[str] = set()

    def take(self, stmt: Stmt) -> None:
        """What a statement makes of its target."""
        if stmt.kind in ("put", "+="):
            return
        target, shown = stmt.target, self._shown(stmt)
        self.views.discard(target)
        if shown is None:
            self.of[target] = target
        else:
            self.of[target] = self.of.get(shown, "")
            if shown in self.views or self.named(stmt.expr) is None:
                self.views.add(target)
        self.shape[target] = self.resolve(stmt.shape if stmt.shape is not None else stmt.expr.shape)

    def _shown(self, stmt: Stmt) -> str | None:
        """The name of the array that a value is, or looks into; None for one of its own, "" for what is not ours.

        What looks into a value without a name may look into one that was broadcast, which is not written to.
        """
        if stmt.kind != "=":
            return None
        node, name = stmt.expr, self.named(stmt.expr)
        while node.op.view and name is None:
            node = node.args[0]
            name = self.named(node)
        return name if name is not None or (node.args and node is stmt.expr) else ""

    def is_free(self, stmt: Stmt, at: int, last: dict[str, int], returned: Collection[str]) -> bool:
        """Whether the target is a whole array of ours, and no other name of it is read from here on.

        What is computed of one and then added may still read it.
        """
        target = stmt.target
        root = self.of.get(target, "")
        whole = stmt.full if stmt.kind == "sum" else stmt.expr.shape
        if not root or target in self.views or whole is None or self.shape[target] != self.resolve(whole):
            return False
        others = [name for name, own in self.of.items() if own == root and name != target]
        computed = stmt.kind == "sum" and self.named(stmt.expr) is None and not stmt.expr.op.view
        return all(last.get(name, -1) < at + computed and name not in returned for name in others)


def _last_reads(groups: Iterable[Group], named: Named) -> dict[str, int]:
    """Which statement, by its place, reads each name last; what adds to a name reads it."""
    found: dict[str, int] = {}
    for at, stmt in enumerate(stmt for group in groups for stmt in group.stmts):
        todo = [stmt.expr, *(item for item in stmt.index if isinstance(item, Node))]
        found.update({name: at for name in (str(item) for item in stmt.index) if name in found})
        if stmt.kind not in ("=", "zeros", "copy", "full", "seed"):
            found[stmt.target] = at
        while todo:
            node = todo.pop()
            name = named(node)
            if name is None:
                todo += node.args
            else:
                found[name] = at
    return found


__all__ = ["into_dead_arrays"]
