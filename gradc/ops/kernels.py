"""The helpers of kernels that work block by block on whole arrays, with `out=` and scratch.

>>> from gradc.ops.helpers import HELPERS, needed
>>> needed(HELPERS["numpy"], "erf_into"), "in_blocks" in HELPERS["numpy"]
(('erf', 'as_real'), True)
"""

from __future__ import annotations

from gradc.ops.helpers import add

_SELECT = '''
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
'''

_SPARED = '''
def spared(c, x, number):
    """x, with a number where c does not hold: x itself where there is no such place."""
    return x if c.all() else np.where(c, x, number)
'''

_MASKED = '''
def masked(x, c, out, holds=True):
    """out = x where c holds (or where it does not), else 0: by bits, and so for inf and nan too."""
    kind = {2: np.int16, 4: np.int32, 8: np.int64}.get(out.itemsize)
    if kind is None:
        out[...] = np.where(c, x, 0.0) if holds else np.where(c, 0.0, x)
        return
    mask = -c.view(np.int8) if holds else c.view(np.int8) - 1
    np.bitwise_and(np.asarray(x, out.dtype).view(kind), mask, out=out.view(kind))
'''

_IN_BLOCKS = '''
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
    if type(threads) is not int or threads < 1:
        raise ValueError(f"threads: a whole number of at least 1 is expected, not {threads!r}")
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
    elif any(np.shares_memory(x, y) for at, x in enumerate(out) for y in out[:at]):
        raise ValueError("out: two of its arrays overlap")
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
'''

_ERF_INTO = '''
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
'''

_ERFC_INTO = '''
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
'''

for _text in (_SELECT, _SPARED, _MASKED, _IN_BLOCKS, _ERF_INTO, _ERFC_INTO):
    add("numpy", _text)
