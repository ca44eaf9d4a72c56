"""A case -> what must hold between a program and its own variations, whatever its values are.

The gradient is linear in `df`; names, the order of independent statements and statements that nobody uses don't matter;
an array is its elements, a large one its blocks; the sizes of named dimensions are the caller's; float32 stays float32.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradc.run.engine import Passed
from tests.support import NUMPY_2

from .check import Failure, Options, as_outputs, compiled, exercise, needs_df, points_of, presented, same, upstream
from .domains import in_domain
from .draft import DIMS, NAMES, WORDS
from .generate import Case, clash_names
from .reference import BOUND, Reference
from .tree import Node, Program, Statement, nodes, rebuild, renamed, text, walk
from .values import Array

UNSPREAD = re.compile(r"shape \((?:\w+, )*1(?:, \w+)*\) is expected|: \d+ is expected, not 1")
LARGE = 40_000  # elements: more than any block that a compiler may cut an array into
SIZES = ("len", "range", "size", "indices", "max", "k")  # more names for sizes
SINGLE = 2e-3  # float32 has 7 digits, and the programs are conditioned well enough to keep 3

Relation = Callable[[Case, Reference, random.Random], int]


def linear_in_df(case: Case, reference: Reference, rng: random.Random) -> int:
    """`backward(2*a - 3*b)` is `2*backward(a) - 3*backward(b)`."""
    options = Options(style=rng.choice(("notes", "fast")))
    fn = compiled(case.program, options)
    _, cache = fn.forward(**{name: x.copy() for name, x in case.inputs.items()})
    numbers = np.random.default_rng([case.seed, 3])
    first, second = (tuple(np.asarray(numbers.normal(size=out.shape)) for out in reference.outs) for _ in range(2))
    mixed = tuple(2 * a - 3 * b for a, b in zip(first, second, strict=True))
    left, right, both = (fn.backward(cache, df=df if len(df) > 1 else df[0]) for df in (first, second, mixed))
    parts = [2 * np.abs(left[name]) + 3 * np.abs(right[name]) for name in both]
    size = max(float(np.max(part, initial=0.0)) for part in [*parts, *(reference.slope_scale(name) for name in both)])
    for name, got in both.items():
        want = 2 * np.asarray(left[name]) - 3 * np.asarray(right[name])
        if not np.all(np.abs(np.asarray(got) - want) <= BOUND * size):
            raise Failure("linear in df", f"d{name} {np.asarray(got).tolist()}, expected {want.tolist()}", options)
    return len(both)


def new_names(case: Case, reference: Reference, rng: random.Random) -> int:
    """Other names, those that generated code may want among them, change nothing but the names."""
    program = case.program
    old = [item.name for item in program.inputs] + [item.name for item in program.statements]
    dims = {name for _, name in program.layout.dims}
    prefixed = any("." in node.spelling for node in nodes(program))
    modules = {"np", "numpy", "math"} if prefixed else set()
    pool = [name for name in NAMES + WORDS + clash_names() * 2 if name not in dims | modules]
    rng.shuffle(pool)
    fresh = [*dict.fromkeys(pool), *(f"q{number}_" for number in range(len(old)))]
    if any(name in fresh[: len(old)] for name in (program.layout.output_name, "e")):
        fresh = [name for name in fresh if name not in (program.layout.output_name, "e")]
    names = dict(zip(dict.fromkeys(old), fresh, strict=False))
    other = renamed(program, names)
    inputs = {names[name]: x for name, x in case.inputs.items()}
    variation(replace(case, program=other, inputs=inputs), "renamed", rng)
    return 1


def variation(case: Case, what: str, rng: random.Random) -> None:
    """A changed program is right, too."""
    options = Options(style=rng.choice(("notes", "fast")), names=rng.choice(("notes", "letters", "wengert")))
    try:
        exercise(compiled(case.program, options), Reference(case), options, rng)
    except Failure as failure:
        raise Varied(what, failure.what, failure.detail, options, case) from None
    except (Exception, SystemExit) as error:
        raise Varied(what, type(error).__name__, str(error), options, case) from error


class Varied(Failure):
    """A failure of a changed program, which is shown."""

    def __init__(self, how: str, what: str, detail: str, options: Options, case: Case) -> None:
        super().__init__(f"{how}: {what}", f"{detail}\nas\n{text(case.program)}\n", options)


def refers(node: Node) -> set[int]:
    """The statements that a node uses directly."""
    return {int(one.number) for one in walk(node) if one.op == "ref"}


def consistent(program: Program) -> bool:
    """Whether every reference reads the name's last assignment."""
    for at, item in enumerate((*program.statements, *(Statement("", node) for node in program.outputs))):
        end = min(at, len(program.statements))
        for used in refers(item.node):
            name = program.statements[used].name
            if used >= end or any(one.name == name for one in program.statements[used + 1 : end]):
                return False
        before = {one.name for one in program.statements[:end]}
        if any(one.op == "input" and one.name in before for one in walk(item.node)):
            return False  # an input whose name means something else by then
    return True


