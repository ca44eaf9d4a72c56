"""Further modes of an elementwise program in the fast style: each one kernel over blocks of arrays.

A product takes the tangents of the inputs as further inputs; a matrix has an array for each block that is not zero by
structure, filled at every point.

>>> from gradc.language import parse
>>> text = block_mode("hessian", parse("x*exp(y)"), ["x", "y"])
>>> print(text[text.index("HESSIAN_PATTERN") : text.index("def as_float(")].rstrip())
HESSIAN_PATTERN = ((0, 1), (1, 1))
<BLANKLINE>
<BLANKLINE>
def hessian(x, y):
    x, y = as_floats(x=x, y=y)
    f, dx, dy, dx_y, dy_y = in_blocks(hessian_kernel, (x, y), 5, 0, 0)
    return f, {"x": dx, "y": dy}, {("x", "y"): dx_y, ("y", "y"): dy_y}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gradc.emit.blocks import Writer, fits_blocks, live_inputs
from gradc.emit.kernels import Kernel
from gradc.emit.layout import broken, default_of, indent, unpacked
from gradc.graph.dag import Dag, Node
from gradc.optimize.second import DOT, Blocks, hessian, jacobian, product
from gradc.optimize.ufuncs import lower_all
from gradc.plan.modes import listed_pairs

PRODUCTS = ("jvp", "hvp")


def fits_block_modes(dag: Dag, mode: str) -> bool:
    """Whether a mode has a kernel: a Hessian, and its product, are those of one output."""
    return fits_blocks(dag) and (mode in ("jvp", "jacobian") or len(dag.outputs) == 1)


def modes_lines(writer: Writer, dag: Dag, wrt: Sequence[str], functions: Mapping[str, str]) -> list[str]:
    """The kernels and functions of modes, whose names `functions` gives."""
    order = [name for name in dag.inputs if name in wrt]
    dots = {name: writer.names.namer.fresh(f"{name}_dot") for name in order}
    made = [_Mode(writer, mode, dag, dots, True).lines(name) for mode, name in functions.items()]
    return [line for lines in made for line in lines]


def block_mode(mode: str, dag: Dag, wrt: Sequence[str], literal: bool = False, seeded: bool = False) -> str:
    """A module of one mode alone, for library calls."""
    order = [name for name in dag.inputs if name in wrt]
    blank = product(dag, [], literal=literal, arrays=True).joint
    blank = replace(blank, dag=dag, gradients=dict.fromkeys(order))
    writer = Writer(blank, blank, literal, "", [*live_inputs(dag)], False)
    dots = {name: writer.names.namer.fresh(f"{name}_dot") for name in order}
    body = _Mode(writer, mode, dag, dots, seeded).lines(mode)
    return "\n".join([*writer.imports(), *body[1:], *writer.helpers()]).rstrip("\n") + "\n"


class _Mode:
    """One mode: its graph, what its results are called, its lines."""

    def __init__(self, writer: Writer, mode: str, dag: Dag, dots: Mapping[str, str], seeded: bool) -> None:
        self.writer, self.mode, self.dag, self.wrt = writer, mode, dag, list(dots)
        self.seeded = seeded and mode == "hvp"
        fresh = writer.names.namer.fresh
        self.dots = dots if mode in PRODUCTS else {}
        self.blocks = self._derived(writer.literal)
        self.entries = {pair: fresh(self._stem(*pair)) for pair in self._pairs()}

    def _derived(self, literal: bool) -> Blocks:
        dag, wrt = self.dag, self.wrt
        if self.mode in PRODUCTS:
            second = self.mode == "hvp"
            return product(dag, wrt, literal=literal, second=second, arrays=True, seeded=self.seeded, dots=self.dots)
        return (jacobian if self.mode == "jacobian" else hessian)(dag, wrt, literal=literal, arrays=True)

    def _pairs(self) -> list[tuple[str, str]]:
        """The results beside value and gradient: tangents of all, and of matrices what is not zero by structure."""
        if self.mode not in PRODUCTS:
            return list(self.blocks.blocks)
        return [(name, DOT) for name in (self.wrt if self.mode == "hvp" else dict(self.dag.outputs))]

    def _stem(self, first: str, second: str) -> str:
        outputs = dict(zip(dict(self.dag.outputs), self.writer.outputs, strict=True))
        return {
            "jvp": f"{outputs.get(first, first)}_dot",
            "hvp": f"d{first}_dot",
            "jacobian": f"d{outputs.get(first, first)}_d{second}",
            "hessian": f"d{first}_{second}",
        }[self.mode]

    def lines(self, function: str) -> list[str]:
        writer, kernel = self.writer, self._kernel()
        seeds = writer.seeds if self.seeded else []
        given = [*writer.inputs, *self.dots.values()]
        df = [f"{writer.names.text('df')}{default_of(len(seeds))}"] if seeds else []
        values = [*writer.outputs, *(writer.gradients[name] for name in self.blocks.grads), *self.entries.values()]
        read = kernel.params[: len(kernel.params) - len(values) - kernel.floats - kernel.masks]
        body = [
            *(unpacked(seeds, writer.names.text("df")) if len(seeds) > 1 else []),
            *writer.floats([*self.dots.values(), *seeds]),
            *writer.filled(kernel, values, read),
            *self._returned(),
        ]
        text = [*writer.silenced, f"def {function}({', '.join([*given, *df])}):", *indent(body)]
        return ["", "", *writer.definition(kernel), *self._pattern(), *text]

    def _kernel(self) -> Kernel:
        writer, joint, zero = self.writer, self.blocks.joint, self.blocks.joint.build.const(0.0)
        found = {name: joint.gradients.get(name) or zero for name in self.blocks.grads}
        made_of: list[Node] = [self.blocks.blocks.get(pair, zero) for pair in self.entries]
        roots = [*joint.outputs, *found.values(), *made_of]
        made = lower_all(roots, writer.literal)
        leaves = {made[node]: name for name, node in joint.dag.inputs.items() if node in made}
        leaves |= {made[seed]: name for seed, name in zip(joint.seeds, writer.seeds, strict=False) if seed in made}
        names = [*writer.outputs, *(writer.gradients[name] for name in found), *self.entries.values()]
        targets = [*zip(names, [made[root] for root in roots], strict=True)]
        dots = [dot for name, dot in self.dots.items() if name in writer.live]
        params = (*writer.live, *dots, *(writer.seeds if self.seeded else ()))
        return writer.kernel(f"{self.mode}_kernel", params, leaves, targets, {})

    def _returned(self) -> list[str]:
        writer = self.writer
        value = writer.outputs[0] if len(writer.outputs) == 1 else f"({', '.join(writer.outputs)})"
        grads = [f'"{name}": {writer.gradients[name]}' for name in self.blocks.grads]
        entries = list(self.entries.values())
        if self.mode == "jvp":
            return [f"return {value}, {entries[0] if len(entries) == 1 else '(' + ', '.join(entries) + ')'}"]
        if self.mode == "jacobian":
            rows = []
            for name, _ in self.dag.outputs:
                row = [f'"{x}": {own}' for (f, x), own in self.entries.items() if f == name]
                rows.append(f'"{name}": {{{", ".join(row)}}}')
            return broken(f"return {value}, {{", rows, "}", closed=False)
        keys = [f'"{x}"' if y == DOT else f'("{x}", "{y}")' for x, y in self.entries]
        pairs = [f"{key}: {own}" for key, own in zip(keys, entries, strict=True)]
        first = broken(f"return {value}, {{", grads, "}, {", closed=False)
        return [*first[:-1], *broken(first[-1], pairs, "}", closed=False)]

    def _pattern(self) -> list[str]:
        if self.mode != "hessian":
            return []
        at = {name: i for i, name in enumerate(self.wrt)}
        pairs = sorted((at[x], at[y]) for x, y in self.entries)
        return [f"HESSIAN_PATTERN = {listed_pairs(pairs)}", "", ""]


__all__ = ["block_mode", "fits_block_modes", "modes_lines"]
