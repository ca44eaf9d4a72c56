"""`python -m tests.bench [SECTION ...]`: measures, and writes one Markdown table.

The exit status is 1 if gradc is wrong anywhere, and with `--strict` also if it is slower than it should be.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

NAMES = ("operations", "scalars", "gradients", "elementwise", "tensors", "modes", "compilation", "startup", "edges")


def settle(scratch: str) -> None:
    """One thread for everybody, before any library is loaded; what libraries write goes to a scratch folder."""
    for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA"):
        os.environ[f"{name}_NUM_THREADS"] = "1"
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    os.environ["PYTENSOR_FLAGS"] = f"base_compiledir={scratch}"


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
    parser.add_argument("--write", default="build/bench.md", metavar="FILE", help="or README, for its block")
    chosen = parser.parse_args(argv)
    if unknown := set(chosen.sections) - set(NAMES):
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    return chosen


def write(target: str, table: str) -> None:
    """The table into its file, or into the marked block of the README."""
    from tests.bench.table import into

    if target == "README":
        page = Path(__file__).parents[2] / "tests" / "README.md"
        page.write_text(into(page.read_text("utf-8"), table), "utf-8")
        return
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    Path(target).write_text(f"{table}\n", "utf-8")


def main(argv: list[str]) -> int:
    """The command."""
    chosen = arguments(argv)
    with tempfile.TemporaryDirectory() as scratch:
        settle(scratch)
        from tests.bench.sections import SECTIONS, Scale, measured, say
        from tests.bench.table import Row, machine, markdown

        pin()
        scale = Scale.quick() if chosen.quick else Scale()
        scale = replace(scale, rounds=chosen.rounds) if chosen.rounds else scale
        found: dict[str, list[Row]] = {}
        for section in [name for name in NAMES if not chosen.sections or name in chosen.sections]:
            say(section)
            found[SECTIONS[section][0]] = measured(section, scale)
            if chosen.write != "README":  # a run that is stopped leaves what it has
                write(chosen.write, markdown(found, machine()))
    table = markdown(found, machine())
    print(table)
    write(chosen.write, table)
    rows = [row for part in found.values() for row in part]
    wrong, missed = [row for row in rows if row.wrong], [row for row in rows if row.missed]
    for row in missed:
        say(f"missed: {row.what}: {row.gradc} {row.unit}, at most {row.most}")
    for row in wrong:
        say(f"wrong: {row.what}: {row.wrong}")
    return int(bool(wrong or (chosen.strict and missed)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
