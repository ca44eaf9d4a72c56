"""What is known of a target: its facts, its forms, its helpers. The targets themselves are in `gradc.emit.targets`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradc.base.records import NamedTuple
from gradc.graph.dag import Node
from gradc.ops.helpers import needed
from gradc.ops.scalar import adjoint, const, input_, size
from gradc.ops.table import ATOM, UNARY, Form, Op, statics_of

if TYPE_CHECKING:
    from gradc.emit.modules import Text


LEAVES = (const, input_, size, adjoint)

# The form of a gate over axes where these are one, that of a matrix alone, and that of what has axes at all: for the
# targets that speak NumPy's words.
ALONG, OF_MATRIX, OF_ARRAY = "numpy_along", "numpy_matrix", "numpy_array"

# The helper of those that call SciPy.
BY_SCIPY = "by_scipy"


def along_one(node: Node) -> int | None:
    """The axis that a gate goes along, if it is one; -1 for that of a vector."""
    axis = statics_of(node.op, node.attr)["axis"]
    if len(node.args[0].shape) == 1:
        return -1
    if isinstance(axis, tuple) and len(axis) == 1:
        return int(axis[0])
    return axis if isinstance(axis, int) else None


def _special(node: Node) -> str:
    """The key of the form that a gate has for arguments of such a rank; "" for none."""
    code = node.op.code
    if ALONG in code:
        return ALONG if along_one(node) is not None else ""
    if OF_MATRIX in code:
        return OF_MATRIX if len(node.args[0].shape) == 2 else ""
    if OF_ARRAY not in code or not node.args[0].shape:
        return ""
    plain = bool(node.op.statics) and statics_of(node.op, node.attr) == dict(node.op.statics)
    return "" if plain else OF_ARRAY


class Import(NamedTuple):
    """A module that a target's modules import: the word that its forms say, the statement, and the statement's form
    where the user has taken the word. `always`, or only where a form or a helper says the word."""

    word: str
    line: str
    renamed: str
    always: bool = True


def plain_number(value: float) -> tuple[str, int]:
    """A number as Python text, with its precedence.

    >>> plain_number(2), plain_number(-0.5), plain_number(float("inf")), plain_number(1e-05)
    (('2', 14), ('-0.5', 11), ('float("inf")', 14), ('1e-5', 14))
    >>> plain_number(-1e9), plain_number(2.5e7), plain_number(10000.0)
    (('-1e9', 11), ('2.5e7', 14), ('10000.0', 14))
    """
    if value != value or value in (float("inf"), float("-inf")):
        return f'float("{value}")', ATOM
    text = repr(value)
    if "e" in text:
        text = text.replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
    elif text.endswith("00000.0"):  # nobody counts so many zeros
        digits = text.lstrip("-")[:-2]
        kept = digits.rstrip("0")
        text = f"{'-' * (value < 0)}{kept[0]}{'.' * (kept[1:] != '')}{kept[1:]}e{len(digits) - 1}"
    return text, UNARY if text.startswith("-") else ATOM


def respelled(text: str, words: Mapping[str, str]) -> str:
    """A text with words of one target in place of those of another.

    >>> respelled("np.exp({x})", {"np.": "jnp."})
    'jnp.exp({x})'
    """
    for old, new in words.items():
        text = re.sub(rf"(?<![\w.]){re.escape(old)}", new, text)
    return text


_SILENCED = re.compile(r"^( *)with [\w.]+\.errstate\([^\n]*\):\n((?:\1 +[^\n]*\n|\n(?=\1 ))+)", re.MULTILINE)


def unsilenced(text: str) -> str:
    """A helper's text for a target that warns of nothing: what stands under an errstate stands by itself.

    >>> unsilenced("def f(x):\\n    with np.errstate(all=\\"ignore\\"):\\n        return np.log(x)\\n")
    'def f(x):\\n    return np.log(x)\\n'
    """
    return _SILENCED.sub(lambda found: re.sub(r"^    ", "", found[2], flags=re.MULTILINE), text)


class Target(NamedTuple):
    """A target as data; `gradc.plan.code` says what the facts mean and how to add one.

    * `forms`: texts by the name of a gate, or of an operator of the core; a name + "_plain" is the form where its
      static parameters are the usual ones. What is not there is taken from the gates' entries, under the target's own
      name or that of the target that it is `like`. Precedence and helpers of a form follow from its text.
    * `helpers`: texts by name, in an order in which each follows what it calls.
    * `arrays`: values may be arrays, whose memory somebody else may hold. `in_place`: an array may be written to.
      `ifs`: a branch may be taken or left by a value, and `where` leaves the other side alone.
    * `pi`: the word for it, in a target whose modules have numbers as they were written, functions of them from `math`.
    * `number`: a number's text and precedence; `zero`: the gradient of an input that nothing hangs on.
    * `spelled`: what words of the other target's forms and helpers are here, where it is `like` another.
    * `value_function`: the module has a function of the value alone, `f` or what `--function-name` says.
    * `silence`: what decorates a function, with the kinds of warnings that it does not give, where there are warnings.
    * `text`: the printer, where it is not that of Python modules with the passes and nothing else.
    """

    name: str
    imports: tuple[Import, ...]
    helpers: Mapping[str, str]
    forms: Mapping[str, str]
    arrays: bool = True
    in_place: bool = True
    ifs: bool = False
    like: str = ""
    pi: str = ""
    number: Any = plain_number  # Callable[[float], tuple[str, int]]
    zero: str = "0.0"  # the gradient of what a scalar program does not hang on
    keeps_whole: bool = True  # whether a written 2 is as good as 2.0 wherever a gate takes it
    spelled: Mapping[str, str] = {}
    value_function: bool = False
    common_dtype: str = ""  # the function of the precision that values have together, if written numbers spoil it
    add_at: tuple[str, str, str] = ("", "", "")  # what adds, and subtracts, where an index repeats; what makes an index
    beside: str = ""  # what stands beside the precision of an array that is made of numbers: ", device=x.device"
    silence: str = ""
    text: type[Text] | None = None
    program: Any = None  # Callable[[Dag, Sequence[str], bool, str, Sequence[str]], Emitted]: where it prints all itself

    def form(self, node: Node, literal: bool = False) -> Form:
        """How a gate is written; KeyError where the target has no form for it."""
        op = node.op
        special = "" if self.spelled else _special(node)
        key = id(self.forms), self.like, op, node.attr if op.statics else None, literal, special
        found = _FORMS.get(key)
        if found is None:
            if special and not (literal and op.literal.forms):
                found = op.code[special]
            else:
                found = self._found(op, node.attr, literal)
            _FORMS[key] = found
        return found

    def _found(self, op: Op, attr: Any, literal: bool) -> Form:
        plain = bool(op.statics) and statics_of(op, attr) == dict(op.statics)
        for name in (self.name, self.like):
            if literal and name in op.literal.forms:
                return self._own(op.literal.forms[name], name)
            if name == self.name:
                text = (plain and self.forms.get(op.name + "_plain")) or self.forms.get(op.name)
                if text is not None:
                    return Form(text)
            if plain and name + "_plain" in op.code:
                return self._own(op.code[name + "_plain"], name)
            if name in op.code and not (name == self.like and self._calls_scipy(op.code[name])):
                return self._own(op.code[name], name)
        raise KeyError(f"the target '{self.name}' has no form for '{op.name}'")

    def _calls_scipy(self, form: Form) -> bool:
        """Whether NumPy's form hands arrays to SciPy, which takes those of no other library."""
        own = [helper for helper in form.helpers if helper in self.helpers] if self.spelled else []
        return any(BY_SCIPY in needed(self.helpers, helper) for helper in own)

    def _own(self, form: Form, written_for: str) -> Form:
        """A form in this target's words."""
        return form if written_for == self.name else Form(respelled(form.text, self.spelled))

    def has(self, op: Op) -> bool:
        """Whether the target has a form for an operator."""
        if op.name in self.forms or self.name in op.code:
            return True
        return bool(self.like) and self.like in op.code and not self._calls_scipy(op.code[self.like])

    def takes(self, node: Node) -> bool:
        """Whether the target has a form for a gate, or what the gate is among numbers."""
        op = node.op
        if op in LEAVES:
            return True
        try:
            form = self.form(node)
        except KeyError:
            return False
        whole = op.shape is not None and bool(node.args)  # the form of a gate of whole arrays, as it is by default
        return self.arrays or not (whole and form.text.startswith(f"{self.name}."))


# Looked up once for each gate: entries are frozen.
_FORMS: dict[Any, Form] = {}
