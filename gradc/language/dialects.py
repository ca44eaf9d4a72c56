"""Whose arrays a program's are, torch's, JAX's or NumPy's: what `x.std(0)`, `x.repeat(2, 1)` and `y += 1` mean.

>>> spoken(["F.relu(", "x", ")", ".std(", "0", ")"]), spoken(["x.view(", "-", "1", ")"]), spoken(["jnp.exp("])
('torch', 'torch', 'jax')
>>> spoken(["torch.exp(", "np.sqrt("]), spoken(["torch.exp(", "np.array("]), spoken(["np.exp(", "math.exp("])
('torch', 'torch and NumPy', '')
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gradc.language.values import Arg

TORCH, JAX, BOTH = "torch", "jax", "torch and NumPy"
_NUMPY = ("np", "numpy")
_JAX = ("jnp", "jax", "lax")
_NEITHER = ("math", "cmath", "scipy", "special", "sp", "sc", "stats", "autograd", "anp", "onp")  # modules of others
# What programs of torch take from NumPy, too.
_OF_NUMBERS = frozenset("pi e inf newaxis log sqrt exp log2 ceil floor prod finfo iinfo float32 float64 int64".split())
# Methods that torch's tensors have, and no others.
_OF_TENSORS = frozenset(
    "view view_as unsqueeze permute masked_fill masked_fill_ contiguous expand expand_as scatter_ scatter_add_ "
    "index_add_ index_select detach numel mm bmm pow exp log tanh sigmoid relu softmax log_softmax logsumexp "
    "unbind chunk clamp clamp_ flatten_ size dim long float double type_as new_zeros".split()
)
# Methods with one name and two meanings, and what to write for NumPy's and torch's.
_APART = {
    "std": "np.std(x) or torch.std(x)", "var": "np.var(x) or torch.var(x)",
    "repeat": "np.repeat(x, 2, axis=0) or torch.tile(x, (2, 1))", "sort": "np.sort(x) or torch.sort(x)[0]",
    "max": "np.max(x, axis=1) or torch.amax(x, dim=1)", "min": "np.min(x, axis=1) or torch.amin(x, dim=1)",
    "transpose": "np.transpose(x, (1, 0)) or torch.transpose(x, 0, 1)",
    "split": "np.split(x, 2) or torch.split(x, 2)",
}  # fmt: skip
_SAID = ("ddof", "unbiased", "correction", "dim", "keepdim")


def spoken(tokens: Iterable[str]) -> str:
    """Whose methods a program's are; nothing for NumPy's, or where no library is named."""
    torch = numpy = jax = False
    for token in tokens:
        first, *rest = token.rstrip("( ").split(".")
        if not rest:
            continue
        if first in ("torch", "F") or (first == "nn" and rest[-1][:1].isupper()):
            torch = True
        elif first in _JAX:
            jax = True
        elif first in _NUMPY:
            numpy = numpy or rest[-1] not in _OF_NUMBERS
        elif token[-1] == "(" and rest[-1] in _OF_TENSORS and first not in _NEITHER:
            torch = True
    if torch and not jax:
        return BOTH if numpy else TORCH
    return JAX if jax and not torch else ""


def other_meaning(name: str, args: Sequence[Arg]) -> str:
    """What to write for a method that means one thing to torch and another to NumPy; nothing where they agree."""
    if name not in _APART or any(arg.key in _SAID for arg in args):
        return ""
    plain = sum(not arg.key for arg in args)  # with the array itself
    if (name in ("max", "min") and plain == len(args) == 1) or (name == "transpose" and plain < 3):
        return ""
    return _APART[name]
