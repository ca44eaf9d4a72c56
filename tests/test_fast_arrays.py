"""Arrays in the fast style: kernels in blocks and lines over whole arrays say what the notes say, at every shape."""

import math
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.emit.arrays import emit_arrays
from gradc.emit.blocks import emit_blocks
from gradc.graph.dag import Node
from gradc.language import parse
from gradc.optimize import optimize
from gradc.optimize.array_steps import whole
from gradc.plan.buffers import arrange
from gradc.run.functions import load
from tests.support import (
    AGREE,
    Json,
    both_passes,
    corpus,
    freeze,
    gradient_error,
    inputs_of,
    point_error,
    records,
    shapes_of,
    snapshot,
    standalone,
    unchanged,
    value_error,
)

NOTES = "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)"
# Programs with every kind of line of a kernel: selections in and out of place, masks, helpers with scratch, copies.
MAPS = [
    NOTES,
    "x",
    "x + y",
    "relu(x - y)*softplus(y) + sigmoid(-x)",
    "where(x > y, x*y, log(x)) + where(y > 1, x, y)",
    "max(x, y)*min(x, 1) + abs(x - 1)",
    "erf(x*y) + erfc(x - y)",
    "tanh(x)*x**3 + y**-2 + x**y",
    "x if x > y and y > 0.5 else y*y",
    "hypot(x, y)/(1 + exp(-x))",
    "where(x > y, x, x)*exp(where(y > 1, x*y, y*x)) + where(x > 1, y, y)",
]
# More elements than a block, and fewer; together and against each other.
SHAPES = [
    ((40_000,), (40_000,)),
    ((150, 150), (150, 150)),
    ((3, 20_000), (3, 20_000)),
    ((40_000,), ()),
    ((), (40_000,)),
    ((1,), (40_000,)),
    ((300, 1), (1, 200)),
    ((1, 40_000), (3, 1)),
    ((2, 1, 9_000), (5, 1)),
    ((7,), (7,)),
    ((2, 1), (3,)),
    ((0,), (0,)),
    ((40_000, 0), (1, 1)),
    ((), ()),
]


def draw(program: str, shapes: tuple[tuple[int, ...], ...]) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    names = parse(program).inputs
    return {name: rng.uniform(0.1, 1.9, shape) for name, shape in zip(names, shapes, strict=False)}


def kernels(program: str, literal: bool = False) -> Any:
    """The module of an elementwise program in blocks."""
    dag = parse(program, literal=literal)
    return load(emit_blocks(dag, list(dag.inputs), literal).text)


def notes_of(program: str, inputs: dict[str, Any], literal: bool = False) -> tuple[Any, dict[str, Any]]:
    module = load(gradc.compile(program, literal=literal).source)
    value, cache = module.forward(**inputs)
    grads = module.backward(cache)
    shape = np.shape(value)
    return value, {name: np.broadcast_to(g, shape) for name, g in grads.items()}


# -- elementwise programs in blocks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("literal", [False, True])
@pytest.mark.parametrize("program", MAPS)
def test_blocks_say_what_the_notes_say(program: str, literal: bool) -> None:
    module = kernels(program, literal)
    for shapes in SHAPES:
        inputs = freeze(draw(program, shapes))
        before = snapshot(inputs)
        value, grads = module.value_and_grad(**inputs)
        want, wanted = notes_of(program, inputs, literal)
        assert value_error(value, want, rtol=1e-13) is None, shapes
        assert gradient_error(grads, wanted, rtol=1e-12) is None, shapes
        assert unchanged(before, inputs)


