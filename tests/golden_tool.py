"""The golden files: programs with their options into the exact text of their modules, and the values these must give.

    tests/golden/NAME/program.txt   the program
    tests/golden/NAME/case.json     options of gradc.compile, points with references, the engine that takes the first
                                    (with the thresholds at which it does, where they are not the usual ones)
    tests/golden/NAME/module.py     the module, byte for byte
    tests/golden/errors/NAME.json   arguments of the command line (and a standard input)
    tests/golden/errors/NAME.txt    what it says on standard error

A new case is a folder with a program and a case of options and inputs; `make golden` writes the rest. The references
come from `oracle`, never from gradc, and one that is there already stays. `python -m tests.golden_tool` says what
would change.
"""

import argparse
import json
import runpy
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

import gradc
from gradc.base.files import unsigned
from gradc.run import engines
from tests import readme
from tests.oracle import reference
from tests.support import (
    ROOT,
    TESTS,
    Json,
    both_passes,
    decode,
    decode_all,
    flatten,
    gradient_error,
    value_error,
)
from tests.support import gradc as command

GOLDEN = TESTS / "golden"
ERRORS = GOLDEN / "errors"


@dataclass(frozen=True, slots=True)
class Case:
    """One golden module."""

    name: str
    program: str
    options: Json
    points: list[Json]
    engine: str = ""
    thresholds: Json = field(default_factory=dict)

    @property
    def target(self) -> str:
        return str(self.options.get("target", "numpy"))

    def compiled(self) -> gradc.Function:
        shapes = {name: tuple(shape) for name, shape in self.options.get("shapes", {}).items()}
        return gradc.compile(self.program, **{**self.options, **({"shapes": shapes} if shapes else {})})

    def module(self) -> str:
        """The golden text."""
        return (GOLDEN / self.name / "module.py").read_text(encoding="utf-8")


# Modules of frameworks, of which each target shows the same programs: numbers with the notes' names, arrays, a branch.
SHOWN = {
    "staged": ("(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)", {}),
    "staged-double": ("(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)", {"double": True}),
    "layer": ("X: [n, d]; W: [d, h]; b: [h]; Y: [n, h]\nH = tanh(X @ W + b)\nmean(sum((H - Y)**2, axis=1))", {}),
    "branch": ("w: [3]\nz = w[0]*x + w[1]\nloss = where(z > 0, log(z), w[2]*z)\nmax(loss, -1)", {"wrt": ["w"]}),
}
FRAMEWORKS = ("torch", "jax")


def shown() -> dict[Path, str]:
    """The modules of frameworks, by their golden files."""
    staged = SHOWN["staged"][0]
    compiled = {
        GOLDEN / "frameworks" / "staged.c": gradc.compile(staged, target="c", literal=True).source,
        GOLDEN / "frameworks" / "staged_numba.py": gradc.compile(staged, target="numba").source,
        GOLDEN / "frameworks" / "layer_numba.py": gradc.compile(
            SHOWN["layer"][0], target="numba", function_name="loss"
        ).source,
    }
    return compiled | {
        GOLDEN / "frameworks" / f"{name}_{target}.py".replace("-", "_"): gradc.compile(
            program, target=target, function_name="" if name == "staged" else "loss", **options
        ).source
        for target in FRAMEWORKS
        for name, (program, options) in SHOWN.items()
        if target == "torch" or "double" not in options
    }


# The program of each example that is drawn for the gallery, and the values that it is drawn with.
DRAWN: dict[str, tuple[str, dict[str, float]]] = {
    "softmax_regression": ("SCORES LOSS", {}),
    "svm": ("PROGRAM", {}),
    "neural_network": ("NETWORK NETWORK_LOSS", {}),
    "geyser_mixture": ("PROGRAM", {}),
    "uncertainty": ("PROGRAM", {"V": 4.999, "I": 0.019661, "phi": 1.04446}),
    "stiff_ode": ("PROGRAM", {"a": 0.71583, "b": 9.1855e-6, "c": 0.28416}),
    "constrained": ("OBJECTIVE", {"a": 1, "b": 4.743, "c": 3.8211, "d": 1.3794}),
}
PICTURES = ROOT / "examples" / "pictures"
WALK = "<!-- layers -->\n"


def example(name: str) -> dict[str, Any]:
    """The global names of an example's script."""
    return runpy.run_path(str(ROOT / "examples" / f"{name}.py"))


def gallery() -> dict[Path, str]:
    """The circuits of the examples, and the page that shows them, with the walk through the layers anew."""
    found = {}
    for name, (parts, at) in DRAWN.items():
        script = example(name)
        program = "".join(script[part] for part in parts.split())
        found[PICTURES / f"{name}.svg"] = gradc.compile(program).graph(**at).svg
    problem = json.loads((ROOT / "examples" / "data" / "nist" / "Rat42.json").read_text(encoding="utf-8"))
    found[PICTURES / "nist_fit.svg"] = gradc.compile(problem["model"]).graph(**problem["certified"], x=42).svg
    sizes = {name: len(values) for name, values in problem["data"].items()}
    likelihood = example("newton_likelihood")["program"](problem["response"], problem["model"], sizes)
    found[PICTURES / "newton_likelihood.svg"] = gradc.compile(likelihood).graph().svg
    page = ROOT / "examples" / "README.md"
    before, _, after = page.read_text(encoding="utf-8").split(WALK)
    return found | {page: f"{before}{WALK}\n{example('layers')['page']()}\n\n{WALK}{after}"}


