"""Laws over the operator table: what holds for every entry, with no test of its own.

A new operator is one entry; these loops find it. The oracles share no rule with the entries: SymPy's derivative of
the entry's independent formula in 40 digits, and Richardson's extrapolation of difference quotients.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
import sympy

from gradc.derive.forward import tangents
from gradc.derive.reverse import gradients
from gradc.emit.operand import Printer
from gradc.graph.dag import Dag, Node, reachable
from gradc.graph.shapes import Dims, ShapeError
from gradc.language import parse, unparse
from gradc.ops import array, borders, contractions, entries, linalg, lookup, routing, scalar
from gradc.ops.helpers import HELPERS
from gradc.ops.table import Op, bind_statics, op, unregister
from gradc.rewrite.rules import has_form, instantiate
from gradc.rewrite.simplify import Builder, as_number
from tests.support import NUMPY_2, some

VALUE_TOL = 4e-15  # a few ulp: what an elementary function and the constants of its entry may lose
SLOPE_TOL = 1e-13  # a rule of some five roundings, at points of moderate condition
TRANSPOSE_TOL = 1e-12  # two inner products of the same numbers in another order
QUOTIENT_TOL = 2e-8  # Richardson's extrapolation with a step of 1e-3

LEAVES = {scalar.const, scalar.input_, scalar.adjoint, scalar.size, array.eye, array.count}
# What takes integers has laws of its own, in test_gather; a constant array has no arguments.
GATES = [
    entry
    for entry in entries()
    if entry not in (*LEAVES, scalar.stop_gradient) and not entry.lower and entry.params and not entry.whole
]
ELEMENTWISE = [
    entry for entry in GATES if entry.elementwise and entry.domain and not entry.statics and entry.params[0] != "c"
]
DIFFERENTIABLE = [entry for entry in GATES if entry.slopes or entry.vjps]
ARRAY_SHAPES = [(4,), (2, 3), (3, 3), (2, 3, 3), (1,), (1, 3), (0,), (2, 0), (1, 1), (2, 1, 3), ()]
PAIRS = [
    ((), (3,)),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((2, 1), (1, 3)),
    ((1,), (3,)),
    ((0,), (1,)),
    ((2, 0), (0,)),
    ((2, 3), ()),
    ((1, 1), (2, 3)),
    ((), ()),
]


def run(
    nodes: Sequence[Node], names: Mapping[Node, str], values: Mapping[str, Any], dims: Dims, target: str = "numpy"
) -> list[Any]:
    """Evaluate nodes as a module would: printed for the target, with the helpers that they call."""
    printer = Printer(names, target, dims=dims)
    texts = [printer.text(node) for node in nodes]
    return [eval(text, {**helpers(tuple(HELPERS[target].values())), **values}) for text in texts]


@cache
def helpers(texts: tuple[str, ...]) -> dict[str, Any]:
    """What a module with these helpers has in it."""
    space: dict[str, Any] = {"np": np, "math": math}
    for text in texts:
        exec(text, space)
    return space


def draw(entry: Op, shapes: Sequence[tuple[int, ...]], rng: np.random.Generator) -> list[Any]:
    """Arguments inside the entry's domain; square matrices well away from singular ones."""
    boxes = entry.domain or ((-2.0, 2.0),) * len(shapes)
    out = []
    for i, shape in enumerate(shapes):
        low, high = boxes[min(i, len(boxes) - 1)]
        x = rng.uniform(low, high, shape)
        if entry.params[i : i + 1] in (("c",), ("d",)):
            x = x > (low + high) / 2
        if not entry.elementwise and len(shape) > 1 and shape[-1] == shape[-2]:
            x = x + 3.0 * np.eye(shape[-1])
            x = x @ np.swapaxes(x, -1, -2) if "symmetric" in entry.needs else x
        out.append(x)
    return out


# Of the shapes and static parameters that an entry takes so many are tried, unless all are asked for.
MOST = 16


def cases(entry: Op) -> list[tuple[tuple[tuple[int, ...], ...], Any]]:
    """Argument shapes and static parameters that the entry's shape rule takes."""
    count = 3 if entry.variadic else len(entry.params)
    if entry.elementwise:
        shapes: list[Any] = [(s,) for s in ARRAY_SHAPES] if count == 1 else [(*p, *p)[:count] for p in PAIRS]
    else:
        shapes = (
            list(itertools.product(ARRAY_SHAPES, repeat=count)) if count < 3 else [(s,) * count for s in ARRAY_SHAPES]
        )
        shapes += [((4, 4),)] if count == 1 else []  # of four blocks
    attrs = [bind_statics(entry, sample) for sample in entry.test.samples] or [bind_statics(entry, {})]
    out = []
    for given, attr in itertools.product(shapes, attrs):
        if entry in (array.solve, linalg.solve_triangular) and len(given[1]) == len(given[0]) - 1 > 1 and not NUMPY_2:
            continue  # NumPy 1 takes a matrix beside a stack of them for a stack of vectors
        build = Builder()
        try:
            build.make(entry, tuple(build.input(f"x{i}", shape) for i, shape in enumerate(given)), attr)
        except (ShapeError, TypeError):
            continue
        out.append((given, attr))
    return some(out, MOST)


