"""An emitted module held against what a module may consist of, before anyone runs it or writes it.

Syntax is permitted by kind, and what a module calls by name: the functions of the targets that the table of
operators and the helpers write, the methods and the builtins in use. What else Python has is no name here.

>>> verify("import numpy as np\\n\\ndef forward(x):\\n    return np.sin(x), (x,)\\n")
>>> verify("import os\\n")
Traceback (most recent call last):
    ...
ValueError: line 1 of the module: 'import os' may not stand in an emitted module
>>> verify("def forward(x):\\n    run = eval\\n    return run(x)\\n")
Traceback (most recent call last):
    ...
ValueError: line 2 of the module: 'run = eval' may not stand in an emitted module
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from functools import lru_cache
from string import ascii_letters
from typing import Any

from gradc.base.syntax import statements_of

# What straight-line passes and the helpers below them are made of, and nothing else.
_ALLOWED = frozenset({
    "Module", "FunctionDef", "arguments", "arg", "Return", "Assign", "AugAssign", "Expr", "If", "For", "With",
    "withitem", "Raise", "Try", "ExceptHandler", "Pass", "Continue", "Break", "Lambda", "BinOp", "UnaryOp", "Compare",
    "BoolOp", "IfExp", "Call", "keyword", "Attribute", "Subscript", "Slice", "Name", "Constant", "Tuple", "List",
    "Dict", "DictComp", "ListComp", "GeneratorExp", "comprehension", "JoinedStr", "FormattedValue", "Starred", "Load",
    "Store", "Add", "Sub", "Mult", "Div", "FloorDiv", "Mod", "Pow", "MatMult", "USub", "UAdd", "Not", "Invert", "Gt",
    "GtE", "Lt", "LtE", "Eq", "NotEq", "Is", "IsNot", "In", "NotIn", "And", "Or", "BitOr", "BitAnd", "Import", "alias",
    "ImportFrom", "ClassDef", "LShift", "RShift",
})  # fmt: skip

# What a module imports: whole, or some names of it; None stands for the functions of the targets.
_MODULES: dict[str, frozenset[str] | None] = {
    "numpy": None,
    "math": None,
    "concurrent.futures": frozenset({"ThreadPoolExecutor"}),
    "jax": None,
    "jax.numpy": None,
    "jax.scipy": frozenset({"special"}),
    "scipy": frozenset({"special", "linalg"}),
    "llvmlite.ir": frozenset({"DoubleType", "FunctionType", "IntType"}),
    "numba": frozenset({"float64", "int64", "njit", "types"}),
    "numba.extending": frozenset({"intrinsic", "overload"}),
    "torch": None,
    "torch.autograd.function": None,
}

# What Python brings that is of use here; the rest of it a module may name only after it gave it a meaning of its own.
_BUILTINS = frozenset(
    "abs all any bool bytearray dict enumerate float int isinstance len list map max min pow print range reversed set "
    "slice sorted str sum tuple type zip ArithmeticError FloatingPointError OverflowError TypeError ValueError "
    "ZeroDivisionError NameError id staticmethod __file__ __name__ __source__".split()
)
_OTHERS = frozenset(dir(builtins)) - _BUILTINS
# These, beside the ones that a helper of the table calls, are never permitted, whatever a helper says.
_NEVER = frozenset(
    "__import__ breakpoint compile delattr eval exec exit getattr globals help input locals memoryview open quit "
    "setattr vars".split()
)

# Attributes that the emitters write; the table's forms and helpers add theirs.
_ATTRIBUTES = frozenset(
    "T all append arange array asarray copy copysign copyto dot dtype empty float64 full full_like index indices "
    "int8 item items itemsize join matmul max may_share_memory min ndarray ndim ravel reduce reshape result_type "
    "shape size sum swapaxes tolist type values where zeros zeros_like "
    "Function Tensor apply autograd custom_jvp custom_vjp defjvp defvjp differentiable function needs_input_grad "
    "nondiff_argnums once_differentiable partial save_for_backward saved_tensors set_materialize_grads sizes".split()
)

# Keywords of straight lines, which do nothing by themselves.
_STRAIGHT = frozenset(
    "def if else elif return and or not None True False is in try except pass for break continue raise with "
    "lambda".split()
)
_KEYWORDS = (frozenset(keyword.kwlist) | frozenset(keyword.softkwlist)) - _STRAIGHT - {"_", "type"}
_WORD = re.compile(r"[A-Za-z_]\w*")
_ATTRIBUTE = re.compile(r"\.\s*([A-Za-z_]\w*)")

# Strings and comments, as Python reads them where there is no backslash; and the imports that most modules begin with.
_SAID = re.compile(r'"""(?s:.*?)"""|"[^"\n]*"|\'[^\'\n]*\'|#[^\n]*|^import (?:numpy as np|math)$', re.MULTILINE)
# A string with a prefix (code may stand in it), and an alias of a type.
_PREFIXED, _ALIAS = re.compile(r"\w\$"), re.compile(r"\btype\s")
# What is no letter parts words. Digits are left out, so that generated names are few words; none is in a harmful one.
_LETTERS: dict[int, str | None] = {
    code: None if chr(code).isdigit() else chr(code) if chr(code) in f"_{ascii_letters}" else " " for code in range(128)
}


def _permitted() -> tuple[frozenset[str], frozenset[str]]:
    """The attributes that the forms and helpers of the table and of the targets in use write, beside those of the
    emitters; and what else Python has, which no helper calls."""
    from gradc.emit.targets import TARGETS
    from gradc.ops.table import entries

    return _written(tuple(entries()), tuple(TARGETS.loaded()))


@lru_cache(maxsize=4)
def _written(ops: tuple[Any, ...], targets: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    from gradc.emit.targets import TARGETS
    from gradc.ops.helpers import HELPERS

    helpers = [text for texts in HELPERS.values() for text in texts.values()]
    helpers += [text for name in targets for text in TARGETS[name].helpers.values()]
    texts = [*helpers, *(text for name in targets for text in TARGETS[name].forms.values())]
    for op in ops:
        texts += [form.text for form in (*op.code.values(), *op.literal.forms.values())]
        texts.append(f".{op.ufunc}.{op.fast.reduce}.reduce")
    written = "\n".join(texts)
    words = set(_WORD.findall("\n".join(helpers))) - _NEVER
    return _ATTRIBUTES.union(_ATTRIBUTE.findall(written)), _OTHERS - words


def verify(text: str, carried: bool = True) -> None:
    """Raise ValueError, naming the line, if the module holds anything that an emitted module has no use for.

    Each part is looked at as words first, in C: what they pass is never read as a tree. Nor are the helpers of the
    table that it carries, each of which was read when it came there, with `carried=False`.
    """
    at = 0
    bound: set[str] = set()
    for part in re.split(r"\n\n\n(?=def |@|class )", text):
        if not _is_straight(part) and not (carried and _is_helper(part)):
            _verify_tree(part, at, bound)
        at += part.count("\n") + 3


def verify_lines(text: str) -> None:
    """The same for a function that stands alone."""
    if not _is_straight(text):
        _verify_tree(text, 0, set())


def _is_straight(text: str) -> bool:
    """Whether every word of a part is harmless wherever it may stand, but for what strings and comments say."""
    code = text
    if "\\" in code or "\r" in code or ":=" in code or "'''" in code:
        return False  # strings and comments would end elsewhere; or it is no part of a straight line
    if '"' in code or "'" in code or "#" in code or "import" in code:
        code = _SAID.sub("$", code)
        if '"' in code or "'" in code or _PREFIXED.search(code):
            return False  # a string without an end, or one in which code may stand
    if not code.isascii():
        return False  # Python would read other letters as these
    words = set(code.translate(_LETTERS).split())
    if not words.isdisjoint(_KEYWORDS) or any(word.startswith("__") for word in words):
        return False
    if "type" in words and _ALIAS.search(code):
        return False
    attributes = set(_ATTRIBUTE.findall(code))
    return (words.isdisjoint(_OTHERS) or words.isdisjoint(_permitted()[1])) and (
        attributes <= _ATTRIBUTES or attributes <= _permitted()[0]
    )


def _is_helper(text: str) -> bool:
    """Whether a part is a helper as the table has it, which was looked at when it came there."""
    from gradc.emit.targets import TARGETS
    from gradc.ops.helpers import HELPERS

    name = text[text.startswith("def ") and 4 : text.find("(")]
    texts = (*HELPERS.values(), *(TARGETS[each].helpers for each in TARGETS.loaded()))
    return name.isidentifier() and any(text.strip() == each.get(name, "").strip() for each in texts)


def _verify_tree(text: str, before: int, bound: set[str]) -> None:
    """Look at a part of the module; `bound` are the names to which the statements above gave a meaning."""
    line, given = _walked(text, frozenset(bound), _permitted())
    if line:
        raise _refused(text, line, before)
    bound |= given


@lru_cache(maxsize=64)
def _walked(text: str, above: frozenset[str], permitted: object) -> tuple[int, frozenset[str]]:
    """The line that may not stand in a part, or 0, and the names to which the part gives a meaning.

    What carries out a kernel is the same in many modules: it is read once, as long as the same is `permitted`.
    """
    bound = set(above)
    for statement in statements_of(text).body:
        stack: list[tuple[ast.AST, frozenset[str]]] = [(statement, frozenset())]
        while stack:
            node, local = stack.pop()
            if not _is_permitted(node, local, bound):
                return getattr(node, "lineno", statement.lineno), frozenset()
            own = local | _own(node) if isinstance(node, _SCOPES) else local
            outside = _outside(node)
            stack += [(child, local if child in outside else own) for child in _children(node)]
        bound |= _given(statement)
    return 0, frozenset(bound)


_SCOPES = (ast.FunctionDef, ast.Lambda, ast.ListComp, ast.GeneratorExp, ast.DictComp)


def _is_permitted(node: ast.AST, local: frozenset[str], bound: set[str]) -> bool:
    """Whether a node may stand in a module where these names have a meaning that the module gave them."""
    match node:
        case ast.Import(names=names):
            return all(alias.name in _MODULES for alias in names)
        case ast.ImportFrom(module=module, names=names, level=level):
            few = _MODULES.get(module or "", frozenset())
            few = _permitted()[0] if few is None else few
            return not level and all(alias.name in few for alias in names)
        case ast.Attribute(attr=word):
            return word in _ATTRIBUTES or word in _permitted()[0]
        case ast.Name(id=word):
            mine = (word not in _OTHERS or word not in _permitted()[1]) and not (
                word.startswith("__") and word not in _BUILTINS
            )
            return mine or word in local or word in bound
    return type(node).__name__ in _ALLOWED


def _children(node: ast.AST) -> list[ast.AST]:
    """The parts of a node; of what has parameters or loops, with those apart that are computed outside."""
    found: list[ast.AST] = []
    for child in ast.iter_child_nodes(node):
        inner = isinstance(child, ast.arguments) or (isinstance(node, _SCOPES) and isinstance(child, ast.comprehension))
        found += [child, *ast.iter_child_nodes(child)] if inner else [child]
    return found


def _outside(node: ast.AST) -> set[ast.AST]:
    """The parts of a function or a comprehension that are computed where it stands: defaults, decorators …"""
    if isinstance(node, ast.FunctionDef | ast.Lambda):
        around = (node.returns, *node.decorator_list) if isinstance(node, ast.FunctionDef) else ()
        return {each for each in (*node.args.defaults, *node.args.kw_defaults, *around) if each is not None}
    return {node.generators[0].iter} if isinstance(node, ast.ListComp | ast.GeneratorExp | ast.DictComp) else set()


def _given(statement: ast.stmt) -> set[str]:
    """The names that have a meaning of the module's once a statement has run: not what only may have run."""
    match statement:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return {alias.asname or alias.name for alias in names}
        case ast.Assign(targets=targets):
            found = [
                each for target in targets for each in (target.elts if isinstance(target, ast.Tuple) else [target])
            ]
            return {each.id for each in found if isinstance(each, ast.Name)}
    return set()


def _own(scope: ast.AST) -> frozenset[str]:
    """The names that are local to a function: its parameters, and what it assigns."""
    found: set[str] = set()
    stack = list(ast.iter_child_nodes(scope))
    while stack:
        node = stack.pop()
        match node:
            case ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.ExceptHandler(name=str(name)):
                found.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
        if isinstance(node, ast.ClassDef):
            found.add(node.name)  # what stands in it is its own
        elif not isinstance(node, _SCOPES):
            stack.extend(ast.iter_child_nodes(node))
    return frozenset(found)


def _refused(text: str, line: int, before: int) -> ValueError:
    shown = re.split(r"\r\n?|\n", text)[line - 1].strip()
    return ValueError(f"line {line + before} of the module: {shown!r} may not stand in an emitted module")
