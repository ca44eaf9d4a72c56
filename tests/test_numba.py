"""The target `numba`: what it prints without Numba, and, where Numba is, what its loops give."""

import ast
import importlib.util
import math
import os
import pickle
import platform
import re
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradc
from tests.support import Json, inputs_of, point_error, python, records, shapes_of

STAGED = "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)"
STRIDE = int(os.environ.get("GRADC_FRAMEWORKS", "17"))
NUMBERS = [record for record in records() if all(shape == () for shape in shapes_of(record).values())]


def loaded(fn: gradc.Function) -> types.ModuleType:
    """The module of a text, as it stands by itself."""
    module = types.ModuleType("emitted")
    exec(compile(fn.source, "emitted", "exec"), module.__dict__)
    return module


@pytest.fixture
def numba() -> Any:
    return pytest.importorskip("numba")


# -- the text ----------------------------------------------------------------------------------------------------------


def test_the_text_needs_no_numba_to_be_printed() -> None:
    code = "import gradc, sys; gradc.compile('x*exp(y)', target='numba').source; assert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_text() -> None:
    source = gradc.compile(STAGED, target="numba").source
    tree = ast.parse(source)
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"concurrent.futures", "llvmlite.ir", "numba", "numba.extending"}
    assert "fastmath" not in source
    assert [line for line in source.splitlines() if line.startswith("def ")][:6] == [
        "def forward(x, y):", "def backward(cache, df=1.0):", "def value_and_grad(x, y, out=None, threads=1):",
        "def f(x, y):", "def f_loop(x, y, f_out):", "def slopes(x, y, df):",
    ]  # fmt: skip
    assert max(map(len, source.splitlines())) <= 120


@pytest.mark.parametrize(("program", "there", "absent"), [("x*y", "", "fma exp angle"), ("exp(x)", "exp", "log_of")])
def test_a_module_carries_what_it_calls(program: str, there: str, absent: str) -> None:
    source = gradc.compile(program, target="numba").source
    assert all(f"def {name}(" in source for name in there.split())
    assert not any(f"def {name}(" in source for name in absent.split())


def test_what_divides_several_values_is_inverted_once() -> None:
    source = gradc.compile("x/z + sin(y/z)", target="numba", wrt=["x"]).source
    assert "invz = 1.0/z" in source
    assert "3.0" in gradc.compile("x/3 + sin(y/3)", target="numba", wrt=["x"]).source


MODES = ("jvp", "hvp", "jacobian", "hessian")


def test_further_modes_are_loops_too() -> None:
    source = gradc.compile(STAGED, target="numba", also=MODES).source
    ast.parse(source)
    for mode in MODES:
        assert f"def {mode}_point(" in source
        assert f"def {mode}_loop(" in source
    assert "HESSIAN_PATTERN = ((0, 0), (0, 1), (1, 1))" in source
    assert "def hvp(a, b, a_dot, b_dot, df):" in gradc.compile("a*b, a + b", target="numba", also="hvp").source


def test_a_line_that_is_another_s_has_that() -> None:
    source = gradc.compile(STAGED, target="numba", also="hessian").source
    lines = [line for line in source[source.index("def hessian_point") :].splitlines() if " = " in line]
    said = [line.partition(" = ")[2] for line in lines[: next(i for i, line in enumerate(lines) if "spans" in line)]]
    assert len(set(said)) == len(said)


# -- what it gives -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("record", [pytest.param(each, id=each["id"]) for each in NUMBERS[::STRIDE]])
def test_the_values_of_the_corpora(numba: Any, record: Json) -> None:
    fn = gradc.compile(record["program"], wrt=list(record["wrt"]), target="numba")
    module = loaded(fn)
    for point in record["points"]:
        inputs = {name: float(each) for name, each in inputs_of(record, point).items()}
        value, grads = module.value_and_grad(**inputs)
        assert point_error(value, grads, record, point) is None
        rows = [np.array([inputs[name]] * 2) for name in fn.inputs]
        value, grads = module.value_and_grad(*rows)
        assert point_error(value[1], {name: each[1] for name, each in grads.items()}, record, point) is None
        value, cache = module.forward(*rows)
        grads = module.backward(cache)
        assert point_error(value[1], {name: each[1] for name, each in grads.items()}, record, point) is None


