"""Pictures of circuits: nothing stands on anything, few wires cross, and no name breaks out of its text."""

import itertools
import math
import os
import random
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass, replace
from typing import Any

import pytest

from gradc.draw import Circuit, Gate, TooManyGates, Wire, dot, mermaid, png, svg
from gradc.draw.layout import lay_out

SVG = "{http://www.w3.org/2000/svg}"
DIGIT = 0.64  # of the font size: as wide as a digit gets in the sans-serif fonts that systems come with
ASCENT, DESCENT = 0.76, 0.22  # of the font size
STEPS = 24  # straight pieces that stand for a curve
FREE_ORDER = ("+", "*", "max")
HOSTILE = (
    '"];click g0 call x()', "<script>alert(1)</script>", "</text></svg>", "a\nb\r\nc", "'\"&<>", "&lt;b&gt;", "]]>",
    "<!--", "`**bold**`", "1. list", "- list", "+", "*", "end", "#35;", "a;b%%c", "\\N \\G \\", "",
    "\x00\x07\u202e\ud800\uffff", "x" * 5000, "变量", "é\u0301" * 40,
)  # fmt: skip


# Circuits


class Board:
    """A circuit in the making: each call adds a gate and returns its id."""

    def __init__(self) -> None:
        self.gates: list[Gate] = []
        self.wires: list[Wire] = []

    def __call__(self, label: str, *sources: int, **fields: Any) -> int:
        id = len(self.gates)
        fields = {"kind": "gate", "ordered": label not in FREE_ORDER, **fields}
        self.gates.append(Gate(id, label, **fields))
        self.wires += [Wire(source, id, slot) for slot, source in enumerate(sources)]
        return id

    def circuit(self, title: str = "") -> Circuit:
        return Circuit(tuple(self.gates), tuple(self.wires), title)


def notes_example() -> Circuit:
    """(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2) at x=3, y=-4, as the notes stage it."""
    x, y = 3.0, -4.0
    sigy, sigx, xpy = 1 / (1 + math.exp(-y)), 1 / (1 + math.exp(-x)), x + y
    num, den = x + sigy, sigx + xpy**2
    dnum, dden = 1 / den, -num / den**2
    dxpy = 2 * xpy * dden
    dx, dy = dxpy + (1 - sigx) * sigx * dden + dnum, dxpy + (1 - sigy) * sigy * dnum
    board = Board()

    def add(label: str, *sources: int, at: tuple[float, float], **fields: Any) -> int:
        return board(label, *sources, value=f"{at[0]:.4g}", gradient=f"{at[1]:.4g}", **fields)

    x_, y_ = add("x", kind="input", at=(x, dx)), add("y", kind="input", at=(y, dy))
    sigy_ = add("sigmoid", y_, name="sigy", at=(sigy, dnum))
    num_ = add("+", x_, sigy_, name="num", at=(num, dnum))
    sigx_ = add("sigmoid", x_, name="sigx", at=(sigx, dden))
    xpy_ = add("+", x_, y_, name="xpy", at=(xpy, dxpy))
    xpysqr_ = add("**2", xpy_, name="xpysqr", at=(xpy**2, dden))
    den_ = add("+", sigx_, xpysqr_, name="den", at=(den, dden))
    invden_ = add("1/x", den_, name="invden", at=(1 / den, num))
    f_ = add("*", num_, invden_, name="f", at=(num / den, 1.0))
    board("f", f_, kind="output")
    return board.circuit("(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)")


def doubled_sum() -> Circuit:
    """2*(x*y + max(z, w)) at (3, -4, 2, -1)."""
    board = Board()
    at = {"x": ("3.0", "-8.0"), "y": ("-4.0", "6.0"), "z": ("2.0", "2.0"), "w": ("-1.0", "0.0")}
    x, y, z, w = (board(name, kind="input", value=v, gradient=d) for name, (v, d) in at.items())
    product = board("*", x, y, value="-12.0", gradient="2.0")
    larger = board("max", z, w, value="2.0", gradient="2.0")
    total = board("+", product, larger, value="-10.0", gradient="2.0")
    board("*", board("2", kind="constant"), total, value="-20.0", gradient="1.0")
    return board.circuit("2*(x*y + max(z, w))")