def reordered(case: Case, reference: Reference, rng: random.Random) -> int:
    """Two neighbours that don't need each other change places."""
    program = case.program
    choices = [at for at in range(len(program.statements) - 1) if at not in refers(program.statements[at + 1].node)]
    if not choices:
        return 0
    at = rng.choice(choices)
    swap = {at: at + 1, at + 1: at}

    def renumber(node: Node) -> Node:
        return replace(node, number=swap.get(int(node.number), int(node.number))) if node.op == "ref" else node

    order = list(program.statements)
    order[at], order[at + 1] = order[at + 1], order[at]
    moved = replace(
        program,
        statements=tuple(replace(item, node=rebuild(item.node, renumber)) for item in order),
        outputs=tuple(rebuild(node, renumber) for node in program.outputs),
    )
    if not consistent(moved):
        return 0
    variation(replace(case, program=moved), "reordered", rng)
    return 1


def dead_code(case: Case, reference: Reference, rng: random.Random) -> int:
    """A statement that nobody uses."""
    program = case.program
    at = rng.randint(0, len(program.statements))
    inputs = [Node("input", shape=item.shape, name=item.name) for item in program.inputs]
    usable = [item.node for item in program.statements[:at]]
    body = rng.choice([*inputs, *usable])
    dead = Statement("unused_", Node(rng.choice(["tanh", "sin", "square"]), (body,), shape=body.shape))

    def renumber(node: Node) -> Node:
        return replace(node, number=node.number + 1) if node.op == "ref" and node.number >= at else node

    statements = [replace(item, node=rebuild(item.node, renumber)) for item in program.statements]
    longer = replace(
        program,
        statements=(*statements[:at], dead, *statements[at:]),
        outputs=tuple(rebuild(node, renumber) for node in program.outputs),
    )
    if not consistent(longer):
        return 0
    variation(replace(case, program=longer), "with dead code", rng)
    return 1


def spread_points(case: Case, count: int) -> dict[str, Array] | None:
    """Arrays of points around the one that an elementwise case has, or those that it has anyway."""
    if not case.program.elementwise or len(case.program.outputs) > 1:
        return None
    if next(iter(case.inputs.values())).shape != ():
        return case.inputs
    numbers = np.random.default_rng([case.seed, 9])
    out = {name: np.asarray(x + 0.02 * numbers.uniform(-1, 1, size=count)) for name, x in case.inputs.items()}
    good = np.array([
        in_domain(case.program, {name: x[at] for name, x in out.items()}) for at in range(count)
    ], dtype=bool)  # fmt: skip
    return {name: x[good] for name, x in out.items()} if good.sum() > 1 else None


def arrays_and_scalars(case: Case, reference: Reference, rng: random.Random) -> int:
    """An elementwise program on arrays: against the oracle, and against itself one point at a time."""
    inputs = spread_points(case, 5)
    if inputs is None:
        return 0
    options = Options(style=rng.choice(("notes", "fast")))
    fn = compiled(case.program, options)
    many = Reference(case, inputs)
    if reference.outs[0].shape == ():
        exercise(fn, many, options, rng)
    value, grads = fn.value_and_grad(**inputs)
    spread = replace(case, inputs=inputs)
    for at, point in enumerate(points_of(spread)):
        one, slopes = fn.value_and_grad(**{name: float(x) for name, x in point.items()})
        pairs = {"value": (np.asarray(value)[at], one, many.scale(next(iter(inputs))).value[0][at])}
        for name in slopes:
            pairs[f"d{name}"] = (np.asarray(grads[name])[at], slopes[name], many.slope_scale(name)[at])
        for what, (got, want, scale) in pairs.items():
            if not abs(float(got) - float(want)) <= 1e-9 * float(scale) + 1e-13 * abs(float(want)):
                raise Failure("array and scalar", f"{what} {float(got)!r} and {float(want)!r} at {point}", options)
    return 2 * len(grads)


