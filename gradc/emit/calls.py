"""The functions that a library call runs: the fast style's lines behind a check of what was given.

Numbers that are Python floats, and arrays of float64 that a program only takes elements of, go straight through
the lines; whatever else is given, and what leaves a function's domain, goes the general way (`otherwise`).

>>> from gradc.language import parse
>>> call = call_text("value", parse("x*exp(y)"), [], guarded=True)
>>> print(call.text)
def value(x=absent, y=absent, *rest, **more):
    if type(x) is float and type(y) is float and not (rest or more):
        try:
            return x*exp(y)
        except failures:
            pass
    return otherwise((x, y), rest, more)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from gradc.base.records import NamedTuple
from gradc.emit.fast_scalar import Words, calls_of, names_of
from gradc.emit.layout import broken, headed, indent, silenced, unless, unpacked
from gradc.emit.lines import line_texts, lines_of, result_texts
from gradc.emit.modules import Emitted, printed
from gradc.emit.operand import Printer
from gradc.emit.targets import TARGETS
from gradc.graph.dag import Dag, Node
from gradc.ops import array
from gradc.ops.helpers import HELPERS
from gradc.optimize import optimize
from gradc.plan.code import Def, Lines
from gradc.plan.names import Namer
from gradc.plan.notes import Notes
from gradc.plan.program import Program
from gradc.rewrite.rules import has_form
from gradc.rewrite.simplify import Builder

# What the lines refer to beside functions of `math`, and what only the text of a call has around it.
WORDS = ("float64", "ndarray", "array_of", "zeros_of", "type", "float")
AROUND = ("absent", "failures", "otherwise", "rest", "more", "frombuffer", "pack", "bytearray")
_BUILTINS = ("type", "float", "bytearray")


@dataclass(frozen=True, slots=True)
class Elements:
    """An array input as the elements that are read of it: flat position and name of each."""

    name: str
    shape: tuple[int, ...]
    read: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class CallText:
    """The text of a function; the namespace that it runs in binds `words` and the functions of `math`."""

    text: str
    words: dict[str, str]
    helpers: tuple[str, ...]
    arrays: bool


def by_elements(dag: Dag, order: int = 1) -> tuple[Dag, tuple[Elements, ...]] | None:
    """A program whose arrays are only ever read element by element, as a program of numbers; None for any other.

    None, too, where a gate or its derivatives of up to an order are no functions of numbers.
    """

    def of_numbers(node: Node) -> bool:
        return not node.args or has_form(node.op, "math", order)

    arrays = {node: name for name, node in dag.inputs.items() if node.shape}
    if any(not isinstance(dim, int) for node in arrays for dim in dag.dims.resolve(node.shape)):
        return None
    if not arrays:
        return (dag, ()) if all(not node.shape and of_numbers(node) for node in dag.nodes) else None
    if any(root in arrays for root in dag.roots):
        return None
    if any(node.shape for node in dag.roots):
        return None
    build = Builder(dag.dims)
    new: dict[Node, Node] = {}
    inputs = {name: build.input(name) for name, node in dag.inputs.items() if not node.shape}
    read: dict[Node, dict[int, str]] = {node: {} for node in arrays}
    for node in dag.nodes:
        if node in arrays:
            continue
        if node.op is array.index and node.args[0] in arrays and not node.shape:
            whole = node.args[0]
            at = _flat(node.attr[0], dag.dims.resolve(whole.shape))  # type: ignore[index]  # (index,)
            name = f"{arrays[whole]}[{at}]"
            read[whole][at] = name
            inputs[name] = new[node] = build.input(name)
        elif node.shape or not of_numbers(node) or any(arg in arrays for arg in node.args):
            return None
        elif node.args:
            new[node] = build.intern(node.op, tuple([new[arg] for arg in node.args]), node.attr)
        else:
            new[node] = build.graph.node(node.op, (), node.attr)
    elements = tuple(
        Elements(name, dag.dims.resolve(node.shape), tuple(sorted(read[node].items()))) for node, name in arrays.items()
    )
    return dag.carried(build.graph, new, inputs=inputs), elements


def layout_of(dag: Dag) -> dict[str, tuple[int, int, tuple[int, ...]]]:
    """Where each input lies in one list of all numbers, from and to, and its shape."""
    out = {}
    at = 0
    for name, node in dag.inputs.items():
        shape = dag.dims.resolve(node.shape)
        out[name] = at, at + prod(shape), shape
        at += prod(shape)
    return out


def _flat(index: tuple[int, ...], shape: tuple[int, ...]) -> int:
    at = 0
    for i, dim in zip(index, shape, strict=True):
        at = at * dim + i % dim
    return at


# So few numbers are put into a copy of the vector, which takes less time than an array of them.
FEW = 6


class _Body(NamedTuple):
    """The checks of what was given, the lines behind them, what these call of `math`, and helpers."""

    checks: list[str]
    lines: list[str]
    calls: tuple[str, ...]
    helpers: tuple[str, ...]


def call_text(
    name: str,
    dag: Dag,
    wrt: Sequence[str],
    *,
    elements: Sequence[Elements] = (),
    params: Sequence[str] = (),
    literal: bool = False,
    guarded: bool = True,
    bare: bool = False,
) -> CallText:
    """The function `name` of a program of numbers: its value, and with `wrt` its gradient.

    `elements` say how array inputs come apart; `params` are the inputs as the caller has them. `guarded` leaves what
    raises to `otherwise`; without it the exceptions of `math` are the caller's. A `bare` gradient is that of the one
    vector in `wrt`, all of whose elements are read, without its name.
    """
    params = params or list(dag.inputs)
    namer = namer_of(dag, params)
    words = {word: _builtin(word, params) if word in _BUILTINS else namer.fresh(word) for word in (*WORDS, *AROUND)}
    body = _body(dag, wrt, elements, params, literal, namer, words, alone=not wrt, bare=bare)
    rest, more = words["rest"], words["more"]
    lines, checks = body.lines, body.checks
    if bare and guarded:  # one of another size does not come apart, which is a ValueError
        checks = [*checks[:-1], f"{params[0]}.ndim == 1"]
    if guarded:
        lines = ["try:", *indent(lines), f"except {words['failures']}:", "    pass"]
    taken = ", ".join([*(f"{each}={words['absent']}" for each in params), f"*{rest}", f"**{more}"])
    given = f"({', '.join(params)}{',' * (len(params) == 1)})"
    text = "\n".join([
        f"def {name}({taken}):",
        f"    if {' and '.join([*checks, f'not ({rest} or {more})'])}:",
        *indent(indent(lines)),
        f"    return {words['otherwise']}({given}, {rest}, {more})",
    ])  # fmt: skip
    return CallText(text, words, body.helpers, bool(elements))


def namer_of(dag: Dag, params: Sequence[str]) -> Namer:
    return Namer([*params, *(own for given in dag.names.values() for own in given)])


def _body(
    dag: Dag,
    wrt: Sequence[str],
    elements: Sequence[Elements],
    params: Sequence[str],
    literal: bool,
    namer: Namer,
    words: dict[str, str],
    alone: bool = False,
    bare: bool = False,
) -> _Body:
    """The lines of value and gradient, or of the value alone. `words` is filled up with the names of functions."""
    arrays = {each.name: each for each in elements}
    active = [leaf for each in wrt for leaf in ([own for _, own in arrays[each].read] if each in arrays else [each])]
    joint = optimize(dag, active, literal=literal)
    plan = lines_of(joint.nodes, joint.roots, joint.places())
    calls, helpers = calls_of(plan)
    words.update((word, namer.fresh(word)) for word in (*calls, *helpers))
    leaves = {leaf: namer.fresh(f"{each.name}{at}") for each in elements for at, leaf in each.read}
    local = Words(namer, {word: own for word, own in words.items() if word != own}, inputs=leaves)
    names = names_of(joint, local, plan)
    texts = iter(result_texts(plan, names, joint.dag, local.renamed))
    values = [next(texts) for _ in joint.outputs]
    slopes = {leaf: "0.0" if node is None else next(texts) for leaf, node in joint.gradients.items()}
    body = [line for each in elements for line in taken_apart(each, [leaves[leaf] for _, leaf in each.read])]
    body += line_texts(plan, names, joint.dag, local.renamed)
    pairs = []
    for each in wrt:
        text = slopes.get(each, "")
        if bare and len(arrays[each].read) <= FEW:
            text = namer.fresh("d" + each)
            body += [f"{text} = {each}.copy()", *(f"{text}[{at}] = {slopes[leaf]}" for at, leaf in arrays[each].read)]
        elif each in arrays:
            lines, text = array_text(arrays[each], slopes, namer.fresh("d" + each), words)
            body += lines
        pairs.append(text if bare else f'"{each}": {text}')
    value = values[0] if len(values) == 1 else f"({', '.join(values)})"
    if bare and not alone:
        body.append(f"return {value}, {pairs[0]}")
    else:
        body += broken(f"return {value}, {{", pairs, "}", closed=False) if not alone else [f"return {value}"]
    return _Body(checks_of(params, arrays, words), body, tuple(calls), tuple(helpers))


def checks_of(params: Sequence[str], arrays: dict[str, Elements], words: dict[str, str]) -> list[str]:
    """What the lines take: Python's floats, and arrays of float64 of the right shape."""
    checks = []
    for each in params:
        if each in arrays:
            checks += [
                f"{words['type']}({each}) is {words['ndarray']}",
                f"{each}.dtype is {words['float64']}",
                f"{each}.shape == {arrays[each].shape!r}",
            ]
        else:
            checks.append(f"{words['type']}({each}) is {words['float']}")
    return checks


