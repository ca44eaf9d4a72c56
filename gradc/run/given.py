"""What a caller gives, looked at before it is used: each refusal names the input, what is expected and what came.

>>> refuse_more_than_numbers("x", 1j)
Traceback (most recent call last):
    ...
TypeError: x: real numbers are expected, not complex ones; pass x.real and x.imag as two inputs
>>> checked_threads(0)
Traceback (most recent call last):
    ...
ValueError: threads: a whole number of at least 1 is expected, not 0
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

# Longer values are shown by their beginning.
LONGEST = 40
# Of more names than this the first and the last are listed.
MOST_LISTED = 100


def in_order(
    names: Collection[str],
    args: Sequence[Any],
    given: Mapping[str, Any],
    what: str = "input",
    shape: Callable[[str], str] = lambda name: "",
    optional: Collection[str] = (),
    defaults: Mapping[str, str] = MappingProxyType({}),
) -> list[Any]:
    """What is given by position or by name, in the order of the names; TypeError says what is missing or surplus.

    >>> in_order(["x", "y"], [1], {"y": 2}), in_order(["x", "y"], [1], {}, defaults={"y": "0.5"})
    ([1, 2], [1, 0.5])
    >>> in_order(["x", "y"], [1], {})
    Traceback (most recent call last):
        ...
    TypeError: input 'y' is missing; 2 inputs (x, y) expected, 1 given
    """

    def wanted() -> str:
        listed = list(names)
        shown = ", ".join(listed) if len(listed) <= MOST_LISTED else f"{listed[0]}, …, {listed[-1]}"
        return f"{len(listed)} {what}{'s' * (len(listed) != 1)} ({shown}) expected"

    if len(args) > len(names):
        raise TypeError(f"{wanted()}, {len(args)} given")
    found = dict(zip(names, args, strict=False))
    for name, value in given.items():
        if name not in names:
            raise TypeError(f"no {what} '{name}'; {wanted()}")
        if name in found:
            raise TypeError(f"{what} '{name}' given twice, by position and by name")
        found[name] = value
    if len(found) < len(names):
        found = {**{name: float(text) for name, text in defaults.items()}, **found}
        for name in names:
            if name not in found and name not in optional:
                raise TypeError(f"{what} '{name}'{shape(name)} is missing; {wanted()}, {len(found)} given")
    return [found[name] for name in names if name in found]


def plain_text(what: str, text: Any) -> str:
    """A text as it is. TypeError for what only pretends to be one: it could read differently each time."""
    if type(text) is not str:
        raise TypeError(f"{what} is expected as a str, not as {kind_of(text)}")
    return text


def is_array(value: Any) -> bool:
    """Whether an input is more than a number."""
    return bool(getattr(value, "shape", ())) or isinstance(value, (list, tuple))


def kind_of(value: Any) -> str:
    """What a value is, in a word or two; never where it lies in memory.

    >>> kind_of(object()), kind_of(None), kind_of("a")
    ('an object', 'None', "'a'")
    """
    if value is None or type(value) in (str, int, float, complex, bool):
        shown = repr(value)
        return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def refuse_more_than_numbers(name: str, value: Any) -> Any:
    """A value as NumPy's arrays have it; TypeError or ValueError, by the input's name, for what is more than that.

    A mask, a tape or a promise of a value would be lost in silence: what carries one is refused, with the way out.
    """
    import numpy as np

    kind = type(value)
    if kind is np.ndarray or kind in (int, float) or isinstance(value, np.floating | np.integer):
        found = value
    elif isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name}: a masked array has no gradient where it is masked; pass {name}.filled(...)")
    elif getattr(value, "requires_grad", False) is True:
        way = f"pass {name}.detach(), or compile with target='torch'"
        raise TypeError(f"{name}: a tensor that requires a gradient is no NumPy array; {way}")
    elif any(each.__name__ == "Tracer" for each in kind.__mro__):
        raise TypeError(f"{name}: a tracer of JAX is no NumPy array; compile with target='jax'")
    elif hasattr(value, "dask") and hasattr(value, "compute"):
        raise TypeError(f"{name}: a Dask array is no NumPy array; use gradc.dask, or pass {name}.compute()")
    else:
        found = _read(name, value)
    if getattr(found, "dtype", None) is not None and found.dtype.kind not in "fiub":
        if found.dtype.kind == "c":
            raise TypeError(
                f"{name}: real numbers are expected, not complex ones; pass {name}.real and {name}.imag as two inputs"
            )
        came = kind_of(value) if kind is not np.ndarray else f"an array of {found.dtype}"
        raise TypeError(f"{name}: a real number or an array of them is expected, not {came}")
    return found


def _read(name: str, value: Any) -> Any:
    """A list, a number of another library or whatever else NumPy reads, as an array."""
    import numpy as np

    try:
        found = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name}: rows of one length are expected; the lists in it differ") from None
    except Exception as error:
        said = str(error).split("\n")[0][:100]
        raise TypeError(f"{name}: {kind_of(value)} cannot be read as an array of numbers: {said}") from None
    if found.dtype == object and isinstance(value, list | tuple):
        inner = next((each for each in found.flat if not isinstance(each, int | float)), None)
        raise TypeError(f"{name}: real numbers are expected, and {kind_of(inner)} is among them")
    return value if found.shape == () and found.dtype.kind in "fiub" else found


def checked_threads(threads: Any) -> int:
    """How many threads share an array: 1 if nothing was said."""
    return 1 if threads is None else checked_whole("threads", threads)


def checked_whole(name: str, value: Any, least: int = 1) -> int:
    """An option that counts something."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise ValueError(f"{name}: a whole number of at least {least} is expected, not {kind_of(value)}")
    return int(value)


