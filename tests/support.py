"""What the tests share: the corpora and the comparison with them, emitted modules run on their own, the shell's face.

>>> module = standalone("def double(x):\\n    return 2*x\\n")
>>> module.double(4)
8
>>> standalone("import gradc")
Traceback (most recent call last):
ImportError: an emitted module may not import 'gradc'
"""

import ast
import builtins
import contextlib
import dis
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any, TypeVar

import numpy as np
import pytest

T = TypeVar("T")

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
CORPORA = ("feynman", "nist", "mgh", "scipy_go", "tensor", "edge")

RTOL = 1e-9  # of each entry: what the references of the corpora carry at ill-conditioned points, with a margin
NORMWISE = 1e-12  # of the largest entry of the whole gradient: an entry that cancels to nothing keeps this much noise
AGREE = 1e-13  # between two forms of one program: a few roundings, in another order

# Of single precision beside numbers the rules are NumPy 2's; an older NumPy looks at values, and widens, which gradc
# leaves to it.
NUMPY_2 = np.lib.NumpyVersion(np.__version__) >= "2.0.0"
by_numpy_2 = pytest.mark.skipif(not NUMPY_2, reason="an older NumPy widens single precision beside numbers")

Json = dict[str, Any]
Grads = Mapping[str, Any]


# -- the corpora ---------------------------------------------------------------------------------------------------


def corpus(name: str) -> Any:
    """The parsed file of one corpus."""
    return json.loads((TESTS / "corpus" / f"{name}.json").read_text(encoding="utf-8"))


def records() -> list[Json]:
    """Every record of the six corpora, in the order of the files."""
    return [record for name in CORPORA for record in corpus(name)]


def decode(value: Any) -> Any:
    """A JSON value as a float or a float64 array; "NaN" and the infinities are strings there."""
    return np.array([decode(v) for v in value], dtype=float) if isinstance(value, list) else float(value)


def decode_all(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: decode(v) for name, v in values.items()}


def shapes_of(record: Json) -> dict[str, tuple[Any, ...]]:
    """The shape of each input, as `gradc.compile` takes it."""
    return {name: () if v["shape"] == "scalar" else tuple(v["shape"]) for name, v in record["vars"].items()}


def inputs_of(record: Json, point: Json) -> dict[str, Any]:
    return {**decode_all(point["inputs"]), **decode_all(record.get("data", {}))}


def is_finite(values: Mapping[str, Any]) -> bool:
    return all(bool(np.all(np.isfinite(v))) for v in values.values())


# -- comparison: a reference that is not finite must be met exactly, one that is finite within its tolerance -------


def close(got: Any, want: Any, tolerance: Any) -> bool:
    got, want = np.asarray(got, dtype=float), np.asarray(want, dtype=float)
    with np.errstate(all="ignore"):
        near = np.abs(got - want) <= tolerance
    same = (got == want) | (np.isnan(got) & np.isnan(want))
    lost = np.isfinite(want) & ~np.isfinite(got)
    return bool(np.all((near | same) & ~lost))


def magnitude(want: Any) -> Any:
    """|want|, and 0 where it is not finite, so that no tolerance is infinite."""
    want = np.asarray(want, dtype=float)
    return np.where(np.isfinite(want), np.abs(want), 0.0)


def value_error(got: Any, want: Any, rtol: float = RTOL, atol: float = 0.0) -> str | None:
    """What is wrong with a value, or None."""
    if np.iscomplexobj(got):
        return f"value is complex: {got!r}"
    if np.shape(got) != np.shape(want):
        return f"value has shape {np.shape(got)}, expected {np.shape(want)}"
    if not close(got, want, rtol * magnitude(want) + atol):
        return f"value {got!r}, expected {want!r}"
    return None


def gradient_error(got: Grads, want: Grads, rtol: float = RTOL, atol: float = 0.0) -> str | None:
    """What is wrong with a gradient, or None; `want` has the shapes."""
    scale = max((float(np.max(magnitude(w), initial=0.0)) for w in want.values()), default=0.0)
    for name, w in want.items():
        if name not in got:
            return f"no gradient for {name}"
        g = got[name]
        if np.iscomplexobj(g):
            return f"d{name} is complex: {g!r}"
        if np.shape(g) != np.shape(w):
            return f"d{name} has shape {np.shape(g)}, expected {np.shape(w)}"
        if not close(g, w, rtol * magnitude(w) + NORMWISE * scale + atol):
            return f"d{name} is {g!r}, expected {w!r}"
    return None


