"""Single tokens into what they stand for: numbers, names with their dots and subscripts, functions.

>>> leaves = leaves_of("2.5*np.pi + x")
>>> leaves.number("2.5", 0), leaves.atom("np.pi", 2), leaves.atom("x", 4), leaves.callee("np.exp(", 0).op
(2.5, %0 = const() (3.141592653589793, '3.141592653589793'), %1 = input() 'x', exp)
"""

from __future__ import annotations

import math
from typing import Any

from gradc.base.errors import GradcError, Mark, Problem
from gradc.graph.dag import Node
from gradc.graph.shapes import total
from gradc.language import advice, foreign, lists
from gradc.language.array_functions import DTYPES
from gradc.language.canvas import Canvas
from gradc.language.dialects import BOTH, TORCH
from gradc.language.gates import PREFIXED, SPECIAL, Gates
from gradc.language.lex import END, MARKS, Source
from gradc.language.scope import OF_ARRAYS, Scope
from gradc.language.values import (
    NONE,
    POISON,
    Arg,
    Callee,
    Dict,
    Group,
    Picked,
    Record,
    Spot,
    Text,
    TorchDistribution,
    Word,
)
from gradc.ops import array as a
from gradc.ops import scalar as s
from gradc.ops.table import Op, lookup
from gradc.rewrite.simplify import MAX_EXACT_INT, Builder
from gradc.rewrite.typed import PI

# Prefixes that name a library, and what may stand between it and the function.
LIBRARIES = (
    "np",
    "numpy",
    "math",
    "torch",
    "jnp",
    "jax",
    "scipy",
    "sympy",
    "sp",
    "autograd",
    "cmath",
    "tf",
    "F",
    "special",
    "lax",
)
# Names of NumPy's that make arrays of a subscript: np.r_[0, x], np.mgrid[0:3, 0:2].
SUBSCRIPTED = ("r_", "c_", "mgrid", "ogrid")
# What stands behind a function that is handed on, and not called: f = np.tanh, layer(x, np.tanh).
_ALONE = frozenset((",", ")", "]", "}", "\n", ";", "if", "else", "for", END, *MARKS))
# What names a library elsewhere.
OTHER_PREFIXES = ("Math", "K", "std", "cv2", "pd", "plt", "sklearn", "keras", "stats", "cp", "mx", "tfp")
LIBRARY_OF = {"math": "math", "scipy": "scipy", "special": "scipy", "torch": "torch", "F": "torch"}
PARTS = (
    "lax", "linalg", "special", "nn", "functional", "numpy", "math", "scipy", "stats", "integrate", "signal", "spatial",
    "distance", "polynomial", "legendre", "hermite", "chebyshev", "distributions", "kl", "normal", "categorical",
    "tree", "tree_util", "ops",
)  # fmt: skip
# Of numpy.polynomial these only: its others have the lowest power first, where NumPy's of the same name have it last.
GAUSS = ("leggauss", "hermgauss", "chebgauss")
STATS = ("stats", "st", "jsp", "jstats")
_OF_DISTRIBUTIONS = ("pdf", "logpdf", "cdf", "logcdf", "sf", "logsf", "ppf", "pmf", "logpmf")
_FAMILIES = frozenset(
    "Normal LogNormal Laplace Uniform Exponential Poisson Gamma Beta Bernoulli Categorical Independent".split()
)
# What a library calls by a name that means something else elsewhere.
OTHERWISE = {("jax", "gelu"): "gelu_tanh"}
# Modules whose names a program does not need: an import of one is passed over.
# Libraries of Python's own of which functions of constants are read.
PYTHONS = ("itertools", "functools", "collections", "bisect")
_OF_PYTHON = (*lists.OF_CONSTANTS, "partial", "defaultdict", "OrderedDict", "namedtuple")
HARMLESS = frozenset(
    "__future__ typing bisect collections dataclasses functools itertools numbers matplotlib sys time logging copy "
    "warnings random operator string enum abc argparse pathlib pprint json re io contextlib unittest pytest "
    "typing_extensions jaxtyping tqdm pandas seaborn types".split()
)
CONSTANTS = {
    "pi": PI, "e": math.e, "tau": math.tau, "euler_gamma": 0.5772156649015329,
    **dict.fromkeys(("inf", "infty", "Inf", "oo", "PINF"), math.inf), "NINF": -math.inf,
    **dict.fromkeys(("nan", "NaN", "NAN"), math.nan),
}  # fmt: skip
# Numbers of more digits are floats at once; Python itself refuses to read very long ones as integers.
MAX_INT_DIGITS = 16


