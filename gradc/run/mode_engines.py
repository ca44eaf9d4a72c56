"""The engines of further modes: jvp, hvp, jacobian and hessian, one row each, in order of preference.

They are rows as those of value and gradient are (`gradc.run.engines`). An engine's function takes the inputs (and the
tangents of those in `wrt`), and leaves what it does not take to `otherwise`; that of a matrix gives a `Jacobian` or a
`Hessian`.

>>> import gradc
>>> fn = gradc.compile("x*exp(y)")
>>> fn.running(1.0, 2.0, 0.0, 1.0, mode="hvp").engine, fn.running([1.0, 3.0], 2.0, mode="hessian").engine
('numbers', 'blocks')
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from gradc.graph.dag import Dag
from gradc.run.functions import direct_arrays, load
from gradc.run.given import is_array

if TYPE_CHECKING:
    from gradc.emit.array_lines import Body
    from gradc.emit.arrays import ModeLines
    from gradc.emit.blocks import Writer
    from gradc.emit.calls import Elements
    from gradc.optimize import Joint
    from gradc.plan.code import Alias, Def, Lines
    from gradc.plan.notes import Notes
    from gradc.plan.numbers import Words
    from gradc.run.engine import Compiled, Otherwise
    from gradc.run.matrices import Kernel

PRODUCTS = ("jvp", "hvp")


def _arrays(fn: Compiled) -> bool:
    from gradc.run.engines import LARGEST_KERNEL, OF_ARRAYS

    return fn.target in OF_ARRAYS and len(fn.dag.nodes) <= LARGEST_KERNEL


# ---- numbers ---------------------------------------------------------------------------------------------------------


def fits_numbers(fn: Compiled, mode: str) -> bool:
    """Straight lines for a program of numbers, or of arrays' elements, of a size that these are made for."""
    return (mode != "hvp" or len(fn.dag.outputs) == 1) and fn.kernel(mode) is not None


def plan_numbers(fn: Compiled, mode: str) -> tuple[str, Callable[[Otherwise], Callable[..., Any]]]:
    kernel = fn.kernel(mode)
    assert kernel is not None
    return kernel.text, partial(_of_numbers, fn, mode, kernel)


def _of_numbers(fn: Compiled, mode: str, kernel: Kernel, otherwise: Otherwise) -> Callable[..., Any]:
    from gradc.run.matrices import one_number

    given_as = {"jvp": _jvp, "hvp": _hvp, "jacobian": _jacobian, "hessian": _hessian}[mode](kernel, list(fn.outputs))
    count = len(kernel.given)

    def general(*args: Any, **given: Any) -> Any:
        if given and mode in PRODUCTS:
            return otherwise(*args, **given)
        if len(args) + len(given) != count:
            return otherwise(*args, **given)
        found = kernel(fn.bound(args, given) if given else args)
        return otherwise(*args, **given) if found is None else given_as(found)

    return general if kernel.read else one_number(mode, kernel, given_as, general)


def _jvp(kernel: Kernel, outputs: Sequence[str]) -> Callable[[Any], Any]:
    if len(outputs) == len(kernel.found) == 1:
        return lambda found: (found[0], found[2][0])

    def pair(found: Any) -> Any:
        dots = kernel.tangents(found[2])
        tangent = tuple([dots.get(name, 0.0) for name in outputs])
        return found[0], tangent if len(tangent) > 1 else tangent[0]

    return pair


def _hvp(kernel: Kernel, outputs: Sequence[str]) -> Callable[[Any], Any]:
    names = kernel.wrt
    if not kernel.read and len(kernel.found) == len(names):

        def numbers(found: Any) -> Any:
            value, grads, curves = found
            return value, dict(zip(names, grads, strict=True)), dict(zip(names, curves, strict=True))

        return numbers
    return lambda found: (found[0], kernel.gradient(found[1]), kernel.by_input(kernel.tangents(found[2])))


def _jacobian(kernel: Kernel, outputs: Sequence[str]) -> Callable[[Any], Any]:
    from gradc.run.modes import Jacobian

    return lambda found: Jacobian.of(found[0], kernel.entries, found[2], kernel.inputs, kernel.outputs)


def _hessian(kernel: Kernel, outputs: Sequence[str]) -> Callable[[Any], Any]:
    from gradc.run.modes import Hessian

    return lambda found: Hessian.of(found[0], kernel.gradient(found[1]), kernel.entries, found[2], kernel.inputs)


# ---- arrays ----------------------------------------------------------------------------------------------------------


def fits_arrays(fn: Compiled, mode: str) -> bool:
    """Whole arrays, by a joint graph of value, gradient and tangent."""
    from gradc.emit.array_modes import fits_products

    dag = fn.dag
    if fn.shadows or not _arrays(fn) or "df" in dag.inputs or (mode == "hvp" and any(node.shape for node in dag.roots)):
        return False
    return bool(fn.wrt) and fits_products(dag, mode)


def plan_arrays(fn: Compiled, mode: str) -> tuple[str, Callable[[Otherwise], Callable[..., Any]]]:
    from gradc.emit.array_modes import call_products

    text, words, params = call_products(mode, fn.dag, fn.wrt, fn.literal)
    return text, lambda otherwise: direct_arrays(mode, text, words, params, otherwise)


