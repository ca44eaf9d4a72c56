"""Random programs, in every style, against oracles that share no code with the compiler; FUZZ_N says how many.

A failure names the one command that repeats it and shrinks it.
"""

import os

import numpy as np
import pytest

import gradc
from tests.as_python import RTOL, differences, run
from tests.fuzz.check import check_program
from tests.fuzz.pythonic import pythonic

N = int(os.environ.get("FUZZ_N", "500"))
FIRST = int(os.environ.get("FUZZ_SEED", "0"))
PIECES = 20  # so that processes can share the work


@pytest.mark.parametrize("piece", range(PIECES))
def test_random_programs(piece: int) -> None:
    for seed in range(FIRST + piece, FIRST + N, PIECES):
        wrong = check_program(seed)
        assert wrong is None, f"python -m tests.fuzz 1 --seed {seed}\n{wrong}"


# -- programs as their authors write them -------------------------------------------------------------------------


def is_as_python(seed: int) -> None:
    program, inputs = pythonic(seed)
    shapes = {name: np.shape(value) for name, value in inputs.items() if np.shape(value)}
    wanted = run(program, inputs)
    slopes = differences(program, {name: value for name, value in inputs.items() if name != "k"}, {"k": inputs["k"]})
    for style in ("notes", "fast"):
        fn = gradc.compile(program, shapes=shapes, style=style)
        space: dict[str, object] = {}
        exec(fn.source, space)
        given = {name: inputs[name] for name in fn.inputs}
        for both in (fn.value_and_grad, space["value_and_grad"]):
            value, grads = both(**given)  # type: ignore[operator]  # a function of the module
            np.testing.assert_allclose(value, wanted, rtol=1e-12, atol=1e-13, err_msg=program)
            assert list(grads) == [name for name in fn.inputs if name != "k"]
            for name, grad in grads.items():
                scale = max(1.0, float(np.max(np.abs(slopes[name]))))
                np.testing.assert_allclose(
                    grad, slopes[name], rtol=RTOL, atol=RTOL * scale, err_msg=f"{name}\n{program}"
                )


@pytest.mark.parametrize("seed", range(FIRST, FIRST + max(60, N // 10)))
def test_as_python_has_it(seed: int) -> None:
    is_as_python(seed)
