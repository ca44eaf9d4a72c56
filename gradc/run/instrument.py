"""Somebody's text into the same with a call after each line that looks at what it assigned.

Each assignment, tuple target, subscript, in-place change, parameter and returned expression is a `Site`.

>>> tree, sites = watched("q = x + y\\ndx = dq = 2*q\\n", {})
>>> print(ast.unparse(tree))
q = x + y
q = mark_(0, q, scope_)
dx = dq = 2 * q
dx = mark_(1, dx, scope_)
dq = mark_(2, dq, scope_)
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from gradc.base.records import NamedTuple
from gradc.base.syntax import statements_of
from gradc.run.hand import Site

_LIBRARIES = {"np", "numpy", "jnp", "torch", "math", "random", "rng", "float", "int", "list", "len"}
# Statements that hold no others.
SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Expr)
_AUGMENTED = {ast.Add: "+=", ast.Sub: "-=", ast.Mult: "*=", ast.Div: "/="}


def watched(text: str, job: Mapping[str, Any]) -> tuple[ast.Module, list[Site]]:
    """The instrumented tree and its sites; lines in the job's `bypass` are left out, and their targets given."""
    tree = statements_of(text)
    marks = marks_of(tree, job)
    tree.body = marks.block(tree.body)
    return tree, marks.sites


def marks_of(tree: ast.Module, job: Mapping[str, Any]) -> Marks:
    """What writes the calls that a job asks for."""
    known = job.get("known")
    given = given_sites(tree, job.get("given", {})) if known is None else set()
    marks = Marks(given, set(job.get("bypass", ())), set(job.get("added", ())), known)
    if "only" in job and "limit" not in job:  # what is not asked for is not looked at: events are not counted, either
        marks.only = {*(site for site, _ in job["only"]), *job.get("nudged", ()), *job.get("frozen", ())}
        marks.only |= {each[0] for key in ("right", "scales", "times") for each in job.get(key, ())}
        marks.read = {each[1] for call in job.get("calls", ()) for each in call.get("named", {}).values()
                      if each[0] == "latest"}  # fmt: skip
    return marks


def given_sites(tree: ast.Module, given: Mapping[str, str]) -> set[int]:
    """The statements, by `id`, that give an input a number: what they read hangs on no input."""
    inputs = set(given)
    named = {name for name, of in given.items() if not of.startswith(("df:", "adj:", "up:"))}
    tainted = set(named)
    found: set[int] = set()
    statements = list(_statements(tree))
    size = -1
    while size != len(tainted):  # what hangs on an input, through any number of lines
        size = len(tainted)
        for statement, _, _ in statements:
            if _read(statement, values=True) & tainted:
                tainted |= {*_stored(statement), *_containers(statement)}
    first: set[str] = set()
    for statement, scope, params in statements:
        names = set(_stored(statement, whole=True)) & inputs
        if not names or _root(getattr(statement, "value", None)) in params:
            continue  # none, or handed on from a caller
        read = _read(statement, values=True)
        free = not read & tainted and (bool(names & named) or (_is_number(statement) and not read & params))
        making = scope.startswith("__init__") or "init" in scope
        plain = names & {t.id for t in _targets(statement) if isinstance(t, ast.Name)}  # `g["W"] = …` is a gradient
        first_at_top = not scope and plain & named and not plain & first
        if not isinstance(statement, (ast.For, ast.AugAssign)) and (free or first_at_top):
            found.add(id(statement))
        if making and not isinstance(statement, (ast.AugAssign, ast.For)):
            found.add(id(statement))
        first |= names
    return found


