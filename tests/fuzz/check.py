"""A case -> `None` if the compiled program does what the oracles say, in every style, or the first mismatch.

`check_program(seed)` is the whole of it for one seed. The compiler is reached through its library's face alone:
`compile`, `forward`, `backward`, `value_and_grad` and the call.
"""

from __future__ import annotations

import contextlib
import copy
import random
import re
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .draw import draw
from .generate import Case
from .reference import Reference
from .tree import Program, shapes, text
from .values import Array

STYLES = ("notes", "fast")
NAMES = ("notes", "letters", "wengert")
FAR = 1e100  # from where squares overflow
LONGEST = 1500  # characters of a report's detail
CROSSED = 0.05  # of the programs have their oracles held against each other, too: complex step, SymPy, differences


@dataclass(frozen=True, slots=True)
class Options:
    """How a program is compiled."""

    style: str = "notes"
    names: str = "notes"
    target: str = "numpy"
    literal: bool = False
    wrt: tuple[str, ...] | None = None

    def keywords(self) -> dict[str, Any]:
        """What `compile` is given: what differs from its defaults."""
        chosen = {"style": self.style, "names": self.names, "target": self.target, "literal": self.literal}
        usual = {"style": "notes", "names": "notes", "target": "numpy", "literal": False}
        out: dict[str, Any] = {key: one for key, one in chosen.items() if one != usual[key]}
        return out if self.wrt is None else {**out, "wrt": list(self.wrt)}


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What went wrong, with what."""

    what: str
    detail: str
    case: Case
    options: str

    @property
    def kind(self) -> str:
        """What a smaller program must have in common with this one to fail in the same way."""
        first = self.detail.splitlines()[0] if self.detail else ""
        plain = re.sub(r"\bd[A-Za-z_]\w*", "d", re.sub(r"'[^']*'|\[.*\]|\(.*\)|-?[0-9.]+(e[-+][0-9]+)?", "#", first))
        return f"{self.what}: {plain[:40]}"

    def __str__(self) -> str:
        lines = [f"{self.what}: {self.detail}", f"options: {self.options}"]
        given = {name: x.tolist() for name, x in self.case.inputs.items()}
        lines += [f"shapes: {shapes(self.case.program)}", f"inputs: {given}", "program:", text(self.case.program)]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One program's result."""

    mismatch: Mismatch | None
    checks: int
    worst: float


class Failure(Exception):
    """A check that failed, on its way to becoming a `Mismatch`."""

    def __init__(self, what: str, detail: str, options: object = "") -> None:
        super().__init__(f"{what}: {detail}")
        self.what, self.detail, self.options = what, detail, str(options)


@contextlib.contextmanager
def strict() -> Iterator[None]:
    """Warnings are errors, NumPy's too; only underflow, which NumPy doesn't warn of either, is none."""
    with warnings.catch_warnings(), np.errstate(divide="raise", over="raise", invalid="raise", under="ignore"):
        warnings.simplefilter("error")
        yield


def compiled(program: Program, options: Options) -> Any:
    """The compiled program."""
    import gradc

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # notes on the program
        return gradc.compile(text(program), shapes=shapes(program), **options.keywords())


# ------------------------------------------------------------------------------------------------- inputs and caches


def frozen(x: Array) -> Array:
    """The same array, or a view of it, that nobody may write to."""
    x.flags.writeable = False
    return x


def presented(x: Array, rng: random.Random) -> Any:
    """An input as one of the many ways to hold its numbers: a float, or an array of any layout, never writable."""
    if x.shape == ():
        kinds: list[Callable[[float], Any]] = [float, float, np.float64, lambda one: frozen(np.array(one))]
        return rng.choice(kinds)(float(x))
    way = rng.randrange(4)
    if way == 0:
        return frozen(np.asfortranarray(x.copy()))
    if way == 1:  # every second entry of a longer last axis
        wide = np.full((*x.shape[:-1], 2 * x.shape[-1]), np.nan)
        wide[..., ::2] = x
        return frozen(wide[..., ::2])
    if way == 2:  # backwards in memory
        return frozen(np.ascontiguousarray(x[::-1])[::-1])
    return frozen(x.copy())


