"""The operators: `table` says how an entry is registered, the other files hold the entries."""

from gradc.ops import (
    again,
    array,
    borders,
    composed,
    constant_arrays,
    forms,
    gather,
    loss,
    routing,
    scalar,
    special,
)
from gradc.ops import kernels as kernels  # after what its helpers call
from gradc.ops.table import Op, entries, lookup, op, spellings

__all__ = [
    "Op",
    "again",
    "array",
    "borders",
    "composed",
    "constant_arrays",
    "entries",
    "forms",
    "gather",
    "lookup",
    "loss",
    "op",
    "routing",
    "scalar",
    "special",
    "spellings",
]
