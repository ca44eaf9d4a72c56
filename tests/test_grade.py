"""Hand-written passes as people write them, and the mistakes that people make: which line, and why.

`tests/hand/manifest.json` says of each file which program it is of, and which lines are wrong; most say nothing is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gradc
from gradc.evidence.grade.diagnose import factor
from gradc.evidence.grade.names import bases, piece_of
from gradc.evidence.grade.sandbox import Sandbox
from tests.support import gradc as cli

HAND = Path(__file__).parent / "hand"
CASES: list[dict[str, Any]] = json.loads((HAND / "manifest.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One process for all files."""
    with Sandbox() as box:
        yield box


def graded(case: dict[str, Any], sandbox: Sandbox) -> Any:
    text = (HAND / case["file"]).read_text(encoding="utf-8")
    if "import torch" in text:
        pytest.importorskip("torch")
    return gradc.grade(text, case["program"], shapes=case.get("shapes"), sandbox=sandbox)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["file"].removesuffix(".py"))
def test_the_lines_and_the_reasons(case: dict[str, Any], sandbox: Sandbox) -> None:
    found = graded(case, sandbox)
    assert [(each.line, each.reason) for each in found.wrong] == [(w["line"], w["reason"]) for w in case["wrong"]]
    assert found.ok == (not case["wrong"])
    assert found.right > 0


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 60
    assert 3 * sum(not case["wrong"] for case in CASES) >= len(CASES)


def test_every_file_is_in_the_manifest() -> None:
    assert sorted(path.name for path in HAND.glob("*.py")) == sorted(case["file"] for case in CASES)


# ---- the process ---------------------------------------------------------------------------------


def test_an_endless_loop_ends() -> None:
    text = "f = x*y\ndx = y\nwhile True:\n    pass\n"
    with Sandbox(seconds=0.5) as box:
        found = gradc.grade(text, "x*y", sandbox=box)
    assert found.stopped is not None
    assert "more than 0.5 seconds" in found.stopped[1]
    assert found.right == 1


def test_an_exit_ends_the_run_and_no_more(sandbox: Sandbox) -> None:
    text = "import sys\nf = x*y\ndx = -y\ndy = x\nsys.exit(3)\n"
    found = gradc.grade(text, "x*y", sandbox=sandbox)
    assert [(each.line, each.reason) for each in found.wrong] == [(3, "the sign")]
    assert found.stopped is not None
    assert found.stopped[0] == 5


def test_what_it_prints_goes_nowhere(sandbox: Sandbox) -> None:
    text = "import sys\nprint('not JSON')\nsys.stdout.write('{')\nf = x*y\ndx = y\ndy = x\n"
    assert gradc.grade(text, "x*y", sandbox=sandbox).ok


def test_graded_up_to_an_exception(sandbox: Sandbox) -> None:
    found = gradc.grade("f = x*y\ndx = -y\noops\ndy = x\n", "x*y", sandbox=sandbox)
    assert [each.line for each in found.wrong] == [2]
    assert found.stopped == (3, "NameError: name 'oops' is not defined")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def f(:\n", "no Python: line 1"),
        ("", "nothing to run"),
        ("a = [1]\nprint(a[0] + 2)\n", "nothing in the hand-written pass belongs to the program"),
    ],
)
def test_what_cannot_be_graded_is_said(text: str, said: str, sandbox: Sandbox) -> None:
    with pytest.raises(gradc.GradcError, match=said):
        gradc.grade(text, "x*y", sandbox=sandbox)


# ---- the command ---------------------------------------------------------------------------------


def test_the_command(tmp_path: Path) -> None:
    file = tmp_path / "hand.py"
    file.write_text("q = x + y\nf = q*z\ndq = z\ndz = -q\ndx = dq\ndy = dq\n", encoding="utf-8")
    done = cli("grade", str(file), "(x + y)*z", "--json")
    told = json.loads(done.out)
    assert done.code == 1
    assert told["ok"] is False
    assert [(w["line"], w["name"], w["reason"]) for w in told["wrong"]] == [(4, "dz", "the sign")]
    done = cli("grade", str(file), "(x + y)*z")
    assert done.code == 1
    assert all(part in done.out for part in ("line 4 | dz = -q", "the sign", "gradc: dz = "))
    file.write_text(file.read_text(encoding="utf-8").replace("-q", "q"), encoding="utf-8")
    assert cli("grade", str(file), "(x + y)*z").code == 0


def test_a_file_that_is_not_there() -> None:
    done = cli("grade", "no_such_hand.py", "x*y")
    assert done.code == 2
    assert "cannot read no_such_hand.py" in done.err


# ---- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "base"),
    [("dx", "x"), ("d_x", "x"), ("grad_w1", "w1"), ("W_grad", "W"), ("dL_dz", "z"), ("dLdW", "W"), ("df_dx", "x")],
)
def test_of_what_a_name_is_the_adjoint(name: str, base: str) -> None:
    assert base in bases(name)


def test_a_part_is_called_after_the_whole() -> None:
    assert [piece_of(name) for name in ("dx1", "dx_total", "dW2_reg", "dx")] == ["dx", "dx", "", ""]


def test_factors_in_words() -> None:
    assert [factor(c) for c in (2.0, 0.5, -3.0, 1.5)] == [
        "a factor of 2",
        "a factor of 2",
        "a factor of -3",
        "a factor of 3/2",
    ]


def test_what_every_page_has_imported_is_there() -> None:
    """The notes' own lines call `math.exp` and `np.` with no import in sight."""
    text = "x = 3\ns = 1.0/(1 + math.exp(-x))\nf = np.log(s)\nds = 1/s\ndx = s*(1 - s)*ds\n"
    assert gradc.grade(text, "log(sigmoid(x))").ok
    assert not gradc.grade(text.replace("(1 - s)", "(s - 1)"), "log(sigmoid(x))").ok