ARRAYS = [record for record in records() if record not in NUMBERS]


@pytest.mark.parametrize("record", [pytest.param(each, id=each["id"]) for each in ARRAYS[:: STRIDE - 4 or 1]])
def test_the_values_of_programs_of_arrays(numba: Any, record: Json) -> None:
    shapes = {name: shape for name, shape in shapes_of(record).items() if shape != ()}
    module = loaded(gradc.compile(record["program"], shapes=shapes, wrt=list(record["wrt"]), target="numba"))
    for point in record["points"][:2]:
        value, grads = module.value_and_grad(**inputs_of(record, point))
        assert point_error(value, grads, record, point) is None


LAYER = "X: [n, d]; W: [d, h]; b: [h]; Y: [n, h]\nH = tanh(X @ W + b)\nmean(sum((H - Y)**2, axis=1))"


def test_neighbouring_lines_of_elements_are_one_loop() -> None:
    source = gradc.compile(LAYER, target="numba").source
    forward = source[source.index("def forward") : source.index("def backward")]
    assert "XWpb, HmY, HmYsqr = loop1(XW, b, Y)" in forward  # H is no array: nobody else reads it
    assert "XW = X @ W" in forward
    assert "XWpb = XW[i, j] + b[j]" in source
    assert "H_out" not in source


SHAPED = {
    "spread along both": "u: [3]; v: [4]; w: [3, 4]; sum(exp(u[:, None]*w + v)/(1 + w**2))",
    "axes of the loops": "i: [3]; j: [3]; k; sum(where(i > 0, log(abs(i) + 1)*j, j**2)*k)",
    "a helper of NumPy's too": "x: [5]; s; sum(sigmoid(x*2 + 1)*x) + sigmoid(s)",
    "no loop": "A: [3, 3]; det(A)",
    "one after another": "x: [4]; y = x*2 + sin(x); y = y*y; z = exp(-y); sum(z*y)",
}


@pytest.mark.parametrize("name", SHAPED)
@pytest.mark.parametrize("precision", [np.float64, np.float32])
def test_programs_of_arrays(numba: Any, name: str, precision: Any) -> None:
    fn = gradc.compile(SHAPED[name])
    module = loaded(gradc.compile(SHAPED[name], target="numba"))
    rng = np.random.default_rng(1)
    given = [rng.normal(size=fn.shapes[each]).astype(precision) if fn.shapes[each] else 0.5 for each in fn.inputs]
    value, grads = module.value_and_grad(*given)
    want, slopes = fn.value_and_grad(*given)
    rtol = 1e-13 if precision is np.float64 else 1e-5
    np.testing.assert_allclose(value, want, rtol)
    for each, slope in slopes.items():
        assert np.asarray(grads[each]).dtype == np.asarray(slope).dtype
        np.testing.assert_allclose(grads[each], slope, rtol * 10, rtol * np.max(np.abs(slope)))


def parts(found: Any, at: str = "") -> dict[str, Any]:
    """The arrays in tuples and dictionaries, by where they stand."""
    if isinstance(found, tuple | dict):
        items = found.items() if isinstance(found, dict) else enumerate(found)
        return {key: each for name, inner in items for key, each in parts(inner, f"{at} {name}").items()}
    return {at: found}


def same_parts(got: Any, want: Any) -> None:
    found = parts(got)
    assert found.keys() == parts(want).keys()
    for at, each in parts(want).items():
        np.testing.assert_allclose(found[at], each, 1e-11, 1e-13 * np.max(np.abs(each), initial=0.0), err_msg=at)


OF_MODES = ("x/y + sigmoid(y)/y", "a*b, a + b, sin(a)", "3*x", "where(i > 0, log(i)*df, df**3)")


