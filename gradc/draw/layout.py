"""A circuit into coordinates: where each gate, name, value, wire and branch stands on the paper.

Heights come first: each layer's are the least-squares fit to those of its neighbours that keeps order and distance, and
long wires are pulled straight. Widths follow from the texts. Sums are exact (`fsum`), so that every machine and version
of Python draws the same picture.

The invariant behind "nothing on top of anything": a layer is a strip that wires cross as level lines only, each at a
height and a distance of its own from all that stands there; wires curve only between strips, where nothing stands.

>>> from gradc.draw.circuit import Wire
>>> x, twice = Gate(0, "x", "input"), Gate(1, "+", "gate", ordered=False)
>>> drawing = lay_out(Circuit((x, twice), (Wire(0, 1, 0), Wire(0, 1, 1))))
>>> [(spot.label, spot.shape, spot.y) for spot in drawing.spots], drawing.crossings
([('x', 'text', 34.0), ('+', 'circle', 34.0)], 0)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise, repeat
from math import fsum, inf, sqrt
from typing import Literal

from gradc.draw.circuit import Circuit, Gate
from gradc.draw.layers import Grid, Segment, arrange, places
from gradc.draw.text import clip, width

RADIUS = 18.0
"""Of a circle; a label that doesn't fit makes it a rounded box of the same height."""
SIGN, WORD, VALUE, NAME = 20.0, 13.0, 12.0, 11.0
"""Font sizes: of a sign and of a word in a gate, of the values on the wires, of the names below the gates."""
LONGEST = 18
"""Characters of a label, a name or a value; what is longer ends in an ellipsis."""

_MARGIN = 16.0  # around the picture
_APART = 10.0  # between neighbours in a layer
_NEAR = 7.0  # between two wires that pass through a layer together
_BEND_TALL = 3.0  # the room above and below such a wire
_PORT_STEP, _PORT_PAIR = 11.0, 16.0  # between the wires that enter one gate; between two
_TEXT_TALL = 9.0  # above and below the middle of a bare label
_NAME_ROOM = 15.0  # below a gate
_TEXT_GAP = 4.0  # between a bare label and its wire
_VALUE_ROOM = 8.0  # on a wire, on either side of its value
_STUB = 10.0  # the level beginning of a wire that bears no value
_GAP, _SLOPE, _WIDEST = 26.0, 0.18, 120.0  # between layers: the least, what each unit of a wire's rise adds, the most
_ROUNDS = 16  # of fitting the heights, and of straightening
_STRAIGHT = (1.0, 3.0, 9.0)  # what a level wire is worth: between two gates, a gate and a bend, two bends
_BRANCH = 0.5  # what a branch is worth, to the gate that it enters and to the trunk that it leaves
_LEAN = 4  # how many times more a gate's inputs count than its users, so that it stands midway between them
_SNAP = 6.0  # a wire that would rise less than this is made level, where there is room
_EVEN = 0.05  # a difference that can't be seen
_LOOSE = 0.01  # what it is worth to a cell without wires to stay where it is

Shape = Literal["circle", "box", "text"]
Point = tuple[float, float]
Row = tuple[list[int], list[float]]
"""A layer and the least distances between its cells: of each from the one above it."""
Room = tuple[float, float]
Pull = tuple[int, float, float]
"""A cell that draws another to its own height, plus an offset, with a strength."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a gate stands: its centre, half its width and height, and where the middle of its wire's value is."""

    gate: Gate
    label: str
    name: str
    shape: Shape
    x: float
    y: float
    half: float
    tall: float
    value_x: float


@dataclass(frozen=True, slots=True)
class Net:
    """The wires that leave one gate, in pieces, and the dots where they branch.

    A piece that isn't level is a curve that leaves and arrives level: its control points are halfway across.
    """

    pieces: tuple[tuple[Point, Point], ...]
    dots: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A circuit with all its coordinates; `nets[i]` leaves `spots[i]`."""

    width: float
    height: float
    spots: tuple[Spot, ...]
    nets: tuple[Net, ...]
    crossings: int


@dataclass(frozen=True, slots=True)
class _Size:
    """What a cell takes: half its shape's width and height, and the room on the sides and below, with its name."""

    shape: Shape | None
    label: str
    name: str
    half: float
    tall: float
    side: float
    down: float


