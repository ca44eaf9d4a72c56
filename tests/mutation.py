"""Each rule of the table broken in turn: the laws must notice every time.

`python -m tests.mutation` breaks every rule by its sign, by a factor, by dropping a contribution, by a wrong argument
and at its tie, runs the laws of test_ops over the broken entry until one fails, and prints who noticed. A mutant that
no law notices is a hole in the tests; the exit status says whether there is one.

>>> from gradc.ops import scalar
>>> [m.what for m in mutants(scalar.sin)]
['sign of dx', 'factor of dx', 'no dx', 'argument of dx']
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

import gradc
from gradc.ops import entries, lookup
from gradc.ops.table import Op
from gradc.optimize.backward import partials_of, value_of
from gradc.rewrite.rules import called_by, has_form
from tests import test_ops

# Gates whose laws are elsewhere: what passes a border (test_branch_law).
ELSEWHERE = ("held",)

# Rules that say the same when broken in this way, and why.
EQUIVALENT = {
    ("relu", "argument of dx"): "relu(x) > 0 exactly where x > 0",
    ("digamma_gap", "argument of dy"): "trigamma(x + y) is trigamma(y + x)",
    ("elu", "tie of the composite"): "both sides are 0 there, with one slope at alpha = 1",
    ("huber", "tie of the composite"): "both sides have one value and one slope there",
    **{("det_sign", f"{how} the tangent"): "it is 0" for how in ("sign of", "factor of", "no")},
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One rule of one entry, broken: the field to set and what to set it to."""

    entry: str
    what: str
    field: str
    value: Any


@dataclass(frozen=True, slots=True)
class Verdict:
    entry: str
    what: str
    killed_by: str


def breakages(rule: str, params: tuple[str, ...]) -> dict[str, str]:
    """The ways to break the text of a rule."""
    if rule in ("", "0"):
        return {"factor": "1"} if rule else {}
    out = {"sign": f"-({rule})", "factor": f"2*({rule})", "no": "0"}
    pairs = [("x", "y"), ("y", "x")] if "y" in params and "x" in params else [(params[0], "out"), ("out", params[0])]
    swapped = re.sub(r"\b\w+\b", lambda m: dict(pairs[:2]).get(m[0], m[0]), rule)
    if swapped == rule and "dout" in rule:
        swapped = re.sub(r"\bdout\b", "(dout + 1)", rule)
    if swapped != rule:
        out["argument"] = swapped
    tie = re.sub(r"(>=|<=|>|<)(?!=)", lambda m: {">=": ">", "<=": "<", ">": ">=", "<": "<="}[m[0]], rule)
    if tie != rule:
        out["tie"] = tie
    return out


def mutants(entry: Op) -> list[Mutant]:
    """Every rule of an entry broken in every way."""
    out = []
    for i, rule in enumerate(entry.slopes or ()):
        for how, broken in breakages(rule, entry.params).items():
            rules = (*entry.partials()[:i], broken, *entry.partials()[i + 1 :])
            out.append(Mutant(entry.name, _what(how, f"d{entry.params[i]}"), "slopes", rules))
    if callable(entry.vjps) or entry.variadic:
        count = 2 if (entry.variadic or len(entry.params) > 1) and 1 not in entry.whole else 1
        for i in range(count):
            name = f"d{entry.params[min(i, len(entry.params) - 1)]}"
            out += [
                Mutant(entry.name, _what(how, name), "vjps", _Broken(entry.vjps, i, how, entry.params))
                for how in ("sign", "factor", "no", "argument")
            ]
    else:
        for i, rule in enumerate(entry.vjps):
            for how, broken in breakages(rule, entry.params).items():
                rules = (*entry.vjps[:i], "" if how == "no" else broken, *entry.vjps[i + 1 :])
                out.append(Mutant(entry.name, _what(how, f"d{entry.params[i]}"), "vjps", rules))
    if entry.jvp:
        for how, broken in breakages(entry.jvp, tuple(f"{p}_dot" for p in entry.params)).items():
            out.append(Mutant(entry.name, _what(how, "the tangent"), "jvp", broken))
    if entry.lower:
        for how, broken in breakages(entry.lower, entry.params).items():
            out.append(Mutant(entry.name, _what(how, "the composite"), "lower", broken))
    return out


def _what(how: str, name: str) -> str:
    return f"no {name}" if how == "no" else f"{how} of {name}"


class _Broken:
    """A rule that hangs on shapes, broken in what it returns."""

    def __init__(self, rule: Any, at: int, how: str, params: tuple[str, ...]) -> None:
        self.rule, self.at, self.how, self.params = rule, at, how, params

    def __call__(self, ranks: Any, shapes: Any, **statics: Any) -> list[str]:
        rules = list(self.rule(ranks, shapes, **statics))
        at = min(self.at, len(rules) - 1)
        rules[at] = "" if self.how == "no" else breakages(rules[at], self.params).get(self.how, "0")
        return rules


@contextlib.contextmanager
def broken(mutant: Mutant) -> Iterator[Op]:
    """The table with one entry broken."""
    entry = lookup(mutant.entry)
    assert entry is not None
    kept = getattr(entry, mutant.field)
    object.__setattr__(entry, mutant.field, mutant.value)
    forget()
    try:
        yield entry
    finally:
        object.__setattr__(entry, mutant.field, kept)
        forget()


