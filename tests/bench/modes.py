"""Jacobians, Hessians and their products: what they cost, beside CasADi's ordinary call and JAX's jitted one.

>>> [name for name, _ in jacobians()]
['three bodies, 9 x 9', 'arm of 20 joints, 40 x 20', 'Brusselator of 20', 'Brusselator of 100']
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tests.bench import programs
from tests.bench.clock import interleaved
from tests.bench.peers import library
from tests.bench.table import Row

# What the best of CasADi and SymPy with `cse` need for value, gradient and Hessian.
HESSIANS = {
    "Rosenbrock 10": (programs.written_rosenbrock(10), False, 172),
    "Helmholtz 10": (programs.written_helmholtz(10), False, 3711),
    "notes' example, literal": (programs.NOTES, True, 75),
    "product of 10": ("*".join(f"x{i}" for i in range(10)), False, 95),
}


def three_bodies() -> str:
    """The accelerations of three bodies of masses 1, 2 and 3 by their nine coordinates."""
    pairs = ((0, 1), (0, 2), (1, 2))
    lines = [f"w{a}{b} = ((x{a} - x{b})**2 + (y{a} - y{b})**2 + (z{a} - z{b})**2)**-1.5" for a, b in pairs]
    out = []
    for a in range(3):
        for c in "xyz":
            others = [b for b in range(3) if b != a]
            out.append(" + ".join(f"{b + 1}.0*({c}{b} - {c}{a})*w{min(a, b)}{max(a, b)}" for b in others))
    return "\n".join([*lines, ", ".join(out)])


def arm(n: int) -> str:
    """The places of an arm's joints by its angles."""
    lines = []
    for i in range(n):
        before = (f"s{i - 1} + ", f"x{i - 1} + ", f"y{i - 1} + ") if i else ("", "", "")
        lines += [f"s{i} = {before[0]}q{i}", f"x{i} = {before[1]}cos(s{i})", f"y{i} = {before[2]}sin(s{i})"]
    return "\n".join([*lines, ", ".join([f"x{i}" for i in range(n)] + [f"y{i}" for i in range(n)])])


def brusselator(n: int) -> str:
    """The rates of a reaction with diffusion in n cells of two substances."""

    def spread(c: str, i: int) -> str:
        return f"2.0*({c}{max(i - 1, 0)} - 2*{c}{i} + {c}{min(i + 1, n - 1)})"

    rates = [
        f"1 + u{i}**2*v{i} - 4*u{i} + {spread('u', i)}, 3*u{i} - u{i}**2*v{i} + {spread('v', i)}" for i in range(n)
    ]
    return ", ".join(rates)


def jacobians() -> list[tuple[str, str]]:
    return [
        ("three bodies, 9 x 9", three_bodies()),
        ("arm of 20 joints, 40 x 20", arm(20)),
        ("Brusselator of 20", brusselator(10)),
        ("Brusselator of 100", brusselator(50)),
    ]


def _namespace(module: Any) -> dict[str, Any]:
    return {name: getattr(module, name) for name in ("sin", "cos")}


def _run(program: str, names: list[str], values: Any, namespace: dict[str, Any]) -> list[Any]:
    """The outputs of a program of ours, which is one of Python's, too."""
    *lines, last = program.split("\n")
    space = {**namespace, **{name: values[i] for i, name in enumerate(names)}}
    exec("\n".join([*lines, f"out_ = [{last}]"]), space)
    return list(space["out_"])


def _casadi(program: str, names: list[str], p: Any) -> Callable[[], Any]:
    ca = library("casadi")
    x = ca.SX.sym("x", len(names))
    f = ca.vertcat(*_run(program, names, x, _namespace(ca)))
    function = ca.Function("J", [x], [ca.jacobian(f, x)])
    return lambda: function(p)


def _jax(program: str, names: list[str], p: Any) -> Callable[[], Any]:
    jax = library("jax")
    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy
    jitted = jax.jit(jax.jacfwd(lambda x: jnp.stack(_run(program, names, x, _namespace(jnp)))))
    return lambda: jitted(p).block_until_ready()