def broadcast_points(case: Case, reference: Reference, rng: random.Random) -> int:
    """An elementwise program on arrays that broadcast against each other."""
    inputs = spread_points(case, 4)
    if inputs is None or len(inputs) < 2:
        return 0
    column, *rest = inputs
    mixed = {column: inputs[column][:, None], **{name: inputs[name][:3] for name in rest}}
    whole = dict(zip(mixed, np.broadcast_arrays(*mixed.values()), strict=True))
    flat = [{name: x.reshape(-1)[at] for name, x in whole.items()} for at in range(next(iter(whole.values())).size)]
    if case.mode == "hazard":
        from .hazard import clean

        usable = all(clean(case.program, point) for point in flat)
    else:
        usable = all(in_domain(case.program, point) for point in flat)
    if not usable:
        return 0
    options = Options(style=rng.choice(("notes", "fast")))
    fn, many = compiled(case.program, options), Reference(case, mixed)
    idle = [name for name, slopes in many.slopes.items() if not np.any(slopes[0])]
    if idle and np.shape(fn(**mixed)) != many.outs[0].shape:
        return 0  # what no result depends on, as in `0 > 1 and x > y` or x**0, may have no say in the shape
    exercise(fn, many, options, rng)
    return 1


def blocks(case: Case, reference: Reference, rng: random.Random) -> int:
    """A large array, tiled from a small one, has the small one's results in every tile."""
    inputs = spread_points(case, 7)
    if inputs is None or rng.random() > 0.15:
        return 0
    options = Options(style=rng.choice(("notes", "fast", "fast")))
    fn = compiled(case.program, options)
    many = Reference(case, inputs)
    count = LARGE // len(next(iter(inputs.values()))) + rng.randint(0, 3)
    value, grads = fn.value_and_grad(**{name: np.tile(x, count) for name, x in inputs.items()})
    judged = {"value": (value, many.outs[0], many.scale(next(iter(inputs))).value[0])}
    for name in grads:
        judged[f"d{name}"] = (grads[name], many.expected(name)[0], many.slope_scale(name))
    for what, (got, want, scale) in judged.items():
        if np.shape(got) != (want.size * count,):
            raise Failure("blocks", f"{what} has shape {np.shape(got)}, expected {(want.size * count,)}", options)
        if not np.all(np.abs(np.asarray(got).reshape(count, -1) - want) <= 1e-9 * scale + 1e-13 * np.abs(want)):
            raise Failure("blocks", f"{what} of a large array is not {want.tolist()} again and again", options)
    return len(judged)


def cut_to_one(program: Program) -> bool:
    """Whether something is cut or turned into a shape with an axis of one element."""
    return any(node.op in ("index", "reshape") and 1 in node.shape for node in nodes(program))


def past_its_end(program: Program) -> bool:
    """Whether a slice reaches past its axis, as `x[-3:]` of two elements does; a size that has a name is as long."""
    for node in nodes(program):
        if node.op == "index":
            items = [item for item in node.param("items") if item is not None]
            shape = node.args[0].shape
            if "..." in items:
                at = items.index("...")
                items[at : at + 1] = [0] * (len(shape) - len(items) + 1)
            for item, dim in zip(items, shape, strict=False):
                if isinstance(item, tuple) and any(abs(bound or 0) > dim for bound in item[:2]):
                    return True
    return False


def named_sizes(case: Case, reference: Reference, rng: random.Random) -> int:
    """Sizes that are named say no more and no less than sizes that are numbers."""
    import gradc

    program = case.program
    sizes = sorted({dim for item in program.inputs for dim in item.shape if dim > 1})
    taken = {item.name for item in (*program.inputs, *program.statements)}
    names = [name for name in (*DIMS, *SIZES) if name not in taken]
    if not sizes or program.layout.dims:
        return 0
    other = replace(program, layout=replace(program.layout, dims=tuple(zip(sizes, names, strict=False))))
    try:
        compiled(other, Options())
    except gradc.GradcError:
        return 0  # the program relies on what its sizes are
    try:
        variation(replace(case, program=other), "with named sizes", rng)
    except Varied as failure:
        said = str(failure)
        if " is expected, not " in said and (UNSPREAD.search(said) or cut_to_one(program) or past_its_end(program)):
            return 0  # a size of 1 is spread; that of a name is not, whatever it turns out to be
        raise
    return 1


