"""Modules of numbers in the fast style, for the target `math`: its functions by their bare names.

>>> from gradc.language import parse
>>> print(emit_scalar(parse("f = x*exp(-x*y)"), ["x", "y"]).text.split("\\n\\n\\n")[-1], end="")
def value_and_grad(x, y):
    expneg = exp(-x*y)
    f = x*expneg
    return f, {"x": expneg - y*f, "y": -x*f}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType

from gradc.base.files import COMPILED
from gradc.emit.layout import broken, default_of, headed, indent, quoted, unpacked, wrapped
from gradc.emit.lines import NumberText, Plan, how
from gradc.emit.long_programs import long_text
from gradc.emit.modules import BUILTINS, Emitted, own_words
from gradc.emit.targets import TARGETS
from gradc.graph.dag import Dag, Node
from gradc.ops.helpers import HELPERS, needed
from gradc.ops.table import Op
from gradc.optimize import LARGE, Joint, optimize
from gradc.plan.code import Alias, Def, Module, every, nodes, values
from gradc.plan.numbers import Words, fused, names_of, passes, words_of

_IDENTIFIER = re.compile(r"\b[A-Za-z_]\w*\b")
_CALL = re.compile(r"\bmath\.(\w+)")


@cache
def _called(op: Op) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The functions of `math` that a gate calls, and its helpers."""
    form = op.code["math"]
    return tuple(_CALL.findall(form.text)), form.helpers


def calls_of(plan: Plan) -> tuple[dict[str, None], dict[str, None]]:
    calls: dict[str, None] = {}
    helpers: dict[str, None] = {}
    for op in plan.operators:
        functions, called = _called(op)
        calls.update(dict.fromkeys(functions))
        for helper in called:
            helpers.update(dict.fromkeys([helper, *needed(HELPERS["math"], helper)]))
    return calls, helpers


class Numbers(NumberText):
    """Prints modules of numbers."""

    def stages(self, forward: Def) -> tuple[tuple[int, str], ...]:
        return ()

    def costs(self, defs: Mapping[str, Def]) -> tuple[int, int]:
        """Those of the value, and what the gradient adds."""
        forward = self.cost(defs["forward"])
        return forward, self.cost(defs["value_and_grad"]) - forward

    def docstring(self, forward: int, backward: int) -> list[str]:
        return _docstring(self.dag, self.code.wrt, forward, backward)

    def imports(self, used: Iterable[str], body: Iterable[str] = ()) -> list[str]:
        """What the lines call of `math` by name, and `math` itself for the helpers."""
        said = [value for item in self.code.defs() for stmt in every(item.body) for value in values(stmt)]
        ops = dict.fromkeys(node.op for value in said for node in nodes(value) if "math" in node.op.code)
        lines = _imports({function for op in ops for function in _called(op)[0]}, bool(used), self.word)
        aside = sorted(f"{own} = {word}" for word, own in self.values.said.items() if word in BUILTINS)
        lines += [""] * bool(lines and aside) + aside
        return [*lines, ""] if lines else []


# For each further function by its name a graph, and what is defined of it.
Modes = Mapping[str, tuple[Joint, Callable[[Words], tuple[Def | Alias, ...]]]]


def emit_scalar(
    dag: Dag,
    wrt: Sequence[str],
    scheme: str = "notes",
    literal: bool = False,
    function: str = "",
    modes: Modes = MappingProxyType({}),
) -> Emitted:
    """The module of a scalar program for the target `math`, in the fast style, with further functions of `modes`."""
    if len(dag.nodes) > LARGE:
        return _emit_long(dag, wrt, literal, _function_names(function))
    return Numbers(code_of(dag, wrt, scheme, literal, function, modes), TARGETS["math"]).emit()


def code_of(
    dag: Dag,
    wrt: Sequence[str],
    scheme: str = "notes",
    literal: bool = False,
    function: str = "",
    modes: Modes = MappingProxyType({}),
) -> Module:
    """The same as Code."""
    names = _function_names(function)
    joint = optimize(dag, wrt, literal=literal)
    seeded = optimize(dag, wrt, literal=literal, seeded=True)
    graphs = [joint, seeded, *(graph for graph, _ in modes.values())]
    functions = dict.fromkeys(name for each in graphs for node in each.nodes for name in _called_by(node))
    words = words_of(dag, scheme, list(functions))
    for name in (*names, *modes):
        words.namer.fresh(name)
    ahead, behind = passes(seeded, names[0], names[1], words, how)
    whole = fused(names[2], joint if len(dag.outputs) == 1 else seeded, words, how)
    further = [item for _, make in modes.values() for item in make(words)]
    own = frozenset([*dag.inputs, *(name for given in dag.names.values() for name in given)])
    return Module(dag, (ahead, behind, whole, *further), tuple(wrt), words.renamed, {}, own, literal)


