"""A file of functions, each compiled: one module with the passes of all.

>>> from gradc import compile
>>> fns = compile("def double(x): return 2*x\\ndef square(x): return x**2")
>>> list(fns), fns["square"](3), fns.double.value_and_grad(3)
(['double', 'square'], 9.0, (6.0, {'x': 2.0}))
>>> [line for line in fns.source.split("\\n") if line.startswith("def square")]
['def square_forward(x):', 'def square_backward(cache, df=1.0):', 'def square_value_and_grad(x):']
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from types import ModuleType
from typing import Any

from gradc.base.files import COMPILED, write_whole
from gradc.emit.allow import verify
from gradc.emit.layout import quoted
from gradc.run.functions import load


class Functions(Mapping[str, Any]):
    """Compiled functions by name, as a mapping and as attributes; `source` is the module of all."""

    def __init__(
        self, program: str, compiled: Mapping[str, Any], text_of: Callable[[str], str], again: tuple[Any, ...]
    ) -> None:
        """`text_of` gives a function's module under the names NAME__, NAME___forward, …

        `again` is what makes the same once more, a function and its arguments: for pickles and copies.
        """
        self.program, self._again = program, again
        self._compiled, self._text_of = dict(compiled), text_of

    def __reduce__(self) -> tuple[Any, ...]:
        return self._again

    def __getitem__(self, name: str) -> Any:
        return self._compiled[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._compiled)

    def __len__(self) -> int:
        return len(self._compiled)

    def __getattr__(self, name: str) -> Any:
        compiled = self.__dict__.get("_compiled", {})
        if name in compiled:
            return compiled[name]
        known = ", ".join(compiled)
        raise AttributeError(f"there is no '{name}': these are the functions {known}")

    def __call__(self, *args: Any, **inputs: Any) -> Any:
        raise TypeError(f"the program has several functions; call one by its name: {', '.join(self)}")

    def __repr__(self) -> str:
        return f"<gradc functions {', '.join(self)}>"

    @property
    def notes(self) -> tuple[Any, ...]:
        """What was accepted with a note, each once."""
        found = {note.message: note for fn in self._compiled.values() for note in fn.notes}
        return tuple(found.values())

    @property
    def inputs(self) -> tuple[str, ...]:
        """The inputs of all, in order of first appearance."""
        return tuple(dict.fromkeys(name for fn in self._compiled.values() for name in fn.inputs))

    @cached_property
    def source(self) -> str:
        """The text of the module, verified before anyone has it."""
        text = joined(self.program, {name: self._text_of(name) for name in self._compiled})
        verify(text)
        return text

    @cached_property
    def module(self) -> ModuleType:
        """The module, loaded."""
        return load(self.source)

    def save(self, path: str | os.PathLike[str], force: bool = False) -> str | os.PathLike[str]:
        """Write the module, whole or not at all; a file that gradc did not write is replaced only with `force`."""
        return write_whole(path, self.source, force)

    def to_dict(self) -> dict[str, Any]:
        """Every function as it describes itself, by name, and the module's text."""
        return {"functions": {name: fn.to_dict() for name, fn in self._compiled.items()}, "source": self.source}


def joined(program: str, texts: Mapping[str, str]) -> str:
    """One module out of several, of functions NAME__, NAME___forward, …: what is equal in them stands once."""
    facts: list[str] = []
    imports: dict[str, None] = {}
    helpers: dict[str, str] = {}
    passes: list[str] = []
    for name, text in texts.items():
        doc, _, rest = text.partition('\n"""\n')
        facts += ["", name, *("    " + line for line in doc[doc.rindex("\n\nInputs: ") :].strip().split("\n"))]
        rest = re.sub(rf"\b{name}__\(", f"{name}_value_and_grad(", rest).replace(f"{name}___", f"{name}_")
        pieces = chunks(rest)
        imports.update((line, None) for piece in pieces if _is_import(piece) for line in piece.split("\n"))
        own = [piece for piece in pieces if re.match(rf"(?:def )?{name}_\w+(?:\(| = )", piece)]
        rest_of = [piece for piece in pieces if piece not in own and not _is_import(piece)]
        clashes = [key for piece in rest_of if helpers.get(key := _name_of(piece), piece) != piece]
        for key in clashes:
            own, rest_of = ([re.sub(rf"\b{key}\b", f"{name}_{key}", each) for each in part] for part in (own, rest_of))
        helpers.update((_name_of(piece), piece) for piece in rest_of)
        passes += own
    head = [f'"""Forward and backward passes of {", ".join(texts)}, {COMPILED}.', ""]
    head += [("    " + line).rstrip() for line in quoted(program.strip("\n")).split("\n")]
    return "\n".join([*head, *facts, '"""', "", *imports, "", "", "\n\n\n".join([*helpers.values(), *passes]), ""])


def _is_import(piece: str) -> bool:
    return piece.startswith(("import ", "from "))


def _name_of(piece: str) -> str:
    """What a piece of a module defines."""
    found = re.match(r"(?:@.*\n)*(?:def |class )?(\w+)", piece)
    return found[1] if found else piece


def chunks(text: str) -> Sequence[str]:
    """What stands at the outer level of a module, piece by piece.

    >>> chunks("import math\\n\\n\\ndef f():\\n    return 1\\n\\nx = [\\n    1,\\n]\\n")
    ['import math', 'def f():\\n    return 1', 'x = [\\n    1,\\n]']
    """
    out: list[list[str]] = []
    for line in text.split("\n"):
        begins = line[:1] not in ("", " ", ")", "]", "}", "#")
        if begins and not (out and out[-1][0].startswith("@") and len(out[-1]) == 1):
            out.append([line])
        elif out:
            out[-1].append(line)
    return ["\n".join(lines).rstrip() for lines in out]
