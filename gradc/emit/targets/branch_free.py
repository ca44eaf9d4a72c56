"""Elementary functions without a branch, as the text of functions that Numba compiles, so that LLVM vectorises a loop.

Each is right over the whole range, subnormals, signed zeros, infinities and NaN included, to 1.5 ulp at most, erfc to 4
(against 50 digits; `tests/test_branch_free.py`). Choices are between numbers that have both been computed: selects.

Sources: the reductions are those of W. Cody and W. Waite, Software Manual for the Elementary Functions (1980), with the
fused multiply-add as in J.-M. Muller, Elementary Functions (3rd ed., 2016); that of large angles is M. Payne's and
R. Hanek's (SIGNUM Newsletter 18, 1983), a product with a row of 2/pi's bits. The polynomials of exp and erf are minimax
fits (Remez, in 50 digits), that of erfc one of (1 + 2*x)*erfcx(x) at Chebyshev's points in (x - 4)/(x + 4), after
M. Shepherd and J. Laframboise (Math. Comp. 36, 1981); those of log, sin and cos are Sun's fdlibm (e_log.c,
k_sin.c, k_cos.c, 1993).

>>> [name for name in needed_by("tanh")]
['fma', 'bits', 'from_bits', 'signed', 'scaled', 'exp_rest', 'expm1_parts', 'tanh']
"""

from __future__ import annotations

import re