def logistic_map(times: int) -> Circuit:
    """x = r*x*(1 - x), again and again."""
    board = Board()
    r, x = (board(name, kind="input", value="0.731", gradient="-2.5") for name in "rx")
    one = board("1", kind="constant")
    for _ in range(times):
        rest = board("-", one, x, name="omx", value="0.731", gradient="-2.5")
        x = board("*", r, board("*", x, rest, value="0.731", gradient="-2.5"), value="0.731", gradient="-2.5")
    return board.circuit("logistic")


def random_program(gates: int, seed: int, reach: int = 8) -> Circuit:
    """A program in which a gate uses what is at most `reach` gates old, and mostly what nothing has used yet."""
    chance, board = random.Random(seed), Board()
    texts = {"value": "-12.34", "gradient": "0.00567"}
    fresh = [board(name, kind="input", **texts) for name in ("x", "y", "weights", "b1")]
    for _ in range(gates):
        label = chance.choice(("exp", "sigmoid", "log_softmax", "+", "*", "-", "/", "max", "where"))
        count = 1 if label in ("exp", "sigmoid", "log_softmax") else 3 if label == "where" else 2
        old = range(max(0, len(board.gates) - reach), len(board.gates))
        sources = [chance.choice(fresh if fresh and chance.random() < 0.6 else old) for _ in range(count)]
        fresh = [id for id in fresh if id not in sources]
        fresh.append(board(label, *sources, name=chance.choice(("", "q", "a_longer_name")), **texts))
    return board.circuit(f"random {seed}")


def odd_shapes() -> Circuit:
    """Long texts, many arguments, one value in many arguments, several outputs, an unused input, a lone constant."""
    board = Board()
    x = board("a_very_long_input_name_indeed", kind="input", value="array (100, 200) of float64", gradient="1.0")
    y, z = board("y", kind="input", value="3.0"), board("z", kind="input", gradient="3.0")
    board("unused", kind="input", value="1.0", gradient="0.0")
    board("7.25", kind="constant")
    many = board("concatenate", x, y, z, x, y, z, x, name="with_a_long_name_below", value="1.0", gradient="2.0")
    square = board("*", many, many, value="-123456.789", gradient="-2.0")
    for name, source in (("f", square), ("a_longer_output", many), ("g", x)):
        board(name, source, kind="output")
    return board.circuit("odd")


def bare(circuit: Circuit) -> Circuit:
    """The circuit without values, as it is drawn when no point is given."""
    return replace(circuit, gates=tuple(replace(gate, value=None, gradient=None) for gate in circuit.gates))


CIRCUITS = {
    "notes": notes_example(),
    "notes without values": bare(notes_example()),
    "doubled sum": doubled_sum(),
    "logistic": logistic_map(13),
    "odd": odd_shapes(),
    "lone input": Circuit((Gate(0, "x", "input"),), ()),
    **{f"random {gates}.{seed}": random_program(gates, seed) for gates in (8, 40) for seed in range(4)},
    "wide random": random_program(40, 5, reach=44),
    "large": random_program(150, 1),
}


# What an SVG shows, read from the SVG alone


