"""The modules of frameworks: what they print, and, where the framework is installed, what its own checker says."""

import ast
import math
import os
import re
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.emit import TARGETS
from gradc.ops.table import entries
from tests.golden_tool import SHOWN, shown
from tests.support import Json, decode, inputs_of, point_error, records, shapes_of
from tests.test_branch_law import BORDERS, Case, built

MODULES = shown()
# Every so many records of the corpora are run here; `make targets` runs all.
STRIDE = int(os.environ.get("GRADC_FRAMEWORKS", "23"))
RECORDS = [pytest.param(record, id=record["id"]) for record in records()[::STRIDE]]


def compiled(record: Json, target: str, **options: Any) -> gradc.Function:
    shapes = {name: shape for name, shape in shapes_of(record).items() if shape != ()}
    return gradc.compile(record["program"], shapes=shapes, wrt=list(record["wrt"]), target=target, **options)


def loaded(source: str, name: str = "emitted") -> types.ModuleType:
    """A module as an import would load it, known to sys.modules while the framework looks at its text."""
    module = types.ModuleType(name)
    exec(compile(source, name, "exec"), module.__dict__)
    return module


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_text(path: Path) -> None:
    assert MODULES[path] == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [path for path in MODULES if path.suffix == ".py"], ids=lambda path: path.stem)
def test_the_goldens_run(request: pytest.FixtureRequest, path: Path) -> None:
    name, _, target = path.stem.rpartition("_")
    framework = pytest.importorskip(target)
    if target == "jax":
        request.getfixturevalue("jax")
    program, options = SHOWN[name.replace("_", "-")]
    fn = gradc.compile(program, **{key: value for key, value in options.items() if key != "double"})
    sizes = {"n": 4, "d": 3, "h": 2}
    shapes = [tuple(sizes.get(dim, dim) for dim in fn.shapes[each]) for each in fn.inputs]
    rng = np.random.default_rng(3)
    given = [rng.normal(size=shape) if shape else 0.7 for shape in shapes]
    module = loaded(MODULES[path], path.stem)
    both = module.value_and_grad if name == "staged" else module.loss_value_and_grad
    value, grads = both(
        *[framework.tensor(each, dtype=framework.float64) if target == "torch" else each for each in given]
    )
    want, slopes = fn.value_and_grad(*given)
    np.testing.assert_allclose(numbers(value), want, rtol=1e-13)
    for each, slope in slopes.items():
        np.testing.assert_allclose(numbers(grads[each]), slope, rtol=1e-11, atol=1e-14)


TENSORS = [path for path in MODULES if path.stem.endswith(("_torch", "_jax"))]


