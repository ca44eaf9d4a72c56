"""Further modes of a program of numbers in the fast style: straight lines for what is not zero by structure.

>>> from gradc.emit.fast_scalar import emit_scalar
>>> from gradc.language import parse
>>> dag = parse("x*exp(y)")
>>> modes = modes_of_numbers(dag, ["x", "y"], {"hessian": "hessian"})
>>> text = emit_scalar(dag, ["x", "y"], modes=modes).text
>>> print(text[text.index("HESSIAN_PATTERN") :], end="")
HESSIAN_PATTERN = ((0, 1), (1, 1))
<BLANKLINE>
<BLANKLINE>
def hessian(x, y):
    expy = exp(y)
    f = x*expy
    return f, {"x": expy, "y": f}, {("x", "y"): expy, ("y", "y"): f}
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import prod

from gradc.base.records import NamedTuple
from gradc.emit.calls import Elements, array_text, checks_of, namer_of, taken_apart
from gradc.emit.fast_scalar import calls_of
from gradc.emit.layout import broken, headed, indent, silenced, unless
from gradc.emit.lines import Plan, line_texts, lines_of, result_texts
from gradc.emit.operand import Printer
from gradc.graph.dag import Dag, Node
from gradc.ops.helpers import HELPERS
from gradc.optimize import Joint
from gradc.optimize.second import DOT, Blocks, hessian, jacobian, product
from gradc.plan.code import Alias, Def, Lines, Return, Value
from gradc.plan.modes import listed_pairs
from gradc.plan.names import Namer
from gradc.plan.notes import Notes
from gradc.plan.numbers import ZERO, Words, apart, names_of, results_of

PRODUCTS = ("jvp", "hvp")


def blocks_of(mode: str, dag: Dag, wrt: Sequence[str], literal: bool, dots: Mapping[str, str], seeded: bool) -> Blocks:
    """A mode's graph."""
    if mode in PRODUCTS:
        return product(dag, wrt, literal=literal, second=mode == "hvp", seeded=seeded, dots=dots)
    return (jacobian if mode == "jacobian" else hessian)(dag, wrt, literal=literal)


class _Texts(NamedTuple):
    """A mode's lines, and the texts of what they compute: the outputs, and gradient and blocks by their key."""

    plan: Plan
    lines: list[str]
    values: list[str]
    slopes: dict[str, str]


def _names(blocks: Blocks, plan: Plan, words: Words, seeds: Sequence[str] = ()) -> dict[Node, str]:
    names = names_of(worded(blocks), words, plan)
    names.update(zip(blocks.joint.seeds, seeds, strict=True))
    return names


def worded(blocks: Blocks) -> Joint:
    """A mode's graph with words for the keys of what it computes, from which lines have their names."""
    joint = blocks.joint
    own = {key: node for key, node in joint.gradients.items() if blocks.grads or not key.endswith(f" {DOT}")}
    return replace(joint, gradients={_stem(key, bool(blocks.grads)): node for key, node in own.items()})


def _texts(blocks: Blocks, plan: Plan, words: Words) -> _Texts:
    joint, names = blocks.joint, _names(blocks, plan, words)
    texts = iter(result_texts(plan, names, joint.dag, words.renamed))
    values = [next(texts) for _ in joint.outputs]
    slopes = {key: "0.0" if node is None else next(texts) for key, node in joint.gradients.items()}
    return _Texts(plan, line_texts(plan, names, joint.dag, words.renamed), values, slopes)


def _stem(key: str, second: bool) -> str:
    """What the value at a key is called behind a d: f_dot, dx_dot, df_dx, dx_y."""
    first, space, other = key.partition(" ")
    word = "".join(c if c.isalnum() or c == "_" else "" for c in first)
    return word if not space else f"{word}_{'' if second or other == DOT else 'd'}{_stem(other, second)}"


def _plan(blocks: Blocks) -> Plan:
    joint = blocks.joint
    return lines_of(joint.nodes, joint.roots, joint.places())


def modes_of_numbers(
    dag: Dag, wrt: Sequence[str], also: Mapping[str, str], literal: bool = False
) -> dict[str, tuple[Joint, Callable[[Words], tuple[Def | Alias, ...]]]]:
    """For a module for the target `math`: the graph and the function of each mode, whose name `also` gives."""
    order = [name for name in dag.inputs if name in wrt]
    found: dict[str, tuple[Joint, Callable[[Words], tuple[Def | Alias, ...]]]] = {}
    for mode, function in also.items():
        blocks = blocks_of(mode, dag, order, literal, {}, mode == "hvp")
        found[function] = blocks.joint, partial(_of_numbers, mode, dag, order, function, blocks)
    return found


