"""The law of branches: what a branch does not take adds nothing, whatever stands in it, above it or below it.

Every gate of the table, below every border (elementwise, index, slice, transpose, reduction, product, join), under
every kind of condition (of an array, of a number, on the value itself, on nan), with every poison (nan, infinities,
outside the domain, overflow) where the side is not taken: value and gradient are as without it, and nothing is said,
in every engine. A sample runs in `make test`; GRADC_LAW=all runs the whole.
"""

from __future__ import annotations

import functools
import itertools
import warnings
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

import gradc
from gradc.ops import entries
from gradc.ops.table import Op
from tests.support import WHOLE, standalone

EVERY = 1 if WHOLE else 61  # of so many cases one
MODES = ("jvp", "hvp", "jacobian", "hessian")

# What an operator is written as; the others are called by name.
WRITTEN = {
    "add": "{0} + {1}", "sub": "{0} - {1}", "mul": "{0}*{1}", "div": "{0}/{1}", "pow": "{0}**{1}", "neg": "-{0}",
    "reciprocal": "1/{0}", "square": "{0}**2", "ipow": "{0}**3",
}  # fmt: skip
POISON = [np.nan, np.inf, -np.inf, -1.0, 0.0, 1.0, 2.5, 1e200, -1e200]
# Gates that say what is to be done where they are not finite, or whose arguments are conditions.
NOT_HERE = {"where", "clip", "heaviside"}


def called(entry: Op, args: list[str]) -> str | None:
    """A gate as text; None for what has no name in the language."""
    if entry.name in WRITTEN:
        return WRITTEN[entry.name].format(*args)
    return f"{entry.name}({', '.join(args)})" if entry.public else None


GATES = [
    entry
    for entry in entries()
    if entry.elementwise and entry.slopes and not entry.boolean and entry.name not in NOT_HERE
    and called(entry, ["x"] * len(entry.params))
]  # fmt: skip

# What a module takes from SciPy is not there where it runs by itself.
GATES = [e for e in GATES if "scipy" not in gradc.compile(str(called(e, ["x", "y", "z"][: len(e.params)]))).source]

