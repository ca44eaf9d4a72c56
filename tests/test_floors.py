"""The floors of the house: a room imports from the rooms before it, and heavy libraries only where they belong."""

import ast
import builtins
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

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
WITHOUT_OPERATORS = ["derive", "plan/program.py", "emit"]

FILES = sorted(PACKAGE.rglob("*.py"))


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def room(path: Path) -> str:
    """
    >>> room(PACKAGE / "ops" / "scalar.py"), room(PACKAGE / "api.py")
    ('ops', 'api')
    """
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Each imported module by its full name, and whether the import stands at the top of the file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        id(n) for f in ast.walk(tree) if isinstance(f, (ast.FunctionDef, ast.AsyncFunctionDef)) for n in ast.walk(f)
    }
    package = ["gradc", *path.relative_to(PACKAGE).parts[:-1]]
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


def test_no_operator_is_named_above_the_table() -> None:
    from gradc.ops import entries

    names = {entry.name for entry in entries() if entry.params}  # what has none is a leaf, not an operator
    names -= set(dir(builtins))  # called by that name in emitted text
    names -= {name for entry in entries() for name, _ in entry.statics}  # the name of a parameter, too
    files = [path for path in FILES if relative(path) in WITHOUT_OPERATORS or room(path) in WITHOUT_OPERATORS]
    files = [path for path in files if path.parent.name != "targets"]  # a target has forms of its own for some
    assert files
    for path in files:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        strings = {
            n.value: n.lineno for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)
        }
        assert not {f"{relative(path)}:{line}: {text}" for text, line in strings.items() if text in names}


def test_nothing_is_evaluated_but_emitted_text() -> None:
    """`eval` and `sympify` appear nowhere; `exec` only where a checked module is loaded."""
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        called = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
        called |= {n.func.attr for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)}
        assert not called & {"eval", "sympify", "parse_expr", "lambdify"}, relative(path)
        assert "exec" not in called or room(path) == "run", relative(path)


# ---- where what is said ----------------------------------------------------------------------------------------------

# What prints Code, and plans nothing.
PRINTERS = ["count", "counting", "layout", "modules", "operand", "target", "allow"]


def strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The strings of a file that are no documentation."""
    docs = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                docs.add(id(first.value))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            docs.add(id(node.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value


def says_words_of_a_target(path: Path) -> list[str]:
    found = strings(ast.parse(path.read_text(encoding="utf-8")))
    return [f"{line}: {text}" for line, text in found if re.search(r"\b(?:np|math|torch|jnp)\.[a-z]", text)]


def test_only_targets_and_entries_say_a_target_s_words() -> None:
    rooms = ("derive", "optimize", "plan", "emit", "run")
    said = {relative(path): says_words_of_a_target(path) for path in FILES if room(path) in rooms}
    theirs = ("emit/targets/", "emit/allow.py")  # the allow-list names modules
    assert not {name: lines for name, lines in said.items() if lines and not name.startswith(theirs)}


def test_planners_write_no_code() -> None:
    """An f-string of the notes' planner is a remark or a name, never a statement or a call."""
    for path in FILES:
        if room(path) != "plan":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.JoinedStr):
                continue
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
            try:
                tree = ast.parse(text.strip())
            except SyntaxError:
                continue
            parts = [type(each) for each in ast.walk(tree)]
            assert not {ast.Assign, ast.AugAssign, ast.Return, ast.Call} & set(parts), f"{relative(path)}: {text}"


def test_printers_know_no_rule() -> None:
    for name in PRINTERS:
        path = PACKAGE / "emit" / f"{name}.py"
        known = {module for module, _ in imports(path) if module.startswith(("gradc.derive", "gradc.optimize"))}
        assert not known, f"{name}: {known}"


def test_the_picture_has_every_room() -> None:
    """gradc/README.md has a line for each room, in their order."""
    text = (PACKAGE / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == ROOMS
    for path in re.findall(r"`((?:\w+/)+\w+\.py)`", text):
        assert (PACKAGE / path).exists() or (ROOT / path).exists(), path
