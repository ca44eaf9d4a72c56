"""Special functions: gamma and its kin, the normal distribution, Bessel's functions, rounding.

What a NumPy module carries itself is text of `gradc.ops.special_texts`; the rest is SciPy's. Slopes are gates of their
own where the textbook's rule would lose its digits:

>>> log_ndtr.slopes, betaln.slopes
(('log_ndtr_slope(x)',), ('digamma_gap(x, y)', 'digamma_gap(y, x)'))
"""

from __future__ import annotations

from math import inf

from gradc.ops import special_texts as texts
from gradc.ops.bounds import FROM_0
from gradc.ops.table import Kink, Literal, Op, Say, Steep, Test, op, unary

_POSITIVE = Steep(outside=[(0.0, inf)], safe=[1.0], pole=True)
_INSIDE = Steep(outside=[(-1.0, 1.0)], safe=[0.0], pole=True)

# ---- logarithms and exponentials -----------------------------------------------------------------

# fmt: off
#              name      slope                     out lies in            sentence
acosh = unary("acosh",   "1/(sqrt(x - 1)*sqrt(x + 1))", FROM_0,           "inverse of cosh",
              code={"numpy": "np.arccosh({x})"},
              aliases="arccosh",
              needs="x >= 1",
              steep=Steep(outside=[(1.0, inf)], safe=[2.0]),
              test=Test(domain=[(1.2, 4.0)]))
atanh = unary("atanh",   "1/((1 - x)*(1 + x))",    None,                  "inverse of tanh",
              code={"numpy": "np.arctanh({x})"},
              aliases="arctanh",
              needs="-1 < x < 1",
              steep=_INSIDE,
              test=Test(domain=[(-0.9, 0.9)]))
exp2  = unary("exp2",    "log(2)*out",             FROM_0,                "2 to the power x",
              steep=Steep(outside=[(-inf, 1023.0)], safe=[1.0], pole=True),
              test=Test(sympy="2**x"))
logit = unary("logit",   "1/(x*(1 - x))",          None,                  "log(x/(1 - x))",
              code={"numpy": "logit({x})", "math": "logit({x})", "scipy": "special.logit({x})"},
              helpers={"numpy": texts.LOGIT, "math": texts.LOGIT_MATH},
              needs="0 < x < 1",
              steep=Steep(outside=[(0.0, 1.0)], safe=[0.5], pole=True),
              test=Test(sympy="log(x/(1 - x))", domain=[(0.05, 0.45)],
                        edges={"x=1e-300": "out=-690.7755278982137, dx=1e300"}))
# fmt: on

log_sigmoid = op(
    "log_sigmoid(x)",
    doc="log(sigmoid(x)), without overflow",
    lower="-softplus(-x)",
    aliases="logsigmoid log_expit",
    test=Test(sympy="-log(1 + exp(-x))"),
)

_LOG_OF_Y = Steep(outside=[None, (0.0, inf)], safe=[1.0, 1.0], pole=True)
xlogy = op(
    "xlogy(x, y)",
    doc="x*log(y), and 0 where x is 0",
    slopes=["log(y)", "where(x == 0, 0.0, x/nonzero(y))"],
    code={
        "numpy": "xlogy({x}, {y})",
        "math": "xlogy({x}, {y})",
        "scipy": "special.xlogy({x}, {y})",
    },
    helpers={"numpy": texts.XLOGY, "math": texts.XLOGY_MATH},
    needs="y > 0, or x = 0",
    steep=_LOG_OF_Y,
    say=Say(part="xlogy scales by log({y}), and by {x}/{y}"),
    test=Test(
        sympy="x*log(y)",
        domain=[(-3.0, 3.0), (0.2, 3.0)],
        edges={"x=0, y=0": "out=0, dy=0", "x=2, y=1": "out=0, dx=0, dy=2"},
    ),
)
xlog1py = op(
    "xlog1py(x, y)",
    doc="x*log(1 + y), and 0 where x is 0",
    slopes=["log1p(y)", "where(x == 0, 0.0, x/nonzero(1 + y))"],
    code={
        "numpy": "xlog1py({x}, {y})",
        "math": "xlog1py({x}, {y})",
        "scipy": "special.xlog1py({x}, {y})",
    },
    helpers={"numpy": texts.XLOG1PY, "math": texts.XLOG1PY_MATH},
    needs="y > -1, or x = 0",
    steep=Steep(outside=[None, (-1.0, inf)], safe=[1.0, 1.0], pole=True),
    say=Say(part="xlog1py scales by log1p({y}), and by {x}/(1 + {y})"),
    test=Test(
        sympy="x*log(1 + y)",
        domain=[(-3.0, 3.0), (-0.7, 3.0)],
        edges={"x=0, y=-1": "out=0, dy=0", "x=2, y=1e-20": "out=2e-20, dx=1e-20, dy=2"},
    ),
)

