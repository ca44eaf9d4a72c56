"""Defaults of options, from a project's pyproject.toml.

[tool.gradc]
style = "fast"

[tool.gradc.check]
points = 10
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from gradc.base.errors import GradcError
from gradc.base.files import read
from gradc.cli.shell import nearest


def defaults(path: str, commands: Mapping[str, click.Command]) -> dict[str, dict[str, Any]]:
    """Each command's defaults by the name of the parameter; what no command knows is an error that names it."""
    import tomllib

    try:
        table = tomllib.loads(read(path)).get("tool", {}).get("gradc", {})
    except tomllib.TOMLDecodeError as error:
        raise GradcError(f"{path} is not TOML: {error}") from None
    if not isinstance(table, dict):
        raise GradcError(f"[tool.gradc] in {path} is no table")
    known = {
        name: {option: param for param in command.params for option in param.opts if param.name}
        for name, command in commands.items()
    }
    everywhere = {key: value for key, value in table.items() if not isinstance(value, dict)}
    found: dict[str, dict[str, Any]] = {}
    for name, options in known.items():
        own = table.get(name, {})
        if not isinstance(own, dict):
            own = {}
        for key, value in [*everywhere.items(), *own.items()]:
            param = options.get("--" + key.replace("_", "-"))
            if param is not None and param.name:
                found.setdefault(name, {})[param.name] = value
            elif key in own:
                raise _unknown(path, f"tool.gradc.{name}", key, options)
    every = {option for options in known.values() for option in options}
    for key, value in table.items():
        if isinstance(value, dict) and key not in commands:
            raise GradcError(f"{path}: [tool.gradc.{key}] is no command", hint=f"there are {', '.join(commands)}")
        if not isinstance(value, dict) and "--" + key.replace("_", "-") not in every:
            raise _unknown(path, "tool.gradc", key, every)
    return found


def _unknown(path: str, table: str, key: str, options: Any) -> GradcError:
    names = sorted(option.removeprefix("--") for option in options if option.startswith("--"))
    return GradcError(f"{path}: [{table}] has {key!r}, which is no option", hint=nearest(key, names))
