"""The operators: `table` says what an entry is, the other files hold the entries."""

from gradc.ops import again, array, loss, routing, scalar
from gradc.ops.table import Form, Op, entries, lookup, op, spellings

__all__ = ["Form", "Op", "again", "array", "entries", "lookup", "loss", "op", "routing", "scalar", "spellings"]
