"""The shell's face: options, streams, exit codes, files, and what a careless hand types."""

import gc
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import gradc as library
from gradc import cli
from gradc.run import arguments
from tests.support import ROOT, Outcome, environment, gradc, python

STAGED = "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)"
COMMANDS = ["check", "compile", "graph", "report", "trace"]


def refused(*args: str, stdin: str | bytes = "") -> str:
    """What a command says that must end with 2, print nothing, and show no traceback."""
    outcome = gradc(*args, stdin=stdin)
    assert outcome.code == 2, outcome
    if "--json" in args:
        assert json.loads(outcome.out)["ok"] is False
    else:
        assert outcome.out == "", outcome
    assert outcome.err.startswith("gradc: error: ")
    assert "Traceback" not in outcome.err
    return outcome.err


# -- the program -------------------------------------------------------------------------------------------------------


def test_the_module_on_standard_output() -> None:
    assert gradc("compile", STAGED) == Outcome(0, library.compile(STAGED).source, "")


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (["--wrt", "y"], {"wrt": ["y"]}),
        (["--wrt", "y, x"], {"wrt": ["y", "x"]}),
        (["--wrt", "y", "--wrt", "x"], {"wrt": ["y", "x"]}),
        (["--names", "letters"], {"names": "letters"}),
        (["--target=math"], {"target": "math"}),
        (["--literal"], {"literal": True}),
        (["--style", "fast", "--target", "math"], {"style": "fast", "target": "math"}),
        (["--function-name", "loss"], {"function_name": "loss"}),
    ],
)
def test_options(words: list[str], options: dict[str, Any]) -> None:
    want = library.compile(STAGED, **options).source
    assert gradc("compile", STAGED, *words).out == want
    assert gradc("compile", *words, STAGED).out == want


@pytest.mark.parametrize("shape", ["W=5,10", "W=[5, 10]", "W=(5,10)", "W = 5, 10"])
def test_shapes(shape: str) -> None:
    want = library.compile("sum(W @ x)", shapes={"W": (5, 10), "x": ("n",)}).source
    assert gradc("compile", "sum(W @ x)", "--shape", shape, "--shape", "x=n").out == want


@pytest.mark.parametrize("shape", ["W", "W=5x10", "=5", "W=5,,-1", "W=a b"])
def test_shapes_that_are_none(shape: str) -> None:
    assert "cannot read the shape" in refused("compile", "sum(W)", "--shape", shape)


MINUS = ["-x", "-x**2", "-(x + y)", "--x", "-o*f", "-f/o", "- x", "-1*x", "-.5*x", "-h + h*h", "-sin(x)"]


@pytest.mark.parametrize("program", MINUS)
def test_a_program_that_starts_with_a_minus(program: str) -> None:
    want = library.compile(program).source
    assert gradc("compile", program).out == want
    assert gradc("compile", program, "--target", "numpy").out == want
    assert gradc("compile", "--", program).out == want


def test_points_below_zero() -> None:
    shown = gradc("trace", "x*y", "--at", "x=-3", "--at", "y=-.5").out
    assert shown == library.compile("x*y").trace(-3, -0.5).render() + "\n"


