"""The floors of the house: a room imports from the rooms before it, and heavy libraries only where they belong."""

import ast
import builtins
import functools
import importlib
import importlib.util
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from gradc.ops import entries
from gradc.ops.table import Op
from tests.support import ROOT, python

PACKAGE = ROOT / "gradc"
ROOMS = "base draw graph ops rewrite language derive optimize plan emit run evidence api dask cli".split()
FLOORS = [[room] for room in ROOMS[:-1]] + [["cli", "__init__", "__main__"]]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
# SymPy cross-checks and measures, and does nothing else.
EVIDENCE = {"evidence"}
# Within one floor: a room with several files may look into itself, and the shell's face is what `python -m gradc` runs.
SAME_FLOOR = {("__main__", "cli"), ("cli", "__init__")}
# What they need of an operator is in its entry, so that a new one is a new entry and nothing else.
WITHOUT_OPERATORS = ["derive", *(f"plan/{name}.py" for name in "adjoints gates line_names program".split()), "emit"]

FILES = sorted(PACKAGE.rglob("*.py"))


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def room(path: Path) -> str:
    """
    >>> room(PACKAGE / "ops" / "scalar.py"), room(PACKAGE / "dask.py")
    ('ops', 'dask')
    """
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@functools.cache
def imports(path: Path) -> tuple[tuple[str, bool], ...]:
    """Each imported module by its full name, and whether the import stands at the top of the file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return tuple(imports_of(tree, ["gradc", *path.relative_to(PACKAGE).parts[:-1]]))


def imports_of(tree: ast.AST, package: list[str]) -> Iterator[tuple[str, bool]]:
    inside = {
        id(n) for f in ast.walk(tree) if isinstance(f, (ast.FunctionDef, ast.AsyncFunctionDef)) for n in ast.walk(f)
    }
    for node in ast.walk(tree):
        top = id(node) not in inside
        if isinstance(node, ast.Import):
            yield from ((alias.name, top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *filter(None, [node.module])])
            if module == "gradc":
                yield from ((f"gradc.{alias.name}", top) for alias in node.names)
            else:
                yield module, top


def rooms_used(path: Path) -> Iterator[str]:
    for name, _ in imports(path):
        head, _, rest = name.partition(".")
        if head == "gradc":
            first = rest.partition(".")[0]
            yield first if first in FLOOR else "__init__"


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_every_file_has_a_floor(path: Path) -> None:
    assert room(path) in FLOOR


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_imports_go_down(path: Path) -> None:
    here = room(path)
    up = {
        there
        for there in rooms_used(path)
        if there != here and FLOOR[there] >= FLOOR[here] and (here, there) not in SAME_FLOOR and here != "__init__"
    }
    assert not up


@pytest.mark.parametrize(
    ("library", "rooms"),
    [("sympy", EVIDENCE), ("mpmath", EVIDENCE), ("click", {"cli"})],
)
def test_a_library_lives_in_its_room(library: str, rooms: set[str]) -> None:
    users = {room(path) for path in FILES for name, _ in imports(path) if name.partition(".")[0] == library}
    assert users <= rooms


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_sympy_is_imported_inside_functions(path: Path) -> None:
    at_top = {name.partition(".")[0] for name, top in imports(path) if top}
    assert not at_top & {"sympy", "mpmath", "scipy"}


def loaded(code: str) -> set[str]:
    """The top-level modules that a fresh Python has loaded after some code."""
    done = python("-c", f"import sys\n{code}\nprint('\\n' + ' '.join(sys.modules))")
    assert done.code == 0, done.err
    return {name.partition(".")[0] for name in done.out.splitlines()[-1].split()}


def test_importing_gradc_imports_no_library() -> None:
    assert not loaded("import gradc") & {"numpy", "sympy", "mpmath", "click", "scipy"}


def test_text_to_text_imports_neither_numpy_nor_sympy() -> None:
    command = "from gradc.cli import main\nsys.argv = ['gradc', 'compile', 'x*y']\ntry: main()\nexcept SystemExit: pass"
    assert not loaded(command) & {"numpy", "sympy", "mpmath", "scipy"}


# What arithmetic, conditions and shapes are made of: rules, forms and layouts are written in these.
CORE = set(
    "add sub mul div neg inv square ipow pow_ where all_of any_of not_ eq ne lt le gt ge "
    "index spread stack sum_ matmul transpose swap reshape".split()
)
# Rooms and files whose matter is particular operators: what a word means, which form is which gate.
ABOUT_OPERATORS = ("language/", "rewrite/", "optimize/array_steps.py", "optimize/batches.py", "emit/targets/")
# What else is named; each line that goes is an operator whose fact has moved into its entry.
NAMED = {
    "derive/forward.py": "from_heaviest solve",  # the slopes that aren't products with a matrix
    "derive/reverse.py": "concatenate segment",  # one adjoint of what was split
    "derive/rules.py": "count eye stop_gradient",  # words of the rules
    "derive/structured.py": "diag expand inner mean outer scatter",
    "emit/array_lines.py": "maximum minimum scatter",
    "emit/kernels.py": "maximum minimum",
    "emit/operand.py": "maximum minimum",
    "evidence/stopped.py": "stop_gradient",  # what the differences hold fixed
    "evidence/grade/settings.py": "pad windows",  # what a layer's cache is called to hold, read off its gates
    "optimize/__init__.py": "held held_else",
    "optimize/backward.py": "nonzero",  # a side by its norm
    "optimize/constructors.py": "nonzero sqrt",
    "optimize/ufuncs.py": "abs_",
    "plan/adjoints.py": "nonzero scatter",
    "plan/blocks.py": "diag scatter",
    "plan/notes.py": "scatter",
    "plan/patterns.py": "diag",
    "plan/reuse.py": "scatter",
    "plan/whole_arrays.py": "eye scatter",
}


def operators_named(tree: ast.AST) -> set[str]:
    """The operators that a file takes from the table by name.

    >>> text = "from gradc.ops import scalar as s\\nfrom gradc.ops.array import sum_\\ns.exp"
    >>> sorted(operators_named(ast.parse(text)))
    ['exp', 'sum_']
    """
    modules: dict[str, str] = {}
    named: list[tuple[str, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "gradc.ops":
            modules.update({alias.asname or alias.name: f"gradc.ops.{alias.name}" for alias in node.names})
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gradc.ops."):
            named += [(str(node.module), alias.name) for alias in node.names]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            named.append((modules[node.value.id], node.attr))
    found = set()
    for module, name in named:
        if importlib.util.find_spec(module) is not None:
            op = getattr(importlib.import_module(module), name, None)
            found |= {name} if isinstance(op, Op) and op.params else set()  # what has none is a leaf
    return found


def test_operators_beside_the_core_are_named_where_it_is_listed() -> None:
    rooms = ROOMS[ROOMS.index("ops") + 1 :]
    found = {}
    for path in FILES:
        if room(path) in rooms and not relative(path).startswith(ABOUT_OPERATORS):
            found[relative(path)] = " ".join(sorted(operators_named(ast.parse(path.read_text("utf-8"))) - CORE))
    assert {name: said for name, said in found.items() if said} == NAMED


def strings_that_name_operators(tree: ast.AST) -> set[str]:
    return {text for _, text in strings(tree)} & OPERATOR_NAMES


OPERATOR_NAMES = {entry.name for entry in entries() if entry.params}
OPERATOR_NAMES -= set(dir(builtins))  # called by that name in emitted text
OPERATOR_NAMES -= {name for entry in entries() for name, _ in entry.statics}  # the name of a parameter, too


def test_no_operator_is_named_in_a_string() -> None:
    files = [path for path in FILES if relative(path) in WITHOUT_OPERATORS or room(path) in WITHOUT_OPERATORS]
    files = [path for path in files if path.parent.name != "targets"]  # a target has forms of its own for some
    assert files
    for path in files:
        assert not strings_that_name_operators(ast.parse(path.read_text(encoding="utf-8"))), relative(path)


def test_nothing_is_evaluated_but_emitted_text() -> None:
    """`eval` and `sympify` appear nowhere; `exec` only where a checked module is loaded."""
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        called = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
        called |= {n.func.attr for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)}
        assert not called & {"eval", "sympify", "parse_expr", "lambdify"}, relative(path)
        assert "exec" not in called or room(path) == "run", relative(path)


# ---- where what is said ----------------------------------------------------------------------------------------------

# Rooms and files of which a target's words are the matter: what it prints, what users type, what SymPy's forms become,
# the test that a module carries, what a hand may have meant.
SAYS_A_TARGET_S_WORDS = (
    "ops/",
    "emit/targets/",
    "emit/allow.py",
    "language/",
    "evidence/symbolic/python.py",
    "evidence/self_check.py",
    "evidence/grade/",
)
# What of `emit` still plans as it prints; all else there is a walk over Code. Each name that goes is a planner that has
# moved to `plan`.
STILL_PLANNING = {
    "emit/array_lines.py",
    "emit/array_modes.py",
    "emit/arrays.py",
    "emit/block_modes.py",
    "emit/blocks.py",
    "emit/calls.py",
    "emit/fast_scalar.py",
    "emit/long_programs.py",
    "emit/matrices.py",
    "emit/number_lines.py",
    "emit/number_modes.py",
    "emit/targets/c.py",
    "emit/targets/numba.py",
    "emit/targets/numba_modes.py",
}


def strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The strings of a file that are no documentation."""
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value


