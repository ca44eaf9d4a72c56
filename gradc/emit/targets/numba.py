'''The target `numba`: functions of numbers, and one loop over separate arrays, that Numba compiles.

The lines are those of the joint graph of value and gradient, each computed once; a branch is a choice between numbers,
and the functions that they call have no branch either (`branch_free`), so that LLVM vectorises the loop. The cache of
the passes is the inputs: a loop computes again in less time than it reads.

>>> from gradc.language import parse
>>> text = program(parse("x*exp(y)"), ["x", "y"], False, "").text
>>> at = text.index("def f_and_slopes")
>>> print(text[at : text.index("@", at)].rstrip())
def f_and_slopes(x, y):
    """f, dx and dy of numbers."""
    expy = exp(y)
    f = x*expy
    return f, expy, f
'''

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gradc.base.files import COMPILED
from gradc.emit.count import count
from gradc.emit.layout import broken, default_of, headed, indent, quoted, wrapped
from gradc.emit.modules import Emitted, printed
from gradc.emit.number_lines import Dialect, lines_in
from gradc.emit.target import Target
from gradc.emit.targets.alike import ALIKE
from gradc.emit.targets.branch_free import FUNCTIONS, words_of
from gradc.emit.targets.numba_arrays import ArraysText
from gradc.graph.dag import Dag, Node, reachable
from gradc.ops.helpers import HELPERS
from gradc.ops.routing import where
from gradc.optimize import Joint, optimize

# How tightly Python binds, as far as these forms go.
_BINDS = {word: at for at, word in enumerate("any cond not compare and add mul unary power atom".split())}

# (form, how tightly it binds); a hole says the least that it takes without parentheses, none in a call's own.
_FORMS: dict[str, tuple[str, str]] = {
    **ALIKE,
    "square": ("{x:power}*{x:power}", "mul"),
    "ipow": ("{x:atom}**{n}", "power"),
    "pow": ("{x:atom}**{y:unary}", "power"),
    "pow_slope": ("{y:unary}*{x:atom}**(nonzero({y}) - 1.0)", "mul"),
    "pow_log": ("{x:atom}**{y:unary}*log(nonzero({x}))", "mul"),
    "asin_slope": ("1.0/math.sqrt((1.0 - {x:mul})*(1.0 + {x:mul}))", "mul"),
    "complement": ("math.sqrt((1.0 - {x:mul})*(1.0 + {x:mul}))", "atom"),
    "root": ("math.sqrt({x})", "atom"),
    "abs": ("abs({x})", "atom"),
    "maximum": ("larger({x}, {y})", "atom"),
    "minimum": ("smaller({x}, {y})", "atom"),
    "relu": ("0.0 if {x:add} <= 0.0 else {x:cond}", "cond"),
    "where": ("{x:not} if {c:not} else {y:cond}", "cond"),
    "held": ("{x:not} if {c:not} else {y:cond}", "cond"),
    "held_else": ("{y:not} if {c:not} else {x:cond}", "cond"),
    "equal": ("{x:add} == {y:add}", "compare"),
    "not_equal": ("{x:add} != {y:add}", "compare"),
    "logical_and": ("{c:and} & {d:add}", "and"),
    "logical_or": ("{c:atom} | {d:atom}", "compare"),
    "logical_not": ("not {c:compare}", "not"),
    "indicator": ("{a:number} if {c:not} else {b:number}", "cond"),
    "clip": ("smaller(larger({x}, {lo:number}), {hi:number})", "atom"),
    **{name: (f"{name}({{x}})", "atom") for name in (
        "exp expm1 log log1p sin cos tanh erf erfc sigmoid softplus tanh_slope sigmoid_slope nonzero sign cbrt "
        "log1mexp logcosh log2 log10 exp2").split()},
    **{name: (f"math.{name}({{x}})", "atom") for name in (
        "sqrt tan asin acos atan sinh cosh asinh acosh atanh lgamma gamma").split()},
    **{name: (f"np.{name}({{x}})", "atom") for name in "floor ceil".split()},
    **{name: (f"{name}({{x}}, {{y}})", "atom") for name in "toward over_square logaddexp heaviside".split()},
    "hypot": ("math.hypot({x}, {y})", "atom"),
    "atan2": ("math.atan2({y}, {x})", "atom"),
}  # fmt: skip

