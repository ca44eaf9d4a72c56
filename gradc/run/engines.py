"""The engines: the ways in which a compiled program runs, in order of preference, one row each.

`fn(...)` and `fn.value_and_grad(...)` are the engines that fit a program, one behind the other: each takes the calls
that it is made for and leaves what else comes to the next, down to the passes, which take everything. `--style fast`
prints the module of the first that has one, `fn.running(*args)` says which engine takes a call, and `fn.check()` asks
each of them, by name.

**How to add an engine.** Write `plan(fn, kind)`: the text of a function of the inputs for "value" or "value_and_grad",
and how a text becomes that function (`Planned.link`), which leaves a call that it does not take to `otherwise`. Add
its row where it belongs in the order, with `fits(fn, kind)`, which is cheap and asks for no text.

>>> import gradc
>>> fn = gradc.compile("x*exp(y)")
>>> [engine.name for engine in fitting(fn, "value_and_grad")]
['numbers', 'blocks', 'passes']
>>> fn.running(1.0, 2.0).engine, fn.running([1.0, 3.0], 2.0).engine
('numbers', 'blocks')
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradc.graph.dag import reachable
from gradc.run import mode_engines as modes
from gradc.run.engine import Compiled, Engine, Otherwise, Passed, Planned, Running, once, passed
from gradc.run.functions import (
    collector_paused,
    direct,
    direct_arrays,
    direct_long,
    direct_mapped,
    direct_rolled,
    direct_summed,
    kept_module,
    load,
    with_further,
    with_further_of,
)
from gradc.run.given import broadcast, checked_df, checked_out, checked_threads, is_array
from gradc.run.numbers_apart import Apart, apart_of

if TYPE_CHECKING:
    from gradc.emit import Emitted
    from gradc.emit.calls import Elements
    from gradc.graph.dag import Dag

# ---- the thresholds that choose an engine ----------------------------------------------------------------------------

# Programs with more gates than this run as their style prints them; others have lines of their own for arrays.
LARGEST_KERNEL = 20_000
# Calls of programs with more gates than this run lines that are cheap to write.
LONG = 3_000
# Long sums of programs with more gates than this are sums over slices, whose calls into NumPy pay from here on: of
# elements of arrays, and of numbers, which are put into an array and taken out of it at each call.
ROLLED, GATHERED = 400, 600
# An operation on a whole array takes the time of so many on numbers: where sums leave too many of them, lines of
# numbers are ahead, as long as they are few enough to be written soon.
WHOLE = 40
# An elementwise array of more elements than this is worked on in blocks.
LARGE_ARRAY = 16_384

# Targets whose modules compute with NumPy's arrays, or with Python's floats: what the engines do in their place. A call
# of any other target's module goes through its passes.
OF_ARRAYS, OF_NUMBERS = ("numpy", "scipy"), ("math",)


KINDS = ("value", "value_and_grad")
MODES = ("jvp", "hvp", "jacobian", "hessian")

# The engine that compiles, and the target that it has its text from: only ever by request.
NUMBA = "numba"


# ---- what the rest of gradc asks -------------------------------------------------------------------------------------


def fitting(fn: Compiled, kind: str) -> list[Engine]:
    """The engines that fit a program, the first the one that is preferred."""
    return [engine for engine in (ENGINES if kind in KINDS else MODE_ENGINES) if engine.fits(fn, kind)]


def planned(fn: Compiled, engine: Engine, kind: str) -> Planned:
    """What an engine runs, made once."""
    plan: Planned = once(fn, (engine.name, kind), lambda: engine.plan(fn, kind))
    return plan


def linked(fn: Compiled, engine: Engine, kind: str, otherwise: Otherwise) -> Callable[..., Any]:
    """An engine's function."""
    plan = planned(fn, engine, kind)
    with collector_paused():
        return plan.link(plan.text, otherwise)


def chained(fn: Compiled, kind: str) -> Callable[..., Any]:
    """The function that a call goes through: each engine behind the one that is preferred to it.

    Only the first is made at once; one that gets no call costs nothing.
    """
    return _from(fn, kind, fitting(fn, kind))


def _from(fn: Compiled, kind: str, engines: Sequence[Engine]) -> Callable[..., Any]:
    return linked(fn, engines[0], kind, _behind(fn, kind, engines[1:]))


