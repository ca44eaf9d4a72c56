"""A circuit into a picture: SVG or PNG with a layout of our own, or DOT and Mermaid for others to lay out.

>>> x, y, q = Gate(0, "x", "input", value="3"), Gate(1, "y", "input", value="-4"), Gate(2, "+", "gate", "q", "-1", "1")
>>> svg(Circuit((x, y, q), (Wire(0, 2, 0), Wire(1, 2, 1)), "q = x + y")).count("<text ")
8
"""

from gradc.draw.circuit import Circuit, Gate, TooManyGates, Wire
from gradc.draw.dot import dot
from gradc.draw.mermaid import mermaid
from gradc.draw.png import png
from gradc.draw.svg import svg

__all__ = ["Circuit", "Gate", "TooManyGates", "Wire", "dot", "mermaid", "png", "svg"]