sinc = op(
    "sinc(x)",
    doc="sin(pi*x)/(pi*x), 1 at 0",
    slopes=["sinc_slope(x)"],
    code={"math": "sinc({x})"},
    helpers={"math": texts.SINC_MATH},
    bounds=(-0.25, 1.0),
    test=Test(
        sympy="sin(acos(-1)*x)/(acos(-1)*x)", domain=[(0.2, 0.8)], edges={"x=0": "out=1, dx=0"}
    ),
)
sinc_slope = op(
    "sinc_slope(x)",
    doc="the slope of sinc, to full precision near 0",
    slopes=["where(x == 0, -3.289868133696453, -9.869604401089358*sinc(x) - 2*out/nonzero(x))"],
    code="sinc_slope({x})",
    helpers={"numpy": [texts.POLY, texts.SINC_SLOPE], "math": [texts.POLY, texts.SINC_SLOPE_MATH]},
    public=False,
    say=Say(stem="slope{x}", short="slope"),
    test=Test(
        sympy="cos(pi*x)/x - sin(pi*x)/(pi*x**2)",
        domain=[(0.3, 0.9)],
        edges={"x=1e-9": "out=-3.2898681336964525e-09"},
    ),
)

# ---- gamma and its kin ---------------------------------------------------------------------------

_ABOVE_0 = Test(domain=[(0.2, 12.0)])