_SMALL = {
    "nonzero": '''
@compiled
def nonzero(x):
    """x, and 1 where it is 0"""
    return 1.0 if x == 0.0 else x
''',
    "sign": '''
@compiled
def sign(x):
    """1 above 0, -1 below it"""
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else x
''',
    "larger": '''
@compiled
def larger(x, y):
    """The larger one; NaN if one of them is"""
    return x if (x >= y) | (x != x) else y
''',
    "smaller": '''
@compiled
def smaller(x, y):
    """The smaller one; NaN if one of them is"""
    return x if (x <= y) | (x != x) else y
''',
    "heaviside": '''
@compiled
def heaviside(x, y):
    """1 above 0, 0 below it, and y there"""
    return 1.0 if x > 0.0 else 0.0 if x < 0.0 else y if x == 0.0 else x
''',
    "cbrt": '''
@compiled
def cbrt(x):
    """The cube root"""
    return np.cbrt(x)
''',
    "log2": '''
@compiled
def log2(x):
    """The logarithm to the base 2"""
    return np.log2(x)
''',
    "log10": '''
@compiled
def log10(x):
    """The logarithm to the base 10"""
    return np.log10(x)
''',
    "exp2": '''
@compiled
def exp2(x):
    """2**x"""
    return np.exp2(x)
''',
    "toward": '''
@compiled
def toward(x, y):
    """x/hypot(x, y), and 0 at the origin"""
    h = math.hypot(x, y)
    return x/(1.0 if h == 0.0 else h)
''',
    "over_square": '''
@compiled
def over_square(x, y):
    """x/(x*x + y*y), and 0 at the origin"""
    h = math.hypot(x, y)
    d = 1.0 if h == 0.0 else h
    return x/d/d
''',
    "logaddexp": '''
@compiled
def logaddexp(x, y):
    """log(exp(x) + exp(y)), which does not overflow"""
    return x + 0.6931471805599453 if x == y else larger(x, y) + log1p(exp(-abs(x - y)))
''',
    "log1mexp": '''
@compiled
def log1mexp(x):
    """log(1 - exp(x)) for x below 0"""
    return log(-expm1(x)) if x > -0.6931471805599453 else log1p(-exp(x))
''',
    "logcosh": '''
@compiled
def logcosh(x):
    """log(cosh(x)), which does not overflow"""
    return abs(x) + log1p(exp(-2.0*abs(x))) - 0.6931471805599453
''',
}