def _builtin(word: str, params: Sequence[str]) -> str:
    while word in params:
        word += "_"
    return word


def taken_apart(each: Elements, own: list[str]) -> list[str]:
    """Lines that bring the elements of an array into names."""
    if 2 * len(own) < prod(each.shape):
        return [f"{name} = {each.name}.item({at})" for name, (at, _) in zip(own, each.read, strict=True)]
    row = {at: name for name, (at, _) in zip(own, each.read, strict=True)}
    flat = each.name if len(each.shape) == 1 else f"{each.name}.ravel()"
    return unpacked([row.get(at, "_") for at in range(prod(each.shape))], f"{flat}.tolist()")


def array_text(each: Elements, slopes: dict[str, str], name: str, words: dict[str, str]) -> tuple[list[str], str]:
    """Lines, and the text of an array, from those of its elements; zeros where none is."""
    size, known = prod(each.shape), dict(each.read)
    if 2 * len(known) >= size:
        listed = [slopes[known[at]] if at in known else "0.0" for at in range(size)]
        head, tail = f"{words['array_of']}([", "])"
        if "pack" in words:  # a third of the time that an array takes from a list
            head, tail = f"{words['frombuffer']}({words['bytearray']}({words['pack']}(", ")))"
            listed.insert(0, f'"{size}d"')
        rows = broken(head, listed, tail, closed=False)
        lines, text = ([], rows[0]) if len(rows) == 1 else ([f"{name} = {rows[0]}", *rows[1:]], name)
        return lines, text if len(each.shape) == 1 else f"{text}.reshape({each.shape!r})"
    lines = [f"{name} = {words['zeros_of']}({size})", *(f"{name}[{at}] = {slopes[leaf]}" for at, leaf in each.read)]
    return lines, name if len(each.shape) == 1 else f"{name}.reshape({each.shape!r})"