FUNCTIONS: dict[str, str] = {
    "fma": '''
@intrinsic
def fma(context, x, y, z):
    """x*y + z, rounded once."""
    return float64(float64, float64, float64), lambda context, builder, signature, args: builder.fma(*args)
''',
    "bits": '''
@intrinsic
def bits(context, x):
    """The bits of a number as an integer."""
    return int64(float64), lambda context, builder, signature, args: builder.bitcast(args[0], IntType(64))
''',
    "from_bits": '''
@intrinsic
def from_bits(context, n):
    """The number of these bits."""
    return float64(int64), lambda context, builder, signature, args: builder.bitcast(args[0], DoubleType())
''',
    "nearest": '''
@intrinsic
def nearest(context, x):
    """The nearest whole number, the even one of two."""
    return float64(float64), lambda context, builder, signature, args: builder.call(
        builder.module.declare_intrinsic("llvm.rint", [DoubleType()]), args)
''',
    "signed": '''
@intrinsic
def signed(context, x, y):
    """x with the sign of y."""
    kind = FunctionType(DoubleType(), [DoubleType(), DoubleType()])
    return float64(float64, float64), lambda context, builder, signature, args: builder.call(
        builder.module.declare_intrinsic("llvm.copysign", [DoubleType()], kind), args)
''',
    "scaled": '''
@compiled
def scaled(x, n):
    """x*2**k, where the last bits of n are k: in two steps, each with a power that is no subnormal number."""
    half = (n << 51) & -0x10000000000000
    rest = ((n + 1) << 51) & -0x10000000000000
    return x*from_bits(half + 0x3ff0000000000000)*from_bits(rest + 0x3ff0000000000000)
''',
    "exp_rest": '''
@compiled
def exp_rest(r, low):
    """exp(r) - 1 - r for an r between -ln(2)/2 and ln(2)/2, with low added."""
    r2 = r*r
    r4 = r2*r2
    a = fma(r2, fma(r, 0.008333333333496194, 0.04166666666653039), fma(r, 0.1666666666666641, 0.5000000000000011))
    b = fma(r2, fma(r, 2.7557589400622235e-06, 2.4801493135998638e-05),
            fma(r, 0.00019841269502971057, 0.001388888894358296))
    return fma(r2, fma(r4, fma(r4, fma(r, 2.499916971291272e-08, 2.763023837417672e-07), b), a), low)
''',
    "exp": '''
@compiled
def exp(x):
    """exp(x)"""
    c = -746.0 if x < -746.0 else x
    c = 710.0 if c > 710.0 else c
    t = fma(c, 1.4426950408889634, 6755399441055744.0)  # 1.5*2**52 rounds, and leaves what is whole in the last bits
    k = t - 6755399441055744.0
    r = fma(k, -5.497923018708371e-14, fma(k, -0.6931471805598903, c))  # ln 2 in two parts
    return scaled(1.0 + exp_rest(r, r), bits(t))
''',
    "log_of": '''
@compiled
def log_of(x, c):
    """log(x + c*x) for a positive x, and a c that is small."""
    small = x < 2.2250738585072014e-308
    z = x*18014398509481984.0 if small else x  # subnormal numbers times 2**54
    n = bits(z) - 0x3fe6a09e00000000  # from sqrt(1/2) to sqrt(2)
    k = ((n + 0x3fe0000000000000) >> 52) - 1022
    f = from_bits(bits(z) - (k << 52)) - 1.0
    e = from_bits(k + 0x4338000000000000) - 6755399441055744.0 - (54.0 if small else 0.0)
    s = f/(2.0 + f)
    w = s*s
    v = w*w
    t = v*fma(v, fma(v, 0.15313837699209373, 0.22222198432149784), 0.3999999999940942)
    t += w*fma(v, fma(v, fma(v, 0.14798198605116586, 0.1818357216161805), 0.2857142874366239), 0.6666666666666735)
    h = 0.5*f*f
    y = e*0.6931471803691238 - (h - (s*(h + t) + (e*1.9082149292705877e-10 + c)) - f)  # ln 2 in two parts
    y = -inf if x == 0.0 else y
    y = nan if x < 0.0 else y
    return y if x < inf else x
''',
    "log": '''
@compiled
def log(x):
    """log(x)"""
    return log_of(x, 0.0)
''',
    "log1p": '''
@compiled
def log1p(x):
    """log(1 + x)"""
    u = 1.0 + x
    v = u - 1.0
    c = (1.0 - (u - v)) + (x - v)  # what the sum has lost
    y = log_of(u, c/u if x < inf else 0.0)
    return x if abs(x) < 5e-17 else y
''',
    "expm1_parts": '''
@compiled
def expm1_parts(x):
    """exp(x) - 1 as a number and what it lacks, halved so that neither overflows; x lies between -60 and 710."""
    n = fma(x, 1.4426950408889634, 6755399441055744.0)
    k = n - 6755399441055744.0
    t = fma(k, -0.6931471805598903, x)
    r = fma(k, -5.497923018708371e-14, t)
    c = exp_rest(r, fma(k, -5.497923018708371e-14, t - r))
    s = scaled(0.5, bits(n))
    m, n = s - 0.5, s*r
    p = m + n
    q = (m - (p - (p - m))) + (n - (p - m)) + s*c
    return p + q, p - (p + q) + q
''',
    "expm1": '''
@compiled
def expm1(x):
    """exp(x) - 1"""
    c = -60.0 if x < -60.0 else x
    c = 710.0 if c > 710.0 else c
    p, _ = expm1_parts(c)
    return x if abs(x) < 5e-17 else 2.0*p
''',
    "tanh": '''
@compiled
def tanh(x):
    """(1 - exp(-2*x))/(1 + exp(-2*x))"""
    a = abs(x)
    p, q = expm1_parts(-40.0 if a > 20.0 else -2.0*a)
    d = 1.0 + p
    low = 1.0 - d + p + q
    inverse = 1.0/d
    y = -p*inverse
    y = fma(fma(-y, d, -p) - fma(y, low, q), inverse, y)
    return x if a < 1e-9 else signed(y, x)
''',
    "sigmoid": '''
@compiled
def sigmoid(x):
    """1/(1 + exp(-x)), and where x < 0 exp(x)/(1 + exp(x)), neither of which overflows"""
    a = abs(x)
    a = 746.0 if a > 746.0 else a
    t = fma(a, -1.4426950408889634, 6755399441055744.0)
    k = t - 6755399441055744.0
    r = fma(k, -5.497923018708371e-14, fma(k, -0.6931471805598903, -a))
    p = 1.0 + r
    q = (1.0 - p + r) + exp_rest(r, 0.0)  # exp(-a) = (p + q)*2**k
    n = bits(t)
    e = scaled(p + q, n)
    d = 1.0 + e
    low = 1.0 - d + e + scaled(p - (p + q) + q, n)
    inverse = 1.0/d
    p, q = (p + q, p - (p + q) + q) if x < 0.0 else (1.0, 0.0)
    y = p*inverse
    return scaled(fma(fma(-y, d, p) + fma(-y, low, q), inverse, y), n if x < 0.0 else 0)
''',
    "sigmoid_slope": '''
@compiled
def sigmoid_slope(x):
    """The slope of the sigmoid, exp(-abs(x))/(1 + exp(-abs(x)))**2, with its digits in both tails."""
    e = exp(-abs(x))
    return e/((1.0 + e)*(1.0 + e))
''',
    "tanh_slope": '''
@compiled
def tanh_slope(x):
    """1 - tanh(x)**2, with its digits in both tails."""
    e = exp(-2.0*abs(x))
    return 4.0*e/((1.0 + e)*(1.0 + e))
''',
    "softplus": '''
@compiled
def softplus(x):
    """log(1 + exp(x)), which does not overflow"""
    return (x if x > 0.0 else 0.0 if x == x else x) + log1p(exp(-abs(x)))
''',
    "erf_rest": '''
@compiled
def erf_rest(u):
    """erf(x)/x - 1 for the square of an x up to 1."""
    v = u*u
    w = v*v
    s = fma(w, fma(v, fma(u, -7.779462971761597e-10, 1.3710988704190523e-08),
                   fma(u, -1.6206318752969208e-07, 1.6447132699786621e-06)),
            fma(v, fma(u, -1.4924712439534814e-05, 0.0001205529358693695),
                fma(u, -0.0008548325929766244, 0.005223977606130842)))
    return fma(w, s, fma(v, fma(u, -0.026866170643113415, 0.112837916709442),
                             fma(u, -0.3761263890318352, 0.12837916709551256)))
''',
    "erf": '''
@compiled
def erf(x):
    """The error function: a polynomial up to 1, and 1 - exp(-x*x)*erfcx(abs(x)) from there on."""
    a = abs(x)
    u = x*x
    b = 7.0 if a > 7.0 else a
    t = (b - 3.0)/(b + 3.0)
    v = t*t
    w = v*v
    c = fma(w, fma(v, fma(t, 1.5272604126379617e-05, 0.00010316078172803529),
                   fma(t, 7.66680571524609e-05, -0.0005808876378525623)),
            fma(v, fma(t, 0.000713270636204443, 0.004270382373440478),
                fma(t, -0.024392322448030603, 0.07166585073936253)))
    c = fma(w, c, fma(v, fma(t, -0.15011593631219736, 0.2456038016639603),
                      fma(t, -0.32623356004599957, 0.17900115118135151)))
    return fma(x, erf_rest(u), x) if a < 1.0 else signed(fma(-exp(-u), c, 1.0), x)
''',
    "erfc": '''
@compiled
def erfc(x):
    """1 - erf(x) with its digits: exp(-x*x)*erfcx(x) from 0.75 on, and 2 less that of -x up to -0.75."""
    a = abs(x)
    b = 28.0 if a > 28.0 else a
    t = (b - 4.0)/(b + 4.0)
    v = t*t
    w = v*v
    c = fma(v, -1.8206098680308682e-09, fma(t, -1.3670989863347383e-08, -7.71541861441783e-09))
    c = fma(w, c, fma(v, fma(t, 1.1534943745754157e-07, 6.270727157198311e-08),
                      fma(t, -8.351619688696847e-07, 3.0135049944875397e-07)))
    c = fma(w, c, fma(v, fma(t, 5.7178872846321855e-06, -1.1224789135154701e-05),
                      fma(t, -2.4403169244974074e-05, 0.000150622243948303)))
    c = fma(w, c, fma(v, fma(t, -0.00019925550755614952, -0.00075777334141333),
                      fma(t, 0.005031969755895426, -0.016197734059115006)))
    c = fma(w, c, fma(v, fma(t, 0.03716751556249286, -0.06633036581152939),
                      fma(t, 0.09373283499679412, -0.10103906603635213)))
    c = fma(w, c, fma(v, fma(t, 0.06809705425473732, 0.01537965210262074),
                      fma(t, -0.1396211168405629, 1.2329951186255526)))
    u = b*b
    e = exp(-u)
    e = fma(-e, fma(b, b, -u), e)*c/fma(2.0, b, 1.0)  # c is (1 + 2*x)*erfcx(x)
    near = 1.0 - fma(x, erf_rest(u), x)
    return near if a < 0.75 else 2.0 - e if x < 0.0 else e
''',
    "TWO_OVER_PI": '''
def two_over_pi(e):
    """2**e*2/pi less the multiples of 4 in it, in four parts of 53 bits."""
    known = int(
        "a2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e006492eea09d1921cfe1deb1cb129a73"
        "ee88235f52ebb4484e99c7026b45f7e413991d639835339f49c845f8bbdf9283b1ff897ffde05980fef2f118b5a0a6d1f6d367ecf27cb09"
        "b74f463f669e5fea2d7527bac7ebe5f17b3d0739f78a5292ea6bfb5fb11f8d5d0856033046fc7b6bab", 16)  # 2/pi*2**1216
    rest = known >> (1006 - e)
    return [float((rest >> at) % 2**53)*0.5**(210 - at) for at in (159, 106, 53, 0)]


TWO_OVER_PI = np.array([two_over_pi(e) for e in range(972)]).T.copy()
''',
    "two_sum": '''
@compiled
def two_sum(x, y):
    """x + y and what it has lost."""
    s = x + y
    t = s - x
    return s, (x - (s - t)) + (y - t)
''',
    "angle": '''
@compiled
def angle(x):
    """x less the nearest multiple of pi/2, in two parts, and how often that is in it, as the last two bits."""
    e = (bits(x) >> 52) & 0x7ff  # x is a whole number times 2**(e - 1075)
    e = 1075 if e < 1075 else 2046 if e > 2046 else e
    m = x*from_bits((2098 - e) << 52)
    a, b, c, d = TWO_OVER_PI[0, e - 1075], TWO_OVER_PI[1, e - 1075], TWO_OVER_PI[2, e - 1075], TWO_OVER_PI[3, e - 1075]
    p, q, r = m*a, m*b, m*c
    u = fma(m, a, -p)
    i, j, k = nearest(p), nearest(q), nearest(u)
    t, e4 = two_sum(r, fma(m, c, -r) + m*d)
    t, e3 = two_sum(fma(m, b, -q), t)
    t, e2 = two_sum(q - j, t)
    t, e1 = two_sum(u - k, t)
    t, e0 = two_sum(p - i, t)
    n = nearest(t)
    y, f3 = two_sum(e3, e4)
    y, f2 = two_sum(e2, y)
    y, f1 = two_sum(e1, y)
    y, f0 = two_sum(e0, y)
    y, f = two_sum(t - n, y)
    f += f0 + (f1 + (f2 + f3))
    z = y*1.5707963267948966
    return z, fma(y, 1.5707963267948966, -z) + (y*6.123233995736766e-17 + f*1.5707963267948966), bits(
        i - 4.0*nearest(i*0.25) + j + k + n + 6755399441055744.0)
''',
    "sine_cosine": '''
@compiled
def sine_cosine(x, y):
    """The sine and cosine of x + y, which lies between -pi/4 and pi/4."""
    z = x*x
    v = z*x
    s = fma(z, fma(z, 1.58969099521155010221e-10, -2.50507602534068634195e-08), 2.75573137070700676789e-06)
    s = fma(z, fma(z, s, -1.98412698298579493134e-04), 8.33333333332248946124e-03)
    c = fma(z, fma(z, -1.13596475577881948265e-11, 2.08757232129817482790e-09), -2.75573143513906633035e-07)
    c = fma(z, fma(z, fma(z, c, 2.48015872894767294178e-05), -1.38888888888741095749e-03), 4.16666666666666019037e-02)
    h = 0.5*z
    w = 1.0 - h
    return x - ((z*(0.5*y - v*s) - y) + v*1.66666666666666324348e-01), w + (((1.0 - w) - h) + (z*(z*c) - x*y))
''',
    "sin": '''
@compiled
def sin(x):
    """sin(x)"""
    y, low, n = angle(x)
    s, c = sine_cosine(y, low)
    s = c if n & 1 else s
    s = -s if n & 2 else s
    near = (bits(abs(x)) - bits(1e-8)) >> 63  # all bits where it is x itself; a choice would become a branch
    return from_bits((bits(x) & near) | (bits(s) & ~near))
''',
    "cos": '''
@compiled
def cos(x):
    """cos(x)"""
    y, low, n = angle(x)
    s, c = sine_cosine(y, low)
    c = s if n & 1 else c
    return -c if (n + 1) & 2 else c
''',
}

_SAID = re.compile(r'""".*?"""|#[^\n]*|"[^"\n]*"', re.DOTALL)
_WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*")


def words_of(text: str) -> set[str]:
    """The names that a text of functions says outside of its comments.

    >>> sorted(words_of("def f(x):\\n    return np.exp(x)  # log\\n"))
    ['def', 'f', 'np', 'return', 'x']
    """
    return set(_WORD.findall(_SAID.sub("", text)))


def needed_by(*names: str) -> list[str]:
    """The functions that these call, and themselves, in an order in which each follows what it calls."""
    found, stack = set(names), list(names)
    while stack:
        words = words_of(FUNCTIONS[stack.pop()])
        new = [name for name in FUNCTIONS if name in words and name not in found]
        found.update(new)
        stack += new
    return [name for name in FUNCTIONS if name in found]


__all__ = ["FUNCTIONS", "needed_by", "words_of"]
