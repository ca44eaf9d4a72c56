"""A Program into the text of a module: docstring, helpers, forward, backward, value_and_grad.

The text is the public face of gradc: one gate a line with its number, and above each group of adjoint
lines the forward line that it belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, islice
from typing import Any

from gradc.base.files import COMPILED
from gradc.emit.layout import broken, floats_of, indent, quoted, wrapped
from gradc.emit.modules import BUILTINS, Emitted
from gradc.emit.operand import Printer
from gradc.emit.targets import TARGETS
from gradc.graph.dag import Node, Shape
from gradc.graph.shapes import by_names, names_in, renamed, show
from gradc.ops import array, routing, scalar
from gradc.ops.helpers import HELPERS, needed, needs_math
from gradc.ops.table import MUL, PRECEDENCE
from gradc.plan.program import Group, Line, Program, Stmt
from gradc.rewrite.sides import Guard
from gradc.rewrite.simplify import number


class Writer:
    """Writes one program for one target."""

    def __init__(self, program: Program, target: str, function: str = "") -> None:
        self.program, self.target = program, TARGETS[target]
        self.dag = program.dag
        self.function = function
        self.module = dict(program.module)
        self.results = frozenset(program.gradients.values())
        self.printer, self.quiet = self._printer(), self._printer()
        self.elementwise = not self.dag.declared
        self.extra: dict[str, None] = {}  # helpers beside those that the passes call
        self.calls_math = False

    def _printer(self) -> Printer:
        p = self.program
        return Printer(
            p.names, self.target.name, literal=p.literal, module=self.module, sizes=p.sizes, dims=self.dag.dims,
            like=self._precise(),
        )  # fmt: skip

    def _precise(self) -> str:
        """The input whose precision is that of arrays of written numbers: an array if there is one."""
        floats = [name for name in self.dag.inputs if name not in self.dag.integers]
        return next((name for name in floats if self.dag.inputs[name].shape), floats[0] if floats else "")

    def emit(self) -> Emitted:
        """The whole module."""
        forward, stages = self._forward_lines()
        tests = self._tests(self.program.forward)
        forward_ops, forward_printer = self.printer.ops, self.printer
        self.printer = self._printer()
        backward = self._backward_lines()
        backward_ops = self.printer.ops
        df_lines = self._df_lines()
        cache = self._cache()
        forward = self._in_branches(forward, tests, cache)
        helpers = {**forward_printer.helpers, **self.printer.helpers}
        head = self._prelude(forward_printer.used | self.printer.used)
        names = self.names()
        outputs = [self._output(node) for node in self.program.outputs]
        value = outputs[0] if len(outputs) == 1 else f"({', '.join(outputs)})"
        body = [
            f"def {names['forward']}({', '.join(self.program.params)}):",
            *indent([*head, *forward, *broken("return " + value + ", (", cache, ")")]),
            "",
            "",
            f"def {names['backward']}({self._backward_params()}):",
            *indent([*_unpacked(cache, self.module["cache"]), *df_lines, *backward, *self._gradients()]),
            "",
            "",
            *self._fused(names),
        ]
        used = with_needs(self.target.name, (*self._head_helpers(), *helpers, *self.extra))
        text = (
            "\n".join([*self._docstring(forward_ops, backward_ops), *self._imports(used), *self._helpers(used), *body])
            + "\n"
        )
        return Emitted(text, forward_ops, backward_ops, tuple(stages))

    def _output(self, node: Node) -> str:
        """An output by its name; a number as a float."""
        return repr(float(number(node))) if node.op is scalar.const else self.printer.text(node)

    # ---- the parts -------------------------------------------------------------------------

    def names(self) -> dict[str, str]:
        """The names of the three functions."""
        if self.function:
            return {
                "forward": self.function + "_forward",
                "backward": self.function + "_backward",
                "value_and_grad": self.function,
            }
        return {key: key for key in ("forward", "backward", "value_and_grad")}

    def _forward_lines(self) -> tuple[list[str], list[tuple[int, str]]]:
        out, stages = [], []
        for line in self.program.forward:
            text = self._line(line)
            stages.append((line.number, text))
            out.append(f"{text}  # {self._comment(line)}")
        return out, stages

    def _tests(self, lines: Sequence[Line | Group]) -> list[tuple[str, int]]:
        """How the lines fall into branches: the head of each run of one guard ("" for what always runs) and length."""
        out = []
        before: Guard = ()
        for guard, run in groupby(lines, lambda line: line.guard):
            other = len(before) == len(guard) == 1 and guard[0] == tuple((c, 3 - side) for c, side in before[0])
            other = other and len(guard[0]) == 1  # not (a and b) is no side of both
            out.append(("" if not guard else "else:" if other else f"if {self._condition(guard)}:", len(list(run))))
            before = guard if not other else ()
        return out

    def _condition(self, guard: Guard) -> str:
        self.printer.ops += 1
        paths = [" and ".join(self._side(c, side) for c, side in path) for path in guard]
        return paths[0] if len(paths) == 1 else " or ".join(f"({path})" if " and " in path else path for path in paths)

    def _side(self, condition: Node, side: int) -> str:
        text, precedence = self.printer._write(condition)
        if precedence < PRECEDENCE["not" if side == 2 else "compare"]:
            text = f"({text})"
        return text if side == 1 else f"not {text}"

    def _in_branches(self, lines: Sequence[str], tests: Sequence[tuple[str, int]], cache: Sequence[str]) -> list[str]:
        """The forward lines under their conditions; what the cache holds of a branch not taken is None."""
        out: list[str] = []
        held = set(cache)
        kept = [line.stmt.target if line.stmt.target in held else "" for line in self.program.forward]
        at = 0
        for i, (head, size) in enumerate(tests):
            mine, missing = lines[at : at + size], _nothing(kept[at : at + size])
            at += size
            if not head:
                out += mine
                continue
            out += [head, *indent(mine)]
            if head == "else:":
                out += indent(_nothing(kept[at - size - tests[i - 1][1] : at - size]))
            elif tests[i + 1 : i + 2] and tests[i + 1][0] == "else:":
                out += indent(_nothing(kept[at : at + tests[i + 1][1]]))
            elif missing:
                out += ["else:", *indent(missing)]
        return out

    def _line(self, line: Line) -> str:
        return self._gate_line(line, self.printer)

    def _gate_line(self, line: Line, printer: Printer) -> str:
        tail = self._scalar(line.gate, line.gate in self.program.outputs)
        return f"{line.stmt.target} = {printer.text(line.gate, unnamed=True)}{tail}"

    def _scalar(self, expr: Node, last: bool) -> str:
        """What makes a number again of the array without axes that NumPy selects from numbers."""
        return "[()]" if last and expr.op is routing.where and self.elementwise and self.target.arrays else ""

    def _comment(self, line: Line) -> str:
        """The number of a gate, its shape, and what a reader should know of it."""
        parts = [f"({line.number})"]
        if not self.elementwise:
            parts.append(self._shape_note(line.stmt.target, line.gate))
        why = self.dag.rewrites.get(line.gate)
        if why and not self.program.literal:
            parts.append(why)
        if line.gate.op.kink.tie:
            parts.append(line.gate.op.kink.tie.replace("{x}", self._name(line.gate.args[0])))
        return parts[0] + ("  " if len(parts) > 1 else "") + "; ".join(parts[1:])

    def _shape_note(self, target: str, expr: Node) -> str:
        """The shape of a line; of a matrix product, with its proof."""
        note = f"{target}: {self._show(expr.shape)}"
        if expr.op is array.matmul:
            x, y = expr.args
            note += f" = {self._show(x.shape)} @ {self._show(y.shape)}"
        return note

    def _adjoint_note(self, stmt: Stmt) -> str:
        """The shape of an adjoint; of one that is the same along an axis, for how many it stands."""
        if stmt.shape is not None and stmt.expr.op is not array.matmul:
            note = f"{stmt.target}: {self._show(stmt.shape)}"
        else:
            note = self._shape_note(stmt.target, stmt.expr)
        have = self.dag.dims.resolve(stmt.shape or stmt.expr.shape)
        return note if stmt.full is None or stmt.full == have else f"{note} for each of {self._show(stmt.full)}"

    def _show(self, shape: Shape) -> str:
        sizes = self.program.sizes
        return show(tuple(renamed(dim, lambda name: sizes.get(name, name)) for dim in self.dag.dims.resolve(shape)))

    def _backward_lines(self) -> list[str]:
        out: list[str] = []
        groups = iter(self.program.backward)
        for head, size in self._tests(self.program.backward):
            lines: list[str] = []
            for group in islice(groups, size):
                if group.line is not None:
                    lines.append(f"# {self._quiet(group.line)}  ({group.line.number})")
                lines += [self._stmt(stmt, group) for stmt in group.stmts]
            out += [head, *indent(lines)] if head else lines
        return out

    def _quiet(self, line: Line) -> str:
        """A forward line for a comment, not counted."""
        return self._gate_line(line, self.quiet)

    def _stmt(self, stmt: Stmt, group: Group) -> str:
        target, expr = stmt.target, stmt.expr
        note = ""
        if not self.elementwise and stmt.kind in ("=", "+=", "sum", "copy"):
            note = "  # " + self._adjoint_note(stmt)
        if (
            group.line is not None
            and group.line.gate.op.say.slope
            and not self.program.literal
            and expr.args
            and stmt is group.stmts[0]
        ):
            gate = group.line.gate
            name = self._name(gate.args[0])
            mirrored = name[1:] if name.startswith("-") else "-" + name
            why = gate.op.say.slope.replace("-{x}", mirrored).replace("{x}", name).replace("{out}", self._name(gate))
            note += ("; " if note else "  # ") + why
        match stmt.kind:
            case "=":
                tail = self._scalar(expr, target in self.results)
                return (
                    f"{target} = {self.printer.text(expr, unnamed=self.printer.names.get(expr) == target)}{tail}{note}"
                )
            case "copy":
                self.printer.ops += 1
                text = self.printer.text(expr)
                copied = f"{self._np('np.array')}({text}){'[()]' * self.elementwise}"
                return f"{target} = {f'{text}.copy()' if text.isidentifier() else copied}{note}"
            case "sum" | "+=":
                return self._accumulate(stmt) + note
            case "put" | "add at":
                self.printer.ops += 1
                minus = expr.op is scalar.neg
                text = self.printer.text(expr.args[0] if minus else expr)
                place = self.printer.subscript(stmt.index)
                if stmt.kind == "put":
                    return f"{target}[{place}] {'-' if minus else '+'}= {text}"
                function = self._np("np.subtract.at" if minus else "np.add.at")
                if any(isinstance(item, (tuple, str)) for item in stmt.index):
                    place = f"{self._np('np.s_')}[{place}]"
                elif len(stmt.index) > 1:
                    place = f"({place})"
                return f"{function}({target}, {place}, {text})"
            case "zeros":
                return f"{target} = {self._zeros(expr)}"
            case "own":
                self.printer.ops += 1
                return f"{target} = {self._np('np.array')}({target})"
        self.printer.ops += 1
        tail = (
            "[()]  # one for each element of the output"
            if self.elementwise
            else f"  # {target}: {self._show(expr.shape)}"
        )
        value = stmt.index[0] if stmt.kind == "seed" else target
        return f"{target} = {self._np('np.full_like')}({self.printer.text(expr)}, {value}){tail}"

    def _name(self, node: Node) -> str:
        """A node as it stands in a comment, not counted."""
        return self.quiet.text(node)

    def _accumulate(self, stmt: Stmt) -> str:
        minus = stmt.expr.op is scalar.neg
        expr = stmt.expr.args[0] if minus else stmt.expr
        text, precedence = self.printer._write(expr)
        self.printer.ops += 1
        sign = "-" if minus else "+"
        if stmt.kind == "+=":
            return f"{stmt.target} {sign}= {text}"
        return f"{stmt.target} = {stmt.target} {sign} {text if precedence >= MUL else f'({text})'}"

    def _zeros(self, like: Node) -> str:
        if not self.target.arrays:
            return "0.0"
        self.printer.ops += 1
        return self._np("np.zeros_like") + f"({self.printer.text(like)})" + ("[()]" if self.elementwise else "")

    def _np(self, text: str) -> str:
        return self.printer._rename(text)

    def _cache(self) -> list[str]:
        """What backward reads of the forward pass, in forward order; sizes last."""
        used = self.printer.used
        order = [
            *self.program.inputs,
            *(line.stmt.target for line in self.program.forward),
            *self.program.sizes.values(),
        ]
        mine = {stmt.target for group in self.program.backward for stmt in group.stmts}
        return [name for name in dict.fromkeys(order) if name in used and name not in mine]

    def _backward_params(self) -> str:
        df = self.module["df"]
        return f"{self.module['cache']}, {df}{self._default_df()}"

    def _default_df(self) -> str:
        return "" if any(node.shape for node in self.program.outputs) else default_of(len(self.program.outputs))

    def _df_lines(self) -> list[str]:
        """An array's upstream adjoint is brought to floats and checked."""
        outputs = self.program.outputs
        if not self.target.arrays or self.elementwise:
            return []
        df = self.module["df"]
        if len(outputs) != 1:
            return broken(f"{df} = (", [self._checked_df(f"{df}[{i}]", node) for i, node in enumerate(outputs)], ")")
        return [f"{df} = {self._checked_df(df, outputs[0])}"] if outputs[0].shape else self._typed_df(df)

    def _checked_df(self, df: str, output: Node) -> str:
        """An upstream adjoint as an array of the output's shape; one of Python's own numbers takes their precision."""
        shape = ", ".join(["", *map(self.printer.dim, self.dag.dims.resolve(output.shape))])
        like = "" if output.shape else self._like()
        if not like:
            return f'{self._np("as_array")}("{df}", {df}{shape})'
        self.extra["as_number"] = None
        return f'{self._np("as_number")}("{df}", {df}, {like})'

    def _like(self) -> str:
        """An input in the cache, whose precision numbers take; "" where all inputs are numbers."""
        arrays = [name for name, node in self.dag.inputs.items() if node.shape and name not in self.dag.integers]
        first = next((name for name in arrays if name in self.printer.used), (arrays or [""])[0])
        self.printer.used.update([first] if first else [])
        return first

    def _typed_df(self, df: str) -> list[str]:
        """A number that is broadcast to an array first takes the inputs' precision: its array would decide theirs."""
        if not any(
            _decides_precision(stmt.expr, self.program.names) for group in self.program.backward for stmt in group.stmts
        ):
            return []
        self.printer.ops += 1
        like = self._like()
        return [f"{df} = {like}.dtype.type({df})"] if like else []

    def _head_helpers(self) -> list[str]:
        if not self.target.arrays:
            return []
        arrays = any(node.shape for node in self.dag.inputs.values())
        indices = ["as_index"] * bool(self.dag.integers)
        if not self.elementwise and arrays:
            mixed = any(not node.shape for node in self.dag.inputs.values())
            return ["as_array", *["as_number"] * mixed, *indices]
        if indices:
            return ["as_array", *indices]
        return ["as_floats"] if len(self.program.params) > 1 else ["as_float"]

    def _prelude(self, used: set[str]) -> list[str]:
        """The inputs as floats, their shapes checked, and the sizes that later lines use."""
        if self.elementwise:
            names = list(self.program.params)
            if self.target.arrays and len(names) > 1:
                return floats_of(self._np("as_floats"), names)
            converted = [self._np(self._converted(name)) for name in names]
            return [f"{name} = {text}" for name, text in zip(names, converted, strict=True)]
        return self._bind_sizes(used)

    def _converted(self, name: str) -> str:
        return f'as_float("{name}", {name})' if self.target.arrays else f"float({name})"

    def _bind_sizes(self, used: set[str]) -> list[str]:
        dims, sizes = self.dag.dims, self.program.sizes
        shapes = [(name, dims.resolve(node.shape)) for name, node in self.dag.inputs.items()]
        shapes = [shapes[at] for at in by_names([shape for _, shape in shapes])]
        demands = dims.demands()
        wanted = [name for _, shape in shapes for dim in shape for name in names_in(dim)]
        wanted += 2 * [name for dim, _, _ in demands for name in names_in(dim)]
        out: list[str] = []
        bound: set[str] = set()
        integers = self.dag.integers
        others = ", ".join(name for name, shape in shapes if shape and name not in integers)
        for name, shape in sorted(shapes, key=lambda each: not each[1]):
            if not shape and name not in integers:
                read = f'{self._np("as_number")}("{name}", {name}, {others})'
                out.append(f"{name} = {read if others else read.replace('as_number', 'as_array')}")
                continue
            args = [self._expected(dim, bound) for dim in shape]
            reads = self._np("as_index" if name in integers else "as_array")
            out.append(f'{name} = {reads}("{name}", {", ".join([name, *args])})')
            new = [dim for dim in shape if isinstance(dim, str) and dim in sizes and dim not in bound]
            needed = [dim for dim in dict.fromkeys(new) if wanted.count(dim) > 1 or sizes[dim] in used]
            bound.update(needed)
            if len(needed) > 1 and needed == list(shape):
                out.append(f"{', '.join(sizes[dim] for dim in needed)} = {name}.shape")
            else:
                out += [f"{sizes[dim]} = {name}.shape[{shape.index(dim)}]" for dim in needed]
            own = [dim for dim in map(str, shape) if f'"{dim}"' in args and not dim.isidentifier()]
            if any(bound.issuperset(names_in(dim)) for dim in own):
                args = [self._expected(dim, bound) for dim in shape]
                out.append(f'{name} = {self._np("as_array")}("{name}", {", ".join([name, *args])})')
        for dim, sign, size in demands:
            text = renamed(dim, lambda name: sizes.get(name, name))
            out.append(f"if {text} {'<' if sign == '>=' else '!='} {size}:")
            wanted_size = f"{'at least ' * (sign == '>=')}{size}"
            out.append(f'    raise ValueError(f"{text}: {wanted_size} is expected, not {{{text}}}")')
        return out

    def _expected(self, dim: Any, bound: set[str]) -> str:
        if isinstance(dim, int):
            return str(dim)
        return self.printer.dim(dim) if all(name in bound for name in names_in(dim)) else f'"{dim}"'

    def _gradients(self) -> list[str]:
        pairs = []
        for name, gradient in self.program.gradients.items():
            pairs.append(f'"{name}": {gradient if gradient is not None else "0.0"}')
        return broken("return {", pairs, "}", closed=False)

    def _fused(self, names: dict[str, str]) -> list[str]:
        params = list(self.program.params)
        out = self._local("f"), self.module["cache"]
        df = self.module["df"]
        takes_df = not self._default_df()
        forward, backward = self._callee(names["forward"]), self._callee(names["backward"])
        again = [
            f"{new} = {old}" for old, new in ((names["forward"], forward), (names["backward"], backward)) if old != new
        ]
        return [
            *again,
            *["", ""] * bool(again),
            f"def {names['value_and_grad']}({', '.join([*params, *([df] if takes_df else [])])}):",
            f"    {out[0]}, {out[1]} = {forward}({', '.join(params)})",
            f"    return {out[0]}, {backward}({out[1]}{', ' + df if takes_df else ''})",
        ]

    def _callee(self, name: str) -> str:
        while name in self.program.params:
            name += "_"
        return name

    def _local(self, name: str) -> str:
        while name in self.program.params:
            name += "_"
        return name

    def _imports(self, used: dict[str, None]) -> list[str]:
        lines = ["import numpy as np" if self.target.arrays else "import math"]
        if self.target.name != "math" and (self.calls_math or any(map(needs_math, used))):
            lines.insert(0, "import math\n")
        for canonical, line in (("np", "import numpy as np"), ("math", "import math")):
            actual = self.module.get(canonical, canonical)
            if actual != canonical:
                lines = [each.replace(line, f"{line.removesuffix(' as np')} as {actual}") for each in lines]
        return [*"\n".join(lines).split("\n"), ""]

    def _helpers(self, used: dict[str, None]) -> list[str]:
        texts = HELPERS[self.target.name]
        out: list[str] = []
        for name in texts:  # in the table's order, in which a helper follows what it calls
            if name in used:
                out += ["", self._np(texts[name].strip("\n")), ""]
        return [*out, ""] if out else [""]

    def _docstring(self, forward_ops: int, backward_ops: int) -> list[str]:
        names = list(self.program.gradients)
        ratio = (forward_ops + backward_ops) / max(forward_ops, 1)
        cost = f"Operations: forward {forward_ops}, backward {backward_ops}; "
        cost += f"together {ratio:.2f} times the forward pass alone."
        inputs = [f"{name}: {self._show(node.shape)}" if node.shape else name for name, node in self.dag.inputs.items()]
        mixed = any(not node.shape for node in self.dag.inputs.values())
        kind = (
            "numbers"
            if not self.target.arrays
            else "numbers or arrays, elementwise"
            if self.elementwise
            else "the others are numbers"
            if mixed
            else "arrays"
        )
        return [
            f'"""Forward and backward pass, {COMPILED}.',
            "",
            *(("    " + line).rstrip() for line in quoted(self.dag.text).split("\n")),
            "",
            *wrapped(f"Inputs: {', '.join(inputs) or 'none'} ({kind}).", 100),
            *wrapped(f"Gradient with respect to: {', '.join(names) or 'nothing'}.", 100),
            cost,
            '"""',
            "",
        ]


