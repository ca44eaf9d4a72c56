"""Names that users bring from elsewhere, and what to write for each here.

A line is what to write, and the names that mean it. `no: …` stands above names that no gate does the work of, with
what comes near. A name that stands here is never taken for a misspelt one.

>>> meant("tg"), meant("reduce_sum"), meant("median")
('tan', 'sum', 'no: write sum(x)/n for a mean; a median has no gate of its own: write np.median(x)')
"""

from __future__ import annotations

_ELEMENTARY = """
tan                 tg Tan TAN tangent
atan                arctg atg ArcTan ATAN atand
atan2               ATAN2 arctan_2
sin                 sen Sin SIN sine seno
asin                arcsen ArcSin ASIN
acos                ArcCos ACOS arcos
cos                 Cos COS cosine coseno
sinh                sh Sinh SINH
cosh                ch Cosh COSH
tanh                th Tanh TANH hardtan
asinh               ArcSinh ASINH arsinh argsinh
acosh               ArcCosh ACOSH arcosh argcosh
atanh               ArcTanh ATANH artanh argtanh
exp                 euler Exp EXP exponential
log                 Log LN Ln loge log_e
log10               lg Log10 LOG10 log_10
log2                ld lb Log2 log_2
sqrt                root Sqrt SQRT square_root sqroot
cbrt                cuberoot CubeRoot nthroot3 cube_root
abs                 ABS modulus magnitude_of
square              sqr sq SQ
sign                signum Sign SIGN sgnm
1/tan(x)            ctg cot cotan Cot COT
1/cos(x)            sec Sec SEC
1/sin(x)            csc cosec Csc CSC
1/tanh(x)           coth Coth COTH
1/cosh(x)           sech Sech SECH
1/sinh(x)           csch Csch CSCH
atan(1/x)           acot arccot ArcCot
acos(1/x)           asec arcsec ArcSec
asin(1/x)           acsc arccsc ArcCsc
2**x                exp_2 pow2
10**x               exp10 pow10
1/sqrt(x)           rsqrt invsqrt
1/x                 recip Reciprocal
x**y                POWER Power power_of
x**(1/n)            nthroot surd Surd
x*pi/180            deg2radian toRadians to_radians RADIANS
sin(x*pi/180)       sind
cos(x*pi/180)       cosd
tan(x*pi/180)       tand
sqrt(x**2 + y**2)   pythag
exp(x) - 1          expm_1 exp_m1
log(1 + x)          log_1p ln_1p log1px
gamma(n + 1)        factorial Factorial FACT fact
lgamma(n + 1)       lfactorial gammaln1 LogFactorial
exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1))    comb binom binomial nchoosek choose Binomial COMBIN
"""

_ARRAYS = """
mean                average avg AVERAGE Mean reduce_mean nanmean rowMeans colMeans
prod                product Product PRODUCT reduce_prod nanprod Times
sum                 total nansum SUM Sum Total reduce_sum sumall rowSums colSums accumulate_n
max                 reduce_max MAX nanmax MaxValue
min                 reduce_min MIN nanmin
norm                mag magnitude length l2norm vecnorm Norm norm2 l2_norm
norm(x)**2          l2_loss sumsq SUMSQ sqnorm
softmax             smax SoftmaxLayer
logsumexp           log_sum_exp reduce_logsumexp LogSumExp lse
dot                 Dot dotprod dot_product scalar_product SUMPRODUCT crossprod_v
matmul              mm mv bmm MMULT batch_dot
inv                 inverse Inverse MINVERSE ginv matrix_inverse
det                 determinant Det MDETERM
trace               tr Tr
transpose           T Transpose TRANSPOSE permute_dims
concatenate         cat Join rbind_v concat_v
where               iif ifelse if_else cond select IF If Which merge
eye(n)              IdentityMatrix MUNIT eye_like
reshape             Reshape ArrayReshape view_as
stack               pack Stack
sum(abs(x))         l1norm norm1 l1_norm
max(abs(x))         norm_inf linf_norm
mean(x**2)          mean_square meansq
sqrt(mean(x**2))    rms RMS rootmeansquare
mean((x - y)**2)    mse mse_loss MSELoss mean_squared_error
mean(abs(x - y))    mae l1_loss L1Loss mean_absolute_error
-sum(p*log(q))      cross_entropy_loss crossentropy xent
mean((x - mean(x))**2)          Variance VARP
sqrt(mean((x - mean(x))**2))    stdev StandardDeviation STDEVP sd
x/norm(x)           normalize Normalize unit_vector F_normalize
x @ x.T             tcrossprod
x.T @ x             crossprod
solve(A, b)         linsolve LinearSolve mldivide lu_solve
where(condition, x, 0)          masked_fill mask_where
minimum(maximum(x, lo), hi)     clip_by_value clamp_ Clip bound
outer(x, y)         outerprod ger
x[idx]              gather gather_nd index_select
x[::-1]             rev fliplr_v Reverse
"""