def _imports(calls: Iterable[str], helpers: bool, word: Callable[[str], str] = str) -> list[str]:
    names = [name if word(name) == name else f"{name} as {word(name)}" for name in sorted(calls)]
    whole = "import math" if word("math") == "math" else f"import math as {word('math')}"
    return [whole] * helpers + [f"from math import {', '.join(names)}"] * bool(names)


def _docstring(dag: Dag, wrt: Sequence[str], forward: int, backward: int) -> list[str]:
    whole = forward + backward
    times = f"{whole / max(forward, 1):.2f} times the value alone"
    return [
        f'"""Forward and backward pass, {COMPILED}',
        "",
        *("    " + line for line in quoted(dag.text).split("\n")),
        "",
        *wrapped(f"Inputs: {', '.join(dag.inputs) or 'none'} (numbers).", 100),
        *wrapped(f"Gradient with respect to: {', '.join(wrt) or 'nothing'}.", 100),
        f"Operations: value {forward}, value and gradient {whole}; together {times}.",
        '"""',
        "",
    ]


def _function_names(function: str) -> tuple[str, str, str]:
    if function:
        return function + "_forward", function + "_backward", function
    return "forward", "backward", "value_and_grad"


def _emit_long(dag: Dag, wrt: Sequence[str], literal: bool, names: tuple[str, str, str]) -> Emitted:
    """The same for a program too long for one function: its lines stand in many, which the passes call in order."""
    long = long_text(dag, wrt, literal=literal, seeded=True)
    words = words_of(dag, "notes", [*names, *long.functions])
    params, seeds = list(dag.inputs), len(dag.outputs)
    fresh = words.namer.copy().fresh
    real = own_words(params, params).get("float", "float")
    x, g, cache, df = fresh("x"), fresh("g"), words.call("cache"), words.call("df")
    order = {name: i for i, name in enumerate(params)}
    carried = [x, *long.carried]
    local = {"x": x, "g": g}
    forward = [
        *broken(f"{x} = [", [f"{real}({name})" for name in params], "]", closed=False),
        f"{g} = []",
        *(_IDENTIFIER.sub(lambda word: local.get(word[0], word[0]), call) for call in long.calls[: long.ahead]),
        *long.unpacked,
        *broken(f"return {_IDENTIFIER.sub(lambda word: local.get(word[0], word[0]), long.result)}, (", carried, ")"),
    ]
    backward = [
        *unpacked(carried, cache),
        f"{x} = [*{x}, {df}]" if seeds == 1 else f"{x} = [*{x}, *{df}]",
        f"{g} = [0.0]*{len(params)}",
        *(_IDENTIFIER.sub(lambda word: local.get(word[0], word[0]), call) for call in long.calls[long.ahead :]),
        *broken("return {", [f'"{name}": {g}[{order[name]}]' for name in wrt], "}", closed=False),
    ]
    given = ", ".join(params)
    both = f", {df}" * (seeds > 1)
    header = ", ".join(headed(params, dag.defaults))
    text = [
        *_docstring(dag, wrt, *long.operators),
        *(f"{line}" for line in _imports(long.functions, bool(long.helpers))),
        *[""] * bool(long.functions or long.helpers),
        *[f"{real} = float", ""] * (real != "float"),
        *[""] * bool(long.functions or long.helpers or real != "float"),
        *(f"{part}\n" for part in long.parts),
        "\n".join([f"def {names[0]}({header}):", *indent(forward)]) + "\n\n",
        "\n".join([f"def {names[1]}({cache}, {df}{default_of(seeds)}):", *indent(backward)]) + "\n\n",
        f"def {names[2]}({given}{both}):" if both else f"def {names[2]}({header}):",
        f"    f, {cache} = {names[0]}({given})\n    return f, {names[1]}({cache}{both})",
        *(
            line
            for name, text in HELPERS["math"].items()
            if name in long.helpers
            for line in ("", "", text.strip("\n"))
        ),
    ]
    return Emitted("\n".join(text) + "\n", *long.operators, ())


def _called_by(node: Node) -> tuple[str, ...]:
    if not node.args:
        return ()
    functions, helpers = _called(node.op)
    return (*functions, *helpers, *(name for helper in helpers for name in needed(HELPERS["math"], helper)))


__all__ = ["Numbers", "Words", "calls_of", "code_of", "emit_scalar", "names_of", "words_of"]
