"""Every record of the corpora of real expressions: values and gradients at its points, to its tolerances."""

from typing import Any

import numpy as np
import pytest

import gradc
from tests.support import (
    Json,
    both_passes,
    decode_all,
    inputs_of,
    is_finite,
    point_error,
    records,
    shapes_of,
    standalone,
)

RECORDS = [pytest.param(record, id=record["id"]) for record in records()]
SCALAR = [param for param in RECORDS if not any(shapes_of(param.values[0]).values())]  # type: ignore[arg-type]


def compiled(record: Json, **options: Any) -> gradc.Function:
    return gradc.compile(record["program"], shapes=shapes_of(record), wrt=list(record["wrt"]), **options)


def check_points(record: Json, style: str) -> None:
    """The library's call and the module by itself, at every point."""
    fn = compiled(record, style=style)
    module = standalone(fn.source)
    for point in record["points"]:
        inputs = inputs_of(record, point)
        # The points of the corpora lie on poles and overflows too: what NumPy says of those is not the question here.
        with np.errstate(all="ignore"):
            value, grads = fn.value_and_grad(**inputs)
            passes = both_passes(module, inputs)
        assert point_error(value, grads, record, point) is None
        assert point_error(passes.value, passes.grads, record, point) is None
        assert list(grads) == list(passes.grads) == list(record["wrt"])


@pytest.mark.parametrize("record", RECORDS)
def test_notes(record: Json) -> None:
    check_points(record, "notes")


@pytest.mark.parametrize("record", RECORDS)
def test_fast(record: Json) -> None:
    check_points(record, "fast")


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize("record", SCALAR)
def test_math(record: Json, style: str) -> None:
    """The standard library's functions raise outside their domain, and only there."""
    module = standalone(compiled(record, target="math", style=style).source, "math")
    for point in record["points"]:
        inputs = inputs_of(record, point)
        inside = is_finite(decode_all({"value": point["value"], **point["grads"]})) and is_finite(inputs)
        try:
            passes = both_passes(module, inputs)
        except (ValueError, OverflowError, ZeroDivisionError):
            assert not inside, f"raised inside the domain, at {inputs}"
        else:
            assert point_error(passes.value, passes.grads, record, point) is None
