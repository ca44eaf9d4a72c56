"""Forward and backward pass, compiled by gradc fd11d0aa8aaa.

    w: [3]
    z = w[0]*x + w[1]
    loss = where(z > 0, log(z), w[2]*z)
    max(loss, -1)

Inputs: w: (3,), x (the others are numbers).
Gradient with respect to: w.
Operations: forward 14, backward 101; together 8.21 times the forward pass alone.
"""

import torch


def loss_forward(w, x):
    w = as_array("w", w, 3)
    x = as_number("x", x, w)
    w0x = w[0]*x  # (1)
    z = w0x + w[1]  # (2)
    safe = torch.where(z > 0, z, 1.0)  # (3)  safe where the branch is not taken
    logsafe = torch.log(safe)  # (4)
    safe2 = torch.where(z > 0, 1.0, w[2])  # (5)  safe where the branch is not taken
    safe3 = torch.where(z > 0, 1.0, z)  # (6)  safe where the branch is not taken
    safe2safe3 = safe2*safe3  # (7)
    loss = torch.where(z > 0, logsafe, safe2safe3)  # (8)
    f = torch.maximum(loss, loss.new_tensor(-1))  # (9)  at a tie the gradient goes to loss
    return f, (w, x, z, safe, safe2, safe3, loss)


def loss_backward(cache, df=1.0):
    w, x, z, safe, safe2, safe3, loss = cache
    df = torch.as_tensor(df, dtype=w.dtype, device=w.device)
    # f = torch.maximum(loss, loss.new_tensor(-1))  (9)
    dloss = torch.where(loss >= -1, df, 0.0)
    # loss = torch.where(z > 0, logsafe, safe2safe3)  (8)
    dlogsafe = torch.where(z > 0, dloss, 0.0)
    dsafe2safe3 = torch.where(z > 0, 0.0, dloss)
    # safe2safe3 = safe2*safe3  (7)
    dsafe2 = safe3*dsafe2safe3
    dsafe3 = safe2*dsafe2safe3
    # safe3 = torch.where(z > 0, 1.0, z)  (6)
    dz = dsafe3
    # safe2 = torch.where(z > 0, 1.0, w[2])  (5)
    dw = torch.zeros_like(w)
    dw = added_at(dw, dsafe2, 2)
    # logsafe = torch.log(safe)  (4)
    dsafe = dlogsafe/torch.where(dlogsafe != 0, safe, 1.0)
    # safe = torch.where(z > 0, z, 1.0)  (3)
    dz = dz + dsafe
    # z = w0x + w[1]  (2)
    dw = added_at(dw, dz, 1)
    dw0x = dz
    # w0x = w[0]*x  (1)
    dw = added_at(dw, x*dw0x, 0)
    return {"w": dw}


def loss_value_and_grad(w, x):
    f, cache = loss_forward(w, x)
    return f, loss_backward(cache)


class Loss(torch.autograd.Function):
    """The passes above as one node of torch's graph; nothing is recorded inside."""

    @staticmethod
    def forward(ctx, w, x):
        value, cache = loss_forward(w, x)
        ctx.save_for_backward(*cache)
        return value

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, df):
        cache = ctx.saved_tensors
        grads = loss_backward(cache, df)
        return grads["w"] if ctx.needs_input_grad[0] else None, None


def loss(w, x):
    """The value; its gradient in torch's graph is the backward pass above."""
    return Loss.apply(w, x)


def as_float(x):
    """The input as a tensor of floats."""
    x = torch.as_tensor(x)
    return x if x.is_floating_point() else x.to(torch.get_default_dtype())


def as_array(name, x, *shape):
    """The input as a tensor of floats of the given shape, in which a name stands for any size."""
    x = as_float(x)
    if x.ndim != len(shape) or any(want != size and type(want) is not str for want, size in zip(shape, x.shape)):
        raise ValueError(f"{name}: shape ({', '.join(map(str, shape))}) is expected, not {tuple(x.shape)}")
    return x


def as_number(name, x, *others):
    """The input as a number; one of Python's own takes the precision and the device of the tensors."""
    return as_array(name, x if isinstance(x, torch.Tensor) else others[0].new_tensor(x))


def added_at(x, v, *index):
    """x with v added at an index; x itself stays as it is."""
    places = picked(torch.arange(x.numel(), device=x.device).reshape(x.shape), *index)
    more = torch.broadcast_to(torch.as_tensor(v, dtype=x.dtype, device=x.device), places.shape).reshape(-1)
    return x.reshape(-1).index_add(0, places.reshape(-1), more).reshape(x.shape)


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