lgamma = op(
    "lgamma(x)",
    doc="log(abs(gamma(x)))",
    slopes=["digamma(x)"],
    code={"numpy": "lgamma({x})", "math": "lgamma({x})", "scipy": "special.gammaln({x})"},
    helpers={"numpy": [texts.LGAMMA, texts.STIRLING], "math": [texts.POLY, texts.LGAMMA_MATH]},
    aliases="gammaln loggamma",
    needs="x not 0, -1, -2, …",
    say=Say(symbol="lnΓ", stem="lg{x}", short="lgam"),
    steep=_POSITIVE,
    test=Test(sympy="loggamma(x)", domain=[(2.5, 12.0)], edges={"x=1": "out=0", "x=2": "out=0"}),
)
digamma = op(
    "digamma(x)",
    doc="the slope of log(gamma(x))",
    slopes=["trigamma(x)"],
    code={"numpy": "digamma({x})", "math": "digamma({x})", "scipy": "special.digamma({x})"},
    helpers={
        "numpy": [texts.PSI_SERIES, texts.DIGAMMA],
        "math": [texts.POLY, texts.PSI_SERIES, texts.DIGAMMA_MATH],
    },
    aliases="psi",
    needs="x not 0, -1, -2, …",
    say=Say(symbol="ψ", stem="psi{x}", short="psi"),
    steep=_POSITIVE,
    test=Test(domain=[(1.6, 12.0)]),
)
trigamma = op(
    "trigamma(x)",
    doc="the slope of digamma",
    slopes=["polygamma(x, n=2)"],
    code={
        "numpy": "trigamma({x})",
        "math": "trigamma({x})",
        "scipy": "special.zeta(2.0, {x})",
    },
    helpers={"numpy": texts.TRIGAMMA, "math": texts.TRIGAMMA_MATH},
    needs="x not 0, -1, -2, …",
    say=Say(symbol="ψ₁", stem="psi{x}", short="psi"),
    steep=_POSITIVE,
    test=Test(sympy="polygamma(1, x)", domain=[(0.2, 12.0)]),
)
polygamma = op(
    "polygamma(x; n=1)",
    doc="the n-th derivative of digamma; written polygamma(n, x), n a whole number",
    slopes=["polygamma(x, n=n + 1)"],
    code={"numpy": "polygamma({n}, {x})", "math": "", "scipy": "special.polygamma({n}, {x})[()]"},
    helpers={"numpy": [texts.BY_SCIPY, texts.POLYGAMMA]},
    needs="x > 0",
    say=Say(symbol="ψₙ", stem="psi{x}", short="psi", part="polygamma scales by the next one"),
    steep=_POSITIVE,
    test=Test(sympy="polygamma(n, x)", domain=[(0.3, 12.0)], samples=[{"n": 2}, {"n": 3}]),
)
gamma = op(
    "gamma(x)",
    doc="the gamma function, (x - 1)! for whole x",
    slopes=["out*digamma(x)"],
    code={"numpy": "gamma({x})", "scipy": "special.gamma({x})"},
    helpers={"numpy": texts.GAMMA},
    needs="x not 0, -1, -2, …",
    aliases="tgamma Gamma Γ",
    say=Say(symbol="Γ", stem="gam{x}", short="gam"),
    steep=_POSITIVE,
    test=_ABOVE_0,
)
_PAIR = Steep(outside=[(0.0, inf), (0.0, inf)], safe=[1.0, 1.0], pole=True)
betaln = op(
    "betaln(x, y)",
    doc="log(gamma(x)*gamma(y)/gamma(x + y)), x and y positive",
    slopes=["digamma_gap(x, y)", "digamma_gap(y, x)"],
    code={
        "numpy": "betaln({x}, {y})",
        "math": "betaln({x}, {y})",
        "scipy": "special.betaln({x}, {y})",
    },
    helpers={"numpy": texts.BETALN, "math": [texts.STIRLING, texts.BETALN_MATH]},
    aliases="lbeta",
    needs="x > 0, y > 0",
    say=Say(symbol="lnB", stem="lb{x}{y}", short="lbet", part="betaln scales by gaps of ψ"),
    steep=_PAIR,
    test=Test(
        sympy="loggamma(x) + loggamma(y) - loggamma(x + y)",
        domain=[(2.0, 12.0), (2.0, 12.0)],
        edges={"x=1e8, y=1": "out=-18.420680743952367, dx=-1e-8"},
    ),
)
beta = op(
    "beta(x, y)",
    doc="gamma(x)*gamma(y)/gamma(x + y), x and y positive",
    slopes=["out*digamma_gap(x, y)", "out*digamma_gap(y, x)"],
    code={"numpy": "beta({x}, {y})", "math": "beta({x}, {y})", "scipy": "special.beta({x}, {y})"},
    helpers={"numpy": texts.BETA, "math": texts.BETA_MATH},
    needs="x > 0, y > 0",
    aliases="Beta",
    say=Say(
        symbol="B", stem="beta{x}{y}", short="bet", part="beta scales by {out} times gaps of ψ"
    ),
    steep=_PAIR,
    test=Test(sympy="gamma(x)*gamma(y)/gamma(x + y)", domain=[(0.3, 6.0), (0.3, 6.0)]),
)
digamma_gap = op(
    "digamma_gap(x, y)",
    doc="digamma(x) - digamma(x + y), without cancellation",
    slopes=["trigamma_gap(x, y)", "-trigamma(x + y)"],
    code="digamma_gap({x}, {y})",
    helpers={"numpy": texts.GAP, "math": texts.GAP_MATH},
    public=False,
    say=Say(stem="gap{x}{y}", short="gap"),
    steep=_PAIR,
    test=Test(
        sympy="digamma(x) - digamma(x + y)",
        domain=[(0.3, 6.0), (0.3, 6.0)],
        edges={"x=1e8, y=1": "out=-1e-8"},
    ),
)

trigamma_gap = op(
    "trigamma_gap(x, y)",
    doc="trigamma(x) - trigamma(x + y), without cancellation",
    slopes=["polygamma(x, n=2) - polygamma(x + y, n=2)", "-polygamma(x + y, n=2)"],
    code="trigamma_gap({x}, {y})",
    helpers={"numpy": texts.TRIGAMMA_GAP, "math": texts.TRIGAMMA_GAP_MATH},
    public=False,
    say=Say(stem="gap{x}{y}", short="gap"),
    steep=_PAIR,
    test=Test(
        sympy="polygamma(1, x) - polygamma(1, x + y)",
        domain=[(0.3, 6.0), (0.3, 6.0)],
        edges={"x=1e8, y=1": "out=1e-16"},
    ),
)

# ---- the normal distribution ---------------------------------------------------------------------