def test_a_program_twice_and_none(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("x*y")
    assert "given twice" in refused("compile", "x*y", "-f", str(tmp_path / "p.txt"))
    assert "no program is given" in refused("compile")


def test_a_byte_order_mark_is_no_part_of_a_program(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_bytes(b"\xef\xbb\xbfx*y\r\n")
    assert gradc("compile", "-f", str(tmp_path / "p.txt")).code == 0


def test_utf16_is_named(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("x*y", encoding="utf-16")
    assert "looks like UTF-16" in refused("compile", "-f", str(tmp_path / "p.txt"))


def test_more_than_the_limit(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("x + " * 100 + "x")
    for words in (["-f", str(tmp_path / "p.txt")], ["x + " * 100 + "x"]):
        assert "--max-source" in refused("compile", *words, "--max-source", "40")
    assert "--max-source" in refused("compile", "-", "--max-source", "40", stdin="x + " * 100 + "x")
    assert gradc("compile", "-f", str(tmp_path / "p.txt"), "--max-source", "500").code == 0


# -- usage -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["complie", "x"], "did you mean 'compile'?"),
        (["x*y"], "gradc compile"),
        (["compile", "x", "--stlye", "fast"], "did you mean '--style'?"),
        (["compile", "x", "--style", "nots"], "'fast'"),
        (["compile", "x", "--wrt"], "--wrt needs a value"),
        (["compile", "x", "--max-source", "many"], "many"),
        (["compile", "x", "y"], 'quote the program: "x y"'),
        (["compile", "x", "--function-name", "a b"], "a b"),
        (["gates", "sin", "sigmod"], "no gate 'sigmod'"),
        (["compile", "pyproject.toml"], "-f pyproject.toml"),
        (["trace", "x*y", "--at", "x=3"], "'y' is missing"),
        (["trace", "x*y", "--at", "x=3", "--at", "y=2", "--at", "q=1"], "no input 'q'"),
        (["trace", "x", "--at", "x=3", "--at", "x=4"], "given twice"),
        (["trace", "x", "--at", "3"], "--at x=3"),
        (["trace", "x", "--at", "x=abc"], "no number"),
        (["trace", "x", "--at", "x=[1, [2]]"], "rows of equal length"),
        (["trace", "x", "--at", "x=[1, 2"], "no number"),
        (["trace", "x", "--at", "x=@missing.npy"], "missing.npy"),
        (["trace", "x", "--at", "@missing.json"], "missing.json"),
        (["check", "x", "--range", "x=1"], "--range x=1,2"),
    ],
)
def test_wrong_usage(words: list[str], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert said in refused(*words)


@pytest.mark.parametrize("command", ["", *COMMANDS, "gates"])
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help(command: str, option: str) -> None:
    outcome = gradc(*filter(None, [command]), option)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(f"Usage: gradc {command}".rstrip())


def test_no_command_shows_the_help() -> None:
    assert gradc().out == gradc("--help").out


def test_version() -> None:
    assert gradc("--version") == Outcome(0, f"gradc {library.__version__}\n", "")
    assert f'version = "{library.__version__}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_an_internal_error_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arguments, "program", lambda *_: 1 / 0)
    outcome = CliRunner().invoke(cli.main, ["compile", "x"], env={"GRADC_DEBUG": None})
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr.startswith("gradc: error: internal error, ZeroDivisionError: division by zero\n")
    with pytest.raises(ZeroDivisionError):
        CliRunner().invoke(cli.main, ["compile", "x"], env={"GRADC_DEBUG": "1"}, catch_exceptions=False)


def test_the_collector_is_as_it_was() -> None:
    for _ in (gc.disable(), gc.enable()):
        was = gc.isenabled()
        gradc("compile", "x")
        assert gc.isenabled() == was


# -- answers -----------------------------------------------------------------------------------------------------------


def test_json_of_a_module() -> None:
    answer = json.loads(gradc("compile", "X: [n, d]; w: [d]\nsum((X @ w)**2)", "--wrt", "w", "--json").out)
    assert answer["inputs"] == {"X": ["n", "d"], "w": ["d"]}
    assert answer["outputs"] == {"f": []}
    assert answer["wrt"] == ["w"]
    assert answer["source"].startswith('"""')
    assert answer["stages"][0] == {"number": 1, "line": "Xw = X @ w"}
    assert set(answer["operations"]) == {"forward", "backward"}


def test_notes_are_in_the_json_too() -> None:
    outcome = gradc("compile", "x^2", "--json")
    assert "power" in outcome.err
    assert len(json.loads(outcome.out)["notes"]) == 1


def test_stages_on_the_way() -> None:
    assert gradc("compile", "q = x + y; q*x", "--show", "dag").out.splitlines() == [
        "%0  x",
        "%1  y",
        "%2  add(%0, %1)  q  `x + y`",
        "%3  mul(%2, %0)  f  `q*x`",
    ]
    shown = gradc("compile", STAGED, "--show", "program").out
    assert "(8)  f = num*invden" in shown
    assert re.search(r"^cache .*invden", shown, re.MULTILINE)


def test_gates() -> None:
    shown = gradc("gates").out
    assert re.search(r"^sqrt\(x\) +square root.* 0\.5/out\*dout +x >= 0$", shown, re.MULTILINE)
    rows = json.loads(gradc("gates", "--json").out)
    assert {"name", "signature", "computes", "gradient", "domain", "aliases"} <= set(rows[0])
    assert all(row["gradient"] for row in rows)
    assert [row["name"] for row in json.loads(gradc("gates", "tanh", "ln", "--json").out)] == ["log", "tanh"]
    assert {"of numbers:", "of whole arrays:", "made of other gates:"} <= {line.strip() for line in shown.splitlines()}
    normal = {row["name"] for row in json.loads(gradc("gates", "normal", "--json").out)}
    assert {"ndtr", "ndtri", "gelu", "normal_lpdf"} <= normal
    assert "sin" not in normal


def test_check() -> None:
    outcome = gradc("check", "x*y", "--points", "1")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("pass")
    assert json.loads(gradc("check", "x*y", "--points", "1", "--json").out)["ok"] is True


def test_report() -> None:
    outcome = gradc("report", "x*y", "--timeout", "5")
    assert (outcome.code, outcome.err) == (0, "")
    assert "staged, notes" in outcome.out
    answer = json.loads(gradc("report", "x*y", "--timeout", "5", "--json").out)
    assert {"staged, notes", "symbolic"} <= {form["name"] for form in answer["forms"]}


def test_a_sweep(tmp_path: Path) -> None:
    words = ["--upto", "2", "--timeout", "5"]
    outcome = gradc("report", "--sweep", "product", *words, "--csv", "-o", str(tmp_path / "growth.svg"))
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("size,gates,form,operations")
    assert (tmp_path / "growth.svg").read_text(encoding="utf-8").startswith("<svg")
    assert gradc("report", "x*y", "--sweep", "self", *words, "--markdown").out.startswith("| composed x*y |")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["x", "--csv"], "--csv needs a sweep"),
        (["--sweep", "nothing"], "logistic"),
        (["x", "--sweep", "logistic"], "needs no program"),
        (["--sweep", "self"], "no program is given"),
        (["x", "--json", "--markdown"], "two answers"),
    ],
)
def test_wrong_reports(words: list[str], said: str) -> None:
    assert said in refused("report", *words)