def other_sizes(case: Case, reference: Reference, rng: random.Random) -> int:
    """Named dimensions are bound at the call, to 1 as well."""
    dims = dict(case.program.layout.dims)
    if not dims:
        return 0
    sizes = {old: rng.choice([1, 1, 2, 3, 4, 0]) for old in dims}
    numbers = np.random.default_rng([case.seed, 31])
    for _ in range(5):
        inputs = {
            item.name: np.asarray(np.round(numbers.normal(size=[sizes.get(dim, dim) for dim in item.shape]), 3) + 0.0)
            for item in case.program.inputs
        }
        other = replace(case, inputs=inputs)  # the oracles take their shapes from the values
        try:
            usable = in_domain(other.program, inputs)
        except (ValueError, IndexError):
            return 0  # two sizes were the same by chance, and the program relies on it
        if usable:
            variation(other, f"with sizes {sizes}", rng)
            return 1
    return 0


def single_precision(case: Case, reference: Reference, rng: random.Random) -> int:
    """Arrays of float32 in, arrays of float32 out; a lone number may be a float of Python."""
    if any(x.size == 0 for x in case.inputs.values()) or case.mode == "hazard":
        return 0
    if case.program.elementwise or any(
        np.any((x != 0) & ((abs(x) < 1e-30) | (abs(x) > 1e30))) for x in case.inputs.values()
    ):
        return 0
    given = {name: x.astype(np.float32) for name, x in case.inputs.items()}
    options = Options(style=rng.choice(("notes", "fast")))
    fn = compiled(case.program, options)
    value, cache = fn.forward(**given)
    df = upstream(reference)
    if len(reference.outs) > 1:
        df = tuple(np.float32(one) for one in df)
    elif not isinstance(df, float):
        df = df.astype(np.float32)
    grads = fn.backward(cache, df=df) if needs_df(reference) else fn.backward(cache)
    for at, out in enumerate(as_outputs(value, len(reference.outs))):
        kept_single(f"output {at}", out, reference.outs[at], reference.scale(next(iter(given))).value[at], options)
    for name, gradient in grads.items():
        if np.ndim(gradient) and gradient.dtype != np.float32 and NUMPY_2:
            raise Failure("float32", f"d{name} is {np.asarray(gradient).dtype}", options)
    return 1 + len(grads)


def kept_single(what: str, got: Any, want: Array, scale: Array, options: Options) -> None:
    """A float32 result near the float64 one."""
    if np.ndim(got) and got.dtype != np.float32 and NUMPY_2:  # NumPy 1 makes doubles beside Python's numbers
        raise Failure("float32", f"{what} is {np.asarray(got).dtype}", options)
    if not np.all(np.abs(got - want) <= SINGLE * scale + SINGLE):
        raise Failure("float32", f"{what} {np.asarray(got).tolist()}, expected about {want.tolist()}", options)


def same_bytes(case: Case, reference: Reference, rng: random.Random) -> int:
    """The same program gives the same module."""
    options = Options(style=rng.choice(("notes", "fast")), names=rng.choice(("notes", "letters", "wengert")))
    first, second = compiled(case.program, options), compiled(case.program, options)
    if first.source != second.source:
        raise Failure("determinism", "two compilations give two modules", options)
    return 1


def standalone(case: Case, reference: Reference, rng: random.Random) -> int:
    """The module's text alone gives what the compiled program gives."""
    options = Options(style=rng.choice(("notes", "fast")))
    fn = compiled(case.program, options)
    scope: dict[str, Any] = {"__name__": "emitted"}
    exec(compile(fn.source, "<emitted>", "exec"), scope)  # the compiler's text, in a test
    given = {name: presented(x, rng) for name, x in case.inputs.items()}
    ordered = [given[name] for name in fn.inputs]
    value, cache = scope["forward"](*ordered)
    other, held = fn.forward(**given)
    left, right = (run(kept, upstream(reference)) for run, kept in ((scope["backward"], cache), (fn.backward, held)))
    if not same(value, other) or not same(dict(left), dict(right)):
        raise Failure("module alone", f"{value}, {left} and with the library {other}, {right}", options)
    return 2


