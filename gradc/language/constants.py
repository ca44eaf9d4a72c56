"""What Python's own library makes of what is known when a program is compiled: texts, counts, choices of items.

A text names an element of a dictionary (`params["W" + str(i)]`), a count is a factor (`x**k/factorial(k)`), and a loop
goes over choices (`for i, j in combinations(range(4), 2)`).

>>> filled("W%d_%s", (3, "a")), placed("W{}", ["1"]), placed("h{0:02d}", [7])
('W3_a', 'W1', 'h07')
"""

from __future__ import annotations

import bisect
import itertools
import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from gradc.base.errors import GradcError
from gradc.language import lists
from gradc.language.values import NONE, Arg, Callee, Group, Text
from gradc.ops import scalar as s

if TYPE_CHECKING:
    from gradc.language.gates import Gates

# A text is a key, and no longer than this.
LONGEST = 1000
# The largest n whose factorial is a float, and what other counts are taken of.
FACTORIAL, COUNTED = 170, 100_000

_PERCENT = re.compile(r"%(0?[1-9]?)([dis%])")
_BRACES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
_FIELD = re.compile(r"\s*([^!:]*?)\s*(?:![sr])?(?::(0?[1-9]?)d?)?\s*")
_SUM = re.compile(r"(\w+)\s*(?:(//|[-+*%])\s*(\w+))?")

# ---- texts ----------------------------------------------------------------------------------------


def text(found: str) -> Text:
    """A text of a length that a key may have."""
    if len(found) > LONGEST:
        raise GradcError(f"a text has at most {LONGEST} characters here", hint="texts are keys of dictionaries")
    return Text(found)


def said(value: Any) -> str:
    """What `str` makes of a constant."""
    found = lists.known(value)
    if isinstance(found, (str, int, float)) or found is None:
        return str(found)
    raise GradcError("str takes a constant: a number or a text")


def joined(x: Any, y: Any, op: Any) -> Text | None:
    """`"W" + "1"`, `"a"*2`; None where there is no text."""
    if op is s.add and isinstance(x, Text) and isinstance(y, Text):
        return text(x.text + y.text)
    if op is s.mul and isinstance(x, Text) is not isinstance(y, Text):
        held, count = (x.text, lists.known(y)) if isinstance(x, Text) else (y.text, lists.known(x))
        if type(count) is int and len(held) * count <= LONGEST:
            return text(held * count)
    return None


def remainder(held: Text, value: Any) -> Text:
    """`"W%d" % i`."""
    found = lists.known(value)
    return text(filled(held.text, found if isinstance(found, tuple) else (found,)))


def filled(form: str, values: Sequence[Any]) -> str:
    """A text with its %d and %s filled in."""
    left = list(values)

    def fill(found: re.Match[str]) -> str:
        if found[2] == "%":
            return "%"
        if not left or not isinstance(left[0], (int, float, str)) or (found[2] != "s" and isinstance(left[0], str)):
            raise GradcError(f"'{found[0]}' takes a constant", hint="write 'W%d' % 3")
        return str(f"%{found[1]}{found[2]}" % left.pop(0))

    made = _PERCENT.sub(fill, form)
    if left:
        raise GradcError("not all of the values have a place in the text", hint="write 'W%d' % 3")
    return made


def placed(form: str, values: Sequence[Any], read: Callable[[str], Any] | None = None) -> str:
    """A text with its braces filled in: by the next value, by one of a number, or by what `read` reads there."""
    count = iter(range(len(form)))

    def fill(found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0][0]
        field = _FIELD.fullmatch(found[1])
        if field is None:
            raise GradcError(f"'{found[0]}' is no field that is read", hint="write {i}, {i + 1} or {i:02d}")
        if read is not None:
            value = read(field[1])
        else:
            at = int(field[1]) if field[1].isdecimal() else next(count) if not field[1] else len(values)
            if at >= len(values):
                raise GradcError(f"'{found[0]}' has no value")
            value = values[at]
        if field[2]:
            if type(value) is not int:
                raise GradcError(f"'{found[0]}' takes a whole number")
            return format(value, field[2] + "d")
        return str(value)

    return _BRACES.sub(fill, form)