# A border: declarations, the program with {g} for the gate and {c} for the condition, the shape of arguments and of c,
# and which elements of an argument a condition leaves out.
BORDERS = {
    "elementwise": ("", "sum(where({c}, {g}*2, 0))", (3,), (3,)),
    "index": ("", "where({c}, ({g})[1], 0)", (3,), ()),
    "slice": ("", "sum(where({c}, ({g})[1:], 0))", (3,), (2,)),
    "transpose": ("", "sum(where({c}, ({g}).T, 0))", (2, 3), (3, 2)),
    "reduction": ("", "sum(where({c}, sum({g}, axis=1), 0))", (2, 3), (2,)),
    "mean": ("", "sum(where({c}, mean({g}, axis=0), 0))", (2, 3), (3,)),
    "norm": ("", "sum(where({c}, norm({g}, axis=1), 0))", (2, 3), (2,)),
    "product": ("w: [3]; ", "sum(where({c}, ({g}) @ w, 0))", (2, 3), (2,)),
    "matrices": ("W: [4, 2]; ", "sum(where({c}, W @ ({g}), 0))", (2, 3), (4, 3)),
    "join": ("y: [3]; ", "sum(where({c}, concatenate([{g}, y]), 0))", (3,), (6,)),
    "reshape": ("", "sum(where({c}, reshape({g}, (6,)), 0))", (2, 3), (6,)),
    "nested": ("", "sum(where({c}, where({g} < 2, exp({g}), {g}), 0))", (3,), (3,)),
    "softmax": ("", "sum(where({c}, softmax({g}, axis=1)**2, 0))", (2, 3), (2, 1)),
    "roll": ("", "sum(where({c}, roll({g}, 1), 0))", (3,), (3,)),
    "pad": ("", "sum(where({c}, pad({g}, 1), 0))", (3,), (5,)),
    "repeat": ("", "sum(where({c}, repeat({g}, 2), 0))", (3,), (6,)),
    "tile": ("", "sum(where({c}, tile({g}, (2, 1)), 0))", (2, 3), (4, 3)),
    "triangle": ("", "sum(where({c}, tril({g}), 0))", (3, 3), (3, 3)),
    "diagonal": ("", "sum(where({c}, diag({g}), 0))", (3, 3), (3,)),
    "on the diagonal": ("", "sum(where({c}, diag({g}), 0))", (3,), (3, 3)),
    "cumsum": ("", "sum(where({c}, cumsum({g}), 0))", (3,), (3,)),
    "cumprod": ("", "sum(where({c}, cumprod({g}, axis=1), 0))", (2, 3), (2, 3)),
    "piece": ("", "sum(where({c}, split({g}, 2)[1], 0))", (4,), (2,)),
    "list": ("", "sum(where({c}, [({g})[0], ({g})[1]], 0))", (2,), (2,)),
    "moments": ("", "sum(where({c}, var({g}, axis=1) + std({g}, axis=1), 0))", (2, 3), (2,)),
    "weights": ("w: [3]; ", "sum(where({c}, einsum('ij,j->i', {g}, w), 0))", (2, 3), (2,)),
    "named axes": ("W: [4, 2]; ", "sum(where({c}, einsum('ij,ki->jk', {g}, W), 0))", (2, 3), (3, 4)),
    "contraction": ("W: [4, 2]; ", "sum(where({c}, tensordot(W, {g}, 1), 0))", (2, 3), (4, 3)),
    "kron": ("y: [3]; ", "sum(where({c}, kron({g}, y), 0))", (3,), (9,)),
    "cross": ("y: [3]; ", "sum(where({c}, cross({g}, y), 0))", (2, 3), (2, 1)),
    "convolution": ("y: [3]; ", "sum(where({c}, convolve({g}, y), 0))", (5,), (7,)),
    "valid": ("y: [3]; ", "sum(where({c}, convolve({g}, y, mode='valid'), 0))", (5,), (3,)),
    "windows": ("", "sum(where({c}, conv2d({g}, ones((1, 1, 2, 2)), stride=2), 0))", (1, 1, 4, 4), (1, 1, 2, 2)),
    "triangular": ("W: [4, 2]; ", "sum(where({c}, solve(W.T @ W, {g}), 0))", (2, 3), (2, 3)),
}
# Borders whose conditions leave out what no element that is taken hangs on.
PROBED = list(BORDERS)[list(BORDERS).index("roll") :]


class Case(NamedTuple):
    gate: Op
    border: str
    condition: str
    poison: float


def cases() -> Iterator[Case]:
    for gate in GATES:
        for border in BORDERS:
            for condition in ("array", "number", "nan"):
                for poison in POISON:
                    if condition != "nan" or (np.isnan(poison) and border == "elementwise"):
                        yield Case(gate, border, condition, poison)


def middle(gate: Op, shape: tuple[int, ...], at: int) -> Any:
    low, high = gate.domain[at]
    return low + (high - low) * (0.3 + 0.4 * np.linspace(0.0, 1.0, int(np.prod(shape))).reshape(shape))


def built(case: Case) -> tuple[str, dict[str, Any], str, dict[str, Any]]:
    """The program, a point with poison where the side is not taken; and a program that comes to the same, without."""
    declared, body, shape, c_shape = BORDERS[case.border]
    args = [f"a{i}" for i in range(len(case.gate.params))]
    good: dict[str, Any] = {arg: middle(case.gate, shape, i) for i, arg in enumerate(args)}
    text = declared + "".join(f"{arg}: {list(shape)}; " for arg in args)
    rng = np.random.default_rng(7)
    for name, size in (("w", (3,)), ("W", (4, 2)), ("y", (3,))):
        if declared.startswith(name + ":"):
            good[name] = rng.uniform(0.5, 1.5, size)
    left = np.zeros(shape, dtype=bool)  # the elements that no side takes
    if case.condition == "number" or not c_shape:
        condition, good["c"] = "c > 0", -1.0
        left[...] = True
    elif case.condition == "nan":
        condition = " and ".join(f"{arg} == {arg}" for arg in args)
        left[0] = True
    else:
        condition, text = "c > 0", text + f"c: {list(c_shape)}; "
        left, good["c"] = left_out(case.border, shape, c_shape)
    g = called(case.gate, args)
    reference = text + body.format(g=g, c="c > 0")
    text += body.format(g=g, c=condition)
    if case.condition == "nan":
        reference, good["c"] = f"c: {list(shape)}; {reference}", np.where(left, -1.0, 1.0)
    bad = dict(good)
    for arg in args if case.condition == "nan" else poisoned(case.gate, args):
        bad[arg] = np.where(left, case.poison, good[arg])
    if case.condition == "nan":
        del bad["c"]
    return text, bad, reference, good


