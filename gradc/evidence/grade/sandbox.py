"""A text and a point into what each of its lines assigned there, from a process that can be ended.

What is graded is somebody's code. It runs in a process of its own, in an empty folder, under limits of time and, where
the system has them, of memory and of what it may write; its answers are read as plain data. That keeps accidents
away (endless loops, full memory, files written over). It is no prison: don't grade what you would not run.
"""

from __future__ import annotations

import json
import queue
import shutil
import tempfile
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from gradc.base.process import LineProcess

_SERVE = """
from gradc.run.serve import serve
serve(int(sys.argv[1]))
"""

# What the code may take beyond what its libraries take, in megabytes, and for how long it may run, in seconds.
MEMORY = 1024
SECONDS = 20.0
# Libraries are loaded before the limits hold.
LIBRARIES = ("torch", "scipy", "pandas", "sklearn")
_LOADING = 60.0
# The process keeps the time itself; one that does not is ended so much later.
_GRACE = 2.0
_LATE = "it took more than"
_MANY = 1_000_000


class Sandbox:
    """The process. It starts with the first run, takes one run after the other, and starts again after a limit."""

    def __init__(self, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self.seconds, self.memory = seconds, memory
        self._process: LineProcess | None = None
        self._folder = ""
        self._limits: dict[str, int] = {}
        self._late: dict[str, list[Any]] = {}
        self._loaded: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """What a job gave; a limit that was reached stands in it as what ended the run."""
        needs = [library for library in LIBRARIES if library in job["text"]]
        new = [library for library in needs if library not in self._loaded]
        try:
            process = self._started()
            most = self._limits.get(job["text"], job.get("limit", _MANY))
            asked = {**job, "needs": needs, "seconds": self.seconds}
            if most < _MANY:
                asked["limit"] = min(most, job.get("limit", _MANY))
            process.send(json.dumps(asked))
            several = sum(each.get("seconds", self.seconds) for each in job.get("variants", ()))
            line = process.answer(self.seconds + several + _GRACE + (_LOADING if new else 0.0))
        except queue.Empty:
            self.close()
            return _ended(f"{_LATE} {self.seconds:g} seconds")
        except OSError:
            line = None
        if line is None:
            self.close()
            return _ended("its process ended: out of memory, or an exit")
        self._loaded |= {*needs}
        answer: dict[str, Any] = json.loads(line)
        if "variants" in job:
            return answer
        if answer["error"] and answer["error"][1].startswith(_LATE):
            self._limits[job["text"]] = max(1, len(answer["events"]))  # it need not wait for that again
            self._late[job["text"]] = answer["error"]
        elif len(answer["events"]) == self._limits.get(job["text"]):
            answer["error"] = self._late[job["text"]]
        return answer

    def _started(self) -> LineProcess:
        if self._process is None or not self._process.runs:
            self._folder = self._folder or tempfile.mkdtemp(prefix="gradc-")
            self._loaded = set()
            env = {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
            self._process = LineProcess(_SERVE, self.memory, env, self._folder)
            self._process.answer(_LOADING)  # it says that it is ready
        return self._process

    def close(self) -> None:
        """End the process, and leave nothing behind."""
        process, self._process = self._process, None
        if process is not None:
            process.end()
        folder, self._folder = self._folder, ""
        if folder:
            shutil.rmtree(folder, ignore_errors=True)


def _ended(why: str) -> dict[str, Any]:
    return {"events": [], "sites": [], "scopes": [], "shapes": {}, "error": [0, why]}
