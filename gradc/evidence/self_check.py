"""A module's own test: its gradient against central differences at a random point, run when the file is run.

    gradc compile "x*sin(y)" --self-check -o f.py && python f.py

The point is drawn when the module is made, where value and gradient are finite and differences agree; it stands in the
text, so that the check needs nothing but the module.
"""

from __future__ import annotations

from typing import Any

from gradc.base.errors import GradcError
from gradc.evidence.points import Search, Staged
from gradc.evidence.stopped import is_stopped
from gradc.run.engine import Compiled
from gradc.run.functions import load

# Points are tried until differences agree: a kink may lie between the two values that are subtracted.
ATTEMPTS = 20
# More numbers than this are no text that one reads.
MOST = 1000
# A central difference has lost about a third of the digits, and some more in a sum that cancels.
STEP, AGREE = 1e-5, 1e-6

_TEXT = '''

def {name}():
    """Hold the gradient against central differences at one point; raises ValueError where they differ."""
    point = {{
{point}
    }}
    args = list(point.values())
    df = {df}
    f, cache = {forward}(*args)
    worst = 0.0
    for name, grad in {backward}(cache, df).items():
        at = list(point).index(name)
        flat, slopes = {flat}, {slopes}
        for k, slope in enumerate(slopes):
            step = {step}*max(1.0, abs(flat[k]))
            ends = []
            for x in (flat[k] + step, flat[k] - step):
                moved = {moved}
                g, cache = {forward}(*args[:at], moved, *args[at + 1:])
                ends.append({total})
            found = (ends[0] - ends[1])/(2*step)
            apart = abs(found - slope)
            worst = max(worst, apart/max(1.0, abs(slope)))
            if not apart <= {agree}*max(1.0, abs(slope)):
                raise ValueError(f"d{{name}}[{{k}}] is {{slope}}, and differences give {{found}}")
    return worst


if __name__ == "__main__":
    print(f"the gradient agrees with differences to {{{name}():.1e}}")
'''


def self_checking(fn: Compiled, text: str, function: str) -> str:
    """A module's text with its check at the end. Raises GradcError where the target has none, or no point is found."""
    if fn.target not in ("numpy", "scipy", "math"):
        raise GradcError(
            f"the modules of the target '{fn.target}' have no self-check", hint="leave the target at 'numpy'"
        )
    if is_stopped(fn.dag):
        raise GradcError("differences do not see where a gradient is stopped", hint="leave --self-check out")
    stem = f"{function}_" if function else ""
    said: Exception | None = None
    for seed in range(ATTEMPTS):
        search = Search(fn, seed)
        staged = search.points(1)[0]
        if search.elements() > MOST:
            raise GradcError(f"the inputs have {search.elements()} elements, more than {MOST} for a self-check")
        whole = text.rstrip("\n") + "\n" + _written(fn, search, staged, stem)
        try:
            getattr(load(whole), f"{stem}self_check")()
        except (ValueError, ArithmeticError) as error:
            said = error
        else:
            return whole
    raise GradcError(f"found no point at which differences agree: {said}")


def _written(fn: Compiled, search: Search, staged: Staged, stem: str) -> str:
    arrays = fn.target != "math"
    point = "\n".join(f'        "{name}": {_value(fn, name, value)},' for name, value in staged.point.items())
    shapes = _shapes(fn, staged)
    df = [_array(each) for each in search.upstream(shapes)]
    several = len(fn.outputs) > 1
    weights = f"({', '.join(df)})" if several else df[0]
    pairs = "zip(df, g)" if several else ""
    one = "np.sum({})" if arrays else "({})"
    return _TEXT.format(
        name=f"{stem}self_check",
        point=point,
        df=weights,
        forward=f"{stem}forward",
        backward=f"{stem}backward",
        flat="np.ravel(args[at])" if arrays else "[args[at]]",
        slopes="np.ravel(grad)" if arrays else "[grad]",
        moved="np.where(np.arange(flat.size) == k, x, flat).reshape(np.shape(args[at]))" if arrays else "x",
        total=f"sum({one.format('a*b')} for a, b in {pairs})" if several else one.format("df*g"),
        step=STEP,
        agree=AGREE,
    )


def _shapes(fn: Compiled, staged: Staged) -> list[tuple[int, ...]]:
    import numpy as np

    from gradc.evidence.points import as_arrays

    value, _ = fn.forward(**as_arrays(fn.dag, staged.point))
    return [np.shape(each) for each in (value if len(fn.outputs) > 1 else [value])]


def _value(fn: Compiled, name: str, value: Any) -> str:
    if name in fn.dag.integers:
        import numpy as np

        value = np.asarray(value, int).tolist()
    return _array(value)


def _array(value: Any) -> str:
    return f"np.array({value})" if isinstance(value, list) else repr(value)


__all__ = ["self_checking"]