def _statements(
    tree: ast.AST, scope: str = "", params: frozenset[str] = frozenset()
) -> Iterator[tuple[ast.stmt, str, frozenset[str]]]:
    """The statements that assign, with the function that they stand in and its parameters."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            args = (*child.args.posonlyargs, *child.args.args, *child.args.kwonlyargs)
            yield from _statements(child, child.name, frozenset(a.arg for a in args if a.arg != "self"))
        else:
            if isinstance(child, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For)):
                yield child, scope, params
            yield from _statements(child, scope, params)


def _root(node: ast.AST | None) -> str:
    """x of `x`, `x[0]`, `x.y["z"]`."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _read(statement: ast.stmt, values: bool = False) -> set[str]:
    """The names and keys that a statement's value and subscripts read; of which it reads more than the shape, if
    `values` are asked for: not `np.zeros_like(W)`, `randn(*x.shape)`, `len(x)`."""
    todo: list[ast.AST] = []
    if isinstance(statement, ast.For):
        todo = [statement.iter]
    elif isinstance(statement, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
        todo = [statement.value] if statement.value is not None else []
        if isinstance(statement, ast.AugAssign):
            todo += [n.slice for n in ast.walk(statement.target) if isinstance(n, ast.Subscript)]
    found = set()
    while todo:
        node = todo.pop()
        if values and _is_size(node):
            continue
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            found.add(str(node.slice.value))
        todo += ast.iter_child_nodes(node)
    return found


def _is_number(statement: ast.stmt) -> bool:
    """Whether a statement assigns numbers, or what a library makes: what somebody's functions give is no such thing."""
    value = getattr(statement, "value", None)
    for node in ast.walk(value) if value is not None else ():
        if isinstance(node, ast.Call):
            func: ast.expr = node.func
            while isinstance(func, ast.Attribute):
                func = func.value
            if not isinstance(func, ast.Name) or func.id not in _LIBRARIES:
                return False
    return True


def _is_size(node: ast.AST) -> bool:
    """Whether an expression hangs on a shape alone."""
    if isinstance(node, ast.Attribute):
        return node.attr in ("shape", "size", "ndim")
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return called.endswith("_like") or called in ("len", "shape")
    return False


def _targets(statement: ast.stmt) -> list[ast.expr]:
    """What a statement assigns, one by one."""
    if isinstance(statement, ast.Assign):
        targets: Iterable[ast.expr] = statement.targets
    elif isinstance(statement, (ast.AugAssign, ast.AnnAssign, ast.For)):
        targets = [statement.target]
    else:
        return []
    return [each for target in targets for each in _flat(target)]


def _stored(statement: ast.stmt, whole: bool = False) -> list[str]:
    """The names that a statement assigns; of arrays `whole` ones, if asked."""
    flat = _targets(statement)
    if whole:
        flat = [each for each in flat if not isinstance(each, ast.Subscript) or isinstance(each.slice, ast.Constant)]
    return [name for name in map(name_of, flat) if name]


def _containers(statement: ast.stmt) -> list[str]:
    """What holds the elements that a statement assigns."""
    flat = _targets(statement)
    return [each.value.id for each in flat if isinstance(each, ast.Subscript) and isinstance(each.value, ast.Name)]


def _flat(target: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, (ast.Tuple, ast.List)):
        for each in target.elts:
            yield from _flat(each)
    elif isinstance(target, ast.Starred):
        yield from _flat(target.value)
    else:
        yield target


def name_of(target: ast.expr) -> str:
    """What a target is called: `self.dW` is dW, `grads["W"]` is W, `hs[t]` is hs."""
    if isinstance(target, ast.Name):
        return target.id
    if isinstance(target, ast.Attribute):
        return target.attr
    if isinstance(target, ast.Subscript):
        if isinstance(target.slice, ast.Constant) and isinstance(target.slice.value, str):
            return target.slice.value
        return name_of(target.value)
    return ""


def holder_of(target: ast.expr) -> str:
    """What holds a keyed element: `grads` of `self.grads["W"]`."""
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return name_of(target.value) if isinstance(target.slice.value, str) else ""
    return ""


class Simple(NamedTuple):
    """A statement that holds no others: its lines, its function, its sites, and what stands for it."""

    line: int
    end: int
    function: tuple[str, ...]
    site: int
    many: int
    out: list[ast.stmt]


class Marks:
    """Writes the calls."""

    def __init__(self, given: set[int], bypass: set[int], added: set[int], known: Iterable[int] | None = None) -> None:
        self.sites: list[Site] = []
        self.given, self.bypass, self.added = given, bypass, added
        self.known = set(known) if known is not None else None
        self.function: list[str] = []
        self.only: set[int] | None = None
        self.read: set[str] = set()
        self.simple: list[Simple] = []

    def again(self, s: ast.stmt, old: Simple, more: set[int], added: set[int]) -> tuple[list[ast.stmt], list[Site]]:
        """What stands for another statement in the place of one, and its sites; `more` are looked at."""
        kept = self.sites, self.only, self.added
        self.sites, self.function, self.added = self.sites[: old.site], [*old.function], added
        self.only = self.only | more if self.only is not None else None
        out, sites = self.statement(s), self.sites[old.site :]
        self.sites, self.only, self.added = kept
        self.function = []
        return out, sites

    def _skipped(self, site: int, name: str, given: bool = False) -> bool:
        """Whether a site need not be looked at."""
        return self.only is not None and site not in self.only and not given and name not in self.read

    def _is_given(self, s: ast.stmt, site: int) -> bool:
        return id(s) in self.given if self.known is None else site in self.known

    def block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        for statement in statements:
            site = len(self.sites)
            made = self.statement(statement)
            if isinstance(statement, SIMPLE):
                end = statement.end_lineno or statement.lineno
                many = len(self.sites) - site
                self.simple.append(Simple(statement.lineno, end, (*self.function,), site, many, made))
            out += made
        return out

    def statement(self, s: ast.stmt) -> list[ast.stmt]:
        if isinstance(s, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return [self.define(s)]
        if isinstance(s, ast.ClassDef):
            s.body = [self.define(each) if isinstance(each, ast.FunctionDef) else each for each in s.body]
            return [s]
        if isinstance(s, ast.Return) and s.value is not None:
            s.value = self.returned(s.value, s, "")
            return [s]
        if isinstance(s, (ast.Assign, ast.AugAssign, ast.AnnAssign)) and s.value is not None:
            return self.assigned(s)
        if isinstance(s, ast.Expr) and isinstance(s.value, ast.Call):
            return [s, *self.touched(s, s.value)]
        for field in ("body", "orelse", "finalbody"):
            inner = getattr(s, field, None)
            if isinstance(inner, list) and inner and isinstance(inner[0], ast.stmt):
                setattr(s, field, self.block(inner))
        for handler in getattr(s, "handlers", []):
            handler.body = self.block(handler.body)
        if isinstance(s, (ast.For, ast.AsyncFor)):
            heads = [self.mark(t, s, "for") for t in _flat(s.target) if isinstance(t, ast.Name)]
            s.body = [*(each for each in heads if each is not None), *s.body]
        return [s]

    def define(self, s: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt:
        self.function.append(s.name)
        args = s.args
        params = [each.arg for each in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
        head: list[ast.stmt] = [_enter(s.name)]
        for name in params:
            if name not in ("self", "cls"):
                mark = self.mark(ast.Name(name, ast.Store()), s, "param")
                head += [mark] if mark is not None else []
        doc = s.body[:1] if ast.get_docstring(s, clean=False) is not None else []
        s.body = [*doc, *head, *self.block(s.body[len(doc) :])]
        self.function.pop()
        _located(s, head)
        return s

    def assigned(self, s: ast.Assign | ast.AugAssign | ast.AnnAssign) -> list[ast.stmt]:
        targets = [*(t for each in s.targets for t in _flat(each))] if isinstance(s, ast.Assign) else [s.target]
        if isinstance(s.value, ast.Dict):
            s.value = self.returned(s.value, s, name_of(targets[0]))
        if s.lineno in self.bypass and len(targets) == 1:
            out: list[ast.stmt] = []
            base = _augmented(s)
            if isinstance(targets[0], ast.Name) and not base:
                out.append(ast.Assign([ast.Name(targets[0].id, ast.Store())], ast.Constant(0.0)))
        else:
            out = [_as_added(s, targets[0])] if s.lineno in self.added and len(targets) == 1 else [s]
        for target in targets:
            mark = self.mark(target, s, "")
            if mark is not None:
                out.append(mark)
        return _located(s, out)

    def mark(self, target: ast.expr, s: ast.stmt, how: str) -> ast.stmt | None:
        """The call that looks at a target; `how` it is assigned is read off a statement that assigns."""
        name = name_of(target)
        if not name:
            return None
        site = len(self.sites)
        given = self._is_given(s, site)
        skipped = self._skipped(site, name, given)
        how = how or ("=" if skipped else _how(s, target, name))
        self.sites.append(Site(s.lineno, name, how, ".".join(self.function), given, holder_of(target)))
        if skipped:
            return None
        number = ast.Constant(site)
        scope = ast.Name("scope_", ast.Load())
        if isinstance(target, ast.Subscript):
            container = _loaded(target.value)
            if isinstance(target.slice, ast.Slice) or any(isinstance(n, ast.Slice) for n in ast.walk(target.slice)):
                key: ast.expr = ast.Constant(None)
            else:
                key = _loaded(target.slice)
            look = ast.Lambda(ast.arguments([], [], None, [], [], None, []), key)
            call = ast.Call(ast.Name("element_", ast.Load()), [number, container, look, scope], [])
            return _placed(ast.Expr(call), s)
        if isinstance(target, ast.Attribute):
            args: list[ast.expr] = [number, _loaded(target), scope, _loaded(target.value)]
        else:
            args = [number, _loaded(target), scope]
        call = ast.Call(ast.Name("mark_", ast.Load()), args, [])
        return _placed(ast.Assign([_stored_to(target)], call), s)

    def returned(self, value: ast.expr, s: ast.stmt, holder: str) -> ast.expr:
        """A value with its expressions looked at: what has no name of its own, and what stands under a key."""
        if isinstance(value, (ast.Tuple, ast.List)) and isinstance(s, ast.Return):
            value.elts = [self.returned(each, s, holder) for each in value.elts]
        elif isinstance(value, ast.Dict):
            pairs = zip(value.keys, value.values, strict=True)
            value.values = [
                self.look(each, s, key.value, holder or "grads")
                if isinstance(key, ast.Constant) and isinstance(key.value, str) and not isinstance(each, ast.Dict)
                else each
                for key, each in pairs
            ]
        elif isinstance(value, ast.IfExp) and isinstance(s, ast.Return):
            value.body, value.orelse = (self.returned(each, s, holder) for each in (value.body, value.orelse))
        elif isinstance(s, ast.Return) and not isinstance(value, (ast.Constant, ast.Starred)):
            name = name_of(value) if isinstance(value, (ast.Name, ast.Attribute)) else ""
            return self.look(value, s, name, "")
        return value

    def look(self, value: ast.expr, s: ast.stmt, name: str, holder: str) -> ast.expr:
        site = len(self.sites)
        how = "item" if holder else "return"
        self.sites.append(Site(value.lineno, name, how, ".".join(self.function), False, holder))
        if self._skipped(site, name):
            return value
        args: list[ast.expr] = [ast.Constant(site), value, ast.Name("scope_", ast.Load())]
        return _placed(ast.Call(ast.Name("mark_", ast.Load()), args, []), value)

    def touched(self, s: ast.stmt, call: ast.Call) -> list[ast.stmt]:
        """What a call by itself may have changed: `np.add.at(dW, i, d)`, `rows.append(v)`, `x.sub_(…)`."""
        out: list[ast.stmt] = []
        parts = [call.func.value] if isinstance(call.func, ast.Attribute) else []
        if isinstance(call.func, ast.Attribute) and call.func.attr == "append" and name_of(call.func.value):
            site = len(self.sites)
            self.sites.append(Site(s.lineno, name_of(call.func.value), "=", ".".join(self.function)))
            if self._skipped(site, name_of(call.func.value)):
                return []
            args: list[ast.expr] = [ast.Constant(site), _loaded(call.func.value), ast.Name("scope_", ast.Load())]
            return _located(s, [ast.Expr(ast.Call(ast.Name("appended_", ast.Load()), args, []))])
        for part in [*parts, *call.args, *(each.value for each in call.keywords)]:
            if isinstance(part, ast.Name) or (isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name)):
                mark = self.changed(part, s)
                out += [mark] if mark is not None else []
        return _located(s, out)

    def changed(self, part: ast.Name | ast.Attribute, s: ast.stmt) -> ast.stmt | None:
        if isinstance(part, ast.Attribute) and not (isinstance(part.value, ast.Name) and part.value.id == "self"):
            return None
        site = len(self.sites)
        self.sites.append(Site(s.lineno, name_of(part), "call", ".".join(self.function)))
        if self._skipped(site, name_of(part)):
            return None
        args: list[ast.expr] = [ast.Constant(site), _loaded(part), ast.Name("scope_", ast.Load())]
        if isinstance(part, ast.Attribute):
            args.append(_loaded(part.value))
        return ast.Expr(ast.Call(ast.Name("mark_", ast.Load()), args, []))


def _as_added(s: ast.Assign | ast.AugAssign | ast.AnnAssign, target: ast.expr) -> ast.stmt:
    """`=` as `+=`, to see whether that was meant; where an index repeats, all is added, as by `+=` it is not."""
    value = s.value if s.value is not None else ast.Constant(0.0)
    if isinstance(s, ast.AugAssign) and isinstance(s.op, ast.Sub):
        value = ast.UnaryOp(ast.USub(), value)
    if isinstance(target, ast.Subscript):
        if has_slice(target):  # it names no element twice
            return ast.copy_location(ast.AugAssign(target, ast.Add(), value), s)
        args = [_loaded(target.value), _loaded(target.slice), value]
        return ast.Expr(ast.Call(ast.Name("add_", ast.Load()), args, []))
    assert isinstance(target, (ast.Name, ast.Attribute))
    return ast.copy_location(ast.AugAssign(target, ast.Add(), value), s)


def has_slice(target: ast.Subscript) -> bool:
    """Whether a subscript names a range: no element twice, if it names nothing else."""
    return any(isinstance(node, ast.Slice) for node in ast.walk(target.slice))


def _augmented(s: ast.stmt) -> str:
    return _AUGMENTED.get(type(s.op), "op=") if isinstance(s, ast.AugAssign) else ""


def _enter(name: str) -> ast.stmt:
    """`scope_ = enter_(name, -1)`: the function's own scope."""
    call = ast.Call(ast.Name("enter_", ast.Load()), [ast.Constant(name), ast.Constant(-1)], [])
    return ast.Assign([ast.Name("scope_", ast.Store())], call)


def _how(s: ast.stmt, target: ast.expr, name: str) -> str:
    """How a statement assigns a target."""
    augmented = _augmented(s)
    if holder_of(target):
        return augmented or "="
    if isinstance(target, ast.Subscript):
        return "[]" + (augmented or "=")
    return augmented or ("own" if name in _read(s) else "=")


def _copied(node: ast.AST) -> Any:
    """A node again, in its place."""
    made = type(node)()
    for field, value in vars(node).items():
        if isinstance(value, ast.AST):
            value = _copied(value)
        elif isinstance(value, list):
            value = [_copied(each) for each in value]
        setattr(made, field, value)
    return made


def _loaded(target: ast.expr) -> Any:
    """A copy of an expression, to be read."""
    copy = _copied(target)
    copy.ctx = ast.Load()
    return copy


def _stored_to(target: ast.expr) -> Any:
    """A copy of an expression, to be assigned."""
    copy = _copied(target)
    copy.ctx = ast.Store()
    return copy


_A = TypeVar("_A", bound=ast.AST)


def _placed(new: _A, at: ast.stmt | ast.expr) -> _A:
    """A made node, with all in it that is made, on a line of the text."""
    todo: list[ast.AST] = [new]
    while todo:
        node = todo.pop()
        if "lineno" in vars(node):
            continue
        if isinstance(node, (ast.expr, ast.stmt, ast.arg, ast.keyword)):
            node.lineno = node.end_lineno = at.lineno
            node.col_offset = node.end_col_offset = 0
        todo += ast.iter_child_nodes(node)
    return new


def _located(s: ast.stmt, out: list[ast.stmt]) -> list[ast.stmt]:
    for new in out:
        if new is not s:
            _placed(new, s)
    return out