def arrays_in(held: Any) -> Iterator[Array]:
    """Every array of a cache, however it is packed."""
    stack = [held]
    while stack:
        top = stack.pop()
        if isinstance(top, np.ndarray):
            yield top
        elif isinstance(top, Mapping):
            stack.extend(top.values())
        elif isinstance(top, (tuple, list)):
            stack.extend(top)


def same(left: Any, right: Any) -> bool:
    """Bit for bit, however packed."""
    if isinstance(left, Mapping):
        return isinstance(right, Mapping) and list(left) == list(right) and all(same(left[k], right[k]) for k in left)
    if isinstance(left, (tuple, list)):
        return len(left) == len(right) and all(same(one, two) for one, two in zip(left, right, strict=True))
    if isinstance(left, (np.ndarray, float, int, np.number)):
        return np.shape(left) == np.shape(right) and np.array_equal(left, right, equal_nan=True)
    return bool(left is right or left == right)


def as_outputs(value: Any, count: int) -> tuple[Array, ...]:
    """What came back, as a tuple of arrays."""
    if count == 1:
        return (np.asarray(value),)
    if not isinstance(value, (tuple, list)):
        raise Failure("outputs", f"a tuple of {count} was expected, not {type(value).__name__}")
    return tuple(np.asarray(one) for one in value)


# ------------------------------------------------------------------------------------------------- one compiled program


def judge(reference: Reference, options: Options, what: str, value: Any, grads: Any) -> None:
    """Value and gradients against the oracle."""
    outs = as_outputs(value, len(reference.outs))
    if any(out.dtype != np.float64 for out in outs):
        raise Failure(what, f"value has type {[str(out.dtype) for out in outs]}", options)
    if (wrong := reference.judge_value(outs)) is not None:
        raise Failure(what, wrong, options)
    wanted = list(options.wrt or [item.name for item in reference.case.program.inputs])
    if not isinstance(grads, Mapping) or sorted(grads) != sorted(wanted):
        raise Failure(what, f"gradients of {sorted(grads)}, expected {sorted(wanted)}", options)
    for name in wanted:
        if np.asarray(grads[name]).dtype != np.float64:
            raise Failure(what, f"d{name} has type {np.asarray(grads[name]).dtype}", options)
        if (wrong := reference.judge_gradient(name, grads[name])) is not None:
            raise Failure(what, wrong, options)


def upstream(reference: Reference) -> Any:
    """The `df` that the reference has in mind."""
    outs = tuple(float(d) if d.shape == () else frozen(d.copy()) for d in reference.dout)
    return outs[0] if len(outs) == 1 else outs


def needs_df(reference: Reference) -> bool:
    """Whether the output is such that a `df` must be given."""
    return len(reference.outs) > 1 or (not reference.elementwise and reference.outs[0].shape != ())


def exercise(fn: Any, reference: Reference, options: Options, rng: random.Random) -> tuple[Any, Any]:
    """Every way to run a compiled program, each against the oracle; value and gradients for those who compare more."""
    math_only = options.target == "math"
    given = {name: float(x) if math_only else presented(x, rng) for name, x in reference.inputs.items()}
    before = copy.deepcopy(given)
    df, must = upstream(reference), needs_df(reference)
    df_before = copy.deepcopy(df)
    value, cache = fn.forward(**given)
    for array in arrays_in(cache):
        array.flags.writeable = False
    cache_before = copy.deepcopy(cache)
    grads = fn.backward(cache, df=df) if must or rng.random() < 0.5 else fn.backward(cache)
    judge(reference, options, "forward, backward", value, grads)
    kept = copy.deepcopy(grads)
    again = fn.backward(cache, df=df) if must else fn.backward(cache)
    if not same(kept, again):
        raise Failure("backward twice", f"first {kept}, then {again}", options)
    if not same(cache, cache_before):
        raise Failure("ownership", "backward changed the cache", options)
    if not same(df, df_before):
        raise Failure("ownership", "backward changed df", options)
    if not must:
        judge(reference, options, "value_and_grad", *fn.value_and_grad(**given))
        by_engines(fn, reference, options)
    if rng.random() < 0.3:
        plain = fn(*(given[name] for name in fn.inputs)) if rng.random() < 0.5 else fn(**given)
        if (wrong := reference.judge_value(as_outputs(plain, len(reference.outs)))) is not None:
            raise Failure("call", wrong, options)
    if not same(given, before):
        raise Failure("ownership", "an input was changed", options)
    return value, grads


