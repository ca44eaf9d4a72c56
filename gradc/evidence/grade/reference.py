"""A program at a point into what is right there: each value, its adjoint, and each contribution to that.

The graph is read twice, as it is staged and as it was written (`literal`), so that a hand that stages either way is
understood. Values that are equal are one `Slot`, with an adjoint for each way in which they are used.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradc.derive.reverse import reverse
from gradc.emit.operand import Printer
from gradc.graph.dag import Dag, Node, reachable
from gradc.ops import scalar
from gradc.ops.helpers import HELPERS, needs_math
from gradc.rewrite.textbook import textbook
from gradc.run.engine import Compiled
from gradc.run.functions import load

Array = np.ndarray[Any, Any]

# What a sum that cancels leaves; numbers that are compared less closely than this are of single precision.
NOISE, NOISE_SINGLE, SINGLE = 1e-14, 1e-7, 1e-4
# More gates than this nobody stages by hand.
LARGEST = 20_000


class Part(NamedTuple):
    """What one gate sends back to a value; `terms` are what it is a sum of, `incoming` is the gate's own adjoint,
    `taken` the values that the gate takes."""

    gate: str
    number: int
    value: Array
    incoming: Array
    rule: str
    terms: tuple[Array, ...] = ()
    taken: tuple[Array, ...] = ()


class Variant(NamedTuple):
    """The adjoint of a value, in one way of staging, with its contributions."""

    adjoint: Array
    parts: tuple[Part, ...]


class Slot:
    """A value of the program: what it is called, where it stands, and its adjoints."""

    __slots__ = ("args", "is_input", "line", "names", "number", "of", "value", "variants")

    def __init__(self, value: Array, line: str = "", number: int = 0, of: tuple[Any, ...] = ()) -> None:
        self.value = value
        self.names: list[str] = []
        self.variants: list[Variant] = []
        self.line, self.number, self.of = line, number, of
        self.is_input = ""
        self.args: list[Slot] = []

    @property
    def title(self) -> str:
        return self.names[0] if self.names else self.line

    def __repr__(self) -> str:
        return f"<{self.title or '?'} {self.value.shape}>"


class Reference:
    """What is right at a point."""

    def __init__(self, views: Sequence[View], inputs: Mapping[str, Array], df: bool, seed: int) -> None:
        self.inputs, self.views, self.drawn = inputs, views, (df, seed)
        self.slots: list[Slot] = []
        self._by_shape: dict[tuple[int, ...], list[Slot]] = {}
        self._entered: dict[str, Slot] = {}
        self.by_name: dict[str, list[Slot]] = {}
        self.outputs: list[tuple[str, Slot]] = []
        self.own = {name for view in views for of in view.dag.names.values() for name in of}  # not made up for a line
        self.own |= {*inputs, *(name for view in views for name, _ in view.dag.outputs)}
        self.df: list[Array] = []
        for view in views:
            found = view.at(inputs, df, seed)
            self.df = self.df or found.df
            self._take(view, found)
        self.input_slots = {name: self.by_name[name][0] for name in inputs if name in self.by_name}

    def skewed(self, scales: Sequence[float]) -> Iterator[Skewed]:
        """The gradients with one mistake of a gate, for each gate of both ways of staging."""
        for view in self.views:
            yield from view.skewed(self.inputs, *self.drawn, scales)

    def _take(self, view: View, found: Found) -> None:
        slot_of: dict[Node, Slot] = {}
        for node, value in found.values.items():
            if node.op is scalar.const or (not node.args and node.op is not scalar.input_):
                continue
            slot = self._slot(node, view, value)
            slot_of[node] = slot
            for name in view.names_of(node):
                if name not in slot.names:
                    slot.names.append(name)
                given = self.by_name.setdefault(name, [])
                if slot not in given:
                    given.append(slot)
            slot.args += [slot_of[arg] for arg in node.args if arg in slot_of and slot_of[arg] not in slot.args]
        for node, parts in found.parts.items():
            if node not in slot_of:
                continue
            slot = slot_of[node]
            adjoint = np.zeros(slot.value.shape) + sum(part.value for part in parts)
            if not any(
                same(variant.adjoint, adjoint) and len(variant.parts) == len(parts) for variant in slot.variants
            ):
                slot.variants.append(Variant(adjoint, tuple(parts)))
        for name, node in view.dag.outputs:
            if node in slot_of and not any(name == known for known, _ in self.outputs):
                self.outputs.append((name, slot_of[node]))
                self.by_name.setdefault(name, []).append(slot_of[node])

    def _slot(self, node: Node, view: View, value: Array) -> Slot:
        """The slot of a node's value: a new one, if no other has that."""
        name = str(node.attr) if node.op is scalar.input_ else ""
        if name and name in self._entered:
            return self._entered[name]
        like = self._by_shape.setdefault(value.shape, [])
        if value.size and not _plain(value):
            first, reach = value.item(0), 1e-4 * float(np.abs(value).max()) + NOISE
            for slot in like:
                if abs(slot.value.item(0) - first) <= reach and same(slot.value, value):
                    return slot
        slot = Slot(value, view.lines.get(node, ""), view.numbers.get(node, 0))
        if name:
            slot.is_input = name
            self._entered[name] = slot
        self.slots.append(slot)
        like.append(slot)
        return slot


