"""A workload into a call for its value and gradient, one way for each peer, and what that call returns as NumPy.

A peer that is not installed, or cannot do a workload, raises `Absent`. Every peer gets its best ordinary form: inputs
in its own arrays, compiled where it compiles, results computed when the call returns.

>>> from tests.bench.programs import scalars
>>> run = hand(scalars()["logistic 10"])
>>> run.read(run.call())[0].ndim
0
"""

from __future__ import annotations

import importlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from tests.bench.programs import Workload

Result = tuple[Any, dict[str, Any]]
# Compilers of numbers take up to so many of them, and those of arrays are asked from here on: none is waited for long.
FEW, LARGE = 200, 20_000
PLAIN = "exp log sin cos tanh sqrt where maximum sum mean dot prod hypot".split()


class Absent(Exception):
    """A peer that is not here, or has no way to run a workload."""


@dataclass(frozen=True, slots=True)
class Run:
    """A workload made ready: what is timed, and what makes its result NumPy's."""

    call: Callable[[], Any]
    read: Callable[[Any], Result]


def library(name: str) -> ModuleType:
    """A peer's module."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise Absent(f"{name.partition('.')[0]} is not installed") from error


def function(program: str, inputs: Sequence[str], namespace: dict[str, Any]) -> Callable[..., Any]:
    """The program as a function of its inputs, with a peer's functions for its gates.

    >>> function("y = 2*x\\nf = y + 1", ["x"], {})(3)
    7
    """
    names = dict(namespace)
    body = "".join(f"    {line}\n" for line in program.splitlines())
    exec(f"def program({', '.join(inputs)}):\n{body}    return f", names)
    made: Callable[..., Any] = names["program"]
    return made


def plain(module: Any, **more: Any) -> dict[str, Any]:
    """The gates that a peer's module has by NumPy's names; written out, as a user would, what it has not."""
    known = {name: getattr(module, name) for name in PLAIN if hasattr(module, name)}
    return {"sigmoid": lambda u: 1.0 / (1.0 + module.exp(-u)), **known, **more}


def closed(call: Callable[..., Any], args: Sequence[Any]) -> Callable[[], Any]:
    """A call without arguments, at the cost of the call with them: f(*args) would be slower than f(x, y)."""
    match args:
        case [x]:
            return lambda: call(x)
        case [x, y]:
            return lambda: call(x, y)
        case [x, y, z]:
            return lambda: call(x, y, z)
        case _:
            return lambda: call(*args)


def by_name(wrt: Sequence[str]) -> Callable[[Any], Result]:
    """What reads (value, derivatives in the order of wrt)."""
    return lambda result: (np.asarray(result[0]), {n: np.asarray(d) for n, d in zip(wrt, result[1], strict=True)})


def flat(wrt: Sequence[str]) -> Callable[[Any], Result]:
    """What reads [value, derivative, derivative, ...]."""
    return lambda result: (np.asarray(result[0]), {n: np.asarray(d) for n, d in zip(wrt, result[1:], strict=True)})


# ---- by hand, and gradc ------------------------------------------------------------------------------------------


def hand(work: Workload) -> Run:
    return Run(closed(work.hand, list(work.inputs.values())), by_name(work.wrt))


def gradc_(work: Workload, literal: bool = False, way: str = "emitted", target: str = "", **options: Any) -> Run:
    """`way` is "emitted" for the module's own function, "library" for the method, "value" for the value alone."""
    import gradc

    target = target or ("math" if work.kind == "scalar" else "numpy")
    fn = gradc.compile(work.program, work.wrt, work.shapes, style="fast", target=target, literal=literal)
    args = [work.inputs[name] for name in fn.inputs]
    if way == "value":
        return Run(closed(fn.value, args), lambda value: (np.asarray(value), {}))
    call = fn.value_and_grad if way == "library" else fn.module.value_and_grad
    return Run((lambda: call(*args, **options)) if options else closed(call, args), lambda result: result)


# ---- frameworks of arrays ----------------------------------------------------------------------------------------


