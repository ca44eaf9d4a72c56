"""A graph of numbers as lines of a target's: which values get one, and what each is called.

Every value is computed once, on no side of a branch alone: a branch is a choice between two numbers, and what the side
that is not taken computes goes nowhere. C and Numba's loops print such lines, each in a dialect of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from gradc.base.errors import GradcError
from gradc.base.records import NamedTuple
from gradc.emit.fast_scalar import names_of, words_of
from gradc.graph.dag import Dag, Node, reachable
from gradc.ops.scalar import const, div, inv
from gradc.ops.table import statics_of
from gradc.optimize import Joint
from gradc.rewrite.simplify import number

_HOLE = re.compile(r"\{(\w+)(?::(\w+))?\}")
# A value that is used once is written in the line of its user, up to so many operators.
MOST_OPERATORS = 6


class Dialect(NamedTuple):
    """How a target writes numbers.

    `forms` are texts by the name of a gate, each with how tightly it binds; a hole says the least that it takes without
    parentheses, none in a call's own. `binds` orders these words, `line` writes a value with its name, `number` a
    constant with how tightly it binds, and `taken` are the words that no name may be. Where `inverse` has the forms
    of a name, of a product with it and how tightly that binds, what divides several values is inverted once: a loop's
    divisions take longer than all else in it.
    """

    target: str
    forms: Mapping[str, tuple[str, str]]
    binds: Mapping[str, int]
    line: Callable[[Node, str, str], str]
    number: Callable[[float], tuple[str, str]]
    taken: frozenset[str]
    inverse: tuple[str, ...] = ()

    def own(self, name: str, others: Iterable[str] = ()) -> str:
        """A name that the target leaves free, and nobody else has."""
        taken = set(others)
        while name in self.taken or name in taken:
            name += "_"
        return name

    def renamed(self, inputs: Iterable[str]) -> dict[str, str]:
        """What each input is called."""
        found: dict[str, str] = {}
        for name in inputs:
            found[name] = self.own(name, found.values())
        return found

    def form(self, node: Node) -> tuple[str, str]:
        """How a gate is written; `GradcError` where there is no form for it."""
        found = self.forms.get(node.op.name)
        if found is None:
            raise GradcError(
                f"the target '{self.target}' has no form for '{node.op.name}'",
                hint="leave the target at 'numpy' for this program",
            )
        return found


class NumberLines:
    """The lines of a graph of numbers; `operand` is how a value is read behind them.

    `lined` says which values have lines of their own, where that is decided.
    """

    def __init__(
        self,
        joint: Joint,
        roots: Sequence[Node],
        nodes: Sequence[Node],
        names: Mapping[Node, str],
        dialect: Dialect,
        lined: Iterable[Node] | None = None,
    ) -> None:
        self.dialect = dialect
        self.asked = None if lined is None else set(lined)
        self.lined: dict[Node, None] = {}
        self.names, self.texts, self.lines = dict(names), dict[Node, tuple[str, str, int]](), list[str]()
        self.named = set(joint.dag.names)
        self.uses: dict[Node, int] = {}
        for node in nodes:
            for arg in node.args:
                self.uses[arg] = self.uses.get(arg, 0) + 1
        for node in roots:
            self.uses[node] = self.uses.get(node, 0) + 1
        self.called: dict[str, None] = {}
        self.said: dict[str, str] = {}  # the name of each line, by its text
        self.inverses = self._inverses(nodes) if dialect.inverse else {}
        for node in nodes:
            if node.args:
                self.write(node)

    def _inverses(self, nodes: Sequence[Node]) -> dict[Node, str]:
        """What divides several values, with the name of its inverse; empty until its line is written."""
        found: dict[Node, int] = {}
        for node in nodes:
            divisor = node.args[1] if node.op is div else node.args[0] if node.op is inv else None
            if divisor is not None and divisor.op is not const:
                found[divisor] = found.get(divisor, 0) + 1
        return {node: "" for node, count in found.items() if count > 1}

    def _inverse(self, node: Node) -> str:
        """The name of a value's inverse, which has its line from its first use on."""
        if not self.inverses[node]:
            if node in self.texts:
                self.line(node)
            name = self.dialect.own(self.dialect.inverse[0].format(self.names[node]), self.names.values())
            self.inverses[node] = name
            self.lines.append(self.dialect.line(node, name, f"1.0/{self.names[node]}"))
        return self.inverses[node]

    def write(self, node: Node) -> None:
        """A value's text, and a line of its own where it is used again or long."""
        if node.op is inv and node.args[0] in self.inverses:
            self.texts[node] = self._inverse(node.args[0]), "atom", 0
            return
        text, binds = self.dialect.form(node)
        if node.op is div and node.args[1] in self.inverses:
            text, binds = self.dialect.inverse[1].format(self._inverse(node.args[1])), self.dialect.inverse[2]
        operators = 1
        holes = [match[1] for match in _HOLE.finditer(text)]
        given = dict(zip(node.op.params, node.args, strict=False))
        values = statics_of(node.op, node.attr)
        for name, arg in given.items():
            if holes.count(name) > 1 and arg in self.texts:
                self.line(arg)

        def filled(match: re.Match[str]) -> str:
            nonlocal operators
            if match[1] not in given:
                return _static(values[match[1]], match[2])
            inner, tight, count = self.operand(given[match[1]])
            operators += count
            order = self.dialect.binds
            return f"({inner})" if order[tight] < order[match[2] or "any"] else inner

        made = _HOLE.sub(filled, text)
        self.called.update(dict.fromkeys(re.findall(r"(?<![\w.])[a-z_]\w*(?=\()", text)))
        self.texts[node] = made.replace("--", "- -"), binds, operators
        if self.asked is not None:
            own = node in self.asked
        else:
            own = self.uses.get(node, 0) > 1 or operators > MOST_OPERATORS or node in self.named or len(made) > 90
        if own:
            self.line(node)

    def line(self, node: Node) -> None:
        """Give a value its line; one that is another's in this dialect, such as x/y where y is inverted, has that."""
        text, _, _ = self.texts.pop(node)
        self.lined[node] = None
        if text in self.said and node not in self.named:
            self.names[node] = self.said[text]
            return
        self.said.setdefault(text, self.names[node])
        self.lines.append(self.dialect.line(node, self.names[node], text))

    def operand(self, node: Node) -> tuple[str, str, int]:
        """A value as a part of a line: text, how tightly it binds, how many operators it has."""
        if node in self.texts:
            return self.texts[node]
        if node.op is const:
            return *self.dialect.number(float(number(node))), 0
        return self.names[node], "atom", 0