def _decides_precision(expr: Node, names: Mapping[Node, str]) -> bool:
    """Whether a line makes an array of plain numbers, which NumPy then takes for float64."""
    stack = [expr]
    while stack:
        node = stack.pop()
        if node.op is array.spread or (
            node.op in (routing.where, array.scatter) and not any(arg.shape for arg in node.args[-2:])
        ):
            return True
        stack += [arg for arg in node.args if arg not in names]
    return False


def with_needs(target: str, helpers: Iterable[str]) -> dict[str, None]:
    """Helpers of a target, and what these call."""
    found = dict.fromkeys(helpers)
    for name in list(found):
        found.update(dict.fromkeys(needed(HELPERS[target], name)))
    return found


def default_of(outputs: int) -> str:
    """The default of `df`: 1 for one number; several outputs have none, for they are never summed in silence."""
    return "=1.0" if outputs == 1 else ""


def _nothing(names: Sequence[str]) -> list[str]:
    """A line for what a branch that is not taken leaves out."""
    known = [name for name in names if name]
    return [" = ".join([*known, "None"])] if known else []


def _unpacked(cache: list[str], source: str) -> list[str]:
    if not cache:
        return []
    if len(cache) == 1:
        return [f"({cache[0]},) = {source}"]
    return broken("", cache, f" = {source}", closed=False, parens=True)