def jax_jit(work: Workload) -> Run:
    jax, jnp = library("jax"), library("jax.numpy")
    jax.config.update("jax_enable_x64", True)
    namespace = plain(
        jnp, relu=lambda u: jnp.maximum(u, 0.0), erf=jax.scipy.special.erf, norm=jnp.linalg.norm, logsumexp=None
    )
    body, wrt = function(work.program, list(work.inputs), namespace), work.wrt
    fixed = {name: jnp.asarray(value) for name, value in work.inputs.items() if name not in wrt}
    args = tuple(jnp.asarray(work.inputs[name], dtype=float) for name in wrt)

    def value_and_grad(args: Any, fixed: Any) -> Any:
        value, pull = jax.vjp(lambda args: body(**dict(zip(wrt, args, strict=True)), **fixed), args)
        return value, pull(jnp.ones_like(value))[0]

    jitted = jax.jit(value_and_grad)
    return Run(lambda: jax.block_until_ready(jitted(args, fixed)), by_name(wrt))


def torch(work: Workload) -> Run:
    torch = library("torch")
    torch.set_num_threads(1)
    namespace = plain(torch, sigmoid=torch.sigmoid, relu=torch.relu, erf=torch.erf, norm=torch.linalg.norm)
    namespace["maximum"] = lambda u, v: torch.maximum(u, torch.as_tensor(v, dtype=u.dtype))
    body = function(work.program, list(work.inputs), namespace)
    inputs = [torch.tensor(np.asarray(value, float)) for value in work.inputs.values()]
    leaves = [value.requires_grad_() for name, value in zip(work.inputs, inputs, strict=True) if name in work.wrt]
    order = [name for name in work.inputs if name in work.wrt]
    seed = torch.ones_like(body(*inputs))

    def call() -> Any:
        value = body(*inputs)
        return value, torch.autograd.grad(value, leaves, seed)

    return Run(call, lambda result: by_name(order)((result[0].detach(), result[1])))


def torch_compile(work: Workload) -> Run:
    """PyTorch with its compiler, forward and backward."""
    torch = library("torch")
    if not hasattr(torch, "compile") or sum(map(np.size, work.inputs.values())) < LARGE:
        raise Absent("its compiler is for large arrays, and takes its time")
    torch.set_num_threads(1)
    namespace = plain(torch, sigmoid=torch.sigmoid, relu=torch.relu, erf=torch.erf, norm=torch.linalg.norm)
    namespace["maximum"] = lambda u, v: torch.maximum(u, torch.as_tensor(v, dtype=u.dtype))
    compiled = torch.compile(function(work.program, list(work.inputs), namespace))
    inputs = [torch.tensor(np.asarray(value, float)) for value in work.inputs.values()]
    leaves = [value.requires_grad_() for name, value in zip(work.inputs, inputs, strict=True) if name in work.wrt]
    order = [name for name in work.inputs if name in work.wrt]
    seed = torch.ones_like(compiled(*inputs))

    def call() -> Any:
        value = compiled(*inputs)
        return value, torch.autograd.grad(value, leaves, seed)

    return Run(call, lambda result: by_name(order)((result[0].detach(), result[1])))


def autograd(work: Workload) -> Run:
    anp, special, make_vjp = library("autograd.numpy"), library("autograd.scipy.special"), library("autograd").make_vjp
    namespace = plain(anp, relu=lambda u: anp.maximum(u, 0.0), erf=special.erf, norm=anp.linalg.norm)
    body, wrt = function(work.program, list(work.inputs), namespace), work.wrt
    fixed = {name: value for name, value in work.inputs.items() if name not in wrt}
    vjp = make_vjp(lambda *args: body(**dict(zip(wrt, args, strict=True)), **fixed), tuple(range(len(wrt))))
    args = [np.asarray(work.inputs[name], float)[()] for name in wrt]

    def call() -> Any:
        pull, value = vjp(*args)
        return value, pull(np.ones(np.shape(value)))

    return Run(call, by_name(wrt))


