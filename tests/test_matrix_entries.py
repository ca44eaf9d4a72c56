"""Matrices of derivatives are put together from each number that is computed once, and from constants."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
from gradc.run.matrices import Kernel

# x*y has the same derivatives again in the second output, constants in the third, and none by z in any.
PROGRAM = "x*y + exp(u), x*y - 3.0*u, 2.0*x + 3.0*y, 0.0*z"
POINT = {"x": 0.5, "y": -1.5, "u": 0.25, "z": 4.0}
BY_HAND = {
    "x": [POINT["y"], POINT["y"], 2.0, 0.0],
    "y": [POINT["x"], POINT["x"], 3.0, 0.0],
    "u": [np.exp(POINT["u"]), -3.0, 0.0, 0.0],
    "z": [0.0, 0.0, 0.0, 0.0],
}


def columns(names: list[str]) -> np.ndarray:
    return np.array([BY_HAND[name] for name in names]).T


@pytest.mark.parametrize("wrt", [["x", "y", "u", "z"], ["u", "x", "z", "y"], ["y"], ["z"], ["u", "y"]])
def test_the_columns_of_a_vector_of_parameters_are_in_its_order(wrt):
    fn = gradc.compile(PROGRAM)
    flat = fn.flat(wrt, **{name: x for name, x in POINT.items() if name not in wrt})
    p = flat.pack({name: POINT[name] for name in wrt})
    assert np.array_equal(flat.jacobian(p), columns(wrt))


def test_the_object_has_the_same_matrix_dense_sparse_and_by_blocks():
    found = gradc.compile(PROGRAM).jacobian(**POINT)
    want = columns(["x", "y", "u", "z"])
    assert np.array_equal(found.dense(), want)
    assert np.array_equal(found.blocks["f2"]["u"], -3.0)
    pytest.importorskip("scipy")
    assert np.array_equal(found.sparse().toarray(), want)


def test_what_recurs_is_computed_once_and_constants_are_not():
    fn = gradc.compile(PROGRAM)
    kernel = Kernel(fn.dag, fn.wrt, "jacobian")
    numbers = kernel.of([POINT[name] for name in kernel.wrt])
    assert numbers is not None
    assert sorted(numbers[2]) == sorted([POINT["y"], POINT["x"], float(np.exp(POINT["u"]))])


def test_a_hessian_of_a_vector_in_another_order_is_symmetric_and_permuted():
    fn = gradc.compile("x**2*y + 3.0*x*z + y*z + 5.0*z**2")
    whole = fn.hessian(1.0, 2.0, 3.0).dense()
    assert np.array_equal(whole, [[4.0, 2.0, 3.0], [2.0, 0.0, 1.0], [3.0, 1.0, 10.0]])
    flat = fn.flat(["z", "x", "y"])
    order = [2, 0, 1]
    assert np.array_equal(flat.hessian(np.array([3.0, 1.0, 2.0])), whole[np.ix_(order, order)])
    v = np.array([1.0, -2.0, 0.5])
    assert np.allclose(flat.hvp(np.array([3.0, 1.0, 2.0]), v), whole[np.ix_(order, order)] @ v)


def test_lines_of_the_matrix_alone_give_no_value():
    fn = gradc.compile("x*y, x + y")
    alone = Kernel(fn.dag, fn.wrt, "jacobian", alone=True)
    assert alone.of([2.0, 3.0]) == ((), (), (3.0, 2.0))
    both = gradc.compile("x*sin(y)")
    assert Kernel(both.dag, both.wrt, "hvp", alone=True).of([2.0, 0.0, 1.0, 0.0]) == ((), (), (0.0, 1.0))
