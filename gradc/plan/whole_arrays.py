"""The steps of a tensor program in the fast style: which of them are lines, what they write into, and their names.

Numbers made of numbers, views and conditions stand inside the line that reads them; a value is written over one that
nobody reads any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from gradc.graph.dag import Node, Shape, reachable
from gradc.ops import array, contractions, scalar
from gradc.optimize import Joint
from gradc.optimize.array_steps import Whole
from gradc.plan.gates import WIDEST, view_width
from gradc.plan.names import Namer, compose, constant_word
from gradc.plan.reuse import Reuse
from gradc.rewrite.simplify import number

# An expression of numbers is written inside the line that uses it up to this many operations.
LONGEST_INLINE = 6


# Views and conditions are written inside each other up to this depth.
DEEPEST = 12


class Arranged:
    """Steps over whole arrays: which are lines, in which order, into which array, under which name."""

    def __init__(self, joint: Joint, steps: Whole, df: str, taken: Sequence[str]) -> None:
        self.joint, self.steps, self.df = joint, steps, df
        self.dag, self.dims = joint.dag, steps.dims
        self.inputs = {steps.made[node]: name for name, node in self.dag.inputs.items()}
        self.seeds = [steps.made[seed] for seed in joint.seeds]
        self.roots = [*steps.outputs, *(node for node in steps.gradients.values() if node is not None)]
        self.nodes = reachable(self.roots)
        self.sized = any(node.op is scalar.size for node in self.nodes)
        self.uses = dict.fromkeys(self.nodes, 0)
        for node in self.nodes:
            for arg in node.args:
                self.uses[arg] += 1
        for root in self.roots:
            self.uses[root] += 1
        self.feeding = {arg for node in self.nodes if not node.shape for arg in node.args}
        self.inline = self._inlined()
        self.named = [
            node
            for node in self.nodes
            if node not in self.inline and node not in self.inputs and node not in self.seeds
        ]
        reads = {node: self._reads(node) for node in self.named}
        self.guarded = {*steps.guards, *steps.finite}
        self.reuse = Reuse(reads, self.inline, [*self.inputs, *self.seeds], self.dims)
        self.buffers, self.onto = self.reuse.buffers, self.reuse.onto
        self.passed: set[Node] = set()
        self.names: dict[Node, str] = {}
        own = [*self.dag.inputs, *(name for given in self.dag.names.values() for name in given)]
        self.own = frozenset(own)
        self.namer = Namer([*own, *taken])

    # ---- which steps are lines -----------------------------------------------------------------

    def _inlined(self) -> set[Node]:
        """Numbers made of numbers, views, conditions and what is added into place: written where they are used once."""
        roots = set(self.roots)
        found: set[Node] = set()
        size: dict[Node, int] = {}
        depth: dict[Node, int] = {}
        width: dict[Node, int] = {}
        for node in self.nodes:
            if node.op.view:
                inner = {arg: width[arg] for arg in node.args if arg in found and arg in width}
                width[node] = view_width(node, inner)
            depth[node] = 1 + max((depth[arg] for arg in node.args if arg in found), default=0)
            if not node.args:
                if node.op in (scalar.const, scalar.size, array.eye):
                    found.add(node)
                continue
            once = self.uses[node] == 1 and node not in roots
            if not node.shape and not node.op.boolean and not any(arg.shape for arg in node.args):
                size[node] = 1 + sum(size.get(arg, 0) for arg in node.args if arg in found)
                if once and size[node] <= LONGEST_INLINE and by_python(node):
                    found.add(node)
            elif not node.shape or node in roots or depth[node] > DEEPEST or (node.op.view and width[node] > WIDEST):
                continue
            elif node.op is array.transpose or (once and (node.op.view or node.op.boolean or node.op is array.scatter)):
                found.add(node)
        readers: dict[Node, Node] = {}
        for node in self.nodes:
            for arg in node.args:
                readers[arg] = node
        for node in self.nodes:
            if node.op is array.scatter and node in found:
                reader = readers[node]
                if reader.op not in (scalar.add, scalar.sub) or not self._same(node.shape, reader.shape):
                    found.discard(node)  # only a sum of the same shape adds into place
                elif node.args[0].op is scalar.neg and self.uses[node.args[0]] == 1:
                    found.add(node.args[0])
        return found

    def _reads(self, node: Node) -> list[Node]:
        """The named values and inputs that a line reads, through what is written inside it."""
        found: list[Node] = []
        stack = list(node.args)
        while stack:
            arg = stack.pop()
            if arg in self.inline:
                stack += arg.args
            elif arg not in found:
                found.append(arg)
        return found

    def _same(self, x: Shape, y: Shape) -> bool:
        return self.dims.resolve(x) == self.dims.resolve(y)

    def ordered(self) -> list[Node]:
        """The lines in their order; a product that the next line alone reads is written inside it, and gone with it."""
        order = self.reuse.order(self.roots, self._reads)
        taken_over = set(self.onto.values())
        for node, reader in pairwise(order):
            if node not in taken_over and self._is_passed_on(node, reader):
                self.passed.add(node)
                self.inline.add(node)
        return [node for node in order if node not in self.passed]

    def _is_passed_on(self, node: Node, reader: Node) -> bool:
        """Whether a line is read by the next one alone, which needs no array of its own for it."""
        if node.op not in contractions.PRODUCTS or self.uses[node] > 1 or node in self.roots or not node.shape:
            return False
        fits = not reader.shape or (self.reuse.grown(reader) is not None and reader.op in (scalar.add, scalar.sub))
        return fits and node not in self.onto and node in reader.args and self.passed.isdisjoint(node.args)

    # ---- names ---------------------------------------------------------------------------------

    def _stems(self) -> dict[Node, str]:
        """What values are called: outputs and gradients, the user's names, d + those for their adjoints."""
        made, joint = self.steps.made, self.joint
        found: dict[Node, str] = {}
        for node, (of, minus) in joint.adjoints.items():
            stem = joint.stems.get(of)
            if node in made and stem is not None and not minus:
                found.setdefault(made[node], "d" + stem)
        for node, stem in joint.stems.items():
            if node in made:
                found[made[node]] = stem
        for node, (of, minus) in joint.tangents.items():
            stem = joint.stems.get(of)
            if node in made and stem is not None and not minus:
                found.setdefault(made[node], stem + "_dot")
        for name, slope in self.steps.gradients.items():
            if slope is not None:
                found.setdefault(slope, self._slope_stem(name))
        for (name, _), node in zip(self.dag.outputs, self.steps.outputs, strict=True):
            found[node] = name
        return found

    def _slope_stem(self, name: str) -> str:
        """What the gradient by an input is called."""
        return "d" + name

    def _name(self, order: Sequence[Node]) -> None:
        """A name for every line; a buffer keeps its name until a value comes into it that has its own."""
        stems = self._stems()
        given = {name for names in self.dag.names.values() for name in names}
        taken: set[str] = set()

        def fresh(stem: str) -> str:
            if stem in given and stem not in taken and stem not in self.dag.inputs:
                taken.add(stem)
                return stem
            return self.namer.fresh(stem)

        self.names.update(self.inputs)
        for i, seed in enumerate(self.seeds):
            self.names[seed] = self.df if len(self.seeds) == 1 else f"{self.df}[{i}]"
        for node in order:
            if node in stems:
                self.names[node] = fresh(stems[node])
            elif (grown := self.reuse.grown(node)) is not None:
                self.names[node] = self.names[grown]
            else:
                later = [value for value in self.buffers[node].values if value in stems]
                if later and later[0] in stems and (later[0] not in self.roots or self._grows(node, later[0])):
                    self.names[node] = fresh(stems.pop(later[0]))  # it is on the way to that
                else:
                    self.names[node] = self.namer.fresh(self._composed(node))

    def _grows(self, node: Node, total: Node) -> bool:
        """Whether terms that are added one after the other make one value the other."""
        while total is not node and total.op in (scalar.add, scalar.sub) and self.reuse.grown(total) is not None:
            total = self.onto[total]
        return total is node

    def _composed(self, node: Node) -> str:
        def part(arg: Node) -> str:
            if arg in self.names and self.names[arg].isidentifier():
                return self.names[arg]
            return constant_word(number(arg)) if arg.op is scalar.const else ""

        return compose(node, part)


def by_python(node: Node) -> bool:
    """Whether a gate of numbers is written by Python's operators and `math`."""
    form = node.op.code.get("math") if node.args else None
    return not node.args or (node.op.elementwise and form is not None and not form.helpers)


__all__ = ["Arranged", "by_python"]