def pytensor(work: Workload) -> Run:
    if work.kind == "scalar":
        raise Absent("its compiler multiplies such programs out")
    pytensor, pt = library("pytensor"), library("pytensor.tensor")
    body = function(work.program, list(work.inputs), plain(pt, relu=lambda u: pt.maximum(u, 0.0), erf=pt.erf))
    symbols = {n: pt.tensor(n, dtype="float64", shape=(None,) * np.ndim(v)) for n, v in work.inputs.items()}
    value = body(**symbols)
    grads = pytensor.grad(value.sum() if value.ndim else value, [symbols[name] for name in work.wrt])
    compiled = pytensor.function(list(symbols.values()), [value, *grads], trust_input=True)
    return Run(closed(compiled, [np.asarray(v, float) for v in work.inputs.values()]), flat(work.wrt))


# ---- compilers of scalar expressions -----------------------------------------------------------------------------


def casadi_c(work: Workload) -> Run:
    """The C code that CasADi writes, built by the compiler that is there, and called through CasADi."""
    if sum(map(np.size, work.inputs.values())) > 10 * FEW:
        raise Absent("a C compiler takes minutes for so many lines")
    return casadi(work, code=True)


def _built(ca: ModuleType, function: Any) -> Any:
    """A CasADi function as machine code of its own C."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise Absent("there is no C compiler")
    folder = tempfile.mkdtemp()  # what is loaded stays until the process ends
    code = ca.CodeGenerator("F.c")
    code.add(function)
    code.generate(folder + "/")
    command = [compiler, "-O3", "-fPIC", "-shared", f"{folder}/F.c", "-o", f"{folder}/F.so", "-lm"]
    subprocess.run(command, check=True, capture_output=True)
    return ca.external("F", f"{folder}/F.so")


def casadi(work: Workload, code: bool = False) -> Run:
    """The ordinary call, F(x, y); as a graph of numbers, or of matrices for the programs that need them."""
    if work.kind == "elementwise" or "relu" in work.program:
        raise Absent("CasADi's matrices are not broadcast")
    ca = library("casadi")
    kind = ca.MX if work.inputs and max(map(np.size, work.inputs.values())) > 10_000 else ca.SX
    namespace = plain(ca, sum=ca.sum1, mean=lambda u: ca.sum1(u) / u.numel())
    symbols = {name: kind.sym(name, *np.shape(value)) for name, value in work.inputs.items()}
    value = function(work.program, list(work.inputs), namespace)(**symbols)
    compiled = ca.Function("F", list(symbols.values()), [value, *(ca.gradient(value, symbols[n]) for n in work.wrt)])
    compiled = _built(ca, compiled) if code else compiled

    def read(result: Any) -> Result:
        arrays = [np.asarray(ca.densify(part)) for part in result]
        grads = {n: a.reshape(np.shape(work.inputs[n])) for n, a in zip(work.wrt, arrays[1:], strict=True)}
        return arrays[0].reshape(()), grads

    return Run(closed(compiled, list(work.inputs.values())), read)


def heyoka(work: Workload) -> Run:
    """`cfunc`: LLVM's code for the value and its derivatives, a batch of points at once."""
    hy = library("heyoka")
    if work.kind == "tensor" and sum(map(np.size, work.inputs.values())) > FEW:
        raise Absent("its compiler takes minutes for so many numbers")
    space = {
        name: np.frompyfunc(getattr(hy, name), 1, 1) for name in ("exp", "log", "sin", "cos", "tanh", "sqrt", "erf")
    }
    space |= {"sigmoid": np.frompyfunc(hy.sigmoid, 1, 1), "sum": lambda u: hy.sum(list(u)), "dot": np.dot}
    if work.kind == "tensor":
        leaves = {n: [f"{n}{i}" for i in range(np.size(v))] for n, v in work.inputs.items()}
    else:
        leaves = {n: [n] for n in work.inputs}
    symbols = {n: hy.make_vars(*names) if len(names) > 1 else [hy.make_vars(*names)] for n, names in leaves.items()}
    given = {
        n: np.array(symbols[n], object).reshape(np.shape(work.inputs[n])) if work.kind == "tensor" else symbols[n][0]
        for n in work.inputs
    }
    value = function(work.program, list(work.inputs), space)(**given)
    wanted = [each for name in work.wrt for each in symbols[name]]
    gradient = hy.diff_tensors([value], diff_args=wanted, diff_order=1).gradient
    compiled = hy.cfunc([value, *gradient], vars=[each for name in work.inputs for each in symbols[name]])
    if work.kind == "tensor":
        points = np.concatenate([np.ravel(v) for v in work.inputs.values()]).astype(float)
    else:
        points = np.stack(np.broadcast_arrays(*work.inputs.values())).astype(float)

    def read(result: Any) -> Result:
        if work.kind != "tensor":
            return flat(work.wrt)(result)
        sizes = np.cumsum([np.size(work.inputs[name]) for name in work.wrt])[:-1]
        parts = np.split(result[1:], sizes)
        return np.asarray(result[0]), {
            n: part.reshape(np.shape(work.inputs[n])) for n, part in zip(work.wrt, parts, strict=True)
        }

    return Run(lambda: compiled(points), read)


