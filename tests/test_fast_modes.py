"""Modes of the fast style: modules and engines give what the lines of the notes give, for every record."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.run.engine import Passed
from gradc.run.engines import alone, fitting
from gradc.run.functions import load
from gradc.run.modes import Hessian, Jacobian
from tests.support import CORPORA, Json, corpus, freeze, inputs_of, shapes_of, snapshot, unchanged

MODES = ("jvp", "hvp", "jacobian", "hessian")
CLOSE = 1e-9  # of the largest number: other orders of the same terms
LARGEST = 300  # nodes of a record that is looked at here


def records() -> list[Any]:
    return [pytest.param(record, id=record["id"]) for name in CORPORA for record in corpus(name)]


def modes_of(fn: gradc.Function) -> tuple[str, ...]:
    one = len(fn.outputs) == 1 and not fn.shapes[fn.outputs[0]]
    return MODES if one else MODES[:3]


def numbers(value: Any) -> list[Any]:
    """All arrays of a mode's result."""
    if isinstance(value, str):
        return []
    if isinstance(value, (dict, tuple)):
        return [x for one in (value.values() if isinstance(value, dict) else value) for x in numbers(one)]
    return [np.asarray(value)]


def agree(got: Any, want: Any) -> bool:
    """Whether two results are one; a block that either left out is zero in the other."""
    largest = max((np.max(np.abs(x[np.isfinite(x)]), initial=0.0) for x in numbers(want)), default=0.0)

    def same(one: Any, other: Any) -> bool:
        if isinstance(one, dict) and isinstance(other, dict):
            return all(same(one.get(key, 0.0), other.get(key, 0.0)) for key in {**one, **other})
        if isinstance(one, tuple) and isinstance(other, tuple):
            return len(one) == len(other) and all(map(same, one, other))
        if isinstance(one, (str, dict)) or isinstance(other, (str, dict)):
            return bool(one == other)
        one, other = np.asarray(one), np.asarray(other)
        if one.shape != other.shape and one.shape and other.shape:
            return False
        return bool(np.allclose(one, other, rtol=1e-7, atol=CLOSE * float(largest) + 1e-15, equal_nan=True))

    return same(got, want)


def given_of(record: Json, fn: gradc.Function, mode: str, lists: bool) -> tuple[list[Any], dict[str, Any]]:
    rng = np.random.default_rng(5)
    inputs = freeze(inputs_of(record, record["points"][0]))
    values = [inputs[name] for name in fn.inputs]
    if lists and not fn.dag.declared:
        values = [np.array([x, x]) for x in values]
    if mode not in ("jvp", "hvp"):
        return values, {}
    dots = [rng.normal(size=np.shape(x)) for name, x in zip(fn.inputs, values, strict=True) if name in fn.wrt]
    dots = [float(dot) if dot.shape == () else dot for dot in dots]
    output = [fn.shapes[name] for name in fn.outputs]
    if mode == "hvp" and (len(output) > 1 or output[0]):
        value = fn(*values)
        dfs = [np.ones(np.shape(each))[()] for each in (value if len(output) > 1 else [value])]
        return [*values, *dots, tuple(dfs) if len(output) > 1 else dfs[0]], {}
    return [*values, *dots], {}


def run(function: Any, values: list[Any]) -> Any:
    before = snapshot([x for x in values if isinstance(x, np.ndarray)])
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = function(*values)
        except (ArithmeticError, ValueError) as error:
            return type(error).__name__
    assert unchanged(before, [x for x in values if isinstance(x, np.ndarray)])
    return found


@pytest.mark.parametrize("record", records())
@pytest.mark.parametrize("target", ["numpy", "math"])
def test_the_modules_of_both_styles_agree(record: Json, target: str) -> None:
    try:
        fn = gradc.compile(record["program"], wrt=record["wrt"], shapes=shapes_of(record), target=target)
    except gradc.GradcError:
        return
    if len(fn.dag.nodes) > LARGEST or sum(math.prod(s) for s in shapes_of(record).values()) > 200:
        return
    also = modes_of(fn)
    both = [
        gradc.compile(
            record["program"], wrt=record["wrt"], shapes=shapes_of(record), target=target, style=style, also=also
        )
        for style in ("notes", "fast")
    ]
    plain, fast = (load(each.source) for each in both)
    if both[1].source == both[0].source:
        assert any("fast style" in str(note) for note in both[1].notes)
    assert {*getattr(fast, "HESSIAN_PATTERN", ())} <= {*getattr(plain, "HESSIAN_PATTERN", ())}
    for mode in also:
        for lists in (False, True) if target == "numpy" else (False,):
            values, _ = given_of(record, fn, mode, lists)
            want, got = (run(getattr(module, mode), values) for module in (plain, fast))
            assert agree(got, want), f"{mode}: {got}, not {want}\n{both[1].source}"


@pytest.mark.parametrize("record", records())
def test_every_engine_of_a_mode_agrees_with_the_lines_of_the_notes(record: Json) -> None:
    fn = gradc.compile(record["program"], wrt=record["wrt"], shapes=shapes_of(record))
    if len(fn.dag.nodes) > LARGEST or sum(math.prod(s) for s in shapes_of(record).values()) > 200:
        return

    def shown(found: Any) -> Any:
        if isinstance(found, Jacobian):
            return found.value, found.blocks, found.dense()
        return (found.value, found.grads, found.blocks, found.dense()) if isinstance(found, Hessian) else found

    for mode in modes_of(fn):
        engines = fitting(fn, mode)
        assert engines[-1].name == "passes"
        for lists in (False, True):
            values, _ = given_of(record, fn, mode, lists)
            want = shown(run(alone(fn, engines[-1], mode), values))
            for engine in engines[:-1]:
                try:
                    got = shown(run(alone(fn, engine, mode), values))
                except Passed:
                    continue
                assert agree(got, want), f"{mode} by {engine.name}: {got}, not {want}"


def test_the_tangents_are_called_the_same_in_every_mode_and_style():
    for style in ("notes", "fast"):
        fn = gradc.compile("x*exp(y)", style=style, also="jvp,hvp")
        assert "def jvp(x, y, x_dot, y_dot):" in fn.source
        assert "def hvp(x, y, x_dot, y_dot, df=1.0):" in fn.source


def test_which_engine_takes_a_call_of_a_mode():
    fn = gradc.compile("x*exp(y)")
    assert fn.running(1.0, 2.0, 0.5, 0.5, mode="jvp").engine == "numbers"
    assert fn.running(np.ones(3), 2.0, np.ones(3), 0.5, mode="hvp").engine == "blocks"
    assert fn.running(1.0, 2.0, mode="hessian").engine == "numbers"
    assert fn.running(np.ones(3), 2.0, mode="jacobian").engine == "blocks"
    loss = gradc.compile("X: [n, d]; w: [d]\nsum(tanh(X @ w)**2)")
    X, w = np.ones((3, 2)), np.ones(2)
    assert loss.running(X, w, X, w, mode="hvp").engine == "arrays"
    assert loss.running(X.astype("f4"), w, X, w, mode="hvp").engine == "passes"
    assert "def hvp(X=absent" in loss.running(X, w, X, w, mode="hvp").text
