"""The target `math`: numbers and the standard library; raises where `math` raises, outside a function's domain."""

from gradc.emit.target import Import, Target
from gradc.ops.helpers import HELPERS

TARGET = Target(
    name="math",
    imports=(Import("math", "import math", "import math as {name}"),),
    helpers=HELPERS["math"],
    pi="math.pi",
    arrays=False,
    ifs=True,
    keeps_whole=False,  # Python's max gives back what it was given
    forms={
        "as_float": "float({x})",
        "zeros_like": "0.0",
        "item": "{x}[{at}]",
        "call": "{function}({*args})",
    },
)