def _jacobian(name: str, program: str, rounds: int, say: Callable[[str], None]) -> Row:
    import gradc

    flat = gradc.compile(program).flat()
    p = np.random.default_rng(0).uniform(0.3, 1.2, flat.size)
    ways: dict[str, Callable[[], Any]] = {"gradc": lambda: flat.jacobian(p)}
    for peer, way in (("CasADi", _casadi), ("JAX", _jax)):
        try:
            ways[peer] = way(program, list(flat.wrt), p)
            ways[peer]()
        except Exception as error:  # a peer's failure leaves its cell empty, whatever it is
            say(f"  {peer} left out of {name}: {type(error).__name__}: {str(error)[:100]}")
            ways.pop(peer, None)
    times = interleaved(ways, rounds)
    base = times.get("CasADi")
    if base is None:
        return Row(name, "µs", times["gradc"] * 1e6)
    others = {peer: seconds / base for peer, seconds in times.items() if peer not in ("gradc", "CasADi")}
    return Row(name, "× CasADi", times["gradc"] / base, 1.0, others)


def _operations() -> list[Row]:
    from gradc.emit.lines import cost_of, lines_of
    from gradc.language import parse
    from gradc.optimize.second import hessian

    rows = []
    for name, (program, literal, most) in HESSIANS.items():
        dag = parse(program, literal=literal)
        wrt = [each for each in dag.inputs if each[0] in "xy"]
        joint = hessian(dag, wrt, literal=literal).joint
        plan = lines_of(joint.nodes, joint.roots, joint.places())
        count = cost_of(plan)
        rows.append(Row(f"value, gradient and Hessian: {name}", "operations", count, most))
    return rows


def _products(rounds: int) -> Row:
    import gradc

    fn = gradc.compile(programs.written_rosenbrock(100))
    numbers = np.linspace(-1.0, 1.0, len(fn.inputs)).tolist()
    calls = {"hvp": lambda: fn.hvp(*numbers, *numbers), "gradient": lambda: fn.value_and_grad(*numbers)}
    times = interleaved(calls, rounds)
    return Row("Hessian times a vector: Rosenbrock 100", "× gradient", times["hvp"] / times["gradient"], 2.5)


REGRESSION = "X: [n, d]; y: [n]; w: [d]; b\np = sigmoid(X @ w + b)\n-sum(y*log(p) + (1 - y)*log(1 - p))"
LAYER = "X: [n, d]; W1: [d, h]; W2: [h]; y: [n]\nH = tanh(X @ W1)\nmean((H @ W2 - y)**2)"


def _of_arrays(rounds: int) -> list[Row]:
    """The product of arrays beside their gradient, by the weights alone."""
    import gradc

    rng, rows = np.random.default_rng(0), []
    data = {"X": rng.normal(size=(500, 40)), "y": (rng.random(500) > 0.5) * 1.0}
    weights = {
        "w": 0.1 * rng.normal(size=40),
        "b": 0.1,
        "W1": 0.1 * rng.normal(size=(40, 60)),
        "W2": rng.normal(size=60),
    }
    for name, program in (("logistic regression", REGRESSION), ("a layer of 60", LAYER)):
        fn = gradc.compile(program, wrt=[each for each in weights if each in gradc.compile(program).inputs])
        given = [{**data, **weights}[each] for each in fn.inputs]
        along = [x for each, x in zip(fn.inputs, given, strict=True) if each in fn.wrt]
        calls = {"hvp": partial(fn.hvp, *given, *along), "gradient": partial(fn.value_and_grad, *given)}
        times = interleaved(calls, rounds)
        rows.append(Row(f"Hessian times a vector: {name}", "× gradient", times["hvp"] / times["gradient"], 2.5))
    return rows


def _compiled() -> Row:
    import gradc

    program = programs.written_rosenbrock(1000)
    flat = gradc.compile(program).flat()
    p, start = np.zeros(flat.size), time.process_time()
    flat.hessian(p)
    return Row("Hessian of 1,000 sparse inputs, compiled", "s", time.process_time() - start, 1.0)


def jacobian_rows(rounds: int, say: Callable[[str], None]) -> list[Row]:
    """Calls of `fn.flat().jacobian`."""
    return [_jacobian(name, program, rounds, say) for name, program in jacobians()]


def hessian_rows(rounds: int) -> list[Row]:
    """Operations, products with a vector, and the time to the first Hessian of many sparse inputs."""
    return [*_operations(), _products(rounds), _compiled()]


__all__ = ["hessian_rows", "jacobian_rows", "jacobians"]
