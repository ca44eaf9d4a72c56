"""Every path answers, and all answer alike: names of helpers, long chains, ellipses, constants beyond the real line."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import gradc
from tests.support import standalone

STYLES = ["notes", "fast"]
TARGETS = ["numpy", "math"]


def answers(fn: gradc.Function, *args: Any) -> list[tuple[Any, dict[str, Any]]]:
    """Value and gradient by every way there is: calls, passes, and the module's three functions."""
    module = standalone(fn.source, fn.target)
    df = [np.ones(np.shape(fn(*args)))] if any(fn.shapes[name] for name in fn.outputs) else []
    found = [fn.value_and_grad(*args, **({"df": df[0]} if df else {})), module.value_and_grad(*args, *df)]
    for passes in (fn, module):
        value, cache = passes.forward(*args)
        found.append((value, passes.backward(cache, *df)))
    found.append((fn(*args), found[0][1]))
    return found


def agree(found: list[tuple[Any, dict[str, Any]]], *others: tuple[Any, dict[str, Any]]) -> None:
    value, grads = found[0]
    for other, theirs in [*found[1:], *others]:
        np.testing.assert_allclose(other, value, rtol=1e-12)
        for one, two in zip(theirs.values(), grads.values(), strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-12)


# What modules call, by names that a user may have for a variable.
NAMES = (
    "float type sum absent rest pack as_float in_blocks masked first_max quotients from_heaviest sign softplus".split()
)
ON_NUMBERS = ["abs({n})*sign({n} - y) + log(1 + exp({n}))", "sqrt(abs({n}))*where({n} > y, log({n}), y) + erf(y)"]
ON_ARRAYS = [
    "{n}: [3]; max({n}) + sum(where({n} > 0, {n}*log({n}), 0)) + sum(abs({n})*sign({n}))",
    "{n}: [3]; log(sum(exp({n}))) + prod({n}) + norm({n}) + sum(tanh({n}))",
    "{n}: [3]; v = exp({n})/sum(exp({n})); sum(v*v) + v[0]",
    "{n}: [2, 2]; det({n}) + sum(max({n}, axis=1)**2) + sum(prod({n}, axis=0)) + sum({n}[0])",
    "{n}: [2]; log(1 + exp({n}[0]))/(1 + exp(-{n}[1]))",
]


def named(program: str, name: str, **options: Any) -> gradc.Function | None:
    """The program with this name for a variable; None where the program calls the gate of that name."""
    if f"{name}(" in program:
        return None
    return gradc.compile(program.replace("{n}", name), **options)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", NAMES)
def test_a_variable_may_have_the_name_of_what_a_module_calls(name: str, style: str) -> None:
    for program, target in [*itertools.product(ON_NUMBERS, TARGETS), *itertools.product(ON_ARRAYS, ["numpy"])]:
        fn, plain = named(program, name, style=style, target=target), named(program, "x0", style=style, target=target)
        if fn is None or plain is None:
            continue
        given = [[2.0, 0.7]]
        if program in ON_ARRAYS:
            shape = fn.shapes[name]
            given = [[np.sqrt(np.arange(1.0, 1 + np.prod(shape))).reshape(shape)]]
        elif target == "numpy":
            given.append([np.array([2.0, 0.5]), 0.7])
        for args in given:
            df = {} if np.ndim(fn(*args)) == 0 else {"df": np.ones(2)}
            if not df:
                agree(answers(fn, *args), plain.value_and_grad(*args))
            else:
                agree(
                    [fn.value_and_grad(*args), standalone(fn.source).value_and_grad(*args)], plain.value_and_grad(*args)
                )


@pytest.mark.parametrize("name", ["float", "abs", "sum", "type", "eval", "np", "sigmoid"])
def test_the_functions_may_not_have_the_name_of_what_a_module_calls(name: str) -> None:
    with pytest.raises(ValueError, match=f"has a '{name}' of its own; choose another name"):
        gradc.compile("abs(x)*y", function_name=name)


CHAINS = [
    ("x: [3, 3]; h = x", "h = h[::-1]", "sum(h*h)"),
    ("x: [3, 3]; h = x", "h = h.T", "sum(h*h)"),
    ("x: [2, 3]; h = x", "h = reshape(h, (3, 2)).T", "sum(h*h)"),
    ("x: [3]; h = x[0]", "h = h*x[1]", "h"),
    ("h = x", "h = sin(h*x)", "h"),
]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("first", "line", "last"), CHAINS)
def test_a_chain_of_400_lines_is_no_recursion(first: str, line: str, last: str, style: str) -> None:
    fn = gradc.compile("\n".join([first, *[line] * 400, last]), style=style)
    shape = fn.shapes["x"]
    x = np.linspace(0.5, 1.0, int(np.prod(shape))).reshape(shape) if shape else 0.75
    agree(answers(fn, x))


@pytest.mark.parametrize("style", STYLES)
def test_conditions_of_many_parts_are_no_recursion(style: str) -> None:
    program = "where(" + " and ".join(f"x > -{i}" for i in range(400)) + ", x*x, 0)"
    for declared in ("", "x: [3]; "):
        fn = gradc.compile(declared + program, style=style)
        x = np.array([1.0, 2.0, -1.0])
        value, cache = fn.forward(x)
        np.testing.assert_array_equal(value, [1.0, 4.0, 0.0])
        np.testing.assert_array_equal(fn.backward(cache, np.ones(3))["x"], [2.0, 4.0, 0.0])


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("program", "shape", "at"),
    [
        ("x[..., 0]", (3,), (0,)),
        ("x[0, ...]", (3,), (0,)),
        ("x[1, ..., 2]", (2, 3), (1, 2)),
        ("x[1, 2, ...]", (2, 3), (1, 2)),
    ],
)
def test_an_ellipsis_may_stand_for_no_axis(
    program: str, shape: tuple[int, ...], at: tuple[int, ...], style: str
) -> None:
    fn = gradc.compile(f"s = {program}; s*s", shapes={"x": shape}, style=style)
    x = np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
    want = np.zeros(shape)
    want[at] = 2 * x[at]
    agree(answers(fn, x), (x[at] ** 2, {"x": want}))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("program", "value", "slope"),
    [
        ("1/0*x", np.inf, np.inf),
        ("-1/0 + x", -np.inf, 1.0),
        ("0/0*x", np.nan, np.nan),
        ("1/(1 - 1)*x", np.inf, np.inf),
        ("0**-1*x", np.inf, np.inf),
        ("(-8)**(1/3)*x", np.nan, np.nan),
        ("x**(1/0)", np.inf, np.inf),
    ],
)
def test_constants_follow_ieee(program: str, value: float, slope: float, style: str, target: str) -> None:
    fn = gradc.compile(program, style=style, target=target)
    for found, grads in answers(fn, 2.0):
        np.testing.assert_array_equal([found, grads["x"]], [value, slope])


def test_a_derivative_whose_exponent_no_decimal_has_is_checked() -> None:
    assert gradc.compile("x = x*x\n" * 300 + "x").check(points=1).ok
