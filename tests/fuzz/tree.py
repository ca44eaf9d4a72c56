"""A program as data -> its text.

A `Node` is one operation with its static parameters, its shape and the way in which it is spelled; a `Program` is
inputs, statements and outputs. Statements are referred to by number, so that sharing is part of the data.

>>> x = Node("input", name="x")
>>> square = Node("pow", (x, const(2.0)))
>>> text(Program((Input("x", ()),), (Statement("q", Node("neg", (square,))),), (Node("mul", (ref(0), x)),)))
'q = -x**2.0\\nq*x'
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

Shape = tuple[int, ...]

# Python's precedence, loosest first.
IFELSE, OR, AND, NOT, COMPARE, SUM, PRODUCT, UNARY, POWER, POSTFIX, ATOM = range(11)

INFIX = {
    "add": (" + ", SUM, SUM, PRODUCT),
    "sub": (" - ", SUM, SUM, PRODUCT),
    "mul": ("*", PRODUCT, PRODUCT, UNARY),
    "div": ("/", PRODUCT, PRODUCT, UNARY),
    "matmul": (" @ ", PRODUCT, PRODUCT, UNARY),
    "pow": ("**", POWER, POSTFIX, UNARY),
    "lt": (" < ", COMPARE, SUM, SUM),
    "le": (" <= ", COMPARE, SUM, SUM),
    "gt": (" > ", COMPARE, SUM, SUM),
    "ge": (" >= ", COMPARE, SUM, SUM),
    "eq": (" == ", COMPARE, SUM, SUM),
    "ne": (" != ", COMPARE, SUM, SUM),
    "and": (" and ", AND, NOT, NOT),
    "or": (" or ", OR, AND, AND),
}
CONDITIONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not", "between"})


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One operation: what it is, on what, and how it is written."""

    op: str
    args: tuple[Node, ...] = ()
    shape: Shape = ()
    name: str = ""  # of an input
    number: float = 0.0  # of a constant; of a reference, the statement that it means
    params: tuple[tuple[str, Any], ...] = ()
    spelling: str = ""
    wrapped: bool = False  # one pair of parentheses more than needed

    def param(self, key: str, default: Any = None) -> Any:
        """The static parameter `key`."""
        return next((value for name, value in self.params if name == key), default)


@dataclass(frozen=True, slots=True)
class Input:
    """A name that the caller binds; `shape` is () for a scalar."""

    name: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Statement:
    """`name = node`; the name may have been used before."""

    name: str
    node: Node


@dataclass(frozen=True, slots=True)
class Layout:
    """What the text looks like where the meaning leaves it open."""

    separator: str = "\n"
    declare: str = "shapes"  # "text": declarations in the program; "shapes": an option of the compiler
    comments: bool = False
    output_name: str = ""  # what a single output is assigned to, if it is
    dims: tuple[tuple[int, str], ...] = ()  # sizes that are declared by name


@dataclass(frozen=True, slots=True)
class Program:
    """Inputs, statements in order, and outputs that refer to them."""

    inputs: tuple[Input, ...]
    statements: tuple[Statement, ...]
    outputs: tuple[Node, ...]
    layout: Layout = field(default_factory=Layout)

    @property
    def elementwise(self) -> bool:
        """Whether no input is declared as an array."""
        return all(item.shape == () for item in self.inputs)


def const(value: float) -> Node:
    """A literal."""
    return Node("const", number=value)


def ref(index: int, shape: Shape = ()) -> Node:
    """The value of statement `index`."""
    return Node("ref", shape=shape, number=index)


def walk(node: Node) -> Iterator[Node]:
    """`node` and everything below it, without following references."""
    stack = [node]
    while stack:
        top = stack.pop()
        yield top
        stack.extend(reversed(top.args))


def nodes(program: Program) -> Iterator[Node]:
    """Every node of every statement and output."""
    for statement in program.statements:
        yield from walk(statement.node)
    for output in program.outputs:
        yield from walk(output)


def size(program: Program) -> int:
    """How many operations the program writes down."""
    return sum(node.op not in ("input", "ref", "const") for node in nodes(program))


