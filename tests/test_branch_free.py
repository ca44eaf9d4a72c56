"""Elementary functions without a branch: against 60 digits and more, by the text as it is, on NumPy's own numbers."""

import math
import platform
import re
import struct
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

from gradc.emit.targets.branch_free import FUNCTIONS, needed_by

# Of the result's last place; the largest of 10^5 points of each were 1.39 (tanh), 1.00 (exp) and 0.95.
LARGEST = 1.5
EXACT: dict[str, Callable[[Any], Any]] = {
    "exp": mpmath.exp,
    "expm1": mpmath.expm1,
    "log": mpmath.log,
    "log1p": mpmath.log1p,
    "tanh": mpmath.tanh,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "erf": mpmath.erf,
    "erfc": mpmath.erfc,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
}
# Where a function is its limit in double precision, so that no power with a million digits is computed for it.
FLAT = {"exp": 800.0, "expm1": 800.0, "tanh": 40.0, "sigmoid": 800.0, "erf": 12.0, "erfc": 30.0}
EDGES = [0.0, -0.0, 5e-324, -5e-324, 1e-310, 2.2250738585072014e-308, -1e-300, 1e-17, -1e-8, 0.5, -0.5, 1.0, -1.0, 1.5]
EDGES += [709.78, 709.79, -708.5, -745.1, -745.2, 36.7, -36.8, 19.1, 5.9, 1e22, 1e300, 1.7976931348623157e308, math.pi]
EDGES += [math.pi / 2, 6381956970095103 * 2.0**797]  # the double that is nearest to a multiple of pi/2, far out
INFINITE = {
    "exp": (math.inf, 0.0), "expm1": (math.inf, -1.0), "log": (math.inf, math.nan), "log1p": (math.inf, math.nan),
    "tanh": (1.0, -1.0), "sigmoid": (1.0, 0.0), "erf": (1.0, -1.0), "erfc": (0.0, 2.0),
    "sin": (math.nan,) * 2, "cos": (math.nan,) * 2,
}  # fmt: skip


def fused(x: float, y: float, z: float) -> np.float64:
    """x*y + z, rounded once."""
    if not all(map(math.isfinite, (x, y, z))):
        return np.float64(x) * np.float64(y) + np.float64(z)
    exact = Fraction(float(x)) * Fraction(float(y)) + Fraction(float(z))
    try:
        return np.float64(exact) if exact else np.float64(x) * np.float64(y) + np.float64(z)
    except OverflowError:
        return np.float64(math.inf if exact > 0 else -math.inf)


def of_numbers() -> dict[str, Any]:
    """The functions of the text, as Python runs them."""
    own: dict[str, Any] = {
        "np": np, "inf": math.inf, "nan": math.nan, "compiled": lambda function: function, "fma": fused,
        "bits": lambda x: struct.unpack("q", struct.pack("d", x))[0],
        "from_bits": lambda n: np.float64(struct.unpack("d", struct.pack("Q", n % 2**64))[0]),
        "nearest": np.rint, "signed": np.copysign,
    }  # fmt: skip
    for text in FUNCTIONS.values():
        if "@intrinsic" not in text:
            exec(text, own)
    return own


OWN = of_numbers()


def ulps(name: str, x: float, got: float) -> float:
    """How far a result is from the exact one, in units of its last place."""
    far = FLAT.get(name, math.inf)
    x = min(max(x, -far), far)
    with mpmath.workprec(1200 if name in ("sin", "cos") else 300):
        exact = EXACT[name](mpmath.mpf(x))
        near = float(exact)
        if math.isinf(near) or math.isinf(got) or math.isnan(got):
            return 0.0 if got == near else math.inf
        return float(abs(mpmath.mpf(got) - exact) / math.ulp(near))


def points(name: str, count: int, seed: int = 0) -> np.ndarray:
    """Numbers of all sizes, and more of those that one meets."""
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 2**64, count, dtype=np.uint64).view(float)
    scaled = rng.uniform(-1, 1, count) * 10.0 ** rng.uniform(-20, 3, count)
    found = np.concatenate([EDGES, bits, rng.normal(size=count), 30 * rng.normal(size=count), scaled])
    found = found[np.isfinite(found)]
    return found[found > {"log": 0.0, "log1p": -1.0}.get(name, -math.inf)]


@pytest.mark.parametrize("name", EXACT)
def test_the_digits(name: str) -> None:
    with np.errstate(all="ignore"):
        worst = max((ulps(name, x, float(OWN[name](np.float64(x)))), x) for x in points(name, 60).tolist())
    assert worst[0] <= (4.0 if name == "erfc" else LARGEST), worst


@pytest.mark.parametrize("name", EXACT)
def test_the_borders(name: str) -> None:
    with np.errstate(all="ignore"):
        ends = [float(OWN[name](np.float64(x))) for x in (math.inf, -math.inf, math.nan)]
        zeros = [float(OWN[name](np.float64(x))) for x in (0.0, -0.0)]
    assert np.array_equal(ends, [*INFINITE[name], math.nan], equal_nan=True)
    if name in ("expm1", "log1p", "tanh", "erf", "sin"):
        assert [math.copysign(1.0, x) for x in zeros] == [1.0, -1.0]
    if name == "log":
        assert zeros == [-math.inf, -math.inf]


def test_log1p_at_its_end() -> None:
    with np.errstate(all="ignore"):
        assert OWN["log1p"](np.float64(-1.0)) == -math.inf
        assert math.isnan(OWN["log1p"](np.float64(-1.5)))


def test_only_what_is_called_is_needed() -> None:
    assert "angle" not in needed_by("exp")
    assert needed_by("cos")[-1] == "cos"


@pytest.fixture(scope="module")
def compiled() -> dict[str, Any]:
    """The same functions, as Numba compiles them."""
    numba = pytest.importorskip("numba")
    from llvmlite import ir
    from numba.extending import intrinsic

    own: dict[str, Any] = {
        "np": np, "inf": math.inf, "nan": math.nan, "intrinsic": intrinsic, "float64": numba.float64,
        "int64": numba.int64, "DoubleType": ir.DoubleType, "IntType": ir.IntType, "FunctionType": ir.FunctionType,
        "compiled": numba.njit(error_model="numpy", forceinline=True),
    }  # fmt: skip
    exec("\n".join(FUNCTIONS.values()), own)
    return own


@pytest.mark.parametrize("name", EXACT)
def test_numba_compiles_the_same_numbers(compiled: dict[str, Any], name: str) -> None:
    import numba

    function, x = compiled[name], points(name, 400, seed=1)

    @numba.njit(error_model="numpy")
    def loop(x: Any, out: Any) -> None:
        for i in range(x.size):
            out[i] = function(x[i])

    got = np.empty_like(x)
    loop(x, got)
    worst = max((ulps(name, a, b), a) for a, b in zip(x.tolist(), got.tolist(), strict=True))
    assert worst[0] <= (4.0 if name == "erfc" else LARGEST), worst
    if platform.machine() in ("x86_64", "AMD64"):
        assembly = next(iter(loop.inspect_asm().values()))
        assert re.search(r"v?(mul|fn?madd\d*)pd", assembly)  # the loop works on several numbers at once


@pytest.mark.parametrize("name", ["exp", "log", "erf", "sin"])
def test_python_and_numba_give_the_same_bits(compiled: dict[str, Any], name: str) -> None:
    for x in points(name, 20, seed=2).tolist():
        with np.errstate(all="ignore"):
            assert compiled[name](x) == float(OWN[name](np.float64(x)))
