"""Functions of whole arrays, by NumPy's names and rules, into gates.

What is a gate of the table in other words is made of it here (`hstack` is a `concatenate`, `diff` a difference of
slices); constant arrays and what needs the shapes of its arguments are made here, too. A function is called with its
arguments already in the order of its signature:

>>> signature("x, axis=None, keepdims=False")
(('x', True), ('axis', False), ('keepdims', False))
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from gradc.base.errors import GradcError
from gradc.graph.dag import Node, Shape
from gradc.graph.shapes import Dim, ShapeError, total
from gradc.language import advice, indexing
from gradc.language.values import POISON, Arg, Callee, Group, Text, Word
from gradc.ops import array as a
from gradc.ops import constant_arrays as c
from gradc.ops import routing as r
from gradc.ops import scalar as s
from gradc.ops.table import Op, lookup
from gradc.rewrite.simplify import number

if TYPE_CHECKING:
    from gradc.language.gates import Gates

# Keywords that say the same by another name, in NumPy, torch and JAX.
SAME = {
    "dim": "axis", "dims": "axis", "keepdim": "keepdims", "a": "x", "arr": "x", "m": "x", "ary": "x", "array": "x",
    "input": "x", "object": "x", "other": "y", "b": "y", "value": "fill_value", "diagonal": "k", "index": "indices",
    "shifts": "shift", "end": "stop",
}  # fmt: skip
# Keywords that change nothing here: values are floats in the inputs' precision.
IDLE = ("dtype", "copy", "order", "like", "device", "requires_grad", "out", "optimize", "casting", "subok")
# Types of elements, by the names that libraries have for them.
DTYPES = frozenset(
    "float16 float32 float64 float bfloat16 half double single int8 int16 int32 int64 uint8 int long short bool bool_ "
    "float_ int_ longlong LongTensor IntTensor FloatTensor DoubleTensor BoolTensor".split()
)
# A range of more numbers than this is no constant to write out.
LONGEST = 1_000_000


@lru_cache(maxsize=512)
def signature(text: str) -> tuple[tuple[str, bool], ...]:
    """The parameters of a function, and which of them must be given."""
    return tuple((part.split("=")[0].strip(), "=" not in part) for part in text.split(",")) if text else ()


class Call:
    """One call: its arguments by name, and where it stands."""

    def __init__(self, gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> None:
        self.gates, self.callee, self.args, self.first, self.last = gates, callee, args, first, last
        self.build = gates.build
        self.kind = ""  # "bool" or "int", where a type is asked for
        self.given: dict[str, Arg] = {}

    def bind(self, text: str) -> None:
        """Give each argument its parameter; GradcError for what is missing, surplus or unknown."""
        wanted = signature(text)
        names = [name for name, _ in wanted]
        free = list(names)
        for arg in self.args:
            key = arg.key if arg.key in names else SAME.get(arg.key, arg.key)
            if not key and free:
                key = free[0]
            if key in free:
                free.remove(key)
                self.given[key] = arg
            elif arg.key in IDLE:
                self.kind = kind_of_type(arg) if arg.key == "dtype" else self.kind
            elif arg.key:
                hint = advice.unknown_keyword(arg.key, names)
                raise self.gates.source.error(f"unknown keyword '{arg.key}'", arg.key_at, hint=hint)
            else:
                raise self.arity(names)
        if any(must and name not in self.given for name, must in wanted):
            raise self.arity([name for name, must in wanted if must])

    def arity(self, names: list[str]) -> GradcError:
        count = len(names)
        got = len([arg for arg in self.args if arg.key not in IDLE])
        said = f"{self.callee.name} takes {count} argument{'s' * (count != 1)} ({', '.join(names)}), got {got}"
        return self.error(said)

    def error(self, message: str, hint: str = "", at: str = "") -> GradcError:
        """An error that marks the whole call, or one argument."""
        arg = self.given.get(at)
        first, last = (arg.first, arg.last) if arg is not None else (self.first, self.last)
        return self.gates.source.error(message, first, last, hint)

    def __contains__(self, name: str) -> bool:
        """Whether an argument is given, and is not None."""
        arg = self.given.get(name)
        return arg is not None and not (isinstance(arg.value, Word) and arg.value.text == "None")

    # ---- arguments ---------------------------------------------------------------------------

    def value(self, name: str) -> Node:
        """An argument as a number or an array of them."""
        return self.gates.value(self.given[name])

    def arg(self, name: str) -> Arg:
        """The same with its place."""
        given = self.given[name]
        return Arg(self.gates.value(given), given.first, given.last)

    def array(self, name: str = "x") -> Node:
        """An argument that must be an array."""
        node = self.value(name)
        if not node.shape and node is not POISON:
            undeclared = self.gates.undeclared(node)
            if undeclared:
                raise self.gates.scalar_error(undeclared, self.callee.name, self.given[name])
            raise self.error(f"'{self.callee.name}' takes an array, and this is a number", at=name)
        return node

    def values(self, name: str = "x") -> list[Arg]:
        """The values of a list or tuple; the rows of an array of known length."""
        given = self.given[name]
        if isinstance(given.value, Group):
            return [Arg(self.gates.value(item), item.first, item.last) for item in given.value.items]
        node = self.array(name)
        size = self.shape(node)[0]
        if not isinstance(size, int):
            raise self.error(f"a list of arrays is wanted, and the number of rows, {size}, is not known", at=name)
        rows = [self.build.make(a.index, (node,), ((i,),)) for i in range(size)]
        return [Arg(row, given.first, given.last) for row in rows]

    def constant(self, name: str, default: Any = None) -> Any:
        """A whole number, a tuple of them or None."""
        return self.gates._constant(self.given[name]) if name in self.given else default

    def axis(self, name: str = "axis", default: Any = None) -> Any:
        """An axis or several; None for all."""
        return self.gates._static("axis", self.given[name]) if name in self else default

    def number(self, name: str, default: float = 0) -> float:
        """A written number."""
        if name not in self:
            return default
        node = self.value(name)
        if node.op is not s.const:
            raise self.error(f"'{name}' is a written number here", at=name)
        return number(node)

    def flag(self, name: str, default: bool = False) -> bool:
        return bool(self.number(name, int(default)))

    def text(self, name: str, default: str) -> str:
        """A string."""
        if name not in self:
            return default
        value = self.given[name].value
        if not isinstance(value, Text):
            raise self.error(f"'{name}' is a string here, as in {name}=\"{default}\"", at=name)
        return value.text

    def size(self, arg: Arg) -> Dim:
        """The size of an axis: a whole number, or a declared dimension."""
        value = arg.value
        if isinstance(value, str):
            return value
        if isinstance(value, Node) and value.op is s.size:
            return str(value.attr)
        if isinstance(value, Node) and value.op is s.const and type(number(value)) is int:
            return int(number(value))
        raise self.gates.source.error(
            "a size is a whole number, or a declared dimension", arg.first, arg.last, "declare it, as in x: [n, 3]"
        )

    def sizes(self, name: str) -> Shape:
        """A shape: a size, or several in brackets."""
        arg = self.given[name]
        items = arg.value.items if isinstance(arg.value, Group) else [arg]
        shape = tuple(self.size(item) for item in items)
        if any(isinstance(dim, int) and dim < 0 for dim in shape):
            raise self.error("a size is not negative", at=name)
        return shape

    def shape(self, node: Node) -> Shape:
        return self.build.dims.resolve(node.shape)

    def along(self, node: Node, axis: Any) -> int:
        """An axis of an array, counted from 0."""
        (at,) = self.placed(lambda: a.axes_of(axis, len(node.shape)))
        return int(at)

    # ---- gates -------------------------------------------------------------------------------

    def make(self, op: Op, *args: Node, **statics: Any) -> Node:
        """A gate, its static parameters by name; its errors mark the call's arguments."""
        attr = tuple(statics.get(key, default) for key, default in op.statics) or None
        given = [arg for arg in self.given.values() if isinstance(arg.value, (Node, Group))]
        node: Node = self.gates.placed(lambda: self.build.make(op, args, attr), op, given)
        return node

    def placed(self, work: Callable[[], Any]) -> Any:
        """What `work` gives, its errors marking the call's arrays."""
        given = [arg for arg in self.given.values() if isinstance(arg.value, Node) and arg.value.shape]
        given = given or [Arg(self.build.const(0), self.first, self.last)]
        try:
            return work()
        except ShapeError as error:
            raise self.gates.misfit(error, a.index, given) from None
        except GradcError as error:
            raise error if error.marks else self.error(error.message, error.hint) from None

    def filled(self, value: Node, shape: Shape) -> Node:
        """A number in a shape."""
        if not shape:
            return value
        if value.op is s.const and math.isfinite(number(value)):
            return self.make(c.full, shape=shape, value=number(value))
        return self.make(a.spread, value, shape=shape)

    def index(self, node: Node, *items: Any) -> Node:
        """node[items]; a slice is ("slice", start, stop, step)."""
        return self.make(a.index, node, index=items)


