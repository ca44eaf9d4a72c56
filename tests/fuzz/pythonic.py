"""A seed -> a program as its author would write it: loops, lists, functions, sizes, gathers, elements assigned.

Python itself says what it computes (`tests.as_python`); what is drawn is smooth, so that differences say the slopes.

>>> program, inputs = pythonic(3)
>>> program == pythonic(3)[0], sorted(inputs) == ["k", "u", "v", "x", "y"]
(True, True)
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np

SCALAR_FORMS = (
    "np.sin({a})", "np.tanh({a}*{b})", "{a}*{b}", "{a} + {b}", "{a} - 0.5*{b}", "np.exp(-{a}**2)", "{a}/(2 + {b}**2)",
    "0.3*{a}**2", "({a} if {n} > 1 else {b})", "sigmoid({a})",
)  # fmt: skip
VECTOR_FORMS = (
    "np.tanh({p})", "{p}*{q}", "{p} + {a}", "{a}*{q} - {p}", "np.cos({p})*{q}", "{p}[::-1]", "np.sin({p} + {q})",
)  # fmt: skip


class _Draw:
    """The lines of one program, and the names that they have given."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.lines: list[str] = []
        self.scalars = ["x", "y"]
        self.vectors = ["u", "v"]
        self.functions: list[str] = []
        self.count = 0

    def name(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def scalar(self, n: str = "2") -> str:
        pick = self.rng.choice
        if self.functions and self.rng.random() < 0.3:
            return f"{pick(self.functions)}({pick(self.scalars)}, {pick(self.scalars)})"
        if self.rng.random() < 0.25:
            return f"{pick(self.vectors)}[{pick(['0', '-1', '1', 'N - 2', 'k[0]'])}]"
        return pick(SCALAR_FORMS).format(a=pick(self.scalars), b=pick(self.scalars), n=n)

    def vector(self) -> str:
        pick = self.rng.choice
        return pick(VECTOR_FORMS).format(p=pick(self.vectors), q=pick(self.vectors), a=pick(self.scalars))

    # ---- statements, each a few lines ---------------------------------------------------------------

    def assign(self) -> None:
        new = self.name("a")
        self.lines.append(f"{new} = {self.scalar()}")
        self.scalars.append(new)

    def assign_vector(self) -> None:
        new = self.name("p")
        self.lines.append(f"{new} = {self.vector()}")
        self.vectors.append(new)

    def swap(self) -> None:
        a, b = self.rng.sample(self.scalars, 2)
        self.lines.append(f"{a}, {b} = {b}, {a}*0.5")

    def loop(self) -> None:
        total, pick = self.name("s"), self.rng.choice
        header, item = pick(
            [
                ("for i in range(3):", "i"), ("for i in reversed(range(1, 5, 2)):", "i"),
                ("for i, w in enumerate(u):", "w*i"), ("for w, z in zip(u, v):", "w*z"), ("for w in v[1:]:", "w"),
                ("for i, (w, z) in enumerate(zip(u, v), 1):", "w/i*z"),
            ]
        )  # fmt: skip
        self.lines += [f"{total} = {self.scalar()}", header]
        if self.rng.random() < 0.4 and header.startswith(("for i", "for (i")):
            self.lines += [
                f"    if {pick(['i == 1', 'i % 2 == 0', 'i > 1'])}:",
                f"        {total} += {self.scalar('i')}",
            ]
            self.lines += pick([[], ["    else:", f"        {total} = 0.5*{total} - x"], ["        continue"]])
        self.lines.append(f"    {total} {pick(['+=', '-='])} 0.2*{item}*{pick(self.scalars)}")
        if self.rng.random() < 0.3:
            self.lines.append(f"    {total} = np.tanh({total})")
        self.scalars.append(total)

    def rows(self) -> None:
        rows, new = self.name("rows"), self.name("a")
        self.lines += [
            f"{rows} = []",
            f"for t in range({self.rng.randint(2, 4)}):",
            f"    {rows}.append({self.scalar('t')}*t)",
        ]
        ways = [f"sum({rows})", f"{rows}[1]*{rows}[-1]", f"np.sum(np.stack({rows})**2)", f"sum({rows}[::-1][:2])"]
        self.lines.append(f"{new} = {self.rng.choice(ways)}")
        self.scalars.append(new)

    def generator(self) -> None:
        new, pick = self.name("g"), self.rng.choice
        ways = ["w*w for w in u", "w*i for i, w in enumerate(v) if i != 1", "u[i]*v[i - 1] for i in range(len(u))"]
        self.lines.append(f"{new} = 0.3*sum({pick(ways)}) + {pick(self.scalars)}")
        self.scalars.append(new)

    def define(self) -> None:
        name = self.name("f")
        body = self.rng.choice(["a*np.cos(b)", "np.tanh(a - b)*c", "a/(1 + b**2) + c", "a if c > 9 else b*c"])
        if self.rng.random() < 0.4:
            self.lines.append(f"{name} = lambda a, b, c=0.7: {body}")
        else:
            inner = self.rng.choice(["", "    for _ in range(2):\n        a = np.sin(a + c)\n", "    b, a = a, b\n"])
            self.lines.append(f"def {name}(a, b, c=0.7):\n{inner}    return {body}")
        self.functions.append(name)

    def gather(self) -> None:
        new, pick = self.name("a"), self.rng.choice
        self.lines.append(f"{new} = 0.5*np.sum({pick(self.vectors)}[k]*{pick(['1.5', 'np.sin(k + x)', 'y'])})")
        self.scalars.append(new)

    def sizes(self) -> None:
        new, p = self.name("a"), self.rng.choice(self.vectors)
        ways = [
            f"np.sum({p}[:N - 1]*{p}[1:N])/N",
            f"np.mean({p})*len({p})",
            f"np.sum({p}[N//2:])",
            f"{p}.size*{p}[N - 1]",
        ]
        self.lines.append(f"{new} = 0.4*({self.rng.choice(ways)})")
        self.scalars.append(new)

    def elements(self) -> None:
        new, pick = self.name("q"), self.rng.choice
        begin = [f"{new} = np.zeros(N)", f"{new} = {pick(self.vectors)}.copy()", f"{new} = 0.5*{pick(self.vectors)}"]
        self.lines += [pick(begin), f"{new}[0] = {self.scalar()}", "for i in range(1, N):"]
        self.lines.append(f"    {new}[i] {pick(['=', '+='])} 0.5*{new}[i - 1]*{pick(self.scalars)} + u[i]")
        self.vectors.append(new)

    def table(self) -> None:
        d, new, pick = self.name("d"), self.name("a"), self.rng.choice
        self.lines.append(f"{d} = {{'a': {self.scalar()}, 2: {pick(self.scalars)}}}")
        self.lines.append(f"{new} = {d}['a']*{d}[2] if 'b' not in {d} else x")
        self.scalars.append(new)


def pythonic(seed: int) -> tuple[str, dict[str, Any]]:
    """A program and a point for its inputs: two numbers, two vectors, and integers that are indices."""
    draw = _Draw(seed)
    rng = draw.rng
    size = rng.choice([3, 4, 5])
    draw.lines.append(rng.choice(["N = len(u)", "N = u.shape[0]", f"N = {size}", "(N,) = u.shape"]))
    steps = [
        draw.assign, draw.assign_vector, draw.swap, draw.loop, draw.loop, draw.rows, draw.generator, draw.define,
        draw.gather, draw.sizes, draw.elements, draw.table,
    ]  # fmt: skip
    for _ in range(rng.randint(3, 8)):
        rng.choice(steps)()
    last = " + ".join(dict.fromkeys([draw.scalars[-1], rng.choice(draw.scalars), f"np.sum({draw.vectors[-1]}*u)"]))
    draw.lines.append(f"{last} + x*y + 0*np.sum(v) + 0*np.sum(u[k])")
    point = np.random.default_rng(seed)
    inputs: dict[str, Any] = {
        "x": float(point.uniform(0.2, 1.2)), "y": float(point.uniform(-1, 1)),
        "u": point.uniform(-1, 1, size), "v": point.uniform(-1, 1, size), "k": point.integers(-size, size, 4),
    }  # fmt: skip
    return "\n".join(draw.lines), inputs
