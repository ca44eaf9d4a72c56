"""`python -m tests.bench [SECTION ...]`: measures, and writes one Markdown table and its bars.

Each section runs in a process of its own: a peer that ends it is left out of a second try, and one that hangs costs
its section. The exit status is 1 if gradc is wrong anywhere, and with `--strict` also if it is slower than it should
be.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.bench.table import Row

NAMES = (
    "operations", "scalars", "gradients", "elementwise", "tensors", "careful", "jacobian", "hessian", "compiled",
    "compilation", "startup", "edges",
)  # fmt: skip
# Seconds that a section may take, and how often it is tried without the peer at which it ended.
PATIENCE, TRIES = 420, 3


def settle(scratch: str) -> None:
    """One thread for everybody, before any library is loaded; what libraries write goes to a scratch folder.

    Settings of OpenBLAS that the shell may have are dropped: a kernel that is forced on everybody is nobody's best.
    """
    for name in [each for each in os.environ if each.startswith("OPENBLAS_")]:
        del os.environ[name]
    for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA"):
        os.environ[f"{name}_NUM_THREADS"] = "1"
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    os.environ["PYTENSOR_FLAGS"] = f"base_compiledir={scratch}"
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = os.path.join(scratch, "torch")
    os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"


def pin() -> None:
    """This process, and those that it starts, on one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(NAMES)}; all if left out")
    parser.add_argument("--rounds", type=int, help="rounds of samples in each comparison")
    parser.add_argument("--quick", action="store_true", help="small sizes and few rounds: shows that it runs")
    parser.add_argument("--strict", action="store_true", help="a missed target is a failure")
    parser.add_argument("--without", default="", metavar="PEER,PEER", help="peers to leave out")
    parser.add_argument("--write", default="build/bench.md", metavar="FILE", help="or README, for its block")
    parser.add_argument("--alone", action="store_true", help="one section, here, its rows as JSON")
    chosen = parser.parse_args(argv)
    if unknown := set(chosen.sections) - set(NAMES):
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    return chosen


def write(target: str, table: str, picture: str = "") -> None:
    """The table into its file, or into the marked block of the page on tests; the bars beside it."""
    from tests.bench.table import into

    page = Path(__file__).parents[2] / "tests" / "README.md" if target == "README" else Path(target)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(into(page.read_text("utf-8"), table) if target == "README" else f"{table}\n", "utf-8")
    if picture:
        bars = page.with_name("bench.svg") if target == "README" else page.with_suffix(".svg")
        bars.write_text(picture, "utf-8")


def alone(chosen: argparse.Namespace) -> int:
    """One section, in this process, its rows to standard output."""
    from tests.bench import sections

    pin()
    sections.LEFT_OUT.update(filter(None, chosen.without.split(",")))
    scale = sections.Scale.quick() if chosen.quick else sections.Scale()
    scale = replace(scale, rounds=chosen.rounds) if chosen.rounds else scale
    rows = sections.measured(chosen.sections[0], scale)
    print(json.dumps([asdict(row) for row in rows], default=float))
    return 0


def section(name: str, chosen: argparse.Namespace, patience: float = PATIENCE) -> list[Row]:
    """The rows of a section, measured in a process of its own."""
    from tests.bench.table import Row

    without = [each for each in chosen.without.split(",") if each]
    why = ""
    for _ in range(TRIES):
        rows, last, why = _tried(name, chosen, without, patience)
        if rows is not None:
            return [Row(**row) for row in rows]
        if not last:
            break
        print(f"{name}: {why} at {last}, which is left out now", file=sys.stderr)
        without.append(last)
    return [Row(name, "", "not measured", None, {}, why)]


def _tried(
    name: str, chosen: argparse.Namespace, without: Sequence[str], patience: float
) -> tuple[list[dict[str, Any]] | None, str, str]:
    """The rows as data; without them the peer that was named last, and why there are none."""
    given = [f"--rounds={chosen.rounds}"] * bool(chosen.rounds) + ["--quick"] * chosen.quick
    command = [sys.executable, "-m", "tests.bench", name, "--alone", f"--without={','.join(without)}", *given]
    said: list[str] = []

    def pass_on(lines: Iterable[str]) -> None:
        for line in lines:
            said.append(line.rstrip("\n"))
            print(said[-1], file=sys.stderr, flush=True)

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        clock = threading.Timer(patience, process.kill)
        reader = threading.Thread(target=pass_on, args=[process.stderr])
        clock.start()
        reader.start()
        out = process.stdout.read()
        code = process.wait()
        reader.join()
        hung = not clock.is_alive()
        clock.cancel()
    if not code and out.strip():
        return json.loads(out.splitlines()[-1]), "", ""
    peer = next((line.strip() for line in reversed(said) if line.startswith("    ")), "")
    return None, peer, f"not done in {patience:g} s" if hung else f"ended with {code}"


def load() -> str:
    """What else the machine does."""
    return f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"


def main(argv: list[str]) -> int:
    """The command."""
    chosen = arguments(argv)
    if chosen.alone:
        return alone(chosen)
    with tempfile.TemporaryDirectory() as scratch:
        settle(scratch)
        from tests.bench.chart import bars
        from tests.bench.sections import SECTIONS, say
        from tests.bench.table import machine, markdown

        before = load()
        say(f"{machine()}, {before}")
        found: dict[str, list[Row]] = {}
        for name in [name for name in NAMES if not chosen.sections or name in chosen.sections]:
            say(f"{name} ({load()})")
            found[SECTIONS[name][0]] = section(name, chosen)
            if chosen.write != "README":  # a run that is stopped leaves what it has
                write(chosen.write, markdown(found, f"{machine()}, {before}"))
    table = markdown(found, f"{machine()}, {before} at the start")
    print(table)
    write(chosen.write, table, bars(found))
    rows = [row for part in found.values() for row in part]
    wrong, missed = [row for row in rows if row.wrong], [row for row in rows if row.missed]
    for row in missed:
        say(f"missed: {row.what}: {row.gradc} {row.unit}, at most {row.most}")
    for row in wrong:
        say(f"wrong: {row.what}: {row.wrong}")
    return int(bool(wrong or (chosen.strict and missed)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
