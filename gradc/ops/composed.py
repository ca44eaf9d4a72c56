"""Functions of learning and of statistics, as the gates that they consist of, under the names that people write.

>>> silu.lower, norm_logcdf.lower
('x*sigmoid(x)', 'log_ndtr((x - loc)/scale)')
"""

from __future__ import annotations

from gradc.ops.table import Op, Test, op

# ---- of neural networks --------------------------------------------------------------------------

silu = op(
    "silu(x)",
    doc="x*sigmoid(x), also called swish",
    lower="x*sigmoid(x)",
    aliases="swish SiLU",
    test=Test(sympy="x/(1 + exp(-x))"),
)
gelu = op(
    "gelu(x)",
    doc="x times the normal distribution function of x",
    lower="x*ndtr(x)",
    aliases="GELU",
    test=Test(sympy="x*erfc(-x/sqrt(2))/2"),
)
gelu_tanh = op(
    "gelu_tanh(x)",
    doc="gelu, approximated by tanh",
    lower="0.5*x*(1 + tanh(0.7978845608028654*(x + 0.044715*x**3)))",
    aliases="new_gelu",
    test=Test(sympy="x*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x**3)))/2", domain=[(-1.0, 3.0)]),
)
mish = op(
    "mish(x)",
    doc="x*tanh(softplus(x))",
    lower="x*tanh(softplus(x))",
    test=Test(sympy="x*tanh(log(1 + exp(x)))"),
)
elu = op(
    "elu(x, alpha)",
    doc="x above 0, alpha*(exp(x) - 1) below",
    lower="where(x > 0, x, alpha*expm1(x))",
    defaults={"alpha": 1.0},
    aliases="ELU",
    test=Test(sympy="Piecewise((x, x > 0), (alpha*(exp(x) - 1), True))"),
)
selu = op(
    "selu(x)",
    doc="elu that keeps mean and variance",
    lower="1.0507009873554805*where(x > 0, x, 1.6732632423543772*expm1(x))",
    aliases="SELU",
    test=Test(
        sympy="1.0507009873554805*Piecewise((x, x > 0), (1.6732632423543772*(exp(x) - 1), True))"
    ),
)
leaky_relu = op(
    "leaky_relu(x, negative_slope)",
    doc="x above 0, negative_slope*x below",
    lower="where(x > 0, x, negative_slope*x)",
    defaults={"negative_slope": 0.01},
    aliases="LeakyReLU",
    test=Test(sympy="Piecewise((x, x > 0), (negative_slope*x, True))"),
)
hardtanh = op(
    "hardtanh(x, min_val, max_val)",
    doc="x held between min_val and max_val",
    lower="minimum(maximum(x, min_val), max_val)",
    defaults={"min_val": -1.0, "max_val": 1.0},
    aliases="hard_tanh",
    test=Test(
        sympy="Min(Max(x, min_val), max_val)", domain=[(-3.0, 3.0), (-2.0, -1.0), (1.0, 2.0)]
    ),
)
relu6 = op(
    "relu6(x)",
    doc="x held between 0 and 6",
    lower="minimum(relu(x), 6.0)",
    test=Test(sympy="Min(Max(x, 0), 6)", domain=[(-3.0, 9.0)]),
)
huber = op(
    "huber(x, delta)",
    doc="x**2/2 where abs(x) <= delta, beyond it the tangent: Huber's loss of a residual",
    lower="where(abs(x) <= delta, 0.5*x**2, delta*(abs(x) - 0.5*delta))",
    defaults={"delta": 1.0},
    test=Test(
        sympy="Piecewise((x**2/2, Abs(x) <= delta), (delta*(Abs(x) - delta/2), True))",
        domain=[(-3.0, 3.0), (0.5, 2.0)],
    ),
)

# ---- distributions, as scipy.stats names them ----------------------------------------------------

# The logarithm of sqrt(2*pi), and one by it.
_LOG_ROOT = "0.9189385332046727"
_ROOT = "0.3989422804014327"
_Z = "(x - loc)/scale"
_SHIFTED = {"loc": 0.0, "scale": 1.0}


