"""A program written out element by element, for SymPy and for 50-digit numbers, in a process of its own.

`formula` reads the table's independent formulas, `written` turns a graph into plain steps of them, `worker` sends these
to a process with limits, and `serve` answers there: `elements` runs the steps over numbers (`digits`) or over SymPy's
expressions (`expressions`), which `python` prints and counts.
"""
