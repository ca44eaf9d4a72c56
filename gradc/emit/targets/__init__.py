"""The targets, one file each. A new one is its file and a line here.

>>> sorted(TARGETS)
['math', 'numpy']
"""

from gradc.emit.targets.math import TARGET as MATH
from gradc.emit.targets.numpy import TARGET as NUMPY

TARGETS = {target.name: target for target in (NUMPY, MATH)}

__all__ = ["TARGETS"]
