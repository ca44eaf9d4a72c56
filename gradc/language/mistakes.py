"""A token that cannot stand where it stands, into the error that says so and what to write instead.

>>> print(behind_value(Source("1 + 2x"), [], "x", 3, 2))
missing operator between '2' and 'x'
  line 1 | 1 + 2x
         |     ^^  write 2*x
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from gradc.base.errors import GradcError, Mark, Problem
from gradc.language import advice
from gradc.language.foreign import DIFFERENTIATES, tex
from gradc.language.gates import SPECIAL
from gradc.language.lex import END, SUPERSCRIPTS, Source, code_points, is_name, is_number
from gradc.language.scope import base_name
from gradc.language.values import Args, Callee
from gradc.ops.table import lookup

# What may be raised behind a name, and is a power.
RAISED = {"ⁿ": "n", "ⁱ": "i"}
# What MATLAB writes behind a point.
ELEMENTWISE = ("*", "/", "^", "**", "-", "+")
# Two words of so many letters are no product.
LONG_WORD = 3
# What a string literal may start with in Python.
STRING_PREFIXES = ("f", "r", "b", "u", "rb", "br", "fr", "rf", "F", "R", "B", "U")


def refused(source: Source, token: str, at: int, known: Collection[str]) -> GradcError | None:
    """The error for a token that the language does not have at all; None for one that it has somewhere."""
    if token[0] in "'\"":
        before = source.tokens[at - 1] if at else ""
        quote = (
            token[0] == "'" and before and (before[-1] in ")]" or (is_name(before) and before not in STRING_PREFIXES))
        )
        hint = "write .T for the transpose" if quote else ""
        if quote and token[1:2] == "*" and is_name(before):
            hint = f"write {before}.T @ {token[2:].strip() or 'b'}"
        if at == 0 and source.tokens[1] == END and len(token) > 2:
            hint = "leave the quotes out"
        return source.error("strings are not part of the language", at, hint=hint)
    if token == "\\":
        return _backslash(source, at)
    if token == "." and source.tokens[at + 1] in ELEMENTWISE:
        sign = source.tokens[at + 1]
        hint = f"'{sign}' is elementwise: write x{'**2' if sign in ('^', '**') else sign + 'y'}"
        return source.error(f"'.{sign}' is not part of the language", at, at + 1, hint)
    if token == "!" and at and _ends_value(source.tokens[at - 1]):
        hint = "write gamma(n + 1), or lgamma(n + 1) for its logarithm"
        return source.error("factorials are not part of the language", at, hint=hint)
    if token == "||" and not (at and _ends_value(source.tokens[at - 1])):
        return source.error("'||' is not part of the language here", at, hint="write norm(x)")
    if token in known or token == "\n" or is_name(token) or is_number(token) or token[-1] in SUPERSCRIPTS:
        return None
    if token[0] == "." and is_name(token[1:]):
        return None
    symbol = advice.SYMBOLS.get(token) or advice.SYMBOLS.get(token.rstrip("="))
    if symbol:
        return source.error(f"{symbol[0]} is not part of the language", at, hint=symbol[1])
    char = token[0]
    import unicodedata  # a table that few programs need

    plain = unicodedata.normalize("NFKC", char)
    shown = f"'{char}' ({code_points(char)})" if char.isprintable() else f"the character {code_points(char)}"
    return source.error(
        f"{shown} is not part of the language", at, hint=f"write {plain}" if plain != char and plain in known else ""
    )


def _ends_value(token: str) -> bool:
    return is_name(token) or is_number(token) or token in (")", "]", "}")


def _backslash(source: Source, at: int) -> GradcError:
    """A command of TeX, or MATLAB's division from the left."""
    word = source.tokens[at + 1].rstrip("( ")
    said = tex(word.split("[")[0])
    if said:
        hint = said if said.startswith(("no ", "x: ", "the ")) else f"write {said}"
        if word in ("frac", "dfrac", "tfrac", "sqrt"):
            hint = f"write {_braces(source, at, word) or said}"
        return source.error(f"'\\{word}' is TeX's, and not part of the language", at, at + 1, hint)
    if at and _ends_value(source.tokens[at - 1]) and is_name(word):
        hint = (
            f"write solve({source.tokens[at - 1]}, {word})" if is_name(source.tokens[at - 1]) else "write solve(A, b)"
        )
        return source.error("'\\' is not part of the language", at, hint=hint)
    symbol = advice.SYMBOLS["\\"]
    return source.error(f"{symbol[0]} is not part of the language", at, hint=symbol[1])