@pytest.mark.parametrize("program", MAPS)
def test_the_passes_of_blocks_are_one_pass(program: str) -> None:
    """Forward, then backward with an adjoint of its own, an array or a number."""
    module = kernels(program)
    for shapes in SHAPES:
        inputs = draw(program, shapes)
        value, grads = module.value_and_grad(**inputs)
        passes = both_passes(module, inputs)
        assert value_error(passes.value, value, rtol=AGREE) is None
        assert gradient_error(passes.grads, grads, rtol=1e-12) is None
        df = np.random.default_rng(5).uniform(-1, 1, np.shape(value))
        want = {name: df * g for name, g in grads.items()}
        assert gradient_error(both_passes(module, inputs, df).grads, want, rtol=1e-12) is None
        assert (
            gradient_error(module.backward(module.forward(**inputs)[1], 3), {n: 3 * g for n, g in grads.items()})
            is None
        )


@pytest.mark.parametrize("program", MAPS)
def test_threads_share_the_blocks(program: str) -> None:
    """The same bits, with the caller's way of taking floating-point errors in every thread."""
    module = kernels(program)
    inputs = draw(program, ((70, 3_000), (70, 3_000)))
    one, two = module.value_and_grad(**inputs), module.value_and_grad(**inputs, threads=2)
    assert all(
        np.array_equal(a, b) for a, b in zip([one[0], *one[1].values()], [two[0], *two[1].values()], strict=True)
    )
    with np.errstate(all="ignore"):
        kernels("log(x - 5)").value_and_grad(inputs["x"], threads=2)
    with pytest.raises(RuntimeWarning), np.errstate(all="warn"):
        kernels("log(x - 5)").value_and_grad(inputs["x"], threads=2)


def test_an_earlier_result_is_filled_again() -> None:
    fn = gradc.compile(NOTES)
    for shape in [(5,), (40_000,), (300, 200)]:
        rng = np.random.default_rng(0)
        first = fn.value_and_grad(rng.uniform(1, 2, shape), rng.uniform(1, 2, shape))
        x, y = rng.uniform(1, 2, shape), rng.uniform(1, 2, shape)
        again = fn.value_and_grad(x, y, out=first)
        assert again[0] is first[0]
        assert all(again[1][name] is first[1][name] for name in "xy")
        want = fn.value_and_grad(x, y)
        assert np.array_equal(again[0], want[0])
        assert all(np.array_equal(again[1][name], want[1][name]) for name in "xy")
    with pytest.raises(ValueError, match=r"out.*\(4,\).*\(300, 200\)"):
        fn.value_and_grad(np.ones(4), np.ones(4), out=first)
    with pytest.raises(ValueError, match=r"out.*input"):
        fn.value_and_grad(first[1]["x"], np.ones((300, 200)), out=first)


@pytest.mark.parametrize("program", MAPS)
def test_blocks_in_single_precision(program: str) -> None:
    module = kernels(program)
    for shapes in SHAPES:
        exact = draw(program, shapes)
        single = {name: value.astype(np.float32) for name, value in exact.items()}
        with np.errstate(all="ignore"):
            value, grads = module.value_and_grad(**single)
            df = np.ones(np.shape(value), dtype=np.float32)
            passes = both_passes(module, single, df)
        leaves = [value, *grads.values(), passes.value, *passes.grads.values()]
        assert {np.asarray(leaf).dtype for leaf in leaves} == {np.dtype(np.float32)}
        assert value_error(value, module.value_and_grad(**exact)[0], rtol=1e-4, atol=1e-5) is None


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda a: np.repeat(a, 2, 1)[:, ::2], lambda a: a[::-1, ::-1]])
def test_blocks_of_any_layout(layout: Any) -> None:
    module = kernels(NOTES)
    for shape in [(4, 6), (200, 300)]:
        inputs = draw(NOTES, (shape, shape))
        other = {name: layout(value) for name, value in inputs.items()}
        want = module.value_and_grad(**{name: np.ascontiguousarray(value) for name, value in other.items()})
        got = module.value_and_grad(**other)
        assert value_error(got[0], want[0], rtol=AGREE) is None
        assert gradient_error(got[1], want[1], rtol=AGREE) is None


