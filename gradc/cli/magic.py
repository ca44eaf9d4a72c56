"""`%load_ext gradc`, then `%%gradc` at the head of a notebook's cell: the cell is a program, compiled and shown.

%%gradc loss --style fast --wrt W,b
X: [n, d]
...

binds `loss` in the notebook; without a name it is `fn`.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

from gradc.base.errors import GradcError

_OPTIONS: dict[str, Callable[[str], Any]] = {
    "style": str,
    "names": str,
    "target": str,
    "wrt": lambda text: text.split(","),
    "literal": bool,
}


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext gradc` calls."""
    shell.register_magic_function(lambda line, cell: _compiled(shell, line, cell), "cell", "gradc")


def _compiled(shell: Any, line: str, cell: str) -> Any:
    """The function of a cell; an error is said as on the command line, with no traceback."""
    import sys

    from gradc.api import compile

    try:
        name, options = arguments(line)
        fn = compile(cell, **options)
    except (GradcError, ValueError) as error:
        said = error.render() if isinstance(error, GradcError) else f"gradc: error: {error}"
        print(said, file=sys.stderr)
        return None
    shell.user_ns[name] = fn
    return fn


def arguments(line: str) -> tuple[str, dict[str, Any]]:
    """The name and the options of a magic's first line.

    >>> arguments("loss --style fast --wrt W,b --literal")
    ('loss', {'style': 'fast', 'wrt': ['W', 'b'], 'literal': True})
    """
    name, options = "fn", dict[str, Any]()
    words = iter(shlex.split(line))
    for word in words:
        key = word.removeprefix("--")
        if not word.startswith("--"):
            if not word.isidentifier():
                raise GradcError(f"{word[:40]!r} cannot be a name", hint="%%gradc loss --style fast")
            name = word
        elif key not in _OPTIONS:
            raise GradcError(f"no option '{word}'", hint=f"there are {', '.join('--' + each for each in _OPTIONS)}")
        else:
            value = "yes" if key == "literal" else next(words, "")
            if not value:
                raise GradcError(f"{word} needs a value")
            options[key] = _OPTIONS[key](value)
    return name, options


__all__ = ["arguments", "load_ipython_extension"]