def interpolated(form: str, peek: Callable[[str], Any]) -> Text:
    """What f"W{i + 1}" is: a name, or two and a sign, in each pair of braces."""

    def operand(word: str) -> Any:
        found = int(word) if word.isdecimal() else lists.known(peek(word))
        if not isinstance(found, (int, str, float)):
            raise GradcError(f"'{word}' is no constant", hint="an f-string has constants in its braces")
        return found

    def read(inside: str) -> Any:
        found = _SUM.fullmatch(inside)
        if found is None:
            raise GradcError(f"'{{{inside}}}' is not read", hint="write a name, or a name and a number: {i + 1}")
        x = operand(found[1])
        if found[2] is None:
            return x
        y = operand(found[3])
        if type(x) is not int or type(y) is not int or (y == 0 and found[2] in ("//", "%")):
            raise GradcError(f"'{{{inside}}}' is not read", hint="write a name, or a name and a number: {i + 1}")
        return {"+": x + y, "-": x - y, "*": x * y}[found[2]] if found[2] in "+-*" else _WHOLE[found[2]](x, y)

    return text(placed(form, (), read))


_WHOLE: dict[str, Callable[[int, int], int]] = {"//": lambda x, y: x // y, "%": lambda x, y: x % y}


def _str(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    lists.takes(gates, "str", args, 1, 1, first, last)
    value = args[0].value
    if isinstance(value, str):
        raise lists.needs_size(gates, args[0], value)
    return text(said(value))


# ---- counts ---------------------------------------------------------------------------------------


def _comb(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """comb(n, k) of constants; of values as SciPy has it."""
    plain = [arg for arg in args if arg.key != "exact"]
    if callee.library != "math" and len(plain) == 2 and any(lists.known(a.value) is lists.UNKNOWN for a in plain):
        from gradc.language.array_functions import called

        return called("binom")(gates, callee, plain, first, last)
    instead = "write exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1))"
    return _count(math.comb, instead)(gates, callee, args, first, last)


def _count(work: Callable[..., int], instead: str, most: int = COUNTED) -> Any:
    """A function of whole numbers that are known; of others what it is called here."""

    def call(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
        plain = [arg for arg in args if arg.key != "exact"]
        values = [lists.known(arg.value) for arg in plain]
        if not all(type(value) is int for value in values):
            raise gates.source.error(f"{callee.name} takes whole numbers that are known", first, last, instead)
        if any(abs(value) > most for value in values):
            raise gates.source.error(f"{callee.name} takes numbers up to {most}", first, last, instead)
        try:
            found = work(*values)
            return gates.build.const(found if abs(found) <= 2**53 else float(found))
        except (ValueError, TypeError, OverflowError) as error:
            raise gates.source.error(f"{callee.name}: {error}", first, last) from None

    return call


def _factorial(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """n! of a constant; of a value gamma(n + 1), as SciPy has it."""
    plain = [arg for arg in args if arg.key != "exact"]
    lists.takes(gates, "factorial", plain, 1, 1, first, last)
    if lists.known(plain[0].value) is not lists.UNKNOWN:
        return _count(math.factorial, "write gamma(n + 1)", FACTORIAL)(gates, callee, plain, first, last)
    from gradc.ops import lookup  # special functions are no part of the time to start

    gamma = lookup("gamma")
    one = Arg(gates.build.const(1), first, last)
    return gates.gate(gamma, [Arg(gates.apply(s.add, [plain[0], one]), first, last)], {})  # type: ignore[arg-type]


# ---- choices --------------------------------------------------------------------------------------


def _choices(work: Callable[..., Iterable[Any]], *numbers: str) -> Any:
    """A function of `itertools` over the items of lists, with the numbers that it takes."""

    def call(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
        pools = [lists.contents(gates, arg) for arg in args if not arg.key and not _is_number(arg)]
        counts = [lists.whole(gates, arg) for arg in args if not arg.key and _is_number(arg)]
        keys = {arg.key: lists.whole(gates, arg) for arg in args if arg.key}
        if not set(keys) <= set(numbers) or not pools or len(counts) > len(numbers) or any(n < 0 for n in counts):
            raise gates.source.error(f"{callee.name} takes lists and a number", first, last)
        try:
            turns = list(itertools.islice(work(*pools, *counts, **keys), gates.max_turns + 1))
        except (TypeError, ValueError):
            raise gates.source.error(f"{callee.name} takes lists and a number", first, last) from None
        if len(turns) > gates.max_turns:
            raise lists.too_many(gates, callee.name, len(turns), first, last)
        return Group("list", [Arg(Group("tuple", list(turn)), first, last) for turn in turns])

    return call


def _is_number(arg: Arg) -> bool:
    return isinstance(arg.value, str) or type(lists.known(arg.value)) is int


def _chain(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    if callee.name == "from_iterable" and len(args) == 1:
        args = lists.contents(gates, args[0])
    return Group("list", [item for arg in args for item in lists.contents(gates, arg)])


def _accumulate(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """The sums of what a list begins with."""
    lists.takes(gates, "accumulate", args, 1, 1, first, last)
    sums: list[Arg] = []
    for item in lists.contents(gates, args[0]):
        sums.append(Arg(gates.apply(s.add, [sums[-1], item]), first, last) if sums else item)
    return Group("list", sums)


def _bisect(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Any:
    """The place of a number in a list of such, which are known."""
    lists.takes(gates, callee.name, args, 2, 2, first, last)
    row = [lists.known(item.value) for item in lists.contents(gates, args[0])]
    wanted = lists.known(args[1].value)
    if not all(isinstance(each, int | float) for each in (*row, wanted)):
        said = f"{callee.name} takes numbers that are known"
        raise gates.source.error(said, first, last, "write np.searchsorted(x, v)")
    find = bisect.bisect_left if callee.name == "bisect_left" else bisect.bisect_right
    return gates.build.const(find(row, wanted))


def _method(work: Callable[[Gates, Text, list[Arg]], Any]) -> lists.Method:
    def call(gates: Gates, held: Text, args: list[Arg], first: int, last: int) -> Any:
        try:
            return work(gates, held, args)
        except GradcError as error:
            raise error if error.marks else gates.source.error(error.message, first, last, error.hint) from None

    return call


def _joins(gates: Gates, held: Text, args: list[Arg]) -> Text:
    parts = [item.value for arg in args[:1] for item in lists.contents(gates, arg)]
    if len(args) != 1 or not all(isinstance(part, Text) for part in parts):
        raise GradcError("join takes a list of texts")
    return text(held.text.join(part.text for part in parts))


TEXT_METHODS: dict[str, lists.Method] = {
    "format": _method(lambda gates, held, args: text(placed(held.text, [lists.known(arg.value) for arg in args]))),
    "join": _method(_joins),
}

FUNCTIONS: dict[str, Any] = {
    "str": _str,
    "factorial": _factorial,
    "comb": _comb,
    "perm": _count(math.perm, "write exp(lgamma(n + 1) - lgamma(n - k + 1))"),
    "gcd": _count(math.gcd, "it has no slope"),
    "lcm": _count(math.lcm, "it has no slope"),
    "combinations": _choices(itertools.combinations, "r"),
    "combinations_with_replacement": _choices(itertools.combinations_with_replacement, "r"),
    "permutations": _choices(itertools.permutations, "r"),
    "product": _choices(itertools.product, "repeat"),
    "pairwise": _choices(itertools.pairwise),
    "chain": _chain,
    "from_iterable": _chain,
    "accumulate": _accumulate,
    **dict.fromkeys(("bisect", "bisect_left", "bisect_right"), _bisect),
    "reduce": lambda gates, callee, args, first, last: NONE,  # calls a function: the reader's work
}

__all__ = ["FUNCTIONS", "TEXT_METHODS", "interpolated", "joined", "remainder"]
