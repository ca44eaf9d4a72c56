"""Dask arrays: elementwise programs chunk by chunk, lazily; losses by `chunk`, `add` and `finish`.

Dask is an extra; a program's function pickles, so that workers in other processes compile it again.
"""

from __future__ import annotations

from typing import Any


def value_and_grad(fn: Any, /, batch: str = "", **inputs: Any) -> tuple[Any, dict[str, Any]]:
    """Value and gradient of a compiled program where inputs are Dask arrays.

    Elementwise: lazy arrays, one call of the program a chunk, the chunks of all inputs unified; equal to the bit. A
    loss: its value and gradient, computed over the chunks of the dimension that the Dask arrays have in rows (`batch`
    names it where there are several). Raises `GradcError` for a loss that can't be taken apart, with the reason.
    """
    import dask.array as da

    if not fn.dag.declared:
        return _elementwise(fn, {name: da.asarray(inputs[name]) for name in fn.inputs})
    given = {name: each for name, each in inputs.items() if isinstance(each, da.Array)}
    shapes = {name: fn.dag.inputs[name].shape for name in given}
    named = [dim for shape in shapes.values() for dim in shape if isinstance(dim, str)]
    dim = batch or _dimension(given, shapes, named)
    return _over_chunks(fn, dim, inputs, given)


def _dimension(given: dict[str, Any], shapes: dict[str, Any], named: list[str]) -> str:
    """The one named dimension along which the arrays have several chunks."""
    found = {
        dim: None
        for name, each in given.items()
        for dim, chunks in zip(shapes[name], each.chunks, strict=True)
        if isinstance(dim, str) and len(chunks) > 1
    }
    several = list(found) or list(dict.fromkeys(named))
    if len(several) != 1:
        raise ValueError(f"name the dimension to go over: batch= one of {', '.join(several) or 'none that is named'}")
    return several[0]


def _elementwise(fn: Any, arrays: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """One block of all results a chunk, stacked along a new first axis, then taken apart."""
    import dask.array as da
    import numpy as np

    names = list(fn.inputs)
    whole = da.broadcast_arrays(*(arrays[name] for name in names))
    _, whole = da.core.unify_chunks(*(part for each in whole for part in (each, tuple(range(each.ndim)))))
    count = 1 + len(fn.wrt)

    def block(*given: Any) -> Any:
        value, grads = fn.value_and_grad(*given)
        return np.stack([value, *(grads[name] for name in fn.wrt)])

    if not whole[0].ndim:
        value, grads = fn.value_and_grad(*(each.compute() for each in whole))
        return da.asarray(value), {name: da.asarray(grads[name]) for name in fn.wrt}
    stacked = da.map_blocks(block, *whole, dtype=np.float64, new_axis=0, chunks=((count,), *whole[0].chunks))
    return stacked[0], {name: stacked[k] for k, name in enumerate(fn.wrt, 1)}


def _over_chunks(fn: Any, dim: str, inputs: dict[str, Any], given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """A loss: each chunk of rows is a task, sums are added in a tree, and the end of each pass is computed here."""
    import dask

    batched = fn.batches(dim)
    axes = {name: fn.dag.inputs[name].shape.index(dim) for name in batched.rows}
    first = next(name for name in batched.rows if name in given)
    sizes = given[first].chunks[axes[first]]
    parts = {}
    for name in batched.rows:
        if name not in given:
            raise TypeError(f"'{name}' has rows of '{dim}', and is no Dask array")
        chunks = dict.fromkeys(range(given[name].ndim), -1) | {axes[name]: sizes}
        parts[name] = given[name].rechunk(chunks).to_delayed().reshape(-1)
    shared = {name: each.compute() if name in given else each for name, each in inputs.items() if name not in parts}
    held = {name: each for name, each in shared.items() if name in batched.takes}
    found: Any = ()
    for _ in range(batched.passes):
        known = dask.delayed(found, pure=True) if found else ()
        chunk = dask.delayed(batched.chunk, pure=True)
        states = [chunk(known, **held, **{name: part[k] for name, part in parts.items()}) for k in range(len(sizes))]
        while len(states) > 1:
            pairs = [states[k : k + 2] for k in range(0, len(states), 2)]
            states = [pair[0] if len(pair) == 1 else dask.delayed(batched.add)(*pair) for pair in pairs]
        found = batched.finish(dask.compute(states[0])[0], found, **shared)
    value, grads = found
    return value, grads


__all__ = ["value_and_grad"]