@pytest.mark.parametrize("program", MAPS)
def test_arguments_beyond_exp_are_taken_with_care(program: str) -> None:
    """In some blocks or all, mixed with what is no number; half precision always."""
    module, careful = kernels(program), load(gradc.compile(program).source)
    rng = np.random.default_rng(6)
    for at in ([0], [20_000], [5, 39_999], range(40_000)):
        for value in (300.0, 800.0, -800.0, np.inf, -np.inf, np.nan):
            inputs = {name: rng.uniform(0.1, 1.9, 40_000) for name in parse(program).inputs}
            inputs["x"][list(at)] = value
            with np.errstate(all="ignore"):
                got, grads = module.value_and_grad(**inputs)
                want, cache = careful.forward(**inputs)
                wanted = careful.backward(cache)
            assert value_error(got, want, rtol=1e-12) is None, value
            wide = {name: np.broadcast_to(g, np.shape(want)) for name, g in wanted.items()}
            assert gradient_error(grads, wide, rtol=1e-10, atol=1e-12) is None, value
    half = {name: np.array([0.5, 1.0, 12.0], dtype=np.float16) for name in parse(program).inputs}
    with np.errstate(all="ignore"):
        got, want = module.value_and_grad(**half)[0], careful.forward(**half)[0]
    assert got.dtype == np.float16
    assert value_error(got, want, rtol=2e-2, atol=1e-2) is None