def point_error(value: Any, grads: Grads, record: Json, point: Json) -> str | None:
    """What is wrong at one point of a record, or None; at a kink with several right answers one of them is enough."""
    tolerances = {"rtol": RTOL, "value_atol": 0.0, "atol": 0.0}
    rtol, value_atol, atol = ({**tolerances, **record, **point}[key] for key in tolerances)
    if wrong := value_error(value, decode(point["value"]), rtol, value_atol):
        return wrong
    if missing := [name for name in record["wrt"] if name not in grads]:
        return f"no gradient for {missing[0]}"
    errors = [
        gradient_error(grads, decode_all(want), rtol, atol) for want in (point["grads"], *point.get("alternatives", []))
    ]
    return None if None in errors else errors[0]


# -- emitted modules, run as their users run them: without gradc ---------------------------------------------------

ALLOWED = {"numpy": {"numpy", "math", "concurrent"}, "math": {"math"}}
ALLOWED["scipy"] = ALLOWED["numpy"] | {"scipy"}


def standalone(source: str, target: str = "numpy") -> ModuleType:
    """The module of a text, in a namespace of its own where nothing but the target's libraries can be imported."""
    allowed = ALLOWED[target]

    def only_allowed(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] not in allowed:
            raise ImportError(f"an emitted module may not import {name!r}")
        return builtins.__import__(name, *args, **kwargs)

    module = ModuleType("emitted")
    module.__dict__["__builtins__"] = {**vars(builtins), "__import__": only_allowed}
    code = compile(source, "<emitted>", "exec")
    exec(code, module.__dict__)
    unknown = set(_global_names(code)) - module.__dict__.keys() - vars(builtins).keys()
    assert not unknown, f"the module says nothing of {unknown}"
    return module


def _global_names(code: CodeType) -> Iterator[str]:
    """What the functions of a module look up in it, wherever they stand: `inf` on a branch that no test takes, too."""
    yield from (each.argval for each in dis.get_instructions(code) if each.opname == "LOAD_GLOBAL")
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _global_names(inner)


def frozen(value: Any) -> Any:
    """A copy of an input that can't be written to."""
    if isinstance(value, np.ndarray):
        value = value.copy()
        value.flags.writeable = False
    return value


def freeze(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: frozen(v) for name, v in values.items()}


def flatten(value: Any) -> list[Any]:
    """The leaves of nested tuples, lists and dicts: floats and arrays."""
    leaves, stack = [], [value]
    while stack:
        top = stack.pop()
        if isinstance(top, dict):
            stack.extend(reversed(list(top.values())))
        elif isinstance(top, (tuple, list)):
            stack.extend(reversed(top))
        else:
            leaves.append(top)
    return leaves


def snapshot(value: Any) -> list[Any]:
    """The leaves of a value, each copied, to be compared later."""
    return [
        np.array(leaf) if isinstance(leaf, (np.ndarray, np.generic, float, int)) else leaf for leaf in flatten(value)
    ]


def unchanged(before: list[Any], value: Any) -> bool:
    """Whether a value still has the leaves of its snapshot, bit for bit."""
    after = flatten(value)
    return len(before) == len(after) and all(
        np.array_equal(b, a, equal_nan=_has_nan(b)) if isinstance(b, np.ndarray) else b is a
        for b, a in zip(before, after, strict=True)
    )


def _has_nan(array: Any) -> bool:
    return str(array.dtype.kind) == "f"


@dataclass(frozen=True, slots=True)
class Passes:
    """The outcome of both passes of a module."""

    value: Any
    grads: dict[str, Any]
    cache: Any