def by_engines(fn: Any, reference: Reference, options: Options) -> None:
    """Each engine alone, where it takes plain floats and arrays: those behind the first get few calls otherwise."""
    from gradc.api.function import Function
    from gradc.run.engine import Passed
    from gradc.run.engines import alone, fitting

    if not isinstance(fn, Function):
        return  # a stand-in of the oracles' own tests has no engines
    given = {name: float(x) if x.shape == () else x.copy() for name, x in reference.inputs.items()}
    for engine in fitting(fn, "value_and_grad")[1:]:
        try:
            found = alone(fn, engine, "value_and_grad")(**given)
        except Passed:
            continue
        judge(reference, options, f"engine {engine.name}", *found)


def variants(case: Case, rng: random.Random) -> list[Options]:
    """Both styles, and some of the rest."""
    wrt = None
    names = [item.name for item in case.program.inputs]
    if len(names) > 1 and rng.random() < 0.15:
        wrt = tuple(rng.sample(names, rng.randint(1, len(names) - 1)))
    picked = [Options(style=style, wrt=wrt) for style in STYLES]
    far = case.mode == "hazard" or any(np.any(np.abs(x) > FAR) for x in case.inputs.values())
    literal = not far and rng.random() < 0.4  # the textbook's forms are no good where those go
    picked.append(Options(style=rng.choice(STYLES), names=rng.choice(NAMES[1:]), literal=literal))
    return picked


def points_of(case: Case) -> Iterator[dict[str, Array]]:
    """The single points of an elementwise case."""
    shapes_ = {x.shape for x in case.inputs.values()}
    if shapes_ == {()}:
        yield case.inputs
        return
    for at in range(next(iter(case.inputs.values())).size):
        yield {name: x[at] for name, x in case.inputs.items()}


def check_case(case: Case, thorough: bool = True) -> Outcome:
    """Every check on one case; the first failure ends it."""
    from .relations import check_relations
    from .selftest import check_oracles

    rng = random.Random(case.seed)
    reference: Reference | None = None
    options = Options()
    checks, worst = 0, 0.0
    try:
        reference = Reference(case)
        if rng.random() < CROSSED:
            check_oracles(case)
        with strict():
            for options in variants(case, rng):
                exercise(compiled(case.program, options), reference, options, rng)
            if case.program.elementwise and rng.random() < 0.7:
                options = Options(style=rng.choice(STYLES), names=rng.choice(NAMES), target="math")
                fn = compiled(case.program, options)
                for point in points_of(case):
                    one = Reference(case, point)
                    exercise(fn, one, options, rng)
                    checks, worst = checks + one.checks, max(worst, one.worst)
            options = Options()
            if thorough:
                checks += check_relations(case, reference, rng)
    except Failure as failure:
        used = failure.options or str(options)
        mismatch: Mismatch | None = Mismatch(failure.what, failure.detail[:LONGEST], case, used)
    except (Exception, SystemExit) as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        detail = f"{type(error).__name__}: {error} ({where.filename}:{where.lineno}: {where.line})"
        mismatch = Mismatch("exception", detail[:LONGEST], case, str(options))
    else:
        mismatch = None
    if reference is not None:
        checks, worst = checks + reference.checks, max(worst, reference.worst)
    return Outcome(mismatch, checks, worst)


def check_program(seed: int, mode: str = "all") -> Mismatch | None:
    """What is wrong with the program of a seed, if anything."""
    return check_case(draw(seed, mode)).mismatch
