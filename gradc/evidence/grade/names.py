"""What a name says of itself: that it is the adjoint of another.

>>> bases("dsigx"), bases("grad_w1"), bases("dL_dz"), bases("W_grad")
(['sigx'], ['w1', 'rad_w1', '_w1'], ['L_dz', 'z', 'dz'], ['W'])
"""

from __future__ import annotations

import re
from functools import cache

# Names that hold gradients by the name of what they are of: grads["W1"].
HOLDERS = re.compile(
    r"(?i)^_?(d|gr?|gs|grads?\w*|gradients?|\w*_?grads?|d_?params?|d[wp]s?|deltas?|derivs?|derivatives?|gradient_dict|bwd|back"
    r"|adj\w*|bars?|nablas?)$"
)
# Names of an adjoint that comes from above.
UPSTREAM = re.compile(
    r"(?i)^(d_?out(put)?s?|df|dl|dloss|d_?y_?hat|upstream\w*|grad_?(out|output|upstream|y|z|in)\w*|d_?o|dL_d(out|y|f)"
    r"|delta|g|gout|dv?alues?|dprev|d_?top|top_diff|d_?up\w*|out_?grad|seed|incoming|error)$"
)
# Names of a gradient that do not say of what.
GRADIENT = re.compile(r"(?i)^_?(g|gs?|grads?|gradients?|nabla|deriv\w*|d|dw|jac|g_?total|grad_\w+|total_grad\w*)$")
# The gradient of the one value that an object holds.
OWN = re.compile(
    r"(?i)^_?(d|g|grad|gradient|adj|adjoint|deriv|derivative|bar|delta|d_?val(ue)?|grad_?val(ue)?|d_?data)$"
)
_OUTPUTS = r"(?:L|l|J|E|C|f|F|loss|Loss|cost|out|err|o|y)"
_FORMS = tuple(
    map(
        re.compile,
        (
            rf"^d{_OUTPUTS}_?(?:by_?)?d_?(\w+)$",
            r"^d_(\w+)$",
            r"^d(\w+)$",
            r"^D_?(\w+)$",
            r"^grads?_(?:wrt_|of_)?(\w+)$",
            r"^gradient_(?:wrt_|of_)?(\w+)$",
            r"^(\w+?)_grads?$",
            r"^(\w+?)_?gradient$",
            r"^g_?(\w+)$",
            r"^grad(\w+)$",
            r"^(\w+?)_?bar$",
            r"^delta_?(\w+)$",
            r"^d[lLJE]_(\w+)$",
            r"^nabla_?(\w+)$",
            r"^adj_?(\w+)$",
            r"^∂(\w+)$",
        ),
    )
)
_PIECE = re.compile(r"^(\w+?)(?:_(?:total|new|sum|all|acc|full|final|raw|tmp|temp|t|\d+|from\w*|via\w*|a|b)|\d+)$")


@cache
def bases(name: str) -> list[str]:
    """Of what a name may be the adjoint, the likeliest first."""
    found = [match[1] for form in _FORMS if (match := form.match(name))]
    if name.startswith("d") and not name.startswith("d_"):
        found.sort(key=lambda base: base != name[1:])
    return list(dict.fromkeys(found))


@cache
def piece_of(name: str) -> str:
    """`dx` of `dx1`, `dx_total`: what a part of an adjoint, or its sum, is called after.

    >>> piece_of("dx_total"), piece_of("dx2"), piece_of("dx")
    ('dx', 'dx', '')
    """
    match = _PIECE.match(name)
    return match[1] if match else ""
