"""A job for SymPy into answers, one after the other, from a process that can be ended.

The process has its time and memory from whoever starts it. Answers come as they are found, so that what was found
before a limit is kept; a `Stopped` ends them that says which limit, and how far it came.

>>> with Worker() as worker:
...     list(worker.ask({"job": "echo", "answers": [1, 2]}, seconds=60.0))
[{'answer': 1}, {'answer': 2}]
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

Answer = dict[str, Any]

# Nothing that happens to lie in the working folder stands in front of the standard library.
_SERVE = """
import sys
sys.path[:] = sys.argv[2:3] + sys.path + sys.argv[3:]
from gradc.evidence.symbolic.serve import serve
serve()
"""

# What one job may take beyond what the libraries take, in megabytes.
MEMORY = 1024


class Stopped(Exception):
    """Why the answers end before their time: "time", "memory", or what went wrong."""

    def __init__(self, why: str, limit: bool = True) -> None:
        super().__init__(why)
        self.why, self.limit = why, limit


class Worker:
    """The process. It starts with the first job, takes one job after the other, and starts again after a limit."""

    def __init__(self, memory: int = MEMORY) -> None:
        self.memory = memory
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str | None] = queue.Queue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ask(self, job: Mapping[str, Any], seconds: float) -> Iterator[Answer]:
        """The answers to a job; raises `Stopped` when a limit is reached, or the process fails."""
        until = time.monotonic() + seconds
        try:
            process = self._started()
        except OSError as error:
            raise Stopped(f"SymPy's process does not start: {error.strerror or error}", limit=False) from None
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps(dict(job)) + "\n")
            process.stdin.flush()
            while (answer := self._next(until)) != {"done": True}:
                yield answer
        except BrokenPipeError:
            stopped = self._ended()
            self.close()
            raise stopped from None
        except BaseException:
            self.close()  # whoever stops listening ends the work
            raise

    def _next(self, until: float) -> Answer:
        try:
            line = self._lines.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            raise Stopped("time") from None
        if line is None:
            raise self._ended()
        answer: Answer = json.loads(line)
        if "stopped" in answer:
            raise Stopped(answer["stopped"], answer["limit"])
        return answer

    def _ended(self) -> Stopped:
        """Why the process is no more: the system ends one that takes too much by a signal."""
        code = self._process.wait() if self._process is not None else 0
        return Stopped("memory") if code < 0 else Stopped("SymPy's process failed", limit=False)

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self._process = process = subprocess.Popen(
                [sys.executable, "-P", "-c", _SERVE, str(self.memory), *_paths()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                env={**os.environ, "SYMPY_CACHE_SIZE": "None", "PYTHONHASHSEED": "0"},
            )
            self._lines = queue.Queue()
            threading.Thread(target=_read, args=(process, self._lines), daemon=True).start()
        return self._process

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            with contextlib.suppress(OSError):
                process.communicate()


def _read(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    """What the process writes, line by line, and None at its end."""
    assert process.stdout is not None
    with contextlib.suppress(ValueError, OSError):
        for line in process.stdout:
            lines.put(line)
    lines.put(None)


def _paths() -> list[str]:
    """Where this gradc is, then where else this process finds its modules."""
    return [os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), *filter(None, sys.path)]