def forget() -> None:
    """What was read of an entry once, for good, is read again."""
    for each in (partials_of, value_of, called_by, has_form):
        each.cache_clear()


def laws(entry: Op) -> Iterator[tuple[str, Callable[[], None]]]:
    """What test_ops says of this entry, cheapest first."""

    def rng() -> np.random.Generator:
        return np.random.default_rng(7)

    for each, point, pinned in test_ops.EDGES:
        if each is entry:
            yield "edge", lambda p=point, q=pinned: test_ops.test_edges_hold(entry, p, q, "numpy")
    if entry in test_ops.ELEMENTWISE:
        yield "formula", lambda: test_ops.test_value_and_partials_are_those_of_the_independent_formula(entry, rng())
    if entry in test_ops.DIFFERENTIABLE:
        yield "transpose", lambda: test_ops.test_reverse_is_the_transpose_of_forward_on_every_shape(entry, rng())
        yield "quotient", lambda: test_ops.test_tangents_are_difference_quotients(entry, rng())
    if entry.whole and entry.params[0] == "x":
        yield "places", lambda: places_law(entry, rng())
    if entry.lower:
        yield "composite", lambda: test_ops.test_a_composite_is_what_numpy_computes(entry, rng())


def places_law(entry: Op, rng: np.random.Generator) -> None:
    """A gate that takes by integers, or adds into place, beside NumPy's own subscripts, backward and forward."""
    count = len(entry.params) - 1
    shape = (3, 2, 4, 2, 3, 2)[:count]
    names = [f"i{axis}" for axis in range(count)]
    length = () if entry.name.startswith("pick") else (5,)
    at = [rng.integers(0, size, length) for size in shape]
    given = {name: index if length else int(index) for name, index in zip(names, at, strict=True)}
    x, v = rng.normal(size=shape), rng.normal(size=length)
    if entry.name.startswith("added"):
        program = f"z = x*1\nnp.add.at(z, ({', '.join(names)},), v)\nz"
        wanted, df = x.copy(), rng.normal(size=shape)
        np.add.at(wanted, tuple(at), v)
        floats = {"x": x, "v": v}
        grads = {"x": df, "v": df[tuple(at)]}
    else:
        program = f"x[{', '.join(names)}]"
        wanted, df = x[tuple(at)], rng.normal(size=length)
        floats = {"x": x}
        grads = {"x": np.zeros(shape)}
        np.add.at(grads["x"], tuple(at), df)
    shapes = {name: np.shape(value) for name, value in {**floats, **given}.items()}
    fn = gradc.compile(program, shapes=shapes, wrt=list(floats))
    value, cache = fn.forward(**floats, **given)
    np.testing.assert_allclose(value, wanted)
    for name, slope in fn.backward(cache, df).items():
        np.testing.assert_allclose(slope, grads[name], err_msg=name)
    dots = {f"{name}_dot": rng.normal(size=np.shape(value)) for name, value in floats.items()}
    tangent = fn.jvp(**floats, **given, **dots)[1]
    along = sum(np.sum(grads[name] * dots[f"{name}_dot"]) for name in floats)
    np.testing.assert_allclose(np.sum(df * tangent), along)


def judge(mutant: Mutant) -> Verdict:
    """Run the laws over a broken entry; which of them noticed first."""
    with broken(mutant) as entry, warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for name, law in laws(entry):
            try:
                law()
            except Exception:
                return Verdict(mutant.entry, mutant.what, name)
    return Verdict(mutant.entry, mutant.what, "")


def judge_entry(name: str) -> list[Verdict]:
    entry = lookup(name)
    assert entry is not None
    return [judge(m) for m in mutants(entry) if (m.entry, m.what) not in EQUIVALENT]


def main() -> int:
    """Break everything; print a row an entry, and every survivor."""
    started = time.perf_counter()
    names = [entry.name for entry in entries() if mutants(entry) and not entry.name.startswith(ELSEWHERE)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        verdicts = list(pool.map(judge_entry, names))
    columns = ("edge", "formula", "transpose", "quotient", "places", "composite")
    print(f"{'entry':<14}{'mutants':>8}  " + "".join(f"{c:>11}" for c in columns) + f"{'survive':>9}")
    for name, mine in zip(names, verdicts, strict=True):
        row = "".join(f"{sum(v.killed_by == c for v in mine) or '':>11}" for c in columns)
        print(f"{name:<14}{len(mine):>8}  {row}{sum(not v.killed_by for v in mine) or '':>9}")
    flat = [v for mine in verdicts for v in mine]
    alive = [v for v in flat if not v.killed_by]
    print(
        f"{'total':<14}{len(flat):>8}  "
        + "".join(f"{sum(v.killed_by == c for v in flat):>11}" for c in columns)
        + f"{len(alive):>9}"
    )
    for (entry, what), why in EQUIVALENT.items():
        print(f"not counted: {what} in {entry}, for {why}")
    for v in alive:
        print(f"survives: {v.what} in {v.entry}")
    print(f"{len(flat) - len(alive)} of {len(flat)} mutants killed in {time.perf_counter() - started:.0f} s")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
