"""Answers to standard output, and all else to standard error, whatever these are connected to.

>>> print(as_json({"x": [1.5]}), end="")
{
 "x": [
  1.5
 ]
}
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from gradc.base.errors import GradcError
from gradc.base.files import reason

# Seconds without a bar, and its width.
PATIENCE, BAR = 1.0, 40


def say(text: str | bytes) -> None:
    """An answer, to standard output, as UTF-8 whatever the locale says."""
    out = sys.stdout
    if out is None:
        raise GradcError("cannot write: standard output is closed")
    data = text if isinstance(text, bytes) else text.encode("utf-8", errors="backslashreplace")
    rest = memoryview(data)
    try:
        out.flush()
        while rest:  # an unbuffered stream takes a part at a time
            rest = rest[out.buffer.write(rest) :]
        out.buffer.flush()
    except OSError as error:
        _forget(out)
        raise GradcError(f"cannot write to standard output: {reason(error)}") from None


def _forget(stream: Any) -> None:
    """Let what a broken stream still holds go nowhere, or Python would try again at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def tell(text: str) -> None:
    """Anything but an answer, to standard error; if that is closed, to nobody."""
    err = sys.stderr
    if err is not None:
        with suppress(OSError, ValueError):
            code = err.encoding or "utf-8"
            print(text.encode(code, "backslashreplace").decode(code), file=err, flush=True)


def coloured() -> bool:
    """Whether the caret lines have a colour: on a terminal that knows colours, unless NO_COLOR is set."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return sys.stderr is not None and sys.stderr.isatty()


def as_json(answer: Any) -> str:
    """Plain data as JSON that any reader accepts."""
    import json

    return json.dumps(answer, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


@contextmanager
def progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error for what takes longer than a second, if somebody watches; it leaves nothing behind."""
    err, began, shown = sys.stderr, time.monotonic(), False

    def step(done: int, total: int) -> None:
        nonlocal shown
        if err is not None and err.isatty() and time.monotonic() - began > PATIENCE and total > 0:
            full = min(done, total) * BAR // total
            print(f"\r[{'#' * full}{' ' * (BAR - full)}] {done}/{total}", end="", file=err, flush=True)
            shown = True

    try:
        yield step
    finally:
        if shown:
            print("\r\x1b[K", end="", file=err, flush=True)
