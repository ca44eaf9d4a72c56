"""Linear algebra: determinants by their logarithm, triangular factors, the pseudoinverse.

A matrix that is factored is taken as symmetric, and so is its gradient (Murray, Differentiation of the Cholesky
decomposition, 2016); the pseudoinverse is differentiated at constant rank (Golub and Pereyra, 1973).

>>> logdet.jvp
'sum(swap(inv(x))*x_dot, axis=(-2, -1))'
>>> triangular_vjp((2, 1), (), lower=True)[1]
'solve_triangular(swap(x), dout, lower=False)'
"""

from __future__ import annotations

from gradc.graph.dag import Shape
from gradc.graph.shapes import Dims
from gradc.ops import array_shapes
from gradc.ops.table import Say, Steep, Test, op

Ranks = tuple[int, ...]

_REGULAR = Steep(safe=["eye"])

# ---- determinants --------------------------------------------------------------------------------


def _logdet_vjp(ranks: Ranks, shapes: tuple[Shape, ...]) -> list[str]:
    dout = "dout" if ranks[0] == 2 else "expand(dout, axis=(-2, -1))"
    return [f"{dout}*swap(inv(x))"]


logdet = op(
    "logdet(x)",
    doc="logarithm of the absolute determinant, which neither overflows nor vanishes",
    vjps=_logdet_vjp,
    jvp="sum(swap(inv(x))*x_dot, axis=(-2, -1))",
    code="np.linalg.slogdet({x})[1]",
    shape=array_shapes.det,
    aliases="log_det log_determinant",
    needs="x not singular",
    steep=_REGULAR,
    say=Say(
        part="logdet scales by the inverse, transposed",
        short="ldet",
        why="log(det(A)) as logdet(A), which neither overflows nor vanishes",
    ),
    test=Test(sympy="log(Abs(det(x)))"),
)
det_sign = op(
    "det_sign(x)",
    doc="the sign of the determinant; its slope is 0",
    vjps=[""],
    jvp="0.0",
    code="np.linalg.slogdet({x})[0]",
    shape=array_shapes.det,
    public=False,
    say=Say(short="sgn"),
    test=Test(sympy="sign(det(x))"),
)

# ---- triangles -----------------------------------------------------------------------------------

_HALVED = '''
def halved(x):
    """The lower triangle of a matrix, half of its diagonal."""
    return np.tril(x) - 0.5*x*np.eye(x.shape[-1], dtype=x.dtype)
'''
halved = op(
    "halved(x)",
    doc="the lower triangle of a square matrix, half of its diagonal",
    linear=["halved(dout)"],
    code="halved({x})",
    helpers={"numpy": _HALVED},
    shape=array_shapes.square,
    public=False,
    say=Say(stem="half{x}", short="half"),
)


def _one_of(dims: Dims, x: Shape, lower: bool = False) -> Shape:
    return array_shapes.square(dims, x)


_TRIANGLE = '''
def triangular_part(x, lower=False):
    """One triangle of a matrix, zeros elsewhere."""
    return np.tril(x) if lower else np.triu(x)
'''
triangle = op(
    "triangular_part(x; lower=False)",
    doc="one triangle of a square matrix, zeros elsewhere",
    linear=["triangular_part(dout, lower=lower)"],
    code="triangular_part({x}{*statics})",
    helpers={"numpy": _TRIANGLE},
    shape=_one_of,
    public=False,
    say=Say(stem="tri{x}", short="tri"),
    test=Test(samples=[{"lower": False}, {"lower": True}]),
)

_MIDDLE = "swap(inv(out)) @ halved(swap(out) @ triangular_part(dout, lower=True)) @ inv(out)"
_ALONG = "inv(out) @ (0.5*(x_dot + swap(x_dot))) @ swap(inv(out))"
cholesky = op(
    "cholesky(x)",
    doc="the lower triangle z with z @ z.T = x, of a symmetric matrix",
    vjps=[f"0.5*({_MIDDLE} + swap({_MIDDLE}))"],
    jvp=f"out @ halved({_ALONG})",
    code="np.linalg.cholesky({x})",
    shape=array_shapes.square,
    needs="x symmetric, positive definite",
    steep=_REGULAR,
    say=Say(part="cholesky turns by its inverse, on either side", stem="chol{x}", short="chol"),
)

_SOLVE_TRIANGULAR = '''
def solve_triangular(x, y, lower=False):
    """The solution z of x @ z = y, of which only one triangle of x is looked at."""
    return np.linalg.solve(np.tril(x) if lower else np.triu(x), y)
'''


def triangular_vjp(ranks: Ranks, shapes: tuple[Shape, ...], lower: bool = False) -> list[str]:
    """As of solve, with the other triangle for the transpose; the gradient is a triangle, too."""
    back = f"solve_triangular(swap(x), dout, lower={not lower})"
    full = f"outer({back}, out)" if ranks[1] == 1 else f"{back} @ swap(out)"
    return [f"-triangular_part({full}, lower={lower})", back]


def _triangular(dims: Dims, x: Shape, y: Shape, lower: bool = False) -> Shape:
    return array_shapes.solved(dims, x, y)


solve_triangular = op(
    "solve_triangular(x, y; lower=False)",
    doc="the solution z of x @ z = y, x a triangle: the upper one, as SciPy has it",
    vjps=triangular_vjp,
    jvp="solve_triangular(x, y_dot - triangular_part(x_dot, lower=lower) @ out, lower=lower)",
    code={
        "numpy": "solve_triangular({x}, {y}{*statics})",
        "scipy": "linalg.solve_triangular({x}, {y}{*statics})",
    },
    helpers={"numpy": _SOLVE_TRIANGULAR},
    shape=_triangular,
    needs="no 0 on the diagonal of x",
    steep=Steep(safe=["eye", None]),
    say=Say(part="solve_triangular solves with the transpose", stem="sol{x}{y}", short="sol"),
    test=Test(samples=[{"lower": False}, {"lower": True}]),
)

# ---- the pseudoinverse ---------------------------------------------------------------------------


def _turned(dims: Dims, x: Shape) -> Shape:
    return array_shapes.swapped(dims, x)


# What is left of y beside the columns of x, and beside its rows.
_A = "swap(dout) @ (out @ swap(out))"
_B = "(swap(out) @ out) @ swap(dout)"
_C = "(out @ swap(out)) @ swap(x_dot)"
_D = "swap(x_dot) @ (swap(out) @ out)"
pinv = op(
    "pinv(x)",
    doc="the pseudoinverse of a matrix",
    vjps=[
        f"({_A} - x @ (out @ ({_A}))) + ({_B} - (({_B}) @ out) @ x) - swap(out) @ dout @ swap(out)"
    ],
    jvp=f"({_C} - (({_C}) @ x) @ out) + ({_D} - out @ (x @ ({_D}))) - out @ x_dot @ out",
    code="np.linalg.pinv({x})",
    shape=_turned,
    needs="x of constant rank nearby",
    say=Say(
        symbol="x⁺", part="pinv: minus {out}.T on either side, and what is beside", short="pin"
    ),
)
