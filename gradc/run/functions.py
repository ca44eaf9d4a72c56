"""Emitted text into functions: modules, verified before anything runs, and the functions of library calls.

>>> module = load("def forward(x):\\n    return x, (x,)\\n")
>>> module.forward(3)
(3, (3,))
"""

from __future__ import annotations

import gc
import itertools
import math
import struct
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradc.emit.calls import CallText
    from gradc.emit.long_programs import LongText
    from gradc.rewrite.long_sums import Further

_numbers = itertools.count(1)


class collector_paused:
    """No cyclic garbage collection meanwhile: a growing graph would be walked again and again, and holds no garbage."""

    def __enter__(self) -> None:
        self.was = gc.isenabled()
        gc.disable()

    def __exit__(self, *error: object) -> None:
        if self.was:
            gc.enable()


def load(source: str, name: str = "") -> ModuleType:
    """An emitted text as a module: verified, compiled, and known to `linecache` for tracebacks and debuggers."""
    module = ModuleType("gradc_emitted")
    _run(source, module.__dict__, name or f"<gradc {next(_numbers)}>")
    return module


def cache_folder() -> str:
    """Where what was compiled is kept from run to run: `GRADC_CACHE`, else the user's own folder of such things."""
    import os

    home = os.environ.get("GRADC_CACHE")
    return home or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "gradc")


def kept_module(source: str) -> ModuleType:
    """An emitted text as a module that lies in a file of the cache, so that what is compiled of it lies beside it.

    It can be imported by its name: what Numba has kept of a run asks for the module in the next one. Where no file
    can be written, the module is loaded without.
    """
    import hashlib
    import os
    import sys
    from importlib.util import module_from_spec, spec_from_file_location

    from gradc.base.files import write_whole
    from gradc.emit.allow import verify

    verify(source)
    name = "gradc_kept_" + hashlib.sha256(source.encode()).hexdigest()[:24]
    path = os.path.join(cache_folder(), name + ".py")
    try:
        with open(path, encoding="utf-8") as file:
            known = file.read() == source
    except OSError:
        known = False
    if not known:
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            write_whole(path, source, force=True)
        except (OSError, ValueError):
            return load(source)
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _run(source: str, namespace: dict[str, Any], filename: str) -> None:
    import builtins
    import linecache

    from gradc.emit.allow import verify

    verify(source)
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    namespace["__source__"] = held = _Held()
    weakref.finalize(held, linecache.cache.pop, filename, None).atexit = False
    exec(builtins.compile(source, filename, "exec", dont_inherit=True), namespace)


def compiles(text: str) -> str:
    """A module's text, once Python has compiled it: nothing is written that does not even do that."""
    import builtins

    if text.startswith('"""'):  # a module of Python's; others have compilers of their own
        builtins.compile(text, "<gradc>", "exec", dont_inherit=True)
    return text


class _Held:
    """What lives as long as any function of a module: the text goes from `linecache` with it."""


class _Absent:
    """What stands for an input that was not given."""

    def __repr__(self) -> str:
        return "<not given>"


ABSENT = _Absent()

# What leaves a function's domain as Python has it, where NumPy has inf and nan.
FAILURES = (ValueError, OverflowError, ZeroDivisionError)


def direct(name: str, call: CallText, inputs: Sequence[str], general: Callable[..., Any]) -> Callable[..., Any]:
    """The function of a call's text; `general` is the way for what does not fit."""
    namespace = {call.words.get(word, word): value for word, value in _things(call).items()}
    namespace[call.words["otherwise"]] = _otherwise(namespace, name, inputs, general)
    _run(call.text, namespace, f"<gradc {name} {next(_numbers)}>")
    function: Callable[..., Any] = namespace[name]
    return function


def direct_arrays(
    name: str, text: str, words: Mapping[str, str], inputs: Sequence[str], general: Callable[..., Any]
) -> Callable[..., Any]:
    """The function of a call's text over whole arrays, which brings its own imports."""
    namespace: dict[str, Any] = {words["absent"]: ABSENT, words["failures"]: FAILURES}
    namespace[words["otherwise"]] = _otherwise(namespace, name, inputs, general)
    _run(text, namespace, f"<gradc {name} {next(_numbers)}>")
    function: Callable[..., Any] = namespace[name]
    return function


def direct_mapped(
    both: Callable[..., Any], ranks: Mapping[str, int], wrt: Sequence[str], bound: Bound, general: Callable[..., Any]
) -> Callable[..., Any]:
    """The function of a program that maps over declared arrays, by that of its elements, which takes them in blocks.

    `ranks` says how many axes each input has; a number's gradient is the sum over all elements.
    """
    import numpy as np

    def call(*args: Any, df: Any = None, **inputs: Any) -> Any:
        given = bound(args, inputs)
        arrays = [df, *(x for x, rank in zip(given, ranks.values(), strict=True) if rank)]
        numbers = [x for x, rank in zip(given, ranks.values(), strict=True) if not rank]
        fit = all(type(x) is np.ndarray and x.dtype == np.float64 and x.shape == arrays[0].shape for x in arrays)
        if not fit or arrays[0].ndim != max(ranks.values()) or any(type(x) is not float for x in numbers):
            return general(*args, df=df, **inputs)
        value, grads = both(*given, df)
        grads.update((name, float(grads[name].sum())) for name in wrt if not ranks[name])
        return value, grads

    return call


