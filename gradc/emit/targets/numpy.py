"""The target `numpy`: arrays or numbers, IEEE results, NumPy and nothing else."""

from gradc.emit.target import Import, Target
from gradc.ops.helpers import HELPERS

TARGET = Target(
    name="numpy",
    imports=(
        Import("math", "import math\n", "import math as {name}\n", always=False),
        Import("np", "import numpy as np", "import numpy as {name}"),
    ),
    helpers=HELPERS["numpy"],
    pi="np.pi",
    common_dtype="np.result_type",
    add_at=("np.add.at", "np.subtract.at", "np.s_"),
    silence="np.errstate",
    forms={
        "as_float": 'as_float("{name}", {x})',
        "as_floats": "as_floats({*labelled})",
        "as_numbers": "as_numbers({*labelled})",
        "as_number": 'as_number("{name}", {*args})',
        "as_df": 'as_df("{name}", {*args})',
        "as_array": 'as_array("{name}", {x}{*dims})',
        "as_index": 'as_index("{name}", {x}{*dims})',
        "shape_of": "{x}.shape",
        "size_of": "{x}.shape[{axis}]",
        "zeros_like": "np.zeros_like({x})",
        "copy": "np.array({x})",
        "clone": "{x}.copy()",
        "full_like": "np.full_like({x}, {v})",
        "number_of": "{x}[()]",
        "cast": "{like}.dtype.type({x})",
        "item": "{x}[{at}]",
        "zeros_of": "np.zeros({shape:dims}, {like}.dtype)",
        "has_room": 'has_room("{what}", {shape:dims}, {like}.dtype, "{way_out}")',
        "hessian_by": "hessian_by({function}, {names}, {zero}, {*args})",
        "jacobian_by": "jacobian_by({functions}, {names}, {blocks}, {*args})",
        "call": "{function}({*args})",
    },
)
