"""What engines are made of: what they ask of a compiled program, what they plan, and what they say of a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from gradc.base.records import NamedTuple
from gradc.run.functions import (
    collector_paused,
)

if TYPE_CHECKING:
    from gradc.emit import Emitted
    from gradc.graph.dag import Dag, Shape
    from gradc.plan.program import Program
    from gradc.rewrite.long_sums import Further
    from gradc.run.matrices import Kernel


class Compiled(Protocol):
    """What is asked of a compiled program by those who run it and those who judge it."""

    dag: Dag
    wrt: tuple[str, ...]
    style: str
    names: str
    target: str
    literal: bool
    function_name: str
    also: tuple[str, ...]
    engine: str  # the one that was asked for, if any

    @property
    def program(self) -> str: ...
    @property
    def inputs(self) -> tuple[str, ...]: ...
    @property
    def outputs(self) -> tuple[str, ...]: ...
    @property
    def shapes(self) -> dict[str, Shape]: ...
    @property
    def staged(self) -> Program: ...
    @property
    def emitted(self) -> Emitted: ...
    @property
    def ignores(self) -> tuple[str, ...]:
        """What NumPy may say of values that the program computes to decide, and then leaves out."""

    @property
    def shadows(self) -> bool:
        """Whether the user has a variable with the name of a function that modules call."""

    @property
    def rolled(self) -> tuple[Any, tuple[str, ...], dict[str, Further]] | None:
        """The program as one of sums over slices, the numbers that its one input holds, and its further inputs."""

    @property
    def memo(self) -> dict[Any, Any]:
        """What engines found out of the program, or made for it, once."""

    def forward(self, *args: Any, **inputs: Any) -> tuple[Any, Any]: ...
    def backward(self, cache: Any, df: Any = None) -> dict[str, Any]: ...

    def bound(self, args: tuple[Any, ...], given: Mapping[str, Any]) -> list[Any]:
        """The inputs in order, by position or by name."""

    def kernel(self, mode: str) -> Kernel | None:
        """The straight lines of a mode, if the program is one of numbers and of a size that these are made for."""

    def plain_mode(self, mode: str) -> tuple[str, Callable[..., Any], tuple[str, ...], tuple[str, ...]]:
        """The text and the function of a mode as the notes have it, its parameters, and those that may be left out."""

    def needs_no_df(self) -> None:
        """Raise ValueError where an upstream adjoint must be given."""

    def passes(self, kind: str, text: str) -> Callable[..., Any]:
        """The function of the two passes of a text, which takes every call."""


Otherwise = Callable[..., Any]


class Planned(NamedTuple):
    """What an engine runs: the text, and how it becomes a function that leaves other calls to `otherwise`."""

    text: str
    link: Callable[[str, Otherwise], Callable[..., Any]]
    shown: Callable[[Sequence[Any]], str] | None = None  # the text that takes a call, where that is another


class Engine(NamedTuple):
    """One way to run a program; `module`, where a module of the fast style is made in the same way."""

    name: str
    doc: str
    fits: Callable[[Compiled, str], bool]
    plan: Callable[[Compiled, str], Planned]
    module: Callable[[Compiled], Emitted | None] | None = None


class Running(NamedTuple):
    """Which engine takes a call, and the text that it runs."""

    engine: str
    text: str


def once(fn: Compiled, key: Any, make: Callable[[], Any]) -> Any:
    if key not in fn.memo:
        with collector_paused():
            fn.memo[key] = make()
    return fn.memo[key]


class Passed(Exception):
    """A call that an engine does not take."""


def passed(*args: Any, **inputs: Any) -> Any:
    """What stands behind an engine that is asked alone."""
    raise Passed


__all__ = ["Engine", "Passed", "Planned", "Running"]
