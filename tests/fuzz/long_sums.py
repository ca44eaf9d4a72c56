"""A seed -> a long sum as people and programs write them: patterns in turn or at random, by names or by elements.

`python -m tests.fuzz.long_sums N` holds N of each against the notes' module of the written-out program, with the sums
rolled up however few the terms are.

>>> written(random.Random(1), vector=True)[:60] == written(random.Random(1), vector=True)[:60]
True
"""

from __future__ import annotations

import math
import random
import sys
from typing import Any

import numpy as np

import gradc
from gradc.run import engines

PATTERNS = [
    "100*({1} - {0}**2)**2", "(1 - {0})**2", "sin({0}*{1})*exp(-{0}**2)", "max({0}, {1})", "abs({0} - {1})", "{0}",
    "a*{0}**3", "log(1 + exp({0}*{1}))", "relu({0} - a)*{1}", "sqrt({0}**2 + {1}**2)", "where({0} > a, {1}/{0}, {1})",
    "{0}/(1 + {1}**2)", "min({0}*{1}, a, {2})", "tanh({2} - 2*{1} + {0})", "exp(-a)*{0}*{2}", "clip({0}, -1, 1)",
    "{c}*sin({c}*{0})", "({c} - {0}*exp(-{c}*a))**2", "max({0}, {c})/(2 + {1}**2)", "log(1 + exp({c}*{0})) + {c}",
]  # fmt: skip


class Drawn:
    """Another number wherever it is written."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def __format__(self, spec: str) -> str:
        return repr(self.rng.choice([round(self.rng.uniform(0.2, 2.0), 2), 2, 3, 0.5]))


def written(rng: random.Random, vector: bool, count: int = 45) -> str:
    """A sum of patterns in turn, with irregular terms at its ends now and then."""
    patterns = rng.sample(PATTERNS, rng.choice([1, 1, 2, 2, 3, 5]))
    signs = [rng.choice(" + | - ".split("|")) for _ in patterns]
    stride, size = rng.choice([1, 1, 1, 2]), 2 * count + 3

    def leaf(at: int) -> str:
        return f"x[{at}]" if vector else f"x{at}"

    terms = []
    for i in range(count):
        at = stride * i
        for sign, pattern in zip(signs, patterns, strict=True):
            terms.append(sign + pattern.format(leaf(at), leaf(at + 1), leaf(at + 2), c=Drawn(rng)))
    before = rng.choice(["", f"{leaf(3)}*{leaf(0)}", f"cos({leaf(5)})"])
    after = rng.choice(["", " + a**2", f" - {leaf(2)}*{leaf(7)}"])
    text = rng.choice(["{}", "sqrt(1 + ({})**2)", "q = {}\nq*a + q**2"]).format(before + "".join(terms) + after)
    return f"x: [{size}]\n{text}" if vector else text


def scattered(rng: random.Random, vector: bool) -> str:
    """A sum of a few patterns whose elements and turns follow no rule, and of terms that are like no other."""
    patterns = rng.sample(PATTERNS, 3)

    def leaf() -> str:
        at = rng.randrange(93)
        return f"x[{at}]" if vector else f"x{at}"

    terms = [rng.choice(patterns).format(leaf(), leaf(), leaf(), c=Drawn(rng)) for _ in range(240)]
    terms += [f"{leaf()}*cos({leaf()})", f"{leaf()}**3/(2 + {leaf()}**4)"]
    rng.shuffle(terms)
    everything = " + ".join(f"0.5*x[{i}]" if vector else f"0.5*x{i}" for i in range(93))
    return f"{'x: [93]; ' * vector}sqrt(2 + ({' + '.join(terms)})**2) + {everything}"


def points(rng: random.Random, n: int) -> list[list[float]]:
    """Plain ones, ties, and values at which functions end."""
    plain = [rng.uniform(-2, 2) for _ in range(n)]
    odd = [rng.choice([0.0, 1.0, -1.0, 0.5]) for _ in range(n)]
    wild = list(plain)
    for value in (math.inf, -math.inf, math.nan, 1e200, 0.0):
        wild[rng.randrange(n)] = value
    return [plain, odd, [0.0] * n, wild]


def leaves(found: Any) -> list[Any]:
    value, grads = found
    return [value, *(grads[name] for name in sorted(grads))]


def same(want: Any, got: Any, tol: float = 1e-11) -> None:
    for a, b in zip(leaves(want), leaves(got), strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        with np.errstate(all="ignore"):
            size = np.abs(np.where(np.isfinite(a), a, 0)).max(initial=1.0)
            assert np.allclose(a, b, rtol=tol, atol=tol * size, equal_nan=True)


def hold(text: str, at: list[float], wrt: list[str] | None = None) -> Any:
    """The value and gradient of the notes' module, which the library's function must give, too (AssertionError)."""
    fn = gradc.compile(text, wrt)
    assert fn.rolled is not None
    vector = bool(fn.shapes.get("x"))
    given = dict.fromkeys(fn.inputs, 0.75)
    given |= {"x": np.array(at)} if vector else {name: at[int(name[1:])] for name in fn.inputs if name != "a"}
    args = [given[name] for name in fn.inputs]
    with np.errstate(all="ignore"):
        want = fn.module.value_and_grad(*args)
        same(want, fn.value_and_grad(*args))
        same(want, fn.value_and_grad(**given))
        same((want[0], {}), (fn(*args), {}))
    return want


def main(count: int) -> int:
    """Say each seed that fails, and how many."""
    engines.ROLLED = engines.GATHERED = engines.WHOLE = 0
    failed = 0
    for seed in range(count):
        for write in (written, scattered):
            for vector in (True, False):
                rng = random.Random(seed)
                text = write(rng, vector)
                for at in points(rng, 93)[:3]:
                    try:
                        hold(text, at)
                    except AssertionError as error:
                        failed += 1
                        print(f"FAILED: {write.__name__} {seed} {'vector' if vector else 'names'} {error}")
                        break
    print(f"{4 * count} programs, {failed} failed")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
