"""A Python process of gradc's own that reads jobs and writes answers, one a line, and that can be ended.

>>> process = LineProcess("for line in sys.stdin: print(line.upper(), end='', flush=True)", memory=0)
>>> process.send("job")
>>> process.answer(seconds=60.0)
'JOB\\n'
>>> process.end()
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from types import MappingProxyType

# Where this gradc is, then where else this process finds its modules: nothing that happens to lie in the working folder
# stands in front of the standard library.
_PATHS = """
import sys
sys.path[:] = sys.argv[2:3] + sys.path + sys.argv[3:]
"""


class LineProcess:
    """The process, which runs the code `serve`; its first argument is how many megabytes it may take."""

    def __init__(
        self, serve: str, memory: int, env: Mapping[str, str] = MappingProxyType({}), folder: str | None = None
    ) -> None:
        here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        self.popen = subprocess.Popen(
            [sys.executable, "-P", "-c", _PATHS + serve, str(memory), here, *filter(None, sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            cwd=folder,
            env={**os.environ, "PYTHONHASHSEED": "0", **env},
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def runs(self) -> bool:
        return self.popen.poll() is None

    def send(self, line: str) -> None:
        """Give it a job; OSError if it is no more."""
        assert self.popen.stdin is not None
        self.popen.stdin.write(line + "\n")
        self.popen.stdin.flush()

    def answer(self, seconds: float) -> str | None:
        """The next line that it writes, None at its end; raises `queue.Empty` where it takes longer."""
        return self._lines.get(timeout=max(0.0, seconds))

    def end(self) -> None:
        """End it, whatever it is at."""
        self.popen.kill()
        with contextlib.suppress(OSError, ValueError):
            self.popen.communicate()

    def _read(self) -> None:
        assert self.popen.stdout is not None
        with contextlib.suppress(ValueError, OSError):
            for line in self.popen.stdout:
                self._lines.put(line)
        self._lines.put(None)