def checked_above_0(name: str, value: Any) -> float:
    """An option that bounds something: a number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise ValueError(f"{name}: a number above 0 is expected, not {kind_of(value)}")
    return value


def checked_out(out: Any, outputs: Sequence[str], wrt: Sequence[str]) -> Any:
    """An earlier result, whose arrays are filled again: (value, {"x": array, …}) of arrays that do not overlap."""
    import numpy as np

    if out is None:
        return None
    pair = isinstance(out, tuple | list) and len(out) == 2 and isinstance(out[1], Mapping)
    values = (out[0] if len(outputs) > 1 else (out[0],)) if pair else ()
    if not pair or not isinstance(values, tuple | list) or len(values) != len(outputs):
        raise TypeError(f"out: an earlier result is expected, (value, gradients), not {kind_of(out)}")
    for name in wrt:
        if name not in out[1]:
            raise ValueError(f"out: the gradient of '{name}' has no array")
    named = [*zip(outputs, values, strict=True), *((f"d{name}", out[1][name]) for name in wrt)]
    for at, (name, array) in enumerate(named):
        if not isinstance(array, np.ndarray) or not array.flags.writeable:
            raise TypeError(f"out: an array that may be written to is expected for {name}, not {kind_of(array)}")
        for other, theirs in named[:at]:
            if np.shares_memory(array, theirs):
                raise ValueError(f"out: the arrays of {other} and {name} overlap")
    return out


def shape_of(value: Any) -> str:
    """The shape of what was given, or the shapes of several."""
    import numpy as np

    return " and ".join(str(np.shape(each)) for each in (value if isinstance(value, tuple) else (value,)))


def broadcast(values: Sequence[Any]) -> Any:
    """An array of what is computed from values, without memory of its own; None if they do not broadcast.

    Numbers of Python's own take the precision of the others.
    """
    import numpy as np

    strong = [np.asarray(each).dtype for each in values if type(each) not in (int, float, bool)]
    kind = np.result_type(*(each if each.kind == "f" else float for each in strong)) if strong else np.dtype(float)
    try:
        return np.broadcast_to(np.zeros((), kind), np.broadcast_shapes(*map(np.shape, values)))
    except ValueError:
        return None


def broadcast_of(shape: tuple[int, ...]) -> Any:
    """An array of a shape, without memory of its own."""
    import numpy as np

    return np.broadcast_to(0.0, shape)


def checked_df(df: Any, value: Any, name: str = "df") -> Any:
    """The upstream adjoint of an elementwise output, in its precision: a number, or an array of its shape."""
    import numpy as np

    found = refuse_more_than_numbers(name, df)
    if value is not None and np.shape(found) not in ((), np.shape(value)):
        expected = f"a number or an array of shape {np.shape(value)}" if np.ndim(value) else "a number"
        raise ValueError(f"{name}: {expected} is expected, not an array of shape {np.shape(found)}")
    if value is None or type(found) in (int, float):
        return found
    return np.asarray(found, getattr(value, "dtype", float))[()]


def checked_dfs(df: Any, values: Sequence[Any]) -> Any:
    """The same for several outputs; what is no tuple is left to whoever counts them."""
    if not isinstance(df, tuple | list) or len(df) != len(values):
        return df
    return tuple(checked_df(each, value, f"df[{at}]") for at, (each, value) in enumerate(zip(df, values, strict=True)))


def filled(out: Any, value: Any, grads: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """A result; with `out` in the arrays of that earlier one."""
    import numpy as np

    if out is None:
        return value, grads
    several = isinstance(value, tuple)
    pairs = [*zip(out[0], value, strict=True)] if several else [(out[0], value)]
    pairs += [(out[1][name], grad) for name, grad in grads.items()]
    for target, source in pairs:
        if target.shape != np.shape(source):
            raise ValueError(f"out: an array of shape {np.shape(source)} is expected, not of {target.shape}")
    for target, source in pairs:
        np.copyto(target, source)
    return out[0], {name: out[1][name] for name in grads}
