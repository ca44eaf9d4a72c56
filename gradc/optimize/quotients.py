"""Products with quotients of arrays, in the fewest passes over the most elements.

x*(1/y) is x/y; x*(a/y) is x/y times a where there is x/y anyway; and of a scale and two factors the smaller is scaled.

>>> from gradc.rewrite.simplify import Builder
>>> build = Builder()
>>> x, y, a = build.input("x", ("n", "d")), build.input("y", ("n", 1)), build.input("a", ("n", 1))
>>> def make(op, args, attr=None):
...     return build.intern(op, args, attr)
>>> known, slope = make(scalar.div, (x, y)), make(scalar.mul, (x, make(scalar.div, (a, y))))
>>> divided([known, slope], build, make)[slope]
%6 = mul(%3, %2)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from gradc.graph.dag import Node, Shape, reachable
from gradc.ops import scalar
from gradc.optimize.constructors import moderate
from gradc.rewrite.simplify import Args, Builder, is_const, number


def divided(roots: Sequence[Node], build: Builder, make: Callable[..., Node]) -> dict[Node, Node]:
    """What each node below the roots becomes."""
    return _Products(roots, build, make).new


class _Products:
    """One walk from the leaves up; what others read, too, stays as it is."""

    def __init__(self, roots: Sequence[Node], build: Builder, make: Callable[..., Node]) -> None:
        nodes = reachable(roots)
        self.dims, self.make = build.dims, make
        self.uses = Counter(arg for node in nodes for arg in node.args) + Counter(roots)
        self.quotients = {node.args: node for node in nodes if node.op is scalar.div and node.shape}
        self.new: dict[Node, Node] = {}
        for node in nodes:
            args = tuple([self.new[arg] for arg in node.args])
            self.new[node] = self._product(node) or build.graph.node(node.op, args, node.attr, node.shape)

    def _product(self, node: Node) -> Node | None:
        if node.op is not scalar.mul:
            return None
        ways = (node.args, node.args[::-1])
        return next((found for way in ways if (found := self._by_quotient(*way) or self._scaled(*way))), None)

    def _by_quotient(self, x: Node, quotient: Node) -> Node | None:
        if quotient.op is scalar.div and self.uses[quotient] == 1 and is_const(quotient.args[0], 1):
            return self.make(scalar.div, (self.new[x], self.new[quotient.args[1]]))
        factors = self._beside(x, quotient)
        return None if factors is None else self.make(scalar.mul, factors)

    def _beside(self, x: Node, quotient: Node) -> Args | None:
        """x/y and a for x and a/y, where there is x/y; for a/y/z a/z."""
        divisors: list[Node] = []
        while quotient.op is scalar.div and self.uses[quotient] == 1:
            quotient, y = quotient.args
            known = self.new.get(self.quotients[x, y]) if (x, y) in self.quotients else None
            if known is not None:
                rest = self.new[quotient]
                for z in reversed(divisors):
                    rest = self.make(scalar.div, (rest, self.new[z]))
                return known, rest
            divisors.append(y)
        return None

    def _scaled(self, scale: Node, inner: Node) -> Node | None:
        """s*(x*a) as x*(s*a), where a has fewer elements than their product."""
        product = self.new[inner]
        if scale.shape or inner.op is not scalar.mul or self.uses[inner] > 1 or product.op is not scalar.mul:
            return None
        small, large = product.args if self._same(product.args[1].shape, inner.shape) else product.args[::-1]
        if not small.shape or self._same(small.shape, inner.shape) or not is_moderate(scale):
            return None
        return self.make(scalar.mul, (large, self.make(scalar.mul, (self.new[scale], small))))

    def _same(self, x: Shape, y: Shape) -> bool:
        return bool(self.dims.resolve(x) == self.dims.resolve(y))


def is_moderate(node: Node) -> bool:
    """Whether a number is made of sizes and of constants far from the ends of the range of floats."""
    return all(
        moderate(number(leaf)) if leaf.op is scalar.const else leaf.op is scalar.size
        for leaf in reachable([node])
        if not leaf.args
    )


__all__ = ["divided", "is_moderate"]
