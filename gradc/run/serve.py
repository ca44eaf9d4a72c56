"""The inside of the process that `gradc.evidence.grade.sandbox` starts: jobs in, answers out, a line of JSON each.

Nothing that the code says is trusted: the answer is data alone. Little is imported here, so that it starts at once.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import types
from collections.abc import Mapping, Sequence
from typing import Any

from gradc.run.hand import FILE, Hand, Site, raised_at
from gradc.run.instrument import watched


def serve(megabytes: int) -> None:
    """Answer the jobs of standard input until there are none; what the code prints goes nowhere."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    jobs = os.fdopen(os.dup(0), encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    known: dict[str, tuple[types.CodeType, list[Site]]] = {}
    sys.meta_path.append(_Missing())
    sys.setrecursionlimit(3000)
    os.environ["MPLBACKEND"] = "Agg"
    answers.write("{}\n")  # ready
    answers.flush()
    for line in jobs:
        job = json.loads(line)
        for library in job.get("needs", ()):
            _loaded(library)
        _limit(megabytes)
        answers.write(json.dumps(_answer(job, known)) + "\n")
        answers.flush()


def _loaded(library: str) -> None:
    try:
        module = importlib.import_module(library)
        if library == "torch":  # what a float32 rounds off is not graded
            module.set_default_dtype(module.float64)
    except Exception:
        return


def _answer(job: Mapping[str, Any], known: dict[str, tuple[types.CodeType, list[Site]]]) -> dict[str, Any]:
    """What a job gave; a text that ran before is not instrumented again."""
    if "variants" in job:  # the same job with other texts, one after the other
        plain = {name: value for name, value in job.items() if name != "variants"}
        return {"answers": [_answer({**plain, **each}, {}) for each in job["variants"]]}
    key = json.dumps([job["text"], job.get("given"), job.get("bypass"), job.get("added")])
    try:
        if key not in known:
            tree, sites = watched(job["text"], job)
            known[key] = compile(tree, FILE, "exec", dont_inherit=True), sites
        return Hand(job, *known[key]).run()
    except BaseException as error:
        return {"events": [], "sites": [], "scopes": [], "shapes": {}, "error": raised_at(error)}


def _limit(megabytes: int) -> None:
    """Let the process take so much more memory than it has, and write no file; time alone, where there is no such."""
    try:
        import resource

        with open("/proc/self/statm", encoding="ascii") as file:
            had = int(file.read().split()[0]) * resource.getpagesize()
        limit = had + megabytes * 1024 * 1024
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError):
        return


class _Anything:
    """What stands for a module that is not here: it takes every call and gives itself."""

    __path__: Sequence[str] = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: Any, **named: Any) -> Any:
        return self

    def __getitem__(self, key: Any) -> Any:
        return self

    def __iter__(self) -> Any:
        return iter(())


class _Missing:
    """Finds plotting and progress modules that are not installed: their use changes no value."""

    WORDS = ("matplotlib", "pylab", "seaborn", "tqdm", "IPython", "google", "mpl_toolkits", "plotly")

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name.partition(".")[0] not in self.WORDS:
            return None
        from importlib.machinery import ModuleSpec

        return ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: Any) -> Any:
        return _Anything()

    def exec_module(self, module: Any) -> None:
        pass
