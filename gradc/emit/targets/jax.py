"""The target `jax`: pure `jax.numpy`, and a function of the value with gradc's backward pass as its `custom_vjp`.

Nothing is written to in place, and nothing asks for a value: the passes run under `jit`, `vmap` and `grad`.
"""

from __future__ import annotations

from gradc.emit.layout import broken, headed, indent
from gradc.emit.modules import Text
from gradc.emit.target import Import, Target, respelled, unsilenced
from gradc.ops.helpers import HELPERS
from gradc.ops.special_texts import IVE_SLOPE_BY_SUMS

_HELPERS = {
    "as_float": '''
def as_float(x):
    """The input as an array of floats."""
    x = jnp.asarray(x)
    return x if jnp.issubdtype(x.dtype, jnp.floating) else x.astype(float)
''',
    "as_floats": '''
def as_floats(**given):
    """The inputs as arrays of floats."""
    return [as_float(x) for x in given.values()]
''',
    "as_array": '''
def as_array(name, x, *shape):
    """The input as an array of floats of the given shape, in which a name stands for any size."""
    x = as_float(x)
    if x.ndim != len(shape) or any(want != size and type(want) is not str for want, size in zip(shape, x.shape)):
        raise ValueError(f"{name}: shape ({', '.join(map(str, shape))}) is expected, not {x.shape}")
    return x
''',
    "as_number": '''
def as_number(name, x, *others):
    """The input as a number; one of Python's own takes the precision of the arrays."""
    return as_array(name, x)
''',
    "softmax": '''
def softmax(x, axis=-1):
    """exp(x)/sum(exp(x)), shifted by the largest element so that it cannot overflow."""
    top = jnp.max(x, axis=axis, keepdims=True, initial=-jnp.inf)
    e = jnp.exp(x - jax.lax.stop_gradient(jnp.where(jnp.isfinite(top), top, 0.0)))
    total = jnp.sum(e, axis=axis, keepdims=True)
    return e/jnp.where(total == 0, 1.0, total)
''',
    "logsumexp": '''
def logsumexp(x, axis=None, keepdims=False):
    """log(sum(exp(x))), shifted by the largest element so that it cannot overflow."""
    top = jnp.max(x, axis=axis, keepdims=True, initial=-jnp.inf)
    shift = jnp.where(jnp.isfinite(top), top, 0.0)
    out = shift + log_total(jnp.exp(x - shift), axis)
    return out if keepdims else jnp.squeeze(out, axis=axis)[()]
''',
    "log_softmax": '''
def log_softmax(x, axis=-1):
    """x - log(sum(exp(x))), shifted by the largest element so that it cannot overflow."""
    top = jnp.max(x, axis=axis, keepdims=True, initial=-jnp.inf)
    z = x - jnp.where(jnp.isfinite(top), top, 0.0)
    return z - log_total(jnp.exp(z), axis)
''',
    "first_max": '''
def first_max(x, axis=None):
    """True at the first largest element along the axes, False elsewhere."""
    flat, back = rows(x, axis)
    if flat.size == 0:
        return jnp.zeros(x.shape, bool)
    return back(jnp.arange(flat.shape[-1]) == jnp.argmax(flat, axis=-1)[..., None])
''',
    "log_total": '''
def log_total(e, axis):
    """log(sum(e)), where the largest is 1: of a sum that is little more, the digits are in the rest of it."""
    total = jnp.sum(e, axis=axis, keepdims=True)
    near = (total >= 1.0) & (total < 1.5)
    rest = jnp.sum(jnp.where(first_max(e, axis), 0.0, e), axis=axis, keepdims=True)
    return jnp.where(near, jnp.log1p(jnp.where(near, rest, 0.0)), jnp.log(jnp.where(near, 1.0, total)))
''',
    "rows": '''
def rows(x, axis):
    """x with the reduced axes flattened into the last one, and the way back."""
    axes = (axis,) if isinstance(axis, int) else axis
    gone = list(range(x.ndim)) if axis is None else [a % x.ndim for a in axes]
    order = [a for a in range(x.ndim) if a not in gone] + gone
    moved = jnp.transpose(x, order)
    size = 1
    for a in gone:
        size *= x.shape[a]
    flat = moved.reshape(moved.shape[:x.ndim - len(gone)] + (size,))
    return flat, lambda y: jnp.transpose(y.reshape(moved.shape), [order.index(a) for a in range(x.ndim)])
''',
    "others": '''
def others(x, axis=None):
    """For each element the product of all the others along the axes: what is before it times what is after it."""
    flat, back = rows(x, axis)
    one = jnp.ones_like(flat[..., :1])
    before = jnp.concatenate([one, jnp.cumprod(flat[..., :-1], axis=-1)], axis=-1)
    after = jnp.concatenate([jnp.cumprod(flat[..., :0:-1], axis=-1)[..., ::-1], one], axis=-1)
    return back(before*after if flat.shape[-1] else flat)
''',
    "quotients": '''
def quotients(x):
    """For each element of a vector the product of all the others."""
    return others(x)
''',
    "from_heaviest": '''
def from_heaviest(x, weights, axis=-1):
    """x less its element where the weight is largest: next to one weight of all but 1 the others keep their digits."""
    flat, back = rows(jnp.asarray(x, weights.dtype), axis)
    if flat.size == 0:
        return x
    return back(flat - jnp.take_along_axis(flat, jnp.argmax(rows(weights, axis)[0], axis=-1)[..., None], -1))
''',
    "pairs": '''
def pairs(x, w, axis=None):
    """How the product of all others of an element changes along w: w in place of each factor in turn."""
    return jax.jvp(lambda x: others(x, axis), (x,), (jnp.broadcast_to(w, x.shape),))[1]
''',
    "cumprod_back": '''
def cumprod_back(x, g, axis=None):
    """What cumprod sends back of g."""
    return jax.vjp(lambda x: jnp.cumprod(x, axis), x)[1](jnp.broadcast_to(g, x.shape))[0]
''',
    "cumprod_pairs": '''
def cumprod_pairs(x, w, g, axis=None):
    """How what cumprod sends back of g changes along w."""
    return jax.jvp(lambda x: cumprod_back(x, g, axis), (x,), (jnp.broadcast_to(w, x.shape),))[1]
''',
    "cumprod_along": '''
def cumprod_along(x, w, axis=None):
    """How cumprod changes along w."""
    return jax.jvp(lambda x: jnp.cumprod(x, axis), (x,), (jnp.broadcast_to(w, x.shape),))[1]
''',
    "scatter": '''
def scatter(x, index, shape):
    """Zeros of a shape, with x added at an index."""
    x = jnp.asarray(x)
    return jnp.zeros(shape, x.dtype).at[index].add(x)
''',
    "added_at": '''
def added_at(x, index, shape):
    """Zeros of a shape, with x added at an index, as often as a place is in it; conditions are joined."""
    x = jnp.asarray(x)
    places = jnp.zeros(shape, x.dtype).at[index]
    return places.max(x) if x.dtype == bool else places.add(x)
''',
    "as_index": '''
def as_index(name, x, *shape):
    """The input as an array of whole numbers of the given shape, in which a name stands for any size."""
    x = jnp.asarray(x)
    if x.ndim != len(shape) or any(want != size and type(want) is not str for want, size in zip(shape, x.shape)):
        raise ValueError(f"{name}: shape ({', '.join(map(str, shape))}) is expected, not {x.shape}")
    return x.astype(int)
''',
    "embedded": '''
def embedded(x, offset, shape):
    """Zeros of a shape, with x on a diagonal of its last two axes."""
    at = jnp.arange(x.shape[-1])
    return jnp.zeros(shape, x.dtype).at[..., at + max(-offset, 0), at + max(offset, 0)].set(x)
''',
    "windows": '''
def windows(x, size, stride):
    """The windows of a size that slide over the last axes of x in steps, their own axes last."""
    lead = x.ndim - len(size)
    for axis, (n, step) in enumerate(zip(size, stride), lead):
        places = step*jnp.arange((x.shape[axis] - n)//step + 1)[:, None] + jnp.arange(n)
        x = jnp.moveaxis(jnp.take(x, places, axis=axis), axis + 1, -1)
    return x
''',
    "folded": '''
def folded(x, shape, size, stride):
    """Zeros of a shape, with windows added where they were taken; conditions are joined."""
    out = jnp.zeros(shape, x.dtype)
    places = out.reshape(-1).at[windows(jnp.arange(out.size).reshape(shape), size, stride).reshape(-1)]
    return (places.max if x.dtype == bool else places.add)(x.reshape(-1)).reshape(shape)
''',
    "alike": '''
def alike(along, value):
    """A derivative along tangents in the shape and the precision of the value."""
    return jnp.broadcast_to(along, value.shape).astype(value.dtype)
''',
    "fitted": '''
def fitted(dx, x):
    """A gradient at every point as one of x: summed over the axes along which x was broadcast, in its precision."""
    x, dx = jnp.asarray(x), jnp.asarray(dx)
    dx = jnp.broadcast_to(dx, jnp.broadcast_shapes(dx.shape, x.shape))
    dx = jnp.sum(dx, axis=tuple(range(dx.ndim - x.ndim)))
    spread = tuple(a for a in range(x.ndim) if x.shape[a] == 1 != dx.shape[a])
    return jnp.sum(dx, axis=spread, keepdims=True).astype(x.dtype)
''',
}


