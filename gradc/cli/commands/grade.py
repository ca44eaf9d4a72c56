"""`gradc grade`: somebody's own pass, marked line by line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from gradc.base.errors import GradcError
from gradc.base.streams import as_json
from gradc.cli.answers import compiled, deliver, studied
from gradc.cli.options import as_data, command, option, takes_program, writes_file
from gradc.cli.shell import FAILED


@command(
    "grade",
    """gradc grade hand.py "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)"
gradc grade layer.py -f layer.txt --shape X=n,d --shape W=d,c""",
)
@takes_program
@option("--timeout", type=click.FloatRange(0), metavar="S", help="Seconds for a run of HAND.py.  [default: 20]")
@writes_file
@as_data
def run(
    words: Sequence[str], timeout: float | None, output: str | None, force: bool, json: bool, **options: Any
) -> int:
    """Mark a hand-written pass, HAND.py, line by line against a program; exit 1 if a line is wrong.

    HAND.py is somebody's code: it is run, in a process of its own with limits of time and memory.
    """
    from gradc.base.files import read
    from gradc.evidence.grade import SECONDS, grade

    if not words:
        raise GradcError("no file to grade", hint='gradc grade hand.py "x*y"')
    text = read(words[0], options["max_source"])
    given = {**options, "words": words[1:], "literal": False}
    fn, literal = studied(dict(given)), compiled({**given, "literal": True}, quiet=True)
    graded = grade(fn, literal, text, seconds=timeout or SECONDS)
    deliver(as_json(graded.to_dict()) if json else graded.render(words[0]) + "\n", output, force)
    return 0 if graded.ok else FAILED