def needs_elements(entry: Op) -> bool:
    """Whether a reduction over nothing has no value (max, mean), so that there is nothing to differentiate."""
    return entry in (array.amax, array.amin, array.mean, contractions.var, contractions.std)


def program_of(entry: Op, shapes: Sequence[tuple[int, ...]], attr: Any) -> tuple[Builder, tuple[Node, ...], Node, Dag]:
    build = Builder()
    args = tuple(build.input(f"x{i}", shape) for i, shape in enumerate(shapes))
    node = build.make(entry, args, attr)
    inputs = {f"x{i}": arg for i, arg in enumerate(args)}
    return build, args, node, Dag("", tuple(build.graph.nodes), inputs, (("f", node),), {}, {}, {}, build.dims, True)


@pytest.mark.parametrize("entry", ELEMENTWISE, ids=lambda e: e.name)
def test_value_and_partials_are_those_of_the_independent_formula(entry: Op, rng: np.random.Generator) -> None:
    symbols = sympy.symbols(entry.params, real=True)
    symbols = symbols if isinstance(symbols, tuple) else (symbols,)
    formula = sympy.sympify(
        entry.test.sympy or entry.signature, {**dict(zip(entry.params, symbols, strict=True)), "abs": sympy.Abs}
    )
    build, args, node, dag = program_of(entry, [()] * len(entry.params), None)
    grads = gradients(dag, build, dag.inputs) if entry.slopes or entry.vjps else {}
    names = {arg: f"x{i}" for i, arg in enumerate(args)}
    seed = {build.graph.node(scalar.adjoint, (), ("seed", 0)): "dout"}
    slopes = {symbol: sympy.diff(formula, symbol) for symbol in symbols if not entry.boolean}
    for _ in range(12):
        point = draw(entry, [()] * len(args), rng)
        values = {f"x{i}": float(x) for i, x in enumerate(point)} | {"dout": 1.0}
        at = {symbol: sympy.Float(float(x), 40) for symbol, x in zip(symbols, point, strict=True)}
        (value,) = run([node], names, values, build.dims)
        assert float(value) == pytest.approx(exact(formula, at), rel=VALUE_TOL, abs=1e-300)
        for i, symbol in enumerate(symbols):
            grad = grads.get(f"x{i}")
            got = run([grad], {**names, **seed}, values, build.dims)[0] if grad is not None else 0.0
            want = exact(slopes[symbol], at) if symbol in slopes else 0.0
            assert float(got) == pytest.approx(want, rel=SLOPE_TOL, abs=1e-14), (entry.name, symbol)


def exact(formula: Any, at: Mapping[Any, Any]) -> float:
    """A formula in 40 digits; a condition as 1 or 0, and the slope of a step as 0."""
    steps = (sympy.floor, sympy.ceiling)
    formula = formula.replace(
        lambda e: isinstance(e, (sympy.Derivative, sympy.Subs)) and e.has(*steps), lambda e: sympy.S.Zero
    )
    value = (
        formula.subs(at).doit()
        if formula.has(sympy.Derivative, sympy.Subs, sympy.Heaviside, sympy.DiracDelta)
        else formula.subs(at)
    )
    if value in (sympy.true, sympy.false):
        return float(bool(value))
    return float(sympy.N(value, 40))


@pytest.mark.parametrize("entry", [e for e in ELEMENTWISE if "math" in e.code], ids=lambda e: e.name)
def test_targets_agree(entry: Op, rng: np.random.Generator) -> None:
    build, args, node, _ = program_of(entry, [()] * len(entry.params), None)
    names = {arg: f"x{i}" for i, arg in enumerate(args)}
    for _ in range(20):
        values = {f"x{i}": float(x) for i, x in enumerate(draw(entry, [()] * len(args), rng))}
        (a,), (b,) = run([node], names, values, build.dims), run([node], names, values, build.dims, "math")
        assert float(a) == pytest.approx(float(b), rel=VALUE_TOL)