Function = Callable[[Call], Any]
FUNCTIONS: dict[str, tuple[str, Function]] = {}
# Functions of modules that are loaded when one of them is called, by name.
LATE: dict[str, str] = {
    name: module
    for module, names in {
        "rearranged": """
            flip flipud fliplr roll repeat repeat_interleave tile squeeze expand_dims unsqueeze atleast_1d
            atleast_2d swapaxes moveaxis movedim permute permute_dims ravel flatten broadcast_to pad hstack
            vstack row_stack column_stack dstack cat ix_ append block split array_split tensor_split chunk
            hsplit vsplit diag diagflat diagonal tri trace triu_indices tril_indices select
        """,
        "combined": """
            cumsum cumprod diff sort trapezoid trapz inner vdot kron cross outer tensordot einsum multi_dot
            matrix_power var std average ptp cov corrcoef convolve correlate radians deg2rad degrees rad2deg
            clip clamp polyval vander meshgrid indices gradient one_hot delete insert tolist item numpy
            contiguous logspace
        """,
        "torch_functions": """
            clone cpu cuda to type_as requires_grad_ retain_grad half view view_as reshape_as expand expand_as size
            numel nelement dim ndimension masked_fill narrow index_select gather mm bmm mv addmm baddbmm addmv t
            adjoint mT diag_embed with_diagonal frac vector_norm inverse ger cdist clamp_min clamp_max rsqrt lerp
            hardsigmoid hardswish celu glu softmin tanhshrink softshrink hardshrink prelu threshold linear bilinear
            embedding layer_norm batch_norm group_norm instance_norm rms_norm dropout scaled_dot_product_attention
        """,
        "torch_losses": """
            mse_loss l1_loss smooth_l1_loss huber_loss binary_cross_entropy binary_cross_entropy_with_logits kl_div
            cross_entropy nll_loss cosine_similarity normalize pairwise_distance triplet_margin_loss
            margin_ranking_loss soft_margin_loss hinge_embedding_loss cosine_embedding_loss gaussian_nll_loss
            poisson_nll_loss multi_margin_loss multilabel_soft_margin_loss
        """,
        "torch_distributions": "kl_divergence",
        "trees": "tree_leaves",
        "jax_functions": """
            squareplus hard_sigmoid hard_swish hard_silu standardize integer_pow segment_sum segment_max
        """,
        "convolutions": """
            conv1d conv2d conv_transpose1d conv_transpose2d unfold fold sliding_window_view
            max_pool1d max_pool2d avg_pool1d avg_pool2d
        """,
        "torch_further": """
            scatter scatter_add index_add bincount masked_select unbind unstack topk top_k
            scatter_reduce std_mean var_mean addcmul addcdiv dist cholesky_solve adaptive_avg_pool2d
            adaptive_max_pool2d interpolate upsample pixel_shuffle
        """,
        "data_functions": """
            isnan isinf isfinite nansum nanmean nanmax nanmin nan_to_num finfo iinfo median quantile percentile
            count_nonzero searchsorted digitize interp copysign fmod positive real conj conjugate logaddexp2
            geomspace shape ndim
            rot90 simpson simps cumulative_trapezoid cumtrapz cholesky solve_triangular cho_factor cho_solve
            lstsq block_diag toeplitz entr rel_entr boxcox add.outer subtract.outer multiply.outer divide.outer
            maximum.outer minimum.outer power.outer add.reduce multiply.reduce maximum.reduce minimum.reduce
            logaddexp.reduce add.accumulate multiply.accumulate maximum.accumulate minimum.accumulate
            diag_indices diag_indices_from extract ediff1d matrix_transpose fsum isscalar
        """,
        "quadrature": "leggauss roots_legendre hermgauss roots_hermite chebgauss",
        "scipy_functions": """
            binom boxcox1p cosm1 exprel inv_boxcox inv_boxcox1p poch pseudo_huber rgamma multigammaln
            iv jv kv yv jn kn yn ive k0 k1 y0 y1 eigh lfilter polyder gammainc gammaincc
            betainc stdtr eval_legendre eval_chebyt eval_chebyu eval_hermite eval_hermitenorm eval_laguerre
        """,
    }.items()
    for name in names.split()
}


