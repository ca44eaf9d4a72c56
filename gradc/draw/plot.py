"""Series of counts into a plot on a logarithmic scale, as SVG text.

>>> picture = plot("growth", "n", [Series("staged", ((1, 10, True), (2, 20, True)))])
>>> picture.startswith("<svg") and picture.endswith("</svg>\\n")
True
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from gradc.base.files import DRAWN

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 110, 40, 48
# Colours that are told apart by those who see few, too (Okabe and Ito).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
# A scale of more decades is marked at every few.
DECADES = 10
# A count beyond this is drawn at the edge.
LARGEST = 40.0
# Names are so far apart, from line to line.
APART = 15.0


@dataclass(frozen=True, slots=True)
class Series:
    """A line: points (x, count, whether it was built) in the order of x."""

    name: str
    points: tuple[tuple[int, int, bool], ...]


def plot(title: str, axis: str, series: Sequence[Series]) -> str:
    """The plot. What was built is a dot, what was counted a ring, and the line to it dashed."""
    known = [point for each in series for point in each.points if point[1] > 0]
    xs = [x for x, _, _ in known] or [1]
    tops = [_height(count) for _, count, _ in known] or [1.0]
    scale = _Scale(min(xs), max(max(xs), min(xs) + 1), max(math.ceil(max(tops)), 1))
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f"<desc>{DRAWN}; a dot was built, a ring was counted</desc>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" font-size="14" fill="#222222">{escape(title)}</text>',
        *_grid(scale, sorted(set(xs)), axis),
    ]
    colours = _cycle(len(series))
    for each, colour in zip(series, colours, strict=True):
        body += _line(each, colour, scale)
    body += _names(series, colours, scale)
    right, bottom = WIDTH - RIGHT, HEIGHT - 10
    body.append(f'<text x="{right}" y="{bottom}" text-anchor="end" fill="#444444">● built   ○ counted</text>')
    return "\n".join([*body, "</svg>"]) + "\n"


def logarithm(count: int) -> float:
    """The logarithm of a count to base 10, even if no float holds the count.

    >>> logarithm(1000), logarithm(10**1000)
    (3.0, 1000.0)
    """
    beyond = max(count.bit_length() - 1000, 0)
    return math.log10(count >> beyond) + beyond * math.log10(2)


def _height(count: int) -> float:
    return min(logarithm(count), LARGEST)


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where numbers are on the paper."""

    first: int
    last: int
    decades: int

    def x(self, value: float) -> float:
        return LEFT + (value - self.first) / (self.last - self.first) * (WIDTH - LEFT - RIGHT)

    def y(self, decades: float) -> float:
        return HEIGHT - BOTTOM - decades / self.decades * (HEIGHT - TOP - BOTTOM)


def _grid(scale: _Scale, xs: Sequence[int], axis: str) -> Iterator[str]:
    """Lines and numbers of both axes."""
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    for decade in range(0, scale.decades + 1, max(1, round(scale.decades / DECADES))):
        y = scale.y(decade)
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#dddddd"/>'
        label = str(10**decade) if decade < 4 else f'10<tspan dy="-5" font-size="9">{decade}</tspan>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#444444">{label}</text>'
    last = -math.inf
    for x in xs:
        if scale.x(x) - last >= 24:
            last = scale.x(x)
            yield f'<text x="{last:.1f}" y="{bottom + 18}" text-anchor="middle" fill="#444444">{x}</text>'
    middle = f'x="{(LEFT + right) / 2:.1f}" y="{bottom + 38}"'
    yield f'<text {middle} text-anchor="middle" fill="#444444">{escape(axis)}</text>'
    yield f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="#444444"/>'


def _line(series: Series, colour: str, scale: _Scale) -> Iterator[str]:
    """A series: its line, its dots and rings."""
    places = [(scale.x(x), scale.y(_height(count)), built) for x, count, built in series.points if count > 0]
    for (x1, y1, _), (x2, y2, built) in itertools.pairwise(places):
        dashes = "" if built else ' stroke-dasharray="5 4"'
        ends_at = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
        yield f'<line {ends_at} stroke="{colour}" stroke-width="2"{dashes}/>'
    for x, y, built in places:
        fill = colour if built else "#ffffff"
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{fill}" stroke="{colour}" stroke-width="1.5"/>'


def _names(series: Sequence[Series], colours: Sequence[str], scale: _Scale) -> Iterator[str]:
    """The names at the ends of the lines, from the top, no two on each other."""
    ends = [(scale.y(_height(each.points[-1][1])), k) for k, each in enumerate(series) if each.points]
    lowest = -math.inf
    for y, k in sorted(ends):
        lowest = max(y, lowest + APART)
        name = escape(series[k].name)
        yield f'<text x="{WIDTH - RIGHT + 10}" y="{lowest + 4:.1f}" fill="{colours[k]}">{name}</text>'


def _cycle(count: int) -> list[str]:
    return [COLOURS[k % len(COLOURS)] for k in range(count)]


def bars(title: str, counts: Mapping[str, int]) -> str:
    """Counts as bars on a logarithmic scale, each with its name and number.

    >>> bars("operations", {"staged": 25, "expanded": 1418}).count("<rect")
    3
    """
    height, row, left, room = TOP + 30 * len(counts) + 10, 30, 150, WIDTH - 150 - RIGHT
    most = max([logarithm(1 + count) for count in counts.values()] or [1.0])
    body = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
            'font-family="sans-serif" font-size="13">'
        ),
        f"<title>{escape(title)}</title>",
        f"<desc>{DRAWN}; lengths are logarithms</desc>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="24" font-size="14" fill="#222222">{escape(title)}</text>',
    ]
    for k, (name, count) in enumerate(counts.items()):
        y, long = TOP + row * k, room * logarithm(1 + count) / most
        colour = COLOURS[2] if k == 0 else COLOURS[0]
        body.append(f'<text x="{left - 10}" y="{y + 16}" text-anchor="end" fill="#444444">{escape(name)}</text>')
        body.append(f'<rect x="{left}" y="{y + 3}" width="{long:.1f}" height="18" rx="2" fill="{colour}"/>')
        body.append(f'<text x="{left + long + 8:.1f}" y="{y + 16}" fill="#222222">{count:,}</text>')
    return "\n".join([*body, "</svg>"]) + "\n"
