r"""Silence where a program looks at values that it may then leave out.

`where(log(p) > -100, log(p), -100)` has to know log(p) wherever it is asked, at 0 too, and NumPy would warn of what
comes to nothing. The functions that compute such values do so in silence; all others warn as ever:

>>> text = "import numpy as np\n\n\ndef forward(p):\n    return np.log(p), ()\n"
>>> quiet(text, ["forward"], ["divide"]).splitlines()[3:5]
['@np.errstate(divide="ignore")', 'def forward(p):']
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_NUMPY = r"^import numpy as (\w+)$"


def quiet(text: str, functions: Iterable[str], kinds: Iterable[str]) -> str:
    """A module of NumPy whose functions of these names say nothing of these kinds of NumPy's warnings."""
    numpy = re.search(_NUMPY, text, re.MULTILINE)
    if numpy is None:
        return text
    ignored = ", ".join(f'{kind}="ignore"' for kind in kinds)
    line = f"@{numpy[1]}.errstate({ignored})\n"
    names = "|".join(re.escape(name) for name in functions)
    return re.sub(rf"^(?=def (?:{names})\()", lambda _: line, text, flags=re.MULTILINE)


__all__ = ["quiet"]