def _of_numbers(
    mode: str, dag: Dag, order: Sequence[str], function: str, blocks: Blocks, words: Words
) -> tuple[Def | Alias, ...]:
    """The function of a mode; that of a Hessian has its pattern above it."""
    namer = words.namer.copy()
    dots = {name: namer.fresh(f"{name}_dot") for name in order} if mode in PRODUCTS else {}
    words = replace(words, namer=namer, inputs={f"{name} {DOT}": dot for name, dot in dots.items()})
    seeds = words.upstream if mode == "hvp" else ()
    plan = _plan(blocks)
    names = _names(blocks, plan, words, seeds)
    value, slopes = results_of(blocks.joint, plan, names)

    def by_input(keys: Iterable[str]) -> dict[str, Node]:
        return {name: slopes.get(key, ZERO) for name, key in zip(order, keys, strict=True)}

    packed: list[Value]
    if mode == "jvp":
        entries = tuple([slopes.get(f"{name} {DOT}", ZERO) for name, _ in dag.outputs])
        packed = [entries[0] if len(entries) == 1 else entries]
    elif mode == "jacobian":
        packed = [{f: {x: slopes[f"{f} {x}"] for g, x in blocks.blocks if g == f} for f, _ in dag.outputs}]
    elif mode == "hvp":
        packed = [by_input(order), by_input(f"{name} {DOT}" for name in order)]
    else:
        packed = [by_input(order), {(x, y): slopes[f"{x} {y}"] for x, y in blocks.blocks}]
    df = words.call("df")
    params = (*dag.inputs, *dots.values(), *([df] if seeds else []))
    body = (*apart(seeds, df), *plan.statements(names), Return((value, *packed)))
    made = Def(function, params, body, mode, {df: "1.0"} if len(seeds) == 1 else {})
    if mode != "hessian":
        return (made,)
    at = {name: i for i, name in enumerate(order)}
    return Alias("HESSIAN_PATTERN", listed_pairs(sorted((at[x], at[y]) for x, y in blocks.blocks))), made


# ---- arrays whose elements are taken -----------------------------------------------------------


def lines_of_elements(
    notes: Notes,
    numbers: Dag,
    elements: Sequence[Elements],
    wrt: Sequence[str],
    plain: Def,
    words: dict[str, str],
    bound: set[str],
) -> Lines:
    """The function of a mode in a module for NumPy; `plain`, that of the notes, takes what it does not.

    `words` are the names of functions, filled up; `bound` those that stand above already.
    """
    arrays = {each.name: each for each in elements}
    inputs = notes.program.params
    order = [name for name in inputs if name in wrt]
    mode = plain.kind
    moved = dict(zip(order, plain.params[len(inputs) :], strict=False)) if mode in PRODUCTS else {}
    namer = namer_of(numbers, [*plain.params, *words.values(), *notes.program.module.values()])
    whole = {name: arrays.get(name) or Elements(name, (), ((0, name),)) for name in order}
    dots = {leaf: f"{leaf} {DOT}" for name in order for _, leaf in whole[name].read}
    blocks = blocks_of(mode, numbers, [*dots], notes.program.literal, dots, False)
    plan = _plan(blocks)
    calls, helpers = calls_of(plan)
    words.update((word, namer.fresh(word)) for word in (*calls, *helpers) if word not in words)
    for name, dot in moved.items():
        if name in arrays:
            read = tuple([(at, dots[leaf]) for at, leaf in arrays[name].read])
            arrays[dot] = Elements(dot, arrays[name].shape, read)
    leaves = {leaf: namer.fresh(f"{each.name}{at}") for each in arrays.values() for at, leaf in each.read}
    named = leaves | {dots[name]: dot for name, dot in moved.items() if name not in arrays}
    local = Words(namer, {word: own for word, own in words.items() if word != own}, inputs=named)
    found = _texts(blocks, plan, local)
    body = [line for each in arrays.values() for line in taken_apart(each, [leaves[leaf] for _, leaf in each.read])]
    body += found.lines
    body += _Packed(body, found, namer, words, whole).returned(mode, [name for name, _ in numbers.outputs], blocks)
    given, df = [*inputs, *moved.values()], notes.words["df"]
    checks = checks_of(given, arrays, words)
    if mode == "hvp":
        checks.append(f"{words['type']}({df}) is {words['float']} and {df} == 1.0")
    np, math = notes.words["np"], notes.words["math"]
    places = {"ndarray": f"{np}.ndarray", "float64": f"{np}.dtype(float)"}
    places |= {"array_of": f"{np}.array", "zeros_of": f"{np}.zeros"} | {word: f"{math}.{word}" for word in calls}
    text = " ".join([*checks, *body])
    head = [f"{words[word]} = {place}" for word, place in places.items() if words[word] in text and word not in bound]
    rename = Printer({}, module={"math": math, **{each: words[each] for each in helpers}})._rename
    below = [rename(HELPERS["math"][each].strip("\n")) for each in helpers if each not in bound]
    bound.update(word for word in (*places, *helpers) if words[word] in text)
    params = [*given, *([df] if mode == "hvp" else [])]
    header = [*headed(given, notes.program.dag.defaults), *([f"{df}=1.0"] if mode == "hvp" else [])]
    leave = f"return {notes.plain(mode)}({', '.join(params)})"
    lines = [
        *head,
        *["", ""] * bool(head),
        *silenced(f"{np}.errstate", notes.ignored(mode)),
        f"def {notes.function_name(mode)}({', '.join(header)}):",
        *indent(unless(checks)),
        f"        {leave}",
        "    try:",
        *indent(indent(body)),
        "    except (ArithmeticError, ValueError):",
        f"        {leave}",
    ]
    return Lines(tuple(lines), imports=("math",), below=tuple(below))


