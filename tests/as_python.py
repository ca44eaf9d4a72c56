"""A program of the language run as the Python that it is, and its gradient by differences of its values."""

import ast
from collections.abc import Mapping
from typing import Any

import numpy as np

import gradc

# Central differences of three steps, each a third of the one before: the error is as the step's sixth power.
STEP = 2e-3
# What differences of values are worth: some 1e-16/STEP of the value, and the seventh derivative.
RTOL = 1e-7


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def relu(x: Any) -> Any:
    return np.maximum(x, 0)


def softplus(x: Any) -> Any:
    return np.logaddexp(x, 0)


NAMES: dict[str, Any] = {
    **{name: getattr(np, name) for name in "exp log sin cos tanh sqrt where stack concatenate maximum minimum".split()},
    "np": np, "sigmoid": sigmoid, "relu": relu, "softplus": softplus, "pi": np.pi, "inf": np.inf,
}  # fmt: skip


def run(program: str, inputs: Mapping[str, Any]) -> Any:
    """The value of a program's last line, or what its only function returns; declarations are passed over."""
    lines = [line for line in program.split("\n") if not _is_declaration(line)]
    tree = ast.parse("\n".join(lines))
    last = tree.body[-1]
    space: dict[str, Any] = {**NAMES, **inputs}
    if isinstance(last, ast.Expr):
        tree.body[-1] = ast.Assign([ast.Name("_", ast.Store())], last.value)
    elif isinstance(last, ast.Assign):
        tree.body.append(
            ast.Assign([ast.Name("_", ast.Store())], ast.parse(ast.unparse(last.targets[0])).body[0].value)
        )  # type: ignore[attr-defined]  # an expression
    exec(compile(ast.fix_missing_locations(tree), "<program>", "exec"), space)
    if isinstance(last, ast.FunctionDef):
        return space[last.name](*(inputs[arg.arg] for arg in last.args.args))
    return space["_"]


def _is_declaration(line: str) -> bool:
    name, colon, rest = line.partition(":")
    return bool(colon) and name.strip().isidentifier() and rest.strip().startswith("[") and "=" not in line


def differences(
    program: str, inputs: Mapping[str, Any], fixed: Mapping[str, Any] = {}
) -> dict[str, Any]:  # never written to
    """The gradient of a program's value by central differences; `fixed` inputs stay as they are."""

    def value(name: str, at: Any, step: float) -> float:
        moved = {key: np.array(each, dtype=float) for key, each in inputs.items()}
        moved[name][at] += step
        given = {key: each if each.shape else float(each) for key, each in moved.items()}
        return float(np.sum(run(program, {**given, **fixed})))

    grads = {}
    for name, given in inputs.items():
        whole = np.array(given, dtype=float)
        grad = np.zeros_like(whole)
        for at in np.ndindex(whole.shape):
            steps = (STEP, STEP / 3, STEP / 9)
            slopes = [(value(name, at, step) - value(name, at, -step)) / (2 * step) for step in steps]
            first, second = (9 * slopes[1] - slopes[0]) / 8, (9 * slopes[2] - slopes[1]) / 8
            grad[at] = (81 * second - first) / 80
        grads[name] = grad
    return grads


def agrees(program: str, inputs: Mapping[str, Any], shapes: Mapping[str, Any] | None = None) -> bool:
    """Whether value and gradient are those of the program as Python; in both styles and through the emitted text."""
    wanted, slopes = run(program, inputs), differences(program, inputs)
    declared = shapes or {name: np.shape(value) for name, value in inputs.items() if np.shape(value)}
    for style in ("notes", "fast"):
        fn = gradc.compile(program, shapes=declared, style=style)
        given = {name: inputs[name] for name in fn.inputs}
        space: dict[str, Any] = {}
        exec(fn.source, space)
        df = {} if np.shape(wanted) == () else {"df": np.ones(np.shape(wanted))}
        for both in (fn.value_and_grad, space["value_and_grad"]):
            value, grads = both(**given, **df)
            np.testing.assert_allclose(value, wanted, rtol=1e-13)
            for name in fn.inputs:
                scale = max(1.0, float(np.max(np.abs(slopes[name]))))
                np.testing.assert_allclose(grads[name], slopes[name], rtol=RTOL, atol=RTOL * scale, err_msg=name)
    return True
