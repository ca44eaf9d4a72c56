"""The lines of a tensor program in the fast style: steps over whole arrays, each into an array that
exists where one is free.

>>> from gradc.language import parse
>>> from gradc.optimize import optimize
>>> body = fused(optimize(parse("x: [n]\\nsum((x - 1)**2)"), ["x"], arrays=True))
>>> print("\\n".join([*body.head, *body.lines, body.returned]))
dot, multiply, ndarray, float64 = np.dot, np.multiply, np.ndarray, np.dtype(float)
c1, c2 = np.array(1.0), np.array(2.0)
xm1 = x - c1
f = dot(xm1, xm1)
dx = multiply(c2, xm1, xm1)
f, {"x": dx}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from gradc.emit.layout import broken
from gradc.emit.long_lines import fitted, opened
from gradc.emit.operand import Printer, constant, subscript
from gradc.graph.dag import Node, Shape, reachable
from gradc.graph.shapes import by_names, renamed
from gradc.ops import array, routing, scalar
from gradc.ops.helpers import HELPERS
from gradc.ops.table import PRECEDENCE, static, statics_of
from gradc.optimize import Joint
from gradc.optimize.array_steps import Whole, whole
from gradc.plan.names import ATOM
from gradc.plan.reuse import Buffer, into_place
from gradc.plan.whole_arrays import Arranged, by_python
from gradc.rewrite.simplify import is_const, number

_INFIX = re.compile(r"\{\w+:?\w*\} ?([-+*/]) ?\{\w+:?\w*\}")


# NumPy takes the array to fill of these by name only.
_BY_NAME = (routing.maximum, routing.minimum)


@dataclass(frozen=True, slots=True)
class Body:
    """The lines of a function: what they need to stand above it, what must hold of the inputs, what is returned.

    `risky` says that they may raise where NumPy has inf or nan; `called` and `constants` are the names that stand above
    them for NumPy's functions and for numbers.
    """

    head: tuple[str, ...]
    checks: tuple[str, ...]
    lines: tuple[str, ...]
    returned: str
    helpers: tuple[str, ...]
    needs_math: bool
    risky: bool
    called: Mapping[str, str]
    constants: Mapping[float, str]


@dataclass(frozen=True, slots=True)
class Words:
    """What the lines call their surroundings; `called` and `constants` as a function that stands above has them."""

    np: str = "np"
    math: str = "math"
    df: str = "df"
    leave: str = "return otherwise()"
    sizes: Mapping[str, str] = field(default_factory=dict)
    module: Mapping[str, str] = field(default_factory=dict)
    taken: tuple[str, ...] = ()
    show: Callable[[Shape], str] | None = None
    called: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[float, str] = field(default_factory=dict)


def fused(joint: Joint, words: Words | None = None, literal: bool = False, alone: bool = False) -> Body:
    """The lines of value and gradient; of the value alone, if that is all that is wanted."""
    return Fused(joint, whole(joint, literal), words or Words()).body(alone)


class Fused(Arranged):
    """Arranged steps into lines."""

    def __init__(self, joint: Joint, steps: Whole, words: Words) -> None:
        above = (*words.called.values(), *words.constants.values())
        taken = [*words.sizes.values(), *words.taken, *above, words.np, words.math, words.df]
        super().__init__(joint, steps, words.df, taken)
        self.words = words
        self.constants: dict[float, str] = dict(words.constants)
        self.called: dict[str, str] = dict(words.called)
        self.helpers: dict[str, None] = {}
        self.used: set[str] = set()
        self.noted: set[str] = set()
        self.risky = self.needs_math = False
        for helper in HELPERS["numpy"]:  # a line must not take the name of what another calls
            if helper not in words.taken:
                self.namer.fresh(helper)

    # ---- text ----------------------------------------------------------------------------------

    def body(self, alone: bool) -> Body:
        """Everything together."""
        order = self.ordered()
        self._name(order)
        lines: list[str] = []
        guarded: set[Node] = set()
        for node in order:
            for arg in self._reads(node):
                if arg in self.guarded and arg not in guarded:
                    guarded.add(arg)
                    lines += self._guard(arg)
            lines += self._noted(node, self._line(node))
        returned = self._returned(alone)
        checks, sizes = self._checks()
        head = (*self._aliases(), *self._numbers())
        own = (tuple(self.helpers), self.needs_math, self.risky, self.called, self.constants)
        return Body(head, tuple(checks), (*sizes, *lines), returned, *own)

    def _returned(self, alone: bool) -> str:
        """The value and the gradient, or the value alone."""
        value = [self._result(node, first=True) for node in self.steps.outputs]
        pairs = []
        seen: set[Node] = set(self.steps.outputs)
        for name, slope in self.steps.gradients.items():
            pairs.append(f'"{name}": {self._gradient(self.dag.inputs[name], slope, slope in seen)}')
            seen.update([slope] if slope is not None else [])
        returned = value[0] if len(value) == 1 else f"({', '.join(value)})"
        return returned if alone else "\n".join(broken(f"{returned}, {{", pairs, "}", closed=False))

    def _noted(self, node: Node, lines: list[str]) -> list[str]:
        """The shape of an array in a comment, where its name comes up; of a matrix product, with its proof."""
        name = self.names[node]
        lines = [row for line in lines for row in opened(line)]
        if not self.words.show or not node.shape or name in self.noted:
            return lines
        self.noted.add(name)
        note = f"{name}: {self.words.show(node.shape)}"
        if node.op is array.matmul:
            note += " = " + " @ ".join(self.words.show(arg.shape) for arg in node.args)
        return [*lines[:-1], *fitted(lines[-1], said=[note])]

    def _aliases(self) -> list[str]:
        """NumPy's functions under names that are found faster than attributes."""
        new = [path for path in self.called if path not in self.words.called]
        return _bound([self.called[path] for path in new], new)

    def _python(self, word: str) -> str:
        """One of Python's own functions, which may go by another name where the user has taken its own."""
        if word in self.own and word not in self.called:
            self.called[word] = self.namer.fresh(word)
        return self.called.get(word, word)

    def _float(self) -> str:
        path = f"{self.words.np}.dtype(float)"
        if path not in self.called:
            self.called[path] = self.namer.fresh("float64")
        return self.called[path]

    def _numbers(self) -> list[str]:
        new = [value for value in self.constants if value not in self.words.constants]
        texts = [f"{self.words.np}.array({constant(value)[0]})" for value in new]
        return _bound([self.constants[value] for value in new], texts)

    def _call(self, function: str) -> str:
        """A function of NumPy under a name of its own, which is found faster than an attribute."""
        path = f"{self.words.np}.{function}"
        if path not in self.called:
            self.called[path] = self.namer.fresh(function.replace(".", "_"))
        return self.called[path]

    def _constant(self, value: float) -> str:
        """A number as an array of no axes, which a ufunc takes without converting it."""
        if value not in self.constants:
            word = f"c{int(value)}" if value.is_integer() and 0 <= value < 1e6 else "c"
            self.constants[value] = self.namer.fresh(word)
        return self.constants[value]

    def _printer(self, target: str, names: Mapping[Node, str]) -> Printer:
        return Printer(names, target, module=self.words.module, sizes=self.words.sizes, dims=self.dims)

    def _print(self, node: Node, target: str, names: Mapping[Node, str]) -> tuple[str, int]:
        """A step's own text, and how tightly it binds."""
        printer = self._printer(target, names)
        written = printer._write(node, unnamed=bool(node.args))
        self.helpers.update(printer.helpers)
        self.used |= printer.used
        return written

    def _operand(self, node: Node, loosest: int = ATOM, ufunc: bool = False) -> str:
        """A value as it stands inside a line."""
        if node in self.names:
            return self.names[node]
        if node.op is scalar.const:
            return self._constant(float(number(node))) if ufunc else constant(number(node))[0]
        if self._is_dot(node):
            return self._whole(node)
        text, precedence = self._number(node) if not node.shape else self._view(node)
        return text if precedence >= loosest else f"({text})"

    def _number(self, node: Node) -> tuple[str, int]:
        """An expression of numbers, by Python's own arithmetic and `math`."""
        if not by_python(node):
            return f"{self._python('float')}({self._print(node, 'numpy', self.names)[0]})", ATOM
        stack = [node]
        while stack:
            part = stack.pop()
            text = part.op.code["math"].text if part.args else ""
            divides = part.op in (scalar.div, scalar.inv, scalar.pow_, scalar.ipow) and bool(part.args[-1].args)
            self.risky = self.risky or "math." in text or divides
            self.needs_math = self.needs_math or "math." in text
            stack += [arg for arg in part.args if arg not in self.names]
        return self._print(node, "math", self.names)

    def _view(self, node: Node) -> tuple[str, int]:
        """A view, a condition, or an array without arguments."""
        return self._print(node, "numpy", {arg: self._operand(arg, ufunc=bool(node.op.ufunc)) for arg in node.args})

    def _line(self, node: Node) -> list[str]:
        name = self.names[node]
        if not node.shape:
            return [f"{name} = {self._reduced(node)}"]
        if into_place(node, self.inline):
            return self._added(node, name)
        if node.op is routing.where and self._same(node.args[0].shape, node.shape):
            return self._masked(node, name)
        if node.op is routing.where and node in self.onto:
            return self._with_number(node, name)
        if self.reuse.is_spared(node):
            return [f"{name} = {self._helper('spared')}({', '.join(self._operand(arg, 0) for arg in node.args)})"]
        if node in self.onto:
            return self._over(node, name)
        if node.op is array.scatter:
            return [
                f"{name} = {self._zeros(node.shape)}",
                f"{name}[{_where(node)}] = {self._operand(node.args[0])}",
            ]
        return [f"{name} = {self._fresh(node)}"]

    def _reduced(self, node: Node) -> str:
        """A number, out of arrays or of numbers."""
        if not any(arg.shape for arg in node.args):
            return self._number(node)[0]
        text = self._whole(node)
        return f"{self._python('float')}({text})" if node in self.feeding else text

    def _whole(self, node: Node) -> str:
        """A step over whole arrays, its result an array of its own."""
        op = node.op
        if self._is_dot(node):
            return f"{self._call('dot')}({', '.join(self._operand(arg, 0) for arg in node.args)})"
        if op.fast.reduce:
            return self._reduction(node)
        if op is array.stack and not node.args[0].shape:
            return f"{self.words.np}.array(({', '.join(self._operand(arg, 0) for arg in node.args)},))"
        names = {arg: self._operand(arg, ufunc=bool(op.ufunc)) for arg in node.args if arg not in self.passed}
        names = {**self.names, **names} if len(names) < len({*node.args}) else names
        if op.ufunc and not _INFIX.search(op.code["numpy"].text) and op is not scalar.neg:
            return f"{self._call(op.ufunc)}({', '.join(names[arg] for arg in node.args)})"
        return self._print(node, "numpy", names)[0]

    @staticmethod
    def _is_dot(node: Node) -> bool:
        """Whether a product is one with a vector, for which there is a quicker function."""
        axes = [len(arg.shape) for arg in node.args] if node.op is array.matmul else [0]
        return min(axes) == 1 and max(axes) < 3

    def _reduction(self, node: Node) -> str:
        (x,) = node.args
        axis, keepdims = static(node, "axis"), static(node, "keepdims")
        more = "" if len(x.shape) == 1 and axis in (None, 0, -1) and not keepdims else f", {axis}"
        more += ", keepdims=True" * keepdims
        return f"{self._call(node.op.fast.reduce + '.reduce')}({self._operand(x, 0)}{more})"

    def _fresh(self, node: Node) -> str:
        if node.op is scalar.mul and node.args[0] is node.args[1]:
            one = self._operand(node.args[0])
            return f"{one}*{one}"
        return self._view(node)[0] if node.op.view or node.op.boolean else self._whole(node)

    def _over(self, node: Node, name: str) -> list[str]:
        """A step that writes over one of its arguments."""
        target, op = self.onto[node], node.op
        old = self.names[target]
        if op is array.matmul:
            return [f"{name} = {self._call(op.name)}({', '.join(self._operand(arg, 0) for arg in node.args)}, {old})"]
        operands = [self._operand(arg, 0, ufunc=op.ufunc != "power") for arg in node.args]
        infix = _INFIX.search(op.code["numpy"].text)
        if infix and name == old and (node.args[0] is target or op.commutes):
            other = operands[1] if node.args[0] is target else operands[0]
            return [f"{name} {infix[1]}= {other}"]
        out = f"out={old}" if op in _BY_NAME else old
        call = f"{self._call(op.ufunc)}({', '.join([*operands, out])})"
        return [call if name == old else f"{name} = {call}"]

    def _masked(self, node: Node, name: str) -> list[str]:
        """Where a condition holds one value, else the other: over one of them, or into an array of its own."""
        _, x, y = node.args
        old = self.names[self.onto[node]] if node in self.onto else ""
        lines = [f"{name} = {old}"] if old and name != old else []
        lines += [] if old else [f"{name} = {self.words.np}.empty({self._shape(node.shape)})"]
        test, *sides = (self._operand(each, 0) for each in node.args)
        if x is y and not old:
            return [f"{name} = {self.words.np}.full({self._shape(node.shape)}, {sides[0]}, {self._float()})"]
        if x is y:
            return lines if self.onto[node] is x else [*lines, f"{self._call('copyto')}({name}, {sides[0]})"]
        if is_const(y, 0):
            return [*lines, f"{self._helper('masked')}({sides[0]}, {test}, {name})"]
        if is_const(x, 0):
            return [*lines, f"{self._helper('masked')}({sides[1]}, {test}, {name}, False)"]
        return [*lines, f"{self._helper('select')}({test}, {', '.join(sides)}, {name})"]

    def _with_number(self, node: Node, name: str) -> list[str]:
        """A number where a condition on some axes holds (or does not), over what is there."""
        test, x, _ = node.args
        old, over_x = self.onto[node], self.onto[node] is x
        inverse = ("~" if test.shape else "not ") * over_x  # ~True is -2, and holds
        number, condition = node.args[1 + over_x], self._operand(test, PRECEDENCE["unary"] if inverse == "~" else 0)
        lines = [f"{name} = {self.names[old]}"] if name != self.names[old] else []
        where = f"where={inverse}{condition}"
        return [*lines, f"{self._call('copyto')}({name}, {self._operand(number, 0)}, {where})"]

    def _helper(self, name: str) -> str:
        self.helpers[name] = None
        return self.words.module.get(name, name)

    def _added(self, node: Node, name: str) -> list[str]:
        """A sum with what goes into one place of an array: zeros elsewhere are never added."""
        x, y = node.args
        minus = node.op is scalar.sub
        if node in self.onto:
            target = self.onto[node]
            lines = [f"{name} = {self.names[target]}"] * (name != self.names[target])
            rest = [(x, False), (y, minus)] if target is not x else [(y, minus)]
            rest = [(arg, sign) for arg, sign in rest if arg is not target]
            if target is not x and minus:
                lines.append(f"{self._call('negative')}({name}, {name})")
            return lines + [self._put(name, arg, sign, "+") for arg, sign in rest]
        parts = [(x, False), (y, minus)]
        parts.sort(key=lambda part: part[0].op is array.scatter)  # whole arrays first
        parts.sort(
            key=lambda part: (
                part[1]
                or (part[0].op is array.scatter and part[0].args[0] in self.inline and part[0].args[0].op is scalar.neg)
            )
        )
        (first, sign), rest = parts[0], parts[1:]
        if first in self.inline and first.op is array.scatter:
            lines = [f"{name} = {self._zeros(node.shape)}", self._put(name, first, sign, "")]
        else:
            value = f"-{self._operand(first, PRECEDENCE['unary'])}" if sign else self._operand(first, 0)
            if not self._same(first.shape, node.shape):
                value = f"{self.words.np}.full({self._shape(node.shape)}, {value}, {self._float()})"
            elif not sign:
                value = f"{self.words.np}.array({value})"
            lines = [f"{name} = {value}"]
        return lines + [self._put(name, arg, sign, "+") for arg, sign in rest]

    def _put(self, name: str, part: Node, minus: bool, plus: str) -> str:
        """A part added to, taken from or (with no `plus`) written into its place of an array."""
        place, value = name, part
        if part in self.inline and part.op is array.scatter:
            place, value = f"{name}[{_where(part)}]", part.args[0]
        if value in self.inline and value.op is scalar.neg and value not in self.names:
            minus, value = not minus, value.args[0]
        while value in self.inline and value.op is array.spread and value not in self.names:
            value = value.args[0]  # NumPy spreads it
        if not plus:
            return f"{place} = {'-' if minus else ''}{self._operand(value, PRECEDENCE['unary'] if minus else 0)}"
        return f"{place} {'-' if minus else plus}= {self._operand(value, 0)}"

    def _zeros(self, shape: Shape) -> str:
        return f"{self.words.np}.zeros({self._shape(shape)})"

    @cached_property
    def _of_shape(self) -> dict[Shape, str]:
        """The first input of each shape."""
        found: dict[Shape, str] = {}
        for node, name in self.inputs.items():
            found.setdefault(self.dims.resolve(node.shape), name)
        return found

    def _shape(self, shape: Shape) -> str:
        """A shape as text: that of an input if one has it and it is not all numbers."""
        resolved = self.dims.resolve(shape)
        if any(not isinstance(dim, int) for dim in resolved) and resolved in self._of_shape:
            return f"{self._of_shape[resolved]}.shape"
        printer = self._printer("numpy", {})
        text = printer.shape(shape)
        self.used |= printer.used
        return text

    def _guard(self, node: Node) -> list[str]:
        """The lines that leave what the others do not take, where they look at a value first."""
        if node in self.steps.finite:
            if node.shape:
                return [f"if not {self._call('isfinite')}({self._operand(node, 0)}).all():", f"    {self.words.leave}"]
            self.needs_math = True
            return [f"if not {self.words.math}.isfinite({self._operand(node, 0)}):", f"    {self.words.leave}"]
        limit = constant(self.steps.guards[node])[0]
        reduce = self._call("maximum.reduce")
        axis = ", None" if len(node.shape) > 1 else ""
        self.risky = True  # of an array without elements there is no largest one
        return [f"if not {reduce}({self._operand(node, 0)}{axis}) <= {limit}:", f"    {self.words.leave}"]

    # ---- results -------------------------------------------------------------------------------

    def _result(self, node: Node, first: bool) -> str:
        """An output: an array of its own, or a number."""
        if not node.shape:
            return self._operand(node, 0)
        return self._owned(node)

    def _gradient(self, leaf: Node, node: Node | None, again: bool) -> str:
        """A gradient in its input's shape, an array that belongs to nobody else."""
        if node is None:
            return self._zeros(leaf.shape) if leaf.shape else "0.0"
        if not leaf.shape:
            text = self._operand(node, 0)
            return f"{self._python('float')}({text})" if self._counted(node) else text
        if not self._same(node.shape, leaf.shape):
            return f"{self.words.np}.full({self._shape(leaf.shape)}, {self._operand(node, 0)}, {self._float()})"
        return f"{self.words.np}.array({self._operand(node, 0)})" if again else self._owned(node)

    def _owned(self, node: Node) -> str:
        """An array's text, copied if it is or shows an input, or shows what another result shows too."""
        text = self._operand(node, 0)
        bases = [node] if node in self.buffers else self._reads(node)
        shown = [self.reuse.buffer_of(base) for base in bases]
        shared = any(root is not node for buffer in shown for root in self._shown_by.get(buffer, ()))
        own = all(buffer.values for buffer in shown) and shown and not shared
        if self._counted(node) and not any(each in self.inputs or each in self.seeds for each in reachable([node])):
            return f"{self.words.np}.array({text}, {self._float()})"
        return text if own else f"{self.words.np}.array({text})"

    def _counted(self, node: Node) -> bool:
        """Whether sizes of axes go into a value: they are whole numbers, and so may be what they make."""
        return self.sized and any(each.op is scalar.size for each in reachable([node]))

    @cached_property
    def _shown_by(self) -> dict[Buffer, list[Node]]:
        """The results that are in each buffer, or look into it."""
        found: dict[Buffer, list[Node]] = {}
        for root in dict.fromkeys(self.roots):
            bases = [root] if root in self.buffers else self._reads(root)
            for buffer in dict.fromkeys(self.buffers[base] for base in bases if base in self.buffers):
                found.setdefault(buffer, []).append(root)
        return found

    # ---- what must hold of the inputs ----------------------------------------------------------

    def _checks(self) -> tuple[list[str], list[str]]:
        """Conditions on the inputs, and lines that bind the sizes that the other lines use."""
        checks: list[str] = []
        bound: dict[str, str] = {}
        given = [(self.inputs[node], node.shape, True) for node in self.inputs]
        given += [(self.names[seed], seed.shape, False) for seed in self.seeds]
        given = [given[at] for at in by_names([self.dims.resolve(shape) for _, shape, _ in given])]
        for name, shape, _ in given:
            resolved = self.dims.resolve(shape)
            if not resolved:
                checks.append(f"{self._python('type')}({name}) is {self._python('float')}")
                continue
            mine = [f"{self._python('type')}({name}) is {self._call('ndarray')}", f"{name}.dtype is {self._float()}"]
            checks.append(" and ".join([*mine, *_shape_checks(name, resolved, bound)]))
        divisors = dict.fromkeys(str(node.attr) for node in self.nodes if node.op is scalar.size)
        for node in self.steps.finite:  # the largest of no elements is none
            (axis,) = array.axes_of(static(node, "axis"), len(node.args[0].shape))
            dim = self.dims.resolve(node.args[0].shape)[axis]
            divisors.update({} if isinstance(dim, int) else {dim: None})
        checks += [f"{_dim(count, bound)} > 0" for count in divisors]
        checks += [f"{_dim(dim, bound)} {sign} {size}" for dim, sign, size in self.dims.demands()]
        wanted = [dim for dim, name in self.words.sizes.items() if name in self.used]
        sizes = [f"{self.words.sizes[dim]} = {bound[dim]}" for dim in wanted if dim in bound]
        return checks, sizes