@dataclass(frozen=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def holds(self, other: "Box") -> bool:
        across = self.left <= other.left and other.right <= self.right
        return across and self.top <= other.top and other.bottom <= self.bottom

    def has(self, point: tuple[float, float]) -> bool:
        return self.left < point[0] < self.right and self.top < point[1] < self.bottom


@dataclass(frozen=True)
class Picture:
    paper: Box
    texts: list[tuple[str, str, Box]]
    shapes: list[Box]
    nets: list[list[list[tuple[float, float]]]]


def read_picture(text: str) -> Picture:
    root = ET.fromstring(text)
    texts = [(text.get("class", ""), text.text or "", text_box(text)) for text in root.iter(f"{SVG}text")]
    shapes = [shape_box(shape) for shape in root.iter() if shape.get("class") == "gate"]
    nets = [trace_path(element.get("d", "")) for element in root.iter(f"{SVG}path")]
    return Picture(Box(*map(float, root.get("viewBox", "").split())), texts, shapes, nets)


def text_box(element: ET.Element) -> Box:
    x, y, size = (float(element.get(name, "")) for name in ("x", "y", "font-size"))
    width = DIGIT * size * len(element.text or "")
    left = {"input": x - width, "output": x}.get(element.get("class", ""), x - width / 2)
    return Box(left, y - ASCENT * size, left + width, y + DESCENT * size)


def shape_box(element: ET.Element) -> Box:
    """The box around a gate."""
    if element.tag == f"{SVG}circle":
        x, y, radius = (float(element.get(name, "")) for name in ("cx", "cy", "r"))
        return Box(x - radius, y - radius, x + radius, y + radius)
    x, y, width, height = (float(element.get(name, "")) for name in ("x", "y", "width", "height"))
    return Box(x, y, x + width, y + height)


def trace_path(path: str) -> list[list[tuple[float, float]]]:
    """A path of M, H and C as polylines."""
    lines: list[list[tuple[float, float]]] = []
    for command, numbers in re.findall(r"([MHC])([^MHC]*)", path):
        values = [float(number) for number in numbers.split()]
        if command == "M":
            lines.append([(values[0], values[1])])
            continue
        start = lines[-1][-1]
        ends = [*values, start[1]] if command == "H" else values
        points = [start, *zip(ends[::2], ends[1::2], strict=True)]
        lines[-1] += [bezier(points, step / STEPS) for step in range(1, STEPS + 1)]
    return lines


def bezier(points: list[tuple[float, float]], at: float) -> tuple[float, float]:
    while len(points) > 1:
        points = [(a[0] + at * (b[0] - a[0]), a[1] + at * (b[1] - a[1])) for a, b in itertools.pairwise(points)]
    return points[0]


def crossings(picture: Picture) -> int:
    """The pairs of pieces of wires of different gates that cross."""
    pieces = [
        (net, start, end)
        for net, lines in enumerate(picture.nets)
        for line in lines
        for start, end in itertools.pairwise(line)
    ]
    return sum(
        a[0] != b[0] and cross(a[1], a[2], b[1], b[2])
        for a, b in itertools.combinations(pieces, 2)
        if a[1][0] < b[2][0] and b[1][0] < a[2][0]
    )


def cross(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float], d: tuple[float, float]) -> bool:
    def side(p: tuple[float, float], q: tuple[float, float], r: tuple[float, float]) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) <= 0


@pytest.fixture(scope="module", params=CIRCUITS)
def drawn(request: pytest.FixtureRequest) -> tuple[Circuit, Picture]:
    circuit = CIRCUITS[request.param]
    return circuit, read_picture(svg(circuit))


# Nothing stands on anything


def test_labels_keep_off_each_other(drawn: tuple[Circuit, Picture]) -> None:
    texts = drawn[1].texts
    assert [(a, b) for a, b in itertools.combinations(texts, 2) if a[2].meets(b[2])] == []


def test_gates_keep_off_each_other(drawn: tuple[Circuit, Picture]) -> None:
    shapes = drawn[1].shapes
    assert [(a, b) for a, b in itertools.combinations(shapes, 2) if a.meets(b)] == []


def test_labels_are_inside_their_gates_and_everything_else_outside(drawn: tuple[Circuit, Picture]) -> None:
    circuit, picture = drawn
    labels = [box for role, _, box in picture.texts if role == "label"]
    others = [text for text in picture.texts if text[0] != "label"]
    assert len(labels) == len(picture.shapes) == sum(gate.kind == "gate" for gate in circuit.gates)
    assert [pair for pair in zip(picture.shapes, labels, strict=True) if not pair[0].holds(pair[1])] == []
    assert [(text, shape) for text in others for shape in picture.shapes if text[2].meets(shape)] == []


def test_wires_keep_off_labels_and_gates(drawn: tuple[Circuit, Picture]) -> None:
    boxes = [box for *_, box in drawn[1].texts]
    inset = 18 * (1 - math.sqrt(1 / 2))  # from the square around a circle to the one inside of it
    squares = [Box(s.left + inset, s.top + inset, s.right - inset, s.bottom - inset) for s in drawn[1].shapes]
    points = [point for net in drawn[1].nets for line in net for point in line]
    assert [(point, box) for point in points for box in (*boxes, *squares) if box.has(point)] == []


def test_all_is_on_the_paper(drawn: tuple[Circuit, Picture]) -> None:
    picture = drawn[1]
    assert [text for text in picture.texts if not picture.paper.holds(text[2])] == []
    assert [shape for shape in picture.shapes if not picture.paper.holds(shape)] == []


def test_values_stand_above_their_wire_and_gradients_below() -> None:
    picture = read_picture(svg(Circuit((Gate(0, "x", "input", value="3.0", gradient="-4.0"),), ())))
    (((_, wire), _),) = ((line[0], line[-1]) for net in picture.nets for line in net)
    middle = {role: (box.top + box.bottom) / 2 for role, _, box in picture.texts}
    assert middle["value"] < wire < middle["gradient"]