_NETWORKS = """
relu                ReLU rect Relu ramp Ramp rectify
sigmoid             Sigmoid LogisticSigmoid hard_logistic logsig
tanh                TanH tansig
heaviside           step HeavisideTheta UnitStep hardlim
log_sigmoid         LogSigmoid logsigmoid_
x @ W + b           Linear linear Dense dense addmm affine fc
x*sigmoid(x)        swish_ Swish
x                   Dropout dropout dropout2d identity_ Identity
"""

_NOTHING = """
no: write sum(x)/n for a mean; a median has no gate of its own: write np.median(x)
    median nanmedian Median MEDIAN
no: write np.quantile(x, 0.5)
    percentile quantile Quantile mode
no: eigenvalues have no gate but of symmetric matrices: eigvalsh(A), and np.linalg.eigh(A) gives vectors, too
    eig eigh eigvals Eigenvalues Eigensystem eigen
no: there is no singular value decomposition; norm and det have gates
    svd SingularValueDecomposition svdvals lu schur
no: there is no QR decomposition; cholesky(A.T @ A).T is R with a positive diagonal, and solve(R.T, A.T).T is Q
    qr QRDecomposition
no: there is no interpolation by this name; write np.interp(x, xp, fp), or a*(1 - t) + b*t
    interp interp1d interp2 approx Interpolation spline CubicSpline
no: there is no Fourier transform
    fft ifft rfft Fourier fft2 dct
no: nothing is drawn at random; make the number an input
    rand randn randint random runif rnorm RandomReal RAND normal_sample
no: nothing is printed; the last line is the output
    disp printf Print cat_
no: there are no integrals; write the sum of a rule: x, w = np.polynomial.legendre.leggauss(20)
    integrate quad dblquad quad_vec trapz trapezoid simpson Integrate NIntegrate integral
no: no differential equation is solved here; write the steps of a rule in a loop, such as Runge and Kutta's
    solve_ivp odeint ode RK45 ode45 solve_bvp NDSolve
no: nothing is solved or minimised here; compile the function that is
    fsolve root_scalar minimize fmin optimize NSolve FindRoot Solve uniroot optim
no: of a matrix the exponential has a gate: expm(A)
    MatrixExp matrix_exp logm sqrtm
no: the rank of a matrix has no slope
    matrix_rank rank MatrixRank nnz
no: nothing is counted; sum(where(x > 0, 1, 0)) is, and has the slope 0
    count_nonzero histogram unique bincount Count COUNTIF tabulate
no: an imaginary part does not exist here
    imag angle Re Im Conjugate Arg csqrt
no: complex numbers are not part of the language
    complex i_unit Complex
no: write the limit as a number
    lim limit Limit
"""