def _distribution(name: str, shapes: str, rows: dict[str, tuple[str, str]]) -> list[Op]:
    """The functions of a distribution with loc and scale: the rule of each, and its formula for SymPy."""
    params = f"x, {shapes}loc, scale"
    count = params.count(",") + 1
    return [
        op(
            f"{name}_{function}({params})",
            doc=f"scipy.stats.{name}.{function}",
            lower=rule,
            defaults=_SHIFTED,
            aliases=[f"{name}.{function}"],
            needs="scale > 0",
            test=Test(
                sympy=formula,
                domain=[(0.2, 0.8), *[(0.6, 3.0)] * (count - 3), (-0.5, 0.1), (1.2, 2.0)],
            ),
        )
        for function, (rule, formula) in rows.items()
    ]


norm_pdf, norm_logpdf, norm_cdf, norm_logcdf, norm_sf, norm_logsf, norm_ppf = _distribution(
    "norm",
    "",
    {
        "pdf": (f"{_ROOT}*exp(-0.5*({_Z})**2)/scale", f"exp(-({_Z})**2/2)/(scale*sqrt(2*pi))"),
        "logpdf": (
            f"-0.5*({_Z})**2 - log(scale) - {_LOG_ROOT}",
            f"-({_Z})**2/2 - log(scale*sqrt(2*pi))",
        ),
        "cdf": (f"ndtr({_Z})", f"erfc(-({_Z})/sqrt(2))/2"),
        "logcdf": (f"log_ndtr({_Z})", f"log(erfc(-({_Z})/sqrt(2))/2)"),
        "sf": ("ndtr((loc - x)/scale)", f"erfc(({_Z})/sqrt(2))/2"),
        "logsf": ("log_ndtr((loc - x)/scale)", f"log(erfc(({_Z})/sqrt(2))/2)"),
        "ppf": ("loc + scale*ndtri(x)", "loc + scale*sqrt(2)*erfinv(2*x - 1)"),
    },
)
_distribution(
    "expon",
    "",
    {
        "logpdf": (f"where(x < loc, -inf, -({_Z})) - log(scale)", f"-({_Z}) - log(scale)"),
        "logsf": (f"-relu({_Z})", f"-({_Z})"),
    },
)
_distribution(
    "logistic",
    "",
    {
        "logpdf": (
            f"-({_Z}) - log(scale) - 2*softplus(-({_Z}))",
            f"-({_Z}) - log(scale) - 2*log(1 + exp(-({_Z})))",
        ),
        "cdf": (f"sigmoid({_Z})", f"1/(1 + exp(-({_Z})))"),
        "logcdf": (f"-softplus(-({_Z}))", f"-log(1 + exp(-({_Z})))"),
    },
)
_distribution(
    "laplace",
    "",
    {
        "logpdf": (f"-abs({_Z}) - log(2*scale)", f"-Abs({_Z}) - log(2*scale)"),
    },
)
_distribution(
    "cauchy",
    "",
    {
        "logpdf": (
            f"-log1p(({_Z})**2) - log(scale) - 1.1447298858494002",
            f"-log(pi*scale*(1 + ({_Z})**2))",
        ),
    },
)
_distribution(
    "t",
    "df, ",
    {
        "logpdf": (
            f"-0.5*(df + 1)*log1p(({_Z})**2/df) - 0.5*log(df) - betaln(0.5, 0.5*df) - log(scale)",
            (
                f"-(df + 1)*log(1 + ({_Z})**2/df)/2 - log(df)/2 - log(scale) + loggamma((df + 1)/2)"
                " - loggamma(df/2) - log(pi)/2"
            ),
        ),
    },
)
_distribution(
    "gamma",
    "a, ",
    {
        "logpdf": (
            f"where(x < loc, -inf, xlogy(a - 1, {_Z}) - ({_Z}) - lgamma(a) - log(scale))",
            f"(a - 1)*log({_Z}) - ({_Z}) - loggamma(a) - log(scale)",
        ),
    },
)
_distribution(
    "beta",
    "a, b, ",
    {
        "logpdf": (
            (
                f"where(logical_or({_Z} < 0, {_Z} > 1), -inf,"
                f" xlogy(a - 1, {_Z}) + xlog1py(b - 1, -({_Z})) - betaln(a, b) - log(scale))"
            ),
            (
                f"(a - 1)*log({_Z}) + (b - 1)*log(1 - ({_Z})) - log(scale) - loggamma(a)"
                " - loggamma(b) + loggamma(a + b)"
            ),
        ),
    },
)