def words_of_a_target(tree: ast.AST) -> list[str]:
    return [
        f"{line}: {text}" for line, text in strings(tree) if re.search(r"(?<![\w.])(?:np|math|torch|jnp)\.[a-z]", text)
    ]


def test_only_targets_and_entries_say_a_target_s_words() -> None:
    for path in FILES:
        if not relative(path).startswith(SAYS_A_TARGET_S_WORDS):
            assert not words_of_a_target(ast.parse(path.read_text(encoding="utf-8"))), relative(path)


def code_in_strings(tree: ast.AST) -> list[str]:
    """The f-strings that are a statement or a call; a remark or a name is none."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.JoinedStr):
            continue
        text = "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
        try:
            inside = ast.parse(text.strip())
        except SyntaxError:
            continue
        code = (ast.Assign, ast.AugAssign, ast.Return, ast.Call, ast.BinOp, ast.Compare)
        if any(isinstance(each, code) for each in ast.walk(inside)):
            found.append(text)
    return found


def test_planners_write_no_code() -> None:
    for path in FILES:
        if room(path) == "plan":
            assert not code_in_strings(ast.parse(path.read_text(encoding="utf-8"))), relative(path)


def rules_known(modules: Iterable[str]) -> set[str]:
    return {module for module in modules if module.startswith(("gradc.derive", "gradc.optimize"))}


def test_printers_know_no_rule() -> None:
    known = {
        relative(path) for path in FILES if room(path) == "emit" and rules_known(module for module, _ in imports(path))
    }
    assert known == STILL_PLANNING


# ---- each of these was seen to fail ----------------------------------------------------------------------------------


def test_what_is_planted_is_found() -> None:
    """A file of the planners with every fault at once."""
    tree = ast.parse(
        "import sympy\n"
        "from gradc.emit.layout import broken\n"
        "from gradc.derive.reverse import gradient\n"
        "from gradc.ops.scalar import tanh, mul\n"
        "def forward(name, words):\n"
        "    words['np.tanh'] = 'logsumexp'\n"
        "    yield f'{name} = {words}'\n"
    )
    used = [name for name, _ in imports_of(tree, ["gradc", "plan"])]
    assert {name for name in used if name.startswith("gradc.emit")} == {"gradc.emit.layout"}
    assert FLOOR["emit"] > FLOOR["plan"]
    assert rules_known(used) == {"gradc.derive.reverse"}
    assert words_of_a_target(tree) == ["6: np.tanh"]
    assert strings_that_name_operators(tree) == {"logsumexp"}
    assert operators_named(tree) - CORE == {"tanh"}
    assert code_in_strings(tree) == ["x = x"]


def test_the_picture_has_every_room() -> None:
    """gradc/README.md has a line for each room, in their order."""
    text = (PACKAGE / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == ROOMS
    for path in re.findall(r"`((?:\w+/)+\w+\.py)`", text):
        assert (PACKAGE / path).exists() or (ROOT / path).exists(), path
