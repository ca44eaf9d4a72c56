"""NumPy's idioms, as programs write them: each gives what NumPy gives, or is refused with a way out; none in silence.

A line is evaluated by NumPy and by gradc, in both styles and in either precision; its gradient is held against
differences of NumPy's own values.
"""

from __future__ import annotations

import copy
import re
import warnings
from typing import Any

import numpy as np
import pytest

import gradc
from gradc import GradcError
from tests.support import NUMPY_2

RNG = np.random.default_rng(20)

# What the names stand for.
ARRAYS: dict[str, Any] = {
    "s": np.array(0.7),
    "x": np.array([0.5, -1.25, 2.0, 0.75]),
    "y": np.array([1.5, 0.25, -0.5, 3.0]),
    "p": np.array([0.5, 1.25, 2.0]),
    "q": np.array([1.0, -0.5, 0.25]),
    "A": RNG.normal(size=(3, 4)),
    "B": RNG.normal(size=(4, 2)),
    "M": RNG.normal(size=(3, 3)) + 3 * np.eye(3),
    "N": RNG.normal(size=(3, 3)),
    "T": RNG.normal(size=(2, 3, 4)),
    "U": RNG.normal(size=(2, 4, 3)),
    "X": RNG.normal(size=(2, 2, 5, 6)),
    "W": RNG.normal(size=(3, 2, 3, 2)),
    "z": np.array([2.0, 0.0, 3.0, 0.0]),
    "i": np.array(2),
    "j": np.array([2, 0, 2]),
    "k": np.array([1, 3, 0]),
    "J": np.array([[1, 0], [3, 3], [2, 1]]),
}
INTEGERS = ("i", "j", "k", "J")