# -- points ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["--at", "W=[[1, 2], [3, 4]]", "--at", "x=[5, 6]"],
        ["--at", "W=[[1, 2], [3, 4]], x=[5, 6]"],
        ["--at", "W=@W.npy", "--at", "x=@x.json"],
        ["--at", "@point.json"],
        ["--at", "@point.npz"],
    ],
)
def test_points(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    W, x = np.array([[1.0, 2], [3, 4]]), np.array([5.0, 6])
    np.save("W.npy", W)
    np.savez("point.npz", W=W, x=x)
    Path("x.json").write_text("[5, 6]")
    Path("point.json").write_text('{"W": [[1, 2], [3, 4]], "x": [5, 6]}')
    program = "W: [2, 2]; x: [2]\nsum(W @ x)"
    assert gradc("trace", program, *words).out == library.compile(program).trace(W, x).render() + "\n"


def test_an_upstream_adjoint() -> None:
    answer = json.loads(gradc("trace", "x: [2]\nx*x", "--at", "x=[1, 2]", "--df", "[1, 0]", "--json").out)
    assert answer["gradients"]["x"]["values"] == [2.0, 0.0]


def test_pickles_are_no_points(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([{}, object]), allow_pickle=True)
    assert "no file of numbers" in refused("trace", "x", "--at", f"x=@{tmp_path / 'x.npy'}")


# -- streams -----------------------------------------------------------------------------------------------------------


def shell(line: str, **changes: str) -> Outcome:
    """A line of the shell, in which `gradc` is this one."""
    line = line.replace("gradc ", f"'{sys.executable}' -m gradc ")
    done = subprocess.run(["bash", "-c", line], capture_output=True, env=environment(**changes), check=False)
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux; the next test fills a disk anywhere")
def test_a_full_disk() -> None:
    outcome = shell("gradc compile 'x*y' > /dev/full")
    assert outcome == Outcome(2, "", "gradc: error: cannot write to standard output: no space left on device\n")
    outcome = shell("gradc compile 'x*y' -o /dev/full")
    assert outcome == Outcome(2, "", "gradc: error: cannot write /dev/full: no space left on device\n")


def test_a_disk_that_fills_leaves_nothing(tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    command = [sys.executable, "-m", "gradc", "compile", "x*y", "-o", str(tmp_path / "f.py")]
    done = subprocess.run(command, capture_output=True, env=environment(), preexec_fn=limit, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"gradc: error: cannot write {tmp_path / 'f.py'}: ")
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_that_is_closed(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text(" + ".join(f"sin(x*{i})" for i in range(2, 2000)))
    outcome = shell(f"set -o pipefail; gradc compile -f {tmp_path / 'p.txt'} | head -n 1")
    assert outcome.out.count("\n") == 1
    assert "Traceback" not in outcome.err
    assert (outcome.code, outcome.err) == (2, "gradc: error: cannot write to standard output: broken pipe\n")


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&-"])
def test_streams_that_are_closed(closed: str) -> None:
    for program in ("'x*y'", "'x*'", "-"):
        outcome = shell(f"gradc compile {program} {closed}", PYTHONDEVMODE="")
        assert "Traceback" not in outcome.err + outcome.out
        assert outcome.code in (0, 2)


def test_what_is_written_to_special_files() -> None:
    assert shell("gradc compile 'x*y' -o /dev/stdout").out == library.compile("x*y").source
    assert shell("gradc compile 'x*y' -o /dev/null && test -c /dev/null").code == 0


@pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8"])
def test_the_locale_changes_nothing(locale: str) -> None:
    program = "λ*x + σ(y)"
    for mode in ("0", "1"):
        outcome = shell(f"gradc compile '{program}'", LC_ALL=locale, PYTHONUTF8=mode, PYTHONIOENCODING="")
        assert (outcome.code, outcome.out, outcome.err) == (0, library.compile(program).source, "")


def test_bytes_that_are_no_text() -> None:
    assert "the program is not UTF-8" in shell("gradc compile $'x*\\xff'").err


def test_an_interrupt_leaves_no_file(tmp_path: Path) -> None:
    program = tmp_path / "p.txt"
    program.write_text(" + ".join(f"sin(x{i}*{i})" for i in range(2, 30_000)))
    command = [sys.executable, "-m", "gradc", "compile", "-f", str(program), "-o", str(tmp_path / "f.py")]
    # What runs in the background of a shell ignores the signal, and hands that on to what it starts.
    heard = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.executable, sys.argv[1:])"
    )
    command = [sys.executable, "-c", heard, *command]
    with subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE) as process:
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert (process.returncode, err.strip()) == (130, b"")
    assert list(tmp_path.iterdir()) == [program]


