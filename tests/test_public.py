"""Public one-page programs as their authors write them: each right, or refused with a reason, and never wrong.

The references are independent: the program run as the Python that it is, its slopes by differences of the values.
"""

import json
from collections import Counter
from typing import Any

import numpy as np
import pytest

import gradc
from tests.support import ROOT

RECORDS = json.loads((ROOT / "tests" / "corpus" / "public.json").read_text(encoding="utf-8"))["records"]
# What central differences, extrapolated three times, are worth.
RTOL, ATOL = 1e-6, 1e-7


def inputs_of(record: dict[str, Any]) -> dict[str, Any]:
    """The inputs as they are passed: integers where the record says so."""
    kinds = {name: int if name in record["integers"] else float for name in record["inputs"]}
    return {
        name: np.array(value, kinds[name]) if isinstance(value, list) else value
        for name, value in record["inputs"].items()
    }


def compiled(record: dict[str, Any], **options: Any) -> Any:
    shapes = {name: tuple(shape) for name, shape in record["shapes"].items()}
    return gradc.compile(record["program"], shapes=shapes, wrt=record["wrt"], **options)


def answer(record: dict[str, Any]) -> str:
    """ "right", or why the program is refused."""
    try:
        compiled(record)
    except gradc.GradcError as error:
        return error.message
    return "right"


@pytest.mark.parametrize("record", [pytest.param(record, id=record["id"]) for record in RECORDS])
def test_right_or_refused_with_a_reason(record: dict[str, Any]) -> None:
    said = answer(record)
    if "refused" in record:
        assert said.startswith(record["refused"])
        return
    assert said == "right"
    given = inputs_of(record)
    for style in ("notes", "fast"):
        fn = compiled(record, style=style)
        space: dict[str, Any] = {}
        exec(fn.source, space)
        for both in (fn.value_and_grad, space["value_and_grad"]):
            value, grads = both(**{name: given[name] for name in fn.inputs if name in given})
            np.testing.assert_allclose(value, record["value"], rtol=1e-10, atol=1e-12)
            for name in record["wrt"]:
                wanted = np.array(record["grads"][name])
                scale = max(1.0, float(np.max(np.abs(wanted), initial=0.0)))
                np.testing.assert_allclose(grads[name], wanted, rtol=RTOL, atol=ATOL * scale, err_msg=name)


def test_most_are_read() -> None:
    answers = Counter(answer(record) == "right" for record in RECORDS)
    assert len(RECORDS) >= 300
    assert answers[True] >= 0.97 * len(RECORDS)


@pytest.mark.parametrize("record", [pytest.param(record, id=record["id"]) for record in RECORDS])
def test_no_line_is_long(record: dict[str, Any]) -> None:
    """Where there is no room beside a statement its comment stands above it, and brackets are opened."""
    if "refused" not in record:
        _, _, body = compiled(record).source.split('"""', 2)
        assert [line for line in body.splitlines() if len(line) > 120] == []
