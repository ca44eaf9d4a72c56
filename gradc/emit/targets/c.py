"""The target `c`: one C99 file with functions of numbers, and a loop over arrays; nothing is needed but libm.

The lines are those of the joint graph of value and gradient, each computed once; a branch is a choice between numbers,
and what the side that is not taken computes goes nowhere. No allocation, no globals, no state. A Jacobian and the upper
triangle of a Hessian are the values of what is not zero by structure, row by row; a function gives where they stand.

>>> from gradc.language import parse
>>> text = program(parse("x*exp(y)"), ["x", "y"], False, "").text
>>> print(text[text.index("double f"):text.index("void")], end="")
double f(double x, double y)
{
    return x*exp(y);
}
<BLANKLINE>
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from gradc.base.files import COMPILED
from gradc.emit.layout import wrapped
from gradc.emit.modules import Emitted
from gradc.emit.number_lines import lines_in, refuse_arrays
from gradc.emit.target import Target
from gradc.emit.targets.c_forms import HELPERS, TAKEN, C
from gradc.graph.dag import Dag, Node, reachable
from gradc.optimize import Joint, optimize
from gradc.plan.modes import MODES

if TYPE_CHECKING:
    from gradc.optimize.second import Blocks

# The longest line of a function's head, and of the text around.
WIDTH = 100


def program(dag: Dag, wrt: Sequence[str], literal: bool, function: str, also: Sequence[str] = ()) -> Emitted:
    """The C file of a program of numbers; GradcError for arrays, and for a gate that C has no form for."""
    refuse_arrays(dag, "c")
    file = _File(dag, wrt, literal, function or "f")
    if len(dag.outputs) == 1:
        file.value()
    file.value_and_grad()
    for mode in also:
        if mode in PRODUCTS:
            file.product(mode)
        else:
            file.matrix(mode)
    return file.emitted()


PRODUCTS = ("jvp", "hvp")


class _File:
    """The functions of one program, and what they call."""

    def __init__(self, dag: Dag, wrt: Sequence[str], literal: bool, name: str) -> None:
        self.dag, self.literal = dag, literal
        self.wrt = list(wrt)
        self.order = [each for each in dag.inputs if each in wrt]  # of further modes
        own = {f"{name}{each}{n}" for each in ("", *(f"_{mode}" for mode in MODES)) for n in ("", "_n", "_pattern")}
        self.c = C._replace(taken=TAKEN | own - {name})
        self.name = self.c.own(name)
        self.inputs = self.c.renamed(dag.inputs)
        self.joint = optimize(dag, wrt, literal=literal)
        self.several = len(dag.outputs) > 1
        seeds = [f"df{at + 1}" for at in range(len(dag.outputs))] if self.several else []
        self.seeds = self.fresh(seeds, self.inputs.values())
        self.outputs = [each for each, _ in dag.outputs] if self.several else ["f"]
        self.called: dict[str, None] = {}
        self.text: list[str] = []

    def fresh(self, names: Iterable[str], others: Iterable[str]) -> list[str]:
        """Names that nobody else has."""
        taken = set(others)
        found: list[str] = []
        for each in names:
            found.append(self.c.own(each, taken))
            taken.add(found[-1])
        return found

    # ---- functions ---------------------------------------------------------------------------------------------------

    def value(self) -> None:
        """The function of the value."""
        body, (value,), _ = self.lines(self.joint, self.joint.outputs, [], [], None)
        params = [f"double {each}" for each in self.inputs.values()] or ["void"]
        self.text += [*_function(f"double {self.name}", params, [*body, f"return {value};"]), ""]

    def value_and_grad(self) -> None:
        """Value and gradient; of several outputs along their adjoints."""
        joint = optimize(self.dag, self.wrt, literal=self.literal, seeded=True) if self.several else self.joint
        roots = [*joint.outputs, *(joint.gradients[each] for each in self.wrt)]
        self.filled("value_and_grad", joint, self.seeds, roots, [*self.outputs, *self.slopes(self.wrt)])

    def product(self, mode: str) -> None:
        """A function along the tangents of the inputs."""
        from gradc.optimize.second import DOT, product  # loaded where it is asked for

        second = mode == "hvp"
        seeded = second and self.several
        blocks = product(self.dag, self.order, literal=self.literal, second=second, seeded=seeded)
        joint = blocks.joint
        seeds = self.seeds if seeded else []
        dots = self.fresh([f"{self.inputs[each]}_dot" for each in self.order], [*self.inputs.values(), *seeds])
        slopes = [joint.gradients.get(each) for each in self.order] if second else []
        results = [*self.outputs, *(self.slopes(self.order) if second else ())]
        moved = self.order if second else [each for each, _ in self.dag.outputs]
        results += [f"{each}_dot" for each in (self.slopes(self.order) if second else self.outputs)]
        roots = [*joint.outputs, *slopes, *(joint.gradients.get(f"{each} {DOT}") for each in moved)]
        self.filled(mode, joint, [*dots, *seeds], roots, results, of=_worded(blocks))

    def matrix(self, mode: str) -> None:
        """A function of the values that are not zero by structure, and one that says where they stand."""
        from gradc.optimize.second import hessian, jacobian

        second = mode == "hessian"
        found = (hessian if second else jacobian)(self.dag, self.order, literal=self.literal)
        columns = {name: at for at, name in enumerate(self.order)}
        rows = columns if second else {name: at for at, (name, _) in enumerate(self.dag.outputs)}
        self.pattern(mode, [(rows[one], columns[other]) for one, other in found.blocks], [*rows], [*columns])
        slopes = [found.joint.gradients[each] for each in self.order] if second else []
        results = [*self.outputs, *(self.slopes(self.order) if second else ())]
        roots = [*found.joint.outputs, *slopes, *found.blocks.values()]
        self.filled(mode, found.joint, [], roots, results, len(found.blocks), _worded(found))

    def pattern(
        self, mode: str, places: Sequence[tuple[int, int]], rows: Sequence[str], columns: Sequence[str]
    ) -> None:
        """The function that says where the values of a matrix stand."""
        starts = [bisect_left(places, (at, 0)) for at in range(len(rows) + 1)]  # they stand in this order
        what = "Jacobian" if mode == "jacobian" else "Hessian's upper triangle"
        by = "outputs" if mode == "jacobian" else "inputs"
        said = (
            f"Where the values of the {what} stand: those of row r from starts[r] up to starts[r + 1], each in its "
            f"column. Rows are the {by} {_few(rows)}, columns the inputs {_few(columns)}."
        )
        self.text += _comment([line.strip() for line in wrapped(said, WIDTH - 3)])
        self.text += [
            *_function(
                f"void {self.name}_{mode}_pattern",
                ["const int **starts", "const int **columns"],
                [
                    *_table("row_starts", starts),
                    *_table("in_column", [column for _, column in places]),
                    "*starts = row_starts;",
                    "*columns = in_column;",
                ],
            ),
            "",
        ]

    # ---- what they are made of ---------------------------------------------------------------------------------------

    def slopes(self, wrt: Sequence[str]) -> list[str]:
        return [f"d{self.inputs[each]}" for each in wrt]

    def lines(
        self, joint: Joint, roots: Sequence[Node | None], more: Sequence[str], results: Sequence[str], of: Joint | None
    ) -> tuple[list[str], list[str], list[str]]:
        """The lines that compute values, what these are called then, and the names of where they go.

        `more` are the numbers that the function takes beside the inputs: tangents, and the adjoints of outputs. Lines
        are called as in the graph `of`.
        """
        dots = [each for each in joint.dag.inputs if each not in self.inputs]
        given = {**self.inputs, **dict(zip(dots, more, strict=False))}
        lines = lines_in(joint, roots, given, self.c, more[len(dots) :], of)
        self.called.update(lines.called)
        values = ["0.0" if node is None else lines.operand(node)[0] for node in roots]
        wanted = {node for node in roots if node is not None}
        read = {arg for node in reachable(wanted) for arg in node.args} | wanted
        leaves = [*joint.dag.inputs.values(), *joint.seeds]
        silent = [f"(void){lines.names[leaf]};" for leaf in leaves if leaf not in read]
        return [*silent, *lines.lines], values, self.fresh(results, lines.names.values())

    def filled(
        self,
        mode: str,
        joint: Joint,
        more: Sequence[str],
        roots: Sequence[Node | None],
        results: Sequence[str],
        entries: int = -1,
        of: Joint | None = None,
    ) -> None:
        """A function that fills places, and the loop of it over n points, all arrays separate from each other.

        The last `entries` of the roots go into an array; its row of each point follows that of the point before.
        """
        outs = [f"{each}_out" for each in results] + ["values"] * (entries >= 0)
        body, found, outs = self.lines(joint, roots, more, outs, of)
        numbers = [*self.inputs.values(), *more]
        values = [f"{outs[-1]}[{at}]" for at in range(max(entries, 0))]
        places = [f"*{each}" for each in outs[: len(results)]] + values
        body += [f"{place} = {value};" for place, value in zip(places, found, strict=True)]
        if not entries:
            body.append(f"(void){outs[-1]};")
        name = f"{self.name}_{mode}"
        params = [*(f"double {each}" for each in numbers), *(f"double *{each}" for each in outs)]
        self.text += [*_function(f"void {name}", params, body), ""]
        params = ["size_t n", *(f"const double *restrict {each}" for each in numbers)]
        params += [f"double *restrict {each}" for each in outs]
        given = [*(f"{each}[i]" for each in numbers), *(f"&{each}[i]" for each in outs)]
        if entries >= 0:
            given[-1] = f"&{outs[-1]}[{entries}*i]" if entries else outs[-1]
        call = _broken(name, given, ";")
        loop = ["for (size_t i = 0; i < n; i++) {", *(f"    {line}" for line in call), "}"]
        self.text += [*_function(f"void {name}_n", params, loop), ""]

    def emitted(self) -> Emitted:
        joint = self.joint
        forward = sum(1 for node in reachable(joint.outputs) if node.args)
        backward = sum(1 for node in joint.nodes if node.args) - forward
        text = "\n".join([*self.head(forward, backward), *_used(self.called), *self.text])
        return Emitted(text, forward, backward, ())

    def head(self, forward: int, backward: int) -> list[str]:
        """What stands above the functions."""
        shown = self.dag.text.strip("\n").replace("*/", "* /").replace("\\", "\\\\").replace("/*", "/ *")
        shown = "".join(c if c.isprintable() or c == "\n" else "?" for c in shown[:4000])
        said = [
            "",
            *(f"    {line}" for line in shown.split("\n")),
            "",
            *wrapped(
                f"Inputs: {', '.join(self.dag.inputs) or 'none'} (numbers; arrays of n of them in the loop).", 100
            ),
            *wrapped(f"Gradient with respect to: {', '.join(self.wrt) or 'nothing'}.", 100),
            f"Operations: forward {forward}, backward {backward}.",
        ]
        title = f"Forward and backward pass, {COMPILED}."
        return [*_comment([title, *said], own_line=True), "#include <math.h>", "#include <stddef.h>", ""]


def _worded(blocks: Blocks) -> Joint:
    from gradc.emit.number_modes import worded

    return worded(blocks)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 20 else f"{names[0]}, {names[1]}, ..., {names[-1]}"


def _comment(lines: Sequence[str], own_line: bool = False) -> list[str]:
    rows = [f"/* {lines[0]}", *(f" * {line}".rstrip() for line in lines[1:])]
    return [*rows, " */"] if own_line else [*rows[:-1], f"{rows[-1]} */"]


def _table(name: str, numbers: Sequence[int]) -> list[str]:
    """A constant array; one of no numbers has a place all the same, as C wants it."""
    return _broken_at(f"static const int {name}[{max(len(numbers), 1)}] = {{", [str(n) for n in numbers or [0]], "};")


def _function(head: str, params: Sequence[str], lines: Sequence[str]) -> list[str]:
    return [*_broken(head, params), "{", *(f"    {line}" for line in lines), "}"]


def _broken(head: str, params: Sequence[str], tail: str = "") -> list[str]:
    return _broken_at(f"{head}(", params, f"){tail}")


def _broken_at(head: str, items: Sequence[str], tail: str) -> list[str]:
    """A list between brackets, in several lines where one is too short for it."""
    line = f"{head}{', '.join(items)}{tail}"
    if len(line) <= WIDTH:
        return [line]
    rows, row = list[str](), ""
    for each in items:
        if row and len(row) + len(each) > WIDTH - 10:
            rows.append(row.rstrip())
            row = ""
        row += f"{each}, "
    rows.append(row.rstrip(", "))
    return [head, *(f"    {each}" for each in rows[:-1]), f"    {rows[-1]}{tail}"]


def _used(called: Mapping[str, None]) -> list[str]:
    """The helpers that the lines call, in order; each calls libm alone."""
    return [line for name, text in HELPERS.items() if name in called for line in (f"static {text}", "")]


TARGET = Target(name="c", imports=(), helpers={}, forms={}, arrays=False, value_function=True, program=program)
