"""Functions of a matrix as a whole: its exponential, the eigenvalues and eigenvectors of a symmetric one.

The slope of the exponential is a corner of the exponential of a matrix of twice the size (Van Loan, Computing integrals
involving the matrix exponential, 1978). A matrix whose eigenvalues are taken is taken as symmetric, and so is its
gradient; where two eigenvalues are the same, their vectors are left as they are.

>>> expm.jvp
'from_blocks(expm(into_blocks(x) + into_blocks(x_dot, at=1)), at=1)'
"""

from __future__ import annotations

from gradc.graph.dag import Shape
from gradc.graph.shapes import Dims, ShapeError, shared, total
from gradc.ops import array_shapes
from gradc.ops.table import Say, Test, op

# ---- the exponential -----------------------------------------------------------------------------


def _twice(dims: Dims, x: Shape, at: int = 0) -> Shape:
    *lead, rows, columns = array_shapes.square(dims, x)
    return (*lead, total([rows, rows]), total([columns, columns]))


def _half(dims: Dims, x: Shape, at: int = 0) -> Shape:
    *lead, rows, _ = array_shapes.square(dims, x)
    half = shared(rows, 2)
    if half is None:
        raise ShapeError(f"{rows} rows are not twice as many", args_at_fault=(0,))
    return (*lead, half, half)


_IN_BLOCKS = '''
def into_blocks(x, at=0):
    """[[x, 0], [0, x]], or at 1 [[0, x], [0, 0]]."""
    none = np.zeros_like(x)
    rows = ((none, x), (none, none)) if at else ((x, none), (none, x))
    return np.concatenate([np.concatenate(row, axis=-1) for row in rows], axis=-2)
'''
_OF_BLOCKS = '''
def from_blocks(x, at=0):
    """The sum of the two quarters on the diagonal of a matrix, or at 1 the upper right one."""
    n = x.shape[-1]//2
    return x[..., :n, n:] if at else x[..., :n, :n] + x[..., n:, n:]
'''
into_blocks = op(
    "into_blocks(x; at=0)",
    doc="a matrix as the two blocks on a diagonal, or as the upper right one",
    linear=["from_blocks(dout, at=at)"],
    code="into_blocks({x}{*statics})",
    helpers={"numpy": _IN_BLOCKS},
    shape=_twice,
    public=False,
    say=Say(stem="blocks{x}", short="blocks"),
    test=Test(samples=[{"at": 0}, {"at": 1}]),
)
from_blocks = op(
    "from_blocks(x; at=0)",
    doc="the sum of the blocks on the diagonal of a matrix, or the upper right one",
    linear=["into_blocks(dout, at=at)"],
    code="from_blocks({x}{*statics})",
    helpers={"numpy": _OF_BLOCKS},
    shape=_half,
    public=False,
    say=Say(stem="block{x}", short="block"),
    test=Test(samples=[{"at": 0}, {"at": 1}]),
)

_EXPM = '''
# The coefficients of Padé's quotient of degree 13 to the exponential, and up to which norm it is enough (Higham, 2005).
_PADE = (
    64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0, 129060195264000.0,
    10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0, 40840800.0, 960960.0, 16380.0, 182.0, 1.0,
)
_ENOUGH = 5.371920351148152


def expm(x):
    """The exponential of a matrix: Padé's quotient of the matrix halved often enough, and squared as often."""
    size = np.max(np.sum(np.abs(x), axis=-2), initial=0.0)
    times = int(np.ceil(np.log2(size/_ENOUGH))) if _ENOUGH < size < np.inf else 0
    x, one = x/2.0**times, np.eye(x.shape[-1], dtype=x.dtype)
    x2 = x @ x
    x4, x6 = x2 @ x2, x2 @ x2 @ x2
    c = _PADE
    odd = x6 @ (c[13]*x6 + c[11]*x4 + c[9]*x2) + c[7]*x6 + c[5]*x4 + c[3]*x2 + c[1]*one
    even = x6 @ (c[12]*x6 + c[10]*x4 + c[8]*x2) + c[6]*x6 + c[4]*x4 + c[2]*x2 + c[0]*one
    odd = x @ odd
    out = np.linalg.solve(even - odd, even + odd)
    for _ in range(times):
        out = out @ out
    return out
'''
expm = op(
    "expm(x)",
    doc="the exponential of a matrix",
    vjps=["from_blocks(expm(into_blocks(swap(x)) + into_blocks(dout, at=1)), at=1)"],
    jvp="from_blocks(expm(into_blocks(x) + into_blocks(x_dot, at=1)), at=1)",
    code={"numpy": "expm({x})", "scipy": "linalg.expm({x})"},
    helpers={"numpy": _EXPM},
    shape=array_shapes.square,
    say=Say(
        part="expm turns by a corner of the exponential in blocks",
        stem="exp{x}",
        short="exp",
    ),
)

# ---- eigenvalues ---------------------------------------------------------------------------------


def _row(dims: Dims, x: Shape) -> Shape:
    return array_shapes.square(dims, x)[:-1]


def _pairs(dims: Dims, x: Shape) -> Shape:
    if not x:
        raise ShapeError("a number has no gaps", args_at_fault=(0,))
    return (*x, x[-1])


def _eigvalsh_vjp(ranks: tuple[int, ...], shapes: tuple[Shape, ...]) -> list[str]:
    return ["(eigvecs(x)*expand(dout, axis=-2)) @ swap(eigvecs(x))"]


eigvalsh = op(
    "eigvalsh(x)",
    doc="the eigenvalues of a symmetric matrix, the smallest first",
    vjps=_eigvalsh_vjp,
    jvp="sum(eigvecs(x)*(0.5*(x_dot + swap(x_dot)) @ eigvecs(x)), axis=-2)",
    code="np.linalg.eigvalsh({x})",
    shape=_row,
    needs="x symmetric",
    say=Say(part="eigvalsh turns by the eigenvectors", stem="eig{x}", short="eig"),
)
_TURNED = "out @ (gap_quotients(eigvalsh(x))*(swap(out) @ dout)) @ swap(out)"
_ALONG = "swap(out) @ (0.5*(x_dot + swap(x_dot))) @ out"
eigvecs = op(
    "eigvecs(x)",
    doc="the eigenvectors of a symmetric matrix, in columns",
    vjps=[f"0.5*({_TURNED} + swap({_TURNED}))"],
    jvp=f"out @ (gap_quotients(eigvalsh(x))*({_ALONG}))",
    code="np.linalg.eigh({x})[1]",
    shape=array_shapes.square,
    public=False,
    needs="x symmetric, its eigenvalues apart",
    say=Say(part="the eigenvectors turn by gaps of the eigenvalues", stem="vec{x}", short="vec"),
)
_GAP_QUOTIENTS = '''
def gap_quotients(x):
    """1/(x[j] - x[i]) in row i and column j, 0 where they are the same."""
    gaps = x[..., None, :] - x[..., :, None]
    return np.where(gaps == 0, 0.0, 1.0/np.where(gaps == 0, 1.0, gaps)).astype(x.dtype, copy=False)
'''
gap_quotients = op(
    "gap_quotients(x)",
    doc="one over the gaps between the elements of a vector, and 0 where there is none",
    vjps=["sum(dout*out**2, axis=-1) - sum(dout*out**2, axis=-2)"],
    jvp="out**2*(expand(x_dot, axis=-1) - expand(x_dot, axis=-2))",
    code="gap_quotients({x})",
    helpers={"numpy": _GAP_QUOTIENTS},
    shape=_pairs,
    public=False,
    say=Say(stem="gaps{x}", short="gaps"),
)
