"""A loss over batches: `chunk` for some rows, `add` for what two of them give, `finish` for the value and the gradient.

The same three functions serve minibatches, processes, MPI and Dask: what `chunk` gives is a dict of small arrays that
pickles, `add` may be called in any order, and `finish` divides by the number of all rows where there is a mean. They
stand in the module's text (`--batch n`), and are what runs here.

Where a statistic of all rows comes first there are several passes over the rows, `PASSES` of them: `finish` then gives
what is `known` after each, for the next; after the last it gives the value and the gradient.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

from gradc.emit.layout import broken, indent
from gradc.optimize.batches import Batches, Stage, split
from gradc.run.engines import OF_ARRAYS
from gradc.run.functions import load
from gradc.run.several import chunks

State = dict[str, Any]

_ADD = '''
def add(a, b):
    """What two of them give together."""
    if isinstance(a, dict):
        return {key: add(a[key], b[key]) for key in a}
    if isinstance(a, tuple):
        return tuple([add(x, y) for x, y in zip(a, b)])
    return a + b
'''
_COLLECT = '''
def collect(slopes, grads, factor=1.0):
    """The slopes with those that a sum brings, by what it is made of."""
    found = dict(slopes)
    for name, grad in grads.items():
        found[name] = found[name] + factor*grad if name in found else factor*grad
    return found
'''


class Writer:
    """The three functions of a loss over batches as text, with the passes of the sums that they call."""

    def __init__(self, fn: Any, dim: str) -> None:
        self.fn, self.dim = fn, dim
        self.found: Batches = split(fn.dag, dim, fn.wrt, fn.literal)
        self.stem = "sums"
        while any(name.startswith(self.stem) for name in fn.inputs):
            self.stem += "_"
        self.whole = self.own("whole")
        self.known, self.state, self.cache = self.own("known"), self.own("state"), self.own("cache")
        self.every = self.own("every")
        moving: list[str] = []  # the sums that hang on what the gradient is wanted of
        self.wrt: list[tuple[str, ...]] = []
        for stage in self.found.stages:
            wanted = tuple([name for name in stage.dag.inputs if name in fn.wrt or name in moving])
            self.wrt.append(wanted)
            moving += stage.totals if wanted else ()
        self.moving = tuple(moving)
        self.stages = tuple(
            self.compiled(stage.dag, wrt, f"{self.stem}{k}")
            for k, (stage, wrt) in enumerate(zip(self.found.stages, self.wrt, strict=True), 1)
        )
        ends = tuple([name for name in self.found.finish.inputs if name in fn.wrt or name in moving])
        self.outer = self.compiled(self.found.finish, ends, self.whole)
        # Arrays of sums whose slopes are asked for go over the rows again, once it is known how the loss hangs on them.
        self.again = [k for k in reversed(range(len(self.stages))) if self.wrt[k] and not self.found.stages[k].numbers]

    def own(self, word: str) -> str:
        """A word that no input has."""
        while word in self.fn.inputs:
            word += "_"
        return word

    def compiled(self, dag: Any, wrt: Sequence[str], name: str) -> Any:
        fn = self.fn
        return type(fn)(dag, tuple(wrt), "notes", fn.names, "numpy", fn.literal, name)

    @property
    def passes(self) -> int:
        """How often the rows are gone over."""
        return len(self.stages) + len(self.again)

    @property
    def shared(self) -> list[str]:
        """The inputs beside the rows."""
        return [name for name in self.fn.inputs if name not in self.found.rows]

    # ---- the functions -----------------------------------------------------------------------------------------------

    def functions(self) -> list[str]:
        """`chunk`, `add` and `finish`."""
        several = self.passes > 1
        head = [f"PASSES = {self.passes}"] if several else []
        parts = [*head, "\n".join(self.chunk(several)), _ADD.strip("\n"), "\n".join(self.finish(several))]
        return [*parts, _COLLECT.strip("\n")]

    def chunk(self, several: bool) -> list[str]:
        rows = [name for name in self.fn.inputs if name in self.found.rows or self._in_a_stage(name)]
        params = [*rows, *([f"{self.known}=()"] if several else ())]
        said = "What some rows give; `add` adds what several of them give, for `finish`."
        if several:
            said = f"What some rows give to the next pass; `{self.known}` is what `finish` gave before, none at first."
        body: list[str] = []
        for at in range(self.passes):
            lines = self.bound(at, f"{self.known}")
            lines += self.forward(at) if at < len(self.stages) else self.back(at)
            last = at == self.passes - 1
            body += lines if last else [f"if len({self.known}) == {at}:", *indent(lines)]
        return [*broken("def chunk(", params, "):", closed=False), *indent([f'"""{said}"""', *body])]

    def _in_a_stage(self, name: str) -> bool:
        return any(name in stage.dag.inputs for stage in self.found.stages)

    def bound(self, at: int, source: str) -> list[str]:
        """The lines that name the sums that are known before a pass, those that it reads."""
        stage = self.found.stages[at] if at < len(self.stages) else self.found.stages[self.again[at - len(self.stages)]]
        return self.named(stage.dag.inputs, source)

    def named(self, inputs: Any, source: str) -> list[str]:
        lines = []
        for k, stage in enumerate(self.found.stages):
            for i, total in enumerate(stage.totals):
                if total in inputs:
                    lines.append(f'{total} = {source}[{k}]["sums"][{i}]')
        if self.found.length and self.found.length in inputs:
            lines.append(f'{self.found.length} = float({source}[0]["count"])')
        return lines

    def forward(self, at: int) -> list[str]:
        """A pass that gives the sums of a stage; where they are numbers, how each hangs on what it is made of, too."""
        stage, name = self.found.stages[at], f"{self.stem}{at + 1}"
        call = f"{name}_forward({', '.join(stage.dag.inputs)})"
        merged = bool(self.wrt[at]) and stage.numbers
        cache = self.cache if merged else "_"
        sums = ", ".join(stage.totals)
        one = len(stage.totals) == 1
        lines = [f"{sums}, {cache} = {call}" if one else f"({sums}), {cache} = {call}"]
        row = self.found.rows[0]
        axis = self.fn.dag.dims.resolve(self.fn.dag.inputs[row].shape).index(self.dim)
        packed = f"({sums},)" if one else f"({sums})"
        items = [f'"count": {row}.shape[{axis}]'] if at == 0 else []
        items.append(f'"sums": {packed}')
        if merged:
            units = [self._unit(len(stage.totals), i) for i in range(len(stage.totals))]
            grads = [f"{name}_backward({cache}, {unit})" for unit in units]
            items.append(f'"grads": ({", ".join(grads)}{"," * one})')
        return [*lines, *broken("return {", items, "}", closed=False)]

    def _unit(self, count: int, at: int) -> str:
        return "1.0" if count == 1 else f"({', '.join(str(float(i == at)) for i in range(count))})"

    def back(self, at: int) -> list[str]:
        """A pass that gives what a stage's slopes bring, now that these are known."""
        k = self.again[at - len(self.stages)]
        stage, name = self.found.stages[k], f"{self.stem}{k + 1}"
        slopes = [f'{self.known}[{at - 1}]["slopes"]["{total}"]' for total in stage.totals]
        df = slopes[0] if len(slopes) == 1 else f"({', '.join(slopes)})"
        return [
            f"_, {self.cache} = {name}_forward({', '.join(stage.dag.inputs)})",
            f'return {{"grads": {name}_backward({self.cache}, {df})}}',
        ]

    def finish(self, several: bool) -> list[str]:
        outer = self.found.finish.inputs
        shared = [name for name in self.fn.inputs if name in outer]
        zeros = [name for name in self.fn.wrt if not self._moves(name)]
        shared += [name for name in zeros if name not in shared]
        params = [self.state, *shared, *([f"{self.known}=()"] if several else ())]
        said = "The loss and its gradient, from what all rows gave and the inputs that they share."
        if several:
            said = "The loss and its gradient after the last pass; before it, what is known for the next one."
        every = f"({f'*{self.known}, ' if several else ''}{self.state}{'' if several else ','})"
        body = [f"{self.every} = {every}"]
        count = len(self.stages)
        if count > 1:
            body += [f"if len({self.every}) < {count}:", f"    return {self.every}"]
        ends = [*self.named(outer, self.every), f"value, slopes = {self.whole}({', '.join(outer)})"]
        ends += self.merged(count - 1, self.again[0] if self.again else -1)
        if not self.again:
            body += [*ends, *self.result(zeros)]
        else:
            kept = f'return (*{self.known}, {{**{self.state}, "value": value, "slopes": slopes}})'
            body += [f"if len({self.every}) == {count}:", *indent([*ends, kept])]
            for i, k in enumerate(self.again):
                before = f"{self.every}[{count + i - 1}]"
                lines = [
                    f'value, slopes = {before}["value"], {before}["slopes"]',
                    f'slopes = collect(slopes, {self.state}["grads"])',
                    *self.merged(k - 1, self.again[i + 1] if i + 1 < len(self.again) else -1),
                ]
                last = i + 1 == len(self.again)
                block = [*lines, *self.result(zeros)] if last else [*lines, kept]
                body += block if last else [f"if len({self.every}) == {count + i + 1}:", *indent(block)]
        return [*broken("def finish(", params, "):", closed=False), *indent([f'"""{said}"""', *body])]

    def _moves(self, name: str) -> bool:
        return name in self.outer.wrt or any(name in wrt for wrt in self.wrt)

    def merged(self, start: int, stop: int) -> list[str]:
        """The lines for stages of numbers, from one on down to the next that has a pass of its own."""
        lines = []
        for k in range(start, stop, -1):
            if self.wrt[k] and self.found.stages[k].numbers:
                for i, total in enumerate(self.found.stages[k].totals):
                    lines.append(f'slopes = collect(slopes, {self.every}[{k}]["grads"][{i}], slopes["{total}"])')
        return lines

    def result(self, zeros: Sequence[str]) -> list[str]:
        texts = {name: f"0.0*{name}" if name in zeros else f'slopes["{name}"]' for name in self.fn.wrt}
        pairs = [f'"{name}": {text}' for name, text in texts.items()]
        return broken("return value, {", pairs, "}", closed=False)


