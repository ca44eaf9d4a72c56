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
from gradc.language.foreign import DERIVATIVES, DIFFERENTIATES, ELSEWHERE, FOREIGN, meant
from gradc.ops.table import spellings

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
    "∂": ("'∂'", DIFFERENTIATES),
    "∇": ("'∇'", DIFFERENTIATES),
    "∫": ("'∫'", "write the sum of a rule"),
    "∑": ("'∑'", "write sum(x)"),
    "⌊": ("'⌊'", "write floor(x)"),
    "⌈": ("'⌈'", "write ceil(x)"),
    "∏": ("'∏'", "write prod(x)"),
    "∞": ("'∞'", "write inf"),
    "‖": ("'‖'", "write norm(x)"),
    "≈": ("'≈'", "write abs(x - y) < 1e-9"),
    "→": ("'→'", "write = or def f(x):"),
    "∈": ("'∈'", "write in"),
    "∘": ("'∘'", "write f(g(x))"),
    "⊗": ("'⊗'", "write outer(x, y)"),
    "⊙": ("'⊙'", "write *"),
    "∥": ("'∥'", "write norm(x)"),
    "ᵀ": ("'ᵀ'", "write x.T @ y"),
    "ᵗ": ("'ᵗ'", "write x.T @ y"),
    "$": ("'$'", "write the formula without TeX's marks"),
    "\\": ("'\\'", "write functions without TeX's backslash: sin(x)"),
    "...": ("'...'", "write the terms out"),
    "…": ("'…'", "write the terms out"),
}
# The shortest name that is taken for a misspelt function rather than for a variable before a bracket.
MIN_FUNCTION_NAME = 3
# Shorter words are taken as they are; in longer ones two slips are one word still.
SHORT, LONG = 4, 8
# Functions that nobody calls a variable by, so that one that stands alone is said to be an input here.
ELEMENTARY = frozenset(
    "sin cos tan asin acos atan sinh cosh tanh exp log ln sqrt abs arcsin arccos arctan sigmoid relu erf log10 "
    "log2 softmax".split()
)
_RUN_TOGETHER = re.compile(r"(sin|cos|tan|exp|log|ln|sqrt|sinh|cosh|tanh)(x|y|z|t|theta|phi)")
# Words of other languages between values or before them, and what to write.
WORDS = {
    "mod": "write x % 2", "div": "write x/y", "xor": "write x != y of conditions", "times": "write *",
    "plus": "write +", "minus": "write -", "over": "write /", "squared": "write **2", "cubed": "write **3",
    **dict.fromkeys(("let", "var", "const", "set", "double", "local"), "write x = 3, without a word before it"),
    **dict.fromkeys(("where", "given", "with", "let's"), "write x = 3 on a line above"),
    **dict.fromkeys(("then", "end", "endif", "fi", "do", "begin"), "write a if c else b"),
    "lim": "write the limit as a number", "of": "write f(x)", "to": "write range(3)",
}  # fmt: skip


def unknown_function(name: str) -> str:
    """The gate that was meant, by another language's name or by a slip of the pen."""
    said = meant(name) or meant(name.lower())
    if said.startswith("no: "):
        return said.removeprefix("no: ")
    if said:
        return f"did you mean '{said}'?" if said.isidentifier() else f"write {said}"
    near = "" if name in ELSEWHERE else misspelt(name, [*spellings(), "dot", "Piecewise"])
    return f"did you mean '{near}'?" if near else "'gradc gates' lists the functions"


def nearest(name: str, known: list[str], least: float) -> str:
    """The known name that is spelled most alike, if one is alike enough."""
    import difflib  # what only an error wants is no part of the time to start

    found = difflib.get_close_matches(name, known, 1, least) or difflib.get_close_matches(name.lower(), known, 1, least)
    return found[0] if found else ""


def misspelt(name: str, known: list[str]) -> str:
    """The name that one slip makes of this one (two in a long one); what begins otherwise has another meaning.

    >>> misspelt("sigmod", ["sigmoid"]), misspelt("nrom", ["norm"]), misspelt("cross", ["cos"])
    ('sigmoid', 'norm', '')
    """
    slips = 0 if len(name) < SHORT else 1 if len(name) < LONG else 2
    best = ""
    for each in known:
        if abs(len(each) - len(name)) <= slips and each[0].lower() == name[0].lower():
            off = _slips(name, each, slips)
            if off <= slips:
                best, slips = each, off - 1
    return best


def _slips(a: str, b: str, most: int) -> int:
    """Letters left out, put in, exchanged or swapped between two words, as far as `most` + 1."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, last, row = row, before, [i, *[0] * len(b)]
        for j, y in enumerate(b, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and y == a[i - 2]:
                row[j] = min(row[j], last[j - 2] + 1)
        if min(row) > most:
            return most + 1
    return row[-1]


def looks_like_variable(name: str) -> bool:
    """Whether an unknown name before a bracket is rather a factor: `x(y + 1)`, `w1(a)`."""
    return name not in FOREIGN and name not in DERIVATIVES and len(name.rstrip("0123456789_")) < MIN_FUNCTION_NAME


def run_together(name: str) -> str:
    """What is meant by a function and its argument in one word.

    >>> run_together("sinx"), run_together("expand")
    ('sin(x)', '')
    """
    found = _RUN_TOGETHER.fullmatch(name)
    return f"{found[1]}({found[2]})" if found else ""


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