class JaxText(Text):
    """A module with a function of the value, whose gradient is the module's own backward pass."""

    def items(self) -> list[str]:
        along = any(item.kind == "jvp" for item in self.code.defs())
        text = [*super().items(), "", "", *self.value_function()]
        return [*text, "", "", *self.forward_function()] if along else text

    def value_function(self) -> list[str]:
        """f(x, y): the value alone, with the passes as its rule."""
        self.values.need("fitted")
        name = self.code.value_name
        inputs, wrt = list(self.dag.inputs), set(self.code.wrt)
        own = {word: self.free(word) for word in ("value", "cache", "df", "grads", "kept")}
        forward, backward = (self.callee(kind) for kind in ("forward", "backward"))
        params = ", ".join(inputs)
        sent = [f'fitted({own["grads"]}["{x}"], {x})' if x in wrt else "None" for x in inputs]
        return [
            f"@{self.word('jax')}.custom_vjp",
            f"def {name}({', '.join(headed(inputs, self.dag.defaults))}):",
            '    """The value; its gradient is the backward pass above."""',
            f"    return {forward}({params})[0]",
            "",
            "",
            f"def {name}_ahead({params}):",
            f"    {own['value']}, {own['cache']} = {forward}({params})",
            *indent(broken(f"return {own['value']}, (", [own["cache"], *inputs], ")")),
            "",
            "",
            f"def {name}_back({own['kept']}, {own['df']}):",
            *indent(broken("", [own["cache"], *inputs], f" = {own['kept']}", closed=False, parens=True)),
            f"    {own['grads']} = {backward}({own['cache']}, {own['df']})",
            *indent(broken("return (", sent, ")")),
            "",
            "",
            f"{name}.defvjp({name}_ahead, {name}_back)",
        ]

    def forward_function(self) -> list[str]:
        """f_along(x, y): the value once more, with the tangents' lines as its rule, for forward mode."""
        self.values.need("alike")
        name = f"{self.code.value_name}_along"
        inputs = list(self.dag.inputs)
        tangents = next(item.params for item in self.code.defs() if item.kind == "jvp")[len(inputs) :]
        dots = dict(zip([each for each in inputs if each in self.code.wrt], tangents, strict=True))
        own = {word: self.free(word) for word in ("primals", "tangents", "value", "along")}
        jvp, params = self.callee("jvp"), ", ".join(inputs)
        taken = [dots.get(each, self.free("_")) for each in inputs]
        several = len(self.dag.outputs) > 1
        sent = f"alike({own['along']}, {own['value']})"
        if several:
            pairs = f"zip({own['along']}, {own['value']})"
            sent = (
                f"tuple([alike({self.free('a')}, {self.free('v')}) for {self.free('a')}, {self.free('v')} in {pairs}])"
            )
        return [
            f"@{self.word('jax')}.custom_jvp",
            f"def {name}({', '.join(headed(inputs, self.dag.defaults))}):",
            '    """The value; its derivative along tangents is that of the lines above."""',
            f"    return {self.callee('forward')}({params})[0]",
            "",
            "",
            f"@{name}.defjvp",
            f"def {name}_rule({own['primals']}, {own['tangents']}):",
            *indent(broken("", inputs, f" = {own['primals']}", closed=True, parens=True)),
            *indent(broken("", taken, f" = {own['tangents']}", closed=True, parens=True)),
            *indent(broken(f"{own['value']}, {own['along']} = {jvp}(", [*inputs, *tangents], ")", closed=False)),
            f"    return {own['value']}, {sent}",
        ]