@pytest.mark.parametrize("path", TENSORS, ids=lambda path: path.stem)
def test_the_text_stands_by_itself(path: Path) -> None:
    """No NumPy, no branch on a value, nothing written to in place; lines that one can read."""
    tree = ast.parse(MODULES[path])
    nodes = list(ast.walk(tree))
    imported = {alias.name.partition(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    assert imported == {path.stem.rpartition("_")[2]}
    passes = [one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name.endswith("ward")]
    assert not any(isinstance(node, ast.AugAssign) for one in passes for node in ast.walk(one))
    tests = [ast.unparse(node.test) for one in passes for node in ast.walk(one) if isinstance(node, ast.If)]
    assert all("needs" in test for test in tests)
    assert max(map(len, MODULES[path].splitlines())) <= 120


def test_a_gate_without_a_form_is_named() -> None:
    with pytest.raises(ValueError, match="no target 'tensorflow'"):
        gradc.compile("x*y", target="tensorflow")


def test_torch_takes_no_number_for_a_tensor() -> None:
    """NumPy's smaller and larger of an array and a number are bounds there."""
    for name, text in TARGETS["torch"].helpers.items():
        assert not re.search(r"torch\.(?:minimum|maximum)\([^\n]*, -?[\d.e]+\)(?!,)", text), name


# -- torch -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def torch() -> Any:
    found = pytest.importorskip("torch")
    found.set_num_threads(1)
    return found


def numbers(value: Any) -> Any:
    return value.detach().numpy() if hasattr(value, "detach") else np.asarray(value)


@pytest.mark.parametrize("record", RECORDS)
def test_torch_gives_the_values_of_the_corpora(torch: Any, record: Json) -> None:
    fn = compiled(record, "torch")
    module = loaded(fn.source)
    for point in record["points"]:
        inputs = {name: torch.tensor(np.asarray(value, float)) for name, value in inputs_of(record, point).items()}
        value, grads = module.value_and_grad(**inputs)
        assert point_error(numbers(value), {k: numbers(g) for k, g in grads.items()}, record, point) is None
        leaves = [inputs[name].clone().requires_grad_(name in fn.wrt) for name in fn.inputs]
        out = module.f(*leaves)
        out.backward()
        sent = {name: numbers(leaf.grad) for name, leaf in zip(fn.inputs, leaves, strict=True) if name in fn.wrt}
        assert point_error(numbers(out), sent, record, point) is None


SMOOTH = {
    "staged": "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)",
    "layer": "X: [4, 3]; W: [3, 2]; b: [2]\nsum(tanh(X @ W + b)**2)",
    "softmax": "s: [3]\nlogsumexp(s) - s[1] + softmax(s)[0]",
    "solve": "A: [3, 3]; b: [3]\nsum(solve(A @ A.T + 3*A, b)) + x",
    "products": "v: [4]\nprod(v) + norm(v) + v[::-1][0]*v[1:3][0]",
    "branch": "where(x > 0, log(abs(x) + 1)*y, y**2) + max(x*y, y - 5)",
}


def tensors(torch: Any, fn: gradc.Function, seed: int = 0) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [torch.tensor(rng.normal(size=fn.shapes[name])).requires_grad_() for name in fn.inputs]


@pytest.mark.parametrize("name", SMOOTH)
def test_torchs_own_checkers(torch: Any, name: str) -> None:
    fn = gradc.compile(SMOOTH[name], target="torch")
    assert torch.autograd.gradcheck(loaded(fn.source).F.apply, tensors(torch, fn))
    twice = loaded(gradc.compile(SMOOTH[name], target="torch", double=True).source)
    assert torch.autograd.gradcheck(twice.F.apply, tensors(torch, fn))
    assert torch.autograd.gradgradcheck(twice.F.apply, tensors(torch, fn))


def test_second_derivatives_that_would_be_wrong_are_refused(torch: Any) -> None:
    module = loaded(gradc.compile("x**3", target="torch").source)
    x = torch.tensor(2.0, requires_grad=True)
    (slope,) = torch.autograd.grad(module.f(x), x, create_graph=True)
    with pytest.raises(RuntimeError):
        slope.backward()


@pytest.mark.parametrize("name", SMOOTH)
def test_vmap_of_grad(torch: Any, name: str) -> None:
    fn = gradc.compile(SMOOTH[name], target="torch", double=True)
    module = loaded(fn.source)
    each = [tensors(torch, fn, seed) for seed in range(3)]
    batch = [torch.stack([point[i].detach() for point in each]) for i in range(len(fn.inputs))]
    mapped = torch.func.vmap(torch.func.grad(module.f))(*batch)
    for row, point in enumerate(each):
        _, grads = module.value_and_grad(*[leaf.detach() for leaf in point])
        assert torch.allclose(mapped[row], grads[fn.inputs[0]], rtol=1e-12)


LONG = "GRADC_FRAMEWORKS" in os.environ
COMPILED = RECORDS if LONG else RECORDS[::4]


def whole_graph(torch: Any, record: Json, backend: str) -> None:
    """Value and gradient by torch.compile, which may leave nothing of the function to Python."""
    torch._dynamo.reset()
    fn = compiled(record, "torch")
    name = re.sub(r"\W", "_", "emitted_" + record["id"])
    module = sys.modules[name] = loaded(fn.source, name)
    point = record["points"][0]
    inputs = {name: torch.tensor(np.asarray(value, float)) for name, value in inputs_of(record, point).items()}
    leaves = [inputs[name].clone().requires_grad_(name in fn.wrt) for name in fn.inputs]
    out = torch.compile(module.f, fullgraph=True, backend=backend)(*leaves)
    out.backward()
    sent = {name: numbers(leaf.grad) for name, leaf in zip(fn.inputs, leaves, strict=True) if name in fn.wrt}
    assert point_error(numbers(out), sent, record, point) is None
    del sys.modules[name]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("record", COMPILED)
def test_torch_compiles_the_whole_graph(torch: Any, record: Json) -> None:
    whole_graph(torch, record, "aot_eager")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(not LONG, reason="a compiler a program; `make targets` runs it")
@pytest.mark.parametrize("record", [pytest.param(each, id=each["id"]) for each in records()[::28]])
def test_inductor(torch: Any, record: Json) -> None:
    whole_graph(torch, record, "inductor")


def test_lines_that_nobody_asked_for_are_not_run(torch: Any) -> None:
    module = loaded(gradc.compile("X: [3, 2]; W: [2, 4]\nsum(X @ W)", target="torch").source)
    _, cache = module.forward(torch.ones(3, 2), torch.ones(2, 4))
    grads = module.backward((torch.ones(()), *cache[1:]), 1.0, (True, False))  # dW would need all of X
    assert grads["W"] is None
    assert grads["X"].shape == (3, 2)


def test_single_precision_stays_and_numbers_follow(torch: Any) -> None:
    module = loaded(gradc.compile("where(x > 0.1, x*0.3, y)*2 + max(x, 3)", target="torch").source)
    x = torch.tensor([1.0, -2.0], dtype=torch.float32, requires_grad=True)
    out = module.f(x, 0.5)
    assert out.dtype == torch.float32
    out.sum().backward()
    assert x.grad.dtype == torch.float32
    assert x.grad.shape == (2,)


def test_broadcast_inputs_get_gradients_of_their_own_shape(torch: Any) -> None:
    module = loaded(gradc.compile("x*y + y", target="torch").source)
    x, y = (
        torch.ones(3, 1, dtype=torch.float64, requires_grad=True),
        torch.ones(4, dtype=torch.float64, requires_grad=True),
    )
    module.f(x, y).sum().backward()
    assert torch.equal(x.grad, torch.full((3, 1), 4.0, dtype=torch.float64))
    assert torch.equal(y.grad, torch.full((4,), 6.0, dtype=torch.float64))


def test_several_outputs_have_an_adjoint_each(torch: Any) -> None:
    module = loaded(gradc.compile("x*y, x + y", target="torch").source)
    x, y = torch.tensor(2.0, requires_grad=True), torch.tensor(3.0, requires_grad=True)
    a, b = module.f(x, y)
    (a + 10 * b).backward()
    assert (x.grad.item(), y.grad.item()) == (13.0, 12.0)


# -- jax ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def jax() -> Any:
    found = pytest.importorskip("jax")
    found.config.update("jax_enable_x64", True)
    return found


@pytest.mark.parametrize("record", RECORDS)
def test_jax_gives_the_values_of_the_corpora(jax: Any, record: Json) -> None:
    fn = compiled(record, "jax")
    module = loaded(fn.source)
    both = jax.jit(module.value_and_grad)
    for point in record["points"]:
        inputs = inputs_of(record, point)
        value, grads = both(**inputs)
        assert point_error(np.asarray(value), {k: np.asarray(g) for k, g in grads.items()}, record, point) is None
        wanted = tuple(fn.inputs.index(name) for name in fn.wrt)
        sent = jax.grad(module.f, argnums=wanted)(*[inputs[name] + 0.0 for name in fn.inputs])
        assert (
            point_error(np.asarray(value), dict(zip(fn.wrt, map(np.asarray, sent), strict=True)), record, point) is None
        )


@pytest.mark.parametrize("name", SMOOTH)
def test_jaxs_own_checker(jax: Any, name: str) -> None:
    from jax.test_util import check_grads

    fn = gradc.compile(SMOOTH[name], target="jax")
    module = loaded(fn.source)
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=fn.shapes[each]) for each in fn.inputs]
    check_grads(jax.jit(module.f), inputs, order=2, modes=["rev"], rtol=1e-4)
    mapped = jax.vmap(jax.grad(module.f))(*[np.stack([each, each + 0.1]) for each in inputs])
    assert np.allclose(mapped[0], jax.grad(module.f)(*inputs), rtol=1e-12)


