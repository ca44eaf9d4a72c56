"""The target `torch`: the passes in torch operations, and a `torch.autograd.Function` around them.

The class ends the notes: what `forward` leaves for `backward` is saved for it, sizes stay on `ctx`, and lines that only
serve inputs whose gradient nobody asked for are not run. Any device, any floating dtype; nothing asks for a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from struct import pack, unpack
from typing import Any

from gradc.emit.layout import broken, floats_of, headed, indent
from gradc.emit.modules import Text
from gradc.emit.target import Import, Target, respelled, unsilenced
from gradc.graph.dag import Node
from gradc.graph.forms import Form
from gradc.ops.helpers import HELPERS
from gradc.ops.scalar import const, size
from gradc.ops.special_texts import IVE_SLOPE_BY_SUMS
from gradc.plan.code import Assign, Def, Return, Unpack, bound, every, names_read
from gradc.rewrite.simplify import number

_HELPERS = {
    "gamma": '''
def gamma(x):
    """The gamma function, by its logarithm; below 0 its sign changes from whole number to whole number."""
    odd = (x < 0) & (torch.remainder(torch.floor(x), 2) == 1)
    return torch.where(odd, -1.0, 1.0)*torch.exp(torch.special.gammaln(x))
''',
    "lgamma": '''
def lgamma(x):
    """log(abs(gamma(x)))"""
    return torch.special.gammaln(x)
''',
    "ndtr": '''
def ndtr(x):
    """The distribution function of the standard normal distribution."""
    return torch.special.ndtr(x)
''',
    "logsumexp_of": '''
def logsumexp_of(x, w, axis=None, keepdims=False):
    """log(sum(w*exp(x))) for weights of at least 0."""
    x, w = torch.broadcast_tensors(x, torch.where(w < 0, float("nan"), w))
    shifted = torch.where(w == 0, float("-inf"), x + torch.log(torch.where(w == 0, 1, w)))
    return torch.logsumexp(shifted, tuple(range(x.ndim)) if axis is None else axis, keepdim=keepdims)
''',
    "as_float": '''
def as_float(x):
    """The input as a tensor of floats."""
    x = torch.as_tensor(x)
    return x if x.is_floating_point() else x.to(torch.get_default_dtype())
''',
    "as_floats": '''
def as_floats(**given):
    """The inputs as tensors of floats; Python's own numbers take the precision and the device of the others."""
    like = next((x for x in given.values() if isinstance(x, torch.Tensor) and x.is_floating_point()), None)
    if like is None:
        return [as_float(x) for x in given.values()]
    return [as_float(x) if isinstance(x, torch.Tensor) else like.new_tensor(x) for x in given.values()]
''',
    "as_array": '''
def as_array(name, x, *shape):
    """The input as a tensor of floats of the given shape, in which a name stands for any size."""
    x = as_float(x)
    if x.ndim != len(shape) or any(want != size and type(want) is not str for want, size in zip(shape, x.shape)):
        raise ValueError(f"{name}: shape ({', '.join(map(str, shape))}) is expected, not {tuple(x.shape)}")
    return x
''',
    "as_number": '''
def as_number(name, x, *others):
    """The input as a number; one of Python's own takes the precision and the device of the tensors."""
    return as_array(name, x if isinstance(x, torch.Tensor) else others[0].new_tensor(x))
''',
    "axes_of": '''
def axes_of(x, axis):
    """Axes as torch takes them, all of them for None."""
    return list(range(x.ndim)) if axis is None else [axis] if isinstance(axis, int) else list(axis)
''',
    "tanh_slope": '''
def tanh_slope(x):
    """1 - tanh(x)**2, written so that it keeps its digits in both tails."""
    e = torch.exp(-2.0*torch.abs(x))
    return 4.0*e/(1.0 + e)**2
''',
    "product_of": '''
def product_of(x, axis=None, keepdims=False):
    """The product along axes."""
    for a in sorted((a % x.ndim for a in axes_of(x, axis)), reverse=True):
        x = torch.prod(x, a, keepdims)
    return x
''',
    "logsumexp": '''
def logsumexp(x, axis=None, keepdims=False):
    """log(sum(exp(x))), shifted by the largest element so that it cannot overflow."""
    top = torch.amax(x, axes_of(x, axis), True) if x.numel() else x.new_full((), -torch.inf)
    shift = torch.where(torch.isfinite(top), top, 0.0).detach()
    out = shift + log_total(torch.exp(x - shift), axis)
    return out if keepdims else out.squeeze(axes_of(x, axis))
''',
    "softmax": '''
