"""The process that SymPy runs in: a line of JSON is a job, and each answer is a line.

Jobs are dealt with in a thread with a deep stack, under a limit of memory where the system has one.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gradc.evidence.symbolic.check_job import verify
from gradc.evidence.symbolic.elements import OutOfSteps, Unwritten
from gradc.evidence.symbolic.report_job import forms

STACK = 256 * 1024 * 1024

Answers = Iterator[dict[str, Any]]
JOBS: dict[str, Callable[[Mapping[str, Any]], Answers]] = {
    "check": verify,
    "forms": forms,
    "echo": lambda job: ({"answer": each} for each in job["answers"]),
}


def serve() -> None:
    """Deal with the jobs of standard input until there are none."""
    threading.stack_size(STACK)
    _limit_memory(int(sys.argv[1]))
    thread = threading.Thread(target=_serve, daemon=True)
    thread.start()
    thread.join()


def _serve() -> None:
    for line in sys.stdin:
        job = json.loads(line)
        for answer in _answers(job):
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


def _answers(job: Mapping[str, Any]) -> Answers:
    """The answers to a job, and what ended them."""
    try:
        yield from JOBS[job["job"]](job)
    except MemoryError:
        yield {"stopped": "memory", "limit": True}
    except RecursionError:
        yield {"stopped": "depth", "limit": True}
    except OutOfSteps as error:
        yield {"stopped": str(error), "limit": True}
    except Unwritten as error:
        yield {"stopped": str(error), "limit": False}
    except Exception as error:
        yield {"stopped": f"SymPy failed with {type(error).__name__}: {error}", "limit": False}
    else:
        yield {"done": True}


def _limit_memory(megabytes: int) -> None:
    """Let the process take so much more than it has; where the system has no such limit, time is the only one."""
    import sympy  # noqa: F401  # counted as had

    try:
        import resource

        with open("/proc/self/statm", encoding="ascii") as file:
            had = int(file.read().split()[0]) * resource.getpagesize()
    except (ImportError, OSError):
        return
    limit = had + STACK + megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
