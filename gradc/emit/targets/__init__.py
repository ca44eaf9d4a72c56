"""The targets, one file each, read when it is first asked for. A new one is its file and its name here.

>>> sorted(TARGETS)
['c', 'jax', 'math', 'numba', 'numpy', 'scipy', 'torch']
>>> TARGETS["math"].arrays
False
"""

from collections.abc import Iterator, Mapping
from importlib import import_module

from gradc.emit.target import Target


class _Targets(Mapping[str, Target]):
    """The targets by name."""

    def __init__(self, names: str) -> None:
        self.names: dict[str, Target | None] = dict.fromkeys(names.split())

    def __getitem__(self, name: str) -> Target:
        found = self.names[name]
        if found is None:
            found = self.names[name] = import_module(f"gradc.emit.targets.{name}").TARGET
        return found

    def loaded(self) -> list[str]:
        """The names of those that have been read."""
        return [name for name, target in self.names.items() if target is not None]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


TARGETS = _Targets("numpy math scipy torch jax numba c")

__all__ = ["TARGETS"]
