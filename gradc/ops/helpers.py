"""The helpers that an emitted module carries: a few lines each, as text of the target.

Each comes with the entry that calls it; here are those that every module may need, and the list of all.

>>> "np.exp(-np.abs(x))" in HELPERS["numpy"]["sigmoid"]
True
>>> needed(HELPERS["numpy"], "logsumexp_over")
('logsumexp', 'rows')
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

# By target and name, in the order in which a module carries them.
HELPERS: dict[str, dict[str, str]] = {"numpy": {}, "math": {}}

_CALL = re.compile(r"(?<![\w.])(\w+)\(")
_SAID = re.compile(r'"""[^"]*"""|#[^\n]*')  # what is no code
_NAME = re.compile(r"^def (\w+)", re.MULTILINE)


def add(target: str, text: str) -> str:
    """Register a helper under the name of its last function; "" if it is there already.

    Raises ValueError for a text without a function, and for another helper of that name.
    """
    names = _NAME.findall(text)
    if not names:
        raise ValueError(f"a helper is a function as text, not {text[:60]!r}")
    known = HELPERS[target].setdefault(names[-1], text)
    if known is not text and known != text:
        raise ValueError(f"another helper is called {names[-1]!r} already")
    return str(names[-1]) if known is text else ""


def remove(target: str, name: str) -> None:
    """Forget a helper."""
    del HELPERS[target][name]


def needed(texts: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Of a target's helpers those that one of them calls, and those that these call in turn."""
    found, todo = dict[str, None](), [name]
    while todo:
        for called in _called(texts[todo.pop()]):
            if called in texts and called != name and called not in found:
                found[called] = None
                todo.append(called)
    return tuple(found)


@cache
def _called(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_CALL.findall(_SAID.sub("", text))))


def needs_math(name: str) -> bool:
    """Whether a helper of NumPy's modules calls the standard library, too."""
    return "math." in HELPERS["numpy"].get(name, "")


_AS_FLOAT = '''
def as_float(name, x):
    """The input as it is if it holds floats, else as float64."""
    given, x = x, np.asarray(x)
    if x.dtype.kind not in "fiub" or isinstance(given, np.ma.MaskedArray):
        raise TypeError(f"{name}: a real number or an array of them is expected, not {type(given)} of {x.dtype}")
    return x[()] if x.dtype.kind == "f" else x.astype(float)[()]
'''
_AS_REAL = '''
def as_real(x):
    """A value as an array of floats: of integers doubles, of which a function has no integers."""
    x = np.asarray(x)
    return x.astype(float) if x.dtype.kind in "iub" else x
'''
_AS_FLOATS = '''
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
'''
_AS_NUMBERS = '''
def as_numbers(**given):
    """The inputs as numbers: lists are made of them, whose axes those of arrays would be taken for."""
    floats = as_floats(**given)
    for name, x in zip(given, floats):
        if x.ndim:
            raise ValueError(f"{name}: a number is expected where lists are made of it, not an array of {x.shape}")
    return floats
'''
_AS_ARRAY = '''
def as_array(name, x, *shape):
    """The input as an array of floats of the given shape, in which a name stands for any size, the same throughout."""
    given, x = x, np.asarray(x)
    if x.dtype.kind not in "fiub" or isinstance(given, np.ma.MaskedArray):
        raise TypeError(f"{name}: real numbers are expected, not {type(given)} of {x.dtype}")
    wrong = any(want != size and type(want) is not str for want, size in zip(shape, x.shape))
    if x.ndim != len(shape) or wrong or len(set(zip(shape, x.shape))) > len(set(shape)):
        raise ValueError(f"{name}: shape ({', '.join(map(str, shape))}) is expected, not {x.shape}")
    return x if x.dtype.kind == "f" else x.astype(float)
'''
_AS_NUMBER = '''
def as_number(name, x, *others):
    """The input as a number; one of Python's own takes the precision of the arrays."""
    return np.result_type(*others).type(x) if type(x) in (int, float, bool) else as_array(name, x)[()]
'''
_AS_DF = '''
def as_df(name, df, *like):
    """The adjoint in the precision of the output: a number, or an array of its shape."""
    df = as_float(name, df).astype(np.result_type(*like), copy=False)
    if df.ndim and df.shape != np.broadcast_shapes(*(x.shape for x in like)):
        shape = np.broadcast_shapes(*(x.shape for x in like))
        raise ValueError(f"{name}: a number or an array of shape {shape} is expected, not of {df.shape}")
    return df
'''
_HAS_ROOM = '''
def has_room(what, shape, dtype, way_out):
    """Nothing, unless a block is too large for memory."""
    size = math.prod(shape)*np.dtype(dtype).itemsize
    if size > 4*2**30:
        raise ValueError(f"the block of {what} has shape {shape}, {size/2**30:,.1f} GiB; use {way_out} instead")
'''
_ROOM = '''
def room(what, shape, dtype, way_out):
    """A block of zeros, unless it is too large for memory."""
    has_room(what, shape, dtype, way_out)
    return np.zeros(shape, dtype)
'''
_HESSIAN_BY = '''
def hessian_by(hvp, places, zero, *inputs):
    """Value, gradient and the blocks of the Hessian that are not zero: a row is its product with a unit vector."""
    x = {name: np.asarray(inputs[at]) for name, at in places.items()}
    x = {name: each if each.dtype.kind == "f" else each.astype(float) for name, each in x.items()}
    kind = np.result_type(*x.values()) if x else float
    order = list(x)
    pairs = [(a, b) for i, a in enumerate(order) for b in order[i:] if (a, b) not in zero]
    blocks = {(a, b): room(f"{a} and {b}", x[a].shape + x[b].shape, kind, "hvp") for a, b in pairs}
    zeros = {name: np.zeros_like(each) for name, each in x.items()}
    value, grads, _ = hvp(*inputs, *(each[()] for each in zeros.values()))
    for a in dict.fromkeys(a for a, _ in pairs):
        for at in np.ndindex(x[a].shape):
            along = zeros[a].copy()
            along[at] = 1.0
            rows = hvp(*inputs, *((along if name == a else each)[()] for name, each in zeros.items()))[2]
            for b in [b for first, b in pairs if first == a]:
                blocks[a, b][at] = rows[b]
        if (a, a) in blocks:
            flat = blocks[a, a].reshape(x[a].size, x[a].size)
            flat[...] = np.triu(flat) + np.triu(flat, 1).T
    return value, grads, {pair: block[()] for pair, block in blocks.items()}
'''
_JACOBIAN_BY = '''
def jacobian_by(jvp, forward, backward, places, rows, *inputs):
    """The value, and the blocks of its derivatives: a column is a tangent, a row a backward pass; the fewer are run."""
    x = {name: np.asarray(inputs[at]) for name, at in places.items()}
    x = {name: each if each.dtype.kind == "f" else each.astype(float) for name, each in x.items()}
    value, cache = forward(*inputs)
    values = dict(zip(rows, value if len(rows) > 1 else (value,)))
    kind = np.result_type(*x.values()) if x else float
    blocks = {f: {a: room(f"{f} by {a}", np.shape(values[f]) + x[a].shape, kind, "jvp") for a in rows[f]} for f in rows}
    if sum(map(np.size, values.values())) < sum(map(np.size, x.values())):
        zeros = {f: np.zeros(np.shape(each), kind) for f, each in values.items()}
        for f in rows:
            for at in np.ndindex(np.shape(values[f])):
                along = zeros[f].copy()
                along[at] = 1.0
                df = [(along if name == f else each)[()] for name, each in zeros.items()]
                grads = backward(cache, tuple(df) if len(rows) > 1 else df[0])
                for a in rows[f]:
                    blocks[f][a][at] = grads[a]
    else:
        zeros = {name: np.zeros_like(each) for name, each in x.items()}
        for a in x:
            for at in np.ndindex(x[a].shape):
                along = zeros[a].copy()
                along[at] = 1.0
                dots = jvp(*inputs, *((along if name == a else each)[()] for name, each in zeros.items()))[1]
                for f, dot in zip(rows, dots if len(rows) > 1 else (dots,)):
                    if a in rows[f]:
                        blocks[f][a][(..., *at)] = dot
    return value, {f: {a: block[()] for a, block in row.items()} for f, row in blocks.items()}
'''

_AS_INDEX = '''
def as_index(name, x, *shape):
    """The input as an array of whole numbers of the given shape, in which a name stands for any size."""
    x = as_array(name, x, *shape)
    broken = np.argwhere((x != np.floor(x)) | (np.abs(x) > 2**53))
    if len(broken):
        at = tuple(broken[0].tolist())
        place = f" at {', '.join(map(str, at))}" if at else ""
        raise ValueError(f"{name}: integers are expected, and it has {x[at]}{place}")
    return x.astype(np.intp)[()]
'''

for _text in (
    _AS_FLOAT,
    _AS_REAL,
    _AS_FLOATS,
    _AS_NUMBERS,
    _AS_ARRAY,
    _AS_NUMBER,
    _AS_INDEX,
    _AS_DF,
    _HAS_ROOM,
    _ROOM,
    _HESSIAN_BY,
    _JACOBIAN_BY,
):
    add("numpy", _text)