# What every module carries: how inputs become numbers or arrays, and how a loop runs over them.
_AROUND = {
    "as_float": HELPERS["numpy"]["as_float"],
    "as_floats": HELPERS["numpy"]["as_floats"],
    "at_points": '''
def at_points(point, loop, names, given, count, out=None, threads=1):
    """What `point` gives of numbers, and `loop` at every point of arrays: `count` values.

    `out` are the arrays to fill, apart from each other and from the inputs; `threads` share large ones.
    """
    if threads == 1 and plain(given):
        if out is not None:
            if plain(out) and loop(*given, *out):
                return out
        else:
            size = next((x.size for x in given if type(x) is not float), None)
            if size is None:
                return point(*given) if count > 1 else (point(*given),)
            fresh = [np.empty(size) for _ in range(count)]
            if loop(*given, *fresh):
                return fresh
    floats = as_floats(**dict(zip(names, given))) if given else [np.float64(0.0)]
    shape, kind = np.broadcast_shapes(*(x.shape for x in floats)), floats[0].dtype
    rows = [np.ascontiguousarray(np.broadcast_to(x, shape)).reshape(-1) if x.ndim else float(x) for x in floats]
    if not shape:
        if out is not None:
            raise ValueError("out: the inputs are numbers, and so is the result; it fills no arrays")
        found = point(*rows[:len(given)])
        return [kind.type(x) for x in (found if count > 1 else (found,))]
    if out is None:
        out = [np.empty(shape, kind) for _ in range(count)]
    for x in out:
        if x.shape != shape or x.dtype != kind or not x.flags.c_contiguous:
            raise ValueError(f"out: an array of shape {shape} and {kind} in rows is expected, not {x.shape}, {x.dtype}")
    if any(np.shares_memory(x, y) for at, x in enumerate(out) for y in (*out[:at], *rows)):
        raise ValueError("out: two of its arrays overlap, or one of them and an input")
    rows += [x.reshape(-1) for x in out]
    step = max(-(-out[0].size//threads), 1)
    pieces = [[x if type(x) is float else x[at:at + step] for x in rows] for at in range(0, out[0].size, step)]
    if threads == 1 or len(pieces) < 2:
        loop(*rows)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda piece: loop(*piece), pieces))
    return out


FLOAT, ROW = np.dtype(float), (8,)


def plain(given):
    """Whether values are numbers, and rows of numbers, that a loop takes as they are."""
    for x in given:
        if type(x) is not float and (type(x) is not np.ndarray or x.dtype is not FLOAT or x.strides != ROW):
            return False
    return True
''',
    "span": '''
def span(x):
    """Where an array lies, how many elements it has, and how long these are; of a number nothing."""


@overload(span)
def span_of(x):
    if isinstance(x, types.Array):
        return lambda x: (int64(x.ctypes.data), int64(x.size), int64(x.itemsize))
    return lambda x: (int64(0), int64(-1), int64(0))
''',
    "apart": '''
@compiled
def apart(spans, results):
    """Whether arrays are of one size, and the last ones, the results, apart from the others and from each other."""
    at, size, _ = spans[len(spans) - results]
    some = False
    for k in range(len(spans)):
        start, length, item = spans[k]
        some |= k < len(spans) - results and length >= 0
        if length >= 0:
            if length != size:
                return False
            for j in range(max(len(spans) - results, k + 1), len(spans)):
                at, _, other = spans[j]
                if start < at + size*other and at < start + size*item:
                    return False
    return some
''',
    "at": '''
def at(x, i):
    """An array's element, and a number as it is."""


@overload(at)
def at_of(x, i):
    if isinstance(x, types.Array):
        return lambda x, i: float64(x[i])
    return lambda x, i: x
''',
}

_HEAD = """
try:
    KEPT = bool(__file__)  # what Numba has compiled is kept beside the file
except NameError:
    KEPT = False
compiled = njit(error_model="numpy", cache=KEPT, forceinline=True)
looped = njit(error_model="numpy", cache=KEPT, nogil=True)
"""

_IMPORTS = (
    ("math", "import math"),
    ("ThreadPoolExecutor", "from concurrent.futures import ThreadPoolExecutor"),
    ("", ""),
    ("np", "import numpy as np"),
    ("DoubleType FunctionType IntType", "from llvmlite.ir import {}"),
    ("float64 int64 njit types", "from numba import {}"),
    ("intrinsic overload", "from numba.extending import {}"),
    ("inf nan", "from numpy import {}"),
)

_HELPERS = {**FUNCTIONS, **_SMALL, **_AROUND}
# What a value in a function of numbers may not be called: what its lines may say.
_TAKEN = frozenset({*_FORMS, *_HELPERS, *"math np inf nan abs float64 at i spans type float range".split()})


def _number(value: float) -> tuple[str, str]:
    text = "nan" if value != value else repr(value)
    return text, "unary" if text.startswith("-") else "atom"


_NUMBA = Dialect(
    "numba",
    _FORMS,
    _BINDS,
    lambda node, name, text: f"{name} = {text}",
    _number,
    _TAKEN,
    inverse=("inv{}", "{{x:mul}}*{}", "mul"),
)