def softmax(x, axis=-1):
    """exp(x)/sum(exp(x)), shifted by the largest element so that it cannot overflow."""
    top = torch.amax(x, axes_of(x, axis), True) if x.numel() else x.new_full((), -torch.inf)
    e = torch.exp(x - torch.where(torch.isfinite(top), top, 0.0).detach())
    total = torch.sum(e, axes_of(x, axis), True)
    return e/torch.where(total == 0, 1.0, total)
''',
    "log_softmax": '''
def log_softmax(x, axis=-1):
    """x - log(sum(exp(x))), shifted by the largest element so that it cannot overflow."""
    top = torch.amax(x, axes_of(x, axis), True) if x.numel() else x.new_full((), -torch.inf)
    z = x - torch.where(torch.isfinite(top), top, 0.0).detach()
    return z - log_total(torch.exp(z), axis)
''',
    "log_total": '''
def log_total(e, axis):
    """log(sum(e)), where the largest is 1: of a sum that is little more, the digits are in the rest of it."""
    total = torch.sum(e, axes_of(e, axis), True)
    near = (total >= 1.0) & (total < 1.5)
    rest = torch.sum(torch.where(first_max(e, axis), 0.0, e), axes_of(e, axis), True)
    return torch.where(near, torch.log1p(torch.where(near, rest, 0.0)), torch.log(torch.where(near, 1.0, total)))
''',
    "norm": '''
def norm(x, axis=None, keepdims=False):
    """sqrt(sum(x**2)), scaled by the largest element so that it can neither overflow nor vanish."""
    top = torch.amax(torch.abs(x), axes_of(x, axis), True) if x.numel() else torch.sum(x, axes_of(x, axis), True)
    scale = torch.where((top == 0) | ~torch.isfinite(top), 1.0, top).detach()
    out = scale*torch.sqrt(torch.sum((x/scale)**2, axes_of(x, axis), True))
    return out if keepdims else out.squeeze(axes_of(x, axis))
''',
    "rows": '''
def rows(x, axis):
    """x with the reduced axes flattened into the last one, and the way back."""
    gone = [a % x.ndim for a in axes_of(x, axis)]
    order = [a for a in range(x.ndim) if a not in gone] + gone
    moved = x.permute(order)
    size = 1
    for a in gone:
        size *= x.shape[a]
    flat = moved.reshape((*moved.shape[:x.ndim - len(gone)], size))
    return flat, lambda y: y.reshape(moved.shape).permute([order.index(a) for a in range(x.ndim)])
''',
    "others": '''
def others(x, axis=None):
    """For each element the product of all the others along the axes: what is before it times what is after it."""
    flat, back = rows(x, axis)
    if not flat.numel():
        return x
    one = torch.ones_like(flat[..., :1])
    before = torch.cat([one, torch.cumprod(flat[..., :-1], -1)], -1)
    after = torch.cat([torch.cumprod(flat[..., 1:].flip(-1), -1).flip(-1), one], -1)
    return back(before*after)
''',
    "quotients": '''
def quotients(x):
    """For each element of a vector the product of all the others."""
    return others(x)
''',
    "pairs": '''
def pairs(x, w, axis=None):
    """How the product of all others of an element changes along w: w in place of each factor in turn."""
    return torch.func.jvp(lambda x: others(x, axis), (x,), (torch.broadcast_to(w, x.shape),))[1]
''',
    "cumprod_back": '''
def cumprod_back(x, g, axis=None):
    """What cumprod sends back of g, without a quotient: what is before an element times what comes of it."""
    flat, back = rows(x, axis)
    if not flat.numel():
        return x
    g = rows(torch.broadcast_to(torch.as_tensor(g, dtype=x.dtype, device=x.device), x.shape), axis)[0]
    before = torch.cat([torch.ones_like(flat[..., :1]), torch.cumprod(flat[..., :-1], -1)], -1)
    sent, after = torch.zeros_like(flat[..., 0]), []
    for i in range(flat.shape[-1] - 1, -1, -1):
        sent = sent + g[..., i]
        after.append(sent)
        sent = sent*flat[..., i]
    return back(before*torch.stack(after[::-1], -1))
''',
    "cumprod_pairs": '''
def cumprod_pairs(x, w, g, axis=None):
    """How what cumprod sends back of g changes along w."""
    return torch.func.jvp(lambda x: cumprod_back(x, g, axis), (x,), (torch.broadcast_to(w, x.shape),))[1]
''',
    "cumprod_along": '''
def cumprod_along(x, w, axis=None):
    """How cumprod changes along w."""
    along = 0 if axis is None else axis
    return torch.func.jvp(lambda x: torch.cumprod(x, along), (x,), (torch.broadcast_to(w, x.shape),))[1]
''',
    "from_heaviest": '''