def test_inputs_stand_at_the_left_in_the_order_of_the_program() -> None:
    inputs = [(text, box) for role, text, box in read_picture(svg(doubled_sum())).texts if role == "input"][:4]
    assert [text for text, _ in inputs] == ["x", "y", "z", "w"]
    assert len({box.right for _, box in inputs}) == 1
    assert [box.top for _, box in inputs] == sorted(box.top for _, box in inputs)


def test_the_doubled_sum_shows_the_gradients_of_the_notes() -> None:
    shown = [text for role, text, _ in read_picture(svg(doubled_sum())).texts if role == "gradient"]
    assert shown[:4] == ["-8.0", "6.0", "2.0", "0.0"]


# Few wires cross


@pytest.mark.parametrize(
    ("circuit", "most"),
    [(notes_example(), 1), (doubled_sum(), 0), (logistic_map(13), 0), (random_program(40, 0), 12)],
    ids=["notes", "doubled sum", "logistic", "random"],
)
def test_crossings_are_few_and_counted_right(circuit: Circuit, most: int) -> None:
    counted = lay_out(circuit).crossings
    assert counted <= most
    assert crossings(read_picture(svg(circuit))) == counted


def test_arguments_arrive_in_their_order_from_the_top() -> None:
    board = Board()
    x, y, z = (board(name, kind="input") for name in "xyz")
    board("where", z, x, y)
    x_arrives, y_arrives, z_arrives = (net[-1][-1][1] for net in read_picture(svg(board.circuit())).nets[:3])
    assert z_arrives < x_arrives < y_arrives


# The same circuit, the same text


