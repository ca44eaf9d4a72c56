"""Further modes of a program of numbers for Numba: each is one loop over the points, as value and gradient are.

>>> from gradc.emit.targets.numba import program
>>> from gradc.language import parse
>>> text = program(parse("x*y**2"), ["x", "y"], False, "", ["hessian"]).text
>>> at = text.index("HESSIAN_PATTERN")
>>> print(text[at : text.index("@", at)].rstrip())
HESSIAN_PATTERN = ((0, 1), (1, 1))
<BLANKLINE>
<BLANKLINE>
def hessian(x, y):
    f, dx, dy, dx_y, dy_y = at_points(hessian_point, hessian_loop, ("x", "y"), (x, y), 5)
    return f, {"x": dx, "y": dy}, {("x", "y"): dx_y, ("y", "y"): dy_y}
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gradc.base.records import NamedTuple
from gradc.emit.layout import broken, default_of, indent
from gradc.emit.number_modes import PRODUCTS, blocks_of, worded
from gradc.graph.dag import Node
from gradc.optimize.second import DOT, Blocks
from gradc.plan.modes import listed_pairs

if TYPE_CHECKING:
    from gradc.emit.targets.numba import NumbersText


class Results(NamedTuple):
    """What a mode computes: values with their names, and the texts of what its function returns of them."""

    roots: list[Node | None]
    names: list[str]
    returned: list[str]


def mode_of(module: NumbersText, mode: str) -> tuple[list[str], list[list[str]]]:
    """The function of a mode, and those of numbers and of arrays that it calls."""
    order = [name for name in module.dag.inputs if name in module.wrt]
    blocks = blocks_of(mode, module.dag, order, module.literal, {}, mode == "hvp")
    dots = module.fresh([f"{each}_dot" for each in order], [*module.params.values(), *module.dag.inputs])
    dots = dots if mode in PRODUCTS else []
    found = _results(module, mode, blocks, order)
    stem = f"{module.function}_" if module.function else ""
    known = [*module.dag.inputs, *dots, *found.names]
    point, loop = module.fresh([f"{stem}{mode}_point", f"{stem}{mode}_loop"], known)
    seeded = bool(blocks.joint.seeds)
    said = f"{', '.join(found.names)} of numbers."
    parts = [
        module.point(point, blocks.joint, found.roots, said, dots, worded(blocks)),
        module.loop(loop, point, seeded, found.names, dots),
    ]
    df, call = module.own("df"), module.own("at_points")
    several = len(module.outputs) > 1
    adjoint = ([f"*{df}"] if several else [df]) if seeded else []
    shown = ([f"{df}[{at}]" for at in range(len(module.outputs))] if several else [df]) if seeded else []
    names = [f'"{each}"' for each in (*module.live, *dots, *shown)]
    given = [*module.live, *dots, *adjoint]
    args = [point, loop, _tuple(names), _tuple(given), str(len(found.names))]
    params = [*module.dag.inputs, *dots, *([df + default_of(len(module.outputs))] if seeded else [])]
    text = [
        *broken(f"def {stem}{mode}(", params, "):", closed=False),
        *indent([*module.called(found.names, call, args), f"return {', '.join(found.returned)}"]),
    ]
    if mode == "hessian":
        at = {name: i for i, name in enumerate(order)}
        pattern = listed_pairs(sorted((at[x], at[y]) for x, y in blocks.blocks))
        text = [f"HESSIAN_PATTERN = {pattern}", "", "", *text]
    return text, parts


def _results(module: NumbersText, mode: str, blocks: Blocks, order: Sequence[str]) -> Results:
    """Value, gradient and blocks; names that nobody else has, and dictionaries of them."""
    slopes = blocks.joint.gradients
    outputs = [name for name, _ in module.dag.outputs]
    roots: list[Node | None] = [*blocks.joint.outputs]
    stems = [*module.outputs]
    if blocks.grads:
        roots += [slopes.get(each) for each in order]
        stems += [f"d{each}" for each in order]
    if mode in PRODUCTS:
        moved = order if mode == "hvp" else outputs
        roots += [slopes.get(f"{each} {DOT}") for each in moved]
        stems += [f"{each}_dot" for each in stems[-len(moved) :]] if moved else []
    else:
        roots += blocks.blocks.values()
        d = "" if mode == "hessian" else "d"
        own = dict(zip(outputs, module.outputs, strict=True)) if mode == "jacobian" else {}
        stems += [f"d{own.get(one, one)}_{d}{other}" for one, other in blocks.blocks]
    names = module.fresh(stems, module.params.values())
    count = len(outputs)
    value = names[0] if count == 1 else _tuple(names[:count])
    rest = names[count:]
    if mode == "jvp":
        return Results(roots, names, [value, rest[0] if count == 1 else _tuple(rest)])
    if mode == "jacobian":
        at = dict(zip(blocks.blocks, rest, strict=True))
        rows = {f: {x: each for (g, x), each in at.items() if g == f} for f in outputs}
        return Results(roots, names, [value, _dict({f: _dict(row) for f, row in rows.items()})])
    grads = _dict(dict(zip(order, rest, strict=False)))
    last = rest[len(order) :]
    if mode == "hvp":
        return Results(roots, names, [value, grads, _dict(dict(zip(order, last, strict=True)))])
    pairs = [f'("{x}", "{y}"): {each}' for (x, y), each in zip(blocks.blocks, last, strict=True)]
    return Results(roots, names, [value, grads, f"{{{', '.join(pairs)}}}"])


def _dict(items: dict[str, str]) -> str:
    return "{" + ", ".join(f'"{key}": {value}' for key, value in items.items()) + "}"


def _tuple(items: Sequence[str]) -> str:
    return f"({', '.join(items)}{',' * (len(items) == 1)})"