@pytest.mark.parametrize("name", SMOOTH)
def test_jaxs_own_checker_forward(jax: Any, name: str) -> None:
    from jax.test_util import check_grads

    fn = gradc.compile(SMOOTH[name], target="jax", also="jvp")
    module = loaded(fn.source)
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=fn.shapes[each]) for each in fn.inputs]
    check_grads(jax.jit(module.f_along), inputs, order=2, modes=["fwd"], rtol=1e-4)
    tangents = [rng.normal(size=each.shape) for each in inputs]
    value, along = jax.jvp(module.f_along, inputs, tangents)
    exact = gradc.compile(SMOOTH[name]).jvp(*inputs, *tangents)
    np.testing.assert_allclose((value, along), exact, rtol=1e-11)
    assert np.allclose(jax.grad(module.f_along)(*inputs), jax.grad(module.f)(*inputs), rtol=1e-12)


def test_jax_forward_over_several_outputs_and_fewer_inputs(jax: Any) -> None:
    module = loaded(gradc.compile("x*a + 0*value, sin(x)", target="jax", also="jvp", wrt=["x"]).source)
    x = np.arange(3.0)
    values, along = jax.jvp(lambda x: module.f_along(x, 2.0, 1.0), (x,), (np.ones(3),))
    np.testing.assert_allclose(values[0], 2 * x)
    np.testing.assert_allclose(along, [np.full(3, 2.0), np.cos(x)])


