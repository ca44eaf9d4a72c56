"""Wrong words into what to write instead: other languages' names, keywords, shapes that would fit.

>>> unknown_function("tg"), unknown_function("sigmod"), unknown_function("average")
("did you mean 'tan'?", "did you mean 'sigmoid'?", "did you mean 'mean'?")
>>> matmul("W", "x", (4, 3), (4,))
'write W.T @ x'
"""

from __future__ import annotations

import difflib
import keyword
import re

from gradc.dag import Shape
from gradc.ops.table import spellings
from gradc.shapes import show

# Names from other languages and libraries, for the gate that they mean.
FOREIGN = {
    "tg": "tan", "arctg": "atan", "atg": "atan", "sen": "sin", "arcsen": "asin", "sh": "sinh", "ch": "cosh", "th": "tanh",
    "lg": "log10", "ld": "log2", "lb": "log2", "average": "mean", "avg": "mean", "product": "prod", "total": "sum", "nansum": "sum",
    "logit": "log(p/(1 - p))", "ctg": "1/tan(x)", "cot": "1/tan(x)", "cotan": "1/tan(x)", "sec": "1/cos(x)", "csc": "1/sin(x)",
    "cosec": "1/sin(x)", "coth": "1/tanh(x)", "sech": "1/cosh(x)", "csch": "1/sinh(x)", "exp2": "2**x", "var": "mean((x - mean(x))**2)",
    "std": "sqrt(mean((x - mean(x))**2))", "rsqrt": "1/sqrt(x)", "silu": "x*sigmoid(x)", "swish": "x*sigmoid(x)", "inverse": "inv",
    "determinant": "det", "tr": "trace", "mag": "norm", "magnitude": "norm", "length": "norm", "sqr": "square", "sq": "square",
    "signum": "sign", "cat": "concatenate", "hstack": "concatenate", "vstack": "concatenate", "append": "concatenate", "mm": "matmul",
    "mv": "matmul", "bmm": "matmul", "iif": "where", "ifelse": "where", "cond": "where", "select": "where", "if_else": "where",
    "step": "heaviside", "ReLU": "relu", "rect": "relu", "root": "sqrt", "cuberoot": "cbrt", "euler": "exp", "len": "mean(...), or the size as an input",
    "inner": "dot", "vdot": "dot", "logaddexp": "logsumexp", "log_sum_exp": "logsumexp", "smax": "softmax", "T": "transpose", "arcoth": "atanh", "mod": "x - y*k",
}  # fmt: skip
# What is said where Python has the construct and the language has not.
STATEMENTS = {
    "if": "write a if c else b", "for": "write the lines out, or use whole arrays", "while": "write the lines out, or use whole arrays",
    "def": "write its body as lines: name = expression", "class": "write lines: name = expression",
    "import": "np., math. and torch. prefixes need no import", "from": "np., math. and torch. prefixes need no import",
    "return": "the last line is the output; leave 'return' out", "with": "", "try": "", "raise": "", "assert": "", "del": "", "pass": "",
    "break": "", "continue": "", "global": "", "nonlocal": "", "yield": "", "async": "", "await": "", "except": "", "finally": "", "elif": "",
}  # fmt: skip
# Symbols that other languages have: what they are, and what to write.
SYMBOLS = {
    "//": ("floor division", "its slope is 0 or infinite"), "%": ("the remainder", "its slope is 1 or infinite"),
    "<<": ("a shift", ""), ">>": ("a shift", ""), "&&": ("'&&'", "write and"), "||": ("'||'", "write or"), "!": ("'!'", "write not"),
    "?": ("'?'", "write a if c else b"), "{": ("a dictionary or set in '{'", "write lists in '['"), "}": ("'}'", ""),
    "->": ("'->'", ""), "=>": ("'=>'", "write >="), "<>": ("'<>'", "write !="), ":=": ("':='", "write = on a line of its own"),
    "$": ("'$'", "write the formula without TeX's marks"), "`": ("'`'", ""), "\\": ("'\\'", "write functions without TeX's backslash: sin(x)"),
    "...": ("'...'", "write the terms out"), "…": ("'…'", "write the terms out"), "**=": ("'**='", ""),
}  # fmt: skip
# The shortest name that is taken for a misspelt function rather than for a variable before a bracket.
MIN_FUNCTION_NAME = 3


def unknown_function(name: str) -> str:
    """The gate that was meant, by another language's name or by spelling."""
    if name in FOREIGN:
        meant = FOREIGN[name]
        return f"did you mean '{meant}'?" if meant.isidentifier() else f"write {meant}"
    known = [*spellings(), "dot", "Piecewise"]
    near = difflib.get_close_matches(name, known, 1, 0.7) or difflib.get_close_matches(name.lower(), known, 1, 0.7)
    return f"did you mean '{near[0]}'?" if near else "'gradc gates' lists the functions"


def looks_like_variable(name: str) -> bool:
    """Whether an unknown name before a bracket is rather a factor: `x(y + 1)`, `w1(a)`."""
    return name not in FOREIGN and len(name.rstrip("0123456789_")) < MIN_FUNCTION_NAME


def is_keyword(name: str) -> bool:
    return keyword.iskeyword(name)


def renamed(word: str) -> str:
    """What to write for a keyword used as a name."""
    return "write lam or lambda_" if word == "lambda" else f"write {word.lower()}_"


def unknown_keyword(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, 1, 0.5)
    if near:
        return f"did you mean '{near[0]}'?"
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
