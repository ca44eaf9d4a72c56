"""What stands at the border of a branch: values made safe where they enter, and masks.

>>> held.vjps, PASSES_ON[held]
(('', 'where(c, dout, 0.0)', 'where(c, 0.0, dout)'), ('', 'dout', ''))
"""

from __future__ import annotations

from typing import Any

from gradc.graph.dag import Shape
from gradc.graph.shapes import Dims
from gradc.ops import bounds
from gradc.ops.array_shapes import Axis, axes_of
from gradc.ops.table import Fast, Say, Test, op

_SIDES = [(0.2, 3.0), (-3.0, 3.0), (-3.0, 3.0)]


def _reduced(dims: Dims, c: Shape, axis: Axis = None, keepdims: bool = False) -> Shape:
    gone = axes_of(axis, len(c))
    if keepdims:
        return tuple(1 if i in gone else dim for i, dim in enumerate(c))
    return tuple(dim for i, dim in enumerate(c) if i not in gone)


def _given(dims: Dims, c: Shape, index: Any = (), shape: Shape = ()) -> Shape:
    return shape


held = op(
    "held(c, x, y)",
    doc="x where the condition holds, else a number that is safe on the side that is not taken",
    vjps=["", "where(c, dout, 0.0)", "where(c, 0.0, dout)"],
    jvp="where(c, x_dot, y_dot)",
    code={"numpy": "np.where({c}, {x}, {y})", "math": "{x} if {c} else {y}"},
    bounds=lambda c, x, y: bounds.union(x, y),
    public=False,
    say=Say(stem="safe{x}", short="safe", part="passes on"),
    fast=Fast(value="where(c, x, y)"),
    test=Test(sympy="Piecewise((x, c), (y, True))", domain=_SIDES),
)
held_else = op(
    "held_else(c, y, x)",
    doc="x where the condition fails, else a number that is safe on the side that is not taken",
    vjps=["", "where(c, dout, 0.0)", "where(c, 0.0, dout)"],
    jvp="where(c, y_dot, x_dot)",
    code={"numpy": "np.where({c}, {y}, {x})", "math": "{y} if {c} else {x}"},
    bounds=lambda c, y, x: bounds.union(x, y),
    public=False,
    say=Say(stem="safe{x}", short="safe", part="passes on"),
    fast=Fast(value="where(c, y, x)"),
    test=Test(sympy="Piecewise((y, c), (x, True))", domain=_SIDES),
)
some = op(
    "some(c; axis=None, keepdims=False)",
    doc="whether a condition holds anywhere along the axes",
    code={"numpy": "np.any({c}{*statics})", "numpy_along": "np.any({c}{*along})"},
    shape=_reduced,
    boolean=True,
    public=False,
)
placed = op(
    "placed(c; index=None, shape=None)",
    doc="a condition at an index, false elsewhere",
    code="scatter({c}, np.s_[{index:subscript}], {shape:dims})",
    shape=_given,
    boolean=True,
    public=False,
    say=Say(stem="{c}in", short="into"),
)
so_far = op(
    "so_far(c; axis=0)",
    doc="whether a condition holds at an element or before it, along an axis",
    code="np.logical_or.accumulate({c}, {axis})",
    shape=lambda dims, c, axis=0: c,
    boolean=True,
    public=False,
)

# In a program the adjoint of what is behind a border is 0 where the branch is not taken: the
# branch has masked it, and all slopes at safe numbers are finite. So it is passed on as it is.
PASSES_ON = {held: ("", "dout", ""), held_else: ("", "", "dout")}