def test_jax_in_single_precision(jax: Any) -> None:
    module = loaded(gradc.compile("X: [3, 2]\nw: [2]\nsum(sigmoid(X @ w))*k", target="jax").source)
    given = [jax.numpy.ones((3, 2), jax.numpy.float32), jax.numpy.ones(2, jax.numpy.float32), 0.5]
    assert module.f(*given).dtype == jax.numpy.float32
    assert jax.grad(module.f, argnums=1)(*given).dtype == jax.numpy.float32


# -- both --------------------------------------------------------------------------------------------------------------

GATES = [entry for entry in entries() if entry.elementwise and not entry.boolean and set(entry.params) <= set("xyz")]
AT = (np.array([0.3, 0.6]), np.array([0.7, 0.2]), np.array([0.5, 0.4]))


# SciPy's, of which the framework has none of its own.
NOT_THERE = {"torch": [], "jax": ["j0", "j1"]}


@pytest.mark.parametrize("target", ["torch", "jax"])
def test_every_gate(request: pytest.FixtureRequest, target: str) -> None:
    framework = request.getfixturevalue(target)
    taken, refused = 0, []
    for entry in GATES:
        program = f"{entry.name}({', '.join(entry.params)})"
        try:
            fn = gradc.compile(program)
        except gradc.GradcError:
            continue  # one of the core, which nobody types
        try:
            module = loaded(gradc.compile(program, target=target).source)
        except gradc.GradcError:
            refused.append(entry.name)
            continue
        given = AT[: len(fn.inputs)]
        with np.errstate(all="ignore"):
            value, grads = fn.value_and_grad(*given)
            if not np.all(np.isfinite(value)):
                given = tuple(each + 1.5 for each in given)
                value, grads = fn.value_and_grad(*given)
        got, slopes = module.value_and_grad(*(framework.tensor(each) if target == "torch" else each for each in given))
        np.testing.assert_allclose(numbers(got), value, 1e-9, 1e-13, err_msg=program)
        for name, slope in grads.items():
            np.testing.assert_allclose(numbers(slopes[name]), slope, 1e-9, 1e-13, err_msg=program)
        taken += 1
    assert taken > 60
    assert refused == NOT_THERE[target]


def masked(border: str) -> tuple[str, dict[str, Any], str, dict[str, Any]]:
    """A logarithm below a border, with nan where it is not taken; the same without."""
    (log,) = (entry for entry in entries() if entry.name == "log")
    return built(Case(log, border, "array", np.nan))


@pytest.mark.parametrize("target", ["torch", "jax"])
@pytest.mark.parametrize("border", BORDERS)
def test_branches_below_every_border(request: pytest.FixtureRequest, target: str, border: str) -> None:
    framework = request.getfixturevalue(target)
    program, bad, reference, good = masked(border)
    value, grads = gradc.compile(reference).value_and_grad(**good)
    given = {name: framework.tensor(x) if target == "torch" else x for name, x in bad.items()}
    got, slopes = loaded(gradc.compile(program, target=target).source).value_and_grad(**given)
    np.testing.assert_allclose(numbers(got), value, 1e-9)
    for name, slope in grads.items():
        np.testing.assert_allclose(numbers(slopes[name]), slope, 1e-9, 1e-13, err_msg=name)


@pytest.mark.parametrize("border", BORDERS)
def test_conditions_are_moved_in_words_that_torch_has(border: str) -> None:
    source = gradc.compile(masked(border)[0], target="torch").source
    assert "torch.s_" not in source
    assert ".accumulate(" not in source


def test_references_are_numbers() -> None:
    """The oracle of this file is not gradc: a record's value is what its file says."""
    assert math.isfinite(decode(records()[0]["points"][0]["value"]))
