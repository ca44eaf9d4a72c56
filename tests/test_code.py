"""Code: what planners make of programs is true of itself, and a fault that is planted in it is found."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.emit.counting import operations
from gradc.emit.fast_scalar import code_of
from gradc.emit.modules import Text
from gradc.emit.targets import TARGETS
from gradc.graph.dag import Node
from gradc.ops.scalar import mul
from gradc.plan.code import Assign, Def, Fill, If, Leaf, Module, Return, Unpack, Update, name_of, nodes
from gradc.plan.notes import Notes
from gradc.plan.verify import Faulty, covers, verify, ways
from gradc.run import mode_engines
from tests.fuzz.draw import draw
from tests.fuzz.pythonic import pythonic
from tests.fuzz.tree import shapes, text
from tests.golden_tool import Case, cases
from tests.support import Json, records, shapes_of

OPTIONS: list[dict[str, Any]] = [{}, {"literal": True}, {"names": "letters"}, {"names": "wengert"}, {"target": "math"}]
CASES = [pytest.param(case, id=case.name) for case in cases()]
RECORDS = [pytest.param(record, id=record["id"]) for record in records()]


def planned(fn: gradc.Function) -> Module:
    return Notes(fn.staged, TARGETS[fn.target], fn.function_name, also=fn.also).module()


def compiled(program: str, **options: Any) -> gradc.Function:
    return gradc.compile(program, **options)


@pytest.mark.parametrize("case", CASES)
def test_goldens_are_true(case: Case) -> None:
    fn = case.compiled()
    verify(planned(fn), TARGETS[fn.target])


@pytest.mark.parametrize("record", RECORDS)
def test_corpora_are_true_in_every_option(record: Json) -> None:
    for options in OPTIONS:
        try:
            fn = compiled(record["program"], shapes=shapes_of(record), wrt=list(record["wrt"]), **options)
        except gradc.GradcError:
            assert options == {"target": "math"}
            continue
        verify(planned(fn), TARGETS[fn.target])


# A row of options in turn, so that a sample sees every target, naming and mode.
IN_TURN: list[dict[str, Any]] = [
    *OPTIONS,
    *({"target": target} for target in ("scipy", "torch", "jax")),
    *({"also": (mode,)} for mode in ("jvp", "hvp", "jacobian", "hessian")),
    {"target": "torch", "also": ("jvp", "hvp")},
]


@pytest.mark.parametrize("turn", range(len(IN_TURN)))
def test_random_programs_are_true(turn: int) -> None:
    for seed in range(turn, 12 * len(IN_TURN), len(IN_TURN)):
        case = draw(seed)
        written, inputs = pythonic(seed)
        both = [(text(case.program), shapes(case.program)), (written, {n: np.shape(x) for n, x in inputs.items()})]
        for program, shaped in both:
            try:
                fn = compiled(
                    program, shapes={name: shape for name, shape in (shaped or {}).items() if shape}, **IN_TURN[turn]
                )
                code = planned(fn)
            except gradc.GradcError:
                continue  # what a target does not take
            verify(code, TARGETS[fn.target])


def of_numbers(fn: gradc.Function) -> Module:
    """The module of the fast style as Code."""
    return code_of(fn.dag, fn.wrt, fn.names, fn.literal, modes=mode_engines.of_numbers(fn))


@pytest.mark.parametrize("turn", range(8))
def test_modules_of_numbers_are_true(turn: int) -> None:
    for seed in range(turn, 120, 8):
        case = draw(seed, ("scalar", "hazard")[turn % 2])
        also = [(), ("jvp", "hvp"), (), ("jacobian", "hessian")][turn // 2]
        try:
            fn = compiled(text(case.program), style="fast", target="math", literal=turn == 1, also=also)
        except gradc.GradcError:
            continue
        verify(of_numbers(fn), TARGETS["math"])


def test_a_fault_in_a_module_of_numbers() -> None:
    code = of_numbers(compiled("(x + y)*exp(x*y)", style="fast", target="math"))
    assert "is read before it is bound" in faulty(edited(code, "backward", lambda body: body[1:]), "math")

    def without(body: tuple[Any, ...]) -> list[Any]:
        value, cache = body[-1].value
        return [*body[:-1], Return((value, cache[:-1]))]

    def swap(body: tuple[Any, ...]) -> list[Any]:
        one, other = [node for stmt in body for node in nodes(stmt.value) if type(node) is Leaf][:2]
        return [*body[:-1], Assign("t", name_of(str(other.attr), one.of)), body[-1]]

    assert faulty(edited(code, "forward", without), "math").startswith("the cache holds")
    assert "where another value is meant" in faulty(edited(code, "value_and_grad", swap), "math")


# ---- planted faults --------------------------------------------------------------------------------------------------

SCALAR = "f = where(x > 0, log(x)*y, exp(x)*y) + x*y"
TENSOR = "W: [3, 4]\nX: [4, n]\nH = tanh(W @ X)\nf = sum(H*H) + sum(H)"


def edited(code: Module, kind: str, edit: Callable[[tuple[Any, ...]], Iterator[Any] | list[Any]]) -> Module:
    """The code with the body of one function changed."""
    items = [
        item._replace(body=tuple(edit(item.body))) if type(item) is Def and item.kind == kind else item
        for item in code.items
    ]
    return code._replace(items=tuple(items))


def faulty(code: Module, target: str = "numpy") -> str:
    with pytest.raises(Faulty) as caught:
        verify(code, TARGETS[target])
    return str(caught.value)


def test_a_line_that_is_missing() -> None:
    code = planned(compiled("(x + y)*z"))
    gone = edited(code, "forward", lambda body: [stmt for stmt in body if getattr(stmt, "target", "") != "xpy"])
    assert faulty(gone) == "forward: xpy is read before it is bound"


def test_lines_in_the_wrong_order() -> None:
    code = planned(compiled("(x + y)*z"))
    assert "before it is bound" in faulty(edited(code, "forward", lambda body: [body[0], body[2], body[1], body[3]]))


def test_a_swapped_name() -> None:
    def swap(body: tuple[Any, ...]) -> list[Any]:
        *rest, line, back = body
        x, y = line.value.args
        return [*rest, line._replace(value=Node(line.value.id, line.value.op, (x, name_of("y", y)), None, ())), back]

    assert faulty(edited(planned(compiled("(x + y)*z")), "forward", swap)) == (
        "forward: y is read where another value is meant"
    )


def test_a_side_that_is_read_where_it_was_not_taken() -> None:
    code = planned(compiled(SCALAR, target="math"))
    assert any(type(stmt) is If for stmt in code.defs()[0].body)

    def other_way_round(body: tuple[Any, ...]) -> list[Any]:
        return [s._replace(then=s.otherwise, otherwise=s.then) if type(s) is If else s for s in body]

    assert "may be unbound" in faulty(edited(code, "forward", other_way_round), "math")
    assert "bound" in faulty(edited(code, "forward", lambda body: [s for s in body if type(s) is not If]), "math")


def test_a_cache_that_lacks_something_or_holds_too_much() -> None:
    code = planned(compiled("x*y"))

    def without(body: tuple[Any, ...]) -> list[Any]:
        value, cache = body[-1].value
        return [*body[:-1], Return((value, cache[:-1]))]

    def too_much(body: tuple[Any, ...]) -> list[Any]:
        return [Unpack((*body[0].names, "f"), body[0].value), *body[1:]]

    assert faulty(edited(code, "forward", without)).startswith(
        "the cache holds ['x', 'y'], backward unpacks ['x', 'y', 'f']"
    )
    assert faulty(edited(code, "backward", too_much)).startswith("the cache holds")


def test_an_update_of_what_somebody_else_holds() -> None:
    code = planned(compiled(TENSOR))

    def onto_the_cache(body: tuple[Any, ...]) -> list[Any]:
        at = next(at for at, stmt in enumerate(body) if type(stmt) is not Unpack)
        return [*body[:at], Update("H", "+", name_of("df")), *body[at:]]

    assert faulty(edited(code, "backward", onto_the_cache)) in (
        "backward: H is written to, and is the caller's or the cache's",
        "backward: df is read before it is bound",
    )


def test_an_update_while_another_looks_into_it() -> None:
    code = planned(compiled("x: [3]\ny: [3]\nf = sum(x*y*y)"))

    def alias(body: tuple[Any, ...]) -> list[Any]:
        *rest, back = body
        shaped = code.dag.inputs["x"]
        mine = [Assign("other", name_of("dx", shaped)), Update("dx", "+", name_of("dx", shaped))]
        return [*rest, *mine, Assign("dy", name_of("other", shaped)), back]

    assert "dx is written to while other looks into it" in faulty(edited(code, "backward", alias))


def test_a_buffer_that_is_filled_while_it_is_read() -> None:
    code = planned(compiled("x: [3]\ny: [3]\nf = sum(x*y*y)"))
    shaped = code.dag.inputs["x"]

    def filled(into: str) -> Callable[[tuple[Any, ...]], list[Any]]:
        def fill(body: tuple[Any, ...]) -> list[Any]:
            *rest, back = body
            product = Node(-1, mul, (name_of("dx"), name_of("dy")), None, shaped.shape)
            return [*rest, Fill("t", product, into), Assign("dx", name_of("dx", shaped)), back]

        return fill

    assert (
        faulty(edited(code, "backward", filled("dx")))
        == "backward: dx is read after something else was written over it"
    )
    assert (
        faulty(edited(code, "backward", filled("y"))) == "backward: y is written to, and is the caller's or the cache's"
    )


def test_gradients_that_share_memory() -> None:
    code = planned(compiled("x: [3]\ny: [3]\nf = sum(x*y*y)"))

    def one_for_both(body: tuple[Any, ...]) -> list[Any]:
        return [*body[:-1], Return({"x": name_of("dx"), "y": name_of("dx")})]

    def the_cache(body: tuple[Any, ...]) -> list[Any]:
        return [*body[:-1], Return({"x": name_of("dx"), "y": name_of("y")})]

    assert faulty(edited(code, "backward", one_for_both)) == "backward: the gradients of x and y share memory"
    assert faulty(edited(code, "backward", the_cache)) == "backward: the gradient of y is the caller's or the cache's"


def test_paths_are_put_together() -> None:
    from gradc.ops.routing import all_of, gt
    from gradc.plan.code import made

    x, y = name_of("x"), name_of("y")
    first, second = made(gt, x, y), made(gt, y, x)
    (taken,), (not_taken,) = ways(first, True), ways(first, False)
    assert covers([taken, not_taken], frozenset())
    assert not covers([taken], frozenset())
    assert covers([taken], taken)
    assert covers([*ways(made(all_of, first, second), True), *ways(made(all_of, first, second), False)], frozenset())


# ---- what targets say ------------------------------------------------------------------------------------------------


def test_counts_are_those_of_the_text() -> None:
    from gradc.emit.count import count
    from gradc.emit.operand import helper_costs

    for case in cases():
        fn = case.compiled()
        if fn.style != "notes":
            continue
        code, target = planned(fn), TARGETS[fn.target]
        if not code.elementwise:
            continue  # their checks of df and their sizes are in the text, and no operations
        text = "\n".join(Text(code, target).body(code.defs()[1].body)).replace("return", "result =")
        costs = {**helper_costs(fn.target), "as_df": 0}  # what is given is looked at, and no operation
        assert operations(code.defs()[1].body, target, code) == count(text, costs), case.name


def test_a_user_s_own_names_for_python_s_functions() -> None:
    fn = compiled("float*abs(len) + max(float, len)", target="math")
    assert "float_ = float" in fn.source
    assert fn.value_and_grad(2.0, -3.0) == (8.0, {"float": 4.0, "len": -2.0})