def _behind(fn: Compiled, kind: str, engines: Sequence[Engine]) -> Callable[..., Any]:
    """The function of these engines, made at the first call."""
    made: list[Callable[..., Any]] = []

    def otherwise(*args: Any, **inputs: Any) -> Any:
        if not made:
            made.append(_from(fn, kind, engines))
        return made[0](*args, **inputs)

    return otherwise


def alone(fn: Compiled, engine: Engine, kind: str) -> Callable[..., Any]:
    """An engine's function, which raises `Passed` for what it does not take."""
    return linked(fn, engine, kind, passed)


def running(fn: Compiled, kind: str, args: tuple[Any, ...], inputs: Mapping[str, Any]) -> Running:
    """The first engine that takes a call; it is called, and raises what the call raises."""
    for engine in fitting(fn, kind):
        try:
            alone(fn, engine, kind)(*args, **inputs)
        except Passed:
            continue
        plan = planned(fn, engine, kind)
        mine = (
            plan.shown(fn.bound(args, {name: x for name, x in inputs.items() if name in fn.dag.inputs}))
            if plan.shown
            else ""
        )
        return Running(engine.name, mine or plan.text)
    raise AssertionError("the passes take every call")


def fast_module(fn: Compiled) -> Emitted | None:
    """The module of the fast style, by the first engine that has one for the program; None where none has."""
    for engine in ENGINES:
        emitted = engine.module(fn) if engine.module is not None else None
        if emitted is not None:
            return emitted
    return None


# ---- the engines -----------------------------------------------------------------------------------------------------


def _arrays(fn: Compiled) -> bool:
    return fn.target in OF_ARRAYS


def _one_output(fn: Compiled, kind: str) -> bool:
    """Whether a call is one of a value, or of the gradient of one output, by a target that engines stand in for."""
    if fn.target not in (*OF_ARRAYS, *OF_NUMBERS):
        return False
    return kind == "value" or (len(fn.dag.outputs) == 1 and bool(fn.wrt))


def _wrt(fn: Compiled, kind: str) -> tuple[str, ...]:
    return fn.wrt if kind == "value_and_grad" else ()


def _elements(fn: Compiled, order: int = 1) -> tuple[Dag, tuple[Elements, ...]] | None:
    """The program as one of numbers, in derivatives of up to an order, if it only takes elements of its arrays."""
    from gradc.emit.calls import by_elements

    found: tuple[Dag, tuple[Elements, ...]] | None
    found = once(fn, f"elements {order}", lambda: by_elements(fn.dag, order))
    return found


def _fits_numbers(fn: Compiled, kind: str) -> bool:
    small = len(fn.dag.nodes) <= LONG and not fn.shadows
    return small and _one_output(fn, kind) and _elements(fn) is not None


def _plan_numbers(fn: Compiled, kind: str) -> Planned:
    from dataclasses import replace

    from gradc.emit.calls import call_text

    found = _elements(fn)
    assert found is not None
    numbers, elements = found
    call = call_text(
        kind, numbers, _wrt(fn, kind), elements=elements, params=fn.inputs, literal=fn.literal, guarded=_arrays(fn)
    )

    def link(text: str, otherwise: Otherwise) -> Callable[..., Any]:
        return direct(kind, replace(call, text=text), fn.inputs, otherwise)

    return Planned(call.text, link)


def of_vector(fn: Compiled, kind: str, order: Sequence[str], otherwise: Otherwise) -> Callable[..., Any] | None:
    """The lines of numbers, from one vector of all inputs to the gradient as a vector; None where they do not fit."""
    from gradc.emit.calls import Elements, call_text

    if fn.dag.declared or not _fits_numbers(fn, kind) or (fn.rolled is not None and _fits_rolled(fn, kind)):
        return None
    vector = "p"
    while vector in fn.inputs:
        vector += "_"
    whole = (Elements(vector, (len(order),), tuple(enumerate(order))),)
    wrt = [vector] if kind == "value_and_grad" else []
    call = call_text(
        kind, fn.dag, wrt, elements=whole, params=[vector], literal=fn.literal, guarded=_arrays(fn), bare=True
    )
    return direct(kind, call, ["p"], otherwise)