def _static(value: Any, kind: str | None) -> str:
    """A static parameter: as it is, or as a number with a point."""
    return repr(float(value)) if kind == "number" else str(value)


def filled_form(dialect: Dialect, node: Node, args: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], list[str]]:
    """A gate of values that are texts, each with how tightly it binds; and the functions that it calls."""
    text, binds = dialect.form(node)
    given = dict(zip(node.op.params, args, strict=False))
    values = statics_of(node.op, node.attr)

    def filled(match: re.Match[str]) -> str:
        if match[1] not in given:
            return _static(values[match[1]], match[2])
        inner, tight = given[match[1]]
        return f"({inner})" if dialect.binds[tight] < dialect.binds[match[2] or "any"] else inner

    called = re.findall(r"(?<![\w.])[a-z_]\w*(?=\()", text)
    return (_HOLE.sub(filled, text).replace("--", "- -"), binds), called


def lines_in(
    joint: Joint,
    roots: Sequence[Node | None],
    inputs: Mapping[str, str],
    dialect: Dialect,
    seeds: Sequence[str] = (),
    of: Joint | None = None,
) -> NumberLines:
    """The lines that compute the roots, named as in the fast style; names that the target has taken step aside.

    `inputs` says what inputs are called, `seeds` the same of the adjoints of outputs. Names are made as for `of`, where
    that is not the graph itself: one with words for the keys of its gradients.
    """
    wanted = [node for node in roots if node is not None]
    nodes = reachable(wanted)
    leaves = {node: inputs[name] for name, node in joint.dag.inputs.items()}
    leaves.update(zip(joint.seeds, seeds, strict=True))
    first = NumberLines(joint, wanted, nodes, {**dict.fromkeys(nodes, "a_name"), **leaves}, dialect)
    inside = [node for node in nodes if node.args and node not in first.lined]
    names = _names(of or joint, first.lined, inside, inputs, leaves, dialect)
    return NumberLines(joint, wanted, nodes, names, dialect, first.lined)


def _names(
    joint: Joint,
    written: Iterable[Node],
    inside: Sequence[Node],
    inputs: Mapping[str, str],
    leaves: Mapping[Node, str],
    dialect: Dialect,
) -> dict[Node, str]:
    plan: Any = SimpleNamespace(written=tuple(written), same={})
    words = words_of(joint.dag, "notes", ())
    tangents = {name: own for name, own in inputs.items() if not name.isidentifier()}
    found = names_of(joint, replace(words, inputs=tangents), plan, within=inside)
    names = dict(leaves)
    taken = set(names.values())
    for node in plan.written:
        names[node] = dialect.own(found[node], taken)
        taken.add(names[node])
    return names


def refuse_arrays(dag: Dag, target: str) -> None:
    """Raise `GradcError`, by the name of an array, for a program that is not one of numbers."""
    arrays = [name for name, node in dag.inputs.items() if node.shape]
    if arrays or any(node.shape for node in dag.nodes):
        what = f"'{arrays[0]}' is an array" if arrays else "a list of values is an array"
        said = f"the target '{target}' takes programs of numbers, and {what}"
        raise GradcError(said, hint="leave the target at 'numpy'")


__all__ = ["MOST_OPERATORS", "Dialect", "NumberLines", "filled_form", "lines_in", "refuse_arrays"]
