"""NumPy's idioms on the frameworks: what a module of theirs gives is what NumPy's gives, gradients included."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc
from tests.test_idioms import ARRAYS, IDIOMS, REFUSED, by_numpy, names_in

TAKEN = [idiom for idiom in IDIOMS if idiom not in REFUSED]


def both(idiom: str, target: str, convert: Any, back: Any) -> None:
    """Hold the target's module against NumPy's at the same point."""
    given = {name: ARRAYS[name] for name in names_in(idiom)}
    if by_numpy(idiom, given) is None:
        return
    shapes = {name: np.shape(value) for name, value in given.items()}
    ours = gradc.compile(f"out = {idiom}", shapes=shapes)
    module: dict[str, Any] = {}
    exec(gradc.compile(f"out = {idiom}", shapes=shapes, target=target).source, module)
    given = {name: given[name] for name in ours.inputs}
    value, cache = module["forward"](**{name: convert(each) for name, each in given.items()})
    want, kept = ours.forward(**given)
    np.testing.assert_allclose(back(value), want, rtol=1e-9, atol=1e-9)
    df = np.cos(np.arange(np.size(want))).reshape(np.shape(want))
    slopes = ours.backward(kept, df)
    for name, slope in module["backward"](cache, convert(df)).items():
        np.testing.assert_allclose(back(slope), slopes[name], rtol=1e-8, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("idiom", TAKEN)
def test_torch(idiom: str) -> None:
    torch = pytest.importorskip("torch")
    both(idiom, "torch", lambda x: torch.tensor(np.asarray(x)), lambda x: np.asarray(x.detach()))


@pytest.mark.parametrize("idiom", TAKEN)
def test_jax(idiom: str) -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    both(idiom, "jax", jax.numpy.asarray, np.asarray)
