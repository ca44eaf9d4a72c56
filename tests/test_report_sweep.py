"""`fn.report(sweep=…)`: the program composed with itself, or a family."""

from __future__ import annotations

import pytest

import gradc
from gradc.base.errors import GradcError
from tests.support import gradc as command


@pytest.mark.parametrize("sweep", [True, "self"])
def test_the_program_grows(sweep: bool | str) -> None:
    found = gradc.compile("r*x*(1 - x)").report(sweep=sweep, upto=3)
    said = command("report", "r*x*(1 - x)", "--sweep", "self", "--upto", "3").out
    assert repr(found).splitlines()[:5] == said.splitlines()[:5]


def test_a_family() -> None:
    assert repr(gradc.compile("x*y").report(sweep="product", upto=2)).startswith("product")
    assert "reverse" in repr(gradc.compile("x*y").report(sweep="product", upto=2, modes=True))


def test_no_such_family() -> None:
    with pytest.raises((GradcError, ValueError), match="products"):
        gradc.compile("x*y").report(sweep="products")
