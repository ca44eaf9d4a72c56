"""The target `c`: what compiles without a warning, runs clean, and gives what NumPy's module gives."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import gradc
from tests.support import Json, inputs_of, point_error, records, shapes_of

CC = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
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


PROGRAMS = [
    STAGED,
    "d + k*exp(log)*y1 + i**2*n + sin(cos) + f",
    "a*b, a + b",
    "where(x > 0 and y < 1, log(x)*y, -y)*2",
    "x",
    "3*x + 0*y",
    "max(x, y) - inf*0*x",
]


@pytest.mark.skipif(CC is None, reason="no C compiler on this machine")
@pytest.mark.parametrize("program", PROGRAMS)
def test_it_compiles_without_a_warning(program: str, tmp_path: Path) -> None:
    path = tmp_path / "f.c"
    path.write_text(gradc.compile(program, target="c").source, encoding="utf-8")
    command = [str(CC), *STRICT, "-c", str(path), "-o", str(tmp_path / "f.o")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(CC is None, reason="no C compiler on this machine")
def test_a_program_in_c_runs_clean_under_sanitizers(tmp_path: Path) -> None:
    main = """
#include <stdio.h>
int main(void)
{
    double x[3] = {1.5, -2.0, 0.25}, y[3] = {0.5, 3.0, -1.0}, f_[3], dx[3], dy[3];
    f_value_and_grad_n(3, x, y, f_, dx, dy);
    for (int i = 0; i < 3; i++) printf("%.17g %.17g %.17g %.17g\\n", f(x[i], y[i]), f_[i], dx[i], dy[i]);
    return 0;
}
"""
    path, made = tmp_path / "main.c", tmp_path / "main"
    path.write_text(gradc.compile(STAGED, target="c").source + main, encoding="utf-8")
    flags = ["-std=c99", "-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all"]
    command = [str(CC), *flags, str(path), "-o", str(made), "-lm"]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode:
        pytest.skip("no sanitizer for this compiler")
    done = subprocess.run([str(made)], capture_output=True, text=True, check=True)
    fn = gradc.compile(STAGED)
    for line, x, y in zip(done.stdout.splitlines(), (1.5, -2.0, 0.25), (0.5, 3.0, -1.0), strict=True):
        alone, f, dx, dy = map(float, line.split())
        value, grads = fn.value_and_grad(x, y)
        assert alone == pytest.approx(f, rel=1e-14)
        assert (f, dx, dy) == pytest.approx((value, grads["x"], grads["y"]), rel=1e-13)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADC_CACHE", str(tmp_path))


@pytest.mark.skipif(CC is None, reason="no C compiler on this machine")
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


@pytest.mark.skipif(CC is None, reason="no C compiler on this machine")
def test_native_broadcasts_and_keeps_what_it_built(tmp_path: Path) -> None:
    fn = gradc.compile("x*y + sin(y), x - y", wrt=["y"])
    built = gradc.native(fn)
    (a, b), grads = built.value_and_grad(np.ones((3, 1)), np.arange(4))
    assert (a.shape, b.shape, grads["y"].shape) == ((3, 4), (3, 4), (3, 4))
    before = list(tmp_path.iterdir())
    assert gradc.native(fn).path == built.path
    assert list(tmp_path.iterdir()) == before
    with pytest.raises(TypeError, match="x, y"):
        built.value_and_grad(1.0)
    with pytest.raises(gradc.GradcError, match="C compiler"):
        gradc.native(gradc.compile("x*3"), compiler="no-such-compiler")