class _Packed:
    """The numbers of a mode as what it returns; those of an array are put together in lines of the body."""

    def __init__(
        self, body: list[str], found: _Texts, namer: Namer, words: dict[str, str], whole: Mapping[str, Elements]
    ) -> None:
        self.body, self.found, self.namer, self.words, self.whole = body, found, namer, words, whole

    def array(self, stem: str, shape: tuple[int, ...], texts: Mapping[int, str]) -> str:
        """The text of an array that has these texts at some places, and zeros at the others."""
        if not shape:
            return texts.get(0, "0.0")
        read = tuple([(at, str(at)) for at in sorted(texts)])
        name = self.namer.fresh(stem)
        lines, text = array_text(Elements(stem, shape, read), {str(at): texts[at] for at in texts}, name, self.words)
        self.body += lines
        return text

    def by_input(self, what: str, key: str) -> list[str]:
        """A text for each input: `what` makes a key of a number's name, `key` an array's name of an input's."""
        pairs = []
        for name, each in self.whole.items():
            texts = {at: self.found.slopes.get(what.format(leaf), "0.0") for at, leaf in each.read}
            pairs.append(f'"{name}": {self.array(key.format(name), each.shape, texts)}')
        return pairs

    def returned(self, mode: str, outputs: Sequence[str], blocks: Blocks) -> list[str]:
        """The last line, which may be broken."""
        slopes, values = self.found.slopes, self.found.values
        value = values[0] if len(values) == 1 else f"({', '.join(values)})"
        if mode == "jvp":
            dots = [slopes.get(f"{name} {DOT}", "0.0") for name in outputs]
            return [f"return {value}, {dots[0] if len(dots) == 1 else '(' + ', '.join(dots) + ')'}"]
        if mode == "jacobian":
            rows = []
            for f in outputs:
                row = []
                for x, each in self.whole.items():
                    texts = {at: slopes[f"{f} {leaf}"] for at, leaf in each.read if (f, leaf) in blocks.blocks}
                    if texts:
                        row.append(f'"{x}": {self.array(f"d{f}_d{x}", each.shape, texts)}')
                rows.append(f'"{f}": {{{", ".join(row)}}}')
            return broken(f"return {value}, {{", rows, "}", closed=False)
        grads = self.by_input("{}", "d{}")
        last = self.by_input(f"{{}} {DOT}", "d{}_dot") if mode == "hvp" else self.pairs(blocks)
        first = broken(f"return {value}, {{", grads, "}, {", closed=False)
        return [*first[:-1], *broken(first[-1], last, "}", closed=False)]

    def pairs(self, blocks: Blocks) -> list[str]:
        """The blocks of a Hessian; what is on the diagonal has both triangles."""
        out = []
        names = list(self.whole)
        for i, x in enumerate(names):
            for y in names[i:]:
                one, other, texts = self.whole[x], self.whole[y], dict[int, str]()
                wide = prod(other.shape)
                for at, leaf in one.read:
                    for to, leaf2 in other.read:
                        if (leaf, leaf2) in blocks.blocks:
                            texts[at * wide + to] = self.found.slopes[f"{leaf} {leaf2}"]
                            if x == y:
                                texts[to * wide + at] = texts[at * wide + to]
                if texts:
                    out.append(f'("{x}", "{y}"): {self.array(f"d{x}_{y}", (*one.shape, *other.shape), texts)}')
        return out


__all__ = ["lines_of_elements", "modes_of_numbers", "worded"]