def test_the_memory_of_a_million_elements() -> None:
    """Three results of 8 MB each, and blocks."""
    x = np.linspace(0.2, 2, 1_000_000)
    fn = gradc.compile(NOTES)
    fn.value_and_grad(x, x)
    tracemalloc.start()
    fn.value_and_grad(x, x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 30e6


def test_what_does_not_broadcast_or_is_no_number() -> None:
    fn = gradc.compile("x*y")
    with pytest.raises(ValueError, match=r"x \(20000,\), y \(20001,\)"):
        fn.value_and_grad(np.ones(20_000), np.ones(20_001))
    with pytest.raises(TypeError, match="x: real numbers are expected, not complex"):
        fn.value_and_grad(np.ones(3) * 1j, np.ones(3))


def test_names_of_the_user_come_first() -> None:
    """Whatever the module calls its own things."""
    names = "np t1 m1 out threads BLOCK in_blocks cut add multiply dx kept f df cache as_float".split()
    program = " + ".join(f"{name}*sigmoid({name})" for name in names)
    fn = gradc.compile(program, style="fast")
    inputs = {name: np.linspace(0.1, 0.9, 5) for name in names}
    value, grads = load(fn.source).value_and_grad(**inputs)
    assert value_error(value, gradc.compile(program)(**inputs)) is None
    assert list(grads) == names


# -- a plan of buffers: every value is read where it was written, before anything else is ------------------------------


def replay(targets: list[Node]) -> Iterator[str]:
    """Walks the lines of a plan over buffers that know whose value is in them; yields what goes wrong."""
    plan = arrange(targets)
    held: dict[tuple[bool, int], Node] = {}
    for node in plan.order:
        for arg in node.args:
            if arg.args and held.get((arg.op.boolean, plan.place[arg])) is not arg:
                yield f"{node} reads {arg}, which is gone"
        for number in plan.temps[node] if node.op.fast.into else ():
            if held.pop((False, number), None) in node.args or number == plan.place[node]:
                yield f"{node} has an operand or its result for scratch"
        held[node.op.boolean, plan.place[node]] = node
    copied = dict(plan.copies)
    for number, target in enumerate(targets):
        if number not in copied and held.get((False, number)) is not target:
            yield f"target {number} is not in its place"


@pytest.mark.parametrize("program", MAPS)
def test_plans_of_buffers(program: str) -> None:
    from gradc.optimize.ufuncs import lower_all

    dag = parse(program)
    joint = optimize(dag, list(dag.inputs), arrays=True)
    roots = [*joint.outputs, *(node for node in joint.gradients.values() if node is not None)]
    made = lower_all(roots)
    assert list(replay([made[root] for root in roots])) == []


def test_the_notes_example_needs_few_buffers() -> None:
    from gradc.optimize.ufuncs import lower_all

    joint = optimize(parse(NOTES, literal=True), ["x", "y"], literal=True, arrays=True)
    made = lower_all(joint.roots, literal=True)
    plan = arrange([made[root] for root in joint.roots])
    assert (plan.floats - 3, plan.masks) <= (4, 0)


# -- lines over whole arrays -------------------------------------------------------------------------------------------

TENSOR: list[Json] = [record for record in records() if any(shapes_of(record).values())]


@pytest.mark.parametrize("literal", [False, True])
@pytest.mark.parametrize("record", [pytest.param(record, id=record["id"]) for record in TENSOR])
def test_whole_arrays_say_what_the_notes_say(record: Json, literal: bool) -> None:
    """By the module and by the library, whose default style takes the same lines; with sizes by name too."""
    sizes = {name: tuple(f"n{dim}" if dim > 1 else dim for dim in shape) for name, shape in shapes_of(record).items()}
    for shapes in (shapes_of(record), sizes):
        try:
            fn = gradc.compile(record["program"], shapes=shapes, wrt=list(record["wrt"]), literal=literal)
        except gradc.GradcError:
            assert shapes is sizes, "an index or a shape that only numbers fit"
            continue
        module = load(emit_arrays(fn.staged, fn.dag, fn.wrt, literal).text)
        for point in record["points"]:
            inputs = freeze({name: value for name, value in inputs_of(record, point).items() if name in fn.inputs})
            before = snapshot(inputs)
            with np.errstate(all="ignore"):
                value, _ = module.forward(**inputs)
                more = {"df": np.ones_like(value)} if np.ndim(value) else {}
                results = [module.value_and_grad(**inputs, **more), fn.value_and_grad(**inputs, **more)]
            for got, grads in results:
                if not literal:
                    assert point_error(got, grads, record, point) is None
                assert value_error(got, value, rtol=1e-11, atol=1e-12) is None
            assert unchanged(before, inputs)


def test_results_of_whole_arrays_are_the_callers() -> None:
    """No array of a result is an input, another of them, or what a later call returns."""
    programs = [
        "x: [n]\nsum(x)",
        "x: [n]\nx @ x + sum(x)",
        "x: [n]; y: [n]\nsum(x*y)",
        "x: [n]; y: [n]\nsum(x + y)",
        "X: [n, d]; W: [d, d]\nsum(X @ W)",
        "X: [n, d]\nsum(X.T @ X) + sum(X[0])",
        "x: [n]\nsum(reshape(x, (2, 2)) @ reshape(x, (2, 2)))",
        "x: [n]\nsum(x[1:]*x[:-1]) + x[0]",
    ]
    rng = np.random.default_rng(2)
    sizes = {"x": (4,), "y": (4,), "X": (3, 3), "W": (3, 3)}
    for program in programs:
        fn = gradc.compile(program)
        inputs = {name: rng.uniform(1, 2, sizes[name]) for name in fn.inputs}
        want, wanted = load(fn.source).value_and_grad(**inputs)
        first = fn.value_and_grad(**inputs)
        second = fn.value_and_grad(**inputs)
        arrays = [*first[1].values(), *second[1].values(), *inputs.values()]
        for i, a in enumerate(arrays):
            assert not any(np.shares_memory(a, b) for b in arrays[i + 1 :]), program
        for g in first[1].values():
            g *= 0.0
        assert value_error(second[0], want) is None
        assert gradient_error(second[1], wanted) is None


LOGISTIC = "m = t*(X @ w + b)\nf = mean(log(1.0 + exp(-m)))"
LOGISTIC_SHAPES = {"X": ("n", "d"), "t": ("n",), "w": ("d",)}


@pytest.mark.parametrize("scale", [1.0, 100.0, 1e4])
def test_margins_beyond_the_guard_go_the_general_way(scale: float) -> None:
    fn = gradc.compile(LOGISTIC, shapes=LOGISTIC_SHAPES, wrt=["w", "b"])
    rng = np.random.default_rng(1)
    inputs = {
        "X": scale * rng.standard_normal((50, 3)),
        "t": np.sign(rng.standard_normal(50)),
        "w": np.ones(3),
        "b": 0.1,
    }
    got, want = fn.value_and_grad(**inputs), load(fn.source).value_and_grad(**inputs)
    assert value_error(got[0], want[0], rtol=1e-13) is None
    assert gradient_error(got[1], want[1], rtol=1e-12) is None


def test_inputs_of_every_kind_go_their_way() -> None:
    """Lists, integers, single precision, any strides, no elements: as the two passes have them."""
    fn = gradc.compile(LOGISTIC, shapes=LOGISTIC_SHAPES, wrt=["w", "b"])
    module = load(fn.source)
    rng = np.random.default_rng(1)
    plain: dict[str, Any] = {
        "X": rng.standard_normal((8, 3)),
        "t": np.sign(rng.standard_normal(8)),
        "w": np.ones(3),
        "b": 0.5,
    }
    variants: list[dict[str, Any]] = [
        {name: np.asarray(value).tolist() for name, value in plain.items()},
        {**plain, "b": 2},
        {**plain, "b": np.float64(0.5)},
        {**plain, "X": np.asfortranarray(plain["X"])},
        {**plain, "X": np.repeat(plain["X"], 2, 0)[::2]},
        {**plain, "X": rng.integers(-2, 3, (8, 3))},
        {name: np.asarray(value, dtype=np.float32) for name, value in plain.items()},
    ]
    for inputs in variants:
        got, want = fn.value_and_grad(**inputs), module.value_and_grad(**inputs)
        single = np.asarray(want[0]).dtype == np.float32
        assert value_error(got[0], want[0], rtol=1e-6 if single else 1e-13) is None
        assert gradient_error(got[1], want[1], rtol=1e-5 if single else 1e-12) is None
        assert {np.asarray(g).dtype for g in got[1].values()} == {np.asarray(g).dtype for g in want[1].values()}
    with pytest.raises(ValueError, match=r"w: shape .* is expected, not \(4,\)"):
        fn.value_and_grad(**{**plain, "w": np.ones(4)})
    with pytest.raises(TypeError, match="input 'b' is missing"):
        fn.value_and_grad(plain["X"], plain["t"], plain["w"])


def test_numbers_outside_a_domain_are_as_numpy_has_them() -> None:
    """Python's floats raise where NumPy has inf and nan."""
    for program, x in [
        ("log(sum(x))", [-1.0, -1.0]),
        ("1/sum(x)", [1.0, -1.0]),
        ("exp(sum(x)*1000)", [1.0, 1.0]),
        ("sqrt(sum(x)) + sum(x)", [-1.0, 0.0]),
        ("sum(x)**-2", [0.0, 0.0]),
    ]:
        fn = gradc.compile(f"x: [n]\n{program}")
        with np.errstate(all="ignore"):
            got, want = fn.value_and_grad(np.array(x)), load(fn.source).value_and_grad(np.array(x))
        assert value_error(got[0], want[0]) is None
        assert gradient_error(got[1], want[1]) is None


def test_branches_that_agree_on_both_sides() -> None:
    function = gradc.compile("f = x @ where(-0.5 < t < 1.5, t, t) @ w", shapes={"x": (2,), "t": (2, 2), "w": (2,)})
    inputs = {"x": np.array([1.0, 2.0]), "t": np.array([[1.0, 2.0], [3.0, 4.0]]), "w": np.array([2.0, 3.0])}
    value, grads = function.value_and_grad(**inputs)
    assert value == 44.0
    assert np.array_equal(grads["t"], [[2.0, 3.0], [4.0, 6.0]])
    function = gradc.compile("f = sum(where(c > 0, w, w)*c)", shapes={"w": (2,), "c": (3, 2)})
    inputs = {"w": np.array([2.0, 3.0]), "c": np.array([[1.0, -2.0], [3.0, 4.0], [5.0, 6.0]])}
    value, grads = function.value_and_grad(**inputs)
    assert value == 42.0
    assert np.array_equal(grads["w"], [9.0, 8.0])


@pytest.mark.parametrize(
    ("program", "shapes"),
    [
        # What goes into one place of an array of another shape than the sum's, or is read from where the sum is made.
        ("f = sum(x, keepdims=True)[0]*prod(x)", {"x": (3,)}),
        ("f = sum((t[::-1] - t) @ v)", {"t": (4, 3), "v": (3, 3)}),
        ("f = sum(where(t > 0.5, t @ v, (t @ v).T)*(v @ t))", {"t": (3, 3), "v": (3, 3)}),
        ("f = sum(x.T - s)", {"x": (1, 1), "s": ("n", "n")}),  # sizes are whole numbers, gradients are none
        ("f = sum([sigmoid(v), log(sigmoid(v)), v]*w)", {"w": (3,)}),  # x and -x under one guard
        ("f = sum(reshape(x, (n*m,))**2)", {"x": ("n", "m")}),
    ],
)
def test_whole_arrays_are_the_two_passes(program: str, shapes: dict[str, Any]) -> None:
    function = gradc.compile(program, shapes=shapes)
    rng = np.random.default_rng(5)
    sizes = {"n": 3, "m": 2}
    inputs = {
        name: rng.uniform(0.2, 1.8, [sizes.get(str(dim), dim) for dim in shape])
        for name, shape in function.shapes.items()
        if name in function.inputs
    }
    value, grads = function.value_and_grad(**inputs)
    wanted, cache = function.forward(**inputs)
    assert np.allclose(value, wanted, rtol=1e-13)
    for name, grad in function.backward(cache).items():
        assert np.allclose(grads[name], grad, rtol=1e-12), name
        assert np.asarray(grads[name]).dtype == np.asarray(grad).dtype == np.float64


@pytest.mark.parametrize("style", ["notes", "fast"])
def test_slopes_of_a_saturated_softmax_keep_their_digits(style: str) -> None:
    function = gradc.compile("softmax(x)[1]", shapes={"x": (3,)}, style=style)
    _, grads = function.value_and_grad(np.array([0.0, 100.0, 3.0]))
    small, large = np.exp(-100.0), np.exp(-97.0)
    assert np.allclose(grads["x"], [-small, small + large, -large], rtol=1e-14, atol=0.0)


@pytest.mark.parametrize(
    "factors", [[2.0, -3.0, 0.5], [2.0, 0.0, 3.0], [0.0, 0.0], [1e-200, 1e-200, 1e250], [1e-160, 1e-160, 1e200], []]
)
def test_products_of_the_others(factors: list[float]) -> None:
    x = np.array(factors)
    _, grads = gradc.compile("prod(x)", shapes={"x": ("n",)}).value_and_grad(x)
    wanted = [math.prod(np.longdouble(each) for each in np.delete(x, i)) for i in range(len(x))]
    assert np.allclose(grads["x"], np.array(wanted, float), rtol=1e-13, atol=0.0)


@pytest.mark.parametrize("program", ["where(s, g, g)*1", "square(where(s, g, g))", "sin(g) + where(s > 2, g, g)"])
def test_a_condition_without_say_is_not_in_the_cache(program: str) -> None:
    function = gradc.compile(program, style="fast")
    inputs = {"s": np.ones((3, 1)), "g": np.full((1, 4), 0.5)}
    value, cache = function.forward(**inputs)
    both, grads = function.value_and_grad(**inputs)
    assert value.shape == both.shape == (3, 4)
    for name, grad in function.backward(cache).items():
        assert np.array_equal(grad, grads[name])


def test_large_maps_over_declared_arrays() -> None:
    """Beyond a block the same as below: the gradient of a number is the sum over the elements."""
    program = "x: [n]; y: [n]\nsigmoid(c*x)*y/(1 + x**2)"
    fn = gradc.compile(program)
    for size in (100, 20_000):
        rng = np.random.default_rng(4)
        inputs = {"x": rng.uniform(0, 1, size), "y": rng.uniform(0, 1, size), "c": 0.7}
        df = rng.uniform(-1, 1, size)
        value, cache = fn.forward(**inputs)
        got = fn.value_and_grad(**inputs, df=df)
        assert value_error(got[0], value, rtol=1e-13) is None
        assert gradient_error(got[1], fn.backward(cache, df), rtol=1e-11) is None
    with pytest.raises(ValueError, match="df"):
        fn.value_and_grad(**inputs)


def test_nothing_is_computed_twice() -> None:
    """An exp for a softplus and its slope; an inner product for a sum of squares; no transpose for a vector."""
    dag = parse(LOGISTIC, LOGISTIC_SHAPES)
    steps = whole(optimize(dag, ["w", "b"], arrays=True))
    names = [node.op.name for node in _all([*steps.outputs, *filter(None, steps.gradients.values())])]
    assert names.count("exp") == 1
    assert "transpose" not in names
    squares = whole(optimize(parse("x: [n]\nsum((x - 1)**2)"), ["x"], arrays=True))
    assert "sum" not in [node.op.name for node in _all(list(squares.outputs))]


def _all(roots: list[Node]) -> list[Node]:
    from gradc.graph.dag import reachable

    return reachable(roots)


def test_the_notes_cases_by_the_library() -> None:
    """The worked examples, called as a user calls them, in both styles."""
    for case in corpus("notes")["cases"]:
        shapes = {name: tuple(shape) for name, shape in case.get("shapes", {}).items()} or None
        inputs = {name: np.array(value, dtype=float)[()] for name, value in case["inputs"].items()}
        for style in ("notes", "fast"):
            fn = gradc.compile(case["program"], shapes=shapes, style=style)
            value = np.array(case["value"], dtype=float)
            df = {"df": np.array(case.get("df", np.ones_like(value)), dtype=float)} if value.ndim else {}
            got, grads = fn.value_and_grad(**inputs, **df)
            assert value_error(got, value) is None, case["id"]
            want = {name: np.array(g, dtype=float) for name, g in case["grads"].items()}
            assert gradient_error(grads, want) is None, case["id"]


def test_names_of_pythons_own_functions() -> None:
    fn = gradc.compile("float: [n]; type: [n]\nnp = float @ type\nmath = np*log(sum(float))\nmath + 1/np + ndarray")
    inputs = {"float": np.array([1.0, 2.0]), "type": np.array([3.0, 4.0]), "ndarray": 2.0}
    got, want = fn.value_and_grad(**inputs), load(fn.source).value_and_grad(**inputs)
    assert value_error(got[0], want[0]) is None
    assert gradient_error(got[1], want[1]) is None


@pytest.mark.parametrize("style", ["notes", "fast"])
def test_a_matrix_that_no_branch_asks_for_is_not_inverted(style: str) -> None:
    program = "sum(where(c > 0, B, solve(sqrt(B), B) + inv(B)))"
    function = gradc.compile(program, shapes={"B": (2, 2)}, style=style)
    with np.errstate(all="raise"):
        value, grads = function.value_and_grad(c=1.0, B=-np.ones((2, 2)))
    assert value == -4.0
    assert np.array_equal(grads["B"], np.ones((2, 2)))
    assert "deye" not in function.source


@pytest.mark.parametrize(
    ("program", "shapes"),
    [
        # Terms that cancel leave a number in the place of an array.
        ("r = K[None, -2]\nA = exp(r + g - r)\nh - sum(r) - sum(A)", {"K": (2,), "g": (1,)}),
        ("q = z @ B\nc = erf(q - q)\nh - sum(q) - sum(c)", {"B": (2, 3), "z": (2,)}),
        # A number that a branch of numbers needs, and some elements of a branch of arrays.
        ("x = exp(b)\nr = where(s > 0, t, x)\n(p if p >= q else x) + sum(r)", {"s": (1, 1), "t": (2, 2)}),
        # A slope that is the size of an axis: a whole number, until the shares come in.
        ("sum(x + softmax(k, axis=-1))", {"x": ("m", "n"), "k": (1, "n")}),
        # The slope of no elements at all.
        ("sum(softmax(W, axis=0))*b", {"W": (2, 0)}),
    ],
)
@pytest.mark.parametrize("style", ["notes", "fast"])
def test_both_ways_of_a_gradient_agree(style: str, program: str, shapes: dict[str, Any]) -> None:
    function = gradc.compile(program, shapes=shapes, style=style)
    rng = np.random.default_rng(8)
    sizes = {name: [2 if dim in ("m", "n") else dim for dim in function.shapes[name]] for name in function.inputs}
    inputs = {name: rng.uniform(0.2, 1.2, shape) for name, shape in sizes.items()}
    value, grads = function.value_and_grad(**inputs)
    wanted, cache = function.forward(**inputs)
    assert np.shape(value) == np.shape(wanted) == ()
    assert np.allclose(value, wanted, rtol=1e-13)
    for name, grad in function.backward(cache).items():
        assert list(np.shape(grad)) == sizes[name]
        assert np.allclose(grad, grads[name], rtol=1e-12, atol=1e-15), name


@pytest.mark.parametrize("style", ["notes", "fast"])
def test_the_logarithm_of_a_sum_near_one_keeps_its_digits(style: str) -> None:
    x = np.array([0.0, -30.0, -40.0])
    small = np.log1p(np.exp(-30.0) + np.exp(-40.0))
    assert np.isclose(gradc.compile("logsumexp(x)", shapes={"x": (3,)}, style=style)(x), small, rtol=1e-14, atol=0.0)
    shares = gradc.compile("log_softmax(x)", shapes={"x": (3,)}, style=style)(x)
    assert np.allclose(shares, [-small, -30.0 - small, -40.0 - small], rtol=1e-14, atol=0.0)
    nothing = gradc.compile("logsumexp(x)", shapes={"x": ("n",)}, style=style)
    assert nothing(np.full(3, -np.inf)) == nothing(np.zeros(0)) == -np.inf
    assert nothing(np.array([np.inf, 1.0])) == np.inf


@pytest.mark.parametrize(
    ("program", "first", "slopes"),
    [
        ("w: [4]; z: [4]; sum(where(-w != 0, w, tanh(w))*where(-w != 0, w, 0.0) + z)", 4, [[2.0, 4.0, -2.0, 0.0], 1.0]),
        ("w: [1]; z: [4]; t: [4]; p = where(log1p(w), t, z); sum(p) + sum(t - p)", 1, [0.0, 0.0, 1.0]),
    ],
)
def test_two_sides_that_are_one_number_are_that_number(program: str, first: int, slopes: list[Any]) -> None:
    """The array that is written over then held something else before, and nothing of that counts."""
    fn = gradc.compile(program, style="fast", inputs=["w", "z", "t"][: len(slopes)])
    x = np.array([1.0, 2.0, -1.0, 0.0])
    for both in (fn.value_and_grad, standalone(fn.source).value_and_grad):
        for grad, slope in zip(both(x[:first], *[x] * (len(slopes) - 1))[1].values(), slopes, strict=True):
            np.testing.assert_array_equal(grad, np.broadcast_to(slope, grad.shape))


def test_one_number_on_both_sides_is_a_float_even_if_it_is_a_size() -> None:
    fn = gradc.compile("W: [n]; x: [1]; r: [1]; sum(W - where(x > 0, x - r, x))")
    given = np.ones(3), np.ones(1), np.ones(1)
    assert fn.running(*given).engine == "arrays"
    grads = fn.value_and_grad(*given)[1]
    assert {name: (each.dtype.kind, each.tolist()) for name, each in grads.items()} == {
        "W": ("f", [1.0, 1.0, 1.0]), "x": ("f", [-3.0]), "r": ("f", [3.0]),
    }  # fmt: skip
