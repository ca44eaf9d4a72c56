"""The helpers that an emitted module carries: a few lines each, above its passes, as text of the target.

>>> "exp(-np.abs(x))" in HELPERS["numpy"]["sigmoid"]
True
"""

from __future__ import annotations

NUMPY = {
    "as_float": '''
def as_float(name, x):
    """The input as it is if it holds floats, else as float64."""
    given, x = x, np.asarray(x)
    if x.dtype.kind not in "fiub":
        raise TypeError(f"{name}: a real number or an array of them is expected, not {given!r:.60}")
    return x[()] if x.dtype.kind == "f" else x.astype(float)[()]
''',
    "as_floats": '''
def as_floats(**given):
    """The inputs as floats; Python's own numbers take the precision of the others."""
    floats = [as_float(name, x) for name, x in given.items()]
    weak = [type(x) in (int, float, bool) for x in given.values()]
    if any(weak) and not all(weak):
        kind = np.result_type(*(x for x, own in zip(floats, weak) if not own)).type
        floats = [kind(x) if own else x for x, own in zip(floats, weak)]
    return floats
''',
    "as_array": '''
def as_array(name, x, *shape):
    """The input as an array of floats of the given shape, in which a name stands for any size."""
    given, x = x, np.asarray(x)
    if x.dtype.kind not in "fiub":
        raise TypeError(f"{name}: real numbers are expected, not {given!r:.60}")
    if x.ndim != len(shape) or any(want != size and type(want) is not str for want, size in zip(shape, x.shape)):
        raise ValueError(f"{name}: shape ({', '.join(map(str, shape))}) is expected, not {x.shape}")
    return x if x.dtype.kind == "f" else x.astype(float)
''',
    "as_number": '''
def as_number(name, x, *others):
    """The input as a number; one of Python's own takes the precision of the arrays."""
    return np.result_type(*others).type(x) if type(x) in (int, float, bool) else as_array(name, x)[()]
''',
    "sigmoid": '''
def sigmoid(x):
    """1/(1 + exp(-x)), with exp of numbers below 0 only, so that it cannot overflow."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, e)/(1.0 + e)
''',
    "tanh_slope": '''
def tanh_slope(x):
    """1 - tanh(x)**2, written so that it keeps its digits in both tails."""
    e = np.exp(-2.0*np.abs(x))
    return 4.0*e/(1.0 + e)**2
''',
    "logsumexp": '''
def logsumexp(x, axis=None, keepdims=False):
    """log(sum(exp(x))), shifted by the largest element so that it cannot overflow."""
    top = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    shift = np.where(np.isfinite(top), top, 0.0)
    out = shift + log_total(np.exp(x - shift), axis)
    return out if keepdims else np.squeeze(out, axis=axis)[()]
''',
    "softmax": '''
def softmax(x, axis=-1):
    """exp(x)/sum(exp(x)), shifted by the largest element so that it cannot overflow."""
    top = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    e = np.exp(x - np.where(np.isfinite(top), top, 0.0))
    total = np.sum(e, axis=axis, keepdims=True)
    return e/np.where(total == 0, 1.0, total)
''',
    "log_softmax": '''
def log_softmax(x, axis=-1):
    """x - log(sum(exp(x))), shifted by the largest element so that it cannot overflow."""
    top = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    z = x - np.where(np.isfinite(top), top, 0.0)
    return z - log_total(np.exp(z), axis)
''',
    "log_total": '''
def log_total(e, axis):
    """log(sum(e)), where the largest is 1: of a sum that is little more, the digits are in the rest of it."""
    total = np.sum(e, axis=axis, keepdims=True)
    with np.errstate(divide="ignore"):
        out = np.log(total)
    if np.any(total < 1.5):
        rest = np.sum(np.where(first_max(e, axis), 0.0, e), axis=axis, keepdims=True)
        out = np.where((total >= 1.0) & (total < 1.5), np.log1p(rest), out)
    return out
''',
    "norm": '''
def norm(x, axis=None, keepdims=False):
    """sqrt(sum(x**2)), scaled by the largest element so that it can neither overflow nor vanish."""
    top = np.max(np.abs(x), axis=axis, keepdims=True, initial=0.0)
    scale = np.where((top == 0) | ~np.isfinite(top), 1.0, top)
    out = scale*np.sqrt(np.sum((x/scale)**2, axis=axis, keepdims=True))
    return out if keepdims else np.squeeze(out, axis=axis)[()]
''',
    "rows": '''
def rows(x, axis):
    """x with the reduced axes flattened into the last one, and the way back."""
    gone = range(x.ndim) if axis is None else [a % x.ndim for a in np.atleast_1d(axis)]
    order = [a for a in range(x.ndim) if a not in gone] + list(gone)
    moved = np.transpose(x, order)
    kept = moved.shape[:x.ndim - len(gone)]
    flat = moved.reshape(kept + (int(np.prod(moved.shape[len(kept):])),))
    return flat, lambda y: np.transpose(y.reshape(moved.shape), np.argsort(order))
''',
    "others": '''
def others(x, axis=None):
    """For each element the product of all the others along the axes: what is before it times what is after it."""
    flat, back = rows(x, axis)
    out = np.ones_like(flat)
    np.cumprod(flat[..., :-1], axis=-1, out=out[..., 1:])
    out[..., :-1] *= np.cumprod(flat[..., :0:-1], axis=-1)[..., ::-1]
    return back(out)
''',
    "quotients": '''
def quotients(x):
    """For each element of a vector the product of all the others: the whole product by it, where that loses nothing."""
    try:
        with np.errstate(under="raise", over="ignore", invalid="ignore"):
            whole = np.multiply.reduce(x)
    except FloatingPointError:
        return others(x)
    return whole/x if 0.0 < abs(whole) < np.inf else others(x)
''',
    "from_heaviest": '''
def from_heaviest(x, weights, axis=-1):
    """x less its element where the weight is largest: next to one weight of all but 1 the others keep their digits."""
    flat, back = rows(x if x.dtype.kind == "f" else x.astype(weights.dtype), axis)
    if flat.size == 0:
        return x.copy()
    return back(flat - np.take_along_axis(flat, np.argmax(rows(weights, axis)[0], axis=-1)[..., None], -1))
''',
    "first_max": '''
def first_max(x, axis=None):
    """True at the first largest element along the axes, False elsewhere."""
    flat, back = rows(x, axis)
    if flat.size == 0:
        return np.zeros(x.shape, bool)
    return back(np.arange(flat.shape[-1]) == np.argmax(flat, axis=-1)[..., None])
''',
    "cofactor": '''
def cofactor(x):
    """The matrix of cofactors from the singular values: det(x)*inv(x).T where x is regular, and finite where not."""
    u, s, v = np.linalg.svd(x)
    sign = np.linalg.det(u)*np.linalg.det(v)
    return sign[..., None, None]*((u*others(s, -1)[..., None, :]) @ v)
''',
    "sigmoid_slope": '''
def sigmoid_slope(x):
    """sigmoid(x)*sigmoid(-x), with exp of numbers below 0 only, so that it keeps its digits in both tails."""
    e = np.exp(-np.abs(x))
    return e/(1.0 + e)**2
''',
    "toward": '''
def toward(x, y):
    """x/hypot(x, y), the slope of hypot; 0 at the origin."""
    h = np.hypot(x, y)
    return x/np.where(h == 0, 1.0, h)
''',
    "over_square": '''
def over_square(x, y):
    """x/(x**2 + y**2), without overflow; 0 at the origin."""
    h = np.hypot(x, y)
    h = np.where(h == 0, 1.0, h)
    return x/h/h
''',
    "unit": '''
def unit(x, axis=None):
    """x by its norm, the slope of a norm; 0 at 0."""
    n = norm(x, axis, True)
    return x/np.where(n == 0, 1.0, n)
''',
    "pairs": '''
def pairs(x, w, axis=None):
    """How the product of all others of an element changes along w: w in place of each factor in turn."""
    flat, back = rows(x, axis)
    along = rows(np.broadcast_to(w, x.shape), axis)[0]
    n, kept, dtype = flat.shape[-1], flat.shape[:-1], np.result_type(flat, along)
    out, change = np.empty(flat.shape, dtype), np.empty(flat.shape, dtype)
    product, slope = np.ones(kept, dtype), np.zeros(kept, dtype)
    for i in range(n):  # what is before an element, and how that changes
        out[..., i], change[..., i] = product, slope
        product, slope = product*flat[..., i], slope*flat[..., i] + product*along[..., i]
    product, slope = np.ones(kept, dtype), np.zeros(kept, dtype)
    for i in range(n - 1, -1, -1):  # times what is after it
        out[..., i] = change[..., i]*product + out[..., i]*slope
        product, slope = product*flat[..., i], slope*flat[..., i] + product*along[..., i]
    return back(out)
''',
    "cofactor_slope": '''
def cofactor_slope(x, w):
    """How the matrix of cofactors changes along w, from the singular values: finite at singular matrices, too."""
    u, s, v = np.linalg.svd(x)
    sign = np.linalg.det(u)*np.linalg.det(v)
    n = s.shape[-1]
    rest = np.zeros((*s.shape, n), s.dtype)  # the product of all singular values but two
    for i in range(n):
        keep = [k for k in range(n) if k != i]
        rest[..., i, keep] = others(s[..., keep], -1)
    turned = np.swapaxes(u, -1, -2) @ w @ np.swapaxes(v, -1, -2)
    out = -np.swapaxes(turned, -1, -2)*rest
    out += np.eye(n, dtype=s.dtype)*(rest @ np.diagonal(turned, axis1=-2, axis2=-1)[..., None])
    return sign[..., None, None]*(u @ out @ v)
''',
    "scatter": '''
def scatter(x, index, shape):
    """Zeros of a shape, with x added at an index."""
    out = np.zeros(shape, np.asarray(x).dtype)
    out[index] += x
    return out
''',
    "erf": '''
_ERF = np.array([math.erf(k/64) for k in range(-384, 385)])


def erf(x):
    """The error function: a table, and from its nearest point the Taylor series of exp(-s**2), integrated."""
    x = np.asarray(x)
    out = np.empty(x.shape)
    flat, into = np.clip(x.ravel(), -6.0, 6.0).astype(float), out.reshape(-1)  # erf(6) is 1.0
    for at in range(0, flat.size, 8192):  # slices that stay in cache
        u = flat[at:at + 8192]
        t = u*64.0 + 6755399441055744.0  # 1.5*2**52 rounds, and leaves the table's index in the low bits
        near = _ERF.take(t.view(np.int64) - (0x4338000000000000 - 384), mode="clip")
        t = (t - 6755399441055744.0)*0.015625
        d, m = u - t, (u + t)**2
        dd = d*d
        c = 1.0 + dd*((m - 2.0)*(1/24) + dd*((m - 12.0)*m + 12.0)*(1/1920))
        into[at:at + 8192] = near + c*np.exp(-0.25*m)*d*1.1283791670955126
    return out.astype(x.dtype, copy=False)[()]
''',
    "erfc": '''
_AT = np.arange(-1536, 6977)/256
_ERFC = np.array([math.erfc(k) for k in _AT.tolist()])
_SLOPE = np.array([1.1283791670955126*math.exp(-k*k) for k in _AT.tolist()])


def erfc(x):
    """1 - erf(x), to full precision for large x: a table, and the Taylor series from its nearest point, integrated."""
    x = np.asarray(x)
    out = np.empty(x.shape)
    flat, into = np.clip(x.ravel(), -6.0, 27.25).astype(float), out.reshape(-1)
    for at in range(0, flat.size, 8192):  # slices that stay in cache
        u = flat[at:at + 8192]
        t = u*256.0 + 6755399441055744.0  # 1.5*2**52 rounds, and leaves the table's index in the low bits
        i = t.view(np.int64) - (0x4338000000000000 - 1536)
        t = (t - 6755399441055744.0)*0.00390625
        d, m = u - t, (u + t)**2
        dd = d*d
        c = (m - 12.0)*m + 12.0 + dd*((m - 30.0)*m + 180.0)*m*(1/168)
        c = 1.0 + dd*(1/24)*(m - 2.0 + dd*(1/80)*c)
        into[at:at + 8192] = _ERFC.take(i, mode="clip") - c*np.exp((t + 0.25*d)*-d)*d*_SLOPE.take(i, mode="clip")
    return out.astype(x.dtype, copy=False)[()]
''',
    "select": '''
def select(c, x, y, out):
    """out = x where c holds, else y: by their bits, without a branch that is guessed wrong half the time."""
    kind = {2: np.int16, 4: np.int32, 8: np.int64}.get(out.itemsize)
    if kind is None:
        out[...] = np.where(c, x, y)
        return
    mask = -c.view(np.int8)  # all bits where c holds, none where not
    if y is out:
        x, y, mask = y, x, ~mask
    x, y, z = np.asarray(x, out.dtype).view(kind), np.asarray(y, out.dtype).view(kind), out.view(kind)
    np.bitwise_xor(x, y, out=z)
    np.bitwise_and(z, mask, out=z)
    np.bitwise_xor(z, y, out=z)
''',
    "masked": '''
def masked(x, c, out, holds=True):
    """out = x where c holds (or where it does not), else 0: by bits, and so for inf and nan too."""
    kind = {2: np.int16, 4: np.int32, 8: np.int64}.get(out.itemsize)
    if kind is None:
        out[...] = np.where(c, x, 0.0) if holds else np.where(c, 0.0, x)
        return
    mask = -c.view(np.int8) if holds else c.view(np.int8) - 1
    np.bitwise_and(np.asarray(x, out.dtype).view(kind), mask, out=out.view(kind))
''',
    "in_blocks": '''
BLOCK = 16384  # elements that a kernel works on at a time, so that its buffers stay in cache


def cut(shape, block):
    """Indices that cut an array of a shape into pieces of at most a block, in order."""
    inner = 1
    for axis in range(len(shape) - 1, -1, -1):
        if inner*shape[axis] > block:
            break
        inner *= shape[axis]
    step = max(block//inner, 1)
    return [(*outer, slice(at, at + step)) for outer in np.ndindex(*shape[:axis]) for at in range(0, shape[axis], step)]


def in_blocks(kernel, inputs, count, floats, masks, out=None, threads=1):
    """The arrays that a kernel fills, in the shape that its inputs broadcast to.

    They are cut into blocks, and a kernel's scratch is as large as a block: `floats` buffers of numbers and
    `masks` of truth values. An array that fits into one block is worked on whole, whatever its strides.
    """
    shape, dtype = inputs[0].shape, inputs[0].dtype
    for x in inputs:
        if x.shape != shape or x.dtype != dtype:
            shape, dtype = np.broadcast_shapes(*[x.shape for x in inputs]), np.result_type(*inputs)
            inputs = [x if x.shape == shape or not x.ndim else np.broadcast_to(x, shape) for x in inputs]
            break
    if out is None or not shape:
        first = np.empty(shape or 1, dtype)
        if first.size > BLOCK and count > 1:
            # What the other results take, made and given back: the allocator then keeps it at hand from call to call.
            np.empty(min((count - 1)*first.nbytes, 30*2**20), np.int8)
        out = [first] + [np.empty(first.shape, dtype) for _ in range(count - 1)]
    elif any(np.may_share_memory(x, y) for x in inputs for y in out):
        raise ValueError("out: an array that is an input, too, would be written over while it is read")
    for x in out:
        if x.shape != (shape or (1,)) or x.dtype != dtype:
            raise ValueError(f"out: an array of shape {shape} and {dtype} is expected, not of {x.shape} and {x.dtype}")
    block = BLOCK if floats <= 32 else max(32*BLOCK//floats, 64)  # many buffers fit into cache if they are short
    if out[0].size <= block:
        like = out[0].shape
        scratch = [np.empty(like, dtype) for _ in range(floats)] + [np.empty(like, bool) for _ in range(masks)]
        if out[0].size:
            kernel(*inputs, *out, *scratch)
        return out if shape else [x[0] for x in out]
    if all(x.flags.c_contiguous for x in (*inputs, *out)):
        arrays = [x.reshape(-1) if x.ndim else x for x in (*inputs, *out)]
    else:
        arrays = [*inputs, *out]
    if threads > 1:
        block = min(4*block, -(-out[0].size//threads))  # they wait for each other less often over longer blocks
    pieces = cut(arrays[-1].shape, block)
    errors = np.geterr()  # which a thread doesn't inherit

    def run(pieces):
        buffers = [np.empty(block, dtype) for _ in range(floats)] + [np.empty(block, bool) for _ in range(masks)]
        like = None
        with np.errstate(**errors):
            for piece in pieces:
                views = [x[piece] if x.ndim else x for x in arrays]
                if views[-1].shape != like:
                    like, size = views[-1].shape, views[-1].size
                    scratch = [buffer[:size].reshape(like) for buffer in buffers]
                kernel(*views, *scratch)

    if threads == 1:
        run(pieces)
    else:
        from concurrent.futures import ThreadPoolExecutor

        share = -(-len(pieces)//threads)
        with ThreadPoolExecutor(threads - 1) as pool:
            rest = pool.map(run, [pieces[at:at + share] for at in range(share, len(pieces), share)])
            run(pieces[:share])
            list(rest)
    return out
''',
    "erf_into": '''
def erf_into(x, out, a, b, c, d):
    """out = erf(x), block by block: the same table and series, with a, b, c and d as scratch."""
    if out.dtype != float:
        out[...] = erf(x)
        return
    np.clip(x, -6.0, 6.0, out=c)
    np.multiply(c, 64.0, out=a)
    np.add(a, 6755399441055744.0, out=a)
    near = b.view(np.int64)
    np.subtract(a.view(np.int64), 0x4338000000000000 - 384, out=near)
    np.take(_ERF, near, out=out, mode="clip")
    np.subtract(a, 6755399441055744.0, out=a)
    np.multiply(a, 0.015625, out=a)
    np.subtract(c, a, out=b)  # d
    np.add(c, a, out=a)
    np.multiply(a, a, out=a)  # m
    np.multiply(a, -0.25, out=c)
    np.exp(c, out=c)
    np.multiply(c, b, out=c)
    np.multiply(c, 1.1283791670955126, out=c)
    np.multiply(b, b, out=b)  # dd
    np.subtract(a, 12.0, out=d)
    np.multiply(d, a, out=d)
    np.add(d, 12.0, out=d)
    np.multiply(d, b, out=d)
    np.multiply(d, 1/80, out=d)
    np.subtract(a, 2.0, out=a)
    np.add(d, a, out=d)
    np.multiply(d, b, out=d)
    np.multiply(d, 1/24, out=d)
    np.multiply(d, c, out=d)
    np.add(c, d, out=c)
    np.add(out, c, out=out)
''',
    "erfc_into": '''
def erfc_into(x, out, a, b, c, d, e):
    """out = erfc(x), block by block: the same tables and series, with a, b, c, d and e as scratch."""
    if out.dtype != float:
        out[...] = erfc(x)
        return
    np.clip(x, -6.0, 27.25, out=c)
    np.multiply(c, 256.0, out=a)
    np.add(a, 6755399441055744.0, out=a)
    near = e.view(np.int64)
    np.subtract(a.view(np.int64), 0x4338000000000000 - 1536, out=near)
    np.subtract(a, 6755399441055744.0, out=a)
    np.multiply(a, 0.00390625, out=a)  # t
    np.subtract(c, a, out=b)  # d
    np.add(c, a, out=c)
    np.multiply(c, c, out=c)  # m
    np.multiply(b, -0.25, out=d)
    np.subtract(d, a, out=d)
    np.multiply(d, b, out=d)
    np.exp(d, out=d)
    np.multiply(d, b, out=d)
    np.take(_SLOPE, near, out=a, mode="clip")
    np.multiply(d, a, out=d)
    np.take(_ERFC, near, out=out, mode="clip")
    np.multiply(b, b, out=b)  # dd
    np.subtract(c, 30.0, out=a)
    np.multiply(a, c, out=a)
    np.add(a, 180.0, out=a)
    np.multiply(a, c, out=a)
    np.multiply(a, b, out=a)
    np.multiply(a, 1/168, out=a)
    np.subtract(c, 12.0, out=e)
    np.multiply(e, c, out=e)
    np.add(e, 12.0, out=e)
    np.add(a, e, out=a)
    np.multiply(a, b, out=a)
    np.multiply(a, 1/80, out=a)
    np.subtract(c, 2.0, out=c)
    np.add(a, c, out=a)
    np.multiply(a, b, out=a)
    np.multiply(a, 1/24, out=a)
    np.multiply(a, d, out=a)
    np.add(a, d, out=a)
    np.subtract(out, a, out=out)
''',
}

