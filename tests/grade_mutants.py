"""Right hand-written passes into wrong ones: each line of the way back with one of the mistakes that people make.

python -m tests.grade_mutants 200      grades so many, evenly spread, and tells which lines were missed
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import gradc
from gradc.evidence.grade import diagnose as why
from gradc.evidence.grade.names import bases
from gradc.evidence.grade.sandbox import Sandbox
from gradc.evidence.grade.text import Text, is_length
from gradc.run.instrument import name_of

HAND = Path(__file__).parent / "hand"
ANY = "a factor of "
# What changes nothing: what is left out sums to 0.
EQUAL = {("batchnorm_kratzert.py", 51, told) for told in ("a term left out", "a sign in a sum")}


class Mutant(NamedTuple):
    """A wrong text: the line, the mistake, and the words that may be said of it."""

    file: str
    program: str
    shapes: Any
    line: int
    mistake: str
    words: tuple[str, ...]
    text: str


def right_files() -> list[dict[str, Any]]:
    """The entries of the manifest that are right."""
    cases = json.loads((HAND / "manifest.json").read_text(encoding="utf-8"))
    return [case for case in cases if not case["wrong"]]


def mutants() -> Iterator[Mutant]:
    """All of them."""
    for case in right_files():
        text = (HAND / case["file"]).read_text(encoding="utf-8")
        whole = Text(text)
        for s in ast.walk(whole.tree):
            if isinstance(s, (ast.Assign, ast.AugAssign)) and _is_backward(whole, s):
                for mistake, words, new in _mistakes(whole, s):
                    if new != text and (case["file"], s.lineno, mistake) not in EQUAL:
                        yield Mutant(case["file"], case["program"], case.get("shapes"), s.lineno, mistake, words, new)


def _is_backward(whole: Text, s: ast.Assign | ast.AugAssign) -> bool:
    """Whether a line assigns a gradient, by its name."""
    target = s.targets[0] if isinstance(s, ast.Assign) else s.target
    if isinstance(target, ast.Tuple) or isinstance(s.value, (ast.Constant, ast.Name)):
        return False
    if isinstance(s.value, ast.Call) and "zeros" in whole.of(s.value):
        return False
    return bool(bases(name_of(target))) and any(isinstance(n, ast.Name) and bases(n.id) for n in ast.walk(s.value))


def _mistakes(whole: Text, s: ast.Assign | ast.AugAssign) -> Iterator[tuple[str, tuple[str, ...], str]]:
    of, put, value = whole.of, whole.put, s.value
    if isinstance(s, ast.AugAssign) and isinstance(s.op, (ast.Add, ast.Sub)):
        plus = isinstance(s.op, ast.Add)
        yield "the sign", (why.SIGN,), put(s, f"{of(s.target)} {'-=' if plus else '+='} {of(value)}")
        if plus:
            yield "= for +=", (why.MISSING,), put(s, f"{of(s.target)} = {of(value)}")
    elif not isinstance(value, (ast.Tuple, ast.Dict, ast.List)):
        yield "the sign", (why.SIGN,), put(value, f"-({of(value)})")
    done: set[str] = set()
    for node in ast.walk(value):
        for mistake, words, new in _at(whole, node):
            if mistake not in done:
                done.add(mistake)
                yield mistake, words, put(node, new)


def _at(whole: Text, node: ast.AST) -> Iterator[tuple[str, tuple[str, ...], str]]:
    of = whole.of
    if isinstance(node, ast.BinOp):
        left, right = of(node.left), of(node.right)
        if isinstance(node.op, ast.Mult):
            dropped, kept = (node.right, left) if not _is_adjoint(node.right) else (node.left, right)
            if isinstance(dropped, ast.Constant) and dropped.value == 1:
                return
            if isinstance(dropped, ast.Constant):
                yield "a constant factor left out", (ANY, why.SIGN), kept
            elif "Compare" in ast.dump(dropped):
                yield "a mask left out", (why.MASK, why.SLOPE, why.MISSING), kept
            elif not is_length(dropped):
                yield "a factor left out", (why.SLOPE, why.UPSTREAM, ANY), kept
        if isinstance(node.op, ast.Div) and (is_length(node.right) or of(node.right) in ("N", "n", "m")):
            yield "not divided by N", (why.MEAN,), left
        if isinstance(node.op, (ast.Add, ast.Sub)) and not isinstance(node.left, ast.Constant):
            yield "a term left out", (why.MISSING, why.SLOPE), left
            yield (
                "a sign in a sum",
                (why.SIGN, why.SLOPE),
                f"{left} {'-' if isinstance(node.op, ast.Add) else '+'} {right}",
            )
        if isinstance(node.op, ast.Pow) and isinstance(node.right, ast.Constant):
            yield "another power", (why.SLOPE, ANY, why.SIGN), left
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield "not transposed", (why.TRANSPOSED,), of(node.value)
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "sum"
        and node.keywords
    ):
        axis = next((k.value for k in node.keywords if k.arg == "axis"), None)
        if isinstance(axis, ast.Constant) and axis.value in (0, 1):
            text = of(node).replace(f"axis={axis.value}", f"axis={1 - axis.value}")
            yield "another axis", (why.SUM_WRONG, why.SUM_MISSING, why.SUM_TOO_MANY, why.MEAN), text
        yield "the mean", (why.MEAN,), of(node).replace("sum(", "mean(", 1) if of(node).count("sum(") == 1 else of(node)
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Gt):
        yield "the other mask", (why.MASK, why.SLOPE), of(node).replace(">", "<", 1)


def _is_adjoint(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and bool(bases(node.id))


def verdict(mutant: Mutant, box: Sandbox) -> tuple[str, str]:
    """What is said of a mutant: "right", "reason", "line", "missed"; and of which line, why."""
    try:
        found = gradc.grade(mutant.text, mutant.program, shapes=mutant.shapes, sandbox=box)
    except gradc.GradcError as error:
        return "missed", str(error)
    if not found.wrong:
        return "missed", str(found.stopped or "")
    first = found.wrong[0]
    shown = "; ".join(f"{each.line} {each.name}: {each.reason}" for each in found.wrong)
    if first.line != mutant.line:
        return "line", shown
    said = any(first.reason == word or (word == ANY and first.reason.startswith(ANY)) for word in mutant.words)
    return ("right" if said else "reason"), shown


def spread(count: int) -> list[Mutant]:
    """So many mutants, evenly over all; torch left out."""
    every = [mutant for mutant in mutants() if "import torch" not in mutant.text]
    step = max(1, len(every) // count)
    return every[step // 2 :: step][:count]


def main(count: int) -> None:
    """Grade so many."""
    said: dict[str, int] = {}
    with Sandbox() as box:
        for mutant in spread(count):
            word, shown = verdict(mutant, box)
            said[word] = said.get(word, 0) + 1
            if word != "right":
                line = mutant.text.splitlines()[mutant.line - 1].strip()
                print(f"{word}: {mutant.file}:{mutant.line} {mutant.mistake}: {line}\n    {shown}", flush=True)
    print(said)


if __name__ == "__main__":
    main(int(sys.argv[1]))
