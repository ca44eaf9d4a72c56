"""Special functions as texts of modules, for NumPy and for `math`; `gradc.ops.special` has their entries.

Tables were interpolated at Chebyshev's points in 60 digits; the asymptotic series are those in Bernoulli's numbers
(Abramowitz and Stegun, 6.1.41, 6.3.18, 6.4.12).
"""

POLY = '''
def poly(x, coefficients):
    """A polynomial by Horner's rule; the constant comes last."""
    out = 0.0
    for each in coefficients:
        out = out*x + each
    return out
'''
STIRLING = '''
_STIRLING = (
    -1.3924322169059011, 0.17964437236883057, -0.029550653594771242, 0.00641025641025641,
    -0.0019175269175269176, 0.0008417508417508417, -0.0005952380952380953, 0.0007936507936507937,
    -0.002777777777777778, 0.08333333333333333,
)


def stirling(x):
    """What Stirling's formula lacks of log(gamma(x)), for x >= 8: its series in Bernoulli's numbers."""
    r = 1.0/x
    return r*poly(r*r, _STIRLING)
'''
LGAMMA = '''
# log(gamma(x))/((x - 1)*(x - 2)) for 1 <= x <= 2, about 1.5, interpolated at Chebyshev's points in 60 digits.
_LGAMMA = (
    -3.3634106716698643e-06, 5.243347943772127e-06, -3.141701075555155e-06, 4.939312310674292e-06,
    -1.1093831935230702e-05, 1.7455601766662794e-05, -2.628414257610881e-05, 4.159729145290115e-05,
    -6.633218881329272e-05, 0.00010565261976836096, -0.00016889233273334643, 0.00027127400224009565,
    -0.0004379952605342461, 0.0007115224750426455, -0.0011644144679247021, 0.0019229161306902386,
    -0.0032120740773551953, 0.005446457844800713, -0.009425622448467657, 0.01679709863118352,
    -0.03130848750101101, 0.06291140107456496, -0.14595989591430608, 0.4831289505409809,
)


def lgamma(x):
    """log(abs(gamma(x))): a polynomial between its zeros, Stirling's series from 8 on, the reflection below 0."""
    x = as_real(x)
    u = x.astype(float)
    v = np.abs(u)
    t, p = np.minimum(v, 8.0), np.ones(v.shape)
    for _ in range(6):  # gamma(t + 1) is t*gamma(t)
        far = t >= 2.0
        t = np.where(far, t - 1.0, t)
        p = np.where(far, p*t, p)
    s = np.where(t < 1.0, t, t - 1.0)
    with np.errstate(all="ignore"):
        out = s*(s - 1.0)*poly(s - 0.5, _LGAMMA) + np.where(v < 1.0, -np.log(v), np.log(p))
        w = np.maximum(v, 8.0)
        out = np.where(v < 8.0, out, (w - 0.5)*(np.log(w) - 1.0) + (0.41893853320467274 + stirling(w)))
        out = np.where(u < 0.0, np.log(np.pi/np.abs(u*np.sin(np.pi*(u - np.round(u))))) - out, out)
    return np.where(np.isinf(u), np.inf, out).astype(x.dtype, copy=False)[()]
'''
PSI_SERIES = '''
_PSI = (
    -26.456212121212122, 3.0539543302701198, -0.4432598039215686, 0.08333333333333333,
    -0.021092796092796094, 0.007575757575757576, -0.004166666666666667, 0.003968253968253968,
    -0.008333333333333333, 0.08333333333333333,
)


def psi_series(x):
    """What log(x) - 1/(2*x) has more than digamma(x), for x >= 8: its series in Bernoulli's numbers."""
    r = 1.0/x
    return r*r*poly(r*r, _PSI)
'''
DIGAMMA = '''
# digamma(x)/(x - its zero) for 1 <= x <= 2, about 1.5, interpolated at Chebyshev's points in 60 digits.
_DIGAMMA = (
    -8.153978973309418e-05, 0.00012230983055406747, -6.11554261750751e-05, 9.173383289174792e-05,
    -0.0002178682145501451, 0.0003268068044141764, -0.0004599625144612576, 0.0006899717801166841,
    -0.001042261556504223, 0.0015635679757533885, -0.002344650082351321, 0.0035180800751066694,
    -0.00528001782089874, 0.007927024067961237, -0.011908215172584002, 0.017907248195969127,
    -0.02697579684427536, 0.04076083394462657, -0.06192213327165706, 0.09498872445283,
    -0.14840492305391761, 0.24054248424078736, -0.42362742128146047, 0.9510558760318328,
)


def digamma(x):
    """The slope of log(gamma(x)): a polynomial about its zero, the asymptotic series from 8 on, and the reflection."""
    x = as_real(x)
    u = x.astype(float)
    v = np.where(u < 0.5, 1.0 - u, u)
    t, out = np.minimum(v, 8.0), np.zeros(v.shape)
    for _ in range(6):  # digamma(t + 1) is digamma(t) + 1/t
        far = t >= 2.0
        t = np.where(far, t - 1.0, t)
        out = np.where(far, out + 1.0/t, out)
    out = np.where(t < 1.0, out - 1.0/t, out)
    t = np.where(t < 1.0, t + 1.0, t)
    out = out + ((t - 1.4616321449683622) - 9.549995429965697e-17)*poly(t - 1.5, _DIGAMMA)
    w = np.maximum(v, 8.0)
    out = np.where(v < 8.0, out, np.log(w) - (0.5/w + psi_series(w)))
    with np.errstate(all="ignore"):
        out = np.where(u < 0.5, out - np.pi/np.tan(np.pi*(u - np.round(u))), out)
    return np.where((u < 0.0) & (u == np.round(u)), np.nan, out).astype(x.dtype, copy=False)[()]
'''
POLYGAMMA = '''
def polygamma(n, x):
    """SciPy's function of this name, in the precision of x."""
    return by_scipy("polygamma").polygamma(n, x).astype(as_real(x).dtype, copy=False)[()]
'''
TRIGAMMA = '''
_TRI = (
    -529.1242424242424, 54.971177944862156, -7.092156862745098, 1.1666666666666667,
    -0.2531135531135531, 0.07575757575757576, -0.03333333333333333, 0.023809523809523808,
    -0.03333333333333333, 0.16666666666666666,
)


def trigamma(x):
    """The slope of digamma: the sum of 1/(x + k)**2, from 8 on by its asymptotic series, and the reflection."""
    x = as_real(x)
    u = x.astype(float)
    t = np.where(u < 0.5, 1.0 - u, u)
    out = np.zeros(t.shape)
    for _ in range(8):
        out, t = np.where(t < 8.0, out + (1.0/t)**2, out), np.where(t < 8.0, t + 1.0, t)
    r = 1.0/t
    out = out + r*(1.0 + r*(0.5 + r*poly(r*r, _TRI)))
    with np.errstate(all="ignore"):
        out = np.where(u < 0.5, (np.pi/np.sin(np.pi*(u - np.round(u))))**2 - out, out)
    return out.astype(x.dtype, copy=False)[()]
'''
GAMMA = '''
# 1/gamma(x) for 1 <= x <= 2, about 1.5, and gamma(x)*exp(x)/x**(x - 1/2) in 1/x for x >= 8, about 16,
# interpolated at Chebyshev's points in 60 digits.
_RGAMMA = (
    1.6830710938973937e-08, -9.002261834603835e-08, 5.80540732549556e-08, 2.1565577829270528e-06,
    -1.3896829354060864e-05, 2.5355130539175535e-05, 0.00015235762354157663, -0.001110730245918119,
    0.002120731442396242, 0.006612897826273515, -0.042155169368530074, 0.050966860247723254,
    0.1751020260439345, -0.5266544355255447, -0.0411745264452831, 1.1283791670955126,
)
_GAMMA = (
    -0.0013454672334376246, 0.006571416314834771, -0.0013796172523821287, -0.0022666516064464236,
    0.0013219872690759982, 0.0009076887792459075, -0.0012708671095468273, -0.0004471006564424501,
    0.0019112640539757204, 3.6621866033418976e-05, -0.00678805723404272, 0.007434693079689499,
    0.209894461674808, 2.5197159807609406,
)


def gamma(x):
    """The gamma function: a polynomial of its reciprocal, Stirling's formula from 8 on, and the reflection below 0."""
    x = as_real(x)
    u = x.astype(float)
    v = np.abs(u)
    t, p = np.minimum(v, 8.0), np.ones(v.shape)
    for _ in range(6):  # gamma(t + 1) is t*gamma(t)
        far = t >= 2.0
        t = np.where(far, t - 1.0, t)
        p = np.where(far, p*t, p)
    with np.errstate(all="ignore"):
        out = p/(np.where(t < 1.0, t, 1.0)*poly(np.where(t < 1.0, t - 0.5, t - 1.5), _RGAMMA))
        w = np.clip(v, 8.0, 200.0)
        last = np.where(w > 140.0, w**40.0, 1.0)  # apart, so that it does not overflow before its time
        power = w**np.where(w > 140.0, w - 40.5, w - 0.5)
        out = np.where(v < 8.0, out, power*(np.exp(-w)*poly(1.0/w - 0.0625, _GAMMA))*last)
        sine = np.sin(np.pi*(u - np.round(u)))*np.where(np.round(u) % 2.0, -1.0, 1.0)
        out = np.where(u < 0.0, -np.pi/(u*sine*out), out)
    return np.where((u < 0.0) & (u == np.round(u)), np.nan, out).astype(x.dtype, copy=False)[()]
'''
MILLS = '''
# mills(x)*(5 + x) in 1 - 10/(5 + x), interpolated at Chebyshev's points in 60 digits.
_MILLS = (
    3.739586020518108e-11, 1.2454987689223563e-10, -3.668771848230918e-10, -1.5327446792134331e-09,
    1.914301602439945e-09, 1.1236740394470787e-08, -7.963852408411641e-09, -7.037494441348362e-08,
    3.961291147506015e-08, 4.36305279754606e-07, -3.342510524929374e-07, -2.770665289718086e-06,
    3.97968779625356e-06, 1.6681605367626834e-05, -4.976242894253767e-05, -5.937579705100071e-05,
    0.0005448989888059025, -0.0007978693910589953, -0.0029933767615333666, 0.020795066799429305,
    -0.06911863870689271, 0.165020366170399, -0.3135331566712872, 0.49530561596997624,
    -0.6653825028900568, 0.769193049750063,
)


def mills(x):
    """The standard normal's upper tail times exp(x**2/2), for x >= 0."""
    return poly(1.0 - 10.0/(5.0 + x), _MILLS)/(5.0 + x)
'''
NDTR = '''
# (ndtr(x) - 1/2)/x in x**2 for abs(x) <= 1, interpolated at Chebyshev's points in 60 digits.
_NDTR = (
    -1.6878231631896875e-13, 5.003033458919368e-12, -1.1285002144059668e-10, 2.2733770173468317e-09,
    -4.122657837266453e-08, 6.659693114915888e-07, -9.444656248413156e-06, 0.00011543468761421087,
    -0.001187328215480253, 0.009973557010035806, -0.06649038006690544, 0.3989422804014327,
)


def ndtr(x):
    """The standard normal distribution function, to full precision in its lower tail."""
    x = as_real(x)
    u = x.astype(float)
    t = np.minimum(np.abs(u), 40.0)
    near = np.round(t*256.0)/256.0  # its square is exact
    high, low = -0.5*near*near, -0.5*(t - near)*(t + near)
    e = np.exp(high + low)
    tail = mills(t)*(e + e*(low - ((high + low) - high)))
    middle = 0.5 + u*poly(np.minimum(t*t, 1.0), _NDTR)
    return np.where(t < 1.0, middle, np.where(u < 0.0, tail, 1.0 - tail)).astype(x.dtype, copy=False)[()]
'''
LOG_NDTR = '''
def log_ndtr(x):
    """The logarithm of ndtr, to full precision in both tails."""
    x = as_real(x)
    u = x.astype(float)
    low = np.minimum(u, 0.0)
    with np.errstate(over="ignore", divide="ignore"):
        out = np.log(mills(-low)) - 0.5*low*low
    out = np.where(u < -1.0, out, np.log(ndtr(np.clip(u, -1.0, 0.0))))
    out = np.where(u > 0.0, np.log1p(-ndtr(np.minimum(-u, 0.0))), out)
    return out.astype(x.dtype, copy=False)[()]
'''
GAP = '''
_PSI_GAP = (
    -26.456212121212122, 3.0539543302701198, -0.4432598039215686, 0.08333333333333333,
    -0.021092796092796094, 0.007575757575757576, -0.004166666666666667, 0.003968253968253968,
    -0.008333333333333333, 0.08333333333333333,
)


def digamma_gap(x, y):
    """digamma(x) - digamma(x + y) for positive numbers, without their cancellation."""
    x, y = as_real(x), as_real(y)
    t, v = np.broadcast_arrays(x.astype(float), y.astype(float))
    out = np.zeros(t.shape)
    for _ in range(8):
        out, t = np.where(t < 8.0, out - v/t/(t + v), out), np.where(t < 8.0, t + 1.0, t)
    z = t + v
    out = out - (np.log1p(v/t) + 0.5*(v/t)/z)
    r, s = 1.0/t, 1.0/z
    whole, part = 0.0, 0.0  # of poly(r**2, _PSI_GAP) and what it has more than that of s, by r**2 - s**2
    for each in _PSI_GAP:
        part, whole = part*(s*s) + whole, whole*(r*r) + each
    out = out - v*r*s*(r + s)*(whole + part*(s*s))
    return out.astype(np.result_type(x, y), copy=False)[()]
'''
TRIGAMMA_GAP = '''
_TRI_GAP = (
    -529.1242424242424, 54.971177944862156, -7.092156862745098, 1.1666666666666667,
    -0.2531135531135531, 0.07575757575757576, -0.03333333333333333, 0.023809523809523808,
    -0.03333333333333333, 0.16666666666666666,
)


def trigamma_gap(x, y):
    """trigamma(x) - trigamma(x + y) for positive numbers, without their cancellation."""
    x, y = as_real(x), as_real(y)
    t, v = np.broadcast_arrays(x.astype(float), y.astype(float))
    out = np.zeros(t.shape)
    for _ in range(8):
        out = np.where(t < 8.0, out + v/t/(t + v)*(1.0/t + 1.0/(t + v)), out)
        t = np.where(t < 8.0, t + 1.0, t)
    r, s = 1.0/t, 1.0/(t + v)
    whole, part = 0.0, 0.0  # of r*poly(r**2, _TRI_GAP) and what it has more than that of s, by r - s
    for each in _TRI_GAP:
        part, whole = part*(s*s) + whole*(r + s), whole*(r*r) + each
    part = whole*(r*r + r*s + s*s) + part*(s*s*s)
    out = out + v*r*s*(1.0 + 0.5*(r + s) + part)
    return out.astype(np.result_type(x, y), copy=False)[()]
'''
TRIGAMMA_GAP_MATH = '''
_TRI_GAP = (
    -529.1242424242424, 54.971177944862156, -7.092156862745098, 1.1666666666666667,
    -0.2531135531135531, 0.07575757575757576, -0.03333333333333333, 0.023809523809523808,
    -0.03333333333333333, 0.16666666666666666,
)


def trigamma_gap(x, y):
    """trigamma(x) - trigamma(x + y) for positive numbers, without their cancellation."""
    out = 0.0
    for _ in range(8):
        if x < 8.0:
            out += y/x/(x + y)*(1.0/x + 1.0/(x + y))
            x += 1.0
    r, s = 1.0/x, 1.0/(x + y)
    whole, part = 0.0, 0.0  # of r*poly(r**2, _TRI_GAP) and what it has more than that of s, by r - s
    for each in _TRI_GAP:
        part, whole = part*(s*s) + whole*(r + s), whole*(r*r) + each
    part = whole*(r*r + r*s + s*s) + part*(s*s*s)
    return out + y*r*s*(1.0 + 0.5*(r + s) + part)
'''
BETALN = '''
def betaln(x, y):
    """log(gamma(x)*gamma(y)/gamma(x + y)) for positive numbers, without the cancellation where they are large."""
    x, y = as_real(x), as_real(y)
    kind = np.result_type(x, y)
    a, b = np.minimum(x, y).astype(float), np.maximum(x, y).astype(float)
    with np.errstate(all="ignore"):
        s, t = np.maximum(a, 8.0), np.maximum(b, 8.0)
        near = lgamma(a) + lgamma(b) - lgamma(a + b)
        rest = stirling(t) - stirling(a + t) - (a + t - 0.5)*np.log1p(a/t)
        far = lgamma(a) - a*(np.log(t) - 1.0) + rest
        both = (s - 0.5)*np.log(s/t) - 0.5*np.log(t) + (0.9189385332046727 + stirling(s) + rest)
    return np.where(b < 8.0, near, np.where(a < 8.0, far, both)).astype(kind, copy=False)[()]
'''
BETA = '''
def beta(x, y):
    """gamma(x)*gamma(y)/gamma(x + y), by its logarithm where these would overflow."""
    x, y = as_real(x), as_real(y)
    with np.errstate(all="ignore"):
        out = np.where(np.add(x, y) < 170.0, gamma(x)/gamma(np.add(x, y))*gamma(y), np.exp(betaln(x, y)))
    return out.astype(np.result_type(x, y), copy=False)[()]
'''
LOG_NDTR_SLOPE = '''
def log_ndtr_slope(x):
    """The slope of log_ndtr: the density by the distribution function, which is 1/mills in the lower tail."""
    x = as_real(x)
    u = x.astype(float)
    low, high = np.maximum(-u, 0.0), np.maximum(u, 0.0)
    out = np.exp(-0.5*high*np.minimum(high, 1e3))*0.3989422804014327/np.where(u < 0.0, mills(low), ndtr(high))
    return out.astype(x.dtype, copy=False)[()]
'''
# For targets whose arrays SciPy does not take.
IVE_SLOPE_BY_SUMS = '''
def ive_slope(x, n, k):
    """The k-th derivative of exp(-abs(x))*iv(n, x): the midpoint rule in the integral of DLMF 10.32.3, and from
    abs(x) = 20 on the asymptotic series (DLMF 10.40.1)."""
    u, near, far, term = np.abs(x), 0.0, 0.0, 1.0
    t, r = np.minimum(u, 20.0), 1.0/np.maximum(u, 20.0)
    for i in range(48):
        angle = (i + 0.5)*math.pi/48
        gap = -2.0*math.sin(0.5*angle)**2
        near = near + gap**k*math.cos(n*angle)/48*np.exp(gap*t)
    for i in range(30):
        far = far + math.prod(-(i + 0.5 + m) for m in range(k))*term
        term = -term*r*(4*n*n - (2*i + 1)**2)/(8*(i + 1))
    out = np.where(u < 20.0, near, far*np.sqrt(r/(2*math.pi))*r**k)
    return out if (n + k) % 2 == 0 else np.sign(x)*out
'''
_MILLS_GAP = """
# (1/mills(x) - x)*(5 + x) in 1 - 10/(5 + x), interpolated at Chebyshev's points in 60 digits.
_MILLS_GAP = (
    6.518298354985978e-08, -1.7176002905704404e-07, -3.9541289020967604e-07, 1.6599317771528405e-06,
    8.233703605434115e-08, -7.022722617313296e-06, 8.231653388404943e-06, 1.282152054321213e-05,
    -4.428663838769809e-05, 2.304412859521576e-05, 0.00010909378019183885, -0.00023692323545743986,
    -3.7995032198159737e-06, 0.0007603041828119704, -0.0010813220777337084, -0.0007880557216475147,
    0.004398055696114125, -0.004041601765265648, -0.006933591804814949, 0.02223241133187009,
    -0.014677291898301708, -0.04060626213472945, 0.11308979128397195, -0.08631347402150004,
    -0.1849722441526999, 0.7386350010143911, -1.404603790452801, 1.865039671258421,
)
"""
MILLS_GAP = (
    _MILLS_GAP
    + '''

def mills_gap(x):
    """x + log_ndtr_slope(x), without their cancellation in the lower tail."""
    x = as_real(x)
    u = x.astype(float)
    t = np.maximum(-u, 0.0)
    low = poly(1.0 - 10.0/(5.0 + t), _MILLS_GAP)/(5.0 + t)
    return np.where(u < 0.0, low, u + log_ndtr_slope(u)).astype(x.dtype, copy=False)[()]
'''
)
MILLS_GAP_MATH = (
    _MILLS_GAP
    + '''

def mills_gap(x):
    """x + log_ndtr_slope(x), without their cancellation in the lower tail."""
    return x + log_ndtr_slope(x) if x >= 0.0 else poly(1.0 - 10.0/(5.0 - x), _MILLS_GAP)/(5.0 - x)
'''
)
SINC_SLOPE = '''
_SINC = (
    -1.3148481279991994e-07, 4.049947846619244e-06, -9.766223126318933e-05, 0.001781145516372852,
    -0.023460810354558236, 0.2091827825412384, -1.1445109447325053, 3.2469697011334144,
    -3.289868133696453,
)


def sinc_slope(x):
    """The slope of sin(pi*x)/(pi*x): its series below 1/4."""
    x = as_real(x)
    u = x.astype(float)
    is_near = np.abs(u) < 0.25
    near, far = np.where(is_near, u, 0.0), np.where(is_near, 1.0, u)
    out = (np.cos(np.pi*far) - np.sinc(far))/far
    return np.where(is_near, near*poly(near*near, _SINC), out).astype(x.dtype, copy=False)[()]
'''
LOGIT = '''
def logit(x):
    """log(x/(1 - x)), near 1/2 by way of log1p."""
    near = np.abs(x - 0.5) < 0.25
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(near, np.log1p((x - (1.0 - x))/np.where(near, 1.0 - x, 1.0)), np.log(x) - np.log1p(-x))[()]
'''
XLOGY = '''
def xlogy(x, y):
    """x*log(y), and 0 where x is 0."""
    zero = (x == 0) & (y == y)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(zero, 0.0, x*np.log(np.where(zero, 1.0, y)))[()]
'''
XLOG1PY = '''
def xlog1py(x, y):
    """x*log1p(y), and 0 where x is 0."""
    zero = (x == 0) & (y == y)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(zero, 0.0, x*np.log1p(np.where(zero, 0.0, y)))[()]
'''
SINC_MATH = '''
def sinc(x):
    """sin(pi*x)/(pi*x)."""
    return math.sin(math.pi*x)/(math.pi*x) if x else 1.0
'''
SINC_SLOPE_MATH = '''
_SINC = (
    -1.3148481279991994e-07, 4.049947846619244e-06, -9.766223126318933e-05, 0.001781145516372852,
    -0.023460810354558236, 0.2091827825412384, -1.1445109447325053, 3.2469697011334144,
    -3.289868133696453,
)


def sinc_slope(x):
    """The slope of sin(pi*x)/(pi*x): its series below 1/4."""
    if abs(x) < 0.25:
        return x*poly(x*x, _SINC)
    return (math.cos(math.pi*x) - math.sin(math.pi*x)/(math.pi*x))/x
'''
LOGIT_MATH = '''
def logit(x):
    """log(x/(1 - x)), near 1/2 by way of log1p."""
    if 0.25 < x < 0.75:
        return math.log1p((x - (1.0 - x))/(1.0 - x))
    return math.log(x) - math.log1p(-x)
'''
XLOGY_MATH = '''
def xlogy(x, y):
    """x*log(y), and 0 where x is 0."""
    return x*math.log(y) if x or y != y else 0.0
'''
XLOG1PY_MATH = '''
def xlog1py(x, y):
    """x*log1p(y), and 0 where x is 0."""
    return x*math.log1p(y) if x or y != y else 0.0
'''
LGAMMA_MATH = '''
# log(gamma(x))/((x - 1)*(x - 2)) for 1 <= x <= 2, about 1.5, interpolated at Chebyshev's points in 60 digits.
_LGAMMA = (
    -3.3634106716698643e-06, 5.243347943772127e-06, -3.141701075555155e-06, 4.939312310674292e-06,
    -1.1093831935230702e-05, 1.7455601766662794e-05, -2.628414257610881e-05, 4.159729145290115e-05,
    -6.633218881329272e-05, 0.00010565261976836096, -0.00016889233273334643, 0.00027127400224009565,
    -0.0004379952605342461, 0.0007115224750426455, -0.0011644144679247021, 0.0019229161306902386,
    -0.0032120740773551953, 0.005446457844800713, -0.009425622448467657, 0.01679709863118352,
    -0.03130848750101101, 0.06291140107456496, -0.14595989591430608, 0.4831289505409809,
)


def lgamma(x):
    """log(abs(gamma(x))), about its zeros by a polynomial, where the standard library's loses digits."""
    if not 0.5 < x < 3.0:
        return math.lgamma(x)
    s = x - math.floor(x)
    near = s*(s - 1.0)*poly(s - 0.5, _LGAMMA)
    return near - math.log(x) if x < 1.0 else near + math.log(x - 1.0) if x >= 2.0 else near
'''
DIGAMMA_MATH = '''
# digamma(x)/(x - its zero) for 1 <= x <= 2, about 1.5, interpolated at Chebyshev's points in 60 digits.
_DIGAMMA = (
    -8.153978973309418e-05, 0.00012230983055406747, -6.11554261750751e-05, 9.173383289174792e-05,
    -0.0002178682145501451, 0.0003268068044141764, -0.0004599625144612576, 0.0006899717801166841,
    -0.001042261556504223, 0.0015635679757533885, -0.002344650082351321, 0.0035180800751066694,
    -0.00528001782089874, 0.007927024067961237, -0.011908215172584002, 0.017907248195969127,
    -0.02697579684427536, 0.04076083394462657, -0.06192213327165706, 0.09498872445283,
    -0.14840492305391761, 0.24054248424078736, -0.42362742128146047, 0.9510558760318328,
)


def digamma(x):
    """The slope of log(gamma(x)): a polynomial about its zero, the asymptotic series from 8 on, and the reflection."""
    out = 0.0
    if x < 0.5:
        out = -math.pi/math.tan(math.pi*(x - round(x)))
        x = 1.0 - x
    if x >= 8.0:
        return out + math.log(x) - (0.5/x + psi_series(x))
    for _ in range(6):  # digamma(t + 1) is digamma(t) + 1/t
        if x >= 2.0:
            x -= 1.0
            out += 1.0/x
    if x < 1.0:
        out -= 1.0/x
        x += 1.0
    return out + ((x - 1.4616321449683622) - 9.549995429965697e-17)*poly(x - 1.5, _DIGAMMA)
'''
TRIGAMMA_MATH = '''
_TRI = (
    -529.1242424242424, 54.971177944862156, -7.092156862745098, 1.1666666666666667,
    -0.2531135531135531, 0.07575757575757576, -0.03333333333333333, 0.023809523809523808,
    -0.03333333333333333, 0.16666666666666666,
)


def trigamma(x):
    """The slope of digamma: the sum of 1/(x + k)**2, from 8 on by its asymptotic series, and the reflection."""
    t, out = (1.0 - x if x < 0.5 else x), 0.0
    for _ in range(8):
        if t < 8.0:
            out += 1.0/(t*t)
            t += 1.0
    r = 1.0/t
    out += r*(1.0 + r*(0.5 + r*poly(r*r, _TRI)))
    return (math.pi/math.sin(math.pi*(x - round(x))))**2 - out if x < 0.5 else out
'''
GAP_MATH = '''
_PSI_GAP = (
    -26.456212121212122, 3.0539543302701198, -0.4432598039215686, 0.08333333333333333,
    -0.021092796092796094, 0.007575757575757576, -0.004166666666666667, 0.003968253968253968,
    -0.008333333333333333, 0.08333333333333333,
)


def digamma_gap(x, y):
    """digamma(x) - digamma(x + y) for positive numbers, without their cancellation."""
    out = 0.0
    for _ in range(8):
        if x < 8.0:
            out -= y/(x*(x + y))
            x += 1.0
    out -= math.log1p(y/x) + 0.5*(y/x)/(x + y)
    r, s = 1.0/x, 1.0/(x + y)
    whole, part = 0.0, 0.0  # of poly(r**2, _PSI_GAP) and what it has more than that of s, by r**2 - s**2
    for each in _PSI_GAP:
        part, whole = part*(s*s) + whole, whole*(r*r) + each
    return out - y*r*s*(r + s)*(whole + part*(s*s))
'''
BETALN_MATH = '''
def betaln(x, y):
    """log(gamma(x)*gamma(y)/gamma(x + y)) for positive numbers, without the cancellation where they are large."""
    a, b = min(x, y), max(x, y)
    if b < 8.0:
        return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    rest = stirling(b) - stirling(a + b) - (a + b - 0.5)*math.log1p(a/b)
    if a < 8.0:
        return math.lgamma(a) - a*(math.log(b) - 1.0) + rest
    return (a - 0.5)*math.log(a/b) - 0.5*math.log(b) + (0.9189385332046727 + stirling(a) + rest)
'''
BETA_MATH = '''
def beta(x, y):
    """gamma(x)*gamma(y)/gamma(x + y), by its logarithm where these would overflow."""
    if x + y < 170.0:
        return math.gamma(x)/math.gamma(x + y)*math.gamma(y)
    return math.exp(betaln(x, y))
'''
NDTR_MATH = '''
# (ndtr(x) - 1/2)/x in x**2 for abs(x) <= 1, interpolated at Chebyshev's points in 60 digits.
_NDTR = (
    -1.6878231631896875e-13, 5.003033458919368e-12, -1.1285002144059668e-10, 2.2733770173468317e-09,
    -4.122657837266453e-08, 6.659693114915888e-07, -9.444656248413156e-06, 0.00011543468761421087,
    -0.001187328215480253, 0.009973557010035806, -0.06649038006690544, 0.3989422804014327,
)


def ndtr(x):
    """The standard normal distribution function, to full precision in its lower tail."""
    t = min(abs(x), 40.0)
    if not t >= 1.0:  # nan, too
        return 0.5 + x*poly(t*t, _NDTR)
    near = round(t*256.0)/256.0  # its square is exact
    high, low = -0.5*near*near, -0.5*(t - near)*(t + near)
    e = math.exp(high + low)
    tail = mills(t)*(e + e*(low - ((high + low) - high)))
    return tail if x < 0.0 else 1.0 - tail
'''
LOG_NDTR_MATH = '''
def log_ndtr(x):
    """The logarithm of ndtr, to full precision in both tails."""
    if x < -1.0:
        return math.log(mills(-x)) - 0.5*x*x
    return math.log(ndtr(x)) if x <= 0.0 else math.log1p(-ndtr(-x))
'''
LOG_NDTR_SLOPE_MATH = '''
def log_ndtr_slope(x):
    """The slope of log_ndtr: the density by the distribution function, which is 1/mills in the lower tail."""
    if x < 0.0:
        return 0.3989422804014327/mills(-x) if x != -math.inf else math.inf
    return 0.3989422804014327*math.exp(-0.5*x*x)/ndtr(x)
'''
BY_SCIPY = '''
def by_scipy(gate):
    """SciPy's special functions, of which a gate is one."""
    try:
        from scipy import special
    except ImportError:
        raise ImportError(f"{gate} is computed by SciPy, which is not there: pip install 'gradc[scipy]'") from None
    return special
'''


def scipy(name: str, params: str = "x") -> list[str]:
    """The text of a function that is SciPy's."""
    text = f"""
def {name}({params}):
    \"\"\"SciPy's function of this name.\"\"\"
    return by_scipy("{name}").{name}({params})[()]
"""
    return [BY_SCIPY, text]