def printed_and_parsed(case: Case, reference: Reference, rng: random.Random) -> int:
    """What the compiler prints of its own graph reads as the same graph, with the same values."""
    import gradc
    from gradc.language.unparse import unparse

    options = Options(style=rng.choice(("notes", "fast")))
    fn = compiled(case.program, options)
    first = unparse(fn.dag)
    other = gradc.compile(first, wrt=list(fn.wrt), **options.keywords())
    second = unparse(other.dag)
    if first != second:
        raise Failure("printed and parsed", f"first\n{first}\nthen\n{second}\n", options)
    if sorted(other.inputs) != sorted(case.inputs):  # an input that the graph doesn't need is not printed
        return 1
    try:
        exercise(other, reference, options, rng)
    except Failure as failure:
        raise Failure(f"printed and parsed: {failure.what}", f"{failure.detail}\nas\n{first}\n", options) from None
    return 2


def transposed_modes(case: Case, reference: Reference, rng: random.Random) -> int:
    """⟨df, J v⟩ is ⟨Jᵀ df, v⟩, and ⟨u, H v⟩ is ⟨v, H u⟩, at kinks and behind branches, too, by every engine."""
    options = Options(style=rng.choice(("notes", "fast")))
    fn = compiled(case.program, options)
    if not hasattr(fn, "jvp"):
        return 0  # a stand-in of the oracles' own tests
    numbers = np.random.default_rng([case.seed, 5])
    given = [float(x) if x.shape == () else x.copy() for x in (reference.inputs[name] for name in fn.inputs)]
    points = reference.outs[0].shape if reference.elementwise else None

    def direction() -> list[Any]:
        shapes = [np.shape(x) if points is None else points for x in given]
        return [float(v) if v.shape == () else v for v in (np.asarray(numbers.normal(size=s)) for s in shapes)]

    v, u, df = direction(), direction(), upstream(reference)
    grads = [fn.backward(fn.forward(*given)[1], df)[name] for name in fn.inputs]
    many, taken = isinstance(df, tuple), 0
    size = max((float(np.max(reference.slope_scale(name), initial=0.0)) for name in fn.inputs), default=0.0)
    for engine, jvp in _of_each_engine(fn, "jvp"):
        try:
            value, tangent = jvp(*given, *v)
        except Passed:
            continue
        what = f"⟨df, J v⟩ by {engine}"
        _equal(what, tangent if many else [tangent], df if many else [df], grads, v, size, options)
        taken += 1
        more = [df] if (many or not reference.elementwise) and (needs_df(reference) or np.ndim(value)) else []
    for engine, hvp in _of_each_engine(fn, "hvp"):
        try:
            along_v, along_u = (hvp(*given, *each, *more)[2] for each in (v, u))
        except Passed:
            continue
        curves = [[each[name] for name in fn.inputs] for each in (along_v, along_u)]
        largest = max((float(np.max(np.abs(each), initial=0.0)) for both in curves for each in both), default=0.0)
        _equal(f"⟨u, H v⟩ by {engine}", curves[0], u, curves[1], v, max(size, largest), options)
        taken += 1
    return taken


def _of_each_engine(fn: Any, mode: str) -> list[tuple[str, Callable[..., Any]]]:
    """The engines that a mode has for a program, by name, each alone."""
    from gradc.run.engines import alone, fitting

    return [(engine.name, alone(fn, engine, mode)) for engine in fitting(fn, mode)]


def _equal(what: str, a: Any, b: Any, c: Any, d: Any, size: float, options: Options) -> None:
    """Two inner products that are one, as far as roundings allow."""
    left, right = ([np.asarray(x) * np.asarray(y) for x, y in zip(p, q, strict=True)] for p, q in ((a, b), (c, d)))
    one, other = (float(sum(np.sum(part) for part in parts)) for parts in (left, right))
    terms = float(sum(np.sum(np.abs(part)) for part in (*left, *right)))
    if np.isfinite(one) != np.isfinite(other) or abs(one - other) > 10 * BOUND * (terms + size):
        raise Failure(f"{what} transposed", f"{one} and {other}, of terms as large as {terms}", options)


RELATIONS: Mapping[Relation, float] = {
    transposed_modes: 0.3,
    linear_in_df: 0.3,
    new_names: 0.25,
    reordered: 0.25,
    dead_code: 0.2,
    arrays_and_scalars: 0.4,
    broadcast_points: 0.4,
    blocks: 1.0,
    named_sizes: 0.3,
    other_sizes: 1.0,
    single_precision: 0.2,
    same_bytes: 0.05,
    standalone: 0.15,
    printed_and_parsed: 0.1,
}


def check_relations(case: Case, reference: Reference, rng: random.Random) -> int:
    """Some of the relations, drawn by chance; how many checks that made."""
    return sum(relation(case, reference, rng) for relation, chance in RELATIONS.items() if rng.random() < chance)