# From where to where an input lies in a list of all numbers, and its shape.
Layout = Mapping[str, tuple[int, int, tuple[int, ...]]]

Bound = Callable[[tuple[Any, ...], Mapping[str, Any]], list[Any]]


def direct_long(
    name: str,
    text: LongText,
    layout: Layout,
    wrt: Sequence[str],
    bound: Bound,
    general: Callable[..., Any],
    guarded: bool,
) -> Callable[..., Any]:
    """The function of a long program, `layout` saying where each input lies in x.

    `bound` brings what a caller gives into that order; `guarded` says that `general` is the way for what raises.
    """
    run = _linked(text)
    failures = FAILURES if guarded else ()

    def call(*args: Any, **inputs: Any) -> Any:
        x = _flat(bound(args, inputs), layout) if inputs.get("df") is None else None
        if x is None:
            return general(*args, **inputs)
        slopes = [0.0] * len(x)
        try:
            value = run(x, slopes)
        except failures:
            return general(*args, **inputs)
        return (value, {each: _shaped(slopes, *layout[each]) for each in wrt}) if wrt else value

    call.__name__ = call.__qualname__ = name
    return call


def _linked(text: LongText) -> Callable[[list[float], list[float]], Any]:
    """The functions of a long program, and the one that calls them in order."""
    import builtins

    from gradc.emit.allow import verify_lines

    namespace: dict[str, Any] = {word: getattr(math, word) for word in text.functions}
    namespace |= _helpers(text.helpers)
    calls = "\n    ".join(["def run(x, g):", *text.calls, *text.unpacked, f"return {text.result}"]) + "\n"
    for part in (*text.parts, calls):
        verify_lines(part)
        exec(builtins.compile(part, "<gradc lines>", "exec", dont_inherit=True), namespace)
    run: Callable[[list[float], list[float]], Any] = namespace["run"]
    return run


def _flat(given: Sequence[Any], layout: Layout) -> list[float] | None:
    """All numbers in one list; None if something else is among them, or an array does not fit."""
    if not any(shape for *_, shape in layout.values()):
        return list(map(float, given)) if {*map(type, given)} <= {int, float} else None
    import numpy as np

    out: list[float] = []
    for value, (*_, shape) in zip(given, layout.values(), strict=True):
        if type(value) is np.ndarray and value.dtype == np.float64 and value.shape == shape and shape:
            out += value.ravel().tolist()
        elif type(value) in (int, float) and not shape:
            out.append(float(value))
        else:
            return None
    return out


def _shaped(slopes: Sequence[float], start: int, stop: int, shape: tuple[int, ...]) -> Any:
    if not shape:
        return slopes[start]
    import numpy as np

    return np.frombuffer(bytearray(struct.pack(f"{stop - start}d", *slopes[start:stop]))).reshape(shape)


def direct_rolled(
    inner: Callable[..., Any],
    inputs: Sequence[str],
    numbers: Sequence[str],
    wrt: Sequence[str],
    bound: Bound,
    general: Callable[..., Any],
    strict: bool,
) -> Callable[..., Any]:
    """The function of a program that was rolled up over one input, which holds all `numbers` in an order of its own.

    `strict` says that what leaves a function's domain, or is too large for a float, is an error: `general` raises it.
    """
    import numpy as np

    if strict:
        inner = np.errstate(divide="raise", over="raise", invalid="raise")(inner)

    place = {name: at for at, name in enumerate(inputs)}
    order = np.array([place[name] for name in numbers])
    back = {name: at for at, name in enumerate(numbers)}
    slopes_of = np.array([back[name] for name in wrt], dtype=int)
    size, empty = len(inputs), dict.fromkeys(wrt)
    packed = struct.Struct(f"{size}d").pack
    by_name = itemgetter(*inputs)

    def call(*args: Any, **given: Any) -> Any:
        if given.keys() == place.keys() and not args:
            args = by_name(given)
        elif given or len(args) != size:
            if not given.keys() <= place.keys():  # df, or what is no input
                return general(*args, **given)
            args = tuple(bound(args, given))
        numpys = False
        if [each.__class__ for each in args].count(float) != size:
            kinds = {*map(type, args)}
            numpys = np.float64 in kinds
            if not kinds <= {int, float} and (strict or not kinds <= {int, float, np.float64}):
                return general(*args, **given)
        try:
            x = np.frombuffer(packed(*args))[order]
        except (struct.error, OverflowError):  # a whole number that is larger than any float
            return general(*args, **given)
        try:
            value, grads = inner(x) if wrt else (inner(x), {})
        except FloatingPointError:
            return general(*args, **given)
        if value - value != 0.0 and (strict or _finite(args)):
            return general(*args, **given)
        if not wrt:
            return np.float64(value) if numpys else float(value)
        (slopes,) = grads.values()
        found = empty.copy()
        found.update(zip(wrt, slopes[slopes_of] if numpys else slopes[slopes_of].tolist(), strict=True))
        return (np.float64(value) if numpys else float(value)), found

    return call


