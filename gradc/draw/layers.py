"""A circuit into a grid: cells in layers from left to right, ordered so that few wires cross.

The method is Sugiyama's. (1) A gate's layer is the longest path to it, and gates with slack move to where wires are
shortest. (2) A wire that is longer than a layer gets a bend in each layer that it passes; all wires that leave one gate
share their bends, so that they run as one trunk with branches. (3) Barycentre sweeps and exchanges of neighbours order
the layers; the order with the fewest crossings stays.

>>> from gradc.draw.circuit import Wire
>>> x, sigmoid, times = Gate(0, "x", "input"), Gate(1, "sigmoid", "gate"), Gate(2, "*", "gate", ordered=False)
>>> grid = arrange(Circuit((x, sigmoid, times), (Wire(0, 1, 0), Wire(1, 2, 0), Wire(0, 2, 1))))
>>> [[gate.label if gate else "bend" for gate in map(grid.gates.__getitem__, layer)] for layer in grid.layers]
[['x'], ['sigmoid', 'bend'], ['*']]
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from math import fsum
from random import Random

from gradc.draw.circuit import Circuit, Gate, flow

_STARTS, _EFFORT = 40, 4000  # shuffled orders that are tried, at most; and cells in all of them together
_SWEEPS = 40  # over the order of the layers, at most
_PATIENCE = 6  # sweeps that may bring nothing before the rest are spared


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a wire, from a cell to one in the next layer; `rank` orders it among those that enter the cell."""

    source: int
    target: int
    slot: int
    rank: int


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells are the gates that are drawn, then the bends (`gates[cell]` is None); `into` and `outof` are by cell."""

    gates: list[Gate | None]
    layers: list[list[int]]
    into: list[list[Segment]]
    outof: list[list[Segment]]
    crossings: int


Places = dict[int, int]
"""Where in its layer a cell stands, from 0 at the top."""


def arrange(circuit: Circuit) -> Grid:
    """The cells of a circuit's picture in their layers and order."""
    gates, links = _cells(circuit)
    return _order(_lay_trunks(gates, links, _assign_layers(gates, links)))


def places(layers: list[list[int]]) -> Places:
    """Each cell's place in its layer."""
    return {cell: at for layer in layers for at, cell in enumerate(layer)}


# 1. Layers


def _cells(circuit: Circuit) -> tuple[list[Gate], list[Segment]]:
    """The gates to draw and the wires between their indices; a constant is drawn once for each of its uses."""
    users = {wire.source for wire in circuit.wires}
    by_id = {gate.id: gate for gate in circuit.gates}
    gates = [gate for gate in flow(circuit) if gate.kind != "constant" or gate.id not in users]
    index = {gate.id: cell for cell, gate in enumerate(gates)}
    links = []
    for wire in sorted(circuit.wires, key=lambda wire: (index[wire.target], wire.slot)):
        source = index.get(wire.source, len(gates))
        if source == len(gates):
            gates.append(by_id[wire.source])
        rank = wire.slot if by_id[wire.target].ordered else 0
        links.append(Segment(source, index[wire.target], wire.slot, rank))
    return gates, links