IDIOMS = """
np.cumsum(x)
x.cumsum()
np.cumsum(A)
np.cumsum(A, axis=0)
A.cumsum(1)
np.cumsum(T, axis=-1)
np.cumsum(x[::-1])[::-1]
np.cumprod(x)
np.cumprod(A, axis=1)
A.cumprod(axis=0)
np.cumprod(z)
np.diff(x)
np.diff(x, 2)
np.diff(x, n=2)
np.diff(A, axis=0)
np.diff(A)
np.diff(x, prepend=0)
np.diff(x, append=x[0:1])
np.flip(x)
np.flip(A)
np.flip(A, 0)
np.flip(T, axis=(0, 2))
np.flipud(A)
np.fliplr(A)
x[::-1]
A[::-1, ::-1]
np.roll(x, 1)
np.roll(x, -2)
np.roll(A, 1)
np.roll(A, 1, axis=0)
np.roll(A, -1, axis=1)
np.roll(A, (1, 2), axis=(0, 1))
np.roll(x, 1) - 2*x + np.roll(x, -1)
np.repeat(x, 3)
np.repeat(A, 2)
np.repeat(A, 2, axis=0)
np.repeat(A, 3, axis=1)
np.repeat(p, [1, 0, 2])
np.repeat(s, 3)
A.repeat(2, axis=0)
np.tile(x, 2)
np.tile(x, (2, 1))
np.tile(A, 2)
np.tile(A, (2, 3))
np.tile(A, (2, 1, 1))
np.tile(s, 3)
np.concatenate([x, y])
np.concatenate((x, y))
np.concatenate([A, M], axis=1)
np.concatenate([A, A[:1]], axis=0)
np.concatenate([x, [1.0, 2.0]])
np.stack([x, y])
np.stack([x, y], axis=1)
np.stack([x, y], axis=-1)
np.stack((p, q), 0)
np.hstack([x, y])
np.hstack((A, M))
np.hstack([s, s*2])
np.vstack([x, y])
np.vstack((A, x))
np.vstack([A, x, y])
np.dstack([A, 2*A])
np.dstack([x, y])
np.column_stack([x, y])
np.column_stack([p, A])
np.column_stack([np.ones(4), x])
np.column_stack((np.zeros(3), A))
np.append(x, y)
np.append(x, s)
np.append(A, A, axis=0)
np.append(A, p)
np.block([[M, N], [N, M]])
np.block([x, y])
np.squeeze(A[None])
np.squeeze(A[:, :1])
np.squeeze(A[:, :1], axis=1)
A[None, :, :1].squeeze(-1)
np.expand_dims(x, 0)
np.expand_dims(x, 1)
np.expand_dims(A, (0, -1))
x[:, None]
x[np.newaxis, :]
A[:, None, :]
x[:, None]*y[None, :]
np.swapaxes(A, 0, 1)
T.swapaxes(1, 2)
T.swapaxes(-1, -2)
T.swapaxes(0, 2)
np.moveaxis(T, 0, -1)
np.moveaxis(T, -1, 0)
np.moveaxis(T, (0, 1), (1, 2))
np.transpose(A)
A.T
np.transpose(T, (2, 0, 1))
T.transpose(1, 0, 2)
np.ravel(A)
A.ravel()
A.flatten()
T.reshape(-1)
A.reshape(2, 6)
A.reshape((4, 3))
np.reshape(T, (2, -1))
T.reshape(2, -1).T
np.broadcast_to(x, (3, 4))
np.broadcast_to(p[:, None], (3, 4))
np.broadcast_to(s, (2, 3))
np.atleast_1d(s)
np.atleast_2d(x)
np.pad(x, 1)
np.pad(x, (1, 2))
np.pad(A, 1)
np.pad(A, ((1, 0), (0, 2)))
np.pad(A, ((1, 1), (2, 2)), mode='constant')
np.pad(x, 2, constant_values=1.5)
np.pad(x, 2, mode='edge')
np.pad(x, 2, mode='reflect')
np.pad(x, 3, mode='wrap')
np.pad(A, 1, mode='symmetric')
np.pad(A, ((0, 0), (1, 1)), 'edge')
np.pad(x, (1, 0), constant_values=-np.inf)[1:]
np.diag(x)
np.diag(x, 1)
np.diag(x, k=-2)
np.diag(M)
np.diag(M, 1)
np.diag(A)
np.diagonal(M)
np.diagonal(A, offset=1)
np.diagonal(T, axis1=0, axis2=2)
np.diagonal(T, 0, 1, 2)
M.diagonal()
np.diagflat(A)
np.trace(M)
M.trace()
np.trace(M @ N)
np.trace(A, offset=1)
np.tril(M)
np.tril(M, -1)
np.triu(M)
np.triu(M, k=1)
np.tril(A)
np.triu(T, 1)
np.tril(np.ones((3, 3)))*M
np.where(np.tril(np.ones((3, 3))) > 0, M, -1e10)
np.where(np.tri(3) == 1, M, 0.0)
np.eye(3)*s
M + np.eye(3)
np.eye(3)[j] @ p
np.eye(3, 4)*A
np.identity(3) - M
np.zeros(4) + x
np.zeros((3, 4)) + A
np.zeros_like(A) + A
np.ones_like(x)*s
np.ones((2, 3))*s
np.full(3, s)
np.full((2, 2), 7.0)*s
np.full_like(x, 2)*x
np.arange(4)*x
np.arange(1, 5)*x
np.arange(0, 8, 2)*x
np.arange(4.0)*x
np.arange(0, 1, 0.25)*x
x**np.arange(4)
np.linspace(0, 1, 4)*x
np.linspace(0, 1, 4, endpoint=False)*x
np.linspace(0, s, 5)
np.logspace(0, 2, 4)*x
np.array([1.0, 2.0, 3.0, 4.0])*x
np.array([[1, 2, 3, 4], [5, 6, 7, 8]]) @ x
np.array([s, 2*s, 1.0])
np.array([[s, 0], [1, s**2]])
np.array([x, y])
np.asarray(x)*2
np.array([p[0], q[1], 0.0])
np.cross(p, q)
np.cross(M, N)
np.cross(p, M)
np.cross(M, N, axis=0)
np.cross(x[:2], y[:2])
np.kron(p, q)
np.kron(M, N)
np.kron(np.eye(2), M)
np.inner(p, q)
np.inner(A, x)
np.inner(M, N)
np.inner(s, x)
np.vdot(p, q)
np.vdot(A, 2*A)
np.outer(p, q)
np.outer(x, p)
np.outer(A, p)
np.dot(p, q)
np.dot(A, B)
np.dot(A, x)
np.dot(s, x)
A.dot(B)
A @ B
A @ x
T @ B
T @ U
np.matmul(T, U)
np.linalg.multi_dot([M, N, p])
np.linalg.matrix_power(M, 3)
np.linalg.matrix_power(M, 0)*s
np.linalg.matrix_power(M, -1)
np.einsum('i,i->', p, q)
np.einsum('i,i', p, q)
np.einsum('i,j->ij', p, q)
np.einsum('ij,jk->ik', A, B)
np.einsum('ij,jk', A, B)
np.einsum('ij->ji', A)
np.einsum('ij->', A)
np.einsum('ij->i', A)
np.einsum('ij->j', A)
np.einsum('ii->i', M)
np.einsum('ii', M)
np.einsum('ii->', M)
np.einsum('ij,ij->', M, N)
np.einsum('ij,ji->', M, N)
np.einsum('bij,bjk->bik', T, U)
np.einsum('...ij,...jk->...ik', T, U)
np.einsum('...i,...i->...', M, N)
np.einsum('ij,j->i', A, x)
np.einsum('ij,j', A, x)
np.einsum('i,ij,j->', p, M, q)
np.einsum('ni,ij,nj->n', M, N, M)
np.einsum('ij,jk,kl->il', M, N, A)
np.einsum('bij->bji', T)
np.einsum('bij,j->b', T, x)
np.einsum('ij,k->ijk', M, p)
np.einsum('bij->ij', T)
np.einsum("i, i -> i", p, q)
np.einsum('nc,nd->cd', M, A)
np.tensordot(A, B, 1)
np.tensordot(A, B, axes=1)
np.tensordot(M, N, axes=2)
np.tensordot(T, A, axes=([1, 2], [0, 1]))
np.tensordot(T, A, axes=((1,), (0,)))
np.tensordot(T, U, axes=([0, 1], [0, 2]))
np.tensordot(p, q, axes=0)
np.var(x)
x.var()
np.var(A, axis=0)
A.var(axis=1, keepdims=True)
np.var(x, ddof=1)
T.var(axis=(1, 2))
np.std(x)
A.std(axis=0)
np.std(A, axis=1, ddof=1)
(A - A.mean(axis=0))/A.std(axis=0)
(A - A.mean(axis=1, keepdims=True))/np.sqrt(A.var(axis=1, keepdims=True) + 1e-5)
np.average(x)
np.average(x, weights=[1.0, 2.0, 3.0, 4.0])
np.average(A, axis=0, weights=p)
np.average(A, axis=1)
np.ptp(x)
np.ptp(A, axis=0)
np.cov(A)
np.cov(A, rowvar=False)
np.cov(x)
np.sum(A, axis=0)
A.sum(1)
A.sum(axis=-1, keepdims=True)
T.sum(axis=(0, 2))
np.mean(A, axis=1)
A.mean()
np.max(A, axis=1)
A.max(axis=0, keepdims=True)
A.min()
np.prod(p)
np.amax(A, 0)
np.sort(x)
np.sort(A)
np.sort(A, axis=0)
np.sort(x)[::-1]
np.sort(x)[-2:]
x[np.argsort(x)]
x[np.argmax(x)]
A[np.arange(3), np.argmax(A, axis=1)]
A[np.argmin(p)]
x[i]
A[i]
A[i, 1]
A[:, i]
A[1, i + 1]
x[-i]
x[j]
A[j]
A[j, k]
A[:, k]
A[j][:, k]
A[j[:, None], k]
A[np.ix_(j, k)]
A[np.arange(3), k]
A[range(3), k]
A[np.arange(len(k)), k]
A[np.arange(k.shape[0]), k]
A[[0, 2], [1, 3]]
A[[0, 2]]
A[:, [0, 2]]
T[:, j]
T[:, j, k]
T[0, j]
T[0, :, k]
T[..., k]
T[:, j, 1:3]
x[J]
A[J % 3]
p[j] - p[k[2:][[0, 0, 0]]]
-A[np.arange(3), k].mean()
np.take(x, j)
x.take(j)
np.take(A, j, axis=0)
np.take(A, k, axis=1)
np.take(A, [0, 5])
np.take_along_axis(A, J, axis=1)
np.take_along_axis(A, k[:, None], 1)
np.take_along_axis(A, np.argsort(A, axis=1), axis=1)
A[np.arange(3), k] += 1
x[1:] - x[:-1]
x[1:]*x[:-1]
x[:2]
x[-1]
x[::2]
A[1:, :-1]
A[0]
A[..., 0]
A[:, -1]
np.convolve(x, p)
np.convolve(x, p, 'valid')
np.convolve(x, p, mode='same')
np.convolve(p, x, 'valid')
np.convolve(x, [0.25, 0.5, 0.25], 'same')
np.convolve(x, np.ones(2)/2, mode='valid')
np.correlate(x, p)
np.correlate(x, p, 'full')
np.correlate(p, x, 'valid')
np.trapezoid(x)
np.trapezoid(x, dx=0.5)
np.trapezoid(y, np.arange(4)*0.5)
np.trapezoid(A, axis=0)
np.gradient(x)
np.gradient(x, 0.5)
np.polyval(p, s)
np.polyval([1.0, 2.0, 3.0], x)
np.vander(p, 3)
np.vander(p, 3, increasing=True) @ q
np.radians(x)
np.degrees(x)
np.deg2rad(s)
np.rad2deg(s)
np.clip(x, 0, 1)
np.clip(x, None, 1)
np.clip(x, 0, None)
x.clip(0)
np.maximum(x, 0)
np.minimum(x, y)
np.where(x > 0, x, 0.1*x)
np.abs(x).sum()
np.linalg.norm(x)
np.linalg.norm(A, axis=1)
A/np.linalg.norm(A, axis=1, keepdims=True)
np.linalg.det(M)
np.linalg.inv(M)
np.linalg.solve(M, p)
np.linalg.solve(M, A)
np.exp(A)/np.exp(A).sum(1)[:, None]
np.exp(A)/np.sum(np.exp(A), axis=1, keepdims=True)
np.log(np.sum(np.exp(A), axis=1))
A - np.max(A, axis=1, keepdims=True)
np.sum((A[:, None, :] - A[None, :, :])**2, axis=2)
np.sum(A**2, 1)[:, None] + np.sum(A**2, 1) - 2*A @ A.T
np.sqrt(np.sum(x**2))
np.square(x)
np.power(p, 2)
np.split(x, 2)[1]
np.split(A, 2, axis=1)[0]*2
np.split(x, [1, 3])[1]
np.array_split(x, 3)[0]
np.hsplit(A, 2)[1]
np.vsplit(A, 3)[2]
np.meshgrid(p, x)[0]
np.meshgrid(p, x, indexing='ij')[1]
np.float64(s)*x
x.copy()*2
x.astype(float)*2
M[np.triu_indices(3)]
M[np.tril_indices(3, -1)]
np.select([x < 0, x < 1], [x**2, x], 2*x - 1)
np.select([x > 1], [x])
np.count_nonzero(x)*x
np.median(x)
np.unique(x)
x[x > 0]
A[A > 0].sum()
np.nonzero(x)
np.argwhere(x)
np.searchsorted(np.sort(x), y)
np.interp(s, p, q)
np.percentile(x, 50)
np.quantile(x, 0.5)
np.linalg.svd(M)
np.linalg.eigvals(M)
np.fft.fft(x)
np.apply_along_axis(np.sum, 0, A)
np.vectorize(abs)(x)
np.nansum(x)
np.choose(j, p)
np.add.at(x, j, 1)
np.take(x, j, mode='clip')
np.squeeze(A, 0)
np.cross(x, y)
np.diag(T)
np.einsum('ij,jk->ik', A, x)
np.einsum('ij->k', A)
np.einsum('ij,jk->iik', A, B)
np.reshape(A, (5, 2))
np.concatenate([A, x])
np.split(x, 3)
np.linspace(0, 1, i)
np.zeros(i)
A[5]
A[:, 4]
A[j, k, j]
A[s]
x[1.5]
x[y]
np.roll(x, s)
np.tile(x, s)
np.repeat(x, -1)
np.pad(x, -1)
np.pad(x, 1, mode='mean')
np.sum(A, axis=2)
np.cumsum(A, axis=5)
A @ p
np.dot(A, p)
np.tensordot(A, B, axes=2)
np.matrix([[1, 2]])
np.random.randn(3)
""".strip().splitlines()


