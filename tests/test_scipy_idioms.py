"""What people write with SciPy, NumPy and Python beside what these give: equal, their slopes beside differences."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gradc
from tests.support import shapes_in

scipy = pytest.importorskip("scipy")
stats = pytest.importorskip("scipy.stats")
for _part in ("spatial.distance", "signal", "integrate"):
    pytest.importorskip(f"scipy.{_part}")

A = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, -0.2], [0.1, -0.2, 1.0]])
X, V = np.arange(6.0).reshape(3, 2) / 3 - 0.9, np.array([0.5, 1.5, -1.0])
GIVEN = {"A": A, "X": X, "V": V}
# Central differences of this step, and what they are worth.
STEP, TOLERANCE = 1e-5, 1e-6

IDIOMS = """
stats.norm(0, 1).pdf(V).sum()
stats.norm(loc=V[0], scale=2).logpdf(V).sum()
stats.norm.isf(V[0])
(lambda N, n: N(V[0])*n(V[1]))(stats.norm.cdf, norm.pdf)
norm(V[0], 2).logpdf(V).sum()
stats.t.pdf(V, 4).sum()
stats.t(df=3, loc=V[1]).logpdf(V).sum()
stats.expon.pdf(V[0], 0, 2)
stats.expon.cdf(V[1], scale=V[0])
stats.lognorm.logpdf(V[0], s=0.5)
stats.lognorm.logpdf(V[0], 0.5, scale=2)
stats.lognorm.sf(V[1], 0.5)
stats.weibull_min.logpdf(V[0], 1.5)
stats.weibull_min.sf(V[0], V[1], scale=2)
stats.pareto.logpdf(V[1], 2.0)
stats.uniform.logpdf(V[:2], 0, 2).sum()
stats.uniform.logpdf(V, -3, 5).sum()
stats.poisson.pmf(3, V[1])
stats.nbinom.logpmf(2, 3.0, V[0])
stats.nbinom.pmf(2, 3.0, V[0], loc=1)
stats.geom.logpmf(2, V[0])
stats.chi2.logpdf(V[0], 3)
stats.invgamma.logpdf(V[0], 2.0)
stats.invgamma.logpdf(V[0], 2.0, scale=1.5)
stats.invgauss.logpdf(V[0], V[1])
stats.halfnorm.logpdf(V[0], scale=V[1])
stats.halfcauchy.logpdf(V[0])
stats.truncnorm.logpdf(V[0], -1, 1)
stats.truncnorm.pdf(V, -1.2, 1).sum()
stats.skewnorm.pdf(V, 2.0).sum()
stats.vonmises.logpdf(V, 2.0).sum()
stats.gumbel_r.logpdf(V, V[0]).sum()
stats.gumbel_l.logpdf(V).sum()
stats.rayleigh.logpdf(V[0])
stats.cauchy.cdf(V).sum()
stats.logistic.ppf(V[0], 1, 2)
stats.multivariate_normal.logpdf(V, mean=np.zeros(3), cov=A)
stats.multivariate_normal(np.zeros(3), A).logpdf(V)
stats.multivariate_normal.logpdf(X, X[0], A[:2, :2]).sum()
stats.dirichlet.logpdf([0.2, 0.3, 0.5], V + 2)
scipy.spatial.distance.cdist(X, X + 1).sum()
scipy.spatial.distance.cdist(X, X + 1, 'sqeuclidean').sum()
scipy.spatial.distance.cdist(X, X + 1, metric='cityblock').sum()
scipy.special.huber(1.0, V).sum()
scipy.special.logsumexp(V, b=[1, 2, 3])
scipy.special.logsumexp(X, axis=1, keepdims=True, b=0.5).sum()
scipy.linalg.solve(A, V, assume_a='pos').sum()
X.flatten('F')[1]
X.ravel(order='F')[1]
np.extract(V > 0, V).sum()
np.ediff1d(V).prod()
np.fromiter((v**2 for v in V), dtype=float).sum()
np.matrix_transpose(A)[0, 1]
math.fsum([V[0], V[1]])
math.log(V[0], 2)
math.log(V[0], V[1])
sorted(V)[0]*sorted(V, reverse=True)[1]
sorted([V[0], 2*V[1], -V[2]])[1]
dict(zip('abc', V))['b']
np.indices((3, 2))[0].sum() + (np.indices((3, 2))[1]*X).sum()
sum(g.sum()*k for k, g in enumerate(np.meshgrid(V, X[:, 0], V[:2], indexing='ij')))
np.full((3, 2), True).sum()*V[0]
X[~np.eye(3, 2, dtype=bool)].sum()
(np.zeros(()) + V[0]) * np.ones(())
np.array((V[0], V[1]**2)).sum()
np.array(((V[0], V[1]), [V[2], 1])).prod()
np.linalg.norm((V[0], V[1]))
np.exp((V[0], V[1])).sum()
(V*(1, 2, 3)).sum()
(2*np.array([[1, 2], [3, 4]]))[1, ::-1] @ V[:2]
X[np.array([[0, 1], [2, 0]])[:, 1]].sum() + np.array([0.1, 0.2])[-1]*V[0]
sum(V, 2)
V[0]*np.isscalar(V[1]) + V[1]*np.isscalar(V)
np.sum(np.polynomial.legendre.leggauss(5)[1]*np.exp(V[0]*np.polynomial.legendre.leggauss(5)[0]))
sum(w*np.sin(V[1] + t) for t, w in zip(*np.polynomial.hermite.hermgauss(4)))
scipy.special.roots_legendre(3)[0][2]*V[0] + np.polynomial.chebyshev.chebgauss(3)[0] @ V
scipy.special.multigammaln(V[0] + 2, 3)
scipy.special.binom(V[1] + 3, V[0])
scipy.special.comb(V[1] + 3, 2)
scipy.special.poch(V[0], V[1])
scipy.special.rgamma(V[1])
scipy.special.exprel(V).sum()
scipy.special.cosm1(V).sum()
scipy.special.pseudo_huber(1.5, V).sum()
scipy.special.inv_boxcox(V[0], V[1]) + scipy.special.inv_boxcox1p(V[0], 0.0)
scipy.special.boxcox1p(V[0], V[1]) + scipy.special.boxcox1p(V[1], 0)
scipy.special.eval_legendre(4, V).sum() + scipy.special.eval_legendre(0, V).sum()
scipy.special.eval_chebyt(3, V).sum() - scipy.special.eval_chebyu(2, V).sum()
scipy.special.eval_hermite(4, V).sum() + scipy.special.eval_hermitenorm(3, V[0])
scipy.special.kv(1.5, V[0]) + scipy.special.k0(V[1]) + scipy.special.yn(2, V[1])
scipy.special.iv(0.5, V[0]) + scipy.special.jv(2, V).sum() + scipy.special.ive(3, V[1])
scipy.special.exp1(V[0]) + scipy.special.expi(V[1]) + scipy.special.erfcx(V).sum()
np.asarray_chkfinite(V).sum()
scipy.special.gammainc(2.5, V[0]) + scipy.special.gammaincc(1.5, V[1]) - scipy.special.betainc(2.0, 3.5, V[0])
scipy.special.stdtr(3, V).sum() + stats.t(4).cdf(V[0]) + stats.chi2.logsf(V[1], 3)
np.apply_along_axis(lambda v: v/(v @ v), 1, A).sum() + np.apply_along_axis(np.prod, 0, A) @ V
np.apply_along_axis(lambda v: v[::-1]*v[0], 0, X)[0, 1]
np.fromfunction(lambda i, j: np.exp(-V[0]*np.abs(i - j)), (3, 2)).sum()
np.piecewise(V, [V < 0, V > 1], [lambda t: -2*t, lambda t: t**3, 5.0]).sum()
np.piecewise(V, [V < 0, V < -0.5], [np.square(V[0]), lambda t: t*V[1]]).sum()
scipy.signal.lfilter([1.0, V[0]], [2.0, V[1], 0.3], X[:, 0]).sum()
scipy.integrate.cumulative_trapezoid(V, [0.0, 1.0, 3.0], initial=0)[-1]
np.polyval(np.polyder(V), 0.7) + np.polyder(V, 2)[0]
scipy.special.eval_laguerre(3, V).sum()
""".strip().split("\n")
IDIOMS = [each for each in IDIOMS if "matrix_transpose" not in each or hasattr(np, "matrix_transpose")]


@pytest.mark.parametrize("program", IDIOMS)
def test_as_python_has_it(program: str) -> None:
    wanted = eval(program, {"np": np, "math": math, "scipy": scipy, "stats": stats, "norm": stats.norm, **GIVEN})
    fn = gradc.compile(program, shapes=shapes_in(program, GIVEN))
    given = {name: GIVEN[name] for name in fn.inputs}
    value, grads = fn.value_and_grad(**given)
    assert value == pytest.approx(float(wanted), rel=1e-13)
    for name, grad in grads.items():
        step = np.random.default_rng(1).normal(size=given[name].shape)
        ends = [fn(**{**given, name: given[name] + h * step}) for h in (STEP, -STEP)]
        assert np.sum(grad * step) == pytest.approx((ends[0] - ends[1]) / (2 * STEP), rel=TOLERANCE, abs=TOLERANCE)
