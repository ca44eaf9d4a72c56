"""Forward and backward pass, compiled by gradc 8b47e58caf70.

    w: [3]
    z = w[0]*x + w[1]
    loss = where(z > 0, log(z), w[2]*z)
    max(loss, -1)

Inputs: w: (3,), x (the others are numbers).
Gradient with respect to: w.
Operations: forward 13, backward 17; together 2.31 times the forward pass alone.
"""

import jax
import jax.numpy as jnp


def loss_forward(w, x):
    w = as_array("w", w, 3)
    x = as_number("x", x, w)
    w0x = w[0]*x  # (1)
    z = w0x + w[1]  # (2)
    safe = jnp.where(z > 0, z, 1.0)  # (3)  safe where the branch is not taken
    logsafe = jnp.log(safe)  # (4)
    safe2 = jnp.where(z > 0, 1.0, w[2])  # (5)  safe where the branch is not taken
    safe3 = jnp.where(z > 0, 1.0, z)  # (6)  safe where the branch is not taken
    safe2safe3 = safe2*safe3  # (7)
    loss = jnp.where(z > 0, logsafe, safe2safe3)  # (8)
    f = jnp.maximum(loss, -1)  # (9)  at a tie the gradient goes to loss
    return f, (w, x, z, safe, safe2, safe3, loss)


def loss_backward(cache, df=1.0):
    w, x, z, safe, safe2, safe3, loss = cache
    df = jnp.asarray(df, w.dtype)
    # f = jnp.maximum(loss, -1)  (9)
    dloss = jnp.where(loss >= -1, df, 0.0)
    # loss = jnp.where(z > 0, logsafe, safe2safe3)  (8)
    dlogsafe = jnp.where(z > 0, dloss, 0.0)
    dsafe2safe3 = jnp.where(z > 0, 0.0, dloss)
    # safe2safe3 = safe2*safe3  (7)
    dsafe2 = safe3*dsafe2safe3
    dsafe3 = safe2*dsafe2safe3
    # safe3 = jnp.where(z > 0, 1.0, z)  (6)
    dz = dsafe3
    # safe2 = jnp.where(z > 0, 1.0, w[2])  (5)
    dw = jnp.zeros_like(w)
    dw = dw.at[2].add(dsafe2)
    # logsafe = jnp.log(safe)  (4)
    dsafe = dlogsafe/jnp.where(dlogsafe != 0, safe, 1.0)
    # safe = jnp.where(z > 0, z, 1.0)  (3)
    dz = dz + dsafe
    # z = w0x + w[1]  (2)
    dw = dw.at[1].add(dz)
    dw0x = dz
    # w0x = w[0]*x  (1)
    dw = dw.at[0].add(x*dw0x)
    return {"w": dw}


def loss_value_and_grad(w, x):
    f, cache = loss_forward(w, x)
    return f, loss_backward(cache)


@jax.custom_vjp
def loss(w, x):
    """The value; its gradient is the backward pass above."""
    return loss_forward(w, x)[0]


def loss_ahead(w, x):
    value, cache = loss_forward(w, x)
    return value, (cache, w, x)


def loss_back(kept, df):
    cache, w, x = kept
    grads = loss_backward(cache, df)
    return (fitted(grads["w"], w), None)


loss.defvjp(loss_ahead, loss_back)


def as_float(x):
    """The input as an array of floats."""
    x = jnp.asarray(x)
    return x if jnp.issubdtype(x.dtype, jnp.floating) else x.astype(float)


def as_array(name, x, *shape):
    """The input as an array of floats of the given shape, in which a name stands for any size."""
    x = as_float(x)
    if x.ndim != len(shape) or any(want != size and type(want) is not str for want, size in zip(shape, x.shape)):
        raise ValueError(f"{name}: shape ({', '.join(map(str, shape))}) is expected, not {x.shape}")
    return x


def as_number(name, x, *others):
    """The input as a number; one of Python's own takes the precision of the arrays."""
    return as_array(name, x)


def fitted(dx, x):
    """A gradient at every point as one of x: summed over the axes along which x was broadcast, in its precision."""
    x, dx = jnp.asarray(x), jnp.asarray(dx)
    dx = jnp.broadcast_to(dx, jnp.broadcast_shapes(dx.shape, x.shape))
    dx = jnp.sum(dx, axis=tuple(range(dx.ndim - x.ndim)))
    spread = tuple(a for a in range(x.ndim) if x.shape[a] == 1 != dx.shape[a])
    return jnp.sum(dx, axis=spread, keepdims=True).astype(x.dtype)
