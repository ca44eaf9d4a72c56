"""What is drawn: gates and the wires between them, checked once, so that no writer meets a circuit that isn't one.

Nothing here knows a program: a circuit is plain text on gates, and whoever builds it says what the text is.

>>> x, y = Gate(0, "x", "input", value="3.0", gradient="-4.0"), Gate(1, "y", "input", value="-4.0", gradient="3.0")
>>> xy = Gate(2, "*", "gate", "xy", "-12.0", "1.0", title="xy = x*y", ordered=False)
>>> product = Circuit((x, y, xy), (Wire(0, 2, 0), Wire(1, 2, 1)), "x*y")
>>> [product.gates[wire.source].label for wire in product.wires]
['x', 'y']
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["input", "constant", "gate", "output"]

MOST_GATES = 150
"""Above this many gates no layout reads well, and a picture that can't be read is refused rather than drawn."""


class TooManyGates(ValueError):
    """A circuit that is too large for a picture; the message says what to do instead."""


@dataclass(frozen=True, slots=True)
class Wire:
    """The result of gate `source`, going into gate `target` as its argument number `slot`, from 0."""

    source: int
    target: int
    slot: int


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: `value` and `gradient` stand on the wire that leaves it, `name` below it; `title` says more when asked.

    An input and a constant are drawn as their bare label, at the left and beside their user; an output is a bare label
    at the right end of the wire that it takes. A gate that is not `ordered` (a sum, a product) takes its wires in
    whichever order crosses fewest; any other takes its first argument at the top.
    """

    id: int
    label: str
    kind: Kind
    name: str = ""
    value: str | None = None
    gradient: str | None = None
    title: str = ""
    ordered: bool = True


@dataclass(frozen=True, slots=True)
class Circuit:
    """Gates, the wires between them, and what the whole is called."""

    gates: tuple[Gate, ...]
    wires: tuple[Wire, ...]
    title: str = ""
    most: int = MOST_GATES

    def __post_init__(self) -> None:
        kinds = {gate.id: gate.kind for gate in self.gates}
        if not kinds or min(kinds) < 0:
            raise ValueError("a circuit has at least one gate, and ids from 0 up")
        if len(kinds) < len(self.gates):
            twice = next(id for id, count in Counter(gate.id for gate in self.gates).items() if count > 1)
            raise ValueError(f"two gates have the id {twice}")
        for gate in self.gates:
            if gate.kind == "output" and (gate.value is not None or gate.gradient is not None):
                raise ValueError(f"the output {gate.id} has no wire for a value; it stands on the gate that feeds it")
        taken = set()
        for wire in self.wires:
            if (wire.target, wire.slot) in taken:
                raise ValueError(f"{wire} enters where another wire does")
            taken.add((wire.target, wire.slot))
            if wire.source not in kinds or wire.target not in kinds:
                raise ValueError(f"{wire} joins a gate that is not in the circuit")
            if kinds[wire.source] == "output" or kinds[wire.target] in ("input", "constant"):
                raise ValueError(f"{wire} leaves an output, or enters an input or a constant")
        flow(self)


def flow(circuit: Circuit) -> list[Gate]:
    """The gates in an order in which every wire goes forward; what waits for nothing comes first.

    >>> late = Circuit((Gate(7, "exp", "gate"), Gate(3, "x", "input")), (Wire(3, 7, 0),))
    >>> [gate.label for gate in flow(late)]
    ['x', 'exp']
    """
    gates = {gate.id: gate for gate in circuit.gates}
    users: dict[int, list[int]] = {gate.id: [] for gate in circuit.gates}
    waiting = dict.fromkeys(users, 0)
    for wire in circuit.wires:
        users[wire.source].append(wire.target)
        waiting[wire.target] += 1
    order = [id for id in users if not waiting[id]]
    for id in order:  # grows while it is read
        for user in users[id]:
            waiting[user] -= 1
            if not waiting[user]:
                order.append(user)
    if len(order) < len(gates):
        raise ValueError(f"the wires run in a circle through gate {next(id for id in users if waiting[id])}")
    return [gates[id] for id in order]


def branched(circuit: Circuit, label: Callable[[Gate], str]) -> tuple[dict[int, str], list[tuple[str, str, str]]]:
    """Where a wire with a label has not one user, a point behind its gate: those points' labels, then all wires.

    A wire is the names of its ends, `g1` of a gate and `j1` of a point, and the label that is not on its point.

    >>> gates = Gate(0, "x", "input", value="3"), Gate(1, "exp", "gate"), Gate(2, "sin", "gate")
    >>> branched(Circuit(gates, (Wire(0, 1, 0), Wire(0, 2, 0))), lambda gate: gate.value or "")
    ({0: '3'}, [('j0', 'g1', ''), ('j0', 'g2', '')])
    """
    labels = {gate.id: label(gate) for gate in circuit.gates}
    users = Counter(wire.source for wire in circuit.wires)
    joints = {id: text for id, text in labels.items() if text and users[id] != 1}
    wires = []
    for wire in sorted(circuit.wires, key=lambda wire: (wire.target, wire.slot)):
        joined = wire.source in joints
        end, text = ("j", "") if joined else ("g", labels[wire.source])
        wires.append((f"{end}{wire.source}", f"g{wire.target}", text))
    return joints, wires


def small_enough(circuit: Circuit) -> Circuit:
    """The circuit, if it can be read as a picture; what isn't a gate is counted by itself.

    >>> small_enough(Circuit(tuple(Gate(i, "+", "gate") for i in range(151)), ()))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    gradc.draw.circuit.TooManyGates: 151 gates are too many for a picture that reads well (at most 150); draw a part...
    """
    gates = sum(gate.kind == "gate" for gate in circuit.gates)
    rest = len(circuit.gates) - gates
    if gates <= circuit.most and rest <= circuit.most:
        return circuit
    what, count = ("gates", gates) if gates > circuit.most else ("inputs, constants and outputs", rest)
    raise TooManyGates(
        f"{count} {what} are too many for a picture that reads well (at most {circuit.most}); draw a part of the "
        f"program, allow more (--max-gates {count}), or write DOT (--format dot) and lay it out with Graphviz"
    )
