"""`python -m tests.fuzz N`: programs against oracles; `parser N`: texts against the parser; `selftest N`: the oracles.

A failure prints the one command that repeats it and a smaller program that fails in the same way.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from .check import Mismatch, Outcome, check_case
from .draw import MODES, draw
from .generate import Case
from .shrink import shrunk

CHUNK = 25  # programs between two lines of progress


@dataclass(slots=True)
class Row:
    """One mode's line of the table."""

    programs: int = 0
    checks: int = 0
    failed: int = 0
    worst: float = 0.0
    worst_seed: int = 0


@dataclass(slots=True)
class Table:
    """What has been seen."""

    rows: dict[str, Row] = field(default_factory=dict)

    def add(self, seed: int, mode: str, outcome: Outcome) -> None:
        """One more program."""
        row = self.rows.setdefault(mode, Row())
        row.programs += 1
        row.checks += outcome.checks
        row.failed += outcome.mismatch is not None
        if outcome.worst > row.worst:
            row.worst, row.worst_seed = outcome.worst, seed

    def __str__(self) -> str:
        lines = [f"{'mode':<8} {'programs':>9} {'checks':>9} {'failed':>7} {'worst error':>12}   of seed"]
        for mode, row in sorted(self.rows.items()):
            lines.append(
                f"{mode:<8} {row.programs:>9} {row.checks:>9} {row.failed:>7} {row.worst:>12.1e}   {row.worst_seed}"
            )
        return "\n".join([*lines, "errors are relative to the condition: what a rounding error may honestly amount to"])


def run_one(job: tuple[int, str]) -> tuple[int, str, Outcome]:
    """One seed."""
    seed, mode = job
    case = draw(seed, mode)
    return seed, case.mode, check_case(case)


def results(jobs: list[tuple[int, str]], workers: int) -> Iterator[tuple[int, str, Outcome]]:
    """Every seed's outcome, in order."""
    if workers < 2 or len(jobs) < 2 * CHUNK:
        yield from map(run_one, jobs)
        return
    with multiprocessing.Pool(workers) as pool:
        yield from pool.imap(run_one, jobs, chunksize=CHUNK)


def describe(seed: int, mode: str, mismatch: Mismatch, seconds: float) -> str:
    """A failure as it is printed."""
    option = "" if mode == "all" else f" --mode {mode}"
    lines = [f"FAILED: python -m tests.fuzz 1 --seed {seed}{option}", str(mismatch)]

    def fails(case: Case) -> bool:
        other = check_case(case).mismatch
        return other is not None and other.kind == mismatch.kind

    small = shrunk(mismatch.case, fails, seconds) if seconds > 0 else mismatch.case
    if small is not mismatch.case and (again := check_case(small).mismatch) is not None:
        lines += ["smaller:", *(f"    {line}" for line in str(again).splitlines())]
    return "\n".join(lines)


def programs(options: argparse.Namespace) -> int:
    """Random programs against the oracles."""
    table, start, shown = Table(), time.monotonic(), 0
    jobs = [(seed, options.mode) for seed in range(options.seed, options.seed + options.count)]
    for number, (seed, mode, outcome) in enumerate(results(jobs, options.jobs), 1):
        table.add(seed, mode, outcome)
        if outcome.mismatch is not None:
            shown += 1
            if shown <= options.show:
                print(describe(seed, options.mode, outcome.mismatch, options.shrink), flush=True)
            else:
                print(f"FAILED: seed {seed}: {outcome.mismatch.what}: {outcome.mismatch.detail[:100]}", flush=True)
        if number % options.every == 0 and number < len(jobs):
            rate = number / (time.monotonic() - start)
            print(f"{number} of {len(jobs)} programs, {shown} failed, {rate:.0f} a second", file=sys.stderr, flush=True)
    print(table)
    print(f"{len(jobs)} programs in {time.monotonic() - start:.1f} s")
    return 1 if shown else 0


def main(argv: list[str]) -> int:
    """The command."""
    if argv[:1] == ["parser"]:
        from .parser import main as parser_main

        return parser_main(argv[1:])
    if argv[:1] == ["selftest"]:
        from .selftest import selftest

        for name, worst in selftest(int(argv[1]) if argv[1:] else 1000, int(argv[2]) if argv[2:] else 0).items():
            print(f"{name:<28} {worst:.1e}")
        return 0
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("count", type=int, help="how many programs; or 'parser N', 'selftest N'")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--mode", choices=[*MODES, "all"], default="all")
    parser.add_argument("--shrink", type=float, default=20.0, help="seconds to spend on making a failure smaller")
    parser.add_argument("--show", type=int, default=5, help="failures to print in full")
    parser.add_argument("--every", type=int, default=1000, help="programs between two lines of progress")
    return programs(parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