def pictures() -> dict[Path, str]:
    """The README's pictures: the notes' circuit, and what value and gradient take in each form."""
    from gradc.draw.plot import bars

    fn = gradc.compile(SHOWN["staged"][0])
    forms = {"staged": "staged, fast, literal", "after CSE": "after CSE", "symbolic": "symbolic"}
    forms["multiplied out"] = "expanded"
    found = {form.name: form.operations or 0 for form in fn.report().forms}
    counts = {name: found[form] for name, form in forms.items()}
    return {
        PICTURES / "staged.svg": fn.graph(3, -4).svg,
        PICTURES / "operations.svg": bars("operations of value and gradient, the notes' example", counts),
    }


@dataclass(frozen=True, slots=True)
class Mistake:
    """One golden error."""

    name: str
    args: list[str]
    stdin: str

    def said(self) -> str:
        return command(*self.args, stdin=self.stdin).err

    def text(self) -> str:
        """The golden text."""
        return (ERRORS / f"{self.name}.txt").read_text(encoding="utf-8")


def read_case(folder: Path) -> Case:
    stored = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    # A program's last line break belongs to the file, as every text file has one.
    program = (folder / "program.txt").read_text(encoding="utf-8").removesuffix("\n")
    names = ("options", "points", "engine", "thresholds")
    return Case(folder.name, program, **{name: stored[name] for name in names if name in stored})


def cases() -> list[Case]:
    return [read_case(path.parent) for path in sorted(GOLDEN.glob("*/case.json"))]


def mistakes() -> list[Mistake]:
    found = []
    for path in sorted(ERRORS.glob("*.json")):
        stored = json.loads(path.read_text(encoding="utf-8"))
        found.append(Mistake(path.stem, stored["args"], stored.get("stdin", "")))
    return found


def engine_of(case: Case) -> str:
    """The engine that takes the first point of a case."""
    point = case.points[0]
    fn, inputs = case.compiled(), decode_all(point["inputs"])
    with ExitStack() as stack:
        stack.enter_context(np.errstate(all="ignore"))
        for name, value in case.thresholds.items():
            stack.enter_context(patch.object(engines, name, value))
        values = fn.forward(**inputs)[0]
        if len(fn.outputs) > 1:
            inputs["df"] = tuple(map(np.ones_like, values))
        elif np.ndim(values) and fn.dag.declared:
            inputs["df"] = np.ones_like(values)
        return fn.running(**inputs).engine


def wrong(module: Any, point: Json) -> str | None:
    """What is wrong with a module at a point, or None; several outputs are a tuple, each with its own adjoint."""
    inputs = decode_all(point["inputs"])
    value, _ = module.forward(**inputs)
    several = isinstance(value, tuple)
    values, wants = (value, point["value"]) if several else ((value,), (point["value"],))
    if "df" in point:
        df = tuple(map(decode, point["df"] if several else [point["df"]]))
    else:
        df = tuple(np.ones_like(v) if several or np.ndim(v) else None for v in values)  # a scalar's is 1.0 by itself
    passes = both_passes(module, inputs, df if several else df[0])
    errors = [value_error(v, decode(w)) for v, w in zip(flatten(passes.value), wants, strict=True)]
    errors.append(gradient_error(passes.grads, decode_all(point["grads"])))
    if list(passes.grads) != list(point["grads"]):
        errors.append(f"gradients of {list(passes.grads)}, expected {list(point['grads'])}")
    return next(filter(None, errors), None)


def with_references(program: str, stored: Json) -> Json:
    """The case with the value and gradient of every point; `reference` is the program as Python can read it."""
    readable = stored.get("reference", program)
    points = []
    for point in stored["points"]:
        if "value" not in point:
            value, grads = reference(readable, point["inputs"], stored["options"].get("wrt"), point.get("df"))
            point = {**point, "value": value, "grads": grads}
        points.append(point)
    return {**stored, "points": points}


def as_json(stored: Any) -> str:
    """One point a line.

    >>> print(as_json({"options": {}, "points": [{"value": 1.0}]}), end="")
    {
     "options": {},
     "points": [
      {"value": 1.0}
     ]
    }
    """
    *head, (last, points) = stored.items()
    lines = [f" {json.dumps(key)}: {json.dumps(value)}," for key, value in head]
    rows = ",\n".join(f"  {json.dumps(point)}" for point in points)
    return "\n".join(["{", *lines, f" {json.dumps(last)}: [", rows, " ]", "}", ""])


def wanted() -> dict[Path, str]:
    """Every golden file with the text that it should have now."""
    texts: dict[Path, str] = {}
    for case in cases():
        path = GOLDEN / case.name / "case.json"
        stored = with_references(case.program, json.loads(path.read_text(encoding="utf-8")))
        thresholds = {"thresholds": case.thresholds} if case.thresholds else {}
        said = {"options": case.options, "engine": engine_of(case), **thresholds}
        texts[path] = as_json({**said, **{key: each for key, each in stored.items() if key not in said}})
        texts[GOLDEN / case.name / "module.py"] = unsigned(case.compiled().source)
    for mistake in mistakes():
        texts[ERRORS / f"{mistake.name}.txt"] = mistake.said()
    texts |= shown() | pictures() | gallery()
    texts[readme.README] = readme.refreshed()
    return texts


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.golden_tool", description="Compare or rewrite the golden files."
    )
    parser.add_argument("--write", action="store_true", help="rewrite the files that differ")
    write = parser.parse_args().write
    stale = {
        path: text for path, text in wanted().items() if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    for path, text in stale.items():
        if write:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        print("written:" if write else "stale:", path.relative_to(ROOT))
    print(f"{len(stale)} of the golden files {'rewritten' if write else 'differ'}")
    return 0 if write or not stale else 1


if __name__ == "__main__":
    sys.exit(main())