_SPELLED = {"np.": "jnp."}

TARGET = Target(
    name="jax",
    like="numpy",
    spelled=_SPELLED,
    imports=(
        Import("math", "import math", "import math as {name}", always=False),
        Import("jax", "import jax", "import jax as {name}"),
        Import("jnp", "import jax.numpy as jnp", "import jax.numpy as {name}"),
        Import("special", "from jax.scipy import special", "from jax.scipy import special as {name}", always=False),
    ),
    helpers={
        **{name: unsilenced(respelled(text, _SPELLED)) for name, text in HELPERS["numpy"].items()},
        "ive_slope": respelled(IVE_SLOPE_BY_SUMS, _SPELLED),
        **_HELPERS,
    },
    common_dtype="jnp.result_type",
    in_place=False,
    value_function=True,
    text=JaxText,
    forms={
        **{name: f"special.{name}({{x}})" for name in ("i0", "i1", "i0e", "i1e", "erfinv", "ndtri")},
        **{name: f"{name}({{x}}{{*statics}})" for name in "logsumexp softmax log_softmax first_max".split()},
        "first_min": "first_max(-{x}{*statics})",
        "from_heaviest": "from_heaviest({x}, {y}{*statics})",
        "ive_slope": "ive_slope({x}, {n}, {k})",
        "polygamma": "special.polygamma({n}, {x})",
        "as_float": "as_float({x})",
        "as_floats": "as_floats({*args})",
        "as_number": 'as_number("{name}", {*args})',
        "as_array": 'as_array("{name}", {x}{*dims})',
        "shape_of": "{x}.shape",
        "size_of": "{x}.shape[{axis}]",
        "zeros_like": "jnp.zeros_like({x})",
        "copy": "{x}",
        "clone": "{x}",
        "full_like": "jnp.full_like({x}, {v})",
        "number_of": "{x}",
        "cast": "jnp.asarray({x}, {like}.dtype)",
        "item": "{x}[{at}]",
        "call": "{function}({*args})",
        "placed": "jnp.zeros({shape:dims}, bool).at[{index:subscript}].set({c})",
        "added_at": "{x}.at[{*gather:subscript}].add({v})",
        "as_index": 'as_index("{name}", {x}{*dims})',
        "argsort": "jnp.argsort({x}{*statics}, stable=True)",
        "picked": "jnp.array({*nested})",
        "sigmoid": "jax.nn.sigmoid({x})",
        "erf": "special.erf({x})",
        "erfc": "special.erfc({x})",
    },
)