def lay_out(circuit: Circuit) -> Drawing:
    """All the coordinates of a circuit's picture."""
    grid = arrange(circuit)
    sizes = [_size(gate, len(into)) for gate, into in zip(grid.gates, grid.into, strict=True)]
    ports = _ports(grid)
    heights = _fit_heights(grid, sizes, ports)
    return _place(grid, sizes, ports, heights)


def font_size(label: str) -> float:
    """The size in which a label is set inside its gate: signs large, words small."""
    return SIGN if len(label) == 1 and not label.isalnum() else WORD


def _size(gate: Gate | None, inputs: int) -> _Size:
    if gate is None:
        return _Size(None, "", "", 0.0, _BEND_TALL, 0.0, _BEND_TALL)
    label = clip(gate.label, LONGEST)
    if gate.kind != "gate":
        half = width(label, WORD) / 2
        tall = _TEXT_TALL if gate.value is None and gate.gradient is None else RADIUS
        return _Size("text", label, "", half, tall, half + _TEXT_GAP / 2, tall)
    name = clip(gate.name, LONGEST)
    text = width(label, font_size(label)) / 2
    tall = max(RADIUS, inputs * _PORT_STEP / 2)
    fits = text <= RADIUS - 2 and tall == RADIUS
    half = RADIUS if fits else max(RADIUS, text + 8)
    down = tall + _NAME_ROOM if name else tall
    return _Size("circle" if fits else "box", label, name, half, tall, max(half, width(name, NAME) / 2), down)


def _ports(grid: Grid) -> dict[Segment, float]:
    """How far from its target's middle each segment arrives: in the order of the arguments, or else of the sources."""
    place = places(grid.layers)
    ports = {}
    for into in grid.into:
        step = _PORT_PAIR if len(into) == 2 else _PORT_STEP
        for at, segment in enumerate(sorted(into, key=lambda s: (s.rank, place[s.source], s.slot))):
            ports[segment] = (at - (len(into) - 1) / 2) * step
    return ports


# Heights


def _fit_heights(grid: Grid, sizes: list[_Size], ports: dict[Segment, float]) -> list[float]:
    """The height of each cell's middle, from the top margin down."""
    steps = [[0.0, *(_step(sizes[a], sizes[b]) for a, b in pairwise(layer))] for layer in grid.layers]
    rows = list(zip(grid.layers, steps, strict=True))
    heights = [0.0] * len(sizes)
    for layer, apart in rows:
        for cell, at in zip(layer, accumulate(apart), strict=True):
            heights[cell] = at - fsum(apart) / 2
    back: list[list[Pull]] = [[(s.source, -ports[s], _stiffness(grid, s)) for s in into] for into in grid.into]
    ahead: list[list[Pull]] = [[(s.target, ports[s], _stiffness(grid, s)) for s in outof] for outof in grid.outof]
    both = [_LEAN * before + after for before, after in zip(back, ahead, strict=True)]
    for _ in range(_ROUNDS):
        for pulls, order in ((back, rows), (ahead, rows[::-1]), (both, rows), (both, rows[::-1])):
            for layer, apart in order:
                _fit_layer(layer, apart, pulls, heights)
    _straighten(_runs(grid), rows, both, heights)
    top = min((heights[cell] - size.tall for cell, size in enumerate(sizes)))
    return [height - top + _MARGIN for height in heights]


def _step(upper: _Size, lower: _Size) -> float:
    """The least distance between the middles of two neighbours in a layer."""
    return upper.down + lower.tall + (_NEAR if upper.shape is lower.shape is None else _APART)


def _stiffness(grid: Grid, segment: Segment) -> float:
    """The strength with which a segment's ends pull each other; a branch pulls no more than a short wire does."""
    if grid.gates[segment.target] is not None and len(grid.outof[segment.source]) > 1:
        return _BRANCH
    return _STRAIGHT[(grid.gates[segment.source] is None) + (grid.gates[segment.target] is None)]