def test_pictures_do_not_depend_on_the_hash_seed() -> None:
    program = (
        "from tests.test_draw import *; import hashlib\n"
        "texts = [write(circuit) for circuit in CIRCUITS.values() for write in (svg, dot, mermaid)]\n"
        "print(hashlib.sha256(''.join(texts).encode()).hexdigest())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(runs) == 1


# No name breaks out


def hostile() -> Circuit:
    board = Board()
    for text in HOSTILE:
        source = board(text, kind="input", value=text, gradient=text, title=text)
        board("out", board(text, source, source, name=text, value=text, title=text), kind="output")
    return board.circuit(HOSTILE[0] + HOSTILE[1])


def test_hostile_names_leave_the_svg_well_formed() -> None:
    root = ET.fromstring(svg(hostile()).encode())
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {
        "svg", "title", "desc", "style", "rect", "circle", "g", "path", "text",
    }  # fmt: skip
    assert {name for element in root.iter() for name in element.attrib} == {
        "class", "role", "viewBox", "width", "height", "rx", "d", "cx", "cy", "r", "x", "y", "font-size",
    }  # fmt: skip
    labels = [element.text for element in root.iter(f"{SVG}text") if element.get("class") == "input"]
    assert '"];click g0 call …' in labels
    assert "a b c" in labels
    assert "\ufffd\ufffd\ufffd\ufffd\ufffd" in labels


def test_an_svg_names_itself_and_says_what_it_shows() -> None:
    root = ET.fromstring(svg(doubled_sum()))
    assert root.get("role") == "img"
    assert [child.tag.removeprefix(SVG) for child in root][:2] == ["title", "desc"]
    assert root[0].text == "2*(x*y + max(z, w))"
    assert root[1].text == (
        "A circuit of 4 gates from left to right; values are green, above the wires, and gradients red, below them. "
        "Inputs: x = 3.0 (gradient -8.0), y = -4.0 (gradient 6.0), z = 2.0 (gradient 2.0), w = -1.0 (gradient 0.0)."
    )


DOT_LINE = re.compile(
    r"""  (?: (?:graph|node|edge) | [gj]\d+ (?: [ ]->[ ] [gj]\d+ )? )
        (?: [ ] \[ (?: \w+=(?: \w+ | [\d.]+ | "(?:[^"\\]|\\["\\])*" | <(?:[^<>]|<[^<>]*>)*> ) (?:,[ ])? )+ \] )? ;""",
    re.VERBOSE,
)
MERMAID_LINE = re.compile(
    r"""  (?: [gj]\d+ (?: \["T"\]:::bare | \(\("T"\)\) )
        | [gj]\d+[ ] (?: --[ ]"T"[ ] )? --[>-] [ ][gj]\d+
        | classDef[ ]bare[ ]fill:none,stroke:none )""".replace("T", r"(?:[^\W]|[ ∇.\-]|\#\d+;|<br/>)+"),
    re.VERBOSE,
)


def test_hostile_names_stay_inside_their_strings_in_dot() -> None:
    first, *lines, last = dot(hostile()).splitlines()
    assert (first, last) == ("digraph {", "}")
    assert [line for line in lines if not DOT_LINE.fullmatch(line.strip())] == []


def test_hostile_names_stay_inside_their_strings_in_mermaid() -> None:
    first, *lines = mermaid(hostile()).splitlines()
    assert first == "flowchart LR"
    assert [line for line in lines if not MERMAID_LINE.fullmatch(line.strip())] == []


def test_mermaid_sees_no_markdown_in_signs() -> None:
    text = mermaid(doubled_sum())
    assert 'g4(("#42;"))' in text
    assert '"-12.0<br/>∇ 2.0"' in text


@pytest.mark.parametrize("write", [dot, mermaid])
def test_every_wire_is_written_once_and_branches_after_its_value(write: Any) -> None:
    text = write(notes_example())
    arrow = "->" if write is dot else "-->"
    assert len(re.findall(rf"^  [gj]\d+ .*{arrow} ?g\d+", text, re.MULTILINE)) == len(notes_example().wires)
    assert sum("0.5121" in line for line in text.splitlines()) == 3  # sigy's and num's gradient, invden's value


# What is refused


def chain(gates: int) -> Circuit:
    names = (Gate(0, "x", "input"), *(Gate(id, "exp", "gate") for id in range(1, gates + 1)))
    return Circuit(names, tuple(Wire(id, id + 1, 0) for id in range(gates)))


def test_150_gates_are_drawn_and_more_are_refused_with_advice() -> None:
    assert svg(chain(150)).count('class="gate"') == 150
    with pytest.raises(
        TooManyGates, match=r"151 gates .* part of the program, .*--max-gates 151.*, or write DOT \(--format dot\)"
    ):
        svg(chain(151))
    assert dot(chain(100_000)).count("->") == mermaid(chain(100_000)).count("-->") == 100_000


@pytest.mark.parametrize(
    ("gates", "wires", "message"),
    [
        ((), (), "at least one gate"),
        ((Gate(0, "x", "input"), Gate(0, "y", "input")), (), "two gates have the id 0"),
        ((Gate(0, "+", "gate"),), (Wire(0, 1, 0),), "not in the circuit"),
        ((Gate(0, "+", "gate"), Gate(1, "+", "gate")), (Wire(0, 1, 0), Wire(1, 0, 0)), "circle through gate 0"),
        ((Gate(0, "x", "input"), Gate(1, "y", "input")), (Wire(0, 1, 0),), "enters an input"),
        ((Gate(0, "x", "input"), Gate(1, "f", "output", value="1"),), (Wire(0, 1, 0),), "no wire for a value"),
        ((Gate(0, "x", "input"), Gate(1, "f", "gate")), (Wire(0, 1, 0), Wire(0, 1, 0)), "another wire does"),
    ],
)  # fmt: skip
def test_what_is_no_circuit_is_refused(gates: tuple[Gate, ...], wires: tuple[Wire, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Circuit(gates, wires)


# PNG


def test_png_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(ImportError, match=r"pip install 'gradc\[png\]'"):
        png(doubled_sum())


def test_png_hands_the_svg_over_at_the_scale_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[dict[str, Any]] = []

    class Renderer:
        @staticmethod
        def svg_to_bytes(**options: Any) -> bytes:
            calls.append(options)
            return b"\x89PNG"

    monkeypatch.setitem(sys.modules, "resvg_py", Renderer)
    assert png(doubled_sum(), scale=3) == b"\x89PNG"
    drawing = lay_out(doubled_sum())
    assert calls == [{"svg_string": svg(doubled_sum()), "width": pytest.approx(3 * drawing.width, abs=1)}]


@pytest.mark.parametrize("scale", [0.0, -1.0, math.inf, math.nan])
def test_png_refuses_a_scale_that_is_none(scale: float) -> None:
    with pytest.raises(ValueError, match="scale"):
        png(doubled_sum(), scale)