@pytest.mark.parametrize("program", OF_MODES)
def test_further_modes_give_what_numpy_s_do(numba: Any, program: str) -> None:
    fn = gradc.compile(program)
    modes = MODES if len(fn.outputs) == 1 else MODES[:-1]
    module = loaded(gradc.compile(program, target="numba", also=modes))
    size, count = len(fn.inputs), len(fn.outputs)
    for args in ([0.75] * size, [np.array([[1.0], [-2.0]]), *[0.5] * (size - 1)]):
        dots, df = [1.0, -0.5, 0.25][:size], {"df": (1.0, 2.0, 0.5)} if count > 1 else {}
        same_parts(module.jvp(*args, *dots), fn.jvp(*args, *dots))
        same_parts(module.hvp(*args, *dots, **df), fn.hvp(*args, *dots, **df))
        rows = fn.jacobian(*args)
        same_parts(module.jacobian(*args), (rows.value, rows.blocks))
        if count == 1:
            curves = fn.hessian(*args)
            same_parts(module.hessian(*args), (curves.value, curves.grads, curves.blocks))


@pytest.mark.parametrize("name", ["spread along both", "one after another"])
def test_further_modes_of_arrays(numba: Any, name: str) -> None:
    fn = gradc.compile(SHAPED[name])
    module = loaded(gradc.compile(SHAPED[name], target="numba", also=MODES))
    rng = np.random.default_rng(1)
    args, dots = ([rng.normal(size=fn.shapes[each]) if fn.shapes[each] else 0.5 for each in fn.inputs] for _ in "ab")
    same_parts(module.jvp(*args, *dots), fn.jvp(*args, *dots))
    same_parts(module.hvp(*args, *dots), fn.hvp(*args, *dots))
    same_parts(module.jacobian(*args)[1], fn.jacobian(*args).blocks)
    same_parts(module.hessian(*args)[1:], (fn.hessian(*args).grads, fn.hessian(*args).blocks))


@pytest.fixture(scope="module")
def staged() -> tuple[gradc.Function, Any]:
    pytest.importorskip("numba")
    return gradc.compile(STAGED), loaded(gradc.compile(STAGED, target="numba"))


def same(got: Any, want: Any, rtol: float = 1e-13) -> None:
    (value, grads), (right, slopes) = got, want
    assert np.shape(value) == np.shape(right)
    np.testing.assert_allclose(value, right, rtol, 1e-300)
    assert list(grads) == list(slopes)
    for name, slope in slopes.items():
        assert np.shape(grads[name]) == np.shape(slope)
        scale = np.max(np.abs(slope), initial=0.0)
        np.testing.assert_allclose(grads[name], slope, rtol * 10, rtol * scale)


RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(4, 6)), RNG.normal(size=(4, 6))
GIVEN = {
    "numbers": (1.5, -2.0), "whole numbers": (3, -4), "rows": (X[0], Y[0]), "arrays": (X, Y),
    "a number beside": (0.5, Y),
    "broadcast": (X[:, :1], Y[0]), "strides": (X[:, ::2], Y[:, 1::2]), "Fortran's order": (np.asfortranarray(X), Y),
    "lists": ([0.5, 1.0], [2.0, -1.0]), "nothing": (np.empty(0), np.empty(0)), "one": (np.array(1.5), np.array([2.0])),
    "integers": (np.arange(4), np.arange(4) - 2), "no axes": (np.array(1.5), np.float64(2.0)),
}  # fmt: skip


@pytest.mark.parametrize("name", GIVEN)
def test_whatever_numpy_takes(staged: tuple[gradc.Function, Any], name: str) -> None:
    fn, module = staged
    same(module.value_and_grad(*GIVEN[name]), fn.value_and_grad(*GIVEN[name]))
    value, cache = module.forward(*GIVEN[name])
    right, kept = fn.forward(*GIVEN[name])
    same((value, module.backward(cache, 2.0)), (right, fn.backward(kept, 2.0)))