_CHOICES = "loggamma(n + 1) - loggamma(k + 1) - loggamma(n - k + 1)"
_LOG_CHOOSE = "lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)"
poisson_logpmf = op(
    "poisson_logpmf(k, mu)",
    doc="scipy.stats.poisson.logpmf",
    lower="xlogy(k, mu) - mu - lgamma(k + 1)",
    aliases=["poisson.logpmf"],
    test=Test(sympy="k*log(mu) - mu - loggamma(k + 1)", domain=[(0.2, 4.0), (0.5, 4.0)]),
)
binom_logpmf = op(
    "binom_logpmf(k, n, p)",
    doc="scipy.stats.binom.logpmf",
    lower=f"{_LOG_CHOOSE} + xlogy(k, p) + xlog1py(n - k, -p)",
    aliases=["binom.logpmf"],
    test=Test(
        sympy=f"{_CHOICES} + k*log(p) + (n - k)*log(1 - p)",
        domain=[(0.2, 2.0), (3.0, 9.0), (0.1, 0.9)],
    ),
)
bernoulli_logpmf = op(
    "bernoulli_logpmf(k, p)",
    doc="scipy.stats.bernoulli.logpmf",
    lower="where(logical_or(k < 0, k > 1), -inf, xlogy(k, p) + xlog1py(1 - k, -p))",
    aliases=["bernoulli.logpmf"],
    test=Test(sympy="k*log(p) + (1 - k)*log(1 - p)", domain=[(0.1, 0.9), (0.1, 0.9)]),
)

# ---- distributions, as Stan names them: of arrays, the sum over their elements --------------------


def _stan(signature: str, rule: str, formula: str, *domain: tuple[float, float]) -> Op:
    return op(
        signature,
        doc=f"Stan's {signature.partition('(')[0]}, summed over the elements of arrays",
        lower=rule,
        test=Test(sympy=formula, domain=domain),
    )