ndtr = op(
    "ndtr(x)",
    doc="the standard normal distribution function",
    slopes=["normal_pdf(x)"],
    literal=Literal(slopes=["1/sqrt(2*pi)*exp(-0.5*x**2)"]),
    code={"numpy": "ndtr({x})", "math": "ndtr({x})", "scipy": "special.ndtr({x})"},
    helpers={"numpy": [texts.MILLS, texts.NDTR], "math": [texts.MILLS, texts.NDTR_MATH]},
    bounds=(0.0, 1.0),
    aliases="Phi Φ std_normal_cdf",
    say=Say(symbol="Φ", stem="phi{x}", short="phi"),
    test=Test(sympy="erfc(-x/sqrt(2))/2", edges={"x=-37": "out=5.725571222524577e-300"}),
)
log_ndtr = op(
    "log_ndtr(x)",
    doc="log(ndtr(x)), to full precision in both tails",
    slopes=["log_ndtr_slope(x)"],
    code={"numpy": "log_ndtr({x})", "math": "log_ndtr({x})", "scipy": "special.log_ndtr({x})"},
    helpers={"numpy": texts.LOG_NDTR, "math": texts.LOG_NDTR_MATH},
    bounds=(-inf, 0.0),
    say=Say(symbol="lnΦ", stem="lphi{x}", short="lphi"),
    test=Test(
        sympy="log(erfc(-x/sqrt(2))/2)",
        edges={"x=-40": "out=-804.6084420137538, dx=40.02496884720726"},
    ),
)
log_ndtr_slope = op(
    "log_ndtr_slope(x)",
    doc="the slope of log_ndtr, to full precision in both tails",
    slopes=["-out*mills_gap(x)"],
    code={
        "numpy": "log_ndtr_slope({x})",
        "math": "log_ndtr_slope({x})",
        "scipy": "0.7978845608028654/special.erfcx(-0.7071067811865476*{x})",
    },
    helpers={"numpy": texts.LOG_NDTR_SLOPE, "math": texts.LOG_NDTR_SLOPE_MATH},
    public=False,
    bounds=FROM_0,
    say=Say(stem="slope{x}", short="slope"),
    test=Test(sympy="sqrt(2/pi)*exp(-x**2/2)/erfc(-x/sqrt(2))"),
)
mills_gap = op(
    "mills_gap(x)",
    doc="x + log_ndtr_slope(x), which is about -1/x in the lower tail",
    slopes=["1 - log_ndtr_slope(x)*out"],
    code="mills_gap({x})",
    helpers={"numpy": texts.MILLS_GAP, "math": texts.MILLS_GAP_MATH},
    public=False,
    bounds=FROM_0,
    say=Say(stem="gap{x}", short="gap"),
    test=Test(
        sympy="x + sqrt(2/pi)*exp(-x**2/2)/erfc(-x/sqrt(2))",
        edges={"x=-1e8": "out=1e-8", "x=-40": "out=0.024968847207263722"},
    ),
)
ndtri = op(
    "ndtri(x)",
    doc="the inverse of ndtr: the standard normal's quantile",
    slopes=["sqrt(2*pi)*exp(0.5*out**2)"],
    code={"numpy": "ndtri({x})", "math": "", "scipy": "special.ndtri({x})"},
    helpers={"numpy": texts.scipy("ndtri")},
    aliases="probit",
    needs="0 < x < 1",
    steep=Steep(outside=[(0.0, 1.0)], safe=[0.5], pole=True),
    test=Test(sympy="sqrt(2)*erfinv(2*x - 1)", domain=[(0.05, 0.95)]),
)
erfinv = op(
    "erfinv(x)",
    doc="the inverse of erf",
    slopes=["0.886226925452758*exp(out**2)"],
    code={"numpy": "erfinv({x})", "math": "", "scipy": "special.erfinv({x})"},
    helpers={"numpy": texts.scipy("erfinv")},
    needs="-1 < x < 1",
    steep=_INSIDE,
    test=Test(domain=[(-0.9, 0.9)]),
)

# ---- Bessel's functions --------------------------------------------------------------------------


def _bessel(name: str, slope: str, doc: str, sympy: str, edge: str) -> Op:
    return op(
        f"{name}(x)",
        doc=doc,
        slopes=[slope],
        code={"numpy": f"{name}({{x}})", "math": "", "scipy": f"special.{name}({{x}})"},
        helpers={"numpy": texts.scipy(name)},
        test=Test(sympy=sympy, domain=[(0.2, 3.0)], edges={"x=0": edge}),
    )