def _module_of_numbers(fn: Compiled) -> Emitted | None:
    """Of a scalar program in `math`, or of one that only takes elements of its arrays."""
    from gradc.emit.calls import emit_elements
    from gradc.emit.fast_scalar import emit_scalar
    from gradc.plan.modes import order_of

    if not _arrays(fn):
        if fn.target != "math":
            return None
        from gradc.optimize import LARGE

        large = len(fn.dag.nodes) > LARGE
        if fn.also and large:
            return None
        further = modes.of_numbers(fn)
        return emit_scalar(fn.dag, fn.wrt, fn.names, fn.literal, fn.function_name, further)
    if not fn.dag.declared or len(fn.dag.outputs) > 1 or len(fn.dag.nodes) > LARGEST_KERNEL:
        return None
    found = _elements(fn, order_of(*fn.also))
    if found is None:
        return None
    also = modes.of_elements(fn, *found)
    return emit_elements(fn.staged, *found, fn.wrt, fn.literal, fn.function_name, fn.also, also)


def _fits_long(fn: Compiled, kind: str) -> bool:
    large = len(fn.dag.nodes) > LONG and not fn.shadows
    return large and _one_output(fn, kind) and _elements(fn) is not None


def _plan_long(fn: Compiled, kind: str) -> Planned:
    """The lines of a long program in many short functions."""
    import re
    from dataclasses import replace

    from gradc.emit.calls import layout_of
    from gradc.emit.long_programs import long_text

    found, wrt = _elements(fn), _wrt(fn, kind)
    assert found is not None
    numbers, elements = found
    layout = layout_of(fn.dag)
    place = {each: span[0] for each, span in layout.items()}
    read = {
        each.name: {leaf: span[0] + at for at, leaf in each.read}
        for each in elements
        for span in [layout[each.name]]
    }  # fmt: skip
    active = [leaf for each in wrt for leaf in read.get(each, (each,))]
    for leaves in read.values():
        place.update(leaves)
    long = long_text(numbers, active, place, fn.literal)

    def link(text: str, otherwise: Otherwise) -> Callable[..., Any]:
        parts = [part + "\n" for part in re.split(r"\n(?=def )", text.rstrip("\n"))]
        return direct_long(kind, replace(long, parts=parts), layout, wrt, fn.bound, otherwise, guarded=_arrays(fn))

    return Planned("".join(long.parts), link)


def _fits_rolled(fn: Compiled, kind: str) -> bool:
    large = len(fn.dag.nodes) > ROLLED and not fn.shadows and _one_output(fn, kind)
    if not large or fn.rolled is None or (fn.rolled[1] and len(fn.dag.nodes) <= GATHERED):
        return False
    arrays = sum(bool(node.shape) for node in fn.rolled[0].dag.nodes)
    return len(fn.dag.nodes) > LONG or WHOLE * arrays < len(fn.dag.nodes)


def _plan_rolled(fn: Compiled, kind: str) -> Planned:
    """Long sums as sums over slices: the program that they make, run by its own first engine."""
    assert fn.rolled is not None
    inner, gathered, further = fn.rolled
    wrt = _wrt(fn, kind)
    engines = fitting(inner, kind)
    plan = planned(inner, engines[0], kind)

    def link(text: str, otherwise: Otherwise) -> Callable[..., Any]:
        call = plan.link(text, _behind(inner, kind, engines[1:]) if engines[1:] else passed)
        if gathered:
            whole = with_further(call, further, bool(wrt))
            return direct_rolled(whole, fn.inputs, gathered, wrt, fn.bound, otherwise, strict=not _arrays(fn))
        whole = with_further_of(call, further, fn.inputs, wrt, fn.bound, otherwise)
        return direct_summed(whole, wrt, otherwise)

    return Planned(plan.text, link)


def _module_of_rolled(fn: Compiled) -> Emitted | None:
    """Of a program over arrays: what takes numbers has a line for each of them whatever is done."""
    fits = _fits_rolled(fn, "value_and_grad") and fn.rolled is not None and not any(fn.rolled[1:])
    return fast_module(fn.rolled[0]) if fits and fn.rolled is not None else None


def _fits_arrays(fn: Compiled, kind: str) -> bool:
    from gradc.emit.arrays import fits_arrays

    if fn.shadows or not _arrays(fn) or not _one_output(fn, kind) or len(fn.dag.nodes) > LARGEST_KERNEL:
        return False
    if not fits_arrays(fn.dag) or (any(node.shape for node in fn.dag.roots) and "df" in fn.dag.inputs):
        return False
    return _elements(fn) is None and (kind == "value_and_grad" or _mapped(fn) is None)