# ---- blocks ----------------------------------------------------------------------------------------------------------


def fits_blocks(fn: Compiled, mode: str) -> bool:
    """Arrays of any shapes, one block of them at a time."""
    from gradc.emit.block_modes import fits_block_modes

    return _arrays(fn) and bool(fn.wrt) and fits_block_modes(fn.dag, mode)


def plan_blocks(fn: Compiled, mode: str) -> tuple[str, Callable[[Otherwise], Callable[..., Any]]]:
    from gradc.emit.block_modes import block_mode

    text = block_mode(mode, fn.dag, fn.wrt, fn.literal)
    names = list(fn.inputs)
    moved = [name for name in names if name in fn.wrt] if mode in PRODUCTS else []

    def link(otherwise: Otherwise) -> Callable[..., Any]:
        lines = getattr(load(text), mode)

        def call(*args: Any, **given: Any) -> Any:
            if given and mode not in PRODUCTS and not args and {*given} == {*names}:
                args, given = tuple(given[name] for name in names), {}
            if given or len(args) != len(names) + len(moved) or not any(map(is_array, args)):
                return otherwise(*args, **given)
            if not _spans(fn.dag, args, names, moved):
                return otherwise(*args)
            return shown(fn, mode, lines(*args), args)

        return call

    return text, link


def _spans(dag: Dag, args: Sequence[Any], names: Sequence[str], moved: Sequence[str]) -> bool:
    """Whether tangents fit into the points of the inputs: they are then what the plain function takes them for."""
    if not moved:
        return True
    import numpy as np

    try:
        points = np.broadcast_shapes(*map(np.shape, args[: len(names)]))
        return np.broadcast_shapes(points, *map(np.shape, args[len(names) :])) == points
    except ValueError:
        return False


# ---- the module's own functions --------------------------------------------------------------------------------------


def plan_plain(fn: Compiled, mode: str) -> tuple[str, Callable[[Otherwise], Callable[..., Any]]]:
    """The function of a mode as the notes have it, which takes every call."""
    from gradc.run.given import in_order

    text, function, names, optional = fn.plain_mode(mode)

    def call(*args: Any, **given: Any) -> Any:
        values = in_order(names, args, given, "argument", optional=optional, defaults=fn.dag.defaults)
        return shown(fn, mode, function(*values), values)

    return text, lambda otherwise: call


def shown(fn: Compiled, mode: str, found: Any, values: Sequence[Any]) -> Any:
    """What a function of a module gives, as the library has it."""
    if mode in PRODUCTS:
        return found
    import numpy as np

    from gradc.run.modes import Hessian, Jacobian, symmetric

    inputs = [name for name in fn.inputs if name in fn.wrt]
    given = dict(zip(fn.inputs, values, strict=False))
    shapes = {name: np.shape(given[name]) if fn.dag.declared else () for name in inputs}
    if mode == "hessian":
        value, grads, blocks = found
        if fn.dag.declared:
            blocks = {pair: symmetric(block) if pair[0] == pair[1] else block for pair, block in blocks.items()}
        return Hessian(value, grads, blocks, shapes, () if fn.dag.declared else np.shape(value))
    value, rows = found
    names = list(fn.outputs)
    outputs = dict(zip(names, value if len(names) > 1 else (value,), strict=True))
    points = () if fn.dag.declared else max((np.shape(each) for each in outputs.values()), key=len)
    return Jacobian(value, rows, shapes, {f: () if points else np.shape(y) for f, y in outputs.items()}, points)


# ---- modules of the fast style ---------------------------------------------------------------------------------------


def _names(fn: Compiled) -> dict[str, str]:
    """What the functions of the further modes are called in a module."""
    return {mode: f"{fn.function_name}_{mode}" if fn.function_name else mode for mode in fn.also}


def of_numbers(fn: Compiled) -> dict[str, tuple[Joint, Callable[[Words], tuple[Def | Alias, ...]]]]:
    """For a module of numbers: each mode's graph, and its function."""
    if not fn.also:
        return {}
    from gradc.emit.number_modes import modes_of_numbers

    return modes_of_numbers(fn.dag, fn.wrt, _names(fn), fn.literal)


def of_elements(
    fn: Compiled, numbers: Dag, elements: Sequence[Elements]
) -> Callable[[Notes, dict[str, str], set[str]], Callable[[Def], Lines | None]]:
    """For a module of arrays' elements: each mode's lines, by the function of the notes that takes all else."""

    def start(notes: Notes, words: dict[str, str], bound: set[str]) -> Callable[[Def], Lines | None]:
        from gradc.emit.number_modes import lines_of_elements

        return lambda plain: lines_of_elements(notes, numbers, elements, fn.wrt, plain, words, bound)

    return start


def of_whole_arrays(fn: Compiled) -> Callable[[Notes, Body], ModeLines]:
    """The same for a module of whole arrays; of products alone."""
    from gradc.emit.array_modes import mode_lines

    return mode_lines(fn.dag, fn.wrt)


def of_blocks(fn: Compiled) -> Callable[[Writer], list[str]]:
    """For a module of kernels: those of the further modes."""

    def lines(writer: Writer) -> list[str]:
        from gradc.emit.block_modes import modes_lines

        return modes_lines(writer, fn.dag, fn.wrt, _names(fn))

    return lines
