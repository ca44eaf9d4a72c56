"""The operators: `table` says how an entry is registered, the other files hold the entries."""

from gradc.ops import (
    again,
    array,
    borders,
    composed,
    constant_arrays,
    contractions,
    convolution,
    forms,
    gather,
    linalg,
    loss,
    of_scipy,
    routing,
    scalar,
    shaping,
    special,
    spectral,
)
from gradc.ops import ieee as ieee  # after the gates that it has once more
from gradc.ops import kernels as kernels  # after what its helpers call
from gradc.ops.table import Op, entries, lookup, op, spellings

# Gates that count the axes of their arrays, or make arrays of their own.
OF_ARRAYS = frozenset(
    entry
    for module in (constant_arrays, contractions, convolution, gather, shaping)
    for entry in vars(module).values()
    if isinstance(entry, Op)
) | {entry for family in (contractions.EINSUMS, gather.GATHERS, gather.PICKS) for entry in family}

__all__ = [
    "OF_ARRAYS",
    "Op",
    "again",
    "array",
    "borders",
    "composed",
    "constant_arrays",
    "contractions",
    "convolution",
    "entries",
    "forms",
    "gather",
    "linalg",
    "lookup",
    "loss",
    "of_scipy",
    "op",
    "routing",
    "scalar",
    "shaping",
    "special",
    "spectral",
    "spellings",
]