def test_single_precision_stays(staged: tuple[gradc.Function, Any]) -> None:
    _, module = staged
    value, grads = module.value_and_grad(X.astype(np.float32), 0.5)
    assert (value.dtype, grads["x"].dtype, grads["y"].dtype) == (np.float32,) * 3
    same((value, grads), staged[0].value_and_grad(X.astype(np.float32).astype(float), 0.5), rtol=1e-6)
    assert module.value_and_grad(np.float32(1.5), 2)[0].dtype == np.float32


def test_kept_results_are_filled_again(staged: tuple[gradc.Function, Any]) -> None:
    fn, module = staged
    out = module.value_and_grad(X[0], Y[0])
    again = module.value_and_grad(X[1], Y[1], out)
    assert again[0] is out[0]
    assert again[1]["x"] is out[1]["x"]
    same(again, fn.value_and_grad(X[1], Y[1]))
    square = module.value_and_grad(X, Y)
    same(module.value_and_grad(Y, X, square), fn.value_and_grad(Y, X))


@pytest.mark.parametrize("rows", [np.zeros(6), X[0], Y[0]])
def test_results_apart(staged: tuple[gradc.Function, Any], rows: np.ndarray) -> None:
    _, module = staged
    value, grads = module.value_and_grad(X[0], Y[0])
    with pytest.raises(ValueError, match="overlap"):
        module.value_and_grad(X[0], Y[0], (rows, {"x": rows, "y": grads["y"]}))
    long = np.zeros(9)
    with pytest.raises(ValueError, match="overlap"):
        module.value_and_grad(X[0], Y[0], (long[:6], {"x": long[3:], "y": grads["y"]}))
    with pytest.raises(ValueError, match="shape"):
        module.value_and_grad(X[0], Y[0], (value[:5], grads))
    with pytest.raises(ValueError, match="numbers"):
        module.value_and_grad(1.0, 2.0, (value, grads))


def test_threads_share_an_array(staged: tuple[gradc.Function, Any]) -> None:
    fn, module = staged
    x, y = RNG.normal(size=1001), RNG.normal(size=1001)
    for threads in (2, 3, 2000):
        same(module.value_and_grad(x, y, None, threads), fn.value_and_grad(x, y))


def test_what_is_no_number_is_refused_by_name(staged: tuple[gradc.Function, Any]) -> None:
    _, module = staged
    with pytest.raises(TypeError, match=r"y: .*complex"):
        module.value_and_grad(1.0, 1j)
    with pytest.raises(ValueError, match=r"x \(2,\), y \(3,\)"):
        module.value_and_grad(np.zeros(2), np.zeros(3))


def test_a_tuple_beside_the_dict(staged: tuple[gradc.Function, Any]) -> None:
    import numba

    fn, module = staged
    value, grads = fn.value_and_grad(0.5, -1.0)
    assert module.f_and_slopes(0.5, -1.0) == pytest.approx((value, *grads.values()), rel=1e-14)
    assert module.f(0.5, -1.0) == pytest.approx(value, rel=1e-14)

    @numba.njit
    def descend(x: float, y: float) -> float:
        for _ in range(10):
            _, dx, dy = module_slopes(x, y)
            x, y = x - 0.1 * dx, y - 0.1 * dy
        return x

    module_slopes = module.f_and_slopes
    assert math.isfinite(descend(0.5, 0.5))


def test_several_outputs_have_an_adjoint_each(numba: Any) -> None:
    program = "a = x*y; b = exp(x) + z; a, b"
    fn, module = gradc.compile(program), loaded(gradc.compile(program, target="numba"))
    for given in ((X, Y, 0.5), (1.0, 2.0, 3.0)):
        value, grads = module.value_and_grad(*given, (1.0, -2.0))
        (a, b), cache = fn.forward(*given)
        right = fn.backward(cache, (1.0, -2.0))
        np.testing.assert_allclose(value[0], np.broadcast_to(a, np.shape(value[0])))
        np.testing.assert_allclose(value[1], b, rtol=1e-14)
        for name, slope in right.items():
            np.testing.assert_allclose(grads[name], np.broadcast_to(slope, np.shape(grads[name])), rtol=1e-14)


