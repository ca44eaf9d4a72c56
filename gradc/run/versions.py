"""A text instrumented once, in versions that differ from it in a statement: that one alone is read again.

>>> job = {"text": "q = x + y\\nf = 2*q\\n", "only": [[1, 0]], "known": []}
>>> versions = Versions(job)
>>> codes, sites = versions.of({"text": "q = x - y\\nf = 2*q\\n"})
>>> len(codes), [site.name for site in sites]
(3, ['q', 'f'])
>>> versions.of({"text": "q = x - y\\nf = 3*q\\n"}) is None
True
"""

from __future__ import annotations

import ast
import types
from collections.abc import Mapping, Sequence
from typing import Any

from gradc.base.records import NamedTuple
from gradc.base.syntax import statements_of
from gradc.run.hand import FILE, Site
from gradc.run.instrument import SIMPLE, Marks, Simple, marks_of

Codes = Sequence[types.CodeType]
# What versions may differ in.
ALIKE = {"text", "seconds", "added", "nudged", "right", "times"}


class _Place(NamedTuple):
    """Where the instrumented form of a statement stands: in which block, under which statement of the module."""

    block: list[ast.stmt]
    at: int
    top: int


class Versions:
    """The versions of a job's text."""

    def __init__(self, job: Mapping[str, Any]) -> None:
        self.text: str = job["text"]
        self.lines = self.text.splitlines()
        tree = statements_of(self.text)
        self.marks: Marks = marks_of(tree, job)
        tree.body = self.marks.block(tree.body)
        self.tops = tree.body
        self.sites = self.marks.sites
        self.codes = [_compiled(top) for top in self.tops]
        self.places: dict[int, _Place] = {}
        for top, statement in enumerate(self.tops):
            self.places[id(statement)] = _Place(self.tops, top, top)
            for node in ast.walk(statement):
                for field in ("body", "orelse", "finalbody"):
                    block = getattr(node, field, None)
                    for at, each in enumerate(block if isinstance(block, list) else ()):
                        self.places[id(each)] = _Place(block, at, top)  # type: ignore[arg-type]

    def of(self, job: Mapping[str, Any]) -> tuple[Codes, Sequence[Site]] | None:
        """The code and the sites of a version; None of one that differs in more than some simple statements."""
        more = {*job.get("nudged", ()), *(each[0] for name in ("right", "times") for each in job.get(name, ()))}
        held = self._held(job["text"], more, job.get("added", ()))
        if held is None or not ALIKE.issuperset(name for name, value in job.items() if value):
            return None
        parts, sites = [[code] for code in self.codes], [*self.sites]
        kept: list[tuple[list[ast.stmt], list[ast.stmt]]] = []
        try:
            for old in reversed(held):  # from the last, so that no place moves
                new, made = self._again(job, old, more)
                place = self.places[id(old.out[0])]
                if len(made) != old.many:
                    return None
                sites[old.site : old.site + old.many] = made
                end = place.at + len(old.out)
                if place.block is self.tops:
                    parts[place.at : end] = [[_compiled(each) for each in new], *([] for _ in old.out[1:])]
                    continue
                kept.append((place.block, place.block[:]))
                place.block[place.at : end] = new
                parts[place.top] = []
            parts = [each or [_compiled(top)] for each, top in zip(parts, self.tops, strict=True)]
        finally:
            for block, was in reversed(kept):
                block[:] = was
        return [code for part in parts for code in part], sites

    def _held(self, text: str, more: set[int], added: Sequence[int]) -> list[Simple] | None:
        """The statements that are to be read again; None if others are, too."""
        lines = text.splitlines()
        if len(lines) != len(self.lines):
            return None
        odd = [k for k, (mine, other) in enumerate(zip(self.lines, lines, strict=True), 1) if mine != other]
        changed = [each for each in self.marks.simple if odd and each.line <= odd[-1] and odd[0] <= each.end]
        if odd and (len(changed) != 1 or changed[0].line > odd[0] or changed[0].end < odd[-1]):
            return None
        held = [
            each
            for each in self.marks.simple
            if each in changed or each.line in added or not more.isdisjoint(range(each.site, each.site + each.many))
        ]
        looked = {site for each in held for site in range(each.site, each.site + each.many)}
        return held if looked >= more and {each.line for each in held} >= {*added} else None

    def _again(self, job: Mapping[str, Any], old: Simple, more: set[int]) -> tuple[list[ast.stmt], list[Site]]:
        """What stands for a statement in a version, and its sites; nothing, if it is none that holds no others."""
        lines = job["text"].splitlines()[old.line - 1 : old.end]
        read = statements_of("\n" * (old.line - 1) + "\n".join(lines).lstrip()).body
        if len(read) != 1 or not isinstance(read[0], SIMPLE):
            return [], []
        return self.marks.again(read[0], old, more, set(job.get("added", ())))


def _compiled(statement: ast.stmt) -> types.CodeType:
    return compile(ast.Module([statement], []), FILE, "exec", dont_inherit=True)