# ---- modules -----------------------------------------------------------------------------------


def _fused(notes: Notes, body: _Body, words: Mapping[str, str]) -> Lines:
    """The function of value and gradient: lines of numbers, and the two passes for what they do not take."""
    both, np, math = notes.free("both_passes"), notes.words["np"], notes.words["math"]
    own = {
        "ndarray": f"{np}.ndarray",
        "float64": f"{np}.dtype(float)",
        "array_of": f"{np}.array",
        "zeros_of": f"{np}.zeros",
    }
    own |= {word: f"{math}.{word}" for word in body.calls}
    text, params = " ".join([*body.checks, *body.lines]), ", ".join(notes.program.params)
    header = headed(notes.program.params, notes.program.dag.defaults)
    lines = [
        "# Functions by name: it saves time in every call.",
        *(f"{words[word]} = {place}" for word, place in own.items() if words[word] in text),
        "",
        "",
        *silenced(f"{np}.errstate", notes.ignored("value_and_grad", fused=True)),
        f"def {notes.function_name('value_and_grad')}({', '.join(header)}):",
        *indent(unless(body.checks)),
        f"        return {both}({params})",
        "    try:",
        *indent(indent(body.lines)),
        "    except (ArithmeticError, ValueError):",
        f"        return {both}({params})",
    ]
    rename = Printer({}, module={"math": math, **{each: words[each] for each in body.helpers}})._rename
    below = [rename(HELPERS["math"][each].strip("\n")) for each in body.helpers]
    return Lines(tuple(lines), imports=("math",), below=tuple(below))


def emit_elements(
    program: Program,
    numbers: Dag,
    elements: Sequence[Elements],
    wrt: Sequence[str],
    literal: bool = False,
    function: str = "",
    also: Sequence[str] = (),
    modes: Callable[[Notes, dict[str, str], set[str]], Callable[[Def], Lines | None]] = lambda *_: lambda item: None,
) -> Emitted:
    """The module of a program that only takes elements of its arrays; `program` is what its passes print.

    `modes` gives the lines that those of `also` have beside what their notes are.
    """
    params = list(program.params)
    notes = Notes(program, TARGETS["numpy"], function, also)
    namer = namer_of(numbers, [*params, *program.module.values(), "forward", "backward", "value_and_grad"])
    words = {word: word if word in _BUILTINS else namer.fresh(word) for word in WORDS}
    body = _body(numbers, wrt, elements, params, literal, namer, words)
    lines = _fused(notes, body, words)
    text = " ".join(lines.lines)
    bound = {word for word in ("ndarray", "float64", "array_of", "zeros_of", *body.calls) if words[word] in text}
    bound.update(body.helpers)
    doc = "The two passes one after the other: results as NumPy has them."
    return printed(notes.with_fused(doc, lines, modes(notes, words, bound)), TARGETS["numpy"])


__all__ = [
    "CallText", "Elements", "array_text", "by_elements", "call_text", "checks_of", "emit_elements", "layout_of",
    "namer_of", "taken_apart",
]  # fmt: skip