def poisoned(gate: Op, args: list[str]) -> list[str]:
    """The arguments that are poisoned: of a sum one, for NumPy says of inf - inf that it is invalid."""
    return args[:1] if gate.name in ("add", "sub") else args


def left_out(border: str, shape: tuple[int, ...], c_shape: tuple[int, ...]) -> tuple[Any, Any]:
    """A condition that fails for some, and the elements of an argument that nobody then takes."""
    c = np.ones(c_shape)
    left = np.zeros(shape, dtype=bool)
    if border in PROBED:
        return probed(border, shape, c_shape)
    match border:
        case "slice":
            c[0] = -1.0
            left[:2] = True  # the first is never taken
        case "transpose":
            c[1, 0] = -1.0
            left[0, 1] = True
        case "mean" | "matrices":
            c[..., 1] = -1.0
            left[:, 1] = True
        case "reshape":
            c[4] = -1.0
            left[1, 1] = True
        case "join":
            c[1] = -1.0
            left[1] = True
        case _:
            c[0] = -1.0
            left[0] = True
    return left, c


@functools.cache
def probed(border: str, shape: tuple[int, ...], c_shape: tuple[int, ...]) -> tuple[Any, Any]:
    """The same, by what the value hangs on: the last of what is selected is not taken, or as much as leaves one out."""
    declared, body, _, _ = BORDERS[border]
    rng = np.random.default_rng(8)
    given: dict[str, Any] = {"x": rng.uniform(0.5, 1.5, shape)}
    for name, size in (("w", (3,)), ("W", (4, 2)), ("y", (3,))):
        if declared.startswith(name + ":"):
            given[name] = rng.uniform(0.5, 1.5, size)
    fn = gradc.compile(f"{declared}x: {list(shape)}; c: {list(c_shape)}; " + body.format(g="x", c="c > 0"))
    for count in range(1, 1 + int(np.prod(c_shape))):
        c = np.ones(c_shape)
        c.reshape(-1)[-count:] = -1.0
        value = fn(**given, c=c)
        left = np.zeros(shape, dtype=bool)
        for at in np.ndindex(shape):
            other = given["x"].copy()
            other[at] += 0.125
            left[at] = fn(**{**given, "x": other}, c=c) == value
        if left.any():
            return left, c
    raise AssertionError(border)


def engines(program: str, scalars: bool) -> Iterator[tuple[str, Any]]:
    """The value and gradient of each engine, by name."""
    for style in ("notes", "fast"):
        for target in ("numpy", "math") if scalars else ("numpy",):
            fn = gradc.compile(program, style=style, target=target)
            module = standalone(fn.source, target)
            yield f"{style} {target}", module.value_and_grad
            yield f"{style} {target} passes", lambda module=module, **given: passes(module, **given)
            if target == "numpy":
                yield f"{style} called", fn.value_and_grad


def passes(module: Any, **given: Any) -> Any:
    value, cache = module.forward(**given)
    return value, module.backward(cache)


def holds(program: str, bad: dict[str, Any], reference: str, good: dict[str, Any], scalars: bool = False) -> None:
    with np.errstate(all="ignore"):
        want, slopes = gradc.compile(reference).value_and_grad(**good)
    for name, engine in engines(program, scalars):
        with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
            warnings.simplefilter("error")
            try:
                value, grads = engine(**bad)
            except Exception as error:
                raise AssertionError(f"{name}: {error!r} for {bad}") from error
        np.testing.assert_allclose(value, want, rtol=1e-13, err_msg=name)
        for given, slope in slopes.items():
            if given not in bad:
                continue
            np.testing.assert_allclose(grads[given], slope, rtol=1e-12, atol=1e-300, err_msg=f"{name} d{given}")


LAW = [case for i, case in enumerate(cases()) if i % EVERY == 0]


@pytest.mark.parametrize("case", LAW, ids=lambda case: f"{case.gate}-{case.border}-{case.condition}-{case.poison}")
def test_the_law_of_branches(case: Case) -> None:
    holds(*built(case))


