"""gradc compiles a mathematical expression into the forward and backward pass that one would write by hand.

>>> compile("x*y").value_and_grad(3.0, -4.0)[1] == {"x": -4.0, "y": 3.0}
True
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradc.api import compile, grade
    from gradc.api.function import Function
    from gradc.base.errors import GradcError
    from gradc.ops.table import op
    from gradc.run.native import native

__version__ = "0.2.0"
__all__ = ["Function", "GradcError", "__version__", "compile", "grade", "native", "op"]

_ROOMS = {
    "Function": "gradc.api",
    "GradcError": "gradc.base.errors",
    "compile": "gradc.api",
    "grade": "gradc.api",
    "load_ipython_extension": "gradc.cli.magic",
    "native": "gradc.run.native",
    "op": "gradc.api",
}


def __getattr__(name: str) -> Any:
    """The library's names, each imported when it is first asked for: the command line starts before the library."""
    if name not in _ROOMS:
        raise AttributeError(f"module 'gradc' has no attribute {name!r}")
    from importlib import import_module

    globals()[name] = found = getattr(import_module(_ROOMS[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