def _plan_arrays(fn: Compiled, kind: str) -> Planned:
    from gradc.emit.arrays import call_arrays

    most = LARGE_ARRAY if _fits_mapped(fn, kind) else 0
    text, words = call_arrays(kind, fn.dag, _wrt(fn, kind), fn.literal, most)
    return Planned(text, lambda text, otherwise: direct_arrays(kind, text, words, fn.inputs, otherwise))


def _module_of_arrays(fn: Compiled) -> Emitted | None:
    from gradc.emit.arrays import emit_arrays, fits_arrays

    fits = _arrays(fn) and len(fn.dag.outputs) == 1 and fits_arrays(fn.dag)
    if not fits:
        return None
    return emit_arrays(fn.staged, fn.dag, fn.wrt, fn.literal, fn.function_name, fn.also, modes.of_whole_arrays(fn))


def _mapped(fn: Compiled) -> Dag | None:
    """The program as an elementwise one, if it maps over declared arrays of one shape."""
    from gradc.emit.blocks import as_map

    found: Dag | None = once(fn, "mapped", lambda: as_map(fn.dag))
    return found


def _fits_mapped(fn: Compiled, kind: str) -> bool:
    fits = kind == "value_and_grad" and _arrays(fn) and not fn.shadows and _one_output(fn, kind)
    return fits and len(fn.dag.nodes) <= LARGEST_KERNEL and "df" not in fn.dag.inputs and _mapped(fn) is not None


def _plan_mapped(fn: Compiled, kind: str) -> Planned:
    """A program that maps over declared arrays; a number's gradient is the sum over all elements."""
    from gradc.emit.blocks import emit_blocks

    as_numbers = _mapped(fn)
    assert as_numbers is not None
    text = emit_blocks(as_numbers, fn.wrt, fn.literal, upstream=True).text
    ranks = {name: len(node.shape) for name, node in fn.dag.inputs.items()}

    def link(text: str, otherwise: Otherwise) -> Callable[..., Any]:
        return direct_mapped(load(text).value_and_grad, ranks, fn.wrt, fn.bound, otherwise)

    return Planned(text, link)


def _fits_blocks(fn: Compiled, kind: str) -> bool:
    from gradc.emit.blocks import fits_blocks

    some = kind == "value" or len(fn.dag.outputs) == 1
    return some and _arrays(fn) and len(fn.dag.nodes) <= LARGEST_KERNEL and fits_blocks(fn.dag)


def _plan_blocks(fn: Compiled, kind: str) -> Planned:
    """Kernels over arrays of any shapes, one block of them at a time."""
    from gradc.emit.blocks import emit_blocks

    wrt, several = _wrt(fn, kind), len(fn.dag.outputs) > 1
    apart: Apart = {}
    text = emit_blocks(fn.dag, wrt, fn.literal).text

    def link(text: str, otherwise: Otherwise) -> Callable[..., Any]:
        made: dict[bool, Callable[..., Any]] = {}
        options = {"df", "out", "threads"}.difference(fn.dag.inputs) if kind == "value_and_grad" else set()
        outputs = [name for name, _ in fn.dag.outputs]

        def kernels(upstream: bool) -> Callable[..., Any]:
            """The function that takes the output's adjoint, too, or the one that does not."""
            if upstream not in made:
                seeded = emit_blocks(fn.dag, wrt, fn.literal, upstream=True).text if upstream else ""
                made[upstream] = load(seeded or text).value_and_grad
            return made[upstream]

        def call(*args: Any, **inputs: Any) -> Any:
            given = {name: x for name, x in inputs.items() if name in options}
            bound = fn.bound(args, {name: x for name, x in inputs.items() if name not in given} if given else inputs)
            if not any(map(is_array, bound)):
                return otherwise(*args, **inputs)
            if kind == "value":
                return kernels(False)(*bound, *([None] if several else []))[0]
            df, threads = given.get("df"), checked_threads(given.get("threads"))
            out = checked_out(given.get("out"), outputs, wrt)
            if df is None and wrt:
                fn.needs_no_df()
            upstream = [] if df is None else [checked_df(df, broadcast(_live(fn, bound)))]
            if (parts := apart_of(fn, wrt, bound, apart, bool(upstream))) is not None:
                points, numbers = parts.given(bound)
                if all(map(math.isfinite, numbers)):
                    return parts.run(*points, *numbers, *upstream, out, threads)
            return kernels(bool(upstream))(*bound, *upstream, out, threads)

        return call

    def shown(bound: Sequence[Any]) -> str:
        parts = apart_of(fn, wrt, bound, apart, False) if kind == "value_and_grad" else None
        return parts.text if parts is not None and all(map(math.isfinite, parts.given(bound)[1])) else ""

    return Planned(text, link, shown)


