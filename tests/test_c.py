"""The target `c`: what compiles without a warning, runs clean, and gives what NumPy's module gives."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradc
from tests.support import Json, decode_all, inputs_of, point_error, records, shapes_of

CC = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
# Without one the text alone is compared, with tests/golden/frameworks/staged.c: Python brings no compiler.
needs_cc = pytest.mark.skipif(CC is None, reason="no C compiler on this machine")
STRICT = "-std=c99 -Wall -Wextra -pedantic -Werror -O1".split()
STAGED = "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)"
STRIDE = int(os.environ.get("GRADC_FRAMEWORKS", "5"))
SCALARS = [record for record in records() if all(shape == () for shape in shapes_of(record).values())]


def compiled(record: Json) -> gradc.Function:
    return gradc.compile(record["program"], wrt=list(record["wrt"]))


def takes(record: Json) -> bool:
    try:
        return bool(gradc.compile(record["program"], wrt=list(record["wrt"]), target="c").source)
    except gradc.GradcError:
        return False


def test_the_text() -> None:
    source = gradc.compile(STAGED, target="c", literal=True, function_name="loss").source
    assert "double loss(double x, double y)" in source
    assert "void loss_value_and_grad(double x, double y, double *f_out, double *dx_out, double *dy_out)" in source
    assert "size_t n, const double *restrict x" in source
    assert set(re.findall(r"#include <(.*?)>", source)) == {"math.h", "stddef.h"}
    assert "malloc" not in source


@pytest.mark.parametrize(
    ("program", "said"), [("W: [3]\nsum(W)", "'W' is an array"), ("W: [2, 2]\nW[0, 0]*x", "'W' is an array")]
)
def test_arrays_are_refused_by_name(program: str, said: str) -> None:
    with pytest.raises(gradc.GradcError, match=said):
        _ = gradc.compile(program, target="c").source


def test_several_outputs_take_an_adjoint_each() -> None:
    source = gradc.compile("a*b, a + b", target="c").source
    assert "void f_value_and_grad(\n    double a, double b, double df1, double df2, double *f1_out" in source


def test_matrices_say_where_their_values_stand_row_by_row() -> None:
    source = gradc.compile("x*y, 3*z, x", target="c", also="jacobian").source
    assert "static const int row_starts[4] = {0, 2, 3, 4};" in source
    assert "static const int in_column[4] = {0, 1, 2, 0};" in source
    source = gradc.compile("x*y**2 + exp(z)", target="c", also="hessian", inputs=["z", "y", "x"]).source
    assert "static const int row_starts[4] = {0, 1, 3, 3};" in source  # the upper triangle in the order of the inputs
    assert "static const int in_column[3] = {0, 1, 2};" in source


PROGRAMS = [
    STAGED,
    "d + k*exp(log)*y1 + i**2*n + sin(cos) + f",
    "a*b, a + b",
    "where(x > 0 and y < 1, log(x)*y, -y)*2",
    "x",
    "3*x + 0*y",
    "max(x, y) - inf*0*x",
    "f_out*f + values*n",  # what the functions call their own
    "x*y, 3*z, sin(x)",
]
MODES = ("jvp", "hvp", "jacobian", "hessian")


def modes_of(fn: gradc.Function) -> tuple[str, ...]:
    return MODES if len(fn.outputs) == 1 else MODES[:-1]


@needs_cc
@pytest.mark.parametrize("program", PROGRAMS)
def test_it_compiles_without_a_warning(program: str, tmp_path: Path) -> None:
    path = tmp_path / "f.c"
    also = modes_of(gradc.compile(program))
    path.write_text(gradc.compile(program, target="c", also=also).source, encoding="utf-8")
    command = [str(CC), *STRICT, "-c", str(path), "-o", str(tmp_path / "f.o")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@needs_cc
def test_a_program_in_c_runs_clean_under_sanitizers(tmp_path: Path) -> None:
    main = """