def _fit_layer(layer: list[int], steps: list[float], pulls: list[list[Pull]], heights: list[float]) -> None:
    """Moves a layer's cells as near to where they are pulled as order and distance allow, by isotonic regression."""
    blocks: list[tuple[float, float, int]] = []  # cells that touch: the sum of their pulls, its weight, how many
    shifts = list(accumulate(steps))
    for cell, shift in zip(layer, shifts, strict=True):
        near = pulls[cell] or [(cell, 0.0, _LOOSE)]
        total = fsum(strength * (heights[other] + offset - shift) for other, offset, strength in near)
        weight, count = fsum(strength for *_, strength in near), 1
        while blocks and blocks[-1][0] * weight > total * blocks[-1][1]:  # the block above would be pushed into
            above = blocks.pop()
            total, weight, count = total + above[0], weight + above[1], count + above[2]
        blocks.append((total, weight, count))
    means = chain.from_iterable(repeat(total / weight, count) for total, weight, count in blocks)
    for cell, shift, mean in zip(layer, shifts, means, strict=True):
        heights[cell] = mean + shift


def _runs(grid: Grid) -> list[list[int]]:
    """The cells in runs that ought to be level: a gate with its trunk, and gates of which each only feeds the next."""
    following = {}
    for cell, outof in enumerate(grid.outof):
        for segment in outof:
            if grid.gates[segment.target] is None or len(outof) == 1 == len(grid.into[segment.target]):
                following[cell] = segment.target
    inner = set(following.values())
    runs = []
    for cell in range(len(grid.gates)):
        if cell not in inner:
            run = [cell]
            while run[-1] in following:
                run.append(following[run[-1]])
            runs.append(run)
    return runs


def _straighten(runs: list[list[int]], rows: list[Row], pulls: list[list[Pull]], heights: list[float]) -> None:
    """Levels each run, or the longest parts of it for which their neighbours leave room; then what is all but level."""
    above: dict[int, tuple[int, float]] = {}
    below: dict[int, tuple[int, float]] = {}
    for layer, steps in rows:
        for (upper, lower), step in zip(pairwise(layer), steps[1:], strict=True):
            below[upper], above[lower] = (lower, step), (upper, step)

    def room(cell: int) -> Room:
        low = heights[above[cell][0]] + above[cell][1] if cell in above else -inf
        return low, heights[below[cell][0]] - below[cell][1] if cell in below else inf

    for goal in (*repeat(_mean, _ROUNDS), _level, _level):
        for part, (low, high) in chain.from_iterable(_parts(run, room) for run in runs):
            members = set(part)
            outer = [(heights[c] + shift, pull) for cell in part for c, shift, pull in pulls[cell] if c not in members]
            height = goal(outer, heights[part[0]], low, high)
            for cell in part:
                heights[cell] = min(max(height, low), high)


def _mean(outer: list[tuple[float, float]], here: float, low: float, high: float) -> float:
    """The mean of what pulls a part of a run, or the pull so near to it that its wire would be all but level."""
    if not outer:
        return here
    mean = fsum(strength * height for height, strength in outer) / fsum(strength for _, strength in outer)
    nearest = min((height for height, _ in outer), key=lambda height: abs(height - mean))
    return nearest if abs(nearest - mean) < _SNAP else mean


def _level(outer: list[tuple[float, float]], here: float, low: float, high: float) -> float:
    """Where, near by, most of a part's wires are level."""
    options = [here, *(height for height, _ in outer if abs(height - here) < _SNAP and low <= height <= high)]
    return max(options, key=lambda option: sum(abs(height - option) < _EVEN for height, _ in outer))


def _parts(run: list[int], room: Callable[[int], Room]) -> Iterator[tuple[list[int], Room]]:
    """A run in the longest parts that have room on one level, with that room."""
    part: list[int] = []
    low, high = -inf, inf
    for cell in run:
        lowest, highest = room(cell)
        if part and max(low, lowest) > min(high, highest):
            yield part, (low, high)
            part, low, high = [], -inf, inf
        part.append(cell)
        low, high = max(low, lowest), min(high, highest)
    yield part, (low, high)


# Widths


