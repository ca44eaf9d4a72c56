"""What NumPy raises in a line of a module, as an error that names the inputs that it came of.

An index that is out of range and sizes that do not fit show in the middle of a pass, where NumPy knows of no input.

>>> import gradc, numpy as np
>>> gradc.compile("W: [5]; sin(W[idx])")(np.ones(5), 7)
Traceback (most recent call last):
  ...
IndexError: idx: index 7 is out of bounds for axis 0 with size 5, in sin(W[idx])
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from gradc.graph.dag import Node, reachable

if TYPE_CHECKING:
    from gradc.run.engine import Compiled

_F = TypeVar("_F", bound=Callable[..., Any])
# An error that more inputs would have to be named for says no more than the line does.
MOST_NAMED = 3


def naming(fn: Compiled, function: _F) -> _F:
    """A function of the library whose errors name the inputs; itself where no call of it can end in such an error."""
    dims = [dim for shape in fn.shapes.values() for dim in shape]
    if not fn.dag.integers and not any(isinstance(dim, str) for dim in dims):
        return function

    @functools.wraps(function)
    def named(*args: Any, **inputs: Any) -> Any:
        try:
            return function(*args, **inputs)
        except (IndexError, ValueError) as error:
            said = _said(fn, error, args, inputs)
            if not said:
                raise
            raise type(error)(said) from error

    return named  # type: ignore[return-value]  # of the same parameters


def _said(fn: Compiled, error: Exception, args: tuple[Any, ...], inputs: Mapping[str, Any]) -> str:
    """The error with the inputs' names and the text of the program; nothing where no line of the module raised it."""
    import numpy as np

    from gradc.evidence.trace import trace
    from gradc.run.functions import load

    if isinstance(error, np.linalg.LinAlgError):  # a matter of values, not of what fits, and caught in loops
        return ""
    given = {name: value for name, value in inputs.items() if name in fn.dag.inputs}
    try:
        suspect = trace(fn.staged, fn.target, fn.bound(args[: len(fn.inputs)], given), load).suspect
    except (IndexError, TypeError, ValueError):  # what the inputs are refused for, by name
        return ""
    if suspect is None or not suspect.row.error.endswith(str(error)) or suspect.span is None:
        return ""
    gate = next(line.gate for line in fn.staged.forward if line.number == suspect.row.number)
    names = _came_of(fn, gate, isinstance(error, IndexError))
    start, stop = suspect.span
    said = f"{error}, in {' '.join(fn.program[start:stop].split())}"
    return f"{' and '.join(names)}: {said}" if 0 < len(names) <= MOST_NAMED else said


def _came_of(fn: Compiled, gate: Node, index: bool) -> list[str]:
    """The inputs that a gate hangs on: for an index those that it was computed from, where there are any."""
    leaves = {*reachable([gate])}
    names = [name for name, node in fn.staged.dag.inputs.items() if node in leaves]
    whole = [name for name in names if name in fn.dag.integers]
    return whole if index and whole else names
