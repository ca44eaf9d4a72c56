"""The inside of the process that `gradc.evidence.grade.sandbox` starts: jobs in, answers out, a line of JSON each.

Nothing that the code says is trusted: the answer is data alone. Little is imported here, so that it starts at once.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from gradc.run.hand import FILE, Hand, Site, decoded, raised_at
from gradc.run.instrument import watched
from gradc.run.versions import Codes, Versions


def serve(megabytes: int) -> None:
    """Answer the jobs of standard input until there are none; what the code prints goes nowhere."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    jobs = os.fdopen(os.dup(0), encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    answer = Answers()
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
        answers.write(json.dumps(answer.of(job)) + "\n")
        answers.flush()


def _loaded(library: str) -> None:
    try:
        module = importlib.import_module(library)
        if library == "torch":  # what a float32 rounds off is not graded
            module.set_default_dtype(module.float64)
    except Exception:
        return


class Answers:
    """Answers jobs; a text that ran before is not instrumented again."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[Codes, Sequence[Site]]] = {}
        self.latest: tuple[Mapping[str, Any], Versions | None] = {}, None

    def of(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """What a job gave; of one with variants, what each of them gave, one after the other."""
        inputs = {name: decoded(value) for name, value in job["inputs"].items()}
        if "variants" in job:
            plain = {name: value for name, value in job.items() if name != "variants"}
            versions = self._versions(plain) if "only" in job else None
            return {"answers": [_version(plain, each, versions, inputs) for each in job["variants"]]}
        key = json.dumps([job["text"], job.get("given"), job.get("bypass"), job.get("added")])
        try:
            if key not in self.known:
                self.known[key] = _whole(job)
            return Hand(job, *self.known[key], inputs).run()
        except BaseException as error:
            return _raised(error)

    def _versions(self, plain: Mapping[str, Any]) -> Versions | None:
        if "__future__" in plain["text"]:
            return None  # what holds for the whole text cannot be compiled in parts
        if self.latest[0] != plain:
            self.latest = plain, Versions(plain)
        return self.latest[1]


def _version(
    job: Mapping[str, Any], other: Mapping[str, Any], versions: Versions | None, inputs: Mapping[str, Any]
) -> dict[str, Any]:
    """What a job gave with other options, which most often are a text that differs in one statement."""
    job = {**job, **other}
    try:
        found = versions.of({"text": job["text"], **other}) if versions is not None else None
        return Hand(job, *(found or _whole(job)), inputs).run()
    except BaseException as error:
        return _raised(error)


def _whole(job: Mapping[str, Any]) -> tuple[Codes, Sequence[Site]]:
    """A text as one piece of code."""
    tree, sites = watched(job["text"], job)
    return [compile(tree, FILE, "exec", dont_inherit=True)], sites


def _raised(error: BaseException) -> dict[str, Any]:
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