def with_batches(fn: Any, text: str, dim: str) -> str:
    """A program's module with the three functions behind the passes, and the passes of the sums below."""
    writer = Writer(fn, dim)
    doc, _, rest = text.partition('\n"""\n')
    times = f", in {writer.passes} passes" * (writer.passes > 1)
    said = f"`chunk`, `add` and `finish` are the same over batches of rows of '{dim}'{times}."
    stem = fn.function_name or "value_and_grad"
    names = {f"{fn.function_name}_{each}" if fn.function_name else each for each in ("forward", "backward")} | {stem}
    pieces = chunks(rest)
    imports = [piece for piece in pieces if piece.startswith(("import ", "from "))]
    own = [piece for piece in pieces if _name_of(piece) in names or _name_of(piece) in fn.also]
    below = {_name_of(piece): piece for piece in pieces if piece not in imports and piece not in own}
    own += writer.functions()
    for part in (*writer.stages, writer.outer):
        name = part.function_name
        mine, others = list[str](), list[str]()
        for piece in chunks(part.emitted.text.partition('\n"""\n')[2]):
            if piece.startswith(("import ", "from ")):
                imports += [piece] * (piece not in imports)
            elif part is writer.outer or _name_of(piece) != name:  # a stage's value and gradient nobody calls together
                (mine if _name_of(piece) in (name, f"{name}_forward", f"{name}_backward") else others).append(piece)
        for clash in [_name_of(piece) for piece in others if below.get(_name_of(piece), piece) != piece]:
            mine, others = ([re.sub(rf"\b{clash}\b", f"{name}_{clash}", each) for each in p] for p in (mine, others))
        below.update((_name_of(piece), piece) for piece in others)
        own += mine
    lines = "\n".join(line for piece in imports for line in piece.split("\n"))
    return "\n".join([doc, said, '"""', "", lines, "", "", "\n\n\n".join([*own, *below.values()]), ""])


