"""One profile for every run: property tests draw the same examples each time, and leave nothing behind."""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("gradc", derandomize=True, deadline=None, database=None)
settings.load_profile("gradc")

collect_ignore_glob = ["golden/*", "hand/*"]  # emitted modules and hand-written passes: data of the tests
DATA = [Path(__file__).parent / folder for folder in ("golden", "hand")]


class Data(pytest.File):
    """A file without tests."""

    def collect(self) -> Iterator[pytest.Item]:
        return iter(())


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Generator[None, Any, Any]:
    """Data has no tests where it is named on the command line either: all modules there have one name."""
    found = yield
    return [Data.from_parent(parent, path=file_path)] if any(each in file_path.parents for each in DATA) else found


if not hasattr(np, "trapezoid"):
    np.trapezoid = np.trapz  # the name since NumPy 2, by which references call it
