"""Somebody's functions and classes into calls of them: which is called with what, in which order.

A script runs as it is. A file of functions is called: forward ones first, in order, with the inputs by name or by
place; then the backward ones, in reverse, with the upstream adjoint and what the forward ones gave.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gradc.base.syntax import statements_of
from gradc.evidence.grade.names import UPSTREAM, bases
from gradc.evidence.grade.settings import Settings

BACKWARD = re.compile(r"(?i)(backward|backprop|bwd|bprop|_back$|^back|_grad$|^grad|gradient|vjp|_b$|derivative|^d_)")
FORWARD = re.compile(r"(?i)(forward|fwd|fprop|predict|loss|^f$|cost|objective|__call__|step)")
CACHE = re.compile(
    r"(?i)^(cache\w*|\w*cache|ctx|saved\w*|state|tape|mem\w*|stored|context|tmp|stuff|fwd|values|res|residuals|vals|inter\w*|c)$"
)
HELPER = re.compile(r"(?i)(check|numeric|rel_error|test|plot|main|load|print|show|init|eval_num|demo|assert)")
UPDATE = re.compile(r"(?i)(update|step|train|fit|sgd|zero|params|parameters)$")
SELF = ("self", "cls", "ctx")


class Func(NamedTuple):
    """A function's parameters, those with defaults, and the names that it calls, those of `self` among them."""

    name: str
    params: tuple[str, ...]
    defaults: frozenset[str]
    calls: frozenset[str]
    own: frozenset[str] = frozenset()

    @property
    def is_backward(self) -> bool:
        back = bool(BACKWARD.search(self.name)) and not re.search(
            r"(?i)loss_and|forward_backward|fwd_bwd|forward_and", self.name
        )
        return back or any(UPSTREAM.match(p) and p.startswith(("d", "g", "u")) and len(p) > 1 for p in self.params)


class Shapes(NamedTuple):
    """What is known of the program: its inputs in order with their shapes, its outputs, what labels are called,
    the names that it assigns, and the inputs that the file does not name."""

    inputs: Mapping[str, tuple[int | str, ...]]
    outputs: tuple[str, ...]
    labels: Mapping[str, str]
    assigned: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()


class File(NamedTuple):
    """A file at a glance."""

    tree: ast.Module
    functions: dict[str, Func]
    classes: dict[str, dict[str, Func]]
    works: bool
    names: frozenset[str]
    indices: frozenset[str]


def glance(text: str) -> File:
    """Raises SyntaxError."""
    tree = statements_of(text)
    functions = {s.name: _func(s) for s in tree.body if isinstance(s, ast.FunctionDef)}
    classes = {
        s.name: {m.name: _func(m) for m in s.body if isinstance(m, ast.FunctionDef)}
        for s in tree.body
        if isinstance(s, ast.ClassDef)
    }
    return File(
        tree, functions, classes, any(map(_is_work, tree.body)), frozenset(_names(tree)), frozenset(_indices(tree))
    )


def _func(s: ast.FunctionDef) -> Func:
    args = [*s.args.posonlyargs, *s.args.args, *s.args.kwonlyargs]
    params = tuple(a.arg for a in args if a.arg not in SELF)
    with_default = [
        a.arg
        for a in args[len(args) - len(s.args.kwonlyargs) - len(s.args.defaults) : len(args) - len(s.args.kwonlyargs)]
    ]
    with_default += [a.arg for a, d in zip(s.args.kwonlyargs, s.args.kw_defaults, strict=True) if d is not None]
    called = {n.func.id for n in ast.walk(s) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    own = {
        n.func.attr
        for n in ast.walk(s)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and isinstance(n.func.value, ast.Name)
        if n.func.value.id == "self"
    }
    if (
        any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in s.decorator_list)
        and args[:1]
        and args[0].arg in SELF
    ):
        params = (args[0].arg, *params)
    return Func(s.name, params, frozenset(with_default), frozenset(called), frozenset(own))


