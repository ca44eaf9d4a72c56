"""The target `scipy`: NumPy's modules, shorter by `scipy.special` for the functions that NumPy lacks."""

from gradc.emit.target import Import
from gradc.emit.targets.numpy import TARGET as NUMPY

TARGET = NUMPY._replace(
    name="scipy",
    like="numpy",
    imports=(
        *NUMPY.imports,
        Import("linalg", "from scipy import linalg", "from scipy import linalg as {name}", always=False),
        Import("special", "from scipy import special", "from scipy import special as {name}", always=False),
    ),
)
