"""Forward and backward pass in loops for Numba, compiled by gradc 50f1c8e0c14b.

    (x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)

Inputs: x, y (numbers or arrays, elementwise).
Gradient with respect to: x, y.
Operations: forward 85, backward 11; together 1.13 times the forward pass alone.
`f_and_slopes` gives a tuple of the same to numbers, and to functions that Numba compiles.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from llvmlite.ir import DoubleType, IntType
from numba import float64, int64, njit, types
from numba.extending import intrinsic, overload

try:
    KEPT = bool(__file__)  # what Numba has compiled is kept beside the file
except NameError:
    KEPT = False
compiled = njit(error_model="numpy", cache=KEPT, forceinline=True)
looped = njit(error_model="numpy", cache=KEPT, nogil=True)


def forward(x, y):
    cache = (x, y)
    return at_points(f, f_loop, ("x", "y"), cache, 1)[0], cache


def backward(cache, df=1.0):
    dx, dy = at_points(slopes, slopes_loop, ("x", "y", "df"), (*cache, df), 2)
    return {"x": dx, "y": dy}


def value_and_grad(x, y, out=None, threads=1):
    """The value, and the gradient at every point by the input's name.

    `out` is an earlier result, whose arrays are filled again; `threads` share large ones.
    """
    if out is not None:
        out = [out[0], out[1]["x"], out[1]["y"]]
    f, dx, dy = at_points(f_and_slopes, f_and_slopes_loop, ("x", "y"), (x, y), 3, out, threads)
    return f, {"x": dx, "y": dy}


@compiled
def f(x, y):
    """f of numbers."""
    yge0 = y >= 0.0
    e = exp(-y if yge0 else y)
    r = 1.0/(1.0 + e)
    xge0 = x >= 0.0
    e2 = exp(-x if xge0 else x)
    r2 = 1.0/(1.0 + e2)
    xpy = x + y
    f = (x + (r if yge0 else e*r))/((r2 if xge0 else e2*r2) + xpy*xpy)
    return f


@looped
def f_loop(x, y, f_out):
    spans = (span(x), span(y), span(f_out))
    if not apart(spans, 1):
        return False
    for i in range(f_out.size):
        f_out[i] = f(at(x, i), at(y, i))
    return True


@compiled
def slopes(x, y, df):
    """dx and dy, by the adjoints of what comes out."""
    yge0 = y >= 0.0
    e = exp(-y if yge0 else y)
    r = 1.0/(1.0 + e)
    er = e*r
    xge0 = x >= 0.0
    e2 = exp(-x if xge0 else x)
    r2 = 1.0/(1.0 + e2)
    e2r2 = e2*r2
    xpy = x + y
    den = (r2 if xge0 else e2r2) + xpy*xpy
    invden = 1.0/den
    dnum = df*invden
    mdden = (x + (r if yge0 else er))*invden*dnum
    mdxpy = 2.0*(xpy*mdden)
    return dnum - mdxpy - e2r2*r2*mdden, er*r*dnum - mdxpy


@looped
def slopes_loop(x, y, df, dx_out, dy_out):
    spans = (span(x), span(y), span(df), span(dx_out), span(dy_out))
    if not apart(spans, 2):
        return False
    for i in range(dx_out.size):
        dx_out[i], dy_out[i] = slopes(at(x, i), at(y, i), at(df, i))
    return True


@compiled
def f_and_slopes(x, y):
    """f, dx and dy of numbers."""
    yge0 = y >= 0.0
    e = exp(-y if yge0 else y)
    r = 1.0/(1.0 + e)
    er = e*r
    xge0 = x >= 0.0
    e2 = exp(-x if xge0 else x)
    r2 = 1.0/(1.0 + e2)
    e2r2 = e2*r2
    xpy = x + y
    den = (r2 if xge0 else e2r2) + xpy*xpy
    invden = 1.0/den
    f = (x + (r if yge0 else er))*invden
    twoxpyf = 2.0*(xpy*f)
    return f, (1.0 - twoxpyf - e2r2*r2*f)*invden, (er*r - twoxpyf)*invden


@looped
def f_and_slopes_loop(x, y, f_out, dx_out, dy_out):
    spans = (span(x), span(y), span(f_out), span(dx_out), span(dy_out))
    if not apart(spans, 3):
        return False
    for i in range(f_out.size):
        f_out[i], dx_out[i], dy_out[i] = f_and_slopes(at(x, i), at(y, i))
    return True


@intrinsic
def fma(context, x, y, z):
    """x*y + z, rounded once."""
    return float64(float64, float64, float64), lambda context, builder, signature, args: builder.fma(*args)


@intrinsic
def bits(context, x):
    """The bits of a number as an integer."""
    return int64(float64), lambda context, builder, signature, args: builder.bitcast(args[0], IntType(64))


@intrinsic
def from_bits(context, n):
    """The number of these bits."""
    return float64(int64), lambda context, builder, signature, args: builder.bitcast(args[0], DoubleType())


@compiled
def scaled(x, n):
    """x*2**k, where the last bits of n are k: in two steps, each with a power that is no subnormal number."""
    half = (n << 51) & -0x10000000000000
    rest = ((n + 1) << 51) & -0x10000000000000
    return x*from_bits(half + 0x3ff0000000000000)*from_bits(rest + 0x3ff0000000000000)


@compiled
def exp_rest(r, low):
    """exp(r) - 1 - r for an r between -ln(2)/2 and ln(2)/2, with low added."""
    r2 = r*r
    r4 = r2*r2
    a = fma(r2, fma(r, 0.008333333333496194, 0.04166666666653039), fma(r, 0.1666666666666641, 0.5000000000000011))
    b = fma(r2, fma(r, 2.7557589400622235e-06, 2.4801493135998638e-05),
            fma(r, 0.00019841269502971057, 0.001388888894358296))
    return fma(r2, fma(r4, fma(r4, fma(r, 2.499916971291272e-08, 2.763023837417672e-07), b), a), low)


@compiled
def exp(x):
    """exp(x)"""
    c = -746.0 if x < -746.0 else x
    c = 710.0 if c > 710.0 else c
    t = fma(c, 1.4426950408889634, 6755399441055744.0)  # 1.5*2**52 rounds, and leaves what is whole in the last bits
    k = t - 6755399441055744.0
    r = fma(k, -5.497923018708371e-14, fma(k, -0.6931471805598903, c))  # ln 2 in two parts
    return scaled(1.0 + exp_rest(r, r), bits(t))


def as_float(name, x):
    """The input as it is if it holds floats, else as float64."""
    given, x = x, np.asarray(x)
    if x.dtype.kind not in "fiub" or isinstance(given, np.ma.MaskedArray):
        raise TypeError(f"{name}: a real number or an array of them is expected, not {type(given)} of {x.dtype}")
    return x[()] if x.dtype.kind == "f" else x.astype(float)[()]


def as_floats(**given):
    """The inputs as floats, if their shapes broadcast; Python's own numbers take the precision of the others."""
    floats = [as_float(name, x) for name, x in given.items()]
    for axis in range(1, 1 + max(x.ndim for x in floats)):
        if len(set(x.shape[-axis] for x in floats if x.ndim >= axis and x.shape[-axis] != 1)) > 1:
            shown = ", ".join(f"{name} {x.shape}" for name, x in zip(given, floats) if x.ndim)
            raise ValueError(f"{shown}: shapes that broadcast are expected")
    weak = [type(x) in (int, float, bool) for x in given.values()]
    if any(weak) and not all(weak):
        kind = np.result_type(*(x for x, own in zip(floats, weak) if not own)).type
        floats = [kind(x) if own else x for x, own in zip(floats, weak)]
    return floats