def names_in(idiom: str) -> list[str]:
    """The arrays of a line, and no keywords of its calls."""
    words = re.findall(r"(?<![\w.'\"])[A-Za-z_]\w*\b(?!=[^=])", re.sub(r"'[^']*'|\"[^\"]*\"", "", idiom))
    return [word for word in dict.fromkeys(words) if word in ARRAYS]


def by_numpy(idiom: str, values: dict[str, Any]) -> Any:
    """What NumPy makes of a line; None where it makes none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return np.array(eval(idiom, {"np": np}, copy.deepcopy(values)))  # some lines change what they are given
        except Exception:
            return None


@pytest.mark.parametrize("idiom", IDIOMS)
def test_an_idiom_is_numpys_or_is_refused_with_a_way_out(idiom: str) -> None:
    names = names_in(idiom)
    given = {name: ARRAYS[name] for name in names}
    shapes = {name: np.shape(value) for name, value in given.items()}
    want = by_numpy(idiom, given)
    refused = ""
    try:
        fn = gradc.compile(f"out = {idiom}", shapes=shapes)
    except GradcError as error:
        refused = str(error)
    if refused:
        assert refused.count("\n") >= 2, "an error marks the place"
        assert idiom in REFUSED or want is None, refused
        return
    assert idiom not in REFUSED, "an idiom that is said to be refused is taken"
    if want is None:  # what NumPy refuses may be refused at the call: floats in the place of integers
        with pytest.raises((ValueError, IndexError)):
            fn(**given)
        return
    assert set(fn.wrt) == {name for name in fn.inputs if name not in INTEGERS or name not in fn.dag.integers}
    check(idiom, fn, given, want)
    fast = gradc.compile(f"out = {idiom}", shapes=shapes, style="fast")
    check(idiom, fast, given, want)


def check(idiom: str, fn: gradc.Function, given: dict[str, Any], want: Any) -> None:
    """Value, gradient and precision, by the library and by the module."""
    given = {name: given[name] for name in fn.inputs}
    module: dict[str, Any] = {}
    exec(fn.source, module)
    rng = np.random.default_rng(len(idiom))  # of the line alone, whatever ran before
    df = np.asarray(rng.normal(size=want.shape))
    both = {"df": df} if fn.shapes["out"] else {}
    value, grads = fn.value_and_grad(**given, **both)
    again, slopes = module["value_and_grad"](**given, **both)
    assert np.shape(value) == want.shape
    np.testing.assert_allclose(value, want, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(again, want, rtol=1e-13, atol=1e-13)
    weights = df if want.shape else 1.0
    for name in fn.wrt:
        assert np.shape(grads[name]) == np.shape(given[name])
        np.testing.assert_allclose(grads[name], slopes[name], rtol=1e-12, atol=1e-12)
        along = rng.normal(size=np.shape(given[name]))

        def moved(h: float, name: str = name, along: Any = along) -> Any:
            return by_numpy(idiom, {**given, name: given[name] + h * along}).astype(float)

        h = 1e-4
        slopes_here = (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h)
        slope = np.sum(weights * slopes_here)
        if np.isfinite(slope):
            assert np.sum(grads[name] * along) == pytest.approx(slope, rel=1e-7, abs=1e-7), name
    halves = {name: np.float32(value) if name not in fn.dag.integers else value for name, value in given.items()}
    if NUMPY_2 and any(name not in fn.dag.integers for name in given):
        value, cache = fn.forward(**halves)
        assert np.asarray(value).dtype == np.float32
        for name, slope in fn.backward(cache, *([np.float32(df)] if want.shape else [])).items():
            assert np.asarray(slope).dtype == np.float32, name


# Lines that NumPy takes and gradc refuses, each with a way out in its error.
REFUSED = {
    "np.unique(x)", "x[x > 0]", "np.nonzero(x)", "np.argwhere(x)",
    "np.linalg.eigvals(M)", "np.fft.fft(x)", "np.vectorize(abs)(x)",
    "np.choose(j, p)", "np.add.at(x, j, 1)", "np.take(x, j, mode='clip')", "np.linspace(0, 1, i)",
    "np.zeros(i)", "np.roll(x, s)", "np.pad(x, 1, mode='mean')", "np.matrix([[1, 2]])", "np.random.randn(3)",
}  # fmt: skip