def symforce(work: Workload) -> Run:
    """Its symbolic derivatives, and the function that it makes of them."""
    if work.kind != "scalar":
        raise Absent("SymForce generates functions of numbers")
    sf, util = library("symforce.symbolic"), library("symforce.util")
    symbols = {name: sf.Symbol(name) for name in work.inputs}
    value = function(work.program, list(symbols), plain(sf))(**symbols)
    results = sf.Matrix([[value, *(value.diff(symbols[name]) for name in work.wrt)]])
    body = function("f = results_of(" + ", ".join(symbols) + ")", list(symbols), {
        "results_of": lambda *given: results.subs(dict(zip(symbols.values(), given, strict=True)))
    })  # fmt: skip
    body.__annotations__ = dict.fromkeys(symbols, sf.Scalar)
    compiled = util.lambdify(body)
    return Run(closed(compiled, list(work.inputs.values())), lambda result: flat(work.wrt)(np.ravel(result)))


def symengine(work: Workload) -> Run:
    if work.kind == "tensor":
        raise Absent("SymEngine compiles scalar expressions")
    se = library("symengine")
    symbols = {name: se.Symbol(name) for name in work.inputs}
    value = function(work.program, list(symbols), plain(se, erf=se.erf))(**symbols)
    compiled = se.Lambdify(list(symbols.values()), [value, *(value.diff(symbols[name]) for name in work.wrt)], cse=True)
    points = np.stack(np.broadcast_arrays(*work.inputs.values()), axis=-1).astype(float)
    return Run(lambda: compiled(points), lambda result: flat(work.wrt)(np.moveaxis(result, -1, 0)))


def sympy(work: Workload) -> Run:
    """`lambdify` with its own elimination of common subexpressions."""
    if work.kind == "tensor":
        raise Absent("SymPy compiles scalar expressions")
    sp = library("sympy")
    symbols = {name: sp.Symbol(name, real=True) for name in work.inputs}
    value = function(work.program, list(symbols), plain(sp, erf=sp.erf))(**symbols)
    modules = "math" if work.kind == "scalar" else ["numpy", "scipy"]
    derivatives = [sp.diff(value, symbols[name]) for name in work.wrt]
    compiled = sp.lambdify(list(symbols.values()), [value, *derivatives], modules=modules, cse=True)
    return Run(closed(compiled, list(work.inputs.values())), flat(work.wrt))


def numba(work: Workload) -> Run:
    """The hand-written code, compiled: as it is for numbers, as a loop for arrays."""
    code = work.hand if work.kind == "scalar" else work.loop
    if code is None or len(work.inputs) > 10:
        raise Absent("no loop written")
    return Run(closed(library("numba").njit(code), list(work.inputs.values())), by_name(work.wrt))


PEERS: dict[str, Callable[[Workload], Run]] = {
    "JAX": jax_jit,
    "PyTorch": torch,
    "torch.compile": torch_compile,
    "autograd": autograd,
    "CasADi": casadi,
    "CasADi, C code": casadi_c,
    "heyoka": heyoka,
    "symforce": symforce,
    "SymEngine": symengine,
    "SymPy": sympy,
    "Numba": numba,
    "PyTensor": pytensor,
}
