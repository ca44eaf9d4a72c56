"""Code into text: values, statements and modules once, a target's differences in a file of its own.

>>> from gradc.language import parse
>>> from gradc.plan.program import gates_of_the_notes, stage
>>> print(emit(stage(*gates_of_the_notes(parse("x*y"), False), ["x"], arrays=False), "math").stages)
((1, 'f = x*y'),)
"""

from collections.abc import Sequence

from gradc.emit.modules import Emitted, printed
from gradc.emit.targets import TARGETS
from gradc.plan.notes import Notes
from gradc.plan.program import Program


def emit(
    program: Program, target: str = "numpy", function: str = "", also: Sequence[str] = (), double: bool = False
) -> Emitted:
    """The module of a program in the style of the notes; `also` are modes beside the three passes.

    `double` asks for a function that can be differentiated again, where the target has a form for one.
    """
    code = Notes(program, TARGETS[target], function, also).module()
    return printed(code._replace(double=double), TARGETS[target])


__all__ = ["TARGETS", "Emitted", "emit"]
