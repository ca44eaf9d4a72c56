"""A compiled program as a function: its interface, its module, and the calls that run it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import takewhile
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from gradc.api.options import check_target
from gradc.base.errors import Note
from gradc.base.files import signed, write_whole
from gradc.emit import TARGETS, Emitted, emit
from gradc.emit.modules import BUILTINS
from gradc.evidence.blame import naming
from gradc.graph.dag import Dag, Shape
from gradc.graph.shapes import show
from gradc.ops.routing import where
from gradc.plan.modes import order_of
from gradc.plan.program import Program, gates_of_the_notes, renamed_words, stage
from gradc.rewrite.sides import is_beyond
from gradc.run.engine import Running
from gradc.run.engines import LARGEST_KERNEL, OF_ARRAYS, OF_NUMBERS, chained, fast_module, running
from gradc.run.functions import collector_paused, compiles, load
from gradc.run.given import (
    broadcast_of,
    checked_df,
    checked_dfs,
    checked_out,
    checked_threads,
    filled,
    in_order,
    is_array,
    kind_of,
    refuse_more_than_numbers,
    shape_of,
)
from gradc.run.points import Cache, OverPoints

if TYPE_CHECKING:
    import inspect

    from gradc.rewrite.long_sums import Further
    from gradc.run.flat import Flat
    from gradc.run.matrices import Kernel
    from gradc.run.modes import Hessian, Jacobian

STYLES = ("notes", "fast")


Style = Literal["notes", "fast"]


Mode = Literal["value", "value_and_grad", "jvp", "hvp", "jacobian", "hessian"]


Names = Literal["notes", "letters", "wengert"]


Asked = Literal["", "numba"]


class Function:
    """A compiled program: call it for the value, ask `value_and_grad` for the gradient too.

    Inputs go by position or by name. `source` is the emitted module, `stages` its forward lines with
    their numbers, `inputs`, `outputs` and `shapes` its interface.
    """

    def __init__(
        self,
        dag: Dag,
        wrt: tuple[str, ...],
        style: str,
        names: str,
        target: str,
        literal: bool,
        function_name: str = "",
        also: tuple[str, ...] = (),
        double: bool = False,
        engine: str = "",
        batch: str = "",
    ) -> None:
        self.dag, self.wrt, self.style, self.names, self.target, self.literal = dag, wrt, style, names, target, literal
        self.function_name, self.also, self.double = function_name, also, double
        self.engine, self.batch = engine, batch
        self.__name__ = function_name or "value"
        self.__doc__ = f"{self.__name__}({', '.join(self.inputs)}): the value of {_first_lines(dag.text)}"
        self.self_check = False
        self._given: tuple[str, dict[str, Any]] | None = None

    # ---- as an object of Python's --------------------------------------------------------------

    def __reduce__(self) -> tuple[Any, ...]:
        """A pickle or a copy compiles again, from the same text with the same options: it emits the same bytes."""
        if self._given is None:
            raise TypeError("a function that was made of a part of another one is neither pickled nor copied")
        from gradc.api import _compiled

        return _compiled, self._given

    def __deepcopy__(self, memo: Any) -> Function:
        compiled, given = self.__reduce__()
        return cast("Function", compiled(*given))

    @property
    def __signature__(self) -> inspect.Signature:
        """The inputs, by position or by name; those behind which all have a default may be left out."""
        import inspect

        kind, none = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.empty
        last = takewhile(self.dag.defaults.__contains__, reversed(self.inputs))
        usual = {name: float(self.dag.defaults[name]) for name in last}
        return inspect.Signature([inspect.Parameter(name, kind, default=usual.get(name, none)) for name in self.inputs])

    # ---- the interface -------------------------------------------------------------------------

    @property
    def program(self) -> str:
        """The text that was compiled."""
        return self.dag.text

    @property
    def inputs(self) -> tuple[str, ...]:
        """The inputs in order of first appearance."""
        return tuple(self.dag.inputs)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the outputs."""
        return tuple(name for name, _ in self.dag.outputs)

    @property
    def shapes(self) -> dict[str, Shape]:
        """The shapes of inputs and outputs: () for a scalar, names for sizes that the call decides."""
        resolve = self.dag.dims.resolve
        given = {name: resolve(node.shape) for name, node in self.dag.inputs.items()}
        return {**given, **{name: resolve(node.shape) for name, node in self.dag.outputs}}

    @property
    def stages(self) -> tuple[tuple[int, str], ...]:
        """The forward lines with their numbers."""
        return self.emitted.stages

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was accepted with a note."""
        notes = cast("tuple[Note, ...]", self.dag.notes)
        for word, name in renamed_words(self.dag).items():
            what = "the upstream adjoint" if word == "df" else f"the size '{word}'"
            notes += (Note(f"'{word}' is a value of the program: {what} is called '{name}' in the module"),)
        if self.style == "fast" and self._fast is None:
            what = "batches" if self.batch else "this program"
            notes += (Note(f"the fast style has no module of {what}: it is printed in the style of the notes"),)
        return notes

    @cached_property
    def staged(self) -> Program:
        """The program as statements, in the style of the notes."""
        with collector_paused():
            return self._staged()

    def _staged(self, every_gate: bool = False) -> Program:
        dag = self.dag
        if any(node.op is where for node in dag.nodes) and (
            TARGETS[self.target].arrays or is_beyond(dag.nodes, dag.roots)
        ):
            from gradc.rewrite.safe_arguments import guard_branches

            dag = guard_branches(dag, self.literal)
        if every_gate and self.literal:  # as the notes draw it: *-1, exp, +1, 1/x
            from gradc.rewrite.textbook import textbook

            dag, _ = textbook(dag)
        dag, build = gates_of_the_notes(dag, self.literal)
        staged = stage(dag, build, self.wrt, self.names, TARGETS[self.target].arrays, every_gate)
        return staged._replace(ignores=self.ignores)

    @cached_property
    def emitted(self) -> Emitted:
        """The module's text with its counts."""
        if not self.batch:
            return self.plain
        from gradc.run.batched import with_batches

        with collector_paused():
            return self.plain._replace(text=with_batches(self, self.plain.text, self.batch))

    @cached_property
    def plain(self) -> Emitted:
        """The same without the functions of batches."""
        with collector_paused():
            own = TARGETS[self.target].program
            if own is not None:
                emitted: Emitted = own(self.dag, self.wrt, self.literal, self.function_name, self.also)
                return emitted
            fast = self._fast
            if fast is None:
                return emit(self.staged, self.target, self.function_name, self.also, self.double)
            return fast

    @cached_property
    def _fast(self) -> Emitted | None:
        """The module of the fast style, if that is wanted and an engine has one."""
        return fast_module(self) if self.style == "fast" and not self.batch else None

    @cached_property
    def ignores(self) -> tuple[str, ...]:
        """What NumPy may say of values that the program computes to decide, and then leaves out."""
        if not any(node.op.kink.selects for node in self.dag.nodes):
            return ()
        from gradc.rewrite.steep import warned_of

        return warned_of(self.dag)

    def _in_silence(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function that says no more than the module does, but for the inputs that an error comes of."""
        if not self.ignores:
            return naming(self, function)
        import numpy as np

        said: dict[str, Any] = dict.fromkeys(self.ignores, "ignore")
        return naming(self, np.errstate(**said)(function))

    @property
    def _own_names(self) -> set[str]:
        """The names that are the user's: inputs, and what the program assigns."""
        return {*self.dag.inputs, *(name for given in self.dag.names.values() for name in given)}

    @cached_property
    def shadows(self) -> bool:
        """Whether the user has a variable with the name of a function that modules call."""
        return not self._own_names.isdisjoint(BUILTINS)

    @cached_property
    def source(self) -> str:
        """The text of the emitted module, verified before anyone has it. It needs NumPy (or nothing) and not gradc."""
        from gradc.emit.allow import verify

        text = self.emitted.text
        if self.self_check:
            from gradc.evidence.self_check import self_checking

            text = self_checking(self, text, self.function_name)
        if text.startswith('"""'):  # a module of Python's
            verify(text)
        return signed(text)

    def save(self, path: str | os.PathLike[str], force: bool = False) -> str | os.PathLike[str]:
        """Write the module, whole or not at all; a file that gradc did not write is replaced only with `force`."""
        return write_whole(path, compiles(self.source), force)

    # ---- running -------------------------------------------------------------------------------

    @cached_property
    def module(self) -> ModuleType:
        """The emitted module, loaded so that tracebacks and debuggers show its lines."""
        return load(self.emitted.text)

    def _function(self, which: str, text: str = "") -> Callable[..., Any]:
        """A function of the module, or of another text of it."""
        module = self.module if not text or text is self.emitted.text else load(text)
        own = "_value_and_grad" if TARGETS[self.target].value_function else ""
        name = {"forward": "_forward", "backward": "_backward", "value_and_grad": own}[which]
        return cast("Callable[..., Any]", getattr(module, self.function_name + name if self.function_name else which))

    def bound(self, args: tuple[Any, ...], given: Mapping[str, Any]) -> list[Any]:
        """The inputs in order, by position or by name; TypeError names what is missing or surplus."""
        inputs = self.dag.inputs
        bound = in_order(inputs, args, given, shape=self._shape_text, defaults=self.dag.defaults)
        if self.target not in OF_ARRAYS:  # a framework knows its own tensors
            return bound
        return [refuse_more_than_numbers(name, value) for name, value in zip(inputs, bound, strict=True)]

    def _shape_text(self, name: str) -> str:
        shape = self.shapes[name]
        return f" of shape {show(shape)}" if shape else ""

    def __call__(self, /, *args: Any, **inputs: Any) -> Any:
        """The value at the inputs."""
        return self.value(*args, **inputs)

    @cached_property
    def value(self) -> Callable[..., Any]:
        """value(x, y): the value at the inputs."""
        return self._in_silence(chained(self, "value"))

    @cached_property
    def forward(self) -> Callable[..., tuple[Any, Any]]:
        """forward(x, y): the value, and the cache that `backward` needs."""
        return naming(self, self._forward)

    def _forward(self, /, *args: Any, **inputs: Any) -> tuple[Any, Any]:
        bound = self.bound(args, inputs)
        if self._lists and any(map(is_array, bound)):
            return self._over_points(self.emitted.text).forward(*bound)
        return cast("tuple[Any, Any]", self._function("forward")(*bound))

    @cached_property
    def _lists(self) -> bool:
        """Whether a program of numbers makes lists of them: these have axes of their own at every point."""
        numbers = not self.dag.integers and not any(node.shape for node in self.dag.inputs.values())
        return self.target in OF_ARRAYS and numbers and any(node.shape for node in self.dag.nodes)

    def _over_points(self, text: str) -> OverPoints:
        forward, backward = self._function("forward", text), self._function("backward", text)
        shapes = [cast("tuple[int, ...]", self.dag.dims.resolve(node.shape)) for node in self.dag.roots]
        return OverPoints(forward, backward, shapes, self.wrt)

    def backward(self, cache: Any, df: Any = None) -> dict[str, Any]:
        """The gradient by input, contracted with `df`: 1.0 for a scalar output, required for an array."""
        return self._backward(cache, df, self.emitted.text)

    def _backward(self, cache: Any, df: Any, text: str) -> dict[str, Any]:
        if isinstance(cache, Cache):
            return self._back_at_points(cache, df, text)
        if df is None:
            self.needs_no_df()
            return cast("dict[str, Any]", self._function("backward", text)(cache))
        if len(self.outputs) > 1:
            self._fits_outputs(df)
            df = tuple(refuse_more_than_numbers(f"df[{at}]", each) for at, each in enumerate(df))
        else:
            df = refuse_more_than_numbers("df", df)
        try:
            return cast("dict[str, Any]", self._function("backward", text)(cache, df))
        except ValueError as error:
            if self.dag.declared or "broadcast" not in str(error):
                raise
            raise ValueError(
                f"df: a number or an array of the output's shape is expected, not of {shape_of(df)}"
            ) from None

    def _back_at_points(self, cache: Cache, df: Any, text: str) -> dict[str, Any]:
        """The same at every point of arrays, where the program makes lists."""
        if df is None:
            self.needs_no_df()
            df = 1.0
        over = self._over_points(text)
        shapes = [broadcast_of(own + cache.shape) for own in over.shapes]
        if len(shapes) > 1:
            self._fits_outputs(df)
            return over.backward(cache, checked_dfs(df, shapes))
        return over.backward(cache, checked_df(df, shapes[0]))

    @cached_property
    def value_and_grad(self) -> Callable[..., tuple[Any, dict[str, Any]]]:
        """value_and_grad(x, y): the value and the gradient by input; an array output takes its adjoint as `df=`."""
        return self._in_silence(chained(self, "value_and_grad"))

    def running(self, /, *args: Any, mode: Mode = "value_and_grad", **inputs: Any) -> Running:
        """Which engine takes such a call of `value_and_grad` (of `fn`, with no `wrt`), and the text that it runs.

        `mode` asks for that of jvp, hvp, jacobian or hessian.
        """
        if mode not in get_args(Mode):
            known = ", ".join(map(repr, get_args(Mode)))
            raise ValueError(f"mode: one of {known} is expected, not {kind_of(mode)}")
        return running(self, mode if self.wrt or mode != "value_and_grad" else "value", args, inputs)

    def passes(self, kind: str, text: str) -> Callable[..., Any]:
        """The function of the two passes of a module's text, which takes every call."""
        return self._passes_value(text) if kind == "value" else self._passes_both(text)

    def _passes_value(self, text: str) -> Callable[..., Any]:
        def value(*args: Any, **inputs: Any) -> Any:
            bound = self.bound(args, inputs)
            if self._lists and any(map(is_array, bound)):
                return self._over_points(text).forward(*bound)[0]
            return self._function("forward", text)(*bound)[0]

        return value

    def _passes_both(self, text: str) -> Callable[..., Any]:
        def value_and_grad(*args: Any, **inputs: Any) -> tuple[Any, dict[str, Any]]:
            df, out, threads = (
                inputs.pop(name, None) if name not in self.dag.inputs else None for name in ("df", "out", "threads")
            )
            bound, threads = self.bound(args, inputs), checked_threads(threads)
            if df is None and self.wrt:
                self.needs_no_df()
            out = checked_out(out, self.outputs, self.wrt)
            arrays = any(map(is_array, bound))
            if out is not None and not arrays and not self.dag.declared:
                raise ValueError("out: the inputs are numbers, and so is the result; it fills no arrays")
            if threads > 1 and (arrays or self.dag.declared):
                raise ValueError("threads: only an elementwise program of one output shares an array among threads")
            if not self.wrt:
                return filled(out, self.value(*bound), {})
            if self._lists and arrays:
                value, cache = self._over_points(text).forward(*bound)
                return filled(out, value, self._back_at_points(cache, df, text))
            value, cache = self._function("forward", text)(*bound)
            if df is not None and not self.dag.declared:
                df = checked_dfs(df, value) if len(self.outputs) > 1 else checked_df(df, value)
            return filled(out, value, self._backward(cache, df, text))

        return value_and_grad

    # ---- other modes -----------------------------------------------------------------------------

    @cached_property
    def jvp(self) -> Callable[..., tuple[Any, Any]]:
        """jvp(x, y, x_dot, y_dot): the value, and how it changes along the tangents of the `wrt` inputs."""
        return self._in_silence(chained(self, "jvp"))

    @cached_property
    def hvp(self) -> Callable[..., tuple[Any, dict[str, Any], dict[str, Any]]]:
        """hvp(x, y, x_dot, y_dot): the value, the gradient, and how the gradient changes: the Hessian times a vector.

        An array output, or several, take their adjoints as `df=`, as `value_and_grad` does.
        """
        return self._in_silence(chained(self, "hvp"))

    @cached_property
    def jacobian(self) -> Callable[..., Jacobian]:
        """jacobian(x, y): the derivatives of each output by each input; `blocks` by name, `dense()` as one matrix."""
        return self._in_silence(chained(self, "jacobian"))

    @cached_property
    def hessian(self) -> Callable[..., Hessian]:
        """hessian(x, y): the second derivatives; `blocks` by pairs of inputs, `dense()` as one symmetric matrix."""
        self._has_a_hessian()
        return self._in_silence(chained(self, "hessian"))

    def flat(self, wrt: Sequence[str] | str | None = None, like: Mapping[str, Any] | None = None, **data: Any) -> Flat:
        """The function of one vector of parameters, as solvers want it: the inputs in `wrt`, flattened in that order.

        The other inputs are held at their `data`; `like` gives arrays like the parameters whose sizes nothing else
        gives. `wrt` left out means all inputs that are not data.
        """
        from gradc.run.flat import Flat

        if isinstance(wrt, str):
            wrt = (wrt,)
        wanted = tuple(wrt) if wrt is not None else tuple(name for name in self.wrt if name not in data)
        known = tuple(name for name in wanted if name in self.inputs)
        same = known == self.wrt
        narrow = self if same else Function(self.dag, known, self.style, self.names, self.target, self.literal)
        return Flat(narrow, wanted, like or {}, data)

    def _has_a_hessian(self) -> None:
        from gradc.plan.blocks import one_number

        one_number(self.dag, self.dag.roots)

    def kernel(self, mode: str, alone: bool = False) -> Kernel | None:
        """The straight lines of a mode, if the program is one of numbers and of a size that these are made for.

        With `alone` they give neither value nor gradient.
        """
        if (mode, alone) not in self._matrices:
            kernel = None
            if len(self.dag.nodes) <= LARGEST_KERNEL:
                from gradc.run.matrices import kernel_of

                with collector_paused():
                    kernel = kernel_of(self.dag, self.wrt, mode, self.literal, alone)
            self._matrices[mode, alone] = kernel
        return self._matrices[mode, alone]

    @cached_property
    def _matrices(self) -> dict[tuple[str, bool], Kernel | None]:
        return {}

    def plain_mode(self, mode: str) -> tuple[str, Callable[..., Any], tuple[str, ...], tuple[str, ...]]:
        """The text and the function of a mode as the notes have it, its parameters, and those that may be left out."""
        check_target(self.dag, TARGETS[self.target], order_of(mode))
        text = emit(self.staged, self.target, "", (mode,)).text
        function = getattr(load(text), mode)
        plain = getattr(function, "__wrapped__", function)
        names = plain.__code__.co_varnames[: plain.__code__.co_argcount]
        return text, function, names, names[len(names) - len(plain.__defaults__ or ()) :]

    @cached_property
    def memo(self) -> dict[Any, Any]:
        """What engines found out of the program, or made for it, once."""
        return {}

    @cached_property
    def rolled(self) -> tuple[Function, tuple[str, ...], dict[str, Further]] | None:
        """A program of long sums as one over slices, the numbers that its one input holds, and further inputs of it."""
        from gradc.rewrite.long_sums import roll

        rolled = roll(self.dag, self.literal)
        if rolled is None:
            return None
        wrt = tuple(rolled.dag.inputs)[:1] if rolled.numbers else self.wrt
        wrt += tuple(name for name, each in rolled.further.items() if each.of in wrt)
        target = self.target if TARGETS[self.target].arrays else "numpy"
        inner = Function(rolled.dag, wrt, "fast", self.names, target, self.literal, self.function_name)
        return inner, rolled.numbers, rolled.further

    def _fits_outputs(self, df: Any) -> None:
        """Raise TypeError unless there is one adjoint for each output."""
        count = len(self.outputs)
        if not isinstance(df, (tuple, list)) or len(df) != count:
            came = f"{len(df)}" if isinstance(df, (tuple, list)) else "no tuple"
            raise TypeError(f"df: a tuple of {count} adjoints, one an output, is expected, and {came} came")

    def needs_no_df(self) -> None:
        if len(self.outputs) > 1:
            ones = ", ".join(["1.0", *["0.0"] * (len(self.outputs) - 1)])
            raise ValueError(
                f"there are {len(self.outputs)} outputs ({', '.join(self.outputs)}): pass one upstream adjoint "
                f"for each, df=({ones}) for the gradient of '{self.outputs[0]}'"
            )
        for name, node in self.dag.outputs:
            if node.shape:
                shape = show(self.dag.dims.resolve(node.shape))
                raise ValueError(
                    f"the output '{name}' has shape {shape}: pass its upstream adjoint as df, "
                    "or end the program with sum(...)"
                )

    def __repr__(self) -> str:
        return f"<gradc function of {', '.join(self.inputs)}: {_first_lines(self.program)}>"

    def to_dict(self) -> dict[str, Any]:
        """The interface, the forward lines, the counts and the module as plain data."""
        emitted = self.emitted
        return {
            "program": self.program,
            "inputs": {name: list(self.shapes[name]) for name in self.inputs},
            "outputs": {name: list(self.shapes[name]) for name in self.outputs},
            "wrt": list(self.wrt),
            **{key: getattr(self, key) for key in ("style", "names", "target", "literal")},
            "stages": [{"number": number, "line": line} for number, line in self.stages],
            "operations": {"forward": emitted.forward_ops, "backward": emitted.backward_ops},
            "notes": [note.message for note in self.notes],
            "source": self.source,
        }

    def _repr_latex_(self) -> str | None:
        from gradc.language.latex import formula

        text = formula(self.dag)
        return None if text is None else f"$\\displaystyle {text}$"

    def _repr_html_(self) -> str:
        from html import escape

        from gradc.emit.highlight import folded

        ops = self.emitted.forward_ops, self.emitted.backward_ops
        title = f"module: forward {ops[0]:,}, backward {ops[1]:,} operations"
        return f"<div>{escape(self._repr_latex_() or '')}</div>{folded(title, self.source)}"

    # ---- evidence ------------------------------------------------------------------------------

    def check(self, **options: Any) -> Any:
        """The staged gradient against SymPy's and against finite differences; see `gradc.evidence.check`.

        The module of a framework's target is run beside the staged passes, where the framework is installed.
        """
        from gradc.evidence import check

        if self.dag.example and not any(options.get(each) for each in ("at", "ranges")):
            options["at"] = self.example
        if self.target in (*OF_ARRAYS, *OF_NUMBERS):
            return check.check(self, **options)
        return check.check(self.in_numpy, module=self, **options)

    @property
    def in_numpy(self) -> Function:
        """The same program for NumPy, in the style of the notes."""
        made = Function(self.dag, self.wrt, "notes", self.names, "numpy", self.literal)
        if self._given is not None:
            program, options = self._given
            made._given = program, {**options, "target": "numpy", "style": "notes", "double": False, "engine": ""}
        return made

    def report(self, *, modes: bool = False, sweep: str | bool = False, upto: int = 20, **options: Any) -> Any:
        """Staged against symbolic size; see `gradc.evidence.report`. With `modes` what each mode costs.

        `sweep` grows the program by composing it with itself, up to `upto` times, or the family of that name:
        "logistic", "product", … (`gradc.evidence.growing.FAMILIES`).
        """
        if sweep:
            family = self if sweep is True or sweep == "self" else sweep
            if modes:
                from gradc.evidence.modes import sweep_modes

                return sweep_modes(family, upto=upto, **options)
            from gradc.evidence.sweep import sweep as swept

            return swept(family, Function, upto=upto, **options)
        if modes:
            from gradc.evidence.modes import modes_of

            return modes_of(self.dag, self.wrt, self.literal)
        from gradc.evidence import report

        return report.report(self, **options)

    @property
    def example(self) -> dict[str, Any]:
        """The values that the program itself gives its inputs, as pasted notes do; empty where it gives none."""
        given = self.dag.example or {}
        return {name: value.array() if hasattr(value, "array") else value for name, value in given.items()}

    def _or_example(self, args: tuple[Any, ...], inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs by name, those that are left out as the program's example has them."""
        left = list(self.dag.example or ())[len(args) :]
        return {**{name: self.example[name] for name in left}, **inputs}

    def trace(self, /, *args: Any, **inputs: Any) -> Any:
        """Every line of both passes with its value at a point, by the notes' names; see `gradc.evidence.trace`."""
        from gradc.evidence.trace import trace

        df = inputs.pop("df", None) if "df" not in self.dag.inputs else None
        return trace(self.staged, self.target, self.bound(args, self._or_example(args, inputs)), load, df)

    def graph(self, /, *args: Any, **inputs: Any) -> Any:
        """The circuit as a picture, with values and gradients if a point is given; see `gradc.evidence.circuit`.

        A picture of more than 150 gates is refused; `max_gates` allows more.
        """
        from gradc.draw.circuit import MOST_GATES
        from gradc.evidence.circuit import graph

        df = inputs.pop("df", None) if "df" not in self.dag.inputs else None
        most = inputs.pop("max_gates", MOST_GATES) if "max_gates" not in self.dag.inputs else MOST_GATES
        inputs = self._or_example(args, inputs)
        bound = self.bound(args, inputs) if args or inputs else None
        return graph(self._staged(every_gate=True), self.target, bound, load, df, most)

    def batches(self, dim: str) -> Any:
        """The loss over batches of a named dimension: an object with `chunk`, `add` and `finish`.

        `GradcError` says which value mixes rows, where one does; see `gradc.optimize.batches`.
        """
        from gradc.run.batched import Batched

        return Batched(self, dim)

    def page(self, /, *args: Any, check: bool = True, report: bool = True, **inputs: Any) -> Any:
        """One self-contained page: formula, circuit to step through, both passes, check and report; see
        `gradc.evidence.page`. Without inputs it shows a point at which the program is at home.
        """
        from gradc.evidence.page import page

        df = inputs.pop("df", None) if "df" not in self.dag.inputs else None
        staged = self._staged(every_gate=True)
        inputs = self._or_example(args, inputs)
        bound = self.bound(args, inputs) if args or inputs else None
        return page(self, staged, bound, load, df, check, report)


def _first_lines(program: str) -> str:
    """A program in one line of at most 80 characters."""
    head = program[:2000].strip().splitlines() or [""]
    last = program[-200:].strip().splitlines() or [""]
    text = head[0] if len(head) == 1 else f"{head[0]} … {last[-1]}"
    return text if len(text) <= 80 else text[:79] + "…"


__all__ = ["Function"]
