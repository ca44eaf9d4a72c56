"""Sizes against seconds, for programs that grow in one direction: `python -m tests.scaling [SIZE ...]`, by hand.

Each row is a shape of program; a column is a size, and the last one the exponent between the two largest: 1 is linear.
The seconds are those of reading the program and making its text (and of the library's first call, where it says so).
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable

import numpy as np

import gradc


def names(count: int, stem: str = "x") -> list[str]:
    return [f"{stem}{at}" for at in range(count)]


def nested(count: int) -> str:
    text = "y"
    for at in range(count):
        text = f"where(x > {at}, x*{at + 1}, {text})" if at % 2 else f"(x*{at} if y > {at} else {text})"
    return text


SHAPES: dict[str, Callable[[int], str]] = {
    "outputs that are inputs": lambda n: ", ".join(names(n)),
    "many outputs": lambda n: "\n".join(f"y{at} = sin(x{at})*x0" for at in range(n)) + "\n" + ", ".join(names(n, "y")),
    "wide concatenate": lambda n: (
        "\n".join(f"x{at}: [3]" for at in range(n)) + f"\nsum(concatenate([{', '.join(names(n))}])**2)"
    ),
    "wide stack": lambda n: "\n".join(f"x{at}: [3]" for at in range(n)) + f"\nsum(stack([{', '.join(names(n))}])**2)",
    "elements of a matrix": lambda n: f"A: [{n}, 2]\n" + " + ".join(f"A[{at}, 0]*A[{at}, 1]" for at in range(n)),
    "elements of a vector": lambda n: (
        f"x: [{n + 1}]\n" + " + ".join(f"100*(x[{at + 1}] - x[{at}]**2)**2" for at in range(n))
    ),
    "nested where": nested,
    "Piecewise": lambda n: "Piecewise(" + ", ".join(f"(x*{at}, x < {at})" for at in range(n)) + ", (x, True))",
    "many declarations": lambda n: (
        "\n".join(f"x{at}: [n{at}, m]" for at in range(n)) + "\n" + " + ".join(f"sum(x{at})" for at in range(n))
    ),
    "a chain of numbers": lambda n: "h = x\n" + "h = sin(h)*x\n" * n + "h",
    "a chain of arrays": lambda n: "x: [3]\nh = x\n" + "h = sin(h)*x\n" * n + "sum(h)",
    "one value used often": lambda n: "v: [3]\n" + " + ".join(f"v[1]*v[2]**{at}" for at in range(n)),
    "a long sum": lambda n: "x: [3]\n" + " + ".join(f"sum(x*{at + 1})" for at in range(n)),
}


def seconds(program: str, style: str, call: bool) -> float:
    """The time that a program takes from its text to its module's."""
    start = time.perf_counter()
    fn = gradc.compile(program, style=style)  # type: ignore[arg-type]
    if call:
        shapes = fn.shapes
        sizes = [[3 if isinstance(dim, str) else dim for dim in shapes[name]] for name in fn.inputs]
        values = [np.full(size, 0.5) if size else 0.5 for size in sizes]
        df = {"df": (1.0,) * len(fn.outputs)} if len(fn.outputs) > 1 else {}
        fn.value_and_grad(*values, **df)
    else:
        len(fn.emitted.text)
    return time.perf_counter() - start


def main() -> None:
    sizes = [int(each) for each in sys.argv[1:] if each.isdecimal()] or [250, 500, 1000, 2000]
    only = [each for each in sys.argv[1:] if not each.isdecimal()]
    print(f"{'':26}{'':9}" + "".join(f"{size:>9}" for size in sizes) + "  exponent")
    for shape, make in SHAPES.items():
        if only and not any(each in shape for each in only):
            continue
        for way, style, call in (("notes", "notes", False), ("fast", "fast", False), ("call", "notes", True)):
            taken = []
            for size in sizes:
                try:
                    taken.append(seconds(make(size), style, call))
                except (RecursionError, ValueError, TypeError) as error:
                    taken.append(math.nan)
                    print(f"  {shape}, {way}, {size}: {type(error).__name__}: {str(error)[:80]}")
            rise = math.log(taken[-1] / taken[-2]) / math.log(sizes[-1] / sizes[-2])
            print(f"{shape:26}{way:9}" + "".join(f"{each:9.3f}" for each in taken) + f"{rise:10.2f}", flush=True)


if __name__ == "__main__":
    main()
