"""A job for SymPy into answers, one after the other, from a process that can be ended.

The process has its time and memory from whoever starts it. Answers come as they are found, so that what was found
before a limit is kept; a `Stopped` ends them that says which limit, and how far it came.

>>> with Worker() as worker:
...     list(worker.ask({"job": "echo", "answers": [1, 2]}, seconds=60.0))
[{'answer': 1}, {'answer': 2}]
"""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

from gradc.base.process import LineProcess

Answer = dict[str, Any]

_SERVE = """
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
        self._process: LineProcess | None = None

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
            process.send(json.dumps(dict(job)))
            while (answer := self._next(process, until)) != {"done": True}:
                yield answer
        except BrokenPipeError:
            stopped = self._ended()
            self.close()
            raise stopped from None
        except BaseException:
            self.close()  # whoever stops listening ends the work
            raise

    def _next(self, process: LineProcess, until: float) -> Answer:
        try:
            line = process.answer(until - time.monotonic())
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
        code = self._process.popen.wait() if self._process is not None else 0
        return Stopped("memory") if code < 0 else Stopped("SymPy's process failed", limit=False)

    def _started(self) -> LineProcess:
        if self._process is None or not self._process.runs:
            self._process = LineProcess(_SERVE, self.memory, {"SYMPY_CACHE_SIZE": "None"})
        return self._process

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.end()