def _assign_layers(gates: list[Gate], links: list[Segment]) -> list[int]:
    """Each cell's layer: inputs in the first, outputs in the last, constants beside their users, the rest between.

    Gates that start early share little of their inputs' trunks, gates that start late all of it; no move of one gate
    leads from the one to the other, so both are tried, and the one with the shorter trunks stays.
    """
    sources: list[list[int]] = [[] for _ in gates]
    users: list[list[int]] = [[] for _ in gates]
    for link in links:
        sources[link.target].append(link.source)
        users[link.source].append(link.target)
    free = [gate.kind == "constant" for gate in gates]  # a constant moves with its user and never has a trunk
    inner = [cell for cell, gate in enumerate(gates) if gate.kind in ("gate", "output")]  # in the order of the flow
    early = [0] * len(gates)
    for cell in inner:
        early[cell] = 1 + max((early[source] for source in sources[cell]), default=-1)
    last = max(early, default=0)
    for cell in inner:
        early[cell] = last if gates[cell].kind == "output" else early[cell]
    movable = [cell for cell in reversed(inner) if gates[cell].kind == "gate" and users[cell]]
    late = list(early)
    for cell in movable:
        late[cell] = min(late[user] for user in users[cell]) - 1
    for layer in (early, late):
        while sum(_move(cell, layer, sources, users, free) for cell in movable):  # trunks shrink, so this ends
            pass
    paid = [cell for cell in range(len(gates)) if not free[cell]]
    layer = min(early, late, key=lambda layer: sum(_reach(cell, layer, users) for cell in paid))
    for cell in range(len(gates)):
        if free[cell] and users[cell]:
            layer[cell] = layer[users[cell][0]] - 1
    return layer


def _reach(cell: int, layer: list[int], users: list[list[int]]) -> int:
    """The length of a cell's trunk."""
    return max((layer[user] for user in users[cell]), default=layer[cell]) - layer[cell]


def _move(cell: int, layer: list[int], sources: list[list[int]], users: list[list[int]], free: list[bool]) -> bool:
    """Moves a cell to where the trunks into and out of it are shortest; whether that is another layer."""
    inputs = [source for source in dict.fromkeys(sources[cell]) if not free[source]]
    others = [max((layer[user] for user in users[source] if user != cell), default=0) for source in inputs]
    low = 1 + max((layer[source] for source in sources[cell]), default=-1)
    high = min(layer[user] for user in users[cell]) - 1

    def cost(at: int) -> tuple[int, bool]:
        return sum(max(at, other) for other in others) - at, at != layer[cell]

    before, layer[cell] = layer[cell], min(range(low, high + 1), key=cost)
    return layer[cell] != before


# 2. Trunks


def _lay_trunks(gates: list[Gate], links: list[Segment], layer: list[int]) -> Grid:
    """The grid with its bends: one for each layer that the wires of a gate pass on their way to the farthest user."""
    cells: list[Gate | None] = list(gates)
    layers: list[list[int]] = [[] for _ in range(1 + max(layer, default=0))]
    for cell, at in enumerate(layer):
        layers[at].append(cell)
    segments = []
    trunks = [[cell] for cell in range(len(gates))]
    for link in links:
        trunk, start = trunks[link.source], layer[link.source]
        while start + len(trunk) < layer[link.target]:
            bend = len(cells)
            cells.append(None)
            layers[start + len(trunk)].append(bend)
            segments.append(Segment(trunk[-1], bend, 0, 0))
            trunk.append(bend)
        segments.append(Segment(trunk[layer[link.target] - start - 1], link.target, link.slot, link.rank))
    into: list[list[Segment]] = [[] for _ in cells]
    outof: list[list[Segment]] = [[] for _ in cells]
    for segment in segments:
        into[segment.target].append(segment)
        outof[segment.source].append(segment)
    return Grid(cells, layers, into, outof, 0)


# 3. Order


def _order(grid: Grid) -> Grid:
    """The grid with its layers ordered: from the given order, a walk's or a shuffled one, by what it leads to."""
    best, fewest = grid.layers, -1
    for start in chain((grid.layers, _walk(grid)), _shuffled(grid)):
        layers, crossings = _sweep(grid, start)
        if fewest < 0 or crossings < fewest:
            best, fewest = layers, crossings
        if not fewest:
            break
    return Grid(grid.gates, best, grid.into, grid.outof, fewest)


