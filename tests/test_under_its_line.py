"""A term of the gradient stands under the forward line that it comes from, and under no other."""

from __future__ import annotations

import re

import pytest

import gradc
from tests.support import corpus, shapes_of
from tests.test_golden import CASES

HEADING = re.compile(r"\s*# (\w+) = .*\((\d+)\)(  .*)?$")
NAME = re.compile(r"(?<![\w.])[^\W\d]\w*")


def strangers(source: str) -> list[str]:
    """The lines of backward that read the adjoint of another line than the one that they stand under.

    What the same gate has just been sent may be read: a divisor gets its share by way of the dividend's.
    """
    forward, _, rest = source.partition("\ndef backward(")
    body = rest.partition("\ndef ")[0]
    adjoints = {f"d{name}": name for name in re.findall(r"^ +(\w+) = .*  # \(\d+\)", forward, re.MULTILINE)}
    found, heading, sent = [], "", set[str | None]()
    for line in body.splitlines():
        match = HEADING.match(line)
        if match:
            heading, sent = match[1], set[str | None]()
            continue
        code = line.partition("  #")[0].strip()
        target, sign, value = code.partition(" = ") if " = " in code else code.partition("= ")
        own = {heading, adjoints.get(target), *sent}
        sent.add(adjoints.get(target) if sign else None)
        if heading and sign and not code.startswith("return"):
            read = [name for name in NAME.findall(value) if name in adjoints and name != "df"]
            found += [f"{heading}: {code}" for name in read if adjoints[name] not in own]
    return found


PROGRAMS = [
    "x: [n]; sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)",
    "x: [4]; sum(x[1:]*x[:-1]) + sum(sin(x[1:]))*x[0]",
    "A: [3, 3]; sum(A.T @ A) + sum(exp(A.T))",
    "x: [3]; sum(exp(-x)) + sum(cos(-x))",
    "x: [2, 3]; sum(x[0]**2) + sum(x[0]*x[1]) + x[0, 1]",
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_of_slices_and_signs(program: str) -> None:
    assert strangers(gradc.compile(program).source) == []


@pytest.mark.parametrize("name", ["tensor", "edge", "wished2"])
def test_of_the_corpora(name: str) -> None:
    for record in corpus(name):
        fn = gradc.compile(record["program"], shapes=shapes_of(record), wrt=list(record["wrt"]))
        assert strangers(fn.source) == [], record["id"]


def test_of_the_goldens() -> None:
    for case in CASES:
        assert strangers(case.values[0].module()) == [], case.id  # type: ignore[attr-defined]  # a parameter of pytest
