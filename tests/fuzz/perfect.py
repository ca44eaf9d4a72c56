"""A program -> what a faultless compiler would make of it, slowly: for testing the tests.

The gradient comes from one run of dual numbers for each entry of each input. `Spoiled` does the same with one fault,
and the checks have to find it.

>>> from .check import Options
>>> from .draw import draw
>>> case = draw(1, "scalar")
>>> fn = Perfect(case.program, Options())
>>> sorted(fn.value_and_grad(**case.inputs)[1]) == sorted(case.inputs)
True
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .check import Options
from .generate import Case
from .hazard import pointwise
from .interpret import derivative
from .tree import Program, text
from .values import Array


class Perfect:
    """Looks like a compiled program."""

    def __init__(self, program: Program, options: Options) -> None:
        self.program = program
        self.inputs = tuple(item.name for item in program.inputs)
        self.wrt = options.wrt or self.inputs
        self.source = text(program)

    def __call__(self, /, *args: Any, **given: Any) -> Any:
        return self.forward(*args, **given)[0]

    def whole(self, given: dict[str, Array]) -> Program:
        """The program for inputs of these shapes."""
        return pointwise(Case(self.program, given, 0, ""))

    def forward(self, /, *args: Any, **given: Any) -> tuple[Any, Any]:
        """The value, and the inputs as a cache."""
        bound = dict(zip(self.inputs, args, strict=False)) | given
        single = any(getattr(x, "dtype", None) == np.float32 for x in bound.values())
        inputs = {name: np.array(bound[name], dtype=float) for name in self.inputs}
        with np.errstate(all="ignore"):
            outs, _ = derivative(self.whole(inputs), inputs, {})
        outs = tuple(np.asarray(out.astype(np.float32) if single else out) for out in outs)
        return (outs[0] if len(outs) == 1 else outs), (inputs, single)

    def backward(self, cache: Any, df: Any = None) -> dict[str, Any]:
        """One run for each entry."""
        inputs, single = cache
        program = self.whole(inputs)
        douts = df if isinstance(df, tuple) else (1.0 if df is None else df,)
        grads = {}
        for name in self.wrt:
            x = inputs[name]
            gradient = np.zeros(x.shape)
            directions = [...] if self.program.elementwise else list(np.ndindex(x.shape))
            for at in directions:
                unit = np.zeros(x.shape)
                unit[at] = 1.0
                with np.errstate(all="ignore"):
                    _, slopes = derivative(program, inputs, {name: unit})
                along = [np.asarray(d, dtype=float) * slope for d, slope in zip(douts, slopes, strict=True)]
                if self.program.elementwise:
                    gradient = np.asarray(sum(along))
                else:
                    gradient[at] = sum(float(np.sum(one)) for one in along)
            grads[name] = gradient.astype(np.float32) if single else gradient
        return grads

    def value_and_grad(self, /, *args: Any, **given: Any) -> tuple[Any, dict[str, Any]]:
        """Both."""
        value, cache = self.forward(*args, **given)
        return value, self.backward(cache)


class Spoiled(Perfect):
    """Off by a millionth in the last entry of one gradient."""

    def backward(self, cache: Any, df: Any = None) -> dict[str, Any]:
        grads = super().backward(cache, df)
        last = grads[self.wrt[-1]]
        last.reshape(-1)[-1:] *= 1 + 1e-6
        return grads


class Greedy(Perfect):
    """Writes into its cache."""

    def backward(self, cache: Any, df: Any = None) -> dict[str, Any]:
        grads = super().backward(cache, df)
        for x in cache[0].values():
            x += 0
        return grads