# Behind a border the branch has masked the adjoint already: it is passed on as it is, the tangent is not.
BOTH_WAYS = [entry for entry in DIFFERENTIABLE if entry not in borders.PASSES_ON]


@pytest.mark.parametrize("entry", BOTH_WAYS, ids=lambda e: e.name)
def test_reverse_is_the_transpose_of_forward_on_every_shape(entry: Op, rng: np.random.Generator) -> None:
    tried = 0
    for shapes, attr in cases(entry):
        if needs_elements(entry) and 0 in sum(shapes, ()):
            continue
        build, args, node, dag = program_of(entry, shapes, attr)
        names = {arg: f"x{i}" for i, arg in enumerate(args)}
        grads = gradients(dag, build, dag.inputs)
        dots = {arg: build.input(f"x{i}_dot", arg.shape) for i, arg in enumerate(args)}
        names |= {dot: dot.attr for dot in dots.values()}
        (dot_out,) = tangents([node], build, dots)
        names[build.graph.node(scalar.adjoint, (), ("seed", 0))] = "dout"
        values = dict(zip([f"x{i}" for i in range(len(args))], draw(entry, shapes, rng), strict=True))
        directions = {f"x{i}_dot": rng.normal(size=shape) for i, shape in enumerate(shapes)}
        values |= directions | {"dout": rng.normal(size=build.dims.resolve(node.shape))}
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            (pushed,) = run([dot_out], names, values, build.dims)
            pulled = {k: run([g], names, values, build.dims)[0] for k, g in grads.items() if g is not None}
        left = np.sum(values["dout"] * np.broadcast_to(pushed, np.shape(values["dout"])))
        right = sum(np.sum(np.broadcast_to(g, np.shape(values[k])) * directions[f"{k}_dot"]) for k, g in pulled.items())
        scale = np.sum(np.abs(values["dout"] * pushed)) + sum(
            np.sum(np.abs(g * directions[f"{k}_dot"])) for k, g in pulled.items()
        )
        assert abs(left - right) <= TRANSPOSE_TOL * (scale + 1e-300), (entry.name, shapes, attr)
        for k, g in pulled.items():  # in the shape of its argument, or smaller and still to be broadcast
            assert np.broadcast_shapes(np.shape(g), np.shape(values[k])) == np.shape(values[k]), (
                entry.name,
                shapes,
                attr,
            )
        tried += 1
    assert tried, f"no shape fits {entry.name}"


@pytest.mark.parametrize("entry", DIFFERENTIABLE, ids=lambda e: e.name)
def test_tangents_are_difference_quotients(entry: Op, rng: np.random.Generator) -> None:
    for shapes, attr in cases(entry):
        if 0 in sum(shapes, ()):
            continue
        build, args, node, _ = program_of(entry, shapes, attr)
        dots = {arg: build.input(f"x{i}_dot", arg.shape) for i, arg in enumerate(args)}
        names = {arg: f"x{i}" for i, arg in enumerate(args)} | {dot: dot.attr for dot in dots.values()}
        (dot_out,) = tangents([node], build, dots)
        point = dict(zip([f"x{i}" for i in range(len(args))], draw(entry, shapes, rng), strict=True))
        along = {f"x{i}_dot": 0.1 * rng.normal(size=shape) for i, shape in enumerate(shapes)}
        if "symmetric" in entry.needs:
            along = {name: x + np.swapaxes(x, -1, -2) for name, x in along.items()}
        (tangent,) = run([dot_out], names, point | along, build.dims)

        def value(
            h: float,
            node: Node = node,
            names: Any = names,
            point: Any = point,
            along: Any = along,
            dims: Any = build.dims,
        ) -> Any:
            moved = {k: x if np.asarray(x).dtype == bool else x + h * along[f"{k}_dot"] for k, x in point.items()}
            return np.asarray(run([node], names, moved, dims)[0], dtype=float)

        h = 1e-3
        quotient = (8 * (value(h) - value(-h)) - (value(2 * h) - value(-2 * h))) / (12 * h)
        scale = np.max(np.abs(quotient), initial=0.0) + np.max(np.abs(value(0.0)), initial=0.0) + 1.0
        assert np.max(np.abs(tangent - quotient), initial=0.0) <= QUOTIENT_TOL * scale, (entry.name, shapes, attr)


EDGES = [(entry, point, pinned) for entry in GATES for point, pinned in entry.test.edges.items()]
WRITTEN = [(*edge, target) for edge in EDGES for target in ("numpy", "math") if has_form(edge[0], target)]