def _plain(value: Array) -> bool:
    """Whether a value is one that many lines give by chance: whole numbers alone."""
    return bool(np.all(value == np.round(value)))


def same(a: Array, b: Array, loose: float = 1e-5) -> bool:
    """Whether two arrays hold the same numbers, to what another order of sums may change."""
    if a.shape != b.shape:
        return False
    if not a.size:
        return True
    first, other = a.item(0), b.item(0)
    least = loose * 1e-2 * (abs(other) if a.size == 1 else float(np.abs(b).max())) + noise(loose)
    if abs(first - other) > loose * abs(other) + least:
        return False  # most are
    return bool(np.all(np.abs(a - b) <= loose * np.abs(b) + least))


def noise(loose: float) -> float:
    """What roundings leave of a sum that cancels, of numbers about as large as one."""
    return NOISE if loose <= SINGLE else NOISE_SINGLE


def _terms(sent: Node) -> list[tuple[Node, float]]:
    """The terms of a sum, with their signs; none of what is no sum."""
    if sent.op not in (scalar.add, scalar.sub):
        return []
    found: list[tuple[Node, float]] = []
    todo = [(sent, 1.0)]
    while todo:
        node, sign = todo.pop()
        if node.op in (scalar.add, scalar.sub) and len(found) + len(todo) < 8:
            todo += [(node.args[1], sign if node.op is scalar.add else -sign), (node.args[0], sign)]
        elif node.op is scalar.neg:
            todo.append((node.args[0], -sign))
        else:
            found.append((node, sign))
    return found


class Found(NamedTuple):
    values: dict[Node, Array]
    parts: dict[Node, list[Part]]
    df: list[Array]


class Skewed(NamedTuple):
    """The gradients where `gate` sends back `scale` times what it should to `target`."""

    scale: float
    gate: str
    target: str
    grads: dict[str, Array]