#include <stdio.h>
int main(void)
{
    double x[3] = {1.5, -2.0, 0.25}, y[3] = {0.5, 3.0, -1.0}, f_[3], dx[3], dy[3];
    double values[9];
    const int *starts, *columns;
    f_value_and_grad_n(3, x, y, f_, dx, dy);
    for (int i = 0; i < 3; i++) printf("%.17g %.17g %.17g %.17g\\n", f(x[i], y[i]), f_[i], dx[i], dy[i]);
    f_hessian_n(3, x, y, f_, dx, dy, values);
    f_hessian_pattern(&starts, &columns);
    for (int i = 0; i < 3; i++)
        for (int row = 0; row < 2; row++)
            for (int at = starts[row]; at < starts[row + 1]; at++)
                printf("%d %d %.17g\\n", row, columns[at], values[3*i + at]);
    return 0;
}
"""
    path, made = tmp_path / "main.c", tmp_path / "main"
    path.write_text(gradc.compile(STAGED, target="c", also="hessian").source + main, encoding="utf-8")
    flags = ["-std=c99", "-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all"]
    command = [str(CC), *flags, str(path), "-o", str(made), "-lm"]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode:
        pytest.skip("no sanitizer for this compiler")
    done = subprocess.run([str(made)], capture_output=True, text=True, check=True)
    fn = gradc.compile(STAGED)
    points = list(zip((1.5, -2.0, 0.25), (0.5, 3.0, -1.0), strict=True))
    lines = done.stdout.splitlines()
    for at, (x, y) in enumerate(points):
        for line, row, column in zip(lines[3 + 3 * at : 6 + 3 * at], (0, 0, 1), (0, 1, 1), strict=True):
            assert line.startswith(f"{row} {column} ")
            want = fn.hessian(x, y).dense()[row, column]
            assert float(line.split()[2]) == pytest.approx(want, rel=1e-12)
    for line, (x, y) in zip(lines[:3], points, strict=True):
        alone, f, dx, dy = map(float, line.split())
        value, grads = fn.value_and_grad(x, y)
        assert alone == pytest.approx(f, rel=1e-14)
        assert (f, dx, dy) == pytest.approx((value, grads["x"], grads["y"]), rel=1e-13)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADC_CACHE", str(tmp_path))


@needs_cc
@pytest.mark.parametrize("record", [pytest.param(each, id=each["id"]) for each in SCALARS[::STRIDE] if takes(each)])
def test_native_gives_the_values_of_the_corpora(record: Json) -> None:
    fn = compiled(record)
    built = gradc.native(fn)
    for point in record["points"]:
        inputs = inputs_of(record, point)
        value, grads = built.value_and_grad(**{name: float(each) for name, each in inputs.items()})
        assert point_error(value, grads, record, point) is None
        value, grads = built.value_and_grad(*[np.array([float(inputs[name])] * 2) for name in fn.inputs])
        assert point_error(value[1], {name: each[1] for name, each in grads.items()}, record, point) is None


@needs_cc
def test_native_broadcasts_and_keeps_what_it_built(tmp_path: Path) -> None:
    fn = gradc.compile("x*y + sin(y), x - y", wrt=["y"])
    built = gradc.native(fn)
    (a, b), grads = built.value_and_grad(np.ones((3, 1)), np.arange(4), df=(1.0, 0.0))
    assert (a.shape, b.shape, grads["y"].shape) == ((3, 4), (3, 4), (3, 4))
    before = list(tmp_path.iterdir())
    assert gradc.native(fn).path == built.path
    assert list(tmp_path.iterdir()) == before
    with pytest.raises(TypeError, match="x, y"):
        built.value_and_grad(1.0)
    with pytest.raises(gradc.GradcError, match="C compiler"):
        gradc.native(gradc.compile("x*3"), compiler="no-such-compiler")


def _same(found: Any, want: Any) -> None:
    np.testing.assert_allclose(found, want, rtol=1e-10, atol=1e-13 * (1.0 + np.max(np.abs(want), initial=0.0)))


def holds(record: Json) -> None:
    """The further modes of machine code give what those of the library give, at numbers and at arrays."""
    fn = compiled(record)
    built = gradc.native(fn)
    moved = [name for name in fn.inputs if name in fn.wrt]
    df = {"df": (1.0, *[0.5] * (len(fn.outputs) - 1))} if len(fn.outputs) > 1 else {}
    for point in record["points"]:
        inputs = {name: float(each) for name, each in inputs_of(record, point).items()}
        if not np.isfinite([*inputs.values(), *decode_all(point["grads"]).values()]).all():
            continue
        given = [inputs[name] for name in fn.inputs]
        dots = [1.0 + at / 7 for at in range(len(moved))]
        with np.errstate(all="ignore"):
            for mode in modes_of(fn):
                one, other = getattr(fn, mode), getattr(built, mode)
                for args in (given, [np.full(2, each) for each in given]):
                    if mode in ("jvp", "hvp"):
                        weights = df if mode == "hvp" else {}
                        found, want = other(*args, *dots, **weights), one(*args, *dots, **weights)
                        for a, b in zip(found, want, strict=True):
                            for key in b if isinstance(b, dict) else [...]:
                                _same(*((a, b) if key is ... else (a[key], b[key])))
                    elif np.isfinite(one(*args).dense()).all():
                        _same(other(*args).dense(), one(*args).dense())


@needs_cc
@pytest.mark.parametrize(
    "record", [pytest.param(each, id=each["id"]) for each in SCALARS[:: 60 if STRIDE > 1 else 1] if takes(each)]
)
def test_native_gives_the_modes_of_the_library(record: Json) -> None:
    holds(record)


@needs_cc
def test_native_takes_adjoints_of_several_outputs() -> None:
    fn = gradc.compile("a*b, a + b, sin(a)")
    built = gradc.native(fn)
    for given in ((1.0, 2.0), (np.array([1.0, 3.0]), 2.0)):
        for args, mode in ((given, "value_and_grad"), ((*given, 1.0, 0.5), "hvp")):
            found = getattr(built, mode)(*args, df=(1.0, 0.0, 2.0))
            want = getattr(fn, mode)(*args, df=(1.0, 0.0, 2.0))
            for a, b in zip(found[1:], want[1:], strict=True):
                assert a.keys() == b.keys()
                for name in b:
                    np.testing.assert_allclose(a[name], b[name], rtol=1e-14)
    with pytest.raises(ValueError, match="one upstream adjoint"):
        built.value_and_grad(1.0, 2.0)
    assert built(1, 2.0) == (2.0, 3.0, np.sin(1.0))