i0 = _bessel(
    "i0", "i1(x)", "the modified Bessel function of order 0", "besseli(0, x)", "out=1, dx=0"
)
i1 = _bessel("i1", "where(x == 0, 0.5, i0(x) - out/nonzero(x))", "the modified Bessel function of order 1",
        "besseli(1, x)", "out=0, dx=0.5")  # fmt: skip
j0 = _bessel("j0", "-j1(x)", "the Bessel function of order 0", "besselj(0, x)", "out=1, dx=0")
j1 = _bessel("j1", "where(x == 0, 0.5, j0(x) - out/nonzero(x))", "the Bessel function of order 1",
        "besselj(1, x)", "out=0, dx=0.5")  # fmt: skip
_bessel(
    "i0e",
    "ive_slope(x, n=0, k=1)",
    "exp(-abs(x))*i0(x)",
    "exp(-Abs(x))*besseli(0, x)",
    "out=1, dx=0",
)
_bessel("i1e", "ive_slope(x, n=1, k=1)", "exp(-abs(x))*i1(x)",
        "exp(-Abs(x))*besseli(1, x)", "out=0, dx=0.5")  # fmt: skip

_ORDERS = [{"n": 1}, {"n": 2}]
iv = op(
    "iv(x; n=2)",
    doc="the modified Bessel function of order n, a whole number",
    slopes=["0.5*(iv(x, n=n - 1) + iv(x, n=n + 1))"],
    code={"numpy": "iv({n}, {x})", "math": "", "scipy": "special.iv({n}, {x})"},
    helpers={"numpy": texts.scipy("iv", "n, x")},
    public=False,
    say=Say(stem="iv{x}", short="iv"),
    test=Test(sympy="besseli(n, x)", samples=_ORDERS, domain=[(0.2, 3.0)]),
)
jv = op(
    "jv(x; n=2)",
    doc="the Bessel function of order n, a whole number",
    slopes=["0.5*(jv(x, n=n - 1) - jv(x, n=n + 1))"],
    code={"numpy": "jv({n}, {x})", "math": "", "scipy": "special.jv({n}, {x})"},
    helpers={"numpy": texts.scipy("jv", "n, x")},
    public=False,
    say=Say(stem="jv{x}", short="jv"),
    test=Test(sympy="besselj(n, x)", samples=_ORDERS, domain=[(0.2, 3.0)]),
)
_IVE_SLOPE = '''
def ive_slope(x, n, k):
    """The k-th derivative of exp(-abs(x))*iv(n, x): from abs(x) = 20 on by the asymptotic series (DLMF 10.40.1)."""
    ive, x = by_scipy("ive_slope").ive, as_real(x)
    u, near = x.astype(float), np.zeros(x.shape)
    t, s = np.minimum(np.abs(u), 20.0), np.sign(u)
    for j in range(k + 1):  # derivatives of iv by those of other orders: its neighbours' mean, again and again
        part = sum(math.comb(j, i)*ive(abs(n - j + 2*i), t) for i in range(j + 1))/2.0**j
        near = near + math.comb(k, j)*(-abs(s))**(k - j)*part
    far, term, r = np.zeros(x.shape), 1.0, 1.0/np.maximum(np.abs(u), 20.0)
    for i in range(30):
        slope = math.prod(-(i + 0.5 + m) for m in range(k))
        far = far + slope*term
        term = -term*r*(4*n*n - (2*i + 1)**2)/(8*(i + 1))
    far = far*np.sqrt(r/(2*np.pi))*r**k
    out = np.where(np.abs(u) < 20.0, near, far)
    return (out if (n + k) % 2 == 0 else np.where(s < 0.0, -out, out)).astype(x.dtype, copy=False)[()]
'''
ive_slope = op(
    "ive_slope(x; n=0, k=1)",
    doc="the k-th derivative of exp(-abs(x))*iv(n, x), to full precision for large x",
    slopes=["ive_slope(x, n=n, k=k + 1)"],
    code={"numpy": "ive_slope({x}, {n}, {k})", "math": ""},
    helpers={"numpy": [texts.BY_SCIPY, _IVE_SLOPE]},
    public=False,
    say=Say(stem="slope{x}", short="slope"),
    test=Test(
        sympy="diff(exp(-x)*besseli(n, x), x, k)",
        domain=[(0.3, 12.0)],
    ),
)