def both_passes(module: Any, inputs: Mapping[str, Any], df: Any = None) -> Passes:
    """Runs forward once and backward twice, and holds the module to its word: nothing of its caller's changes."""
    inputs = freeze(inputs)
    df = tuple(map(frozen, df)) if isinstance(df, tuple) else frozen(df)
    upstream = () if df is None else (df,)
    before = snapshot([inputs, df])
    value, cache = module.forward(**inputs)
    kept = snapshot([value, cache])
    first = module.backward(cache, *upstream)
    grads = {name: np.copy(g) if isinstance(g, np.ndarray) else g for name, g in first.items()}
    again = module.backward(cache, *upstream)
    assert unchanged(kept, [value, cache]), "backward changed the value or the cache"
    assert unchanged(snapshot(grads), first), "the second backward pass changed the gradients of the first"
    assert unchanged(snapshot(grads), again), "backward called twice gives two answers"
    assert unchanged(before, [inputs, df]), "an input or df was changed in place"
    return Passes(value, grads, cache)


# -- the text of emitted modules -----------------------------------------------------------------------------------


def function(source: str, name: str) -> ast.FunctionDef:
    """The definition of a function of an emitted module."""
    found = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == name]
    assert len(found) == 1, f"the module defines {name} {len(found)} times"
    return found[0]


def assigned(source: str, name: str) -> list[str]:
    """The plain names that a function assigns, in order; parameters, the cache and sizes are left out."""
    definition = function(source, name)
    arguments = definition.args
    parameters = {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    targets: list[str] = []
    for node in definition.body:
        if isinstance(node, ast.Assign) and ".shape" not in ast.unparse(node.value):
            targets += [t.id for t in node.targets if isinstance(t, ast.Name)]
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign)) and isinstance(node.target, ast.Name):
            targets.append(node.target.id)
    return [t for t in targets if t not in parameters and t != "cache"]


def is_subsequence(part: Sequence[str], whole: Sequence[str]) -> bool:
    """
    >>> is_subsequence("ac", "abc"), is_subsequence("ca", "abc")
    (True, False)
    """
    rest = iter(whole)
    return all(p in rest for p in part)


@contextlib.contextmanager
def watched(*functions: Callable[..., Any]) -> Iterator[dict[str, Any]]:
    """Collects the local variables that functions hold when they return: the values of the lines of a pass."""
    codes: set[CodeType] = {f.__code__ for f in functions}
    seen: dict[str, Any] = {}

    def on_event(frame: FrameType, event: str, _: Any) -> None:
        if event == "return" and frame.f_code in codes:
            seen.update(frame.f_locals)

    sys.setprofile(on_event)
    try:
        yield seen
    finally:
        sys.setprofile(None)


# -- the shell's face ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left: its exit code, standard output and standard error."""

    code: int
    out: str
    err: str


# Laws hold of a share of their cases by default, and of all where that is asked for: `make laws`.
WHOLE = os.environ.get("GRADC_LAW") == "all"


def some(cases: Sequence[T], count: int) -> list[T]:
    """About so many of the cases, the first and the last among them, in even steps; all in a whole run.

    >>> some("abcdefg", 3) if not WHOLE else ["a", "d", "g"]
    ['a', 'd', 'g']
    """
    if WHOLE or len(cases) <= count:
        return list(cases)
    return [cases[i * (len(cases) - 1) // (count - 1)] for i in range(count)]


def gradc(*args: str, stdin: str | bytes = "") -> Outcome:
    """The command line, in this process; an exception that the command lets through reaches the test."""
    from click.testing import CliRunner

    from gradc.cli import main

    # What the command would report as an internal error comes out as the exception that it is.
    result = CliRunner().invoke(main, list(args), input=stdin, catch_exceptions=False, env={"GRADC_DEBUG": "1"})
    return Outcome(result.exit_code, result.stdout, result.stderr)


def environment(**changes: str) -> dict[str, str]:
    """The environment of a subprocess that finds this checkout of gradc and the tests."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8", **changes}


def python(*args: str, stdin: str = "", timeout: float = 300.0, cwd: Path | None = None, **changes: str) -> Outcome:
    """A Python of its own, with the environment changed as asked."""
    done = subprocess.run(
        [sys.executable, *args],
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout,
        cwd=cwd,
        env=environment(**changes),
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def shapes_in(program: str, arrays: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """The shapes of the arrays that a program names."""
    return {name: value.shape for name, value in arrays.items() if re.search(rf"\b{name}\b", program)}