def _braces(source: Source, at: int, word: str) -> str:
    """\\frac{x}{y} and \\sqrt{x}, with what stands in the braces."""
    tokens, parts, i = source.tokens, list[str](), at + 2
    while tokens[i] == "{" and len(parts) < 2:
        close = source.matching(i)
        if tokens[close] != "}" or close == i + 1:
            return ""
        parts.append(source.quote(i + 1, close - 1))
        i = close + 1
    if word == "sqrt":
        return f"sqrt({parts[0]})" if parts else ""
    return f"({parts[0]})/({parts[1]})" if len(parts) == 2 else ""


def instead_of_value(source: Source, known: Collection[str], token: str, at: int, open_bracket: bool) -> GradcError:
    """The error where an operator, a bracket or the end stands in place of a value."""
    error = refused(source, token, at, known) if token != END else None
    if error:
        return error
    before = source.before(at)
    while open_bracket and before >= 0 and source.tokens[before] == "\n":
        before = source.before(before)
    if before < 0 or source.tokens[before] in ("\n", ";"):
        what = "closes nothing" if token in (")", "]") else "has no value before it"
        return source.error(f"'{token}' {what}", at, hint="write abs(x)" if token == "|" else "")
    shown = source.tokens[before]
    return source.error(f"expected a value after '{'(' if shown[-1] == '(' else shown}'", before)


def behind_value(source: Source, known: Collection[str], token: str, at: int, start: int) -> GradcError:
    """The error where a value (from token `start` on) has a value behind it, without an operator between them."""
    error = refused(source, token, at, known)
    if error:
        return error
    word, before = base_name(token), source.tokens[source.before(at)]
    if advice.is_keyword(word):
        return _keyword_behind_value(source, word, at)
    if is_function(before):
        return source.error(f"'{before}' needs parentheses", at - 1, hint=f"write {before}({_quoted(source, at)})")
    if token.endswith("=") and token in known:
        return source.error(f"'{token}' follows a name at the start of a line", at)
    if token in ("-", "−", "–", "~"):
        return source.error(f"'{token}' is not expected here", at)
    return _power_of_function(source, at) or _missing_operator(source, token, at, start)


def _missing_operator(source: Source, token: str, at: int, start: int) -> GradcError:
    """2x, 3(x + y), x y, (a)(b)."""
    before = source.tokens[at - 1]
    if "\t" in source.text[source.span(at - 1, at - 1)[1] : source.span(at, at)[0]]:
        return source.error("two statements on one line, with a tab between them", at - 1, at, "put ; between them")
    right = _quoted(source, at)
    if at > 2 and before[:1] == "d" and source.tokens[at - 2] == "/" and source.tokens[at - 3] == "d":
        return source.error("gradc differentiates by itself", at - 3, at - 1, DIFFERENTIATES.partition(": ")[2])
    for word, place in ((token, at), (before, at - 1)):
        if word in advice.WORDS:
            return source.error(f"'{word}' is not part of the language", place, hint=advice.WORDS[word])
    if is_number(before) and token in ("j", "J"):
        return source.error("complex numbers are not part of the language", at - 1, at, "take the parts one by one")
    if token in ("ᵀ", "ᵗ"):
        rest = source.tokens[at + 1]
        hint = f"write {before}.T @ {rest}" if is_name(rest) else f"write {before}.T"
        return source.error(f"'{token}' is not part of the language", at, hint=hint)
    if token in RAISED:
        return source.error(f"'{token}' is not part of the language", at, hint=f"write {before}**{RAISED[token]}")
    if before.isalpha() and token.isalpha() and min(len(before), len(token)) >= LONG_WORD:
        return source.error(f"missing operator between '{before}' and '{token}'", at - 1, at)
    if token == "{" and before[-1:] == "_":
        close = source.matching(at)
        inner = source.quote(at + 1, max(at + 1, close - 1))
        return source.error("'{' is TeX's, and not part of the language", at, close, f"write {before}{inner}")
    if before == "0" and token[0] in "xXbBoO":
        return source.error("only decimal numbers are part of the language", at - 1, at)
    if before.isdecimal() and token.isdecimal():
        hint = f"write {before}{token}, or {before}*{token}"
        if "[" in source.tokens[max(0, at - 9) : at] and "]" not in source.tokens[max(0, at - 9) : at]:
            hint = f"write a comma between them: [{before}, {token}], and [[1, 2], [3, 4]] for rows"
        return source.error(f"'{before}' and '{token}' are two numbers", at - 1, at, hint)
    if before.isidentifier() and token == "(" and not advice.is_keyword(before):
        return source.error(f"'{before}' is a variable, not a function", at - 1, hint=f"write {before}*{right}")
    left = before if is_name(before) or is_number(before) else source.quote(start, at - 1)
    shown = "(" if token == "(" else token.rstrip("(").rstrip()
    return source.error(f"missing operator between '{left}' and '{shown}'", at - 1, at, f"write {left}*{right}")


def is_function(name: str) -> bool:
    return lookup(name) is not None or name in SPECIAL


