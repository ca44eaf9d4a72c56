"""`gradc check`: the gradient against other ways to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from gradc.base.streams import as_json
from gradc.cli.answers import deliver, studied
from gradc.cli.options import (
    as_data,
    command,
    completes,
    has_modes,
    has_style,
    option,
    place,
    takes_program,
    writes_file,
)
from gradc.cli.shell import FAILED


@command("check", 'gradc check "log(1 + exp(x))" --range x=-700,700')
@takes_program
@has_style
@has_modes
@place(
    "--points",
    type=click.IntRange(1),
    metavar="N",
    default=3,
    show_default=True,
    help="How many random points are tried.",
)
@place("--seed", type=int, metavar="N", default=0, show_default=True, help="Which random points.")
@place("--range", "within", multiple=True, metavar="x=1,2", help="Where to look for an input.  [default: its domain]")
@place(
    "--at",
    multiple=True,
    metavar="x=3",
    more=True,
    complete=completes("at"),
    help="Try this point, and no random ones.",
)
@option("--tolerance", type=click.FloatRange(0), metavar="N", help="The most roundings off.  [default: 100]")
@option("--steps", type=click.IntRange(1), metavar="N", help="Operations that SymPy gets.  [default: 2000000]")
@option("--timeout", type=click.FloatRange(0), metavar="S", help="Seconds that SymPy gets.  [default: 120]")
@option("--memory", type=click.IntRange(1), metavar="MB", help="Megabytes that SymPy gets.")
@writes_file
@as_data
def run(at: Sequence[str], within: Sequence[str], output: str | None, force: bool, json: bool, **options: Any) -> int:
    """Hold the gradient against SymPy's in 50 digits, and against differences; exit 1 if it is wrong."""
    from gradc.run.arguments import points, ranges

    limits = ("tolerance", "steps", "timeout", "memory")
    asked = {key: value for key in (*limits, "points", "seed") if (value := options.pop(key)) is not None}
    asked.update(at=points(at) or None, ranges=ranges(within) or None)
    fn = studied(options)
    result = fn.check(**asked)
    deliver(as_json(result.to_dict()) if json else result.render() + "\n", output, force)
    return 0 if result.ok else FAILED
