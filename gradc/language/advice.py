"""Wrong words into what to write instead: other languages' names, keywords, shapes that would fit.

>>> unknown_function("tg"), unknown_function("sigmod"), unknown_function("average")
("did you mean 'tan'?", "did you mean 'sigmoid'?", "did you mean 'mean'?")
>>> matmul("W", "x", (4, 3), (4,))
'write W.T @ x'
"""

from __future__ import annotations

import keyword
import re

from gradc.graph.dag import Shape
from gradc.graph.shapes import show
from gradc.ops.table import spellings

# What to write, and the names that other languages and libraries have for it.
_FOREIGN = {
    "tan": "tg",                 "atan": "arctg atg",           "sin": "sen",            "asin": "arcsen",
    "sinh": "sh",                "cosh": "ch",                  "tanh": "th",            "exp": "euler",
    "log10": "lg",               "log2": "ld lb",               "sqrt": "root",          "cbrt": "cuberoot",
    "square": "sqr sq",          "sign": "signum",              "relu": "ReLU rect",     "heaviside": "step",
    "mean": "average avg",       "prod": "product",             "sum": "total nansum",   "norm": "mag magnitude length",
    "softmax": "smax",           "logsumexp": "logaddexp log_sum_exp",                   "dot": "inner vdot",
    "matmul": "mm mv bmm",       "inv": "inverse",              "det": "determinant",    "trace": "tr",
    "transpose": "T",            "concatenate": "cat hstack vstack append",
    "where": "iif ifelse if_else cond select",
    "1/tan(x)": "ctg cot cotan", "1/cos(x)": "sec",             "1/sin(x)": "csc cosec", "1/tanh(x)": "coth",
    "1/cosh(x)": "sech",         "1/sinh(x)": "csch",                    "1/sqrt(x)": "rsqrt",
    "mean(x)": "len",
    "mean((x - mean(x))**2)": "var",                            "sqrt(mean((x - mean(x))**2))": "std",
}  # fmt: skip
FOREIGN = {name: meant for meant, names in _FOREIGN.items() for name in names.split()}
# What is said where Python has a statement and the language has not.
_IMPORTS = "np., math. and torch. prefixes need no import"
_FUNCTIONS = "write lines, or a function: def f(x): ..."
STATEMENTS = {
    "if": "write a if c else b", "for": "write for i in range(3): on a line of its own",
    "while": "write for i in range(20):, a number of turns that is known",
    "import": _IMPORTS, "from": _IMPORTS, "def": _FUNCTIONS, "class": _FUNCTIONS,
    "lambda": "write f = lambda x: x**2",
    "return": "the last line is the output; leave 'return' out",
    "try": "nothing is raised here: write where(condition, a, b)", "raise": "write where(condition, a, b)",
    "with": "leave it out, and its lines to the left", "print": "the last line is the output",
    "global": "a function returns its value", "nonlocal": "a function returns its value",
    **dict.fromkeys("except finally assert del pass break continue".split(), ""),
    **dict.fromkeys("yield async await elif".split(), ""),
}  # fmt: skip
# Symbols that other languages have: what they are, and what to write.
SYMBOLS = {
    "//": ("floor division", "its slope is 0 or infinite"),
    "%": ("the remainder", "its slope is 1 or infinite"),
    "<<": ("a shift", ""),
    ">>": ("a shift", ""),
    "&&": ("'&&'", "write and"),
    "||": ("'||'", "write or"),
    "!": ("'!'", "write not for the negation"),
    "?": ("'?'", "write a if c else b"),
    "{": ("'{'", "write lists in '['"),
    "}": ("'}'", ""),
    "->": ("'->'", ""),
    "=>": ("'=>'", "write >="),
    "<>": ("'<>'", "write !="),
    ":=": ("':='", "write = on a line of its own"),
    "$": ("'$'", "write the formula without TeX's marks"),
    "\\": ("'\\'", "write functions without TeX's backslash: sin(x)"),
    "...": ("'...'", "write the terms out"),
    "…": ("'…'", "write the terms out"),
}
# The shortest name that is taken for a misspelt function rather than for a variable before a bracket.
MIN_FUNCTION_NAME = 3


def unknown_function(name: str) -> str:
    """The gate that was meant, by another language's name or by spelling."""
    if name in FOREIGN:
        meant = FOREIGN[name]
        return f"did you mean '{meant}'?" if meant.isidentifier() else f"write {meant}"
    near = nearest(name, [*spellings(), "dot", "Piecewise"], 0.7)
    return f"did you mean '{near}'?" if near else "'gradc gates' lists the functions"


def nearest(name: str, known: list[str], least: float) -> str:
    """The known name that is spelled most alike, if one is alike enough."""
    import difflib  # what only an error wants is no part of the time to start

    found = difflib.get_close_matches(name, known, 1, least) or difflib.get_close_matches(name.lower(), known, 1, least)
    return found[0] if found else ""


def looks_like_variable(name: str) -> bool:
    """Whether an unknown name before a bracket is rather a factor: `x(y + 1)`, `w1(a)`."""
    return name not in FOREIGN and len(name.rstrip("0123456789_")) < MIN_FUNCTION_NAME


def is_keyword(name: str) -> bool:
    return keyword.iskeyword(name)


def renamed(word: str) -> str:
    """What to write for a keyword used as a name."""
    return "write lam or lambda_" if word == "lambda" else f"write {word.lower()}_"


def unknown_keyword(key: str, known: list[str]) -> str:

    near = nearest(key, known, 0.5)
    if near:
        return f"did you mean '{near}'?"
    return f"it takes {', '.join(known)}" if known else "it takes no keywords"


# ---- shapes ------------------------------------------------------------------------------------

_ATOMIC = re.compile(r"[\w.]+(\[[^\[\]]*\]|\([^()]*\))?|\([^()]*\)")


def operand(text: str) -> str:
    """A text that a postfix or `@` can follow, in brackets where it needs them."""
    return text if _ATOMIC.fullmatch(text) else f"({text})"


def matmul(left: str, right: str, x: Shape, y: Shape) -> str:
    """The transposition that makes a product fit, if one does."""
    left, right = operand(left), operand(right)
    for flip_x, flip_y in ((True, False), (False, True), (True, True)):
        if (flip_x and len(x) != 2) or (flip_y and len(y) != 2):
            continue
        p, q = (x[::-1] if flip_x else x), (y[::-1] if flip_y else y)
        if p and q and p[-1] == (q[-2] if len(q) > 1 else q[-1]):
            return f"write {left}{'.T' * flip_x} @ {right}{'.T' * flip_y}"
    if len(x) == len(y) == 2 and y[-1] == x[0]:
        return f"write {right} @ {left}"
    return ""


def broadcast(left: str, right: str, x: Shape, y: Shape) -> str:
    """The new axis, declaration or transposition that makes two shapes fit, if one does."""
    for small_text, small, large in ((right, y, x), (left, x, y)):
        if len(small) == 1 and len(large) == 2 and small[0] == large[0]:
            name = f", or declare {small_text} as {show(large[1:])}" if small_text.isidentifier() else ""
            return f"write {operand(small_text)}[:, None]{name}"
    if len(x) == len(y) == 2 and x == y[::-1]:
        return f"write {operand(right)}.T"
    return ""