def _place(grid: Grid, sizes: list[_Size], ports: dict[Segment, float], heights: list[float]) -> Drawing:
    """The picture: strips for the layers, then the gates in them, then the wires between those."""
    strips = _strips(grid, sizes, ports, heights)
    strip_of = {cell: strip for layer, strip in zip(grid.layers, strips, strict=True) for cell in layer}
    spots = {
        cell: _spot(gate, sizes[cell], strip_of[cell], heights[cell])
        for cell, gate in enumerate(grid.gates)
        if gate is not None
    }
    nets = [_net(grid, cell, spots, strip_of, ports, heights) for cell in spots]
    bottom = max((height + size.down for height, size in zip(heights, sizes, strict=True)))
    right = strips[-1].right + _MARGIN
    return Drawing(right, bottom + _MARGIN, tuple(spots.values()), tuple(nets), grid.crossings)


@dataclass(frozen=True, slots=True)
class _Strip:
    """A layer on the paper: shapes stand from `left` to `middle`, the values on their wires from there to `right`."""

    left: float
    middle: float
    right: float


def _strips(grid: Grid, sizes: list[_Size], ports: dict[Segment, float], heights: list[float]) -> list[_Strip]:
    strips = []
    left = _MARGIN
    for layer in grid.layers:
        middle = left + 2 * max((sizes[cell].side for cell in layer), default=0.0)
        right = middle + max((_wire_room(grid, cell) for cell in layer), default=0.0)
        strips.append(_Strip(left, middle, right))
        segments = chain.from_iterable(grid.outof[cell] for cell in layer)
        rise = max((abs(heights[s.source] - heights[s.target] - ports[s]) for s in segments), default=0.0)
        left = right + min(_GAP + _SLOPE * rise, _WIDEST)
    return strips


def _wire_room(grid: Grid, cell: int) -> float:
    """The length of the level wire that leaves a gate, with its value above and its gradient below."""
    gate = grid.gates[cell]
    if gate is None:
        return 0.0
    texts = [clip(text, LONGEST) for text in (gate.value, gate.gradient) if text is not None]
    if texts:
        return max(width(text, VALUE) for text in texts) + 2 * _VALUE_ROOM
    return _STUB if grid.outof[cell] or gate.kind == "gate" else 0.0


def _spot(gate: Gate, size: _Size, strip: _Strip, height: float) -> Spot:
    """Inputs and constants end where the values begin, outputs begin at the left, gates stand between."""
    if gate.kind == "gate":
        x = (strip.left + strip.middle) / 2
    else:
        x = strip.left + _TEXT_GAP + size.half if gate.kind == "output" else strip.middle - _TEXT_GAP - size.half
    value_x = (x + size.half + (0.0 if gate.kind == "gate" else _TEXT_GAP) + strip.right) / 2
    return Spot(gate, size.label, size.name, size.shape or "text", x, height, size.half, size.tall, value_x)


def _net(
    grid: Grid,
    source: int,
    spots: dict[int, Spot],
    strip_of: dict[int, _Strip],
    ports: dict[Segment, float],
    heights: list[float],
) -> Net:
    """The wires of one gate: along the trunk first, then its branches from left to right."""
    trunk: list[tuple[Point, Point]] = []
    branches: list[tuple[Point, Point]] = []
    dots: list[Point] = []
    cell: int | None = source
    start = spots[source].x + spots[source].half + (_TEXT_GAP if spots[source].shape == "text" else 0.0)
    while cell is not None:
        y, right = heights[cell], strip_of[cell].right
        if _wire_room(grid, cell) or grid.gates[cell] is None:
            trunk.append(((start, y), (right, y)))
        if len(grid.outof[cell]) > 1:
            dots.append((right, y))
        following = None
        for segment in grid.outof[cell]:
            start, arrival = strip_of[segment.target].left, heights[segment.target] + ports[segment]
            if segment.target in spots:
                edge = _edge(spots[segment.target], ports[segment])
                branches += [((right, y), (start, arrival)), ((start, arrival), (edge, arrival))]
            else:
                trunk.append(((right, y), (start, arrival)))
                following = segment.target
        cell = following
    return Net(tuple(trunk + branches), tuple(dots))


def _edge(spot: Spot, port: float) -> float:
    """Where a wire that arrives at this height meets the shape."""
    left = spot.x - spot.half
    match spot.shape:
        case "circle":
            return left + RADIUS - sqrt(RADIUS**2 - port**2)
        case "box":
            return left
        case "text":
            return left - _TEXT_GAP
