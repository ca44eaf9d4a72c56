"""The stages on the way from text to text, for whoever works on gradc: a graph and a program as they are.

>>> from gradc.language import parse
>>> print(show_dag(parse("q = x + y; q*x")), end="")
%0  x
%1  y
%2  add(%0, %1)  q  `x + y`
%3  mul(%2, %0)  f  `q*x`
"""

from __future__ import annotations

from collections.abc import Iterator

from gradc.emit.operand import Printer, subscript
from gradc.graph.dag import Dag, Node
from gradc.graph.shapes import show
from gradc.ops.scalar import const, input_
from gradc.plan.program import Program, Stmt
from gradc.rewrite.simplify import number

# A piece of the program longer than this is not quoted.
LONGEST = 60


def show_dag(dag: Dag) -> str:
    """A node a line: number, operator, shape, the names it goes by, and where it was written."""
    lines = []
    for node in dag.nodes:
        names = [*dag.names.get(node, ()), *(name for name, out in dag.outputs if out is node)]
        span = dag.spans.get(node) if node.args else None
        text = " ".join(dag.text[span[0] : span[1]].split()) if span else ""
        parts = [
            f"%{node.id}",
            _node(node),
            show(dag.dims.resolve(node.shape)) if node.shape else "",
            ", ".join(dict.fromkeys(names)),
            f"`{text}`" if 0 < len(text) <= LONGEST else "",
            dag.rewrites.get(node, ""),
        ]
        lines.append("  ".join(filter(None, parts)))
    return "\n".join(lines) + "\n"


def _node(node: Node) -> str:
    if node.op is const:
        return repr(number(node))
    if node.op is input_:
        return str(node.attr)
    return repr(node).split(" = ", 1)[1]


def show_program(program: Program, target: str) -> str:
    """The statements of both passes, what the cache holds, and the gradients' names."""
    return "\n".join(_program(program, target)) + "\n"


def _program(program: Program, target: str) -> Iterator[str]:
    module, sizes = program.module, program.sizes
    printer = Printer(program.names, target, literal=program.literal, module=module, sizes=sizes, dims=program.dag.dims)
    yield f"inputs    {', '.join(program.inputs)}"
    for line in program.forward:
        yield f"{f'({line.number})':>8}  {line.stmt.target} = {printer.text(line.gate, unnamed=True)}"
    yield f"outputs   {', '.join(map(printer.text, program.outputs))}"
    yield f"cache     {', '.join(program.cache)}"
    for group in program.backward:
        number = f"({group.line.number})" if group.line else ""
        for stmt in group.stmts:
            yield f"{number:>8}  {_stmt(stmt, printer)}"
    yield f"gradients {', '.join(f'{name}: {mine or 0}' for name, mine in program.gradients.items())}"


def _stmt(stmt: Stmt, printer: Printer) -> str:
    own = printer.names.get(stmt.expr) == stmt.target
    text = printer.text(stmt.expr, unnamed=own)
    match stmt.kind:
        case "put":
            return f"{stmt.target}[{subscript(stmt.index)}] += {text}"
        case "=" | "+=":
            return f"{stmt.target} {stmt.kind} {text}"
        case "sum":
            return f"{stmt.target} = {stmt.target} + {text}"
    return f"{stmt.target}: {stmt.kind} ({text})"