CLASHES = [
    "f*x + exp(at)*out - threads + cache*df + float + spans*i",
    "np*abs + math + at_points*plain + apart + inf2 + n + type",
    "f_and_slopes*f_loop + slopes + f_out + dx_out*x + KEPT + compiled",
    "log(exp + 2)*sin + sqrt(cos**2 + 1) + fma*bits + x_*x",
]


@pytest.mark.parametrize("program", CLASHES)
def test_names_of_the_module_step_aside(numba: Any, program: str) -> None:
    fn = gradc.compile(program)
    module = loaded(gradc.compile(program, target="numba"))
    numbers = [0.3 + 0.1 * k for k in range(len(fn.inputs))]
    same(module.value_and_grad(*numbers), fn.value_and_grad(*numbers))
    rows = [np.array([x, 2 * x]) for x in numbers]
    same(module.value_and_grad(*rows), fn.value_and_grad(*rows))
    same((module.forward(*rows)[0], module.backward(module.forward(*rows)[1])), fn.value_and_grad(*rows))


BRANCHES = [
    "where(x > 0, log(x), x**2)", "x*log(x) if x > 0 else 0", "max(sqrt(x), 1)", "relu(log(x))", "min(1/x, 3)",
    "where(x > 0 and x < 2, sqrt(2*x - x**2), 0)*x", "clip(x**0.5, 1, 2)", "where(not x > 1, x, 1/(x - 1))", "abs(x)",
    "sqrt(x**2 + 0*x)", "where(x > 1 or x < -1, log(x**2 - 1), 1 - x**2)", "sign(x)*x", "x**3 - x**-2", "x**x",
]  # fmt: skip


@pytest.mark.parametrize("program", BRANCHES)
def test_the_side_that_is_not_taken_adds_nothing(numba: Any, program: str) -> None:
    x = np.array([-2.0, -1.0, -0.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, math.inf, math.nan])
    module = loaded(gradc.compile(program, target="numba"))
    with np.errstate(all="ignore"):
        value, grads = gradc.compile(program).value_and_grad(x)
    got, slopes = module.value_and_grad(x)
    np.testing.assert_allclose(got, value, 1e-14)
    np.testing.assert_allclose(slopes["x"], np.broadcast_to(grads["x"], x.shape), 1e-14)
    for at, each in enumerate(x.tolist()):
        got, slopes = module.value_and_grad(each)
        np.testing.assert_allclose([got, slopes["x"]], [value[at], np.broadcast_to(grads["x"], x.shape)[at]], 1e-14)


@pytest.mark.parametrize("program", ["x", "3*x", "x + y", "x*0 + y"])
def test_small_programs(numba: Any, program: str) -> None:
    fn, module = gradc.compile(program), loaded(gradc.compile(program, target="numba"))
    for given in ([1.5, 2.5], [X, Y]):
        same(module.value_and_grad(*given[: len(fn.inputs)]), fn.value_and_grad(*given[: len(fn.inputs)]))


def test_nothing_to_differentiate(numba: Any) -> None:
    module = loaded(gradc.compile("x*y", wrt=[], target="numba"))
    assert module.value_and_grad(2.0, 3.0) == (6.0, {})
    assert module.backward(module.forward(2.0, 3.0)[1]) == {}


def test_a_name_for_the_function(numba: Any) -> None:
    module = loaded(gradc.compile("x*y", target="numba", function_name="loss"))
    assert module.loss(2.0, 3.0) == 6.0
    assert module.loss_value_and_grad(2.0, 3.0) == (6.0, {"x": 3.0, "y": 2.0})
    assert module.loss_backward(module.loss_forward(2.0, 3.0)[1]) == {"x": 3.0, "y": 2.0}