@pytest.mark.parametrize(
    ("entry", "point", "pinned", "target"), WRITTEN, ids=[f"{e.name}({p})-{t}" for e, p, _, t in WRITTEN]
)
def test_edges_hold(entry: Op, point: str, pinned: str, target: str) -> None:
    build, args, node, dag = program_of(entry, [()] * len(entry.params), None)
    grads = gradients(dag, build, dag.inputs)
    names = {arg: f"x{i}" for i, arg in enumerate(args)}
    names[build.graph.node(scalar.adjoint, (), ("seed", 0))] = "dout"
    at = {k: float(v) for k, v in (item.split("=") for item in point.split(", "))}
    values = {f"x{i}": at[name] for i, name in enumerate(entry.params)} | {"dout": 1.0}
    if target == "numpy":
        values = {k: np.float64(v) for k, v in values.items()}
    for item in pinned.split(", "):
        what, _, want = item.partition("=")
        asked = node if what == "out" else grads[f"x{entry.params.index(what[1:])}"]
        got = run([asked], names, values, build.dims, target)[0] if asked is not None else 0.0
        assert float(got) == pytest.approx(float(want), rel=1e-14, abs=0.0), (entry.name, point, item)


@pytest.mark.parametrize("entry", [e for e in GATES if e.public], ids=lambda e: e.name)
def test_printing_then_parsing_gives_the_same_node(entry: Op) -> None:
    shapes, attr = cases(entry)[0]
    build = Builder()
    inputs = {f"x{i}": build.input(f"x{i}", shape) for i, shape in enumerate(shapes)}
    args = tuple(
        build.make(routing.gt, (node, build.const(0))) if name in ("c", "d") else node
        for name, node in itertools.zip_longest(entry.params, inputs.values(), fillvalue="")
    )
    node = as_number(build, build.make(entry, args, attr))
    dag = Dag("", tuple(reachable([node, *inputs.values()])), inputs, (("f", node),), {}, {}, {}, build.dims, True)
    text = unparse(dag)
    again = parse(text, {f"x{i}": shape for i, shape in enumerate(shapes)})
    assert unparse(again) == text
    assert again.dims.resolve(again.roots[0].shape) == build.dims.resolve(node.shape)


@pytest.mark.parametrize("entry", [e for e in entries() if e.lower], ids=lambda e: e.name)
def test_a_composite_is_what_numpy_computes(entry: Op, rng: np.random.Generator) -> None:
    for k in range(20):
        values = dict(zip(entry.params, draw(entry, [()] * len(entry.params), rng), strict=True))
        low, high = entry.domain[0] if entry.domain else (-1.0, 1.0)
        if k == 0 and low <= 0.0 <= high:
            values[entry.params[0]] = 0.0
        build = Builder()
        args = {name: build.input(name) for name in entry.params}
        node = instantiate(build, entry.lower, args, {"inf": np.inf})
        (got,) = run([node], {node: name for name, node in args.items()}, values, build.dims)
        if hasattr(np, entry.name):
            assert got == getattr(np, entry.name)(*values.values())
        else:
            formula = sympy.sympify(entry.test.sympy, {name: sympy.Symbol(name, real=True) for name in values})
            at = {sympy.Symbol(name, real=True): sympy.Float(float(x), 40) for name, x in values.items()}
            assert float(got) == pytest.approx(exact(formula, at), rel=VALUE_TOL, abs=1e-14)


def test_every_entry_says_what_a_reader_needs() -> None:
    for entry in entries():
        assert entry.doc, entry.name
        assert not entry.doc.endswith("."), entry.name
        assert entry.stem or entry in LEAVES or entry.lower, entry.name
        assert entry.test.sympy or entry.lower or not entry.elementwise or hasattr(sympy, entry.name), entry.name


def test_a_user_registers_a_gate_with_the_same_call() -> None:
    entry = op(
        "bump(x)",
        doc="exp(-x**2)",
        slopes=["-2*x*out"],
        code={"numpy": "np.exp(-{x}**2)", "math": "math.exp(-{x}**2)"},
    )
    try:
        import gradc

        value, grads = gradc.compile("bump(x)*y").value_and_grad(0.5, 2.0)
        assert value == pytest.approx(2 * math.exp(-0.25))
        assert grads["x"] == pytest.approx(-2 * math.exp(-0.25))
        assert lookup("bump") is entry
    finally:
        unregister("bump")
    assert lookup("bump") is None


def test_a_malformed_entry_is_refused() -> None:
    with pytest.raises(ValueError, match="malformed signature"):
        op("broken x", doc="")
    with pytest.raises(ValueError, match="registered already"):
        op("sin(x)", doc="again")
    with pytest.raises(ValueError, match="2 parameters and 1 rules"):
        op("half(x, y)", doc="one rule too few", slopes=["1"])


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20240501)