def scalar_cases() -> Iterator[tuple[Op, str, float]]:
    for gate in GATES:
        for shape in ("c > 0", "c > 0 and c < 9", "not c <= 0", "own", "own nan"):
            for poison in POISON:
                yield gate, shape, poison


SCALARS = [case for i, case in enumerate(scalar_cases()) if i % EVERY == 0]


@pytest.mark.parametrize(("gate", "condition", "poison"), SCALARS, ids=str)
def test_of_numbers_and_of_elementwise_arrays(gate: Op, condition: str, poison: float) -> None:
    """The same of numbers, with the condition on another number and on the value itself, mapped over arrays, too."""
    args = [f"a{i}" for i in range(len(gate.params))]
    g = called(gate, args)
    good = {arg: float(middle(gate, (3,), i)[1]) for i, arg in enumerate(args)}
    bad = good | dict.fromkeys(poisoned(gate, args), poison)
    if not condition.startswith("own"):
        program = f"where({condition}, sin({g})*{g}, 0) + where({condition}, {g}, 1)"
        good["c"] = bad["c"] = -1.0
        holds(program, bad, program, good, scalars=True)
        many_bad, many_good = ({name: np.full(3, x) for name, x in point.items()} for point in (bad, good))
        holds(program, many_bad, program, many_good)
        return
    with np.errstate(all="ignore"):
        v = gradc.compile(g)(**bad)
    if np.isfinite(v) if condition == "own nan" else np.abs(v) < 1e3:
        return  # it is taken there
    if condition == "own nan" and not np.isnan(v):
        return
    test = "v == v" if condition == "own nan" else "abs(v) < 1e3"
    program = f"v = {g}; where({test}, v, 7)"
    for style, target in itertools.product(("notes", "fast"), ("numpy", "math")):
        fn = gradc.compile(program, style=style, target=target)
        for given in (bad, *[{name: np.full(3, x) for name, x in bad.items()}] * (target == "numpy")):
            for engine in (standalone(fn.source, target).value_and_grad, fn.value_and_grad):
                with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
                    warnings.simplefilter("error")
                    value, grads = engine(**given)
                np.testing.assert_array_equal(value, np.full(np.shape(value), 7.0))
                for slope in grads.values():
                    np.testing.assert_array_equal(slope, np.zeros(np.shape(slope)))


def further(program: str) -> Iterator[tuple[str, str, Any]]:
    """The further modes of each engine: the engine's name, the mode and its function."""
    for style in ("notes", "fast"):
        fn = gradc.compile(program, style=style, also=MODES)  # type: ignore[arg-type]
        module = standalone(fn.source, "scipy")
        for mode in MODES:
            yield f"{style} {mode} called", mode, getattr(fn, mode)
            yield f"{style} {mode}", mode, getattr(module, mode)


def tangents(wrt: Iterable[str], given: dict[str, Any]) -> dict[str, Any]:
    rng = np.random.default_rng(9)
    return {f"{name}_dot": rng.uniform(0.5, 1.5, np.shape(given[name])) for name in wrt}


def derivatives(mode: str, function: Any, given: dict[str, Any], dots: dict[str, Any]) -> dict[Any, Any]:
    """What a mode gives, by what it is the derivative of."""
    found = function(**given, **dots) if mode in ("jvp", "hvp") else function(**given)
    if mode == "jvp":
        return {"tangent": found[1]}
    if mode == "hvp":
        return {**found[1], **{f"{name} along": curve for name, curve in found[2].items()}}
    if mode == "jacobian":
        return dict((found.blocks if hasattr(found, "blocks") else found[1])["f"])
    return dict(found.blocks if hasattr(found, "blocks") else found[2])


def hold_further(program: str, bad: dict[str, Any], reference: str, good: dict[str, Any]) -> None:
    """The same of tangents and of second derivatives, those of the inputs of both programs."""
    fn = gradc.compile(reference)
    wrt = [name for name in fn.inputs if name in bad]
    dots = tangents(wrt, good)
    with np.errstate(all="ignore"):
        still = {f"{name}_dot": np.zeros(np.shape(good[name])) for name in fn.wrt if name not in bad}
        want = {mode: derivatives(mode, getattr(fn, mode), good, dots | still) for mode in MODES}
    for name, mode, function in further(program):
        with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
            warnings.simplefilter("error")
            try:
                found = derivatives(mode, function, bad, dots)
            except Exception as error:
                raise AssertionError(f"{name}: {error!r} for {bad}") from error
        for of, slope in found.items():
            expected = want[mode].get(of, 0.0)
            np.testing.assert_allclose(slope, expected, rtol=1e-10, atol=1e-12, err_msg=f"{name} {of}")