MATH = {
    "sigmoid": '''
def sigmoid(x):
    """1/(1 + exp(-x)), with exp of numbers below 0 only, so that it cannot overflow."""
    if x >= 0.0:
        return 1.0/(1.0 + math.exp(-x))
    e = math.exp(x)
    return e/(1.0 + e)
''',
    "softplus": '''
def softplus(x):
    """log(1 + exp(x)), with exp of numbers below 0 only, so that it cannot overflow."""
    return (x if x > 0.0 else 0.0) + math.log1p(math.exp(-abs(x)))
''',
    "tanh_slope": '''
def tanh_slope(x):
    """1 - tanh(x)**2, written so that it keeps its digits in both tails."""
    e = math.exp(-2.0*abs(x))
    return 4.0*e/(1.0 + e)**2
''',
    "sigmoid_slope": '''
def sigmoid_slope(x):
    """sigmoid(x)*sigmoid(-x), with exp of numbers below 0 only, so that it keeps its digits in both tails."""
    e = math.exp(-abs(x))
    return e/(1.0 + e)**2
''',
    "toward": '''
def toward(x, y):
    """x/hypot(x, y), the slope of hypot; 0 at the origin."""
    return x/(math.hypot(x, y) or 1.0)
''',
    "over_square": '''
def over_square(x, y):
    """x/(x**2 + y**2), without overflow; 0 at the origin."""
    h = math.hypot(x, y) or 1.0
    return x/h/h
''',
    "sign": '''
def sign(x):
    """-1.0, 0.0 or 1.0."""
    return math.copysign(1.0, x) if x else x
''',
}

HELPERS = {"numpy": NUMPY, "math": MATH}

# What a helper itself calls, beside its target's own module.
NEEDS = {
    "as_floats": ("as_float",),
    "as_number": ("as_array",),
    "others": ("rows",),
    "quotients": ("others", "rows"),
    "first_max": ("rows",),
    "logsumexp": ("log_total", "first_max", "rows"),
    "log_softmax": ("log_total", "first_max", "rows"),
    "from_heaviest": ("rows",),
    "cofactor": ("others", "rows"),
    "unit": ("norm",),
    "pairs": ("rows",),
    "cofactor_slope": ("others", "rows"),
    "erf_into": ("erf",),
    "erfc_into": ("erfc",),
}
IMPORTS = {"erf": ("math",), "erfc": ("math",)}
