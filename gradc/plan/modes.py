"""The modes: which functions a module has, one row each.

A mode is a name, what its function is called behind a `--function-name`, a sentence, and how its function is written in
the style of the notes: `write(notes)` puts a `Def` together from what `Notes` (`gradc.plan.notes`) offers. The three
passes are in every module; the others are there when they are asked for (`also=("jvp",)`).

**How to add a mode.** Derive its graph in `gradc.derive` (Graph to Graph, with the builder of the program's gates,
`notes.program`), and write its function from rows:

* `notes.forward_rows(kept, after)`: the forward lines; `after(line)` gives the statements right under a line, such as
  `Assign(line.stmt.target + "_dot", notes.cut(tangent), Note())`;
* `notes.group(group)`: the adjoint lines of one gate, whose `note.of` is the forward line that heads them in a comment
  (statements with the same `of` in a row stand under one head, so a tangent under each adjoint keeps it);
* `Row(guard, statements)` and `notes.branches(rows)`: statements under their conditions; a tangent has its line's;
* `notes.prelude(names used, also=[("x_dot", shape)])`: inputs and tangents as floats, shapes checked, sizes bound;
* `notes.cut(node)`: an expression down to what has a name: give a node a name with `notes.names[node] = "num_dot"`
  before it is cut; names come from a `Namer`, so that none is taken twice;
* `notes.used(body)`, `notes.value`, `notes.gradients`, `notes.default_df`, `notes.callee("forward")`;
* `Return(value)`: a tuple or dict of values, nested as the signature says.

`facts.in_place`, `facts.arrays` and `facts.ifs` of the target are honoured by these parts; a mode that writes `Update`
itself asks `notes.facts.in_place` first.

>>> [mode.name for mode in MODES.values()][:3]
['forward', 'backward', 'value_and_grad']
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from gradc.base.records import NamedTuple
from gradc.plan.code import CALL, Def, Return, Unpack, made, name_of

if TYPE_CHECKING:
    from gradc.graph.dag import Dag
    from gradc.plan.notes import Notes


class Mode(NamedTuple):
    """One function of a module."""

    name: str
    suffix: str
    doc: str
    write: Callable[[Notes], Def]


def order_of(*modes: str) -> int:
    """Up to which order the functions of some modes compute derivatives."""
    return 2 if {"hvp", "hessian"} & {*modes} else 1


def _forward(notes: Notes) -> Def:
    cache = notes.cache
    lines = notes.branches(notes.forward_rows(cache))
    head = notes.prelude(notes.used(lines, notes.backward_body) if notes.program.sizes else ())
    back = Return((notes.value, tuple([name_of(name) for name in cache])))
    return Def(notes.function_name("forward"), notes.program.params, (*head, *lines, back), "forward")


def _backward(notes: Notes) -> Def:
    held, df = notes.words["cache"], notes.words["df"]
    head: list[Any] = [Unpack(notes.cache, name_of(held))] if notes.cache else []
    body = (*head, *notes.backward_body, Return(notes.gradients))
    defaults = {df: notes.default_df} if notes.default_df else {}
    return Def(notes.function_name("backward"), (held, df), body, "backward", defaults)


def _value_and_grad(notes: Notes) -> Def:
    """Both, one after the other."""
    inputs, held, f = notes.program.params, notes.words["cache"], notes.free("f")
    df = () if notes.default_df else (notes.words["df"],)
    value = made(CALL, *map(name_of, inputs), attr=(notes.callee("forward"),))
    grads = made(CALL, name_of(held), *map(name_of, df), attr=(notes.callee("backward"),))
    body = (Unpack((f, held), value), Return((name_of(f), grads)))
    return Def(notes.function_name("value_and_grad"), (*inputs, *df), body, "value_and_grad")


def _jvp(notes: Notes) -> Def:
    from gradc.plan.tangents import jvp_of  # loaded where it is asked for

    return jvp_of(notes)


def _hvp(notes: Notes) -> Def:
    from gradc.plan.tangents import hvp_of

    return hvp_of(notes)


def _jacobian(notes: Notes) -> Def:
    from gradc.plan.blocks import jacobian_of

    return jacobian_of(notes)


def _hessian(notes: Notes) -> Def:
    from gradc.plan.blocks import hessian_of

    return hessian_of(notes)


MODES = {
    mode.name: mode
    for mode in (
        Mode("forward", "_forward", "the value, and the cache that backward needs", _forward),
        Mode("backward", "_backward", "the gradient by input, contracted with df", _backward),
        Mode("value_and_grad", "", "the value and the gradient by input", _value_and_grad),
        Mode("jvp", "_jvp", "the value and its tangent along those of the inputs", _jvp),
        Mode("hvp", "_hvp", "the value, the gradient, and the Hessian times a vector", _hvp),
        Mode("jacobian", "_jacobian", "the value, and its derivatives by output and input", _jacobian),
        Mode("hessian", "_hessian", "the value, the gradient, and the second derivatives by pairs of inputs", _hessian),
    )
}
# What every module has; the others are for `also`.
PASSES = ("forward", "backward", "value_and_grad")


def needed(dag: Dag, also: Sequence[str]) -> list[str]:
    """The modes of `also`, and before each what its function calls: blocks of arrays are made of products."""
    if not also:
        return []
    from gradc.plan.gates import of_numbers

    calls = {} if of_numbers(dag) else {"jacobian": "jvp", "hessian": "hvp"}
    return [mode for name in also for mode in (calls.get(name, name), name)]


def listed_pairs(pairs: Sequence[tuple[int, int]]) -> str:
    """Pairs as text, a few lines of them where there are many."""
    rows = ["    " + ", ".join(map(str, pairs[at : at + 10])) + "," for at in range(0, len(pairs), 10)]
    return "\n".join(["(", *rows, ")"]) if len(pairs) > 10 else str(tuple(pairs))