def from_heaviest(x, weights, axis=-1):
    """x less its element where the weight is largest: next to one weight of all but 1 the others keep their digits."""
    flat, back = rows(torch.broadcast_to(torch.as_tensor(x, dtype=weights.dtype), weights.shape), axis)
    if not flat.numel():
        return x
    return back(flat - torch.take_along_dim(flat, torch.argmax(rows(weights, axis)[0], -1)[..., None], -1))
''',
    "first_max": '''
def first_max(x, axis=None):
    """True at the first largest element along the axes, False elsewhere."""
    flat, back = rows(x, axis)
    if not flat.numel():
        return torch.zeros_like(x, dtype=torch.bool)
    return back(torch.arange(flat.shape[-1], device=x.device) == torch.argmax(flat, -1)[..., None])
''',
    "cofactor": '''
def cofactor(x):
    """The matrix of cofactors from the singular values: det(x)*inv(x).T where x is regular, and finite where not."""
    u, s, v = torch.linalg.svd(x)
    sign = torch.linalg.det(u)*torch.linalg.det(v)
    return sign[..., None, None]*((u*others(s, -1)[..., None, :]) @ v)
''',
    "cube_root": '''
def cube_root(x):
    """The cube root, of numbers of either sign."""
    root = torch.sign(x)*torch.abs(x)**(1/3)
    safe = torch.where(root == 0, 1.0, root)
    return torch.where((root == 0) | ~torch.isfinite(root), root, root - (root - x/safe**2)/3)
''',
    "scatter": '''
def scatter(x, shape, *index):
    """Zeros of a shape, with x added at an index; a plain number marks its places."""
    if isinstance(x, torch.Tensor):
        return added_at(x.new_zeros(shape), x, *index)
    like = next((each for each in index if isinstance(each, torch.Tensor)), torch.empty(0))
    return added_at(torch.zeros(shape, device=like.device), x, *index)
''',
    "added_at": '''
def added_at(x, v, *index):
    """x with v added at an index; x itself stays as it is."""
    places = picked(torch.arange(x.numel(), device=x.device).reshape(x.shape), *index)
    more = torch.broadcast_to(torch.as_tensor(v, dtype=x.dtype, device=x.device), places.shape).reshape(-1)
    return x.reshape(-1).index_add(0, places.reshape(-1), more).reshape(x.shape)
''',
    "picked": '''
def picked(x, *index):
    """x at an index in which slices may run backward, as torch's own may not."""
    ahead, axis = [], 0
    for item in index:
        if isinstance(item, slice) and item.step is not None and item.step < 0:
            turned = torch.tensor(list(range(x.shape[axis]))[item], dtype=torch.long, device=x.device)
            x, item = torch.index_select(x, axis, turned), slice(None)
        axis += x.ndim - sum(each is not None for each in index) + 1 if item is ... else item is not None
        ahead.append(item)
    return x[tuple(ahead)]
''',
    "expanded": '''
def expanded(x, axis):
    """x with axes of length 1 at these places."""
    places = [axis] if isinstance(axis, int) else axis
    for a in sorted(a % (x.ndim + len(places)) for a in places):
        x = x.unsqueeze(a)
    return x
''',
    "count_of": '''
def count_of(x, axis=None):
    """How many elements there are along axes."""
    size = 1
    for a in axes_of(x, axis):
        size *= x.shape[a]
    return size
''',
    "stack_of": '''
def stack_of(xs, axis=0):
    """Values joined along a new axis; plain numbers take the precision and the device of the tensors."""
    like = next((x for x in xs if isinstance(x, torch.Tensor)), None)
    if like is None:
        return torch.tensor(xs, dtype=torch.float64)
    return torch.stack([x if isinstance(x, torch.Tensor) else like.new_tensor(x) for x in xs], axis)
''',
    "as_index": '''
def as_index(name, x, *shape):
    """The input as a tensor of whole numbers of the given shape, in which a name stands for any size."""
    x = torch.as_tensor(x)
    if x.ndim != len(shape) or any(want != size and type(want) is not str for want, size in zip(shape, x.shape)):
        raise ValueError(f"{name}: shape ({', '.join(map(str, shape))}) is expected, not {tuple(x.shape)}")
    if x.is_floating_point() and not torch.equal(x, torch.floor(x)):
        raise ValueError(f"{name}: integers are expected")
    return x.long()
''',
    "first_zero": '''
def first_zero(x, axis=None):
    """True at the first zero along an axis, False elsewhere."""
    zero = x == 0
    return zero & (torch.cumsum(zero, axis or 0) == 1)
''',
    "rolled": '''
def rolled(x, shift, axis=None):
    """Elements moved along an axis, round its end."""
    return torch.roll(x, shift) if axis is None else torch.roll(x, shift, axis)
''',
    "padded": '''