def _bound(names: Sequence[str], values: Sequence[str]) -> list[str]:
    """Names bound to values, on one line or, where that would be long, one a line."""
    if not names:
        return []
    line = f"{', '.join(names)} = {', '.join(values)}"
    return [line] if len(line) <= 100 else [f"{name} = {value}" for name, value in zip(names, values, strict=True)]


def _shape_checks(name: str, shape: Shape, bound: dict[str, str]) -> list[str]:
    """Conditions on a shape; sizes that come up for the first time are bound to where they stand."""
    new = [isinstance(dim, str) and dim.isidentifier() and dim not in bound for dim in shape]
    where = [f"{name}.shape[{i}]" for i in range(len(shape))]
    if all(new) and len(set(shape)) == len(shape):
        bound.update(zip(map(str, shape), where, strict=True))
        return [f"{name}.ndim == {len(shape)}"]
    if not any(new):
        texts = [_dim(dim, bound) for dim in shape]
        return [f"{name}.shape == ({', '.join(texts)}{',' * (len(texts) == 1)})"]
    first = {dim: at for dim, at, is_new in reversed(list(zip(shape, where, new, strict=True))) if is_new}
    bound.update({str(dim): at for dim, at in first.items()})
    checks = [f"{at} == {_dim(dim, bound)}" for dim, at in zip(shape, where, strict=True) if first.get(dim) != at]
    return [f"{name}.ndim == {len(shape)}", *checks]


def _dim(dim: int | str, bound: Mapping[str, str]) -> str:
    return renamed(dim, lambda name: bound.get(name, name))


def _where(scatter: Node) -> str:
    """The place in an array that something is added to, as it stands between brackets."""
    place, _ = statics_of(scatter.op, scatter.attr).values()
    return subscript(place)


__all__ = ["Body", "Fused", "Words", "fused"]