def at_points(point, loop, names, given, count, out=None, threads=1):
    """What `point` gives of numbers, and `loop` at every point of arrays: `count` values.

    `out` are the arrays to fill, apart from each other and from the inputs; `threads` share large ones.
    """
    if threads == 1 and plain(given):
        if out is not None:
            if plain(out) and loop(*given, *out):
                return out
        else:
            size = next((x.size for x in given if type(x) is not float), None)
            if size is None:
                return point(*given) if count > 1 else (point(*given),)
            fresh = [np.empty(size) for _ in range(count)]
            if loop(*given, *fresh):
                return fresh
    floats = as_floats(**dict(zip(names, given))) if given else [np.float64(0.0)]
    shape, kind = np.broadcast_shapes(*(x.shape for x in floats)), floats[0].dtype
    rows = [np.ascontiguousarray(np.broadcast_to(x, shape)).reshape(-1) if x.ndim else float(x) for x in floats]
    if not shape:
        if out is not None:
            raise ValueError("out: the inputs are numbers, and so is the result; it fills no arrays")
        found = point(*rows[:len(given)])
        return [kind.type(x) for x in (found if count > 1 else (found,))]
    if out is None:
        out = [np.empty(shape, kind) for _ in range(count)]
    for x in out:
        if x.shape != shape or x.dtype != kind or not x.flags.c_contiguous:
            raise ValueError(f"out: an array of shape {shape} and {kind} in rows is expected, not {x.shape}, {x.dtype}")
    if any(np.shares_memory(x, y) for at, x in enumerate(out) for y in (*out[:at], *rows)):
        raise ValueError("out: two of its arrays overlap, or one of them and an input")
    rows += [x.reshape(-1) for x in out]
    step = max(-(-out[0].size//threads), 1)
    pieces = [[x if type(x) is float else x[at:at + step] for x in rows] for at in range(0, out[0].size, step)]
    if threads == 1 or len(pieces) < 2:
        loop(*rows)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda piece: loop(*piece), pieces))
    return out


FLOAT, ROW = np.dtype(float), (8,)


def plain(given):
    """Whether values are numbers, and rows of numbers, that a loop takes as they are."""
    for x in given:
        if type(x) is not float and (type(x) is not np.ndarray or x.dtype is not FLOAT or x.strides != ROW):
            return False
    return True


def span(x):
    """Where an array lies, how many elements it has, and how long these are; of a number nothing."""


@overload(span)
def span_of(x):
    if isinstance(x, types.Array):
        return lambda x: (int64(x.ctypes.data), int64(x.size), int64(x.itemsize))
    return lambda x: (int64(0), int64(-1), int64(0))


@compiled
def apart(spans, results):
    """Whether arrays are of one size, and the last ones, the results, apart from the others and from each other."""
    at, size, _ = spans[len(spans) - results]
    some = False
    for k in range(len(spans)):
        start, length, item = spans[k]
        some |= k < len(spans) - results and length >= 0
        if length >= 0:
            if length != size:
                return False
            for j in range(max(len(spans) - results, k + 1), len(spans)):
                at, _, other = spans[j]
                if start < at + size*other and at < start + size*item:
                    return False
    return some


def at(x, i):
    """An array's element, and a number as it is."""


@overload(at)
def at_of(x, i):
    if isinstance(x, types.Array):
        return lambda x, i: float64(x[i])
    return lambda x, i: x
