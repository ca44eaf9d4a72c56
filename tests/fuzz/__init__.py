"""Random programs of the language, with oracles that share no code with gradc.

`tree` holds a program as data and prints it; `values`, `tangents`, `complexstep` and `exact` evaluate the data;
`generate` and `hazard` draw programs; `check` holds a compiled program against the oracles; `relations` holds it
against itself; `shrink` makes a failing program small; `parser` throws text at the parser. Run it with
`python -m tests.fuzz N`.
"""
