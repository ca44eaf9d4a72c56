"""A whole target in one place: what a new one must say, and that nothing else needs to know of it.

The toy has arrays that may not be written to and functions instead of operators, as some frameworks do.
"""

from typing import Any

import numpy as np
import pytest

import gradc
from gradc.emit.target import Import, Target
from gradc.emit.targets import TARGETS
from gradc.plan.notes import Notes
from gradc.plan.verify import verify

ADDED_AT = '''
def added_at(x, v, index):
    """x with v added at an index, as a new array."""
    out = x.copy()
    out[index] = out[index] + v
    return out
'''
READ = '''
def read(name, x, *shape):
    """The input as an array of floats of the given shape, in which a name stands for any size."""
    x = np.asarray(x, dtype=float)
    if len(shape) != x.ndim or any(type(want) is int and want != size for want, size in zip(shape, x.shape)):
        raise ValueError(f"{name}: shape {shape} is expected, not {x.shape}")
    return x
'''

TOY = Target(
    name="toy",
    like="numpy",  # the forms of all other gates
    in_place=False,
    imports=(Import("np", "import numpy as np", "import numpy as {name}"),),
    helpers={**TARGETS["numpy"].helpers, "read": READ, "added_at": ADDED_AT},
    forms={
        "add": "np.add({x}, {y})",
        "sub": "np.subtract({x}, {y})",
        "mul": "np.multiply({x}, {y})",
        "div": "np.divide({x}, {y})",
        "neg": "np.negative({x})",
        "square": "np.square({x})",
        "matmul": "np.matmul({x}, {y})",
        "as_float": 'read("{name}", {x}, *np.shape({x}))',
        "as_array": 'read("{name}", {x}{*dims})',
        "shape_of": "np.shape({x})",
        "size_of": "np.shape({x})[{axis}]",
        "zeros_like": "np.zeros_like({x})",
        "full_like": "np.full_like({x}, {v})",
        "number_of": "{x}",
        "cast": "float({x})",
        "item": "{x:atom}[{at}]",
        "call": "{function}({*args})",
        "added_at": "added_at({x}, {v}, np.s_[{index:subscript}])",
    },
)

PROGRAMS: list[tuple[str, dict[str, Any]]] = [
    ("(x + y)*z", {"x": -2.0, "y": 5.0, "z": -4.0}),
    ("(x + sigmoid(y))/(sigmoid(x) + (x + y)**2)", {"x": 3.0, "y": -4.0}),
    ("max(x, y)*x - abs(y)", {"x": 1.5, "y": -2.0}),
    ("where(x > 0, log(x)*y, exp(x)*y) + x*y", {"x": -1.0, "y": 2.0}),
    ("x = sin(x); x**2 + x*y", {"x": 0.7, "y": 0.3}),
    (
        "W: [2, 3]; x: [3]; sum(tanh(W @ x)**2)",
        {"W": np.arange(6.0).reshape(2, 3) / 5, "x": np.array([0.3, -0.2, 0.9])},
    ),
    ("x: [4]; x[0]*x[1] + sum(x[1:]) + x[3]**2", {"x": np.array([0.5, 1.5, -0.5, 2.0])}),
    ("X: [n, d]; b: [d]; sum(logsumexp(X + b, axis=1))", {"X": np.eye(2, 3), "b": np.array([0.1, 0.2, 0.3])}),
    ("x: [3]; s; sum(s*x)/s", {"x": np.array([1.0, 2.0, 4.0]), "s": 0.5}),
    ("a = x*y; b = x + y; a*b + a", {"x": 1.25, "y": -0.75}),
]


@pytest.fixture(autouse=True)
def _toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TARGETS.names, "toy", TOY)


@pytest.mark.parametrize(("program", "inputs"), PROGRAMS)
def test_ten_programs(program: str, inputs: dict[str, Any]) -> None:
    toy, numpy = gradc.compile(program, target="toy"), gradc.compile(program)
    verify(Notes(toy.staged, TOY).module(), TOY)
    assert "+=" not in toy.source.split("\n\n\ndef forward")[1]
    value, cache = toy.module.forward(*(inputs[name] for name in toy.inputs))
    grads = toy.module.backward(cache, 1.0)
    wanted, slopes = numpy.value_and_grad(**inputs)
    assert np.allclose(value, wanted, rtol=1e-14, atol=0)
    for name, slope in slopes.items():
        assert np.allclose(grads[name], slope, rtol=1e-13, atol=1e-300)


def test_what_it_prints() -> None:
    source = gradc.compile("x: [3]; x[0]*x[1] + sum(x)", target="toy").source
    assert "dx = added_at(" in source


def test_what_it_has_no_form_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TARGETS.names, "toy", TOY._replace(like=""))
    with pytest.raises(gradc.GradcError, match="the target 'toy' has no form for 'tan'"):
        gradc.compile("tan(x)", target="toy")
