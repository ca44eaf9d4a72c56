"""A program as a whole: what it gives, and the one function that it may be."""

from __future__ import annotations

import math
from typing import Any

from gradc.base.errors import GradcError
from gradc.graph.dag import Node
from gradc.language import lists
from gradc.language.assignments import Assignments
from gradc.language.layout import Param
from gradc.language.lex import END, is_number, spelled
from gradc.language.values import Arg, Callee, Dict, Function, Group, Text


class Whole(Assignments):
    """The part of the reader that begins and ends."""

    main: Function | None  # the one function that the program is
    chosen: str  # the function to compile, of several
    fixed: frozenset[str]  # parameters that are what their defaults are

    # ---- what it gives --------------------------------------------------------------------------

    def outputs(self) -> list[tuple[str, Node]]:
        """What the last statement gives, by name: its target, the variable that it consists of, or `f`."""
        if self.last is None:
            raise self._nothing()
        names, result = self.last
        if isinstance(result.value, Group) and result.value.kind == "tuple":
            if not result.value.items:
                raise self.source.error("empty brackets have no value", result.first, result.last)
            base = names[0] if names else "f"
            number = len(result.value.items) > 1
            items = [
                (self._own_name(item) or f"{base}{at * number or ''}", item)
                for at, item in enumerate(result.value.items, 1)
            ]
        else:
            items = [(names[0] if names else self._own_name(result) or "f", result)]
        found: dict[str, Node] = {}
        for at, (name, item) in enumerate(items, 1):
            if isinstance(item.value, Node) and item.value.op.boolean:
                self.source.note("the output is a condition: its gradient is 0 everywhere", item.first, item.last)
            item.value = self.gates.value(item)
            self._place(item)
            found[name if name not in found else f"f{at}"] = item.value
        self.scope.finish({*names, *found})
        return list(found.items())

    def _own_name(self, item: Arg) -> str:
        """The assigned name that a value consists of, if it does."""
        name = self.tokens[item.first]
        return spelled(name) if item.first == item.last and spelled(name) in self.scope.values else ""

    @property
    def leading(self) -> list[int]:
        """The tokens that the statements of the program's first lines begin at."""
        found, depth, fresh = list[int](), 0, True
        for i, token in enumerate(self.tokens):
            if token == END:
                break
            if not depth and token in ("\n", ";"):
                fresh = True
                continue
            if fresh:
                fresh = False
                if self.tokens[i + 1] == "=":
                    found.append(i)
                elif found or (token[0] not in ("'", '"') and token not in ("import", "from")):
                    break
            depth += (token[-1] in "([{" and token[0] not in ("'", '"')) - (token in (")", "]", "}"))
        return found

    @property
    def is_file_of_functions(self) -> bool:
        """Whether the program is several functions, and no line of it computes anything."""
        return len(self.functions) > 1 and not self.scope.inputs and (self.last is None or bool(self.last[0]))

    def _nothing(self) -> GradcError:
        if not self.scope.inputs:
            return GradcError("nothing to compile", hint="write an expression, such as x*y")
        return self.source.error(
            "only declarations: nothing to compile", self.source.end - 1, hint="end with the output"
        )

    def nothing_to_differentiate(self) -> GradcError:
        """The error for a program without inputs."""
        if self.last is None:
            return self._nothing()
        first, last = self.last[1].first, self.last[1].last
        text = self.source.quote(first, last)
        return self.source.error(f"{text} is a constant: there is nothing to differentiate", first, last)

    # ---- a program that is a function -----------------------------------------------------------

    def ends_program(self, i: int) -> int:
        """Where a program goes on that is nothing but a function, when it was read: in the function's body."""
        function = self._only_function()
        if function is None:
            return -1
        self.main = function
        scope = self.scope
        scope.unread.clear()
        self.enter_names(function.outer)
        scope.only = frozenset(spelled(self.tokens[param.name]) for param in function.params)
        for at, param in enumerate(function.params):
            self._parameter(param, function.defaults.get(at))
        self.last = None
        if function.is_lambda:
            self.then = self._outputs_are
            return function.body
        return self.statement(function.body)

    def _only_function(self) -> Function | None:
        """The function that is to be compiled: the chosen one, or the only one, where no line computes anything."""
        if self.main is not None or self.scope.inputs or (self.last is not None and not self.last[0]):
            only = self.last[1].value if self.last is not None and not self.last[0] else None
            return only if isinstance(only, Function) and self.main is None and not self.scope.inputs else None
        functions = self.functions
        if not functions and self.last is not None and isinstance(self.last[1].value, Function):
            return self.last[1].value  # f = lambda x: ...
        if self.chosen:
            return functions.get(self.chosen)
        return next(iter(functions.values())) if len(functions) == 1 else None

    def _outputs_are(self, result: Arg, i: int) -> int:
        """The `return` of the function that the program is."""
        found = self.returned(result)
        if isinstance(found, int):
            return found
        self.last = [], found
        return -1

    def _parameter(self, param: Param, default: Any) -> None:
        """An input for a parameter; what is no number stays what its default is, unless a shape is given."""
        if param.star:
            raise self.source.error("an input has a name of its own", param.name, hint="write the parameters out")
        token = self.tokens[param.name]
        name, usual = spelled(token), lists.known(default)
        if default is not None and self._stays(param, name, default):
            self.scope.bind(token, param.name, default)
            return
        if isinstance(usual, int | float) and math.isfinite(usual):
            self.scope.defaults[name] = self._as_typed(param, usual)
        shape = self.annotated(param.annotation) if param.annotation is not None else None
        if shape is not None:
            self.scope.declare(token, param.name, shape)
        else:
            self.scope.read(token, param.name)

    def _as_typed(self, param: Param, value: float) -> str:
        """A default as it stands in the header, if it is one number there."""
        token = self.tokens[param.default]
        return token if is_number(token) and float(token) == value else repr(value)

    def _stays(self, param: Param, name: str, default: Any) -> bool:
        """Whether a parameter is what its default is: no input of the module."""
        if self.tokens[param.default] in ("True", "False") or isinstance(default, (Text, Function, Dict, Callee)):
            return True
        if isinstance(default, Node) and not default.shape:
            return name in self.fixed
        return name not in self.scope.given
