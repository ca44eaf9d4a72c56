"""Elementwise programs of the fast style: a value and its gradient into kernels that work in blocks.

A kernel is straight-line: every line is one ufunc that writes into a buffer, and a buffer is used again as
soon as nobody reads what is in it. Around it `in_blocks` cuts arrays of any shapes and strides into blocks
that stay in cache; the kernel itself knows nothing of that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from gradc.base.files import COMPILED
from gradc.emit.kernels import Kernel, KernelLines, Names
from gradc.emit.layout import broken, default_of, floats_of, headed, indent, quoted, silenced, unpacked, wrapped
from gradc.emit.modules import Emitted, own_words
from gradc.emit.operand import Printer
from gradc.graph.dag import Dag, Graph, Node, reachable
from gradc.ops import scalar
from gradc.ops.helpers import HELPERS, needed, needs_math
from gradc.optimize import Joint, optimize
from gradc.optimize.ufuncs import lower_all
from gradc.plan.buffers import arrange
from gradc.plan.frontier import cut_at, frontier
from gradc.plan.names import Namer, compose, constant_word
from gradc.plan.program import module_names
from gradc.plan.staged import Staged
from gradc.rewrite.simplify import Builder, number

_RESERVED = (
    "np", "math", "forward", "backward", "value_and_grad", "cache", "df", "out", "threads", "cut", "BLOCK",
    *HELPERS["numpy"],
)  # fmt: skip


def emit_blocks(
    dag: Dag,
    wrt: Sequence[str],
    literal: bool = False,
    function: str = "",
    upstream: bool = False,
    also: Callable[[Writer], list[str]] = lambda writer: [],
    ignores: Sequence[str] = (),
) -> Emitted:
    """The module of an elementwise program; with `upstream` its `value_and_grad` takes the output's adjoint too.

    `also` gives the lines of further modes; `ignores` are the warnings that no function but backward gives.
    """
    upstream = upstream or len(dag.outputs) > 1
    fused, seeded = (optimize(dag, wrt, literal=literal, arrays=True, seeded=each) for each in (upstream, True))
    return Writer(fused, seeded, literal, function, [*live_inputs(dag)], upstream, ignores).emit(also)


def emit_staged(parts: Staged, wrt: Sequence[str], literal: bool = False, upstream: bool = False) -> str:
    """The module of a program of numbers and points: what hangs on the numbers alone is a function of its own.

    `value_and_grad` takes the points, then what `of_numbers` returns, and gives what the whole program does.
    """
    fused, seeded = (
        optimize(parts.points, wrt, literal=literal, arrays=True, seeded=each, chain=parts.chain)
        for each in (upstream, True)
    )
    text = Writer(fused, seeded, literal, "", [*parts.points.inputs], upstream).emit(lambda writer: []).text
    return text + "\n\n" + _of_numbers(parts.numbers, text)


def _of_numbers(dag: Dag, text: str) -> str:
    """The function of the values that stand at the border of numbers and points."""
    namer = Namer(dict.fromkeys([*dag.inputs, *(name for name, _ in dag.outputs), *HELPERS["numpy"], "np"]))
    names = {node: name for name, node in dag.inputs.items()}
    known = {node: name for name, node in reversed(dag.outputs) if node.args}
    printer = Printer(names, "numpy")
    lines = []
    for node in reachable(dag.roots):
        if not node.args:
            continue
        line = printer.text(node, unnamed=True)
        names[node] = known.get(node) or namer.fresh(compose(node, lambda arg: names.get(arg, "")))
        lines.append(f"{names[node]} = {line}")
    values = [names[node] if node.args or node in names else printer.text(node) for _, node in dag.outputs]
    helpers = [HELPERS["numpy"][name].strip("\n") for name in HELPERS["numpy"] if name in printer.helpers]
    helpers = [helper for helper in helpers if helper.split("(")[0] not in text]
    head = f"def of_numbers({', '.join(dag.inputs)}):"
    doc = '"""What hangs on the numbers alone: values that the points read, and their slopes."""'
    body = indent([doc, *lines, *broken("return (", values, ")", closed=False)])
    return "\n".join([head, *body, *(row for helper in helpers for row in ("", "", helper))]) + "\n"


def as_map(dag: Dag) -> Dag | None:
    """A program that maps over declared arrays of one shape, as an elementwise program; None for any other."""
    root = dag.roots[0]
    shape = dag.dims.resolve(root.shape)
    if not dag.declared or len(dag.outputs) > 1 or not shape:
        return None
    build = Builder(dag.dims)
    new: dict[Node, Node] = {}
    for node in dag.nodes:
        if node.shape and dag.dims.resolve(node.shape) != shape:
            return None
        if (not node.op.elementwise) if node.args else (node.shape and node.op is not scalar.input_):
            return None
        args = tuple([new[arg] for arg in node.args])
        new[node] = build.intern(node.op, args, node.attr) if args else build.graph.node(node.op, (), node.attr)
    return dag.carried(build.graph, new, declared=False)


def fits_blocks(dag: Dag) -> bool:
    """Whether a program is elementwise, and all its outputs have the shape that all its live inputs broadcast to."""
    if dag.declared or any(node.shape for node in dag.nodes):
        return False
    if len(dag.outputs) == 1:
        return True
    bits = {node: 1 << at for at, node in enumerate(live_inputs(dag).values())}
    whole = (1 << len(bits)) - 1
    for node in reachable(dag.roots):
        if node not in bits:
            found = 0
            for arg in node.args:
                found |= bits[arg]
            bits[node] = found
    return all(bits[node] == whole for node in dag.roots)


def live_inputs(dag: Dag) -> dict[str, Node]:
    """The inputs that the outputs depend on, and have their shape from; all of them if there are none."""
    found = set(reachable(dag.roots))
    return {name: node for name, node in dag.inputs.items() if node in found} or dict(dag.inputs)


class Writer:
    def __init__(
        self,
        fused: Joint,
        seeded: Joint,
        literal: bool,
        function: str,
        live: Sequence[str],
        upstream: bool,
        ignores: Sequence[str] = (),
    ) -> None:
        self.fused, self.seeded, self.literal, self.function = fused, seeded, literal, function
        self.dag = fused.dag
        self.inputs, self.live = tuple(self.dag.inputs), tuple(live)
        own = [*self.inputs, *(name for given in self.dag.names.values() for name in given)]
        namer = Namer(own)
        helpers = dict.fromkeys(("as_floats" if len(self.inputs) > 1 else "as_float", "in_blocks"))
        module = module_names(namer, dict.fromkeys([*_RESERVED, *HELPERS["numpy"]]))
        python = {word: namer.fresh(aside) for word, aside in own_words(own, own).items()}
        self.names = Names(namer, module, {}, helpers, python, {})
        self.outputs = [self._output(name, namer) for name, _ in self.dag.outputs]
        df = self.names.text("df")
        self.seeds = [df] if len(self.outputs) == 1 else [namer.fresh("d" + name) for name in self.outputs]
        self.takes_df = upstream
        self.silenced = silenced(f"{self.names.text('np')}.errstate", ignores)
        self.gradients = {name: namer.fresh("d" + name) for name in fused.gradients}

    def _output(self, name: str, namer: Namer) -> str:
        if name in self.inputs:
            return namer.again(name)
        return name if any(name in given for given in self.dag.names.values()) else namer.fresh(name)

    def emit(self, also: Callable[[Writer], list[str]] = lambda writer: []) -> Emitted:
        """The whole module."""
        forward, backward, cache = self._passes()
        fused = self._fused()
        quick = self._fused(fused)
        kernels = [kernel for kernel in (forward, backward, fused, quick) if kernel is not None]
        body = [line for kernel in kernels for line in self.definition(kernel)]
        body += [
            *self._forward(forward, cache),
            *self._backward(backward, cache),
            *self._value_and_grad(kernels[-1]),
            *also(self),
        ]
        backward_ops = backward.ops if backward is not None else 0
        head = [*self._docstring(forward.ops, backward_ops), *self.imports(), ""]
        text = "\n".join([*head, *body, *self.helpers()]).rstrip("\n") + "\n"
        return Emitted(text, forward.ops, backward_ops, tuple(enumerate(forward.lines, 1)))

    # ---- kernels -------------------------------------------------------------------------------

    def _fused(self, careful: Kernel | None = None) -> Kernel | None:
        """The kernel of value and gradient; in fewer lines, if a careful one is there for large arguments.

        None if there are no such lines.
        """
        roots = [*self.fused.outputs, *self.zeros(self.fused)]
        guards: dict[Node, float] = {}
        made = lower_all(roots, self.literal, guards=None if careful is None else guards)
        if careful is not None and not guards:
            return None
        leaves = {made[node]: name for name, node in self.fused.dag.inputs.items() if node in made}
        leaves.update(_seeds(self.fused, made, self._upstream()))
        targets = [*zip([*self.outputs, *self.gradients.values()], [made[root] for root in roots], strict=True)]
        name = "value_and_grad_kernel" if careful is None else "quick_kernel"
        params = (*self.live, *self._upstream())
        return self.kernel(name, params, leaves, targets, _comments(self.fused, made), careful, guards)

    def _passes(self) -> tuple[Kernel, Kernel | None, list[str]]:
        """The kernels of both passes, and what lies in the cache between them."""
        joint = self.seeded
        gradients = self.zeros(joint)
        made = lower_all([*joint.outputs, *gradients], self.literal)
        values = [made[node] for node in joint.outputs]
        comments = _comments(joint, made)
        inputs = {made[node]: name for name, node in joint.dag.inputs.items() if node in made}
        roots = dict(zip(values, self.outputs, strict=True))
        lead = {*reachable(values), *inputs}
        kept = frontier([made[node] for node in gradients], lead, joint.seeds, made)
        if gradients and values[0] not in kept and not any(node.args for node in kept):
            kept.append(values[0])  # for its shape
        known = {**inputs, **{node: name for node, name in roots.items() if node not in inputs or len(self.live) > 1}}
        for node in kept:
            if node not in known:
                known[node] = self._own_name(comments.get(node, "kept"), known)
        cached = [known[node] for node in kept]
        extra = [(known[node], node) for node in kept if node not in inputs and node not in roots]
        targets = [*zip(self.outputs, values, strict=True), *extra]
        forward = self.kernel("forward_kernel", self.live, inputs, targets, comments)
        if not gradients:
            return forward, None, cached
        graph = Graph()
        cut = cut_at(
            [made[node] for node in gradients],
            {**{node: known[node] for node in kept}, **_seeds(joint, made, self.seeds)},
            graph,
        )
        leaves = {node: str(node.attr) for node in graph.nodes if node.op is scalar.input_}
        backward = self.kernel(
            "backward_kernel", (*cached, *self.seeds), leaves, [*zip(self.gradients.values(), cut, strict=True)], {}
        )
        return forward, backward, cached

    def _own_name(self, stem: str, known: Mapping[Node, str]) -> str:
        """The user's own name for a value that is kept, or one like it."""
        given = any(stem in names for names in self.dag.names.values())
        return (
            stem if given and stem not in self.inputs and stem not in known.values() else self.names.namer.fresh(stem)
        )

    def _upstream(self) -> list[str]:
        """What `value_and_grad` takes beside the inputs."""
        return self.seeds if self.fused.seeds else []

    def zeros(self, joint: Joint) -> list[Node]:
        """The gradients, with a constant for one that is zero everywhere."""
        return [node if node is not None else joint.build.const(0.0) for node in joint.gradients.values()]

    def kernel(
        self,
        name: str,
        params: Sequence[str],
        leaves: Mapping[Node, str],
        targets: Sequence[tuple[str, Node]],
        comments: Mapping[Node, str],
        careful: Kernel | None = None,
        guards: Iterable[Node] = (),
    ) -> Kernel:
        plan = arrange([node for _, node in targets])
        count = plan.floats - len(targets)
        namer = self.names.namer.copy()
        scratch = tuple(namer.fresh(f"t{i + 1}") for i in range(max(count, careful.floats if careful else 0)))
        masks = tuple(namer.fresh(f"m{i + 1}") for i in range(max(plan.masks, careful.masks if careful else 0)))
        printed = KernelLines(self.names, plan, leaves, [*(name for name, _ in targets), *scratch], masks)
        leave = f"return {careful.name}({', '.join(careful.params)})" if careful else ""
        guarded = set(guards)
        lines = printed.guard([node for node in guards if not node.args], leave, targets[0][0])
        for node in plan.order:
            new = printed.of(node)
            if new and node in comments:
                new[-1] += f"  # {comments[node]}"
            lines += new + printed.guard([node] * (node in guarded), leave, targets[0][0])
        for place, node in plan.copies:
            lines.append(f"{self.names.text('np')}.copyto({targets[place][0]}, {printed.operand(node)})")
        return Kernel(
            self.names.namer.fresh(name),
            (*params, *(name for name, _ in targets), *scratch, *masks),
            tuple(lines),
            tuple(name for name, _ in targets),
            len(scratch),
            len(masks),
            printed.ops + len(plan.copies),
            f". What exp has no range for is left to {careful.name}" if careful else "",
        )

    # ---- text ----------------------------------------------------------------------------------

    def definition(self, kernel: Kernel) -> list[str]:
        own = kernel.params[len(kernel.params) - kernel.floats - kernel.masks :]
        scratch = f"; {_listed(own)} {'is' if len(own) == 1 else 'are'} scratch" if own else ""
        scratch += kernel.note
        head = broken(f"def {kernel.name}(", kernel.params, "):", closed=False)
        quote = f'"""Fills {_listed(kernel.targets)}{scratch}."""'
        if len(quote) > 110:
            quote = f'"""Fills {_listed(kernel.targets)}.\n\n{_sentence(scratch)}\n"""'
        said = [row.removeprefix("    ") for line in quote.split("\n") for row in wrapped(line, 100)]
        return [*head, *indent([*said, *kernel.lines]), "", ""]

    def _forward(self, kernel: Kernel, cache: Sequence[str]) -> list[str]:
        name, values = self._function("forward"), list(kernel.targets)
        returned = self.outputs[0] if len(self.outputs) == 1 else f"({', '.join(self.outputs)})"
        return [
            *self.silenced,
            f"def {name}({', '.join(headed(self.inputs, self.dag.defaults))}):",
            *indent(
                [
                    *self.floats(),
                    *self.filled(kernel, values, self.live),
                    *broken(f"return {returned}, (", cache, ")"),
                ]
            ),
            "",
            "",
        ]

    def _backward(self, kernel: Kernel | None, cache: Sequence[str]) -> list[str]:
        df, held, seeds = self.names.text("df"), self.names.text("cache"), self.seeds
        lines = []
        if kernel is not None:
            lines += (
                broken("", cache, f" = {held}", closed=True, parens=True)
                if len(cache) > 1
                else [f"({cache[0]},) = {held}"]
            )
            if len(seeds) > 1:
                lines += unpacked(seeds, df)
            like = next((name for name in cache[::-1] if name not in self.inputs), ", ".join(cache))
            read = self.names.text("as_df")
            self.names.helpers["as_df"] = None
            for at, seed in enumerate(seeds):
                label = df if len(seeds) == 1 else f"{df}[{at}]"
                lines.append(f'{seed} = {read}("{label}", {seed}, {like})')
            lines += self.filled(kernel, list(self.gradients.values()), (*cache, *seeds))
        return [
            f"def {self._function('backward')}({held}, {df}{default_of(len(self.outputs))}):",
            *indent([*lines, f"return {self._gradient()}"]),
            "",
            "",
        ]

    def _value_and_grad(self, kernel: Kernel) -> list[str]:
        out, threads = self.names.text("out"), self.names.text("threads")
        returned = self.outputs[0] if len(self.outputs) == 1 else f"({', '.join(self.outputs)})"
        values = [*self.outputs, *self.gradients.values()]
        given = [f"{out}[0]" + (f"[{i}]" if len(self.outputs) > 1 else "") for i in range(len(self.outputs))]
        given += [f'{out}[1]["{name}"]' for name in self.gradients]
        inputs = [*self.live, *self._upstream()]
        df = self.names.text("df")
        params = headed([*self.inputs, *([df] if self.takes_df else [])], self.dag.defaults)
        params += [f"{out}=None", f"{threads}=1"]
        return [
            *self.silenced,
            f"def {self._function('value_and_grad')}({', '.join(params)}):",
            *indent([
                '"""The value, and the gradient at every point by the input\'s name.',
                "",
                f"`{out}` is an earlier result, whose arrays are filled again; `{threads}` share large ones.",
                '"""',
                *(unpacked(self.seeds, df) if len(self._upstream()) > 1 else []),
                *self.floats(self._upstream()),
                f"if {out} is not None:",
                *indent(broken(f"{out} = [", given, "]", closed=False)),
                *self.filled(kernel, values, inputs, f", {out}, {threads}"),
                f"return {returned}, {self._gradient()}",
            ]),
        ]  # fmt: skip

    def filled(self, kernel: Kernel, values: Sequence[str], inputs: Sequence[str], more: str = "") -> list[str]:
        """The call that runs a kernel in blocks."""
        arguments = f"({', '.join(inputs)}{',' * (len(inputs) == 1)})"
        counts = f"{len(values)}, {kernel.floats}, {kernel.masks}"
        call = f"{self.names.text('in_blocks')}({kernel.name}, {arguments}, {counts}{more})"
        if len(call) > 100:
            head = f"{self.names.text('in_blocks')}("
            given = indent(broken("(", inputs, "),", closed=False))
            call = "\n".join([head, f"    {kernel.name},", *given, f"    {counts}{more},", ")"])
        lines = (
            broken("", values, f" = {call}", closed=True, parens=True)
            if len(values) > 1
            else [f"({values[0]},) = {call}"]
        )
        return [row for line in lines for row in line.split("\n")]

    def floats(self, more: Sequence[str] = ()) -> list[str]:
        names = [*self.inputs, *more]
        if len(names) == 1:
            return [f'{names[0]} = {self.names.text("as_float")}("{names[0]}", {names[0]})']
        convert = self.names.text("as_floats")
        self.names.helpers["as_floats"] = None
        return floats_of(convert, names)

    def _gradient(self) -> str:
        return "\n".join(broken("{", [f'"{name}": {grad}' for name, grad in self.gradients.items()], "}", closed=False))

    def _function(self, which: str) -> str:
        if self.function:
            return self.function if which == "value_and_grad" else f"{self.function}_{which}"
        return which

    def imports(self) -> list[str]:
        calls_math = any(map(needs_math, self._used()))
        np = self.names.text("np")
        lines = (
            [f"import math as {self.names.text('math')}" if self.names.text("math") != "math" else "import math", ""]
            if calls_math
            else []
        )
        lines.append("import numpy as " + np)
        called = sorted(name if name == mine else f"{name} as {mine}" for name, mine in self.names.called.items())
        if called:
            one = f"from numpy import {', '.join(called)}"
            lines += [one] if len(one) <= 110 else broken("from numpy import (", called, ")", closed=False)
        aside = sorted(f"{self.names.python[word]} = {word}" for word in self.names.said)
        return [*lines, "", *aside, *[""] * bool(aside)]

    def _used(self) -> list[str]:
        found = dict(self.names.helpers)
        for name in list(found):
            found.update(dict.fromkeys(needed(HELPERS["numpy"], name)))
        return [name for name in HELPERS["numpy"] if name in found]

    def helpers(self) -> list[str]:
        theirs = {*HELPERS["numpy"], "np", "math"}
        own = {word: name for word, name in self.names.module.items() if word in theirs}
        rename = Printer({}, module=own)._rename
        return [line for name in self._used() for line in ("", "", rename(HELPERS["numpy"][name].strip("\n")))]

    def _docstring(self, forward_ops: int, backward_ops: int) -> list[str]:
        ratio = (forward_ops + backward_ops) / max(forward_ops, 1)
        cost = f"forward {forward_ops}, backward {backward_ops}; together {ratio:.2f} times the forward pass alone"
        return [
            f'"""Forward and backward pass in blocks, {COMPILED}.',
            "",
            *("    " + line for line in quoted(self.dag.text).split("\n")),
            "",
            *wrapped(f"Inputs: {', '.join(self.inputs) or 'none'} (numbers or arrays, elementwise).", 100),
            *wrapped(f"Gradient with respect to: {', '.join(self.gradients) or 'nothing'}.", 100),
            f"Operations: {cost}.",
            "In a kernel every line is a ufunc over one block of the arrays; its last argument is the result's place.",
            '"""',
            "",
        ]


