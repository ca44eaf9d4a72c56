"""Further lines of NumPy beside those of test_idioms: equal in both styles and precisions, or refused by name."""

from __future__ import annotations

import pytest

from tests import test_idioms

IDIOMS = [line for line in """
np.r_[0.0, x]
np.r_[x, y, 1.0]
np.c_[x, y]
np.c_[np.ones(4), x]
np.mgrid[0:3, 0:4][0]*A
np.ogrid[0:3, 0:4][1]*A
np.add.outer(p, q)
np.subtract.outer(x, p)
np.multiply.outer(p, x)
np.maximum.outer(p, q)
np.add.reduce(A)
np.multiply.reduce(p)
np.maximum.reduce(A, axis=1)
np.logaddexp.reduce(x)
np.add.accumulate(x)
np.maximum.accumulate(x)
np.median(A, axis=0)
np.median(p)
np.quantile(A, 0.25, axis=1)
np.percentile(x, [25, 75])
np.quantile(x, 0.9)
np.nanmean(x)
np.nanmax(A, axis=0)
np.nan_to_num(x)*2
np.where(np.isnan(x), 0.0, x)
np.where(np.isfinite(x), x**2, 0.0)
np.isinf(x)*x
np.interp(0.9*x, [0.0, 1.0, 2.0], [1.0, 3.0, 2.0])
np.interp(s, [0.0, 1.0], q[:2])
np.count_nonzero(x > 0)*s
np.count_nonzero(A > 0, axis=0)*x
np.digitize(x, [0.0, 1.0])*s
np.delete(x, 1)
np.delete(A, 0, axis=0)
np.delete(A, [0, 2], axis=1)
np.insert(x, 2, s)
np.insert(x, 0, 3.0)
np.insert(A, 1, x, axis=0)
np.trunc(x + 0.1)*s
np.fix(x + 0.1)*s
np.copysign(x, y)
np.fmod(x, 0.7)
np.sign(x)*y
np.float_power(np.abs(x), 1.5)
np.reciprocal(p)
np.true_divide(x, p[0])
np.negative(x)
np.positive(x)
np.cbrt(x)
np.exp2(x)
np.log1p(np.abs(x))
np.expm1(x)
np.log10(p)
np.log2(p)
np.hypot(x, y)
np.arctan2(x, y)
np.sinc(x)
np.heaviside(x, 0.5)*s
np.logaddexp(x, y)
np.logaddexp2(x, y)
np.floor(x + 0.1)*s
np.ceil(x + 0.1) + x
np.rint(x + 0.1)*x
np.round(x + 0.1)*s
x % 0.7
x // 0.72*s
np.mod(x, 2.3)
divmod(s, 0.32)[1]
np.fabs(x)
np.absolute(x)
np.power(np.abs(x), y)
np.arcsinh(x)
np.arctanh(x/4)
np.tanh(x)**2
np.unwrap(x)
np.clip(x, y - 1.1, y + 1)
np.maximum(np.maximum(x, 0), y)
np.fmax(x, y)
np.fmin(x, 0.6)
np.linalg.norm(A)
np.linalg.norm(A, axis=0, keepdims=True)
np.linalg.norm(x, 2)
np.linalg.norm(A, 'fro')
np.linalg.slogdet(M)[1]
np.linalg.pinv(A)
np.linalg.cholesky(M @ M.T)
np.linalg.lstsq(A.T, x, rcond=None)[0]
np.linalg.solve(M, N)
np.linalg.inv(M)[0]
np.linalg.det(M @ N)
np.linalg.matrix_power(M, 2) @ p
M @ np.linalg.inv(M + N @ N.T)
np.sum(M*N)
np.sum(A, axis=(0, 1))
np.sum(T, axis=(-1, 0), keepdims=True)
np.mean(T, axis=(0, 2))
np.prod(A, axis=1)
np.max(T, axis=(1, 2))
np.cumsum(A[::-1], axis=0)[::-1]
np.diff(np.r_[0.0, x])
np.diff(A, n=2, axis=1)
np.tril(M) + np.triu(M, 1).T
M[np.diag_indices(3)]
M[np.arange(3), np.arange(3)]
M[np.arange(3)[::-1], np.arange(3)]
A[::-1].T
A[:, ::2]
A[-1, ::-1]
T[..., 0]
T[..., None].shape[0]*s**2
T[0, ..., 1]
T[:, 1:, ::2]
A[1:2]
A[[2, 0, 1]]
A[:, [3, 0]]
A[[0, 1], :][:, [1, 2]]
A[np.array([True, False, True])]
x[np.array([0, 2])]
x[[0, -1]]
x[(1, 2),]
A[(0, 1)]
A[j, :2]
A[j].mean(axis=0)
A[..., k]
np.take(A, k, axis=-1)
x[np.where(x > 0)].sum()
x[x > 0].sum()
A[x[:3] > 0].sum(axis=0)
np.sum(x[x < 1]*y[x < 1])
np.sum(x, where=x > 0)
np.mean(A[:, x > 0])
(x > 0).sum()*s
(x > 0).astype(float)*y
np.all(x > -5)*s
np.any(x > 5)*s
np.logical_and(x > 0, y > 0)*x
~(x > 0)*y
(x > 0) & (y < 1)
np.array([x[0], y[1]])[::-1]
np.array([[x[0], 1.0], [0.0, y[0]]]) @ p[:2]
np.asarray([x, y]).T
np.stack([x, y, x*y]).sum(axis=0)
np.concatenate([x[:1], (x[1:] + x[:-1])/2, x[-1:]])
np.concatenate([A, A], axis=None)
np.hstack([A, p[:, None]])
np.vstack([x, np.zeros(4)])
np.column_stack([x, x**2, x**3])
np.row_stack([x, y])
np.tile(x, (3, 1)).T
np.repeat(x[:, None], 3, axis=1)
np.broadcast_to(x, (2, 4)).sum(0)
np.expand_dims(A, -1).squeeze()
np.transpose(T, (0, 2, 1)) @ A.T[:, :3].T
np.swapaxes(T, -1, -2)[0]
np.rollaxis(T, 2)
np.moveaxis(T, 2, 0)[1]
np.reshape(A, -1, order='C')
A.reshape(-1, 2).sum(1)
A.ravel()[::5]
np.pad(A, ((1, 0), (0, 0)), mode='edge')
np.pad(x, (2, 1), mode='symmetric')
np.flip(x, axis=0)*y
np.rot90(M)
np.identity(3)[k[:2] % 3] @ p
np.eye(4)[k] @ x
np.eye(3, k=1) @ p
np.ones((2, 3)) @ p
np.zeros(3) + p
np.full((3,), s)*p
np.full_like(A, 0.5)*A
np.arange(3)[::-1]*p
np.arange(2, 8, 2)*p
np.linspace(s, 2.0, 3)
np.linspace(-1, 1, 4)**2*x
np.geomspace(1, 8, 4)*x
np.outer(x, y)[np.triu_indices(4, 1)].sum()
np.triu(np.outer(x, y), 1).sum()
np.trace(np.outer(p, q))
np.einsum('ij,kj->ik', A, A)
np.einsum('i,i,i->', p, q, p)
np.einsum('ijk,k->ij', T, x)
np.einsum('ii->i', N)*p
np.tensordot(M, p, axes=([1], [0]))
np.inner(A, A)
np.vdot(x, y)
np.kron(p, M)
np.polyval(p, x)
np.polynomial.polynomial.polyval(x, p)
np.trapezoid(A, dx=0.5, axis=1)
np.gradient(x, 2.0)
np.correlate(x, p, mode='same')
np.cov(x, y)
np.corrcoef(x, y)
np.histogram(x)
np.bincount(j)
np.ptp(A)
np.average(x, weights=np.abs(y))
np.array(s)*x
np.float64(2.0)*x
np.sum([x, y], axis=0)
np.mean([s, x[0], y[1]])
np.max([s, x[0]])
np.dot(x, np.ones(4))
np.dot(T, x)
np.cross(p, q)[2]
np.size(A)*s**2
np.shape(A)[1]*s**2
np.ndim(T)*s**2
len(A)*x
A.shape[0]*s**2 + A.size
sum(x)
max(x[0], x[1])
abs(x)
min(p)*q
x.clip(-1, 1).mean()
x.prod()
x.dot(y)
A.T.dot(p)
A.std(ddof=1)
A.var(0, ddof=1)
x.cumprod()
(x + 0.1).round()*s
M.trace()*s
A.max(axis=(0, 1))
A.min(1)
x.repeat(2)
x.take([0, 3])
A.swapaxes(0, 1)
A.flatten()[1:3]
x.tolist()[0]*s
x.item(2)*s
x.nonzero()
x.fill(0)
""".strip().splitlines() if line]  # fmt: skip

# Lines that NumPy takes and gradc refuses, each with a way out in its error.
REFUSED = {
    "np.unwrap(x)",
    "np.rollaxis(T, 2)",
    "np.polynomial.polynomial.polyval(x, p)",
    "np.histogram(x)",
    "np.bincount(j)",
    "x.nonzero()",
    "x.fill(0)",
    "x.item(2)*s",
    "np.mean(A[:, x > 0])",
    "x[(1, 2),]",
}


@pytest.mark.parametrize("idiom", IDIOMS)
def test_an_idiom_is_numpys_or_is_refused_with_a_way_out(idiom: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_idioms, "REFUSED", REFUSED)
    test_idioms.test_an_idiom_is_numpys_or_is_refused_with_a_way_out(idiom)


def test_there_are_many_and_all_are_new() -> None:
    assert len(IDIOMS) >= 200
    assert len(set(IDIOMS)) == len(IDIOMS)
    assert not set(IDIOMS) & set(test_idioms.IDIOMS)
    assert set(IDIOMS) >= REFUSED