FURTHER = [case for i, case in enumerate(cases()) if i % (6 * EVERY if EVERY > 1 else 1) == 0]


@pytest.mark.parametrize("case", FURTHER, ids=lambda case: f"{case.gate}-{case.border}-{case.condition}-{case.poison}")
def test_the_law_of_further_modes(case: Case) -> None:
    hold_further(*built(case))


@pytest.mark.parametrize(("gate", "condition", "poison"), SCALARS[::4], ids=str)
def test_further_modes_of_arrays_that_look_at_themselves(gate: Op, condition: str, poison: float) -> None:
    """Values that are computed to decide, and then left out: nothing is said of them in any mode."""
    args = [f"a{i}" for i in range(len(gate.params))]
    bad = {arg: np.full(3, float(middle(gate, (3,), i)[1])) for i, arg in enumerate(args)}
    bad |= {arg: np.full(3, poison) for arg in poisoned(gate, args)}
    with np.errstate(all="ignore"):
        v = gradc.compile(called(gate, args))(**bad)[0]
    if np.abs(v) < 1e3:
        return  # it is taken there
    shapes = "".join(f"{arg}: [3]; " for arg in args)
    program = f"{shapes}v = {called(gate, args)}; sum(where(abs(v) < 1e3, v*v, 7))"
    for name, mode, function in further(program):
        with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
            warnings.simplefilter("error")
            try:
                found = derivatives(mode, function, bad, tangents(args, bad))
            except Exception as error:
                raise AssertionError(f"{name}: {error!r}") from error
        for of, slope in found.items():
            np.testing.assert_array_equal(slope, np.zeros(np.shape(slope)), err_msg=f"{name} {of}")


@pytest.mark.parametrize("gate", GATES, ids=str)
def test_behind_a_sign(gate: Op) -> None:
    """A number that is safe for what enters a side may be none for what the side makes of it."""
    args = [f"a{i}" for i in range(len(gate.params))]
    g = called(gate, [f"(-{arg})" for arg in args])
    good = {arg: -middle(gate, (3,), i) for i, arg in enumerate(args)} | {"c": np.array([1.0, -1.0, 1.0])}
    left = np.array([False, True, False])
    for poison in (np.nan, 1e200, -1.0, 0.0, 2.5):
        bad = {**good, **{arg: np.where(left, poison, good[arg]) for arg in poisoned(gate, args)}}
        program = f"where(c > 0, {g}*exp({args[0]}), 0)"
        holds(program, bad, program, good)


# Gates of whole arrays, by the shapes of their arguments.
ARRAYS = [
    ("det({0})", [(2, 2)]), ("inv({0})", [(2, 2)]), ("trace({0})", [(2, 2)]), ("solve({0}, {1})", [(2, 2), (2,)]),
    ("norm({0})", [(3,)]), ("prod({0})", [(3,)]), ("softmax({0})", [(3,)]), ("log_softmax({0})", [(3,)]),
    ("logsumexp({0})", [(3,)]), ("mean({0})", [(3,)]), ("max({0})", [(3,)]), ("outer({0}, {1})", [(2,), (3,)]),
    ("{0} @ {1}", [(2, 3), (3, 2)]), ("dot({0}, {1})", [(3,), (3,)]), ("stack([{0}, {1}])", [(3,), (3,)]),
]  # fmt: skip