def _name_of(piece: str) -> str:
    """What a piece of a module defines."""
    found = re.match(r"(?:@.*\n)*(?:def |class )?(\w+)", piece)
    return found[1] if found else piece


class Batched:
    """The three functions of a loss over the dimension `dim`; made by `Function.batches`."""

    def __init__(self, fn: Any, dim: str) -> None:
        if fn.target not in OF_ARRAYS or fn.style != "notes":
            fn = fn.in_numpy
        self.fn, self.dim = fn, dim
        writer = Writer(fn, dim)
        self.rows, self.passes, self._shared = writer.found.rows, writer.passes, writer.shared
        self.source = with_batches(fn, fn.plain.text, dim)
        self.module: ModuleType = load(self.source)
        self._taken = {name: _parameters(getattr(self.module, name)) for name in ("chunk", "finish")}
        self.takes = self._taken["chunk"]

    def __reduce__(self) -> tuple[Any, ...]:
        return Batched, (self.fn, self.dim)

    def chunk(self, known: Any = (), /, **inputs: Any) -> State:
        """What some rows give: their number, the sums, and the gradient of each sum; `known` is of earlier passes."""
        given = {name: inputs[name] for name in self._taken["chunk"] if name in inputs}
        state: State = self.module.chunk(**given, **self._known(known))
        return state

    def add(self, a: State, b: State) -> State:
        """What both of two give."""
        state: State = self.module.add(a, b)
        return state

    def finish(self, state: State, known: Any = (), /, **inputs: Any) -> Any:
        """The loss and its gradient, from what all rows gave and the inputs that they share.

        Before the last pass, what is known: it goes to the next pass's `chunk` and `finish`.
        """
        given = {name: inputs[name] for name in self._taken["finish"][1:] if name in inputs}
        return self.module.finish(state, **given, **self._known(known))

    def _known(self, known: Any) -> dict[str, Any]:
        return {self._taken["chunk"][-1]: known} if self.passes > 1 else {}

    def value_and_grad(self, batches: Any, /, **shared: Any) -> tuple[Any, dict[str, Any]]:
        """The whole, from an iterable of batches, each a mapping of the inputs that come in rows.

        Where there are several passes it is gone over as often: a list, or anything else that begins again.
        """
        if self.passes > 1 and isinstance(batches, Iterator):
            raise TypeError(f"the loss takes {self.passes} passes over the batches: a list of them is expected")
        found: Any = ()
        for _ in range(self.passes):
            state: State | None = None
            for batch in batches:
                if not isinstance(batch, Mapping):
                    raise TypeError("a batch is a mapping from the names of inputs to their rows")
                each = self.chunk(found, **shared, **batch)
                state = each if state is None else self.add(state, each)
            if state is None:
                raise ValueError("there is no batch")
            found = self.finish(state, found, **shared)
        value, grads = found
        return value, grads


def _parameters(function: Any) -> tuple[str, ...]:
    code = getattr(function, "__wrapped__", function).__code__
    names: tuple[str, ...] = code.co_varnames[: code.co_argcount]
    return names


__all__ = ["Batched", "Stage", "with_batches"]
