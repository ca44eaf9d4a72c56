"""What the module calls differently is said, and no forward line has the name of an adjoint."""

from __future__ import annotations

import re

import pytest

import gradc
from tests.support import gradc as command


@pytest.mark.parametrize("program", ["d*W + W", "d*x*y + x", "W: [3]; d: [3]; sum(d*W + W)", "dx = 2*x; dx*d*x"])
def test_no_forward_line_is_called_d_and_an_existing_name(program: str) -> None:
    fn = gradc.compile(program)
    assigned = [line.partition(" = ")[0] for _, line in fn.stages]
    own = {*fn.inputs, *re.findall(r"(\w+) = ", program)}
    known = {*own, *assigned}
    assert not [name for name in assigned if name not in own and name[:1] == "d" and name[1:] in known]


def test_the_gradient_of_an_input_is_d_and_its_name() -> None:
    assert '"W": dW}' in gradc.compile("d*W + W").source


def test_df_and_sizes_that_step_aside_are_said() -> None:
    notes = [note.message for note in gradc.compile("X: [n, 3]; sum(X)*n*df").notes]
    assert "'df' is a value of the program: the upstream adjoint is called 'df_' in the module" in notes
    result = command("compile", "df*x")
    assert "the upstream adjoint is called 'df_'" in result.err
    assert not gradc.compile("x*y").notes
