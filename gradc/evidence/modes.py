"""What each mode costs, and which is chosen: `gradc report --modes`.

Value, reverse mode, forward mode for one input and for all (each alone, or shared in one graph), Jacobian and Hessian:
how many sweeps over the program, operations, and values that are kept for a later one. It tells the truth: shared
forward sweeps beat reverse mode on small and on sparse programs.

>>> from gradc.language import parse
>>> found = modes_of(parse("x*y + sin(x)"), ["x", "y"])
>>> [(row.name, row.operations) for row in found.rows][:3]
[('value', 3), ('reverse', 5), ('forward, one input', 6)]
>>> found.chosen
'forward, shared'
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gradc.base.errors import GradcError
from gradc.base.tables import Table, Tabled
from gradc.derive.reverse import gradients
from gradc.draw.plot import Series, plot
from gradc.emit.calls import by_elements
from gradc.emit.lines import cost_of, lines_of
from gradc.evidence.growing import composed, member
from gradc.evidence.sweep import UPTO, sizes_up_to
from gradc.graph.dag import Dag, reachable
from gradc.language import parse
from gradc.optimize import Joint, optimize
from gradc.optimize.second import Blocks, hessian, jacobian, product
from gradc.rewrite.simplify import Builder, rebuild

VALUE, REVERSE, ONE, ALONE, SHARED = "value", "reverse", "forward, one input", "forward, each alone", "forward, shared"
JACOBIAN, HESSIAN, PRODUCT = "jacobian", "hessian", "hvp"


@dataclass(frozen=True, slots=True)
class ModeRow:
    """A mode: sweeps over the program, operations with the value's, and values kept from one sweep for another."""

    name: str
    gives: str
    sweeps: int
    operations: int
    kept: int

    def to_dict(self) -> dict[str, Any]:
        return {key: getattr(self, key) for key in self.__slots__}


@dataclass(frozen=True, slots=True, repr=False)
class Modes(Tabled):
    """The rows, and which of them is the cheapest way to the gradient (or the Jacobian)."""

    program: str
    inputs: int
    outputs: int
    nonzeros: tuple[int, int]
    rows: tuple[ModeRow, ...]
    chosen: str

    def row(self, name: str) -> ModeRow:
        """A mode's row."""
        return next(row for row in self.rows if row.name == name)

    def _table(self) -> Table:
        return Table(_HEADER, [self._cells(row) for row in self.rows], _ALIGN, self.notes())

    def notes(self) -> list[str]:
        """What is chosen, and how sparse the matrices are."""
        first, second = self.nonzeros
        what = "the gradient" if self.outputs == 1 else "the Jacobian"
        said = [f"Cheapest for {what}: {self.chosen}."]
        said.append(f"Not zero by structure: {first} of {self.outputs * self.inputs} first derivatives")
        triangle = self.inputs * (self.inputs + 1) // 2
        said[-1] += f", {second} of {triangle} second ones." if self.outputs == 1 else "."
        return said

    def _cells(self, row: ModeRow) -> list[Any]:
        value = max(self.row(VALUE).operations, 1)
        return [row.name, row.gives, row.sweeps, row.operations, f"{row.operations / value:.2f}", row.kept]

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "program": self.program,
            "inputs": self.inputs,
            "outputs": self.outputs,
            "nonzeros": list(self.nonzeros),
            "rows": [row.to_dict() for row in self.rows],
            "chosen": self.chosen,
        }


_HEADER = ["mode", "gives", "sweeps", "operations", "times the value", "kept"]
_ALIGN = "llrrrr"


def modes_of(dag: Dag, wrt: Sequence[str], literal: bool = False) -> Modes:
    """Count the modes of a program of numbers; GradcError for one of whole arrays."""
    found = by_elements(dag, 2)
    if found is None:
        raise GradcError(
            "the modes are counted for programs of numbers, or of single elements of arrays, without SciPy's functions",
            dag.text,
            hint="write out a small one, x: [3] with x[0], x[1], x[2]",
        )
    numbers, elements = found
    own = {each.name: [leaf for _, leaf in each.read] for each in elements}
    leaves = [leaf for name in dag.inputs if name in wrt for leaf in own.get(name, [name])]
    one = len(numbers.outputs) == 1
    value = _cost(optimize(numbers, (), literal=literal))
    outputs = len(numbers.outputs)
    rows = [ModeRow(VALUE, "f", 1, value, 0)]
    kept = max(_kept(numbers._replace(outputs=(each,)), leaves) for each in numbers.outputs)
    rows_first = _cost(jacobian(numbers, leaves, literal=literal, way="rows").joint)
    rows.append(ModeRow(REVERSE, "gradient" if one else "all rows", 1 + outputs, rows_first, kept))
    single = [product(numbers, [leaf], literal=literal) for leaf in leaves]
    costs = [_cost(each.joint) for each in single]
    rows.append(ModeRow(ONE, "one column", 1, max(costs, default=value), 0))
    rows.append(ModeRow(ALONE, "all columns", len(leaves), sum(costs), 0))
    columns = jacobian(numbers, leaves, literal=literal, way="columns")
    rows.append(ModeRow(SHARED, "all columns", 1, _cost(columns.joint), 0))
    first = jacobian(numbers, leaves, literal=literal)
    rows.append(ModeRow(JACOBIAN, "the non-zeros", 1, _cost(first.joint), 0))
    second = 0
    if one:
        rows.append(
            ModeRow(
                PRODUCT, "Hessian times v", 2, _cost(product(numbers, leaves, literal=literal, second=True).joint), kept
            )
        )
        both: Blocks = hessian(numbers, leaves, literal=literal)
        second = len(both.blocks)
        rows.append(ModeRow(HESSIAN, "the non-zeros", 2, _cost(both.joint), kept))
    ways = {row.name: row.operations for row in rows if row.name in (REVERSE, SHARED)}
    chosen = min((SHARED, REVERSE), key=lambda name: ways[name])  # at a tie what keeps nothing
    return Modes(dag.text, len(leaves), outputs, (len(first.blocks), second), tuple(rows), chosen)


