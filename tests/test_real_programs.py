"""Programs as their authors write them and reports of other tools' faults, with references from elsewhere.

By the library, and by the emitted text of both styles, forward and backward; a warning on the way is an error here.
"""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gradc
from tests.support import ROOT, Json, inputs_of, point_error, shapes_of

FILES = ("reports", "attacks", "limits", "programs", "wished", "wished2")


def records() -> Iterator[Any]:
    for name in FILES:
        for record in json.loads((ROOT / "tests" / "corpus" / f"{name}.json").read_text(encoding="utf-8")):
            yield pytest.param(record, id=record["id"])


RECORDS = list(records())


def given(record: Json, point: Json) -> dict[str, Any]:
    """The inputs of a point, whole numbers where the record says so."""
    found = {}
    for name, value in inputs_of(record, point).items():
        whole = str(record["vars"][name].get("range", "")).startswith("int")
        found[name] = (np.array(value).astype(int) if np.ndim(value) else int(value)) if whole else value
    return found


def compiled(record: Json, style: Any = "notes") -> gradc.Function:
    return gradc.compile(record["program"], shapes=shapes_of(record), wrt=list(record["wrt"]), style=style)


@pytest.mark.parametrize("record", RECORDS)
def test_by_the_library(record: Json) -> None:
    fn = compiled(record)
    for point in record["points"]:
        value, grads = fn.value_and_grad(**given(record, point))
        assert point_error(value, grads, record, point) is None


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize("record", RECORDS)
def test_by_the_text(record: Json, style: str) -> None:
    space: dict[str, Any] = {"__name__": "emitted"}
    exec(compile(compiled(record, style).source, "emitted", "exec"), space)
    for point in record["points"]:
        value, cache = space["forward"](**given(record, point))
        assert point_error(value, space["backward"](cache), record, point) is None
        value, grads = space["value_and_grad"](**given(record, point))
        assert point_error(value, grads, record, point) is None
