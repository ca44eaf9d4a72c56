"""The job of `gradc report`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def forms(job: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """To come."""
    yield from ()
