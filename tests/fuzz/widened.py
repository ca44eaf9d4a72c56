"""Random programs, written in another way that must change nothing: `python -m tests.fuzz.widened N [SEED]`.

The relations go where the generator does not: inputs that are assigned anew, inputs with the names of helpers and of
Python's own functions, several outputs with an adjoint each, 300 statements more, single precision. What is compared
with is the program as it was drawn, by every engine of both styles.
"""

from __future__ import annotations

import random
import re
import sys
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .draw import draw
from .generate import Case
from .tree import shapes, text

NAMES = (
    "masked first_max quotients from_heaviest rows others select norm softplus as_float as_array in_blocks float type "
    "sum len absent failures rest more np math cache forward backward f eval open t1 m1 float64 ndarray both_passes"
).split()
LINES = 300


class Widened(NamedTuple):
    """Another text of a program: its inputs by their new names, and by what the gradient is multiplied."""

    text: str
    names: dict[str, str]
    factor: float = 1.0
    outputs: int = 1


def renamed(source: str, inputs: list[str], rng: random.Random) -> Widened:
    """Names of what modules call."""
    free = [name for name in NAMES if not re.search(rf"\b{name}\b", source)]
    names = dict(zip(inputs, rng.sample(free, len(inputs)), strict=True))
    return Widened(re.sub(r"\b[A-Za-z_]\w*\b", lambda word: names.get(word[0], word[0]), source), names)


def assigned(source: str, inputs: list[str], rng: random.Random) -> Widened:
    """Every input is assigned anew, as itself."""
    lines = [f"{name} = 2*{name} - {name}" for name in inputs]
    declared, rest = _declarations(source)
    return Widened("\n".join([*declared, *lines, rest]), {name: name for name in inputs})


def doubled(source: str, inputs: list[str], rng: random.Random) -> Widened:
    """Two outputs: the one, and a multiple of it."""
    head, last = _last(source)
    return Widened(f"{head}out_ = {last}\nout_, 3*out_", {name: name for name in inputs}, 2.5, 2)


def lengthened(source: str, inputs: list[str], rng: random.Random) -> Widened:
    """Some hundred statements more."""
    head, last = _last(source)
    lines = ["out_ = 2*out_ - out_"] * LINES
    return Widened("\n".join([f"{head}out_ = {last}", *lines, "out_"]), {name: name for name in inputs})


RELATIONS: tuple[Callable[[str, list[str], random.Random], Widened], ...] = (renamed, assigned, doubled, lengthened)


def _statements(source: str) -> list[str]:
    lines = (line.partition("#")[0] for line in source.split("\n"))
    return [part.strip() for line in lines for part in line.split(";") if part.strip()]


def _declarations(source: str) -> tuple[list[str], str]:
    """The declarations, and the rest of the program."""
    parts = _statements(source)
    declared = [part for part in parts if re.match(r"\w+: ", part)]
    return declared, "\n".join(part for part in parts if part not in declared)


def _last(source: str) -> tuple[str, str]:
    """All but the last expression, and that."""
    *head, last = _statements(source)
    if re.match(r"\w+ = ", last):
        head, last = [*head, last], last.partition(" = ")[0]
    return "".join(f"{part}\n" for part in head), last


def difference(case: Case, seed: int) -> str | None:
    """What a relation changes of a program; None if nothing."""
    import gradc

    source, declared, rng = text(case.program), shapes(case.program), random.Random(seed)
    inputs = [item.name for item in case.program.inputs]
    _, last = _last(source)
    if "," in re.sub(r"\([^()]*\)|\[[^][]*\]", "", re.sub(r"\([^()]*\)|\[[^][]*\]", "", last)):
        return None  # several outputs already
    given = {name: float(x) if x.shape == () else x for name, x in case.inputs.items()}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        plain = gradc.compile(source, shapes=declared)
        value, cache = plain.forward(**given)
        df = np.ones_like(value) if np.shape(value) else 1.0
        grads = plain.backward(cache, df)
        for relation in RELATIONS:
            wide = relation(source, inputs, rng)
            new = {wide.names[name]: x for name, x in given.items()}
            for style in ("notes", "fast"):
                where = (
                    f"seed {seed}, {relation.__name__}, {style}:\n{wide.text if len(wide.text) < 2000 else source}\n"
                )
                known = {wide.names[name]: shape for name, shape in (declared or {}).items()}
                fn = gradc.compile(wide.text, shapes=known, style=style)
                seeds = df if wide.outputs == 1 else (df, 0.5 * df)
                for both in (_passes(fn, new, seeds), fn.value_and_grad(**new, df=seeds)):
                    first = both[0] if wide.outputs == 1 else both[0][0]
                    wrong = _differs(first, value)
                    wrong = wrong or any(_differs(both[1][wide.names[n]], wide.factor * g) for n, g in grads.items())
                    if wrong:
                        return f"{where}{both}\nand not {value}, {grads} times {wide.factor}"
    return None


def _passes(fn: Any, given: dict[str, Any], df: Any) -> tuple[Any, dict[str, Any]]:
    value, cache = fn.forward(**given)
    return value, fn.backward(cache, df)


def _differs(found: Any, wanted: Any) -> bool:
    found, wanted = np.asarray(found), np.asarray(wanted)
    if found.shape != wanted.shape or found.dtype != float:
        return True
    scale = np.max(np.abs(wanted[np.isfinite(wanted)]), initial=0.0)
    return not np.allclose(found, wanted, rtol=1e-8, atol=1e-8 * scale, equal_nan=True)


def main(argv: list[str]) -> int:
    count, first = int(argv[0]), int(argv[1]) if argv[1:] else 0
    failed = 0
    for seed in range(first, first + count):
        try:
            wrong = difference(draw(seed), seed)
        except Exception as error:
            wrong = f"seed {seed}: {type(error).__name__}: {str(error)[:300]}"
        if wrong:
            failed += 1
            print(wrong, flush=True)
    print(f"{count} programs, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