def padded(x, width):
    """Zeros around a tensor."""
    return torch.nn.functional.pad(x, [size for pair in reversed(width) for size in pair])
''',
    "embedded": '''
def embedded(x, offset, shape):
    """Zeros of a shape, with x on a diagonal of its last two axes."""
    out = x.new_zeros(shape)
    at = torch.arange(x.shape[-1], device=x.device)
    out[..., at + max(-offset, 0), at + max(offset, 0)] = x
    return out
''',
    "linspaced": '''
def linspaced(start, stop, size, endpoint=True, dtype=None, device=None):
    """So many numbers in even steps from one to another."""
    return torch.linspace(start, stop, size if endpoint else size + 1, dtype=dtype, device=device)[:size]
''',
    "eye_of": '''
def eye_of(n, m, k=0, dtype=None, device=None):
    """Ones on a diagonal, zeros elsewhere."""
    rows, columns = torch.arange(n, device=device)[:, None], torch.arange(m, device=device)
    return (columns - rows == k).to(dtype or torch.get_default_dtype())
''',
    "rows_of": '''
def rows_of(rows, shape):
    """Values in rows as a tensor."""
    for _ in shape[1:]:
        rows = [x for row in rows for x in row]
    return stack_of(rows).reshape(shape)
''',
    "crossed": '''
def crossed(x, y):
    """The vector product, along the last axis."""
    return torch.linalg.cross(*torch.broadcast_tensors(x, y))
''',
    "var_of": '''
def var_of(x, axis=None, ddof=0, keepdims=False):
    """Mean square of the deviations from the mean, by n - ddof."""
    return torch.var(x, axes_of(x, axis), correction=ddof, keepdim=keepdims)
''',
    "std_of": '''
def std_of(x, axis=None, ddof=0, keepdims=False):
    """Square root of the variance."""
    return torch.std(x, axes_of(x, axis), correction=ddof, keepdim=keepdims)
''',
    "correlate": '''
def correlate(x, y, mode):
    """Sums of products of one vector with the other moved along it."""
    rim = y.shape[0] - 1 if mode == "full" else 0
    return torch.nn.functional.conv1d(x[None, None], y[None, None], padding=rim)[0, 0]
''',
    "convolve": '''
def convolve(x, y, mode):
    """Sums of products of one vector with the other turned around."""
    return correlate(x, y.flip(0), mode)
''',
    "windows": '''
def windows(x, size, stride):
    """The windows of a size that slide over the last axes of x in steps: a view, their own axes last."""
    lead = x.ndim - len(size)
    for axis, (n, step) in enumerate(zip(size, stride), lead):
        x = x.unfold(axis, n, step)
    return x
''',
    "folded": '''
def folded(x, shape, size, stride):
    """Zeros of a shape, with windows added where they were taken."""
    out = x.new_zeros(shape)
    places = windows(torch.arange(out.numel(), device=x.device).reshape(shape), size, stride)
    return out.reshape(-1).index_add(0, places.reshape(-1), x.reshape(-1)).reshape(shape)
''',
    "fitted": '''
def fitted(dx, x):
    """A gradient at every point as one of x: summed over the axes along which x was broadcast, in its precision."""
    dx = torch.as_tensor(dx, dtype=x.dtype, device=x.device)
    dx = torch.broadcast_to(dx, torch.broadcast_shapes(dx.shape, x.shape))
    return dx.sum_to_size(x.shape) if dx.shape != x.shape else dx