def direct_summed(inner: Callable[..., Any], wrt: Sequence[str], general: Callable[..., Any]) -> Callable[..., Any]:
    """The same where the inputs are as they were.

    Terms are added in another order than they were written: where one is infinite, or a part of the sum too large for
    a float, `general` says what comes of it.
    """

    def call(*args: Any, **given: Any) -> Any:
        found = inner(*args, **given)
        value = found[0] if wrt else found
        if value - value == 0.0 or not _finite([*args, *given.values()]):
            return found
        return general(*args, **given)

    return call


def with_further(inner: Callable[..., Any], further: Mapping[str, Further], slopes: bool) -> Callable[..., Any]:
    """A function of one vector, x, whose further inputs are constants, and elements of x in some order."""
    if not further:
        return inner
    import numpy as np

    arrays = [np.array(values, dtype=float if of is None else np.intp) for of, values in further.values()]
    constants = [of is None for of, _ in further.values()]
    names = [name for name, (of, _) in further.items() if of is not None]
    pairs = tuple(zip(arrays, constants, strict=True))
    places = np.concatenate([each for each, constant in pairs if not constant]) if names else np.array([], np.intp)

    def call(x: Any) -> Any:
        found = inner(x, *[each if constant else x[each] for each, constant in pairs])
        if slopes and names:
            value, grads = found
            came = np.bincount(places, np.concatenate([grads[name] for name in names]), len(x))
            return value, {"x": grads["x"] + came}
        return (found[0], {"x": found[1]["x"]}) if slopes else found

    return call


def with_further_of(
    inner: Callable[..., Any],
    further: Mapping[str, Further],
    inputs: Sequence[str],
    wrt: Sequence[str],
    bound: Bound,
    general: Callable[..., Any],
) -> Callable[..., Any]:
    """The same of several inputs: constants in double precision, or in that of the arrays among these."""
    if not further:
        return inner
    import numpy as np

    arrays = [(of, np.array(values, dtype=float if of is None else np.intp)) for of, values in further.values()]
    double, own = np.dtype(float), {*inputs}

    def call(*args: Any, **given: Any) -> Any:
        if not given.keys() <= own:  # df, or what is no input
            return general(*args, **given)
        args = tuple(bound(args, given))
        kinds = {each.dtype for each in args if type(each) is np.ndarray}
        plain = kinds == {double} or not all(kind.kind == "f" for kind in kinds)
        kind = double if plain or not kinds else np.result_type(*kinds)
        known = {name: np.asarray(each) for name, each in zip(inputs, args, strict=True)}
        try:
            more = [each.astype(kind) if of is None else known[of][each] for of, each in arrays]
        except IndexError:  # an array that is too small, which is refused by name
            return general(*args)
        found = inner(*args, *more)
        if not wrt:
            return found
        value, grads = found
        out = {name: grads[name] for name in wrt}
        for name, (of, places) in zip(further, arrays, strict=True):
            if of in out:
                np.add.at(out[of], places, grads[name])
        return value, out

    return call


def _finite(given: Iterable[Any]) -> bool:
    """Whether all numbers are."""
    import numpy as np

    return all(bool(np.isfinite(each).all()) for each in given if each is not None)


def _helpers(names: Iterable[str]) -> dict[str, Any]:
    """Helpers of the target `math` as functions."""
    from gradc.ops.helpers import HELPERS

    space: dict[str, Any] = {"math": math}
    found = {}
    for name in names:
        _run(HELPERS["math"][name], space, f"<gradc {name}>")
        found[name] = space[name]
    return found


def _things(call: CallText) -> dict[str, Any]:
    things: dict[str, Any] = {word: getattr(math, word) for word in call.words if hasattr(math, word)}
    things |= {"absent": ABSENT, "failures": FAILURES, "type": type, "float": float}
    things |= _helpers(call.helpers)
    if call.arrays:
        import numpy as np

        things |= {"float64": np.dtype(np.float64), "ndarray": np.ndarray, "array_of": np.array, "zeros_of": np.zeros}
        things |= {"frombuffer": np.frombuffer, "bytearray": bytearray, "pack": struct.pack}
    return things


def _otherwise(
    namespace: Mapping[str, Any], name: str, inputs: Sequence[str], general: Callable[..., Any]
) -> Callable[..., Any]:
    def otherwise(given: tuple[Any, ...], rest: tuple[Any, ...], more: dict[str, Any]) -> Any:
        if rest:
            return general(*given, *rest, **more)
        kinds = {*map(type, given)}
        if not more and int in kinds and kinds <= {int, float}:
            try:
                numbers = [float(value) for value in given]
            except OverflowError:
                return general(*given)
            return namespace[name](*numbers)
        known = {each: value for each, value in zip(inputs, given, strict=True) if value is not ABSENT}
        return general(**known, **more)

    return otherwise