def is_function(name: str) -> bool:
    """Whether a name is that of a function of whole arrays."""
    return name in FUNCTIONS or name in LATE


def function(names: str, parameters: str) -> Callable[[Function], Function]:
    """Register a function under its names."""

    def register(made: Function) -> Function:
        for name in names.split():
            FUNCTIONS[name] = parameters, made
        return made

    return register


def called(name: str) -> Callable[[Gates, Callee, list[Arg], int, int], Any]:
    """The function of a name, as the language calls one."""

    def call(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
        if name not in FUNCTIONS:
            import_module(f"gradc.language.{LATE[name]}")
        parameters, made = FUNCTIONS[name]
        bound = Call(gates, callee, args, first, last)
        bound.bind(parameters)
        if any(arg.value is POISON for arg in bound.given.values()):
            return POISON
        return made(bound)

    return call


# ---- constant arrays ---------------------------------------------------------------------------


def _shape_of(call: Call) -> Shape:
    """The shape of zeros((2, 3)), and of torch's zeros(2, 3)."""
    first = call.sizes("shape")
    more = [call.size(call.given[name]) for name in ("m", "k", "l") if name in call.given]
    return (*first, *more)


def kind_of_type(arg: Arg) -> str:
    """The kind of a type that is written: "bool", "int", or "" for floats."""
    text = arg.value.text.strip("_").lower() if isinstance(arg.value, (Text, Word)) else ""
    return "bool" if text.startswith("bool") else "int" if text.startswith(("int", "uint", "long", "short")) else ""


def _as_kind(call: Call, node: Node) -> Node:
    """An array as conditions, where they are asked for."""
    return call.make(r.ne, node, call.build.const(0)) if call.kind == "bool" else node


@function("zeros empty", "shape, m=None, k=None, l=None")
def _zeros(call: Call) -> Node:
    shape = _shape_of(call)
    return _as_kind(call, call.make(c.zeros, shape=shape) if shape else call.build.const(0.0))


@function("ones", "shape, m=None, k=None, l=None")
def _ones(call: Call) -> Node:
    shape = _shape_of(call)
    return _as_kind(call, call.make(c.ones, shape=shape) if shape else call.build.const(1.0))


@function("full", "shape, fill_value")
def _full(call: Call) -> Node:
    return _full_of(call, call.sizes("shape"))


def _full_of(call: Call, shape: Shape) -> Node:
    """A value in a shape; of True and False a mask, as NumPy has it."""
    written = call.gates.source.tokens[call.given["fill_value"].first]
    if written in ("True", "False"):
        call.kind = call.kind or "bool"
    return _as_kind(call, call.filled(call.value("fill_value"), shape))


@function("full_like", "x, fill_value")
def _full_like(call: Call) -> Node:
    return _full_of(call, call.shape(call.value("x")))


@function("zeros_like empty_like", "x")
def _zeros_like(call: Call) -> Node:
    shape = call.shape(call.value("x"))
    return _as_kind(call, call.make(c.zeros, shape=shape) if shape else call.build.const(0.0))


@function("ones_like", "x")
def _ones_like(call: Call) -> Node:
    shape = call.shape(call.value("x"))
    return _as_kind(call, call.make(c.ones, shape=shape) if shape else call.build.const(1.0))


@function("eye", "n, m=None, k=0")
def _eye(call: Call) -> Node:
    n = call.size(call.given["n"])
    m = call.size(call.given["m"]) if "m" in call else n
    return _as_kind(call, call.make(c.eye, n=n, m=m, k=int(call.number("k"))))


@function("identity", "n")
def _identity(call: Call) -> Node:
    n = call.size(call.given["n"])
    return _as_kind(call, call.make(c.eye, n=n, m=n))


@function("arange", "start, stop=None, step=None")
def _arange(call: Call) -> Node:
    """arange(n), arange(start, stop, step): of whole numbers, or of others that are written."""
    whole = c.arange
    if "stop" not in call:
        first = call.given["start"].value
        if not (isinstance(first, Node) and first.op is s.const and type(number(first)) is not int):
            return call.make(whole, size=call.size(call.given["start"]))
    ends = [call.given[name].value for name in ("start", "stop", "step") if name in call]
    if all(isinstance(end, Node) and end.op is s.const for end in ends):
        return _written_range(call, whole, [number(end) for end in ends])
    step = call.number("step", 1)
    if step != 1 or "stop" not in call:
        raise call.error("the steps of a range over a declared dimension are 1")
    start, stop = (call.size(call.given[name]) for name in ("start", "stop"))
    if not isinstance(start, int):
        size = total([stop, a.product((-1, start))])
        return call.make(s.add, call.make(c.arange, size=size), call.build.graph.node(s.size, (), start))
    return call.make(whole, size=total([stop, -start]), start=start)


def _written_range(call: Call, whole: Op, ends: list[float]) -> Node:
    start, stop, step = (0, ends[0], 1) if len(ends) == 1 else (*ends, 1)[:3]
    if step == 0:
        raise call.error("the step of a range is 0", at="step")
    size = max(0, math.ceil((stop - start) / step))
    if size > LONGEST:
        raise call.error(f"a range of {size} numbers is no constant: the largest has {LONGEST}")
    if all(type(end) is int for end in (start, stop, step)):
        return call.make(whole, size=size, start=start, step=step)
    values = tuple(start + i * step for i in range(size))
    return call.make(c.literal, values=values, shape=(size,))


@function("linspace", "start, stop, num=50, endpoint=True")
def _linspace(call: Call) -> Node:
    size = call.size(call.given["num"]) if "num" in call else 50
    ends = [call.value("start"), call.value("stop")]
    whole = call.flag("endpoint", True)
    if all(end.op is s.const for end in ends):
        return call.make(c.linspace, start=number(ends[0]), stop=number(ends[1]), size=size, endpoint=whole)
    grid = call.make(c.linspace, start=0, stop=1, size=size, endpoint=whole)
    return call.make(s.add, ends[0], call.make(s.mul, grid, call.make(s.sub, ends[1], ends[0])))


@function(
    "array asarray asarray_chkfinite asfarray asfortranarray fromiter tensor float64 float32 copy ascontiguousarray "
    "asanyarray astype type float double as_tensor from_numpy",
    "x, type=None, ndmin=None",
)
def _array(call: Call) -> Any:
    """array(x) is x; of a list it is the array of its values."""
    value = call.given["x"].value
    if isinstance(value, Group) and call.gates.is_written_mask(value, rows=True):
        return call.gates.condition(call.gates.array(value))
    if "type" in call and not isinstance(call.given["type"].value, Text):
        raise call.error(f"{call.callee.name} takes one list", "write [[1, 2], [3, 4]]", "type")
    if call.callee.name == "type" and "type" not in call:
        return Text("float")
    return of_kind(call, kind_of_type(call.given["type"]) if "type" in call else call.kind)


@function("int8 int16 int32 int64 uint8 long short", "x")
def _as_integers(call: Call) -> Any:
    return of_kind(call, "int")


@function("bool_", "x")
def _as_conditions(call: Call) -> Any:
    return of_kind(call, "bool")


def of_kind(call: Call, kind: str) -> Any:
    """An array as whole numbers, cut towards 0, as conditions, or as it is."""
    value = call.given["x"].value
    if kind == "bool":
        return value if isinstance(value, Node) and value.op.boolean else call.gates.condition(value)
    node = call.value("x")
    if kind == "int" and node.op not in (r.indicator, s.const, c.arange, c.zeros, c.ones) and not node.op.integer:
        trunc = lookup("trunc")
        assert trunc is not None
        return call.make(trunc, node)
    if node.op is a.stack and all(arg.op is s.const for arg in node.args):
        return call.make(c.literal, values=tuple(map(number, node.args)), shape=(len(node.args),))
    return node


# ---- taking ------------------------------------------------------------------------------------


def _integer(call: Call, name: str) -> Node:
    """An argument as integers: an index."""
    return call.gates.integers.of(
        call.gates._index_list(call.given[name].value, call.given[name])
        if isinstance(call.given[name].value, Group)
        else call.value(name),
        call.given[name],
    )


@function("take", "x, indices, axis=None, mode=None")
def _take(call: Call) -> Any:
    x, at = call.array(), _integer(call, "indices")
    if call.text("mode", "raise") != "raise":
        raise call.error("indices are taken as they are", "take them modulo the size, or clip them, before", "mode")
    axis = call.axis()
    if axis is None:
        x = call.make(a.reshape, x, shape=(-1,)) if len(x.shape) > 1 else x
        axis = 0
    every = ("slice", None, None, None)
    return call.placed(lambda: indexing.made(call.gates, x, (every,) * call.along(x, axis) + (at,)))


@function("take_along_axis take_along_dim", "x, indices, axis")
def _take_along_axis(call: Call) -> Any:
    """Along one axis by the indices, along the others place by place."""
    x, at, axis = call.array(), _integer(call, "indices"), call.axis()
    if axis is None:
        x, axis = call.make(a.reshape, x, shape=(-1,)), 0
    return _along(call, x, at, call.along(x, axis))


def _along(call: Call, x: Node, at: Node, axis: int) -> Any:
    if len(x.shape) != len(at.shape):
        raise call.error(f"the array has {len(x.shape)} axes, and the indices {len(at.shape)}")
    places: list[Node] = []
    for i, size in enumerate(call.shape(x)):
        if i == axis:
            places.append(at)
            continue
        steps = indexing.integers(call.gates, size)
        lead = tuple(None for _ in range(i)), tuple(None for _ in range(len(x.shape) - i - 1))
        items = (*lead[0], ("slice", None, None, None), *lead[1])
        places.append(call.index(steps, *items) if len(items) > 1 else steps)
    return call.placed(lambda: indexing.made(call.gates, x, tuple(places)))