''',
}

# Functions of torch that take no plain number where NumPy's do.
_TENSORS = frozenset("maximum minimum atan2 hypot logaddexp heaviside fmax fmin".split())


class TorchTarget(Target):
    """The forms of torch; a plain number that meets a function of tensors becomes one."""

    def form(self, node: Node, literal: bool = False) -> Form:
        found, op, args = super().form(node, literal), node.op, node.args
        text, plain = found.text, [_plain(arg) for arg in args]
        if op.name in _TENSORS and any(plain):
            others = [param for param, is_plain in zip(op.params, plain, strict=True) if not is_plain]
            for param, is_plain in zip(op.params, plain, strict=True):
                if is_plain:
                    made = f"{{{others[0]}}}.new_tensor({{{param}}})" if others else f"torch.tensor({{{param}}})"
                    text = text.replace(f"{{{param}}}", made)
        elif op.name in ("where", "spread") and all(plain[-2:]) and not all(map(_is_short, args[-2:])):
            for param in op.params[-2:]:
                text = text.replace(f"{{{param}}}", f"torch.tensor({{{param}}}, dtype=torch.float64)")
        elif op.name == "spread" and plain[0]:
            text = "torch.full({shape:dims}, {x})"
        elif op.name == "transpose" and node.attr == (None,) and len(args[0].shape) != 2:
            text = f"{{x}}.permute({', '.join(map(str, reversed(range(len(args[0].shape)))))})"
        elif op.name == "index" and any(map(_runs_back, node.attr[0])):  # type: ignore[index]  # (index,)
            text = f"picked({{x}}, {_objects(node.attr[0])})"  # type: ignore[index]
        elif op.name in ("scatter", "added_at", "placed"):
            text = text.replace("{index}", _objects(_beside(node), op.params))
        elif op.whole and "{shape" in text:
            text = f"scatter({{x}}, {{shape:dims}}, {_objects(_beside(node), op.params)})"
        elif op.whole and (any(map(_runs_back, node.attr[0])) or _beside(node) != node.attr[0]):  # type: ignore[index]
            text = f"picked({{x}}, {_objects(_beside(node), op.params)})"
        elif op.name in ("sum", "mean", "max", "min") and node.attr == (None, True):
            text = text.replace("{*statics}", f", {tuple(range(len(args[0].shape)))}, True")
        return found if text is found.text else Form(text)


def _plain(node: Node) -> bool:
    known = getattr(node, "of", None) or node
    return known.op is const or known.op is size


class TorchText(Text):
    """A module with a class: the passes as one node of torch's graph."""

    def items(self) -> list[str]:
        return [*super().items(), "", "", *self.function_class()]

    def define(self, item: Def) -> list[str]:
        """`backward` takes which gradients are needed, and leaves out the lines that serve none of these."""
        if item.kind != "backward" or len(self.code.wrt) < 2:
            return super().define(item)
        needs = self.free("needs")
        lines = _needed_lines(item)
        at = {name: i for i, name in enumerate(self.code.wrt)}
        params = headed(item.params, {**self.dag.defaults, **item.defaults})
        every_one = f"({', '.join(['True'] * len(at))})"
        body: list[str] = []
        run: list[Any] = []
        test: tuple[str, ...] = ()

        def close() -> None:
            if run:
                text = self.body(run)
                asked = " or ".join(f"{needs}[{at[name]}]" for name in test)
                body.extend([f"if {asked}:", *indent(text)] if test else text)
                run.clear()

        for stmt in item.body:
            served = lines.get(id(stmt), ())
            mine = () if len(served) in (0, len(at)) else served
            if mine != test:
                close()
                test = mine
            run.append(stmt)
        close()
        body = self._returned_needed(item, body, at, needs)
        head = f"def {item.name}({', '.join(params)}, {needs}={every_one}):"
        if len(head) > 110:
            head = f"def {item.name}({', '.join(params)}, {needs}=(True,)*{len(at)}):"
        return [head, *indent(body)]

    def _returned_needed(self, item: Def, body: list[str], at: dict[str, int], needs: str) -> list[str]:
        """The return with None for what was not asked for."""
        last = item.body[-1]
        assert isinstance(last, Return)
        length = len(self.returned(last.value))
        pairs = [f'"{name}": {self.text(value)} if {needs}[{at[name]}] else None' for name, value in last.value.items()]
        return [*body[:-length], *broken("return {", pairs, "}", closed=False)]

    def function_class(self) -> list[str]:
        """The class, and the function of the value that applies it."""
        code, name, inputs = self.code, self.code.value_name, list(self.dag.inputs)
        title = name[:1].upper() + name[1:]
        while title in self.dag.inputs or title == name:
            title += "_"
        params, torch = ", ".join(inputs), self.word("torch")
        form = self.recomputing() if code.double else self.saving()
        return [
            f"class {title}({torch}.autograd.Function):",
            *indent(form),
            "",
            "",
            f"def {name}({', '.join(headed(inputs, self.dag.defaults))}):",
            '    """The value; its gradient in torch\'s graph is the backward pass above."""',
            f"    return {title}.apply({params})",
        ]

    def saving(self) -> list[str]:
        """The class whose backward pass reads what the forward pass left; it can be differentiated once."""
        inputs, params = list(self.dag.inputs), ", ".join(self.dag.inputs)
        ctx, value, cache = (self.free(word) for word in ("ctx", "value", "cache"))
        saved = inputs if self.code.elementwise else []
        held, sizes = self.cached(), len(self.cached_sizes())
        most = len(held) - sizes
        kept = f"*{cache}[:{most}]" if sizes else f"*{cache}"
        read = f"{ctx}.saved_tensors[{len(saved)}:]" if saved else f"{ctx}.saved_tensors"
        ready = self.ready() if saved else []
        return [
            '"""The passes above as one node of torch\'s graph; nothing is recorded inside."""',
            "",
            "@staticmethod",
            f"def forward({ctx}, {params}):",
            *indent([
                *ready,
                f"{value}, {cache} = {self.callee('forward')}({params})",
                *broken(f"{ctx}.save_for_backward(", [*saved, kept], ")", closed=False),
                *([f"{ctx}.sizes = {cache}[{most}:]"] if sizes else []),
                f"return {value}",
            ]),
            "",
            "@staticmethod",
            f"@{self.word('torch')}.autograd.function.once_differentiable",
            f"def backward({ctx}, {self.adjoint()}):",
            *indent([
                *(self.unpacked(f"{ctx}.saved_tensors[:{len(saved)}]") if saved else []),
                f"{cache} = (*{read}, *{ctx}.sizes)" if sizes else f"{cache} = {read}",
                *self.sent(),
            ]),
        ]  # fmt: skip

    def recomputing(self) -> list[str]:
        """The class that can be differentiated again and mapped: backward runs forward once more, on the inputs."""
        params, ctx, cache = ", ".join(self.dag.inputs), self.free("ctx"), self.free("cache")
        ready = self.ready() if self.code.elementwise else []
        return [
            '"""The passes above as one node of torch\'s graph, which can be differentiated again, and mapped."""',
            "",
            "generate_vmap_rule = True",
            "",
            "@staticmethod",
            f"def forward({params}):",
            f"    return {self.callee('forward')}({params})[0]",
            "",
            "@staticmethod",
            f"def setup_context({ctx}, inputs, output):",
            f"    {ctx}.save_for_backward(*inputs)",
            "",
            "@staticmethod",
            f"def backward({ctx}, {self.adjoint()}):",
            *indent([
                *self.unpacked(f"{ctx}.saved_tensors"),
                *ready,
                f"{cache} = {self.callee('forward')}({params})[1]",
                *self.sent(),
            ]),
        ]  # fmt: skip

    def unpacked(self, value: str) -> list[str]:
        """The line that brings saved inputs back under their names."""
        inputs = list(self.dag.inputs)
        return broken("", inputs, f" = {value}", closed=len(inputs) == 1, parens=True)

    def ready(self) -> list[str]:
        """The line that makes the inputs of an elementwise program tensors."""
        inputs = list(self.dag.inputs)
        return [f"{inputs[0]} = as_float({inputs[0]})"] if len(inputs) == 1 else floats_of("as_floats", inputs)

    def adjoint(self) -> str:
        """The parameter that the upstream adjoints are."""
        df = self.free("df")
        return f"*{df}" if len(self.dag.outputs) > 1 else df

    def sent(self) -> list[str]:
        """The gradients that were asked for, in the order of the inputs."""
        inputs, wrt = list(self.dag.inputs), self.code.wrt
        ctx, cache, df, grads = (self.free(word) for word in ("ctx", "cache", "df", "grads"))
        needs = [f"{ctx}.needs_input_grad[{inputs.index(name)}]" for name in wrt]
        asked = [f"({', '.join(needs)})"] if len(needs) > 1 else []
        made = {name: f'{grads}["{name}"]' for name in wrt}
        if self.code.elementwise:
            self.values.need("fitted")
            made = {name: f"fitted({text}, {name})" for name, text in made.items()}
        out = [
            f"{made[name]} if {ctx}.needs_input_grad[{i}] else None" if name in made else "None"
            for i, name in enumerate(inputs)
        ]
        return [
            *broken(f"{grads} = {self.callee('backward')}(", [cache, df, *asked], ")", closed=False),
            *broken("return ", out, "", closed=False, parens=True),
        ]

    def cached(self) -> list[str]:
        """The names in the cache, sizes last."""
        backward = next(item for item in self.code.defs() if item.kind == "backward")
        first = backward.body[0] if backward.body else None
        return list(first.names) if isinstance(first, Unpack) else []

    def cached_sizes(self) -> list[str]:
        """Those of them that are sizes."""
        sizes = set(self.code.sizes.values())
        return [name for name in self.cached() if name in sizes]


def _needed_lines(item: Def) -> dict[int, tuple[str, ...]]:
    """For each statement of a backward pass the inputs whose gradient it serves, in order; none for what serves all."""
    last = item.body[-1]
    assert isinstance(last, Return)
    serves: dict[str, dict[str, None]] = {}
    for name, value in last.value.items():
        for leaf in [value]:
            serves.setdefault(str(leaf.attr), {})[name] = None
    order = list(last.value)
    found: dict[int, tuple[str, ...]] = {}
    for stmt in reversed(item.body[:-1]):
        inner = list(every([stmt]))
        names = _targets(inner)
        mine = {each: None for name in names for each in serves.get(name, ())}
        found[id(stmt)] = tuple(each for each in order if each in mine) if names else ()
        for each in inner:
            for read in names_read(each):
                serves.setdefault(read, {}).update(mine)
    return found


def _targets(stmts: Iterable[Any]) -> list[str]:
    """What statements bind or add to; nothing for the unpacking of the cache, which serves all."""
    return [name for stmt in stmts if isinstance(stmt, Assign) for name in bound(stmt)]


def _runs_back(item: Any) -> bool:
    return isinstance(item, tuple) and item[0] == "slice" and isinstance(item[3], int) and item[3] < 0


def _beside(node: Node) -> tuple[Any, ...]:
    """An index in which a number beside an array of integers is an array, too, as it is for NumPy."""
    index: tuple[Any, ...] = node.attr[0]  # type: ignore[index]  # (index, …)
    places = [item[1] for item in index if isinstance(item, tuple) and item[0] == "at"]
    if not any(node.args[at].shape for at in places):
        return index
    return tuple([[item] if type(item) is int else item for item in index])


def _objects(index: Iterable[Any], params: Sequence[str] = ()) -> str:
    """An index as arguments of a function.

    >>> _objects((0, ("slice", 1, None, None), None, "..."))
    '0, slice(1, None, None), None, ...'
    """
    return ", ".join(
        str(item)
        if not isinstance(item, tuple)
        else f"slice{item[1:]}"
        if item[0] == "slice"
        else f"{{{params[item[1]]}}}"
        for item in index
    )


def _is_short(node: Node) -> bool:
    """Whether a number is the same in single precision, in which torch reads it where no tensor stands beside it."""
    known = getattr(node, "of", None) or node
    if known.op is not const:
        return True
    value = float(number(known))
    return value != value or abs(value) == float("inf") or unpack("f", pack("f", value))[0] == value


_BETWEEN = re.compile(r"torch\.(minimum|maximum)\(((?:[^()]|\([^()]*\))*?), (-?[\d.e+-]+)\)")


def clamped(text: str) -> str:
    """A helper's text with a bound where NumPy takes the smaller of an array and a number: torch wants two tensors.

    >>> clamped("torch.exp(-torch.minimum(torch.abs(x), 40.0)**2)")
    'torch.exp(-torch.clamp(torch.abs(x), max=40.0)**2)'
    """
    bound = {"minimum": "max", "maximum": "min"}
    return _BETWEEN.sub(lambda found: f"torch.clamp({found[2]}, {bound[found[1]]}={found[3]})", text)


_PRECISION = re.compile(r"\.astype\((?:float|[^()]*(?:\([^()]*\))?, copy=False)\)|\[\(\)\]")
_AS_REAL = r"(?:as_real|torch\.asarray)\(\w+\)"
_AS_ARRAYS = re.compile(rf"^ +[^\n]*= {_AS_REAL}(?:, {_AS_REAL})*\n", re.MULTILINE)


def of_tensors(text: str) -> str:
    """A helper's text without what makes arrays of numbers, and brings them to a precision and back.

    >>> of_tensors("def f(x):\\n    x = torch.asarray(x)\\n    return x.astype(float).astype(x.dtype, copy=False)[()]")
    'def f(x):\\n    return x'
    """
    return clamped(_PRECISION.sub("", _AS_ARRAYS.sub("", unsilenced(text))))


_SPELLED = {
    "np.linalg.": "torch.linalg.",
    "np.rint": "torch.round",
    "np.broadcast_arrays": "torch.broadcast_tensors",
    "np.": "torch.",
}

TARGET = TorchTarget(
    name="torch",
    like="numpy",
    spelled=_SPELLED,
    imports=(
        Import("math", "import math", "import math as {name}", always=False),
        Import("torch", "import torch", "import torch as {name}"),
    ),
    helpers={
        **{name: of_tensors(respelled(text, _SPELLED)) for name, text in HELPERS["numpy"].items()},
        "ive_slope": of_tensors(respelled(IVE_SLOPE_BY_SUMS, _SPELLED)),
        **_HELPERS,
    },
    in_place=False,
    value_function=True,
    beside=", device=x.device",
    text=TorchText,
    forms={
        **{name: f"{name}({{x}}{{*statics}})" for name in "logsumexp softmax log_softmax first_max".split()},
        "first_min": "first_max(-{x}{*statics})",
        "from_heaviest": "from_heaviest({x}, {y}{*statics})",
        "ive_slope": "ive_slope({x}, {n}, {k})",
        "as_float": "as_float({x})",
        "as_floats": "as_floats({*labelled})",
        "as_number": 'as_number("{name}", {*args})',
        "as_array": 'as_array("{name}", {x}{*dims})',
        "shape_of": "{x}.shape",
        "size_of": "{x}.shape[{axis}]",
        "zeros_like": "torch.zeros_like({x})",
        "copy": "{x}",
        "clone": "{x}",
        "full_like": "torch.ones_like({x})*{v}",
        "number_of": "{x}",
        "cast": "torch.as_tensor({x}, dtype={like}.dtype, device={like}.device)",
        "item": "{x}[{at}]",
        "call": "{function}({*args})",
        "added_at": "added_at({x}, {v}, {index})",
        "scatter": "scatter({x}, {shape:dims}, {index})",
        "placed": "scatter({c}, {shape:dims}, {index})",
        "so_far": "torch.cumsum({c}, {axis}) > 0",
        "sum": "torch.sum({x}{*statics})",
        "prod": "product_of({x}{*statics})",
        "max": "torch.amax({x}{*statics})",
        "min": "torch.amin({x}{*statics})",
        "sigmoid": "torch.sigmoid({x})",
        "softplus": "torch.logaddexp({x}, torch.zeros_like({x}))",
        "relu": "torch.clamp({x}, min=0)",
        "logit": "torch.special.logit({x})",
        "xlogy": "torch.special.xlogy({x}, {y})",
        "xlog1py": "torch.special.xlog1py({x}, {y})",
        "lgamma": "torch.special.gammaln({x})",
        "digamma": "torch.special.digamma({x})",
        "trigamma": "torch.special.polygamma(1, {x})",
        "ndtr": "torch.special.ndtr({x})",
        "log_ndtr": "torch.special.log_ndtr({x})",
        **{name: f"torch.special.{name}({{x}})" for name in ("i0", "i1", "i0e", "i1e", "erfinv", "ndtri")},
        "j0": "torch.special.bessel_j0({x})",
        "j1": "torch.special.bessel_j1({x})",
        "polygamma": "torch.special.polygamma({n}, {x})",
        "erf": "torch.special.erf({x})",
        "erfc": "torch.special.erfc({x})",
        "cbrt": "cube_root({x})",
        "cbrt_slope": "1/(3*cube_root({x})**2)",
        "inner": "torch.sum({x}*{y})",
        "outer": "torch.outer({x}, {y})",
        "transpose": "{x}.permute({axes})",
        "transpose_plain": "{x}.T",
        "swap": "{x}.mT",
        "expand": "expanded({x}, {axis})",
        "eye": "torch.eye(*{x}.shape, dtype={x}.dtype, device={x}.device)",
        "count": "count_of({x}{*statics})",
        "indicator": "torch.where({c}, {a}, {b}).to({x}.dtype)",
        "indicator_plain": "({c}).to({x}.dtype)",
        "as_index": 'as_index("{name}", {x}{*dims})',
        "cumsum": "torch.cumsum({x}, {axis})",
        "cumsum_plain": "torch.cumsum({x}, 0)",
        "cumprod": "torch.cumprod({x}, {axis})",
        "cumprod_plain": "torch.cumprod({x}, 0)",
        "roll": "rolled({x}, {shift}{*axis})",
        "repeat": "torch.repeat_interleave({x}, {repeats}, dim={axis})",
        "pad": "padded({x}, {width})",
        "diag": "torch.diag({x}, {k})",
        "embedded": "embedded({x}, {offset}, {shape:dims})",
        "tril": "torch.tril({x}, {k})",
        "triu": "torch.triu({x}, {k})",
        "linspace": "linspaced({start}, {stop}, {size:dims}{*endpoint}{*dtype})",
        "identity": "eye_of({n:dims}, {m:dims}{*diagonal}{*dtype})",
        "literal": "torch.tensor({*nested}{*floats})",
        "array": "rows_of({*nested}, {shape})",
        "cross": "crossed({x}, {y})",
        "einsum3": 'torch.einsum("{subs}", {x}, {y}, {z})',
        "einsum4": 'torch.einsum("{subs}", {x}, {y}, {z}, {u})',
        "einsum5": 'torch.einsum("{subs}", {x}, {y}, {z}, {u}, {v})',
        "tensordot": "torch.tensordot({x}, {y}, dims={axes})",
        "mod": "torch.remainder({x}, {y})",
        "var": "var_of({x}{*statics})",
        "std": "std_of({x}{*statics})",
        "argsort": "torch.argsort({x}, dim={axis}, stable=True)",
        "convolve": 'convolve({x}, {y}, "{mode}")',
        "correlate": 'correlate({x}, {y}, "{mode}")',
        "windows": "windows({x}, {size}, {stride})",
        "folded": "folded({x}, {shape:dims}, {size}, {stride})",
        "concatenate": "torch.cat([{*xs}]{*statics})",
        "stack": "stack_of([{*xs}]{*statics})",
        "clip": "torch.clamp({x}, {lo}, {hi})",
        "nonzero": "torch.where({x} == 0, 1, {x})",
    },
)
