"""A circuit into PNG, through the SVG and the optional package resvg_py.

>>> from gradc.draw.circuit import Circuit, Gate
>>> png(Circuit((Gate(0, "x", "input"),), ()), scale=0)
Traceback (most recent call last):
    ...
ValueError: the scale of a picture is above 0 and finite, not 0
"""

from __future__ import annotations

from math import isfinite

from gradc.draw.circuit import Circuit
from gradc.draw.svg import svg


def png(circuit: Circuit, scale: float = 2.0) -> bytes:
    """The circuit's picture, `scale` pixels to a unit of the SVG; on light paper."""
    if not (isfinite(scale) and scale > 0):
        raise ValueError(f"the scale of a picture is above 0 and finite, not {scale}")
    try:
        import resvg_py
    except ImportError:
        raise ImportError("PNG needs the package resvg_py: pip install 'gradc[png]'; SVG needs nothing") from None
    text = svg(circuit)
    wide = float(text.split('width="', 1)[1].split('"', 1)[0])
    return bytes(resvg_py.svg_to_bytes(svg_string=text, width=max(1, round(wide * scale))))