def test_the_library_runs_the_module(numba: Any) -> None:
    fn = gradc.compile(STAGED, target="numba")
    same(fn.value_and_grad(X, Y), gradc.compile(STAGED).value_and_grad(X, Y))
    assert fn(0.5, 1.0) == pytest.approx(gradc.compile(STAGED)(0.5, 1.0))


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="looks for instructions of x86")
def test_the_loop_works_on_several_numbers_at_once(staged: tuple[gradc.Function, Any]) -> None:
    _, module = staged
    module.value_and_grad(X[0], Y[0])
    assembly = next(iter(module.f_and_slopes_loop.inspect_asm().values()))
    assert len(re.findall(r"v?(?:mul|fn?madd\d*)pd", assembly)) > 10


def test_what_was_compiled_is_kept_beside_the_file(numba: Any, tmp_path: Path) -> None:
    path = tmp_path / "kept.py"
    gradc.compile("x*exp(y)", target="numba").save(path)
    spec = importlib.util.spec_from_file_location("kept", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.value_and_grad(2.0, 0.0) == (2.0, {"x": 1.0, "y": 2.0})
    assert list((tmp_path / "__pycache__").glob("kept.f_and_slopes*.nbi"))


def test_what_the_library_compiled_is_taken_up_by_the_next_process(numba: Any, tmp_path: Path) -> None:
    code = f"""import gradc
for fn in gradc.compile({STAGED!r}, engine="numba"), gradc.compile({STAGED!r}, target="numba"):
    print(fn.value_and_grad(0.5, 1.0), fn.running(0.5, 1.0).engine)"""
    first, second = (python("-c", code, GRADC_CACHE=str(tmp_path)) for _ in range(2))
    assert (first.code, second.code) == (0, 0), second.err
    assert first.out == second.out
    assert list((tmp_path / "__pycache__").glob("*.nbi"))


# -- the engine --------------------------------------------------------------------------------------------------------


def test_the_engine_is_asked_for(numba: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADC_CACHE", str(tmp_path))
    fn, asked = gradc.compile(STAGED), gradc.compile(STAGED, engine="numba")
    assert fn.running(X, Y).engine == "blocks"
    for given in (X, Y), (1.5, -2.0), (3, -4), ([1.0, 2.0], 0.5):
        assert asked.running(*given).engine == "numba"
        same(asked.value_and_grad(*given), fn.value_and_grad(*given))
        np.testing.assert_allclose(asked(*given), fn(*given), 1e-14)
        same(asked.value_and_grad(*given, df=2.0), fn.value_and_grad(*given, df=2.0))
    assert asked.source == fn.source
    out = asked.value_and_grad(x=X, y=Y)
    assert asked.value_and_grad(Y, X, out=out, threads=2)[1]["x"] is out[1]["x"]
    assert list(tmp_path.glob("gradc_*.py"))
    assert list((tmp_path / "__pycache__").glob("*.nbi"))


def test_what_the_loops_do_not_fit_runs_as_before(numba: Any) -> None:
    fn = gradc.compile("X: [2, 3]; w: [3]\nsum(tanh(X @ w))", engine="numba")
    assert fn.running(np.ones((2, 3)), np.ones(3)).engine == "arrays"


def test_several_outputs_by_the_engine(numba: Any) -> None:
    fn = gradc.compile("x*y, x + y", engine="numba")
    with pytest.raises(ValueError, match="2 outputs"):
        fn.value_and_grad(X, Y)
    _, grads = fn.value_and_grad(X, Y, df=(1.0, 2.0))
    np.testing.assert_allclose(grads["x"], Y + 2.0)


def test_the_engine_is_a_copy_s_too(numba: Any) -> None:
    fn = pickle.loads(pickle.dumps(gradc.compile("x*exp(y)", engine="numba")))
    assert fn.running(1.0, 2.0).engine == "numba"
    assert fn.check(points=1).engines[:2] == ("numba", "numba over arrays")


def test_an_engine_that_nobody_knows() -> None:
    with pytest.raises(ValueError, match="no engine 'llvm'"):
        gradc.compile("x", engine="llvm")  # type: ignore[arg-type]


def test_without_numba_the_engine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "numba" else find(name))
    with pytest.raises(gradc.GradcError, match="not installed"):
        gradc.compile("x*y", engine="numba")