# Functions of NumPy, SciPy and torch with a meaning of their own: none is a slip for a gate that is spelled alike.
ELSEWHERE = frozenset(
    "sort argsort cross cov corr corrcoef kron roll rot90 flip tile repeat unique diff trapz convolve correlate "
    "meshgrid linspace arange logspace geomspace nonzero isnan isinf isfinite isclose allclose fix floor ceil trunc "
    "rint round around modf frexp ldexp fmod remainder mod gcd lcm sinc "
    "i0 i1 j0 j1 y0 y1 kn iv jv zeta beta betainc gammainc "
    "erfinv erfcinv digamma polygamma psi lambertw expi exp1 expint ellipk airy legendre hermite chebyt dawsn fresnel "
    "mode rand seed means medfilt sing stack split pad clip_grad fill copyto select choose compress extract put place "
    "take squeeze ravel searchsorted digitize cumprod cumsum nancumsum ptp var std average argmax argmin median "
    "percentile tril triu eye identity ones zeros full empty einsum tensordot vdot pinv lstsq cond expm rank".split()
)

# gradc's own work, by the names that others have for it.
DERIVATIVES = frozenset(
    "grad diff_ derivative differentiate jacobian hessian gradient jacfwd jacrev vjp jvp Dt Diff Derivative autodiff "
    "backward value_and_grad partial laplacian divergence nabla Grad deriv jacobianest dsolve".split()
)
DIFFERENTIATES = "gradc differentiates by itself: compile the function, and choose inputs with --wrt"


def _table() -> dict[str, str]:
    found: dict[str, str] = {}
    said = ""
    for line in f"{_ELEMENTARY}{_ARRAYS}{_NETWORKS}{_NOTHING}".split("\n"):
        names = line
        if line[:1].strip():
            said, _, names = (line, "", "") if line.startswith("no: ") else line.partition("  ")
        found.update((name, said) for name in names.split())
    return found


FOREIGN = _table()


def meant(name: str) -> str:
    """What to write for a name from elsewhere; nothing for a name that is not known."""
    if name in DERIVATIVES:
        return f"no: {DIFFERENTIATES}"
    return FOREIGN.get(name, "")


# What TeX's commands are here.
TEX = {
    "cdot": "*", "times": "*", "odot": "*", "div": "/", "pm": "+", "ast": "*", "circ": "*",
    "frac": "(x)/(y)", "dfrac": "(x)/(y)", "tfrac": "(x)/(y)", "sqrt": "sqrt(x)", "sum": "sum(x)", "prod": "prod(x)",
    "left": "(", "right": ")", "big": "(", "Big": "(", "lvert": "abs(x)", "vert": "abs(x)", "lVert": "norm(x)",
    "Vert": "norm(x)", "top": "x.T", "intercal": "x.T", "infty": "inf", "leq": "<=", "le": "<=", "geq": ">=",
    "ge": ">=", "neq": "!=", "ne": "!=", "land": "and", "lor": "or", "lnot": "not",
    "operatorname": "the function's name",
    "mathrm": "the name alone", "mathbf": "the name alone", "text": "the name alone", "boldsymbol": "the name alone",
    "vec": "the name alone", "hat": "x_hat", "bar": "x_bar", "tilde": "x_tilde", "dot": "x_dot", "lambda": "lam",
    "otimes": "outer(x, y)", "langle": "dot(x, y)", "cdots": "the terms", "ldots": "the terms", "dots": "the terms",
    "quad": "a space", "mid": "abs(x)",
}  # fmt: skip
_TEX_FUNCTIONS = (
    "sin cos tan sinh cosh tanh exp ln log max min det arcsin arccos arctan sec csc cot tr erf sigma".split()
)
_TEX_NAMES = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta kappa mu nu xi pi rho sigma tau phi varphi chi "
    "psi omega Gamma Delta Theta Sigma Phi Psi Omega ell".split()
)


def tex(command: str) -> str:
    """What to write for TeX's command; nothing for one that is not known.

    >>> tex("frac"), tex("sin"), tex("alpha"), tex("int"), tex("partial")
    ('(x)/(y)', 'sin(x)', 'alpha', 'no integral: write the sum of a rule', 'x: gradc differentiates by itself')
    """
    word = command.split("_")[0]
    if word in TEX:
        return TEX[word]
    if word in _TEX_FUNCTIONS:
        return f"{word}(x)"
    if word in _TEX_NAMES:
        return word.removeprefix("var")
    if word in ("int", "oint"):
        return "no integral: write the sum of a rule"
    if word in ("partial", "nabla"):
        return "x: gradc differentiates by itself"
    return ""