class NumbersText:
    """The functions of one program, and the words that they say."""

    def __init__(self, dag: Dag, wrt: Sequence[str], literal: bool, function: str, also: Sequence[str] = ()) -> None:
        self.dag, self.wrt, self.function, self.also, self.literal = dag, wrt, function, also, literal
        self.joint = optimize(dag, wrt, literal=literal)
        self.seeded = optimize(dag, wrt, literal=literal, seeded=True) if wrt else self.joint
        live = {*reachable(dag.roots)}
        self.live = [name for name, node in dag.inputs.items() if node in live] or list(dag.inputs)
        self.params = _NUMBA.renamed(dag.inputs)  # what the functions of numbers call their inputs
        outputs = [name for name, _ in dag.outputs]
        self.outputs = self.fresh(outputs if len(outputs) > 1 else ["f"], self.params.values())
        self.slopes = self.fresh([f"d{name}" for name in wrt], [*self.params.values(), *self.outputs])
        self.several = len(outputs) > 1 and bool(wrt)
        df = ["df"] if len(outputs) == 1 else [f"df{k + 1}" for k in range(len(outputs))]
        self.seeds = self.fresh(df, [*self.params.values(), *self.outputs, *self.slopes])
        self.helpers: dict[str, None] = {"at_points": None, "span": None, "apart": None, "at": None}

    def fresh(self, names: Iterable[str], others: Iterable[str]) -> list[str]:
        """Names that nobody else has."""
        taken = set(others)
        found: list[str] = []
        for name in names:
            found.append(_NUMBA.own(name, {*taken, *found}))
        return found

    def own(self, word: str) -> str:
        """A word of the module's own that no input has."""
        while word in self.dag.inputs:
            word += "_"
        return word

    # ---- functions of numbers, and their loops ----------------------------------------------------------------------

    def point(
        self, name: str, joint: Joint, roots: Sequence[Node | None], said: str, dots: Sequence[str] = (), of: Any = None
    ) -> list[str]:
        """A function of numbers: inputs, tangents and adjoints. Its lines are called as in the graph `of`."""
        moved = [each for each in joint.dag.inputs if each not in self.params]
        inputs = {**self.params, **dict(zip(moved, dots, strict=True))}
        lines = lines_in(joint, roots, inputs, _NUMBA, self.seeds if joint.seeds else (), of)
        self.helpers.update((word, None) for word in lines.called if word in _HELPERS)
        results = ["0.0" if node is None else lines.operand(node)[0] for node in roots]
        returned = broken("return ", results, "", closed=False, parens=True)
        params = [*(self.params[each] for each in self.live), *dots, *(self.seeds if joint.seeds else ())]
        return [
            "@compiled",
            *broken(f"def {name}(", params, "):", closed=False),
            *indent([f'"""{said}"""', *lines.lines, *returned]),
        ]

    def loop(self, name: str, point: str, seeded: bool, results: Sequence[str], dots: Sequence[str] = ()) -> list[str]:
        """The same at every point of arrays."""
        given = [*(self.params[each] for each in self.live), *dots, *(self.seeds if seeded else ())]
        out = self.fresh([f"{each}_out" for each in results], given)
        call = broken(f"{point}(", [f"at({each}, i)" for each in given], ")", closed=False)
        call = broken("", [f"{each}[i]" for each in out], f" = {call[0]}", closed=False, parens=True) + call[1:]
        return [
            "@looped",
            *broken(f"def {name}(", [*given, *out], "):", closed=False),
            *indent(broken("spans = (", [f"span({each})" for each in (*given, *out)], ")", closed=False)),
            f"    if not apart(spans, {len(out)}):",
            "        return False",
            f"    for i in range({out[0]}.size):",
            *indent(indent(call)),
            "    return True",
        ]

    # ---- what one calls ----------------------------------------------------------------------------------------------

    def passes(self) -> tuple[list[str], list[list[str]]]:
        """The three functions, and those of numbers and of arrays that they call."""
        stem = f"{self.function}_" if self.function else ""
        known = [*self.dag.inputs, *self.outputs[1:], *self.slopes]
        value, both, back = self.fresh(
            [self.function or "f", f"{self.function or 'f'}_and_slopes", f"{stem}slopes"], known
        )
        loops = self.fresh([f"{value}_loop", f"{both}_loop", f"{back}_loop"], known)
        self.tuple_name = both
        given = f"{_tuple(self.live)}"
        names = _tuple([f'"{name}"' for name in self.live])
        cache, df, out, threads = map(self.own, ("cache", "df", "out", "threads"))
        call = self.own("at_points")
        count, slopes = len(self.outputs), len(self.slopes)
        parts = [
            self.point(value, self.joint, self.joint.outputs, f"{_listed(self.outputs)} of numbers."),
            self.loop(loops[0], value, False, self.outputs),
        ]
        packed = self.outputs[0] if count == 1 else _tuple(self.outputs)
        first, last = ("", "[0]") if count == 1 else ("tuple(", ")")
        dict_of = _dict(self.wrt, self.slopes)
        text = [
            f"def {stem}forward({', '.join(headed(list(self.dag.inputs), self.dag.defaults))}):",
            *indent([
                f"{cache} = {given}",
                *broken(f"return {first}{call}(", [value, loops[0], names, cache, str(count)], f"){last}, {cache}",
                        closed=False),
            ]),
            "",
            "",
            f"def {stem}backward({cache}, {df}{default_of(len(self.dag.outputs))}):",
        ]  # fmt: skip
        seeds = [f'"{each}"' for each in ([df] if count == 1 else [f"{df}[{k}]" for k in range(count)])]
        if self.wrt:
            grads = self.seeded.gradients.values()
            parts += [
                self.point(back, self.seeded, [*grads], f"{_listed(self.slopes)}, by the adjoints of what comes out."),
                self.loop(loops[2], back, True, self.slopes),
            ]
            all_names = _tuple([f'"{name}"' for name in self.live] + seeds)
            adjoint = f"{df}," if count == 1 else f"*{df}"
            given_back = f"(*{cache}, {adjoint.rstrip(',')})"
            text += indent(
                [
                    *self.called(self.slopes, call, [back, loops[2], all_names, given_back, str(slopes)]),
                    *broken("return {", dict_of, "}", closed=False),
                ]
            )
        else:
            text += ["    return {}"]
        params = headed([*self.dag.inputs, *([df] if self.several else ())], self.dag.defaults)
        params += [f"{out}=None", f"{threads}=1"]
        text += ["", "", *broken(f"def {stem}value_and_grad(", params, "):", closed=False)]
        results = [*self.outputs, *self.slopes]
        kept = [f"{out}[0]"] if count == 1 else [f"{out}[0][{k}]" for k in range(count)]
        kept += [f'{out}[1]["{name}"]' for name in self.wrt]
        text += indent(
            [
                '"""The value, and the gradient at every point by the input\'s name.',
                "",
                f"`{out}` is an earlier result, whose arrays are filled again; `{threads}` share large ones.",
                '"""',
                f"if {out} is not None:",
                *indent(broken(f"{out} = [", kept, "]", closed=False)),
            ]
        )
        if self.several:
            roots = [*self.seeded.outputs, *self.seeded.gradients.values()]
            said = f"{_listed(results)}, by the adjoints of what comes out."
            parts += [self.point(both, self.seeded, roots, said), self.loop(loops[1], both, True, results)]
            all_names = _tuple([f'"{name}"' for name in self.live] + seeds)
            args = [both, loops[1], all_names, _tuple([*self.live, f"*{df}"]), str(len(results)), out, threads]
        elif self.wrt:
            roots = [*self.joint.outputs, *self.joint.gradients.values()]
            parts += [
                self.point(both, self.joint, roots, f"{_listed(results)} of numbers."),
                self.loop(loops[1], both, False, results),
            ]
            args = [both, loops[1], names, given, str(len(results)), out, threads]
        else:
            args = [value, loops[0], names, given, str(len(results)), out, threads]
            return [*text, *indent(broken(f"return {first}{call}(", args, f"){last}, {{}}", closed=False))], parts
        text += indent(
            [
                *self.called(results, call, args),
                *broken(f"return {packed}, {{", dict_of, "}", closed=False),
            ]
        )
        return text, parts

    def called(self, results: Sequence[str], call: str, args: Sequence[str]) -> list[str]:
        """The line that brings results into names."""
        names = self.fresh(results, ())
        line = broken(f"{call}(", args, ")", closed=False)
        head = broken("", names, f" = {line[0]}", closed=len(names) == 1, parens=True)
        return [f"({names[0]},) = {line[0]}", *line[1:]] if len(names) == 1 else [*head, *line[1:]]

    # ---- the module --------------------------------------------------------------------------------------------------

    def emit(self) -> Emitted:
        text, parts = self.passes()
        counted = len(parts)
        if self.also:
            from gradc.emit.targets.numba_modes import mode_of  # loaded where it is asked for
        for mode in self.also:
            lines, more = mode_of(self, mode)
            text += ["", "", *lines]
            parts += more
        used = _used(self.helpers)
        body = "\n\n\n".join(["\n".join(text), *("\n".join(part) for part in parts)])
        below = "\n\n\n".join(_HELPERS[name].strip("\n") for name in used)
        own = self.own("at_points")
        if own != "at_points":
            below = below.replace("at_points", own)
        forward, both = self.costs(parts[:counted])
        whole = f"{_HEAD}\n\n{body}\n\n\n{below}\n"
        head = [*self.docstring(forward, both), *_imports(whole), ""]
        return Emitted("\n".join(head) + whole, forward, both - forward, ())

    def costs(self, parts: Sequence[Sequence[str]]) -> tuple[int, int]:
        """The operations of the value, and of value and gradient: those of the functions of numbers."""
        costs = _Costs()
        points = [count("\n".join(part[1:]), costs) for part in parts if part[0] == "@compiled"]
        return points[0], points[-1]

    def docstring(self, forward: int, both: int) -> list[str]:
        also = f"`{self.tuple_name}` gives a tuple of the same to numbers, and to functions that Numba compiles."
        cost = f"together {both / max(forward, 1):.2f} times the forward pass alone."
        return [
            f'"""Forward and backward pass in loops for Numba, {COMPILED}.',
            "",
            *(("    " + line).rstrip() for line in quoted(self.dag.text).split("\n")),
            "",
            *wrapped(f"Inputs: {', '.join(self.dag.inputs) or 'none'} (numbers or arrays, elementwise).", 100),
            *wrapped(f"Gradient with respect to: {', '.join(self.wrt) or 'nothing'}.", 100),
            f"Operations: forward {forward}, backward {both - forward}; " + cost,
            *([also] if self.wrt else []),
            '"""',
            "",
        ]