class Leaves:
    """Reads the leaves of one program in its scope."""

    def __init__(self, source: Source, build: Builder, scope: Scope, gates: Gates) -> None:
        self.source, self.build, self.scope, self.gates = source, build, scope, gates

    def number(self, token: str, at: int) -> float:
        """The value of a literal."""
        try:
            if token.isdecimal() and len(token) <= MAX_INT_DIGITS:
                return int(token)
            value = float(token)
        except ValueError:
            raise self.source.error(f"'{token[:40]}' is not a number", at) from None
        if not math.isfinite(value):
            shown = token if len(token) < MAX_INT_DIGITS else token[:MAX_INT_DIGITS] + "…"
            raise self.source.error(f"{shown} is not a finite number", at, hint="the largest is about 1.8e308")
        return int(value) if token.replace("_", "").isdecimal() and value <= MAX_EXACT_INT else value

    def atom(self, token: str, at: int) -> Any:
        """The value of `x`, `x.T`, `A[0, 1]`, `np.pi`."""
        path, bracket, inside = token.partition("[")
        value = self.path(path.split("."), at)
        if not bracket:
            return value
        index = [self._subscript(number, at) for number in inside[:-1].split(",")]
        if not isinstance(value, Node):
            items = [Arg(self.build.const(number), at, at) for number in index]
            return self.gates.index(Arg(value, at, at), items, at)
        return self.gates.subscript(Arg(value, at, at), tuple(index), at)

    def _subscript(self, number: str, at: int) -> float:
        """One number of a constant subscript, in which a space may stand behind the sign or around it."""
        digits = number.strip()
        return -self.number(digits[1:], at) if digits[0] == "-" else self.number(digits, at)

    def path(self, path: list[str], at: int) -> Any:
        """The value of a dotted name: a library's constant, or a variable and its transposes."""
        path = self._unaliased(path)
        if len(path) > 1 and path[-1] in _OF_DISTRIBUTIONS and self.source.tokens[at + 1] in _ALONE:
            found = self._function_of_distribution(path)
            if found is not None:
                return found
        if len(path) > 1 and self.is_library(path):
            return self._library_constant(path, at)
        value = self.scope.read(path[0], at)
        last = len(path) - 2
        for k, attribute in enumerate(path[1:]):
            if isinstance(value, Record):
                quoted = self.source.tokens[at + 1 : at + 3]
                nested = k < last or (quoted[:1] == ["["] and quoted[-1][:1] in ("'", '"', "f"))
                if k < last and path[k + 2] in OF_ARRAYS:
                    nested = False
                value = self.scope.entry(value, attribute, at, nested)
            else:
                value = self.attribute_of(Arg(value, at, at), attribute, at)
        return value

    def attribute_of(self, arg: Arg, name: str, at: int) -> Any:
        """The value of `x.T`, `x.shape`, `x.size`, `x.ndim`."""
        if arg.value is POISON:
            return POISON
        if isinstance(arg.value, Group) and name in ("values", "indices") and len(arg.value.items) == 2:
            return arg.value.items[name == "indices"].value  # of torch's max and sort
        if isinstance(arg.value, Group) and name in arg.value.fields:
            return arg.value.items[arg.value.fields.index(name)].value
        if isinstance(arg.value, Dict) and arg.value.attributes and name in arg.value.items:
            return arg.value.items[name].value
        if name in ("data", "flat") and isinstance(arg.value, Node):
            if name == "flat":
                return self.gates.apply(a.reshape, [arg], ((-1,),))
            torch = self.scope.dialect in (TORCH, BOTH)
            return self.gates.apply(s.stop_gradient, [arg]) if torch else self.gates.value(arg)
        if isinstance(arg.value, TorchDistribution):
            from gradc.language import torch_distributions

            found = torch_distributions.attribute(self.gates, arg.value, name)
            if found is not None:
                return found
        if name in ("dtype", "device"):
            return Text("float" if name == "dtype" else "cpu")
        if name == "at" and isinstance(arg.value, (Node, Canvas)):
            return Spot(Arg(self.gates.value(arg), arg.first, arg.last), [], arg.last)
        if name == "mT" and (rank := len(self.gates.value(arg).shape)) >= 2:
            return self.gates.apply(a.transpose, [arg], ((*range(rank - 2), rank - 1, rank - 2),))
        if name == "T":
            return self.gates.apply(a.transpose, [arg], (None,))
        if name not in ("shape", "size", "ndim"):
            raise self.attribute(name, at)
        if isinstance(arg.value, Picked):
            from gradc.language import masks

            return masks.attribute(self.gates, arg.value, name)
        shape = self.build.dims.resolve(self.gates.value(arg).shape)
        if name == "ndim":
            return self.build.const(len(shape))
        if name == "size":
            return self.gates.size(total([a.product(shape)]))
        return Group("tuple", [Arg(self.gates.size(dim), arg.first, arg.last) for dim in shape])

    def is_library(self, path: list[str]) -> bool:
        """Whether a dotted name starts with a library, and not with a variable of that name."""
        if path[0] not in LIBRARIES or self.scope.is_variable(path[0]):
            return False
        return all(part in PARTS for part in path[1:-1]) and ("polynomial" not in path or path[-1] in GAUSS)

    def _library_constant(self, path: list[str], at: int) -> Any:
        name, dotted = path[-1], ".".join(path)
        if name in CONSTANTS:
            return self.build.const(CONSTANTS[name])
        if name == "newaxis":
            return NONE
        if name in SUBSCRIPTED and path[0] in ("np", "numpy", "jnp"):
            return Word(name)
        if name in DTYPES:
            return Text(name)
        if lookup(name) or name in SPECIAL:
            if self.source.tokens[at + 1] in _ALONE:
                return self.gates.callee(name, at, prefixed=True)
            raise self.source.error(f"'{dotted}' needs parentheses", at, hint=f"write {dotted}(x)")
        if "random" in path[1:]:
            hint = "nothing is drawn at random here; make the number or the array an input"
            raise self.source.error(f"'{dotted}' is not part of the language", at, hint=hint)
        hint = f"{path[0]} has pi and e here, and the functions that 'gradc gates' lists"
        raise self.source.error(f"'{dotted}' is not part of the language", at, hint=hint)

    def attribute(self, name: str, at: int) -> GradcError:
        """The error for an attribute other than `.T`."""
        if lookup(name):
            return self.source.error(f"the method '.{name}' needs parentheses", at, hint=f"write .{name}()")
        hint = "'.T', '.shape' and methods such as '.sum()' are"
        if name == "polynomial":
            hint = "np.polyval(p, x) is, with the highest power first"
        return self.source.error(f"the attribute '.{name}' is not part of the language", at, hint=hint)

    # ---- imports -------------------------------------------------------------------------------------

    def imports(self, i: int) -> int:
        """`import numpy as np`, `from math import exp, pi`: what is called how, and the token behind."""
        tokens, source = self.source.tokens, self.source
        origin: list[str] = []
        at = i
        if tokens[i] == "from":
            origin = tokens[i + 1].split(".")
            self._may_be_imported(origin, i, i + 1)
            i += 2
            if tokens[i] != "import":
                raise source.error("'from' needs an 'import'", at, i - 1, "write from math import exp")
        i += 1
        bracket = tokens[i] == "("
        i += bracket
        while True:
            if bracket and tokens[i] == "\n":
                i += 1
                continue
            name = tokens[i]
            if name == "*" or (bracket and name == ")"):
                i += 1
                break
            if not name or not name.replace(".", "").isidentifier():
                raise source.error("'import' needs a name", at, hint="write import numpy as np")
            path = [*origin, *name.split(".")]
            if not origin:
                self._may_be_imported(path, at, i)
            alias = path[-1] if origin else path[0]
            i += 1
            if tokens[i] == "as":
                alias = tokens[i + 1]
                i += 2
            elif not origin:
                path = path[:1]
            if path[0] in (*LIBRARIES, *PYTHONS) and path != [alias]:
                self.scope.aliases[alias] = path
            while bracket and tokens[i] == "\n":
                i += 1
            if tokens[i] == ",":
                i += 1
                continue
            i += bracket and tokens[i] == ")"
            break
        return i

    def _may_be_imported(self, path: list[str], first: int, last: int) -> None:
        if path[0] not in LIBRARIES and path[0] not in HARMLESS:
            hint = "np., math., scipy. and torch. prefixes need no import, and others are not read"
            raise self.source.error(f"'import' of '{path[0]}' is not part of the language", first, last, hint)

    def _unaliased(self, path: list[str]) -> list[str]:
        """A dotted name as the library has it, whatever an import calls it here."""
        found = self.scope.aliases.get(path[0]) if self.scope.aliases else None
        if found is None and path[0] == "nn" and len(path) > 1 and not self.scope.is_variable("nn"):
            torch = path[-1][0].isupper() or "functional" in path  # others are Flax's, of jax.nn
            return ["torch" if torch else "jax", *path]
        return path if found is None or self.scope.is_variable(path[0]) else [*found, *path[1:]]

    # ---- functions -------------------------------------------------------------------------------

    def _of_torch(self, path: list[str]) -> Callee | None:
        """`nn.CrossEntropyLoss`, `torch.distributions.Normal`: what makes a function, or a distribution."""
        name = path[-1]
        if self.scope.is_variable(path[0]):
            return None
        if name in _FAMILIES and (len(path) == 1 or path[:2] == ["torch", "distributions"]):
            library = "torch.distributions"
        elif path[1:2] == ["nn"] and len(path) == 3 and name[0].isupper():
            library = "torch.nn"
        else:
            return None
        callee = Callee(name, None)
        callee.library = library
        return callee

    def callee(self, token: str, at: int) -> Callee:
        """What a token such as `np.exp(`, `w.dot(` or `atan2(` calls."""
        path = self._unaliased(token[:-1].rstrip().split("."))
        name = path[-1]
        if path[0] == "torch" or name in _FAMILIES:
            maker = self._of_torch(path)
            if maker is not None:
                return maker
        if name == "at" and len(path) == 3 and path[1] in ("add", "subtract") and self.is_library(path[:1]):
            return Callee(f"{path[1]}.at", None)
        if len(path) == 3 and f"{path[1]}.{name}" in SPECIAL and self.is_library([path[0], name]):
            return self.gates.callee(f"{path[1]}.{name}", at, prefixed=True)
        if len(path) == 1:
            if self._is_frozen(name, at) and (found := self._written_distribution(path)) is not None:
                return found
            self._not_a_variable(name, at)
            return self.gates.callee(name, at)
        if path[0] in PYTHONS and not self.scope.is_variable(path[0]) and name in _OF_PYTHON:
            return self.gates.callee(name, at, prefixed=True)
        found = self._function_of_distribution(path)
        if found is not None:
            return found
        if self.is_library(path):
            name = OTHERWISE.get((path[0], name), name)
            name = f"tree_{name}" if path[-2] == "tree" else name  # jax.tree.map
            self.scope.functions.setdefault(path[0], at)
            callee = self.gates.callee(name, at, prefixed=True)
            callee.library = next((LIBRARY_OF[part] for part in path[:-1] if part in LIBRARY_OF), "")
            return callee
        if path[0] in OTHER_PREFIXES and not self.scope.is_variable(path[0]):
            meant = name if lookup(name) else foreign.meant(name)
            hint = f"write {meant}(x)" if meant.isidentifier() else advice.unknown_function(name)
            raise self.source.error(f"'{'.'.join(path[:-1])}.' is no prefix here", at, hint=hint)
        return self.gates.callee(name, at, receiver=Arg(self.path(path[:-1], at), at, at))

    def _function_of_distribution(self, path: list[str]) -> Callee | None:
        """`stats.norm.cdf`, called here or given a name of its own."""
        entry = self._of_distribution(path)
        return Callee(".".join(path), entry) if entry is not None else self._written_distribution(path)

    def _of_distribution(self, path: list[str]) -> Op | None:
        """`norm.logpdf`, `stats.norm.logpdf`, as `scipy.stats` has them: an entry whose alias has a dot."""
        if self.scope.is_variable(path[0]) or not all(each in (*LIBRARIES, *PARTS, *STATS) for each in path[:-2]):
            return None
        return lookup(".".join(path[-2:]))

    def _is_frozen(self, name: str, at: int) -> bool:
        """Whether `norm(m, s)` is a distribution: one of its functions stands behind the bracket."""
        behind = self.source.tokens[self.source.matching(at) + 1]
        return behind[:1] == "." and behind[1:].rstrip("( ") in _OF_DISTRIBUTIONS

    def _written_distribution(self, path: list[str]) -> Callee | None:
        """`stats.rayleigh.logpdf`, `norm.isf`, and `stats.norm` itself, which freezes its arguments."""
        if self.scope.is_variable(path[0]) or not all(each in (*LIBRARIES, *PARTS, *STATS) for each in path[:-2]):
            return None
        from gradc.language import distributions

        if path[-1] in distributions.NAMES and (path[-2:-1] or STATS)[0] in STATS:
            name = path[-1]
        elif len(path) > 1 and path[-2] in distributions.NAMES and distributions.knows(path[-2], path[-1]):
            name = ".".join(path[-2:])
        else:
            return None
        callee = Callee(name, None)
        callee.library = "stats"
        return callee

    def _not_a_variable(self, name: str, at: int) -> None:
        source = self.source
        known = lookup(name) is not None or (name in SPECIAL and name not in PREFIXED)
        if not self.scope.is_variable(name) and (known or not advice.looks_like_variable(name)):
            return
        if known:
            hint = f"rename the variable, or call np.{name}(...)"
            raise source.error(f"'{name}' is used both as a variable and as a function", at, hint=hint)
        close = source.matching(at)
        if source.tokens[close + 1] == "=":
            hint = f"write {name} = ..., with the inputs by their names"
            raise source.error(f"'{source.quote(at, close)} =' defines a function", at, close, hint)
        if close == at + 1:
            raise source.error(f"'{name}' is called with nothing, and is no function", at, close)
        start = source.span(at, at)[0]
        hint = f"write {name}*{source.quote(at, close)[len(name) :].lstrip()}"
        mark = Mark(start, start + len(name))
        problem = Problem(f"'{name}' is a variable, not a function", source.text, (mark,), hint)
        raise GradcError.of([*source.problems, problem])


def leaves_of(text: str) -> Leaves:
    """The leaves of a program in a graph of their own."""
    source, build = Source(text), Builder()
    scope = Scope(source, build, {}, {})
    return Leaves(source, build, scope, Gates(source, build, scope, lambda text, bound: build.const(0)))