# -- files -------------------------------------------------------------------------------------------------------------


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("")
    (tmp_path / "link.py").symlink_to("f.py")
    assert gradc("compile", "x*y", "-o", str(tmp_path / "link.py")).code == 0
    assert (tmp_path / "link.py").is_symlink()
    assert (tmp_path / "f.py").read_text() == library.compile("x*y").source


def test_the_mode_of_a_file_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "f.py"
    gradc("compile", "x*y", "-o", str(file))
    file.chmod(0o640)
    gradc("compile", "x + y", "-o", str(file))
    assert file.stat().st_mode & 0o777 == 0o640


def test_compiled_at_once_into_one_file(tmp_path: Path) -> None:
    file = tmp_path / "f.py"
    programs = [" + ".join(f"sin({name}*{i})" for i in range(2, 300)) for name in "abcdef"]
    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(lambda p: python("-m", "gradc", "compile", p, "-o", str(file)), programs))
    assert [outcome.code for outcome in outcomes] == [0] * 6
    assert file.read_text(encoding="utf-8") in [library.compile(program).source for program in programs]
    assert list(tmp_path.iterdir()) == [file]


# -- the start ---------------------------------------------------------------------------------------------------------


def test_what_a_start_imports() -> None:
    """Each of these takes a part of the time that click takes."""
    code = "from gradc.cli import main\ntry: main(['compile', 'x*y'])\nexcept SystemExit: pass\nprint(*sys.modules)"
    loaded = set(python("-c", f"import sys\n{code}").out.splitlines()[-1].split())
    assert not loaded & {"numpy", "sympy", "dataclasses", "difflib", "tempfile", "pathlib", "json", "locale"}
    assert not loaded & {
        "gradc.draw",
        "gradc.evidence.trace",
        "gradc.evidence.circuit",
        "gradc.evidence.check",
        "gradc.rewrite.safe_arguments",
    }