@pytest.mark.parametrize("poison", POISON)
@pytest.mark.parametrize(("text", "shapes"), ARRAYS, ids=[each[0] for each in ARRAYS])
def test_gates_of_whole_arrays(text: str, shapes: list[tuple[int, ...]], poison: float) -> None:
    args = [f"a{i}" for i in range(len(shapes))]
    program = "".join(f"{arg}: {list(shape)}; " for arg, shape in zip(args, shapes, strict=True))
    program += f"where(c > 0, sum({text.format(*args)}), 0)"
    good: dict[str, Any] = {
        arg: np.eye(2) + 0.1 if shape == (2, 2) else np.linspace(0.5, 1.5, int(np.prod(shape))).reshape(shape)
        for arg, shape in zip(args, shapes, strict=True)
    }
    bad = {arg: np.full(np.shape(x), poison) for arg, x in good.items()}
    holds(program, bad | {"c": -1.0}, program, good | {"c": -1.0})


@pytest.mark.parametrize("gate", GATES, ids=str)
def test_a_gate_with_a_value_and_a_slope_says_nothing(gate: Op) -> None:
    """Over the float range: where both are finite, nothing between overflows, by NumPy or by Python's own numbers."""
    args = [f"a{i}" for i in range(len(gate.params))]
    program = str(called(gate, args))
    for x in (1e200, -1e200, 1e-200, -1e-200, 1e-310, 800.0, -800.0, 0.0):
        given = {arg: x if arg == "a0" else 0.5 for arg in args}
        with np.errstate(all="ignore"):
            value, grads = gradc.compile(program).value_and_grad(**given)
        if not np.isfinite([value, grads["a0"]]).all():
            continue
        for name, engine in engines(program, scalars=True):
            point = {arg: np.float64(x) for arg, x in given.items()} if "numpy" in name else given
            with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
                warnings.simplefilter("error")
                np.testing.assert_allclose(engine(**point)[1]["a0"], grads["a0"], rtol=1e-12, err_msg=name)


# ---- values that a branch looks at itself, of gates that mix the elements of an array --------------------------------

MIXED = (
    "softmax(x)", "log_softmax(x)", "exp(x - logsumexp(x))", "x/sum(x**2)", "x - mean(x)", "x/norm(x)", "x/std(x)",
    "x/max(x)", "cumsum(x)", "cumprod(x)", "sort(x)", "x*prod(x)", "convolve(x, x, 'same')", "roll(x, 1)*x",
    "solve(eye(4) + outer(x, x), x)", "inv(eye(4) + outer(x, x))[0]", "softmax(outer(x, x), axis=0)[1]",
)  # fmt: skip
OWN_CONDITIONS = (
    "where(w > 0.1, w**2, 0.0)", "where(w > 0.1, log(w), 0.0)", "where(w > 0.1, w*log(w), 0.0)", "maximum(w, 0.1)**2",
    "where(w > 0.1, 1/w, w)", "where(isnan(w), 0.0, w)**2", "where(w > 0.1, w, 0.0)**2", "clip(w, 0.1, 0.5)**2",
)  # fmt: skip


@pytest.mark.parametrize("literal", [False, True])
@pytest.mark.parametrize("mixed", MIXED)
def test_an_element_that_is_left_out_counts_for_its_neighbours(mixed: str, literal: bool) -> None:
    """Nothing comes back to it, and still it has its part in what goes back to the others, and they in its own."""
    x, step = np.array([1.0, 0.2, -1.0, 3.0]), 1e-6
    for chosen in OWN_CONDITIONS:
        program = f"x: [4]; w = {mixed}; sum(array([1., -2., 3., .5])*{chosen})"
        fn = gradc.compile(program, literal=literal)
        moved = [x + sign * step * unit for unit in np.eye(4) for sign in (1, -1)]
        values = np.array([fn(each) for each in moved]).reshape(4, 2)
        slopes = (values[:, 0] - values[:, 1]) / (2 * step)
        fast = gradc.compile(program, literal=literal, style="fast")
        for passes in (fn.value_and_grad, standalone(fn.source).value_and_grad, standalone(fast.source).value_and_grad):
            np.testing.assert_allclose(passes(x)[1]["x"], slopes, rtol=1e-4, atol=1e-6, err_msg=program)
        _, grads, tangents = fn.hvp(x, x)
        np.testing.assert_allclose(grads["x"], slopes, rtol=1e-4, atol=1e-6, err_msg=program)
        up, down = (fn.value_and_grad(x + sign * step * x)[1]["x"] for sign in (1, -1))
        bent = (up - down) / (2 * step)
        np.testing.assert_allclose(tangents["x"], bent, rtol=1e-4, atol=1e-5 * np.abs(bent).max(), err_msg=program)