class _Costs(dict[str, int]):
    """What a call of each helper costs: what is in its body; one that is an instruction is one operation."""

    def __contains__(self, name: object) -> bool:
        return name in FUNCTIONS or name in _SMALL

    def __missing__(self, name: str) -> int:
        text = _HELPERS[name]
        self[name] = 1
        if "@intrinsic" not in text:
            self[name] = count(text.partition("@compiled")[2], self)
        return self[name]


def _tuple(items: Sequence[str]) -> str:
    return f"({', '.join(items)}{',' * (len(items) == 1)})"


def _listed(names: Sequence[str]) -> str:
    """
    >>> _listed(["f", "dx", "dy"])
    'f, dx and dy'
    """
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _dict(keys: Sequence[str], values: Sequence[str]) -> list[str]:
    return [f'"{key}": {value}' for key, value in zip(keys, values, strict=True)]


def _used(called: Iterable[str]) -> list[str]:
    """The helpers that are called, and those that they call, in order."""
    found, stack = set(called), list(called)
    while stack:
        words = words_of(_HELPERS[stack.pop()])
        new = [name for name in _HELPERS if name in words and name not in found]
        found.update(new)
        stack += new
    return [name for name in _HELPERS if name in found]


def _imports(text: str) -> list[str]:
    """The imports of what the text says."""
    said = words_of(text)
    lines = []
    for words, line in _IMPORTS:
        found = [word for word in words.split() if word in said]
        if found or not words:
            lines.append(line.format(", ".join(found)))
    return "\n".join(lines).lstrip("\n").split("\n")


class _Arrays(ArraysText):
    """The module of a program of arrays."""

    dialect, functions, head = _NUMBA, {**FUNCTIONS, **_SMALL}, _HEAD

    def imports_of(self, text: str) -> list[str]:
        return _imports(text)


def program(dag: Dag, wrt: Sequence[str], literal: bool, function: str, also: Sequence[str] = ()) -> Emitted:
    """The module of a program; GradcError for a gate that there is no form for."""
    if not any(node.shape for node in (*dag.inputs.values(), *dag.nodes)):
        return NumbersText(dag, wrt, literal, function, also).emit()
    from gradc.emit.targets.numpy import TARGET as NUMPY
    from gradc.plan.notes import Notes
    from gradc.plan.program import gates_of_the_notes, stage

    if any(node.op is where for node in dag.nodes):
        from gradc.rewrite.safe_arguments import guard_branches

        dag = guard_branches(dag, literal)
    dag, build = gates_of_the_notes(dag, literal)
    target = NUMPY._replace(text=_Arrays, value_function=True)
    return printed(Notes(stage(dag, build, wrt, "notes", True, False), target, function, also).module(), target)


TARGET = Target(name="numba", imports=(), helpers=_HELPERS, forms={}, value_function=True, program=program)