def rebuild(node: Node, change: Callable[[Node], Node]) -> Node:
    """`node` with `change` made to every node below it and then to itself."""
    args = tuple(rebuild(arg, change) for arg in node.args)
    same = all(new is old for new, old in zip(args, node.args, strict=True))
    return change(node if same else replace(node, args=args))


def rebuilt(program: Program, change: Callable[[Node], Node]) -> Program:
    """`program` with `change` made to every node."""
    statements = tuple(replace(item, node=rebuild(item.node, change)) for item in program.statements)
    return replace(program, statements=statements, outputs=tuple(rebuild(node, change) for node in program.outputs))


def live_statements(program: Program) -> set[int]:
    """The numbers of the statements that the outputs need."""
    live: set[int] = set()
    stack = [node for output in program.outputs for node in walk(output)]
    while stack:
        node = stack.pop()
        if node.op == "ref" and int(node.number) not in live:
            live.add(int(node.number))
            stack.extend(walk(program.statements[int(node.number)].node))
    return live


def pruned(program: Program) -> Program:
    """`program` without statements and inputs that no output needs."""
    live = sorted(live_statements(program))
    number = {old: new for new, old in enumerate(live)}

    def renumber(node: Node) -> Node:
        return replace(node, number=number[int(node.number)]) if node.op == "ref" else node

    kept = replace(
        program,
        statements=tuple(
            replace(program.statements[old], node=rebuild(program.statements[old].node, renumber)) for old in live
        ),
        outputs=tuple(rebuild(node, renumber) for node in program.outputs),
    )
    used = {node.name for node in nodes(kept) if node.op == "input"}
    return replace(kept, inputs=tuple(item for item in kept.inputs if item.name in used))


def renamed(program: Program, names: dict[str, str]) -> Program:
    """`program` with other names for its inputs and statements."""

    def change(node: Node) -> Node:
        return replace(node, name=names.get(node.name, node.name)) if node.op == "input" else node

    moved = rebuilt(program, change)
    return replace(
        moved,
        inputs=tuple(replace(item, name=names.get(item.name, item.name)) for item in moved.inputs),
        statements=tuple(replace(item, name=names.get(item.name, item.name)) for item in moved.statements),
    )


# ---------------------------------------------------------------------------------------------------------- printing


def literal(value: float) -> str:
    """A number as the text has it.

    >>> literal(2), literal(2.0), literal(-0.5)
    ('2', '2.0', '-0.5')
    """
    return repr(value)


def subscript(items: tuple[Any, ...]) -> str:
    """The inside of `[...]`; a slice is a tuple of three."""

    def one(item: Any) -> str:
        if item is None:
            return "None"
        if isinstance(item, tuple):
            start, stop, step = ("" if part is None else str(part) for part in item)
            return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"
        return str(item)

    return ", ".join(one(item) for item in items)


