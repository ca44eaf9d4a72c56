"""Forward and backward pass in blocks, compiled by gradc.

    (x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)

Inputs: x, y (numbers or arrays, elementwise).
Gradient with respect to: x, y.
Operations: forward 55, backward 9; together 1.16 times the forward pass alone.
In a kernel every line is a ufunc over one block of the arrays; its last argument is the result's place.
"""

import numpy as np
from numpy import absolute, add, divide, exp, greater_equal, multiply, negative, subtract


def forward_kernel(x, y, f, xpy, den, kept, kept2, t1, t2, m1):
    """Fills f, xpy, den, kept and kept2; t1, t2 and m1 are scratch."""
    absolute(x, t2)
    negative(t2, t2)
    exp(t2, t2)
    add(1.0, t2, kept)
    divide(1.0, kept, kept)
    multiply(t2, kept, t2)
    greater_equal(x, 0.0, m1)
    select(m1, kept, t2, den)  # sigx
    add(x, y, xpy)  # xpy
    multiply(xpy, xpy, f)  # xpysqr
    add(den, f, den)  # den
    absolute(y, t1)
    negative(t1, t1)
    exp(t1, t1)
    add(1.0, t1, kept2)
    divide(1.0, kept2, kept2)
    multiply(t1, kept2, t1)
    greater_equal(y, 0.0, m1)
    select(m1, kept2, t1, f)  # sigy
    add(x, f, f)  # num
    divide(f, den, f)  # f
    multiply(kept, t2, kept)
    multiply(kept2, t1, kept2)


def backward_kernel(xpy, den, f, kept, kept2, df, dx, dy, t1, t2):
    """Fills dx and dy; t1 and t2 are scratch."""
    divide(df, den, dx)
    multiply(f, dx, t1)
    multiply(xpy, t1, t2)
    multiply(2.0, t2, t2)
    multiply(kept2, dx, dy)
    subtract(dy, t2, dy)
    multiply(kept, t1, t1)
    subtract(dx, t2, dx)
    subtract(dx, t1, dx)


def value_and_grad_kernel(x, y, f, dx, dy, t1, t2, t3, t4, m1):
    """Fills f, dx and dy; t1, t2, t3, t4 and m1 are scratch."""
    absolute(x, dx)
    negative(dx, dx)
    exp(dx, dx)
    add(1.0, dx, t4)
    divide(1.0, t4, t4)
    multiply(dx, t4, dx)
    greater_equal(x, 0.0, m1)
    select(m1, t4, dx, t1)  # sigx
    add(x, y, t2)  # xpy
    multiply(t2, t2, f)  # xpysqr
    add(t1, f, t1)  # den
    absolute(y, t3)
    negative(t3, t3)
    exp(t3, t3)
    add(1.0, t3, dy)
    divide(1.0, dy, dy)
    multiply(t3, dy, t3)
    greater_equal(y, 0.0, m1)
    select(m1, dy, t3, f)  # sigy
    add(x, f, f)  # num
    divide(f, t1, f)  # f
    multiply(t4, dx, t4)
    multiply(t4, f, t4)
    multiply(t2, f, t2)
    multiply(2.0, t2, t2)
    subtract(1.0, t2, dx)
    subtract(dx, t4, dx)
    divide(dx, t1, dx)
    multiply(dy, t3, dy)
    subtract(dy, t2, dy)
    divide(dy, t1, dy)


def quick_kernel(x, y, f, dx, dy, t1, t2, t3, t4, m1):
    """Fills f, dx and dy.

    t1, t2, t3, t4 and m1 are scratch. What exp has no range for is left to value_and_grad_kernel.
    """
    if not (y.max() <= 80.0 and x.max() <= 80.0) or f.itemsize < 4:
        return value_and_grad_kernel(x, y, f, dx, dy, t1, t2, t3, t4, m1)
    exp(y, dy)
    add(1.0, dy, t3)
    divide(1.0, t3, t3)
    multiply(dy, t3, dy)  # sigy
    add(x, dy, f)  # num
    exp(x, t4)
    add(1.0, t4, dx)
    divide(1.0, dx, dx)
    multiply(t4, dx, t4)  # sigx
    add(x, y, t2)  # xpy
    multiply(t2, t2, t1)  # xpysqr
    add(t4, t1, t1)  # den
    divide(f, t1, f)  # f
    multiply(t2, f, t2)
    multiply(2.0, t2, t2)
    multiply(t4, dx, t4)
    multiply(t4, f, t4)
    subtract(1.0, t2, dx)
    subtract(dx, t4, dx)
    multiply(dy, t3, dy)
    subtract(dy, t2, dy)
    divide(dx, t1, dx)
    divide(dy, t1, dy)


def forward(x, y):
    x, y = as_floats(x=x, y=y)
    f, xpy, den, kept, kept2 = in_blocks(forward_kernel, (x, y), 5, 2, 1)
    return f, (xpy, den, f, kept, kept2)


def backward(cache, df=1.0):
    xpy, den, f, kept, kept2 = cache
    df = as_df("df", df, kept2)
    dx, dy = in_blocks(backward_kernel, (xpy, den, f, kept, kept2, df), 2, 2, 0)
    return {"x": dx, "y": dy}


def value_and_grad(x, y, out=None, threads=1):
    """The value, and the gradient at every point by the input's name.

    `out` is an earlier result, whose arrays are filled again; `threads` share large ones.
    """
    x, y = as_floats(x=x, y=y)
    if out is not None:
        out = [out[0], out[1]["x"], out[1]["y"]]
    f, dx, dy = in_blocks(quick_kernel, (x, y), 3, 4, 1, out, threads)
    return f, {"x": dx, "y": dy}


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


def as_df(name, df, *like):
    """The adjoint in the precision of the output: a number, or an array of its shape."""
    df = as_float(name, df).astype(np.result_type(*like), copy=False)
    if df.ndim and df.shape != np.broadcast_shapes(*(x.shape for x in like)):
        shape = np.broadcast_shapes(*(x.shape for x in like))
        raise ValueError(f"{name}: a number or an array of shape {shape} is expected, not of {df.shape}")
    return df


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