def _cost(joint: Joint) -> int:
    """Operations of the text that a graph is printed as."""
    plan = lines_of(joint.nodes, joint.roots, joint.places())
    return cost_of(plan)


def _kept(dag: Dag, leaves: Sequence[str]) -> int:
    """How many values of the forward pass the backward pass reads, inputs among them."""
    build = Builder(dag.dims)
    program = rebuild(dag, build, lambda build, old, args: build.intern(old.op, args, old.attr))
    ahead = set(reachable(program.roots))
    slopes = [slope for slope in gradients(program, build, leaves).values() if slope is not None]
    behind = [node for node in reachable(slopes) if node not in ahead]
    read = {arg for node in behind for arg in node.args} | set(slopes)
    return sum(1 for node in read if node in ahead and (node.args or node in program.inputs.values()))


# ---- families ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, repr=False)
class ModesSweep(Tabled):
    """The modes of the members of a family, and where forward and reverse mode cross over."""

    family: str
    sizes: tuple[int, ...]
    members: tuple[Modes, ...]
    seconds: float

    def csv(self) -> str:
        """A line for each mode of each member."""
        lines = ["size,mode,sweeps,operations,kept"]
        for size, each in zip(self.sizes, self.members, strict=True):
            lines += [f'{size},"{row.name}",{row.sweeps},{row.operations},{row.kept}' for row in each.rows]
        return "\n".join(lines) + "\n"

    def svg(self) -> str:
        """The operations of each mode on a logarithmic scale."""
        series = []
        for name in self._names():
            known = [(size, row) for size, each in zip(self.sizes, self.members, strict=True) for row in each.rows]
            points = tuple((size, row.operations, True) for size, row in known if row.name == name)
            series.append(Series(name, points))
        return plot(f"operations of each mode: {self.family}", "size", series)

    def notes(self) -> list[str]:
        """Where the cheaper way to the gradient changes."""
        chosen = [each.chosen for each in self.members]
        changes = [at for at in range(1, len(chosen)) if chosen[at] != chosen[at - 1]]
        if not changes:
            return [f"Cheapest for the first derivatives: {chosen[0]}, at every size."]
        said = [f"{chosen[0]} up to {self.sizes[changes[0] - 1]}"]
        said += [f"{chosen[at]} from {self.sizes[at]}" for at in changes]
        return [f"Cheapest for the first derivatives: {', '.join(said)}."]

    def _names(self) -> list[str]:
        return list(dict.fromkeys(row.name for each in self.members for row in each.rows))

    def _table(self) -> Table:
        rows: list[list[Any]] = []
        for size, each in zip(self.sizes, self.members, strict=True):
            known = {row.name: row.operations for row in each.rows}
            rows.append([size, *(known.get(name, "") for name in self._names()), each.chosen])
        return Table([self.family, *self._names(), "chosen"], rows, "rrrrrrrrrl", self.notes())

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        members = [{"size": n, **each.to_dict()} for n, each in zip(self.sizes, self.members, strict=True)]
        return {"family": self.family, "members": members, "notes": self.notes(), "seconds": self.seconds}

    def _repr_svg_(self) -> str:
        return self.svg()


def sweep_modes(family: Any, upto: int = UPTO, progress: Callable[[int, int], None] | None = None) -> ModesSweep:
    """The modes over a family of growing programs, by its name, or of a compiled program composed with itself."""
    if upto < 1:
        raise GradcError(f"a sweep goes up to 1 or more, not {upto}")
    began, sizes, members = time.monotonic(), sizes_up_to(upto), list[Modes]()
    for size in sizes:
        if isinstance(family, str):
            dag = parse(member(family, size))
            members.append(modes_of(dag, tuple(dag.inputs)))
        else:
            members.append(modes_of(composed(family.dag, size), family.wrt, family.literal))
        if progress is not None:
            progress(len(members), len(sizes))
    name = family if isinstance(family, str) else f"composed {family.program.strip().splitlines()[-1]}"
    return ModesSweep(name, sizes, tuple(members), time.monotonic() - began)


__all__ = ["Modes", "ModesSweep", "modes_of", "sweep_modes"]
