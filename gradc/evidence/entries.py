"""An entry of the operator table, looked at before it is used: rules, holes, helpers, names and edges.

>>> from gradc.ops import lookup
>>> inspect(lookup("sigmoid"))
>>> from gradc import op
>>> bad = op("cube_(x)", doc="third power", slopes=["3*z**2"], code="{x}**3")
Traceback (most recent call last):
    ...
ValueError: 'cube_': the rule '3*z**2' names 'z', which is no parameter
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import numpy as np

from gradc.base.syntax import expression_of, statements_of
from gradc.emit import emit
from gradc.emit.allow import verify
from gradc.graph.forms import MORE, Form
from gradc.language import parse
from gradc.ops.helpers import HELPERS
from gradc.ops.table import Op
from gradc.plan.program import gates_of_the_notes, stage
from gradc.rewrite.rules import compiled
from gradc.run.functions import load

# An edge is pinned to all but a few ulp.
EDGE_TOL = 1e-14


def inspect(entry: Op) -> None:
    """Raise ValueError, saying what is wrong, for an entry that is malformed."""
    for said in (*_rules(entry), *_forms(entry), *_names(entry)):
        raise ValueError(f"{entry.name!r}: {said}")
    for said in _edges(entry):
        raise ValueError(f"{entry.name!r}: {said}")


def _rules(entry: Op) -> Iterator[str]:
    """Rules that do not parse, call what is not there, or name what is no parameter."""
    own = {*entry.params, *(key for key, _ in entry.statics)}
    dots = {f"{name}_dot" for name in entry.params}
    vjps = () if callable(entry.vjps) else entry.vjps
    groups = [
        (entry.slopes or (), own | {"out"}), (entry.literal.slopes, own | {"out"}), (vjps, own | {"out", "dout"}),
        ((entry.jvp,), own | dots | {"out"}), ((entry.lower,), own | {"inf"}),
    ]  # fmt: skip
    for rules, known in groups:
        for rule in filter(None, rules):
            try:
                steps = compiled(rule)
            except SyntaxError:
                yield f"the rule {rule!r} is not an expression"
                continue
            except ValueError as error:
                yield str(error)
                continue
            named = [step[1] for step in steps if step[0] == "arg" and step[1] not in known]
            if named:
                yield f"the rule {rule!r} names {named[0]!r}, which is no parameter"


def _forms(entry: Op) -> Iterator[str]:
    """Forms that are no expression, have a stray hole, or call what no helper defines; helpers that may not stand."""
    own = {*entry.params, *(key for key, _ in entry.statics)}
    for target, form in entry.code.items():
        holes = [name for _, name, _ in form.pieces if name]
        filled = [before + ("" if name in ("", *MORE) else "x") for before, name, _ in form.pieces]
        try:
            expression_of("".join(filled))
        except SyntaxError:
            yield f"the form {form.text!r} is not an expression"
            continue
        stray = [name for name in holes if name not in own and not name.startswith("*")]
        if stray:
            yield f"the form {form.text!r} has a hole {stray[0]!r}, which is no parameter"
        other = _OTHER_WORDS.get(target.removesuffix("_plain"))
        if other is not None and (said := other.search(form.text)):
            yield f"the form {form.text!r} for the target '{target}' says {said[0]!r}, a word of another one"
        yield from _helpers(form, target)


# What a target's forms may not say.
_OTHER_WORDS = {"math": re.compile(r"(?<![\w.])np\.\w+")}


def _helpers(form: Form, target: str) -> Iterator[str]:
    texts = HELPERS.get(target.removesuffix("_plain"), HELPERS["numpy"])
    for name in form.helpers:
        if name not in texts:
            yield f"the form {form.text!r} calls {name!r}, and no helper has that name"
            continue
        try:
            statements_of(texts[name])
            verify(texts[name], carried=False)
        except SyntaxError as error:
            yield f"the helper {name!r} is not Python: {error.msg}"
        except ValueError as error:
            yield f"the helper {name!r}: {error}"


def _names(entry: Op) -> Iterator[str]:
    """Parameters and the name of a line that are no names."""
    words = [*entry.params, *(key for key, _ in entry.statics)]
    for word in words:
        if not word.isidentifier() or word in ("out", "dout"):
            yield f"{word!r} cannot be a parameter"
    stem = entry.stem
    for word in words:
        stem = stem.replace("{" + word + "}", "x")
    if not stem.isidentifier():
        yield f"the stem {entry.stem!r} makes no name"
    if entry.test.domain and not entry.variadic and len(entry.test.domain) != len(entry.params):
        yield f"{len(entry.params)} parameters and {len(entry.test.domain)} intervals of the domain"


def _edges(entry: Op) -> Iterator[str]:
    """Pinned values that do not hold, as a module computes them."""
    if not entry.test.edges or not entry.public or not entry.elementwise:
        return
    dag, build = gates_of_the_notes(parse(f"{entry.name}({', '.join(entry.params)})"), False)
    module = load(emit(stage(dag, build, list(dag.inputs))).text)
    for point, pinned in entry.test.edges.items():
        try:
            at = {name.strip(): float(value) for name, value in (item.split("=") for item in point.split(","))}
            wanted = [(what.strip(), float(value)) for what, value in (item.split("=") for item in pinned.split(","))]
        except ValueError:
            yield f"the edge {point!r}: {pinned!r} is not written as 'x=0': 'out=1, dx=0'"
            continue
        gets = {"out", *("d" + name for name in entry.params)}
        if at.keys() != {*entry.params} or not {what for what, _ in wanted} <= gets:
            yield f"the edge {point!r}: {pinned!r} names what is no parameter"
            continue
        with np.errstate(all="ignore"):
            value, grads = module.value_and_grad(**at)
        for what, want in wanted:
            got = float(value if what == "out" else grads[what[1:]])
            if not (got == want or math.isclose(got, want, rel_tol=EDGE_TOL) or (got != got and want != want)):
                yield f"at {point} {what} is {got!r}, not {want!r}"