def step_aside(text: str, names: Iterable[str]) -> str:
    """The module with Python's own functions under other names where the user has a variable of theirs.

    >>> print(step_aside("import math\\n\\n\\ndef f(float):\\n    return abs(float(float))", ["float"]))
    import math
    <BLANKLINE>
    float_ = float
    <BLANKLINE>
    <BLANKLINE>
    def f(float):
        return abs(float_(float))
    """
    taken = {word: word + "_" for word in BUILTINS if word in set(names)}
    for word, own in taken.items():
        while re.search(rf"\b{own}\b", text):
            own += "_"
        taken[word] = own
    whole, real = taken.get("int", "int"), taken.get("float", "float")
    for word, own in taken.items():
        places = rf"(?<![.\w]){word}(?=\()|(?<=\bis ){word}\b"
        places += (
            rf"|(?<= in \(int, ){word}(?=\))|(?<= in \({whole}, ){word}(?=\))|(?<= in \(){word}(?=, (?:float|{real})\))"
        )
        text = re.sub(places, own, text)
    if taken:
        aliases = "\n".join(f"{own} = {word}" for word, own in taken.items())
        text = re.sub(r"\n\n\n(?=\w)", f"\n\n{aliases}\n\n\n", text, count=1)
    return text


__all__ = ["Emitted", "Writer", "step_aside"]