def _quoted(source: Source, at: int) -> str:
    """The text of the operand that starts at a token."""
    return source.quote(at, source.matching(at) if source.tokens[at][-1] == "(" else at)


def _inverse_of_function(source: Source, at: int) -> GradcError | None:
    """sin⁻¹(x) and cosh^-1(x)."""
    tokens = source.tokens
    if tokens[at - 1] == "⁻¹":
        name = at - 2
    elif at > 3 and tokens[at - 1] == "1" and tokens[at - 2] == "-" and tokens[at - 3] in ("**", "^"):
        name = at - 4
    else:
        return None
    if name < 0 or not is_function(tokens[name]):
        return None
    inverse = {"exp": "log", "log": "exp", "ln": "exp"}.get(tokens[name], f"a{tokens[name]}")
    argument = _quoted(source, at)
    call = inverse + (argument if argument.startswith("(") else f"({argument})")
    hint = f"write {call}" if is_function(inverse) else f"write 1/{tokens[name]}{argument}, or the inverse by its name"
    return source.error("a function has no power", name, at - 1, hint)


def _power_of_function(source: Source, at: int) -> GradcError | None:
    """sin^2(x) and sin²(x)."""
    inverse = _inverse_of_function(source, at)
    if inverse is not None:
        return inverse
    raised = source.tokens[at - 1][0] in SUPERSCRIPTS
    name = at - 2 if raised else at - 3
    if name < 0 or not is_function(source.tokens[name]) or not (raised or source.tokens[at - 2] in ("**", "^")):
        return None
    power = "".join(SUPERSCRIPTS.get(char, char) for char in source.tokens[at - 1])
    argument = _quoted(source, at)
    call = source.tokens[name] + (argument if argument.startswith("(") else f"({argument})")
    return source.error("a function has no power", name, at - 1, f"write {call}**{power}")


# ---- keywords ------------------------------------------------------------------------------------


def keyword_as_value(source: Source, word: str, at: int, known: Collection[str]) -> GradcError:
    """The error for a keyword of Python where a value is expected: a statement, a lambda, or a bad name."""
    following = source.tokens[at + 1]
    if word == "lambda" and (following == ":" or is_name(following)):
        hint = "write the body as a line: name = expression"
        return source.error("'lambda' functions are not part of the language", at, hint=hint)
    if word in advice.STATEMENTS and (following not in known or following in (END, "\n")):
        return source.error(f"'{word}' is not part of the language", at, hint=advice.STATEMENTS[word])
    return source.error(f"'{word}' is a keyword of Python and cannot be a name", at, hint=advice.renamed(word))


def _keyword_behind_value(source: Source, word: str, at: int) -> GradcError:
    if word == "for":
        hint = "write the elements out, or use whole arrays"
        return source.error("a comprehension is not part of the language", at, hint=hint)
    hint = {"not": "write != for 'is not'", "is": "write == to compare"}.get(word) or advice.STATEMENTS.get(word, "")
    return source.error(f"'{word}' is not part of the language here", at, hint=hint)


def no_else(source: Source, first: int) -> GradcError:
    """The error for `a if c` whose value starts at token `first`."""
    at = next(i for i in range(first, len(source.tokens)) if source.tokens[i] == "if")
    return source.error("this 'if' has no 'else'", at, hint="write a if c else b")


# ---- brackets ------------------------------------------------------------------------------------


def mismatch(source: Source, square: bool, opening: int, at: int) -> GradcError:
    """The error for a bracket that is closed by one of the other kind."""
    marks = (_last_char(source, opening), Mark(*source.span(at, at)))
    message = f"'{'[' if square else '('}' is closed by '{source.tokens[at]}'"
    return GradcError.of([*source.problems, Problem(message, source.text, marks)])


def unclosed(source: Source, square: bool, opening: int) -> GradcError:
    """The error for a bracket that is still open at the end of a line."""
    problem = Problem(f"'{'[' if square else '('}' is never closed", source.text, (_last_char(source, opening),))
    return GradcError.of([*source.problems, problem])


def _last_char(source: Source, at: int) -> Mark:
    """The bracket of a token such as `sin(`."""
    end = source.span(at, at)[1]
    return Mark(end - 1, end)


def opening_of(tokens: Sequence[str], bracket: Any, args: Any, first: int) -> int:
    """The token of an open bracket, of which the stack knows where its value starts: `(x + y).sum(`, `x[`."""
    if isinstance(args, Args) and args.at:
        return args.at
    if not isinstance(bracket, Callee) or (tokens[first][-1] == "(" and tokens[first] != "("):
        return first
    depth = 0
    for i in range(first, len(tokens)):
        depth += (tokens[i][-1:] in ("(", "[")) - (tokens[i] in (")", "]"))
        if depth == 1 and tokens[i][:1] == "." and tokens[i][-1] == "(":
            return i
    return first