def _live(fn: Compiled, bound: Sequence[Any]) -> list[Any]:
    """Of the inputs' values those that the output depends on, and has its shape from."""
    found = {*reachable(fn.dag.roots)}
    live = [node in found for node in fn.dag.inputs.values()]
    return [value for value, used in zip(bound, live, strict=True) if used or not any(live)]


def _module_of_blocks(fn: Compiled) -> Emitted | None:
    from gradc.emit.blocks import emit_blocks, fits_blocks

    fits = _arrays(fn) and fits_blocks(fn.dag)
    if not fits:
        return None
    return emit_blocks(fn.dag, fn.wrt, fn.literal, fn.function_name, also=modes.of_blocks(fn), ignores=fn.ignores)


def _fits_numba(fn: Compiled, kind: str) -> bool:
    """Asked for, by the engine's name or as the target, and a program that its loops can be of."""
    asked = NUMBA in (fn.engine, fn.target) and not any(node.shape for node in (*fn.dag.inputs.values(), *fn.dag.nodes))
    return asked and _loops(fn) is not None


def _loops(fn: Compiled) -> Emitted | None:
    """The module of Numba's loops; None where there is none of the program."""
    from gradc.base.errors import GradcError
    from gradc.emit.targets import TARGETS

    def make() -> Emitted | None:
        try:
            found: Emitted = TARGETS[NUMBA].program(fn.dag, fn.wrt, fn.literal, "")
        except GradcError:
            return None
        return found

    found: Emitted | None = once(fn, NUMBA, make)
    return found


def _plan_numba(fn: Compiled, kind: str) -> Planned:
    """The functions of the target's module, compiled once and kept from run to run."""
    found = _loops(fn)
    assert found is not None

    def link(text: str, otherwise: Otherwise) -> Callable[..., Any]:
        from gradc.run.loops import direct_loops

        return direct_loops(kind, once(fn, (NUMBA, "module"), lambda: kept_module(text)), fn)

    return Planned(found.text, link)


def _fits_passes(fn: Compiled, kind: str) -> bool:
    return True


def _plan_passes(fn: Compiled, kind: str) -> Planned:
    return Planned(fn.emitted.text, lambda text, otherwise: fn.passes(kind, text))


# fmt: off
ENGINES = (
    Engine(NUMBA,     "loops that Numba compiles, if asked for",    _fits_numba,   _plan_numba),
    Engine("rolled",  "long sums as sums over slices",              _fits_rolled,  _plan_rolled,  _module_of_rolled),
    Engine("numbers", "lines of numbers, and of arrays' elements",  _fits_numbers, _plan_numbers, _module_of_numbers),
    Engine("long",    "the same in many short functions",           _fits_long,    _plan_long),
    Engine("arrays",  "lines of whole arrays",                      _fits_arrays,  _plan_arrays,  _module_of_arrays),
    Engine("mapped",  "large declared arrays, block by block",      _fits_mapped,  _plan_mapped),
    Engine("blocks",  "arrays of any shapes, block by block",       _fits_blocks,  _plan_blocks,  _module_of_blocks),
    Engine("passes",  "forward and backward as the module has them", _fits_passes, _plan_passes),
)
# fmt: on


def _mode(plan: Callable[[Compiled, str], tuple[str, Callable[[Otherwise], Callable[..., Any]]]]) -> Any:
    """A plan of a mode as an engine has it."""

    def planned(fn: Compiled, kind: str) -> Planned:
        text, link = plan(fn, kind)
        return Planned(text, lambda text, otherwise: link(otherwise))

    return planned


# fmt: off
MODE_ENGINES = (
    Engine("numbers", "lines of numbers, and of arrays' elements", modes.fits_numbers, _mode(modes.plan_numbers)),
    Engine("arrays",  "lines of whole arrays",                     modes.fits_arrays,  _mode(modes.plan_arrays)),
    Engine("blocks",  "arrays of any shapes, block by block",      modes.fits_blocks,  _mode(modes.plan_blocks)),
    Engine("passes",  "lines as the module of the notes has them", _fits_passes,       _mode(modes.plan_plain)),
)
# fmt: on

__all__ = ["ENGINES", "MODES", "MODE_ENGINES", "NUMBA", "alone", "chained", "fast_module", "fitting", "running"]