# ---- rounding ------------------------------------------------------------------------------------

floor = op(
    "floor(x)",
    doc="the largest whole number that is not above x; its slope is 0",
    slopes=["0"],
    code={"math": "float(math.floor({x}))"},
    say=Say(symbol="⌊x⌋"),
    test=Test(domain=[(0.2, 0.8)], edges={"x=-1.5": "out=-2, dx=0"}),
)
ceil = op(
    "ceil(x)",
    doc="the smallest whole number that is not below x; its slope is 0",
    slopes=["0"],
    code={"math": "float(math.ceil({x}))"},
    aliases="ceiling",
    say=Say(symbol="⌈x⌉"),
    test=Test(sympy="ceiling(x)", domain=[(0.2, 0.8)], edges={"x=-1.5": "out=-1, dx=0"}),
)
trunc = op(
    "trunc(x)",
    doc="x without what is behind its point; its slope is 0",
    slopes=["0"],
    code={"math": "float(math.trunc({x}))"},
    aliases="fix",
    test=Test(sympy="sign(x)*floor(Abs(x))", domain=[(0.2, 0.8)], edges={"x=-1.5": "out=-1, dx=0"}),
)
round_ = op(
    "round(x)",
    doc="the nearest whole number, the even one of two; its slope is 0",
    slopes=["0"],
    code={"numpy": "np.rint({x})", "math": "float(round({x}))"},
    aliases="rint around",
    test=Test(
        sympy="floor(x + Rational(1, 2))", domain=[(0.6, 1.4)], edges={"x=2.5": "out=2, dx=0"}
    ),
)
mod = op(
    "mod(x, y)",
    doc="what is left of x by y, with the sign of y, as % in Python",
    slopes=["1", "round((out - x)/y)"],
    code={"numpy": "np.mod({x}, {y})", "math": "{x} % {y}"},
    aliases="remainder Mod",
    needs="y != 0",
    say=Say(symbol="%", part="% passes on, and scales by a whole number", short="rest"),
    steep=Steep(outside=[None, (0.0, inf)], safe=[1.0, 1.0]),
    test=Test(
        sympy="x - y*floor(x/y)",
        domain=[(2.3, 3.3), (0.9, 1.1)],
        edges={"x=-1.5, y=1": "out=0.5, dx=1, dy=2"},
    ),
)

nan_to_num = op(
    "nan_to_num(x)",
    doc="x, and 0 where it is nan, the largest number of its precision where it is infinite",
    slopes=["abs(x) <= 3.4028234663852886e38"],  # what single precision holds: it is of infinities
    code={"math": ""},
    public=False,
    say=Say(stem="finite{x}", short="finite"),
    test=Test(sympy="x", edges={"x=nan": "out=0, dx=0", "x=2": "out=2, dx=1"}),
)

_APART = [(0.2, 1.4), (1.6, 3.0)]
fmax = op(
    "fmax(x, y)",
    doc="the larger input, the other one where one is nan; ties go to x",
    slopes=["logical_or(x >= y, y != y)", "logical_not(logical_or(x >= y, y != y))"],
    code={"math": "{x} if {x} >= {y} or {y} != {y} else {y}"},
    bounds=lambda x, y: (max(x[0], y[0]), max(x[1], y[1])),
    kink=Kink(selects=True, tie="at a tie the gradient goes to {x}"),
    say=Say(part="fmax routes to {to}", short="larger"),
    test=Test(sympy="Max(x, y)", domain=_APART, edges={"x=1, y=1": "dx=1, dy=0"}),
)
fmin = op(
    "fmin(x, y)",
    doc="the smaller input, the other one where one is nan; ties go to x",
    slopes=["logical_or(x <= y, y != y)", "logical_not(logical_or(x <= y, y != y))"],
    code={"math": "{x} if {x} <= {y} or {y} != {y} else {y}"},
    bounds=lambda x, y: (min(x[0], y[0]), min(x[1], y[1])),
    kink=Kink(selects=True, tie="at a tie the gradient goes to {x}"),
    say=Say(part="fmin routes to {to}", short="smaller"),
    test=Test(sympy="Min(x, y)", domain=_APART, edges={"x=1, y=1": "dx=1, dy=0"}),
)