class Printer:
    """Nodes -> text, for one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def at(self, node: Node, floor: int) -> str:
        """`node` where the grammar wants at least precedence `floor`."""
        written, level = self.node(node)
        return f"({written})" if level < floor else written

    def node(self, node: Node) -> tuple[str, int]:
        """The text of `node` and its precedence."""
        written, level = self.bare(node)
        return (f"({written})", ATOM) if node.wrapped and level < ATOM else (written, level)

    def bare(self, node: Node) -> tuple[str, int]:
        op, args = node.op, node.args
        if op == "input":
            return node.name, ATOM
        if op == "ref":
            return self.program.statements[int(node.number)].name, ATOM
        if op == "const":
            written = node.spelling or literal(node.number)
            return written, UNARY if written.startswith("-") else ATOM
        if op == "stack" and node.spelling == "array":
            return "array([" + ", ".join(self.at(arg, IFELSE) for arg in args) + "])", POSTFIX
        if op == "vector":
            return "[" + ", ".join(literal(value) for value in node.param("values")) + "]", ATOM
        if op in INFIX and not node.spelling.startswith("call "):
            sign, level, left, right = INFIX[op]
            if op in ("add", "sub") and node.spelling == "tight":
                sign = sign.strip()
            if node.spelling == "unicode":
                sign = {"mul": " × ", "sub": " − "}.get(op, sign)
            return f"{self.at(args[0], left)}{sign}{self.at(args[1], right)}", level
        if op == "neg":
            return "-" + self.at(args[0], UNARY), UNARY
        if op == "not":
            return "not " + self.at(args[0], NOT), NOT
        if op == "between":
            low, middle, high = (self.at(arg, SUM) for arg in args)
            return f"{low} < {middle} < {high}", COMPARE
        if op == "ifelse":
            test, body, orelse = args
            return f"{self.at(body, OR)} if {self.at(test, OR)} else {self.at(orelse, IFELSE)}", IFELSE
        if op == "index":
            return f"{self.at(args[0], POSTFIX)}[{subscript(node.param('items'))}]", POSTFIX
        return self.call(node)

    def call(self, node: Node) -> tuple[str, int]:
        """Functions, methods and attributes."""
        op, args, spelling = node.op, node.args, node.spelling
        if spelling == "T":
            return self.at(args[0], POSTFIX) + ".T", POSTFIX
        if spelling == "square":
            return self.at(args[0], POSTFIX) + "²", POWER
        if spelling == "Piecewise":
            test, body, orelse = (self.at(arg, IFELSE) for arg in args)
            return f"Piecewise(({body}, {test}), ({orelse}, True))", POSTFIX
        written = [self.at(arg, IFELSE) for arg in args]
        if op in ("concatenate", "stack"):
            written = [("[{}]" if node.param("brackets") else "({})").format(", ".join(written))]
        extra = self.parameters(node)
        if spelling.startswith("method "):
            name = spelling.removeprefix("method ")
            return f"{self.at(args[0], POSTFIX)}.{name}({', '.join(written[1:] + extra)})", POSTFIX
        name = spelling.removeprefix("call ") or op
        level = UNARY if name == "√" else POSTFIX  # is `√(x).T` the root of `x.T`? Nobody should have to know
        return f"{name}({', '.join(written + extra)})", level

    def parameters(self, node: Node) -> list[str]:
        """Axis, keepdims, a new shape, an order of axes."""
        extra = []
        if node.op == "reshape":
            dims = node.param("dims")
            if node.param("loose"):
                return [str(dim) for dim in dims]
            return ["(" + ", ".join(map(str, dims)) + ("," if len(dims) == 1 else "") + ")"]
        if node.op == "transpose" and node.param("order") is not None:
            return ["(" + ", ".join(map(str, node.param("order"))) + ")"]
        if (axis := node.param("axis")) is not None:
            extra.append(f"axis={axis}" if node.param("keyword", True) else str(axis))
        if node.param("keepdims"):
            extra.append("keepdims=True")
        return extra


def declaration(item: Input, dims: dict[int, str]) -> str:
    """`W: [5, n]`."""
    return f"{item.name}: [" + ", ".join(dims.get(dim, str(dim)) for dim in item.shape) + "]"


def text(program: Program) -> str:
    """The program as a user would type it."""
    printer, layout = Printer(program), program.layout
    lines = []
    if layout.declare == "text":
        lines += [declaration(item, dict(layout.dims)) for item in program.inputs if item.shape != ()]
    lines += [f"{item.name} = {printer.at(item.node, IFELSE)}" for item in program.statements]
    last = ", ".join(printer.at(node, OR if len(program.outputs) > 1 else IFELSE) for node in program.outputs)
    lines.append(f"{layout.output_name} = {last}" if layout.output_name and len(program.outputs) == 1 else last)
    if layout.comments and layout.separator == "\n":
        lines = ["# what follows is drawn at random", *(f"{line}  # line; {i}" for i, line in enumerate(lines)), ""]
    return layout.separator.join(lines)


def shapes(program: Program) -> dict[str, tuple[int | str, ...]] | None:
    """What the `shapes` option says, if it is the option that says it."""
    if program.layout.declare == "text":
        return None
    dims = dict(program.layout.dims)
    return {item.name: tuple(dims.get(dim, dim) for dim in item.shape) for item in program.inputs}