def _comments(joint: Joint, made: Mapping[Node, Node]) -> dict[Node, str]:
    """What the values of a program and their adjoints are called, for the lines that compute them."""
    names = {node: name for name, node in joint.dag.inputs.items()}
    roles = {arg: role for node in joint.dag.nodes for role, arg in zip(node.op.say.roles, node.args, strict=False)}

    def part(node: Node) -> str:
        return constant_word(number(node)) if node.op is scalar.const else names.get(node, "")

    for node in reachable(joint.outputs):
        if node.args:
            names[node] = joint.stems.get(node) or roles.get(node) or _composed(node, part)
    outputs = {node: name for name, node in reversed(joint.dag.outputs)}
    found = {made[node]: outputs.get(node, name) for node, name in names.items() if node in made and made[node].args}
    for node, (of, minus) in joint.adjoints.items():
        if node in made and of in names and of.args:
            found.setdefault(made[node], "-" * minus + "d" + names[of])
    return found


def _composed(node: Node, part: Callable[[Node], str]) -> str:
    if node.op is scalar.mul and node.args[0] is node.args[1] and part(node.args[0]):
        return scalar.square.stem.replace("{x}", part(node.args[0]))
    return compose(node, part)


def _seeds(joint: Joint, made: Mapping[Node, Node], names: Sequence[str]) -> dict[Node, str]:
    return {made[seed]: name for seed, name in zip(joint.seeds, names, strict=True) if seed in made}


def _sentence(scratch: str) -> str:
    """What is behind the semicolon as a sentence of its own."""
    return scratch.removeprefix("; ").removeprefix(". ") + "."


def _listed(names: Sequence[str]) -> str:
    """
    >>> _listed(["f"]), _listed(["f", "dx", "dy"]), _listed(["t1", "t2", "t3", "t4"])
    ('f', 'f, dx and dy', 't1, t2, t3 and t4')
    """
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


__all__ = ["Writer", "as_map", "emit_blocks", "fits_blocks", "live_inputs"]