def _is_work(s: ast.stmt) -> bool:
    """Whether a statement at the top does something with numbers."""
    if isinstance(s, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
        return False
    if isinstance(s, ast.Expr):
        return not isinstance(s.value, ast.Constant)
    return not (isinstance(s, ast.Assign) and isinstance(s.value, (ast.Constant, ast.Lambda)))


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            yield node.value


def _indices(tree: ast.AST) -> Iterator[str]:
    """The names that stand in a subscript: labels, there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript):
            for inner in ast.walk(node.slice):
                if isinstance(inner, ast.Name):
                    yield inner.id
                elif isinstance(inner, ast.Attribute):
                    yield inner.attr
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("at", "take", "gather", "one_hot", "nll_loss")
        ):
            for arg in node.args[1:]:
                yield from (n.id for n in ast.walk(arg) if isinstance(n, ast.Name))


Source = list[Any]
Calls = list[dict[str, Any]]


def plans(file: File, known: Shapes, config: Settings) -> Iterator[dict[str, Any]]:
    """Ways to run a file, the likeliest first."""
    if file.works:
        yield {"main": True, "calls": []}
    binder = _Binder(known, file, config)
    for order in binder.orders():
        yield from binder.of_functions(order)
        yield from binder.of_classes(order)


class _Binder:
    """Finds values for parameters."""

    def __init__(self, known: Shapes, file: File, config: Settings) -> None:
        self.known, self.file, self.config = known, file, config

    def orders(self) -> Iterator[list[str]]:
        """The inputs in order, and in other orders where they are few."""
        inputs = list(self.known.inputs)
        yield inputs
        if 1 < len(inputs) <= 4:
            for order in itertools.islice(itertools.permutations(inputs), 1, 24):
                yield list(order)

    # ---- functions -------------------------------------------------------------------------------

    def of_functions(self, order: list[str]) -> Iterator[dict[str, Any]]:
        functions = self.file.functions
        called = {name for f in functions.values() for name in f.calls if name != f.name}
        called |= {name for methods in self.file.classes.values() for m in methods.values() for name in m.calls}
        tops = [f for f in functions.values() if f.name not in called and f.params]
        likely = [f for f in tops if not HELPER.search(f.name)] or tops
        forward = [f for f in likely if not f.is_backward]
        backward = [f for f in likely if f.is_backward]
        whole = [f for f in forward if FORWARD.search(f.name)] or forward
        if not whole:
            whole = [f for f in functions.values() if not f.is_backward and f.params and not HELPER.search(f.name)]
        if not likely:
            return
        if backward and whole:
            yield self._passes(whole, backward, order)
            for pair in _pairs([f for f in functions.values() if f.params]):
                yield self._passes([pair[0]], [pair[1]], order)
        for one in sorted(likely, key=lambda f: not FORWARD.search(f.name)):
            yield self._passes([one], [], order)
        if len(whole) > 1:
            yield self._passes(whole, backward, order)

    def _passes(self, forward: Sequence[Func], backward: Sequence[Func], order: list[str]) -> dict[str, Any]:
        calls: Calls = []
        made: dict[str, int] = {}
        used: list[str] = []
        for func in forward:
            first: Source | None = ["first", len(calls) - 1] if calls else None
            args = self._bound(func, order, used, first)
            made[func.name] = len(calls)
            calls.append({"name": func.name, "named": args})
        last = len(calls) - 1
        above: Source | None = None
        for k, func in enumerate(reversed(backward)):
            own = self._own(func, made, last - k if len(backward) == len(forward) else last)
            calls.append({"name": func.name, "named": self._backward(func, own, above)})
            above = ["first", len(calls) - 1]
        return {"main": False, "calls": calls}

    def _own(self, func: Func, made: Mapping[str, int], otherwise: int) -> int:
        """The forward call that a backward function belongs to, by its name."""
        stem = re.sub(r"(?i)_?(backward|backprop|bwd|bprop|back|grad|gradient)_?", "", func.name)
        for name, at in made.items():
            if stem and re.sub(r"(?i)_?(forward|fwd|fprop)_?", "", name) == stem:
                return at
        return otherwise

    def _bound(self, func: Func, order: Sequence[str], used: list[str], first: Source | None) -> dict[str, Source]:
        args: dict[str, Source] = {}
        loose: list[str] = []
        for param in func.params:
            source = self._by_name(param)
            if (
                source is not None
                and source[0] == "input"
                and first is not None
                and param == func.params[0]
                and source[1] in used
            ):
                source = first
            if source is None:
                loose.append(param)
            else:
                args[param] = source
                if source[0] == "input":
                    used.append(source[1])
        taken = {s[1] for s in args.values() if s[0] == "input"}
        free = [name for name in order if name not in taken and name not in used]
        for param in loose:
            if param in func.defaults and not (free and len(loose) == len(free)):
                continue
            if first is not None and param == func.params[0]:
                args[param] = first
            elif UPSTREAM.match(param) and (param.startswith(("d", "up")) or "grad" in param):
                spare = self.known.spare
                args[param] = ["input", spare[0] if spare else "df:0"]
            elif free:
                args[param] = ["input", free.pop(0)]
                used.append(args[param][1])
            else:
                args[param] = self._otherwise(param)
        return args

    def _by_name(self, param: str) -> Source | None:
        known = self.known.inputs
        bare = param.strip("_")
        for name in (param, bare):
            if name in self.known.labels:
                return ["input", self.known.labels[name]]
            if name in known:
                return ["input", name]
        folded = {name.lower().replace("_", ""): name for name in known}
        if bare.lower().replace("_", "") in folded:
            return ["input", folded[bare.lower().replace("_", "")]]
        if param in ("params", "parameters", "weights", "model", "theta", "p", "P", "W_dict") and len(known) > 1:
            return ["dict", {name: ["input", name] for name in known}]
        if re.search(r"(?i)(bn_param|conv_param|pool_param|ln_param|gn_param|config|cfg|opts|options|hparams)", param):
            return ["const", self.config.all()]
        if param in ("train", "training", "is_train", "return_cache", "compute_grad"):
            return ["const", True]
        if param in self.config.told:
            return ["const", self.config.told[param]]
        return None

    def _otherwise(self, param: str) -> Source:
        if param in self.config.usual:
            return ["const", self.config.usual[param]]
        sizes = [dim for shape in self.known.inputs.values() for dim in shape if isinstance(dim, int)]
        if re.search(r"(?i)(lr|rate|alpha|eta|step)", param):
            return ["const", 0.1]
        if re.search(
            r"(?i)(size|dim|n_|num|units|hidden|input|output|classes|^[DHCNMVTK]$|_in$|_out$|^in_|^out_)", param
        ):
            return ["const", sizes[0] if sizes else 4]
        return ["const", 0.0]

    def _backward(self, func: Func, own: int, above: Source | None) -> dict[str, Source]:
        args: dict[str, Source] = {}
        outputs = list(self.known.outputs)
        ups = 0
        for k, param in enumerate(func.params):
            adjoint = [base for base in bases(param) if base in outputs]
            if CACHE.match(param) and self._by_name(param) is None:
                args[param] = ["cache", own]
            elif adjoint:
                args[param] = ["input", f"df:{outputs.index(adjoint[0])}"]
            elif inner := [base for base in bases(param) if base in self.known.assigned]:
                args[param] = ["input", f"adj:{inner[0]}"] if above is None else above
            elif self._by_name(param) is None and (
                UPSTREAM.match(param) or (k == 0 and bases(param) and param.startswith(("d", "g", "u")))
            ):
                spare = self.known.spare
                given = spare[min(ups, len(spare) - 1)] if spare else f"df:{min(ups, len(outputs) - 1)}"
                args[param] = above or ["input", given]
                ups += 1
            elif param in func.defaults and self._by_name(param) is None:
                continue
            else:
                args[param] = ["latest", param, self._by_name(param) or self._otherwise(param)]
        return args

    # ---- classes ---------------------------------------------------------------------------------

    def of_classes(self, order: list[str]) -> Iterator[dict[str, Any]]:
        classes = self.file.classes
        called = {name for f in self.file.functions.values() for name in f.calls}
        called |= {
            name for own, methods in classes.items() for m in methods.values() for name in m.calls if name != own
        }
        tops = [name for name in classes if name not in called] or list(classes)
        if len(tops) > 1:
            yield self._chain(tops, order)
        for name in reversed(tops):
            yield self._object(name, order)

    def _object(self, name: str, order: list[str]) -> dict[str, Any]:
        calls: Calls = []
        self._of_object(name, order, calls, [], None)
        return {"main": False, "calls": calls}

    def _of_object(
        self, name: str, order: list[str], calls: Calls, used: list[str], first: Source | None, alone: bool = True
    ) -> tuple[int, list[Func]]:
        """The object is made and its forward methods are called; its backward ones are left to the caller."""
        methods = self.file.classes[name]
        making = methods.get("__init__") or Func("", (), frozenset(), frozenset())
        calls.append({"name": name, "named": self._made(making, order, used)})
        at = len(calls) - 1
        inner = {c for m in methods.values() for c in m.own}
        public = [m for m in methods.values() if not m.name.startswith("__") or m.name == "__call__"]
        outer = [m for m in public if m.name not in inner and not HELPER.search(m.name)]
        tops = [m for m in outer if not UPDATE.search(m.name)] or outer
        forward = [m for m in tops if not m.is_backward]
        backward = [m for m in tops if m.is_backward]
        good = [m for m in forward if FORWARD.search(m.name)] or forward[:1]
        for m in good:
            last = ["first", len(calls) - 1] if len(good) > 1 and m is not good[0] else first
            calls.append({"of": at, "method": m.name, "named": self._bound(m, order, used, last)})
        if alone:
            ran = len(calls) - 1
            for m in backward:
                calls.append({"of": at, "method": m.name, "named": self._backward(m, ran, None)})
        return at, backward

    def _made(self, func: Func, order: Sequence[str], used: list[str]) -> dict[str, Source]:
        args: dict[str, Source] = {}
        for param in func.params:
            source = self._by_name(param)
            if source is not None:
                args[param] = source
                if source[0] == "input":
                    used.append(source[1])
            elif param not in func.defaults:
                args[param] = self._otherwise(param)
        return args

    def _chain(self, tops: Sequence[str], order: list[str]) -> dict[str, Any]:
        """Layers one after the other, and back."""
        calls: Calls = []
        used: list[str] = []
        layers: list[tuple[int, int, list[Func]]] = []
        first: Source | None = None
        for name in tops:
            before = len(calls)
            at, backward = self._of_object(name, order, calls, used, first, alone=False)
            if len(calls) - 1 > before:
                layers.append((at, len(calls) - 1, backward))
                first = ["first", len(calls) - 1]
        above: Source | None = None
        for at, ran, backward in reversed(layers):
            for m in backward[:1]:
                calls.append({"of": at, "method": m.name, "named": self._backward(m, ran, above)})
                above = ["first", len(calls) - 1]
        return {"main": False, "calls": calls}


def _pairs(functions: Sequence[Func]) -> Iterator[tuple[Func, Func]]:
    """Forward and backward functions that belong together by name."""
    for back in functions:
        if back.is_backward:
            stem = re.sub(r"(?i)_?(backward|backprop|bwd|bprop|back|grad|gradient)_?", "", back.name)
            for ahead in functions:
                if not ahead.is_backward and re.sub(r"(?i)_?(forward|fwd|fprop)_?", "", ahead.name) == stem:
                    yield ahead, back