class View:
    """One way of staging a program: its graph with the text that computes every value, adjoint and contribution."""

    def __init__(self, fn: Compiled, steps: bool = False) -> None:
        """`steps` takes gates apart that have a name, and that people stage in elementary ones."""
        staged = fn.staged
        self.dag: Dag = staged.dag
        became: Mapping[Node, Node] = {}
        if steps:
            self.dag, became = textbook(staged.dag)
        self.staged_names = {became.get(node, node): name for node, name in staged.names.items()}
        self.input_names = {node: name for name, node in self.dag.inputs.items()}
        texts = dict(fn.emitted.stages)
        self.numbers = {became.get(line.gate, line.gate): line.number for line in staged.forward}
        self.lines = {became.get(line.gate, line.gate): texts.get(line.number, "") for line in staged.forward}
        self.back = backward_lines(fn.emitted.text)
        self._write(fn.literal)

    def names_of(self, node: Node) -> list[str]:
        own = self.dag.names.get(node, ())
        given = [self.staged_names[node]] if node in self.staged_names else []
        entered = [self.input_names[node]] if node in self.input_names else []
        return list(dict.fromkeys([*entered, *own, *given]))

    def _write(self, literal: bool) -> None:
        """The text of a module with one function: all values, then all contributions."""
        from gradc.rewrite.simplify import Builder

        dag = self.dag
        assert dag.graph is not None
        build = Builder(dag.dims, literal, dag.graph)
        self.nodes = reachable([*dag.roots, *dag.inputs.values()])
        wrt = [node for name, node in dag.inputs.items() if name not in dag.integers]
        steps = reverse(dag, build, wrt, lambda node: True)
        names: dict[Node, str] = {
            node: f"v{k}" for k, node in enumerate(self.nodes) if node.args or node in self.input_names
        }
        forward_names = dict(names)
        dims = list(
            dict.fromkeys(
                part for node in dag.inputs.values() for dim in dag.dims.resolve(node.shape) for part in _names_in(dim)
            )
        )
        self.dims = dims
        sizes = {dim: f"size_{k}" for k, dim in enumerate(dims)}
        for i, node in enumerate(dag.roots):
            names[build.graph.node(scalar.adjoint, (), ("seed", i), node.shape)] = f"seed{i}"
        printer = Printer(forward_names, "numpy", literal=literal, dims=dag.dims, sizes=sizes)
        lines = [f"    {names[node]} = {printer.text(node, unnamed=True)}" for node in self.nodes if node.args]
        back = Printer(names, "numpy", literal=literal, dims=dag.dims, sizes=sizes)
        arrived: dict[Node, list[str]] = {}
        by_id: dict[object, Node] = {node.id: node for node in self.nodes}
        self.contributions: list[tuple[Node, Node | None, str, str]] = []
        self.terms: dict[str, list[tuple[str, float]]] = {}
        for step in steps:
            incoming = ""
            if step.gate is not None:
                incoming = f"a{len(names)}"
                lines.append(f"    {incoming} = {' + '.join(arrived.get(step.gate, ['0.0']))}")
                for node in build.graph.nodes[-1:0:-1]:
                    if node.op is scalar.adjoint and node.attr == step.gate.id:
                        names[node] = incoming
                        break
                else:
                    incoming = ""
            for node in reachable([sent for _, sent in step.contributions]):
                if node.op is scalar.adjoint and node not in names:  # of another piece of the same array
                    names[node] = f"a{len(names)}"
                    lines.append(f"    {names[node]} = {' + '.join(arrived.get(by_id[node.attr], ['0.0']))}")
            for target, sent in step.contributions:
                name = f"c{len(self.contributions)}"
                lines.append(f"    {name} = share[{len(self.contributions)}]*({back.text(sent)})")
                terms = _terms(sent)
                self.terms[name] = [(f"{name}_{k}", sign) for k, (_, sign) in enumerate(terms)]
                lines += [f"    {name}_{k} = {back.text(term)}" for k, (term, _) in enumerate(terms)]
                arrived.setdefault(target, []).append(name)
                self.contributions.append((target, step.gate, name, incoming))
        called = {**printer.helpers, **back.helpers}
        helpers = [name for name in HELPERS["numpy"] if name in called]
        self.results = [names[node] for node in self.nodes if node.args]
        self.shares = [1.0] * len(self.contributions)
        self.incoming = list(dict.fromkeys(i for *_, i in self.contributions if i))
        given = [*(names[node] for node in dag.inputs.values()), *(f"seed{i}" for i in range(len(dag.roots)))]
        head = [f"def values({', '.join([*given, *sizes.values(), 'share'])}):"]
        self.sums = [term for terms in self.terms.values() for term, _ in terms]
        out = [*self.results, *(name for _, _, name, _ in self.contributions), *self.incoming, *self.sums]
        body = [*head, *lines, f"    return {', '.join(out)},", ""]
        imports = ["import math"] if any(map(needs_math, helpers)) else []
        texts = [HELPERS["numpy"][name].strip("\n") + "\n" for name in helpers]
        text = "\n".join([*imports, "import numpy as np", "", *texts, *body])
        self.function = load(text).values

    def at(self, inputs: Mapping[str, Array], df: bool, seed: int) -> Found:
        """Every value at a point, from an upstream adjoint of ones or, with `df`, of other numbers.

        Raises ArithmeticError where something is not finite.
        """
        dag = self.dag
        given, sizes, upstream = self._arguments(inputs, df, seed)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            out = self.function(*given, *(each[()] for each in upstream), *sizes, self.shares)
        count = len(self.results)
        values = {node: np.asarray(inputs[name], float) for name, node in dag.inputs.items()}
        computed = iter(out[:count])
        for node in self.nodes:
            if node.args:
                values[node] = _floats(next(computed))
        sent = out[count : count + len(self.contributions)]
        coming = dict(zip([*self.incoming, *self.sums], out[count + len(self.contributions) :], strict=True))
        parts: dict[Node, list[Part]] = {}
        for (target, gate, name, incoming), value in zip(self.contributions, sent, strict=True):
            title = "df" if gate is None else (self.names_of(gate) or [""])[0]
            number = 0 if gate is None else self.numbers.get(gate, 0)
            rule = "" if gate is None else gate.op.name
            full = np.zeros(values[target].shape) + _floats(value)
            up = _floats(coming[incoming]) if incoming else np.zeros(())
            if gate is not None and up.shape != values[gate].shape:
                up = up + np.zeros(values[gate].shape)
            zero = np.zeros(values[target].shape)
            terms = tuple(zero + sign * _floats(coming[term]) for term, sign in self.terms[name])
            taken = () if gate is None else tuple(values[arg] for arg in gate.args if arg in values)
            parts.setdefault(target, []).append(Part(title, number, full, up, rule, terms, taken))
        for node in (*dag.roots, *dag.inputs.values()):
            if not np.all(np.isfinite(values[node])):
                raise ArithmeticError("a value is not finite")
        for node in dag.inputs.values():
            if not all(np.all(np.isfinite(part.value)) for part in parts.get(node, ())):
                raise ArithmeticError("a gradient is not finite")
        return Found(values, parts, upstream)

    def _arguments(self, inputs: Mapping[str, Array], df: bool, seed: int) -> tuple[list[Any], list[int], list[Array]]:
        dag = self.dag
        given = [_as_given(inputs[name], name in dag.integers) for name in dag.inputs]
        size_of: dict[str, int] = {}
        for name, node in dag.inputs.items():
            for dim, size in zip(dag.dims.resolve(node.shape), np.shape(inputs[name]), strict=False):
                if isinstance(dim, str):
                    size_of.setdefault(dim, size)
        sizes = [size_of.get(dim, 1) for dim in self.dims]
        shape_of = self._output_shapes(given, sizes)
        return given, sizes, upstream_of(shape_of, seed) if df else [np.ones(shape) for shape in shape_of]

    def skewed(self, inputs: Mapping[str, Array], df: bool, seed: int, scales: Sequence[float]) -> Iterator[Skewed]:
        """The gradients where one gate sends back some number of times what it should, for each gate in turn."""
        given, sizes, upstream = self._arguments(inputs, df, seed)
        wrt = {node: name for name, node in self.dag.inputs.items()}
        count = len(self.results)
        for k, (target, gate, _, _) in enumerate(self.contributions):
            title = "df" if gate is None else (self.names_of(gate) or [""])[0]
            number = 0 if gate is None else self.numbers.get(gate, 0)
            for scale in scales:
                shares = [*self.shares]
                shares[k] = scale
                with np.errstate(all="ignore"), warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    out = self.function(*given, *(each[()] for each in upstream), *sizes, shares)
                grads = {name: np.zeros(np.shape(inputs[name])) for name in wrt.values()}
                for (to, *_), value in zip(self.contributions, out[count:], strict=False):
                    if to in wrt:
                        grads[wrt[to]] = grads[wrt[to]] + _floats(value)
                yield Skewed(scale, f"({number}) {title}" if number else title, self._title(target), grads)

    def _title(self, node: Node) -> str:
        return (self.names_of(node) or [self.lines.get(node, "")])[0]

    def _output_shapes(self, given: Sequence[Any], sizes: Sequence[int]) -> list[tuple[int, ...]]:
        named = dict(zip(self.dims, sizes, strict=True))
        from gradc.graph.shapes import evaluated

        return [tuple(evaluated(dim, named) for dim in self.dag.dims.resolve(node.shape)) for node in self.dag.roots]


def upstream_of(shapes: Sequence[tuple[int, ...]], seed: int) -> list[Array]:
    """An upstream adjoint for each output: no ones, of either sign."""
    rng = np.random.default_rng(1000 + seed)
    return [np.asarray(rng.uniform(0.6, 1.9, shape) * rng.choice((-1.0, 1.0), shape)) for shape in shapes]


def _as_given(value: Array, integer: bool) -> Any:
    if integer:
        return value.astype(int)
    return value if value.shape else float(value)


def _floats(value: Any) -> Array:
    return np.asarray(value, float)


def _names_in(dim: Any) -> Sequence[str]:
    from gradc.graph.shapes import names_in

    return list(names_in(dim))


def backward_lines(text: str) -> dict[str, list[str]]:
    """The lines of a module's backward pass by the adjoint that they are about."""
    found: dict[str, list[str]] = {}
    inside = False
    for line in text.splitlines():
        if line.startswith("def "):
            inside = line.startswith("def backward") or "_backward(" in line
        match = re.match(r"    (\w+)(\[.*?\])? (=|\+=) (.*)", line) if inside else None
        if match and not match[4].startswith("cache"):
            found.setdefault(match[1], []).append(re.sub(r"  #.*", "", line).strip())
    return found
