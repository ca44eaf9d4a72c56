"""Further modes of a program as machine code: products, and the non-zeros of a Jacobian or a Hessian.

Each is an extension of its own, built when it is first asked for. They give what the modes of `Function` give.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from gradc.run import native_texts
from gradc.run.given import in_order


class Build(Protocol):
    """An extension of these parts: of `more` numbers beside the inputs, and results of these widths."""

    def __call__(self, parts: Sequence[str], more: int, widths: Sequence[int], rows: int, pattern: str) -> Any: ...


def mode_of(mode: str, fn: Any, build: Build) -> Callable[..., Any]:
    """The function of a mode of a compiled program."""
    return (_product if mode in ("jvp", "hvp") else _matrix)(mode, fn, build)


def _product(mode: str, fn: Any, build: Build) -> Callable[..., Any]:
    order = [name for name in fn.inputs if name in fn.wrt]
    count, second, taken = len(fn.outputs), mode == "hvp", len(fn.inputs) + len(order)
    seeds = count if second and count > 1 else 0
    slopes = len(order) if second else 0
    widths = [1] * (count + (2 * slopes if second else count))
    module = build((native_texts.NUMBERS, native_texts.FILL, native_texts.METHODS_OF_MODE),
                   len(order) + seeds, widths, 0, "")  # fmt: skip

    def call(*args: Any, **given: Any) -> Any:
        df = given.pop("df", ()) if seeds else ()
        if len(df) != seeds:
            fn.needs_no_df()
        values = in_order(fn.plain_mode(mode)[2][:taken], args, given) if given else args
        if len(values) != taken:
            raise TypeError(f"{len(fn.inputs)} inputs and {len(order)} tangents are expected, and {len(values)} came")
        found = _found(module, [*values, *df], widths)
        value, rest = found[0] if count == 1 else tuple(found[:count]), found[count:]
        if second:
            return value, dict(zip(order, rest, strict=False)), dict(zip(order, rest[slopes:], strict=True))
        return value, rest[0] if count == 1 else tuple(rest)

    return call


def _matrix(mode: str, fn: Any, build: Build) -> Callable[..., Any]:
    import numpy as np

    from gradc.optimize.second import hessian, jacobian
    from gradc.run.modes import Hessian, Jacobian

    order = [name for name in fn.inputs if name in fn.wrt]
    count, second = len(fn.outputs), mode == "hessian"
    slopes = len(order) if second else 0
    owners = order if second else list(fn.outputs)
    parts = (native_texts.NUMBERS, native_texts.PATTERN, native_texts.FILL, native_texts.METHODS_OF_MODE)
    entries = len((hessian if second else jacobian)(fn.dag, order, literal=fn.literal).blocks)
    widths = [1] * (count + slopes) + [max(entries, 1)]
    module = build(parts, 0, widths, len(owners), native_texts.METHOD_OF_PATTERN)
    starts, columns = module.pattern()
    places = [
        (owner, order[column]) for row, owner in enumerate(owners) for column in columns[starts[row] : starts[row + 1]]
    ]
    shapes = dict.fromkeys(order, ())

    def call(*args: Any, **given: Any) -> Any:
        found = _found(module, in_order(fn.inputs, args, given, defaults=fn.dag.defaults), widths)
        points = () if type(found[0]) is float else found[0].shape
        numbers = np.moveaxis(found[-1].reshape(*points, -1), -1, 0) if points else found[count + slopes :]
        value = found[0] if count == 1 else tuple(found[:count])
        at = dict(zip(places, numbers, strict=False))
        if second:
            grads = dict(zip(order, found[count:], strict=False))
            return Hessian(value, grads, at, shapes, points)
        rows = {f: {x: each for (g, x), each in at.items() if g == f} for f in owners}
        return Jacobian(value, rows, shapes, dict.fromkeys(owners, ()), points)

    return call


def _found(module: Any, values: Sequence[Any], widths: Sequence[int]) -> Sequence[Any]:
    """What an extension gives: floats, or arrays."""
    from gradc.run.native import over_arrays

    if {*map(type, values)} <= {float, int}:
        return module.numbers(*values)  # type: ignore[no-any-return]  # an extension's function
    found = over_arrays(module.fill, values, widths)
    return module.numbers(*values) if found is None else found