_R, _S, _P = (-3.0, 3.0), (0.5, 2.0), (0.1, 0.9)
_N = "(y - mu)/sigma"
_G = "loggamma"
STAN: frozenset[Op] = frozenset(
    [
        _stan(
            "normal_lpdf(y, mu, sigma)",
            f"-0.5*({_N})**2 - log(sigma) - {_LOG_ROOT}",
            f"-({_N})**2/2 - log(sigma*sqrt(2*pi))",
            _R,
            _R,
            _S,
        ),
        _stan("std_normal_lpdf(y)", f"-0.5*y**2 - {_LOG_ROOT}", "-y**2/2 - log(2*pi)/2", _R),
        _stan(
            "normal_lcdf(y, mu, sigma)",
            f"log_ndtr({_N})",
            f"log(erfc(-({_N})/sqrt(2))/2)",
            _R,
            _R,
            _S,
        ),
        _stan(
            "normal_lccdf(y, mu, sigma)",
            "log_ndtr((mu - y)/sigma)",
            f"log(erfc(({_N})/sqrt(2))/2)",
            _R,
            _R,
            _S,
        ),
        _stan(
            "lognormal_lpdf(y, mu, sigma)",
            f"-0.5*((log(y) - mu)/sigma)**2 - log(y) - log(sigma) - {_LOG_ROOT}",
            "-((log(y) - mu)/sigma)**2/2 - log(y*sigma*sqrt(2*pi))",
            _S,
            _R,
            _S,
        ),
        _stan(
            "cauchy_lpdf(y, mu, sigma)",
            f"-log1p(({_N})**2) - log(sigma) - 1.1447298858494002",
            f"-log(pi*sigma*(1 + ({_N})**2))",
            _R,
            _R,
            _S,
        ),
        _stan(
            "double_exponential_lpdf(y, mu, sigma)",
            f"-abs({_N}) - log(2*sigma)",
            f"-Abs({_N}) - log(2*sigma)",
            _R,
            _R,
            _S,
        ),
        _stan(
            "logistic_lpdf(y, mu, sigma)",
            f"-({_N}) - log(sigma) - 2*softplus(-({_N}))",
            f"-({_N}) - log(sigma) - 2*log(1 + exp(-({_N})))",
            _R,
            _R,
            _S,
        ),
        _stan(
            "student_t_lpdf(y, nu, mu, sigma)",
            f"-0.5*(nu + 1)*log1p(({_N})**2/nu) - 0.5*log(nu) - betaln(0.5, 0.5*nu) - log(sigma)",
            f"-(nu + 1)*log(1 + ({_N})**2/nu)/2 - log(nu*pi)/2 - log(sigma) + {_G}((nu + 1)/2) - {_G}(nu/2)",
            _R,
            (1.0, 9.0),
            _R,
            _S,
        ),
        _stan("exponential_lpdf(y, rate)", "log(rate) - rate*y", "log(rate) - rate*y", _S, _S),
        _stan(
            "gamma_lpdf(y, shape, rate)",
            "shape*log(rate) + xlogy(shape - 1, y) - rate*y - lgamma(shape)",
            f"shape*log(rate) + (shape - 1)*log(y) - rate*y - {_G}(shape)",
            _S,
            _S,
            _S,
        ),
        _stan(
            "inv_gamma_lpdf(y, shape, scale)",
            "shape*log(scale) - (shape + 1)*log(y) - scale/y - lgamma(shape)",
            f"shape*log(scale) - (shape + 1)*log(y) - scale/y - {_G}(shape)",
            _S,
            _S,
            _S,
        ),
        _stan(
            "weibull_lpdf(y, shape, scale)",
            "log(shape/scale) + xlogy(shape - 1, y/scale) - (y/scale)**shape",
            "log(shape/scale) + (shape - 1)*log(y/scale) - (y/scale)**shape",
            _S,
            _S,
            _S,
        ),
        _stan(
            "beta_lpdf(y, a, b)",
            "xlogy(a - 1, y) + xlog1py(b - 1, -y) - betaln(a, b)",
            f"(a - 1)*log(y) + (b - 1)*log(1 - y) - {_G}(a) - {_G}(b) + {_G}(a + b)",
            _P,
            _S,
            _S,
        ),
        _stan(
            "poisson_lpmf(k, rate)",
            "xlogy(k, rate) - rate - lgamma(k + 1)",
            f"k*log(rate) - rate - {_G}(k + 1)",
            _S,
            _S,
        ),
        _stan(
            "poisson_log_lpmf(k, eta)",
            "k*eta - exp(eta) - lgamma(k + 1)",
            f"k*eta - exp(eta) - {_G}(k + 1)",
            _S,
            _R,
        ),
        _stan(
            "bernoulli_lpmf(k, p)",
            "xlogy(k, p) + xlog1py(1 - k, -p)",
            "k*log(p) + (1 - k)*log(1 - p)",
            _P,
            _P,
        ),
        _stan(
            "bernoulli_logit_lpmf(k, eta)",
            "k*eta - softplus(eta)",
            "k*eta - log(1 + exp(eta))",
            _P,
            _R,
        ),
        _stan(
            "binomial_lpmf(k, n, p)",
            f"{_LOG_CHOOSE} + xlogy(k, p) + xlog1py(n - k, -p)",
            f"{_G}(n + 1) - {_G}(k + 1) - {_G}(n - k + 1) + k*log(p) + (n - k)*log(1 - p)",
            (0.2, 2.0),
            (3.0, 9.0),
            _P,
        ),
        _stan(
            "binomial_logit_lpmf(k, n, eta)",
            f"{_LOG_CHOOSE} + k*eta - n*softplus(eta)",
            f"{_G}(n + 1) - {_G}(k + 1) - {_G}(n - k + 1) + k*eta - n*log(1 + exp(eta))",
            (0.2, 2.0),
            (3.0, 9.0),
            _R,
        ),
    ]
)