def _shuffled(grid: Grid) -> Iterator[list[list[int]]]:
    """More starts, the more the smaller the grid is; the same ones each time."""
    chance = Random(0).random
    for _ in range(min(_STARTS, _EFFORT // len(grid.gates))):
        yield [sorted(layer, key=lambda _: chance()) for layer in grid.layers]


def _walk(grid: Grid) -> list[list[int]]:
    """The layers in the order in which a depth-first walk from the ends leaves the cells: that of a tree on paper."""
    rank: dict[int, int] = {}
    stack = [(cell, False) for cell in reversed(range(len(grid.gates))) if not grid.outof[cell]]
    while stack:
        cell, done = stack.pop()
        if done:
            rank.setdefault(cell, len(rank))
        elif cell not in rank:
            stack.append((cell, True))
            stack.extend((segment.source, False) for segment in reversed(grid.into[cell]))
    return [sorted(layer, key=rank.__getitem__) for layer in grid.layers]


def _sweep(grid: Grid, start: list[list[int]]) -> tuple[list[list[int]], int]:
    """The best order that barycentre sweeps, forward and back by turns, find from a start, and its crossings."""
    layers = [list(layer) for layer in start]
    place = places(layers)
    best, fewest, idle = start, _crossings(grid, layers, place), 0
    for turn in range(_SWEEPS):
        if not fewest or idle == _PATIENCE:
            break
        forward = turn % 2 == 0
        for layer in layers if forward else reversed(layers):
            middles = {cell: _barycentre(grid, cell, place, forward) for cell in layer}
            layer.sort(key=middles.__getitem__)
            place.update((cell, at) for at, cell in enumerate(layer))
        _exchange_all(grid, layers, place)
        crossings = _crossings(grid, layers, place)
        idle += 1
        if crossings < fewest:
            best, fewest, idle = [list(layer) for layer in layers], crossings, 0
    return best, fewest


def _barycentre(grid: Grid, cell: int, place: Places, forward: bool) -> float:
    """The mean place of a cell's neighbours on one side; its own, where it has none."""
    if forward:
        near: list[float] = [place[s.source] for s in grid.into[cell]]
    else:  # of two that feed one gate, the one that enters it above comes first
        near = [place[s.target] + s.rank / (1 + len(grid.into[s.target])) for s in grid.outof[cell]]
    return fsum(near) / len(near) if near else place[cell]


def _crossings(grid: Grid, layers: list[list[int]], place: Places) -> int:
    """How many pairs of segments cross: those whose ends are in the opposite order of their beginnings."""
    count = 0
    for layer in layers:
        ends: list[tuple[int, int]] = []  # of the segments that begin above, bottom up
        for cell in layer:
            ours = [(-place[s.target], -s.rank) for s in grid.outof[cell]]
            count += sum(bisect_left(ends, end) for end in ours)
            for end in ours:
                insort(ends, end)
    return count


def _exchange_all(grid: Grid, layers: list[list[int]], place: Places) -> None:
    """Exchanges neighbours as long as that helps, then once where it does no harm, as that may open a way to more."""
    for least in (1, 0, 1):
        while sum(_exchange(grid, layer, place, least) for layer in layers) and least:
            pass


def _exchange(grid: Grid, layer: list[int], place: Places, least: int) -> bool:
    """Exchanges neighbours in a layer where that saves at least so many crossings; whether it did so anywhere."""
    changed = False
    for at in range(len(layer) - 1):
        upper, lower = layer[at], layer[at + 1]
        if _saving(grid, upper, lower, place) >= least:
            layer[at], layer[at + 1] = lower, upper
            place[lower], place[upper] = at, at + 1
            changed = True
    return changed


def _saving(grid: Grid, upper: int, lower: int, place: Places) -> int:
    """How many crossings fewer there are when two neighbours change places."""
    saved = 0
    for ours in grid.into[upper]:
        for theirs in grid.into[lower]:
            here, there = place[ours.source], place[theirs.source]
            saved += (here > there) - (here < there)
    for ours in grid.outof[upper]:
        for theirs in grid.outof[lower]:
            start, end = (place[ours.target], ours.rank), (place[theirs.target], theirs.rank)
            saved += (start > end) - (start < end)
    return saved
