"""gradc compiles a mathematical expression into the forward and backward pass that one would write by hand."""

from gradc.api import Function, compile
from gradc.errors import GradcError
from gradc.ops.table import op

__all__ = ["Function", "GradcError", "compile", "op"]
