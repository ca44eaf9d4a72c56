"""A value, and the names and elements that it is assigned to.

An array of which elements are assigned is one object, whoever else holds it; every other value is never changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from gradc.graph.dag import Node
from gradc.language import canvas
from gradc.language.canvas import Canvas
from gradc.language.dialects import JAX
from gradc.language.flow import Call, Gathering, Slot, Target
from gradc.language.lex import END, LOOKAHEAD, MARKS, is_name, spelled
from gradc.language.lists import store
from gradc.language.objects import Objects
from gradc.language.scope import base_name
from gradc.language.signs import AUGMENTED, ENDS, FOLLOWS
from gradc.language.values import (
    NONE,
    Arg,
    Args,
    Bound,
    Callee,
    Dict,
    Distribution,
    Function,
    Group,
    Picked,
    Places,
    Record,
    Slice,
    Star,
    Text,
    TorchDistribution,
)
from gradc.ops import array as a
from gradc.ops import scalar as s

# Functions and methods whose results may share elements with what they are of.
VIEWS = frozenset(
    "reshape ravel transpose squeeze swapaxes moveaxis broadcast_to asarray diagonal diag split hsplit vsplit view "
    "expand_dims flip array_split real imag asanyarray ascontiguousarray atleast_1d atleast_2d atleast_3d".split()
)
# What a name holds as it is, where anything else is an array.
_HELD = (
    Bound,
    Callee,
    Canvas,
    Dict,
    Distribution,
    Function,
    Picked,
    Places,
    Record,
    Slice,
    Text,
    TorchDistribution,
    str,
)
# What gives values one by one, and has none left behind a loop.
ONCE = ("zip(", "map(", "filter(", "enumerate(", "reversed(", "iter(")
# Blocks in which gradients are stopped.
NO_GRAD = ("torch.no_grad", "torch.inference_mode")
# A subscript that is assigned to.
STORES = re.compile(r"fill_diagonal\(|\bout\s*=(?!=)|\.at\(|\]\s*(?:[-+*/%@^]|\*\*|//)?=(?!=)")


class Assignments(Objects):
    """The part of the reader that gives values to names and elements."""

    places: dict[Node, tuple[int, int]] | None  # every node's first tokens, where they are wanted
    functions: dict[str, Function]  # those of the program itself, by name
    last: tuple[list[str], Arg] | None  # the statement that was read last: its names, and its value
    shares: bool  # whether elements may be assigned, so that it counts what shares them
    canvases: frozenset[str] | None  # the names of arrays that may be written to; "" stands for every name
    equals: dict[int, int]  # the `=` behind the targets that begin at a token
    nested: set[str]  # the names of lists and dictionaries of arrays of which elements are assigned
    plain: Any  # what takes the value of a statement
    storing: int
    pending: tuple[Target, int]
    parts: tuple[list[tuple[Target, Arg]], Arg, int] | None  # targets that follow, one's value, the next statement
    before: Arg
    without_gradients: list[tuple[int, int]]  # where gradients are stopped, by the first and the last token

    # ---- the value of a statement ---------------------------------------------------------------

    def ends_statement(self, result: Arg, i: int) -> int:
        """Assign the value of a statement to its targets, and go to the next one."""
        value = result.value
        if isinstance(value, Group) and value.kind == "tuple":
            result.value = value = self.unstarred(value)
        if self.without_gradients and self.gradients_stop(i - 1):
            result.value = value = self.stopped(result)
        if self.augmented:
            op, at = self.augmented
            before = self.before if at < 0 else Arg(self.scope.read(self.tokens[at], at), at, at)
            result = Arg(self._augment(op, before, result), before.first, i - 1)
            self.targets = [Target("name", at, at)] if at >= 0 else []
        elif value.__class__ is not Node:
            result.value = self._held(result)
        if self.slots:
            for slot in self.slots:
                self._store(slot, result)
            if not self.targets:
                return self.statement(i)
        self._place(result)
        self._no_view_changes(result)
        if self.last is not None and not self.last[0] and self.last[1].value is not NONE:
            self.source.note("the value of this line is not used", self.last[1].first, self.last[1].last)
        plain = [target for target in self.targets if target.kind == "name"]
        parts = [(target, Arg(result.value, plain[0].at, plain[0].at)) for target in plain]  # b = a, in `a = b = x`
        parts[:1] = [(target, result) for target in plain[:1]]
        for target in self.targets:
            if target.kind != "name":
                parts += self.bound(target, result)
        names = [spelled(base_name(self.tokens[target.at])) for target, _ in parts]
        if names or result.value is not NONE:
            self.last = names, result
        return self._assign(parts, i)

    def _no_view_changes(self, result: Arg) -> None:
        """Refuse `A[0], A[1] = A[1], A[0]`: in NumPy the first assignment changes what the second one takes."""
        if not isinstance(result.value, Group) or result.value.kind != "tuple":
            return
        parts = [part for target in self.targets for part in target.parts if part.kind == "element"]
        written = {base_name(self.tokens[part.at]) for part in parts}
        for item in result.value.items if len(parts) > 1 else ():
            name = base_name(self.tokens[item.first])
            shape = getattr(item.value, "shape", ())
            if (
                name in written
                and shape
                and not isinstance(self.scope.peek(name), (Group, Dict))
                and self.shared_with(item)
            ):
                text = self.source.quote(item.first, item.last)
                raise self.source.error(
                    f"{text} is a part of '{name}', of which another part is assigned first",
                    item.first,
                    item.last,
                    f"write {text}.copy()",
                )

    def gradients_stop(self, at: int) -> bool:
        """Whether a token stands inside of `with torch.no_grad():`, or what calls its function does."""
        places = [at, *(frame.end for frame in self.frames if isinstance(frame, Call))]
        return any(first <= place <= last for first, last in self.without_gradients for place in places)

    def stopped(self, result: Arg) -> Any:
        """What is assigned inside of `with torch.no_grad():`, as constants; an update there is of a training loop."""
        value = result.value
        if self.augmented:
            raise self.source.error("an update where gradients are stopped is not read", result.first, result.last)
        if isinstance(value, Group):
            items = [Arg(self.stopped(item), item.first, item.last, item.key, item.key_at) for item in value.items]
            return Group(value.kind, items)
        moves = isinstance(value, Node) and value.op is not s.const and not value.op.boolean and not value.op.integer
        return self.gates.apply(s.stop_gradient, [result]) if moves else value

    def _assign(self, parts: list[tuple[Target, Arg]], i: int) -> int:
        """Give each target its part of a value; the token to go on at: the next statement's, or an element's."""
        for at, (target, arg) in enumerate(parts):
            if target.kind == "name":
                self.bind_name(target.at, arg)
                continue
            if target.opener == target.at:
                self._store(self._written(target), arg)
                continue
            self.parts = parts[at + 1 :], arg, i
            self.items, self.targets, self.augmented, self.slots = [], [], None, ()
            return self._locate(target, -1)
        return self.statement(i)

    def unstarred(self, group: Group) -> Group:
        """A tuple in which `*rest` may stand."""
        if not any(isinstance(item.value, Star) for item in group.items):
            return group
        args = Args()
        for item in group.items:
            args.add(item.value, item.first, item.last)
        return Group("tuple", args.given)

    def _augment(self, op: Any, before: Arg, result: Arg) -> Any:
        """The new value of `x += value`; a list gets longer for all its names."""
        held = before.value
        if op is s.add and isinstance(held, Group) and held.kind == "list":
            held.items += self.items_of(result)
            return held
        value = self.gates.apply(op, [before, result])
        if not isinstance(held, Canvas) or self.scope.dialect == JAX:
            return value
        self.written_over(held, value, before)
        return held

    def written_over(self, held: Canvas, value: Node, place: Arg) -> None:
        """All elements of an array get other values, by all its names."""
        self.gates.placed(lambda: canvas.put_all(self.gates, held, value), a.index, [place])
        self._changed(held, self.tokens[place.first])

    def _held(self, result: Arg) -> Any:
        """What a name holds: an array, or what is known when the program is compiled."""
        value = result.value
        if isinstance(value, _HELD) or value is NONE:
            return value
        if isinstance(value, Group):
            return value
        return self.gates.value(result)

    def _place(self, arg: Arg) -> None:
        if self.places is not None and isinstance(arg.value, Node):
            self.places.setdefault(arg.value, (arg.first, arg.last))

    def bind_name(self, at: int, result: Arg, counter: bool = False) -> str:
        """Give a name to a value, from the next line on; a counter's value keeps the name that it has."""
        token = self.tokens[at]
        if token[-1] == "(":
            token = token[:-1].rstrip()
        if self._is_written_to(token, result.value):
            self._may_be_written_to(token, result)
        scope, value = self.scope, self.as_objects(result.value)
        if isinstance(value, Group) and value.kind == "list":
            value.once = value.once or self._goes_once(result)
        env = scope.env
        in_place = self.augmented is not None and scope.dialect != JAX  # whose arrays are never written to
        if in_place and isinstance(value, Node) and value.shape:
            self._in_place_behind(token)
        env.views.pop(spelled(token), None)
        env.stale.pop(spelled(token), None)
        owner, origin = None, self._named_by(result)
        if origin:
            owner = env.views.get(spelled(origin))
        elif self.shares and isinstance(value, Node) and value.shape:
            shared = (counter and canvas.is_view(value)) or self.shared_with(result)
            owner = self._owner(value, spelled(token)) if shared else None
        name = scope.assign(token, at, value, result.first, result.last, counter)
        self._forget(token)
        if owner is not None:
            env.views[name] = owner
        if origin and (spelled(origin) in env.lent or scope.holder(origin) is not env):
            env.lent.add(name)
        else:
            env.lent.discard(name)
        if in_place and name in scope.env.same:
            for other in scope.env.same[name]:  # changed in place, under all its names
                scope.values[other] = value
                self._forget(other)
        elif scope.env.same or (isinstance(value, Node) and value.shape and result.first == result.last):
            scope.part(name)
            if origin and isinstance(value, Node) and value.shape:
                scope.join(name, spelled(origin))
        return name

    def _goes_once(self, result: Arg) -> bool:
        """Whether a value is gone through once, whoever does so: what `zip` and its like, and a generator, give."""
        first, last, opener = result.first, result.last, self.tokens[result.first]
        if (opener != "(" and opener not in ONCE) or self.source.matching(first) != last:
            return False
        depth = 0
        for token in self.tokens[first:last] if opener == "(" else ():
            if token == "for" and depth == 1:
                return True
            depth += (token[-1] in "([{" and token[0] not in "'\"") - (token in (")", "]", "}"))
        return opener != "("

    def _named_by(self, result: Arg) -> str:
        """The name that stands for a value where it is written, as in `b = a`; none for a row, `for b in a`."""
        token = self.tokens[result.first]
        plain = result.first == result.last and token.isidentifier()
        return token if plain and self.scope.peek(token) is result.value else ""

    def _in_place_behind(self, token: str) -> None:
        """What NumPy changes with an array that is updated in place is not read any more by its other names."""
        env, name = self.scope.env, spelled(token)
        before = self.scope.peek(token)
        self.changes(before)
        if env.views:
            self._changed(before, token)
        if name in env.lent:
            self._outdated(before, name)
        elif name in env.views:
            self._outdated(env.views[name], name)

    def _outdated(self, value: Any, name: str) -> None:
        """The names of an array that has been changed by another name are not read any more."""
        inputs = {each: node for each, node in self.scope.inputs.items() if node is value}
        for env in self.envs():
            for each, other in {**env.values, **inputs, **env.views}.items():
                if other is value and not (env is self.scope.env and each == name):
                    env.stale[each] = f"'{name}'"
                    self._forget_everywhere([each])

    def _forget_everywhere(self, names: Iterable[str]) -> None:
        """The same in the functions that are going on, too."""
        outside = [frame.atoms for frame in self.frames if isinstance(frame, (Call, Gathering))]
        for atoms, opens, by_name in [(self.atoms, self.opens, self.by_name), *outside]:
            for each in names:
                for known in by_name.pop(each, ()):
                    atoms.pop(known, None)
                    opens.pop(known, None)

    def _forget(self, token: str) -> None:
        """What tokens of a name stand for is no longer known."""
        for known in self.by_name.pop(base_name(token), ()):
            self.atoms.pop(known, None)
            self.opens.pop(known, None)

    # ---- elements that are assigned -------------------------------------------------------------

    def _locate(self, target: Target, equals: int) -> int:
        """Read which element a statement assigns to, or which (`A[i, j] = A[j, i] = 3`); the value is read next."""
        self._careful()
        self.level = (0, 0)
        while True:
            self.pending = (target, equals)
            if target.opener != target.at:
                self.storing = target.opener
                self.then = self._never
                return target.at
            self.slots = (*self.slots, self._written(target))
            following = self._next_element(equals)
            if following is None:
                return self._value_of_element()
            target, equals = following

    def _written(self, target: Target) -> Slot:
        """The element of a name with its subscript in figures: `x[0]`."""
        name, _, inside = self.tokens[target.at].partition("[")
        base = Arg(self.scope.read(name, target.at), target.at, target.at)
        places = [int(part.replace(" ", "")) for part in inside[:-1].split(",")]
        return base, [Arg(self.build.const(place), target.at, target.at) for place in places], target.last

    def _never(self, result: Arg, i: int) -> int:
        raise self.source.error("only a name or an element can be assigned", result.first, result.last)

    def _located(self, base: Arg, items: list[Arg], last: int) -> Any:
        """The element is known: go on with the next one, or with the value that it gets."""
        self.storing = -1
        items = [self.gates.as_array(item) for item in items]
        whole = items[0].value if len(items) == 1 and not isinstance(base.value, Dict) else None
        if isinstance(whole, Group) and whole.kind == "tuple":
            items = whole.items  # K[np.diag_indices(n)]
        if self.parts is not None:
            rest, arg, i = self.parts
            self.parts, self.then = None, self.plain
            self._store((base, items, last), arg)
            return self.jump(self._assign(rest, i))
        self.slots = (*self.slots, (base, items, last))
        following = self._next_element(self.pending[1])
        return self.jump(self._value_of_element() if following is None else self._locate(*following))

    def _next_element(self, equals: int) -> tuple[Target, int] | None:
        """The element that is assigned, too, behind an `=`, and the `=` behind it; names on the way are noted."""
        while self.tokens[equals] == "=":
            following = self._equals_of(equals + 1)
            if following < 0 or self.tokens[following] != "=":
                break
            target = self.target(equals + 1, following)
            if target.kind == "element":
                return target, following
            self.targets.append(target)
            equals = following
            self.pending = target, equals
        return None

    def _value_of_element(self) -> int:
        """Where the value of an element is read."""
        target, equals = self.pending
        sign = self.tokens[equals]
        self.then = self.plain
        if sign in AUGMENTED:
            base, items, last = self.slots[-1]
            current = self.gates.index(base, items, last)
            if isinstance(base.value, (Group, Dict)):
                self.changes(current)
            self.before = Arg(current, target.at, last)
            self.augmented = AUGMENTED[sign], -1
        return equals + 1

    def _equals_of(self, i: int) -> int:
        """The `=` (or `+=`) behind the several targets or the element that a statement may begin with, or -1."""
        if i in self.equals:
            return self.equals[i]
        depth, at = 0, i
        while True:
            token = self.tokens[at]
            if token == END or (not depth and token in ("\n", ";", *MARKS)):
                at = -1
                break
            if token in (")", "]", "}"):
                depth -= 1
            elif token[-1] in "([{" and token[0] not in "'\"":
                depth += 1
            elif not depth and (token == "=" or token in AUGMENTED):
                break
            at += 1
        self.equals[i] = at
        return at

    def _store(self, slot: Slot, result: Arg) -> None:
        base, items, last = slot
        if isinstance(base.value, Node):
            base = Arg(self._canvas(base, last), base.first, base.last)
        elif isinstance(result.value, (Group, Dict)):
            self.as_objects(result.value)
        elif self._holds_arrays(base) and isinstance(result.value, Node) and result.value.shape:
            result = Arg(self._as_canvas(result.value, ""), result.first, result.last)
        store(self.gates, base, items, result, last)
        self._changed(base.value, self.tokens[base.first])

    def _holds_arrays(self, base: Arg) -> bool:
        """Whether a list or a dictionary has arrays of which elements are assigned: xs[t][0] = 1."""
        nested = self.objects or base_name(self.tokens[base.first]) in self.nested
        return nested and isinstance(base.value, (Dict, Group))

    def _changed(self, value: Any, token: str) -> None:
        """Names that share their elements with an array are not read any more once these have changed."""
        env = self.scope.env
        for name, owner in env.views.items():
            if owner is value:
                env.stale[name] = f"'{base_name(token)}'"
                self._forget(name)

    def _canvas(self, base: Arg, last: int) -> Canvas:
        """An array that is assigned to for the first time, from now on the value of its name."""
        value, token = base.value, self.tokens[base.first]
        self.changes(value)
        name = base_name(token)
        if not value.shape or base.first != base.last or "." in token or (token != name and token[-1] != "]"):
            what = "a number has no elements" if not value.shape else "only elements of a name are assigned"
            raise self.source.error(what, base.first, last, "write x = np.zeros(n) first")
        made = self._as_canvas(value, spelled(name))
        env = self.scope.env
        if canvas.is_view(value):
            made.alias = self._held_elsewhere(name, value)
        for each, owner in env.views.items():
            if owner is value:
                env.views[each] = made
        self._share(name, value, made)
        return made

    def _held_elsewhere(self, token: str, value: Node) -> str:
        """A name outside of the function, if one may stand for the same array; an input is known by its own."""
        scope = self.scope
        own = str(value.attr) if value.op is s.input_ else ""
        known = (*scope.env.values, *scope.holder(token).same.get(spelled(token), ()), spelled(token), own)
        found = [each for each, other in scope.held() if other is value and each not in known]
        return f"'{found[0]}'" if found else ""

    def _share(self, token: str, value: Node, made: Canvas) -> None:
        """A name, all those that were said to be the same array, and the input that it is stand for what is written."""
        scope = self.scope
        env = scope.holder(token)
        names = env.same.get(spelled(token), [spelled(token)])
        for each in names:
            env.values[each] = made
        if value.op is s.input_ and value.attr not in scope.entries:
            scope.lasting[str(value.attr)] = made
            names = [*names, str(value.attr)]
        self._forget_everywhere(names)

    def _as_canvas(self, value: Node, name: str) -> Canvas:
        return Canvas(value, self.build.dims.resolve(value.shape), name)

    def written_names(self) -> frozenset[str]:
        """The names of arrays that may be written to; "" stands for every name."""
        found = self._written_to()
        params: set[str] = set()
        for i, token in enumerate(self.tokens):
            if token == "def":
                params.update(each for each in self.tokens[i + 2 : self.source.matching(i + 1)] if is_name(each))
        return found | {""} if self.objects or not found.isdisjoint(params) else found

    def _written_to(self) -> frozenset[str]:
        """The names of which some statement assigns an element; every name, where a function does so to a parameter."""
        found = set()
        for i, token in enumerate(self.tokens):
            if token == "=" or token in AUGMENTED:
                before = self.source.before(i)
                if before >= 0 and self.tokens[before][-1:] == "]":
                    k = self._opening(before)
                    if k >= 0:
                        found.add(base_name(self.tokens[k]))
                        inside = self.tokens[k : before + 1]
                        if inside.count("[") + (inside[0][-1] == "]") > 1:
                            self.nested.add(base_name(self.tokens[k]))
            elif token.endswith(("fill_diagonal(", "add.at(", "subtract.at(")) and is_name(self.tokens[i + 1]):
                found.add(base_name(self.tokens[i + 1]))
            if token == "out" and self.tokens[i + 1] == "=" and is_name(self.tokens[i + 2]):
                found.add(base_name(self.tokens[i + 2]))
        return frozenset(found)

    def _opening(self, i: int) -> int:
        """The name at the start of `x[i][j]`, which ends at a token."""
        tokens, depth = self.tokens, 0
        while i >= 0:
            token = tokens[i]
            if is_name(token) and token[-1] == "]" and not depth:
                return i
            depth += (token == "]") - (token == "[")
            if not depth and i and is_name(tokens[i - 1]) and tokens[i - 1][-1] != "(":
                return i - 1
            if token in ("\n", ";", ""):
                return -1
            i -= 1
        return -1

    def _is_written_to(self, token: str, value: Any) -> bool:
        """Whether a name gets an array of which elements may be assigned."""
        if self.canvases is None or not isinstance(value, Node) or not value.shape:
            return False
        return token in self.canvases or "" in self.canvases

    def argument(self, token: str, arg: Arg) -> Any:
        """What a parameter stands for: an array that is no name's and may be written to is its own (`f(x.copy())`)."""
        if not self._is_written_to(token, arg.value) or self._named_by(arg):
            return arg.value
        self.changes(arg.value)
        made = self._as_canvas(arg.value, spelled(token))
        made.alias = self.shared_with(arg)
        return made

    def _may_be_written_to(self, token: str, result: Arg) -> None:
        """An array under a name of which elements are assigned is one object, whoever else holds it."""
        origin = self._named_by(result)
        self.changes(result.value)
        made = self._as_canvas(result.value, spelled(token))
        named = origin and spelled(origin) not in self.scope.env.views
        made.alias = self._held_elsewhere(origin, result.value) if named else self.shared_with(result)
        if named and not made.alias:
            self._share(origin, result.value, made)
        made.whole = self._holds_integers(result)
        result.value = made

    def _holds_integers(self, result: Arg) -> bool:
        """Whether an array is one of integers: of such numbers, or by its type."""
        first, last, tokens = result.first, result.last, self.tokens
        if tokens[first][-1] != "(" or self.source.matching(first) != last:
            return False
        kinds = [token.rpartition(".")[2].strip("'\"") for token in tokens[first + 1 : last]]
        if any(kind in ("int", "int32", "int64") for kind in kinds):
            return True
        written = tokens[first][:-1].rstrip().rpartition(".")[2] in ("array", "arange", "full")
        return written and "dtype" not in kinds and "float" not in kinds and canvas.holds_integers(result.value)

    def _holder_of(self, value: Any) -> str:
        """A name that stands for a value, as an array that is written to or not."""
        held = self.scope.held()
        of = (each for each, other in held if other is value or (isinstance(other, Canvas) and other.node is value))
        return next(of, "")

    def _owner(self, value: Node, name: str) -> Any:
        """The array of the program that a view is of, if one is."""
        chain = [value]
        while canvas.is_view(chain[-1]) and chain[-1].args:
            chain.append(chain[-1].args[0])
        for each, other in self.scope.held():
            node = canvas.as_node(self.gates, other) if isinstance(other, Canvas) else other
            if each != name and any(node is part for part in chain):
                return other
        return None

    def shared_with(self, result: Arg) -> str:
        """What a value shares its elements with, as it is written; nothing for one of its own."""
        first, last, tokens = result.first, result.last, self.tokens
        if first == last and is_name(tokens[first]):
            return f"'{base_name(tokens[first])}'"
        depth, call = 0, ""
        for i in range(first, min(last, first + LOOKAHEAD) + 1):
            token = tokens[i]
            if not depth and FOLLOWS.get(token, ENDS)[2] and i > first:
                return ""  # an operator makes a new array
            if token[-1] in "([{":
                call = token if not depth else call
                depth += 1
            elif token in (")", "]", "}"):
                depth -= 1
        name = call[:-1].rstrip().rpartition(".")[2] if call[-1:] == "(" else ""
        if name in self.functions or (self.scope.is_variable(name) and isinstance(self.scope.peek(name), Function)):
            same = [each for each, other in self.scope.held() if other is result.value]
            return f"'{same[0]}'" if same else ""
        if name and name not in VIEWS and tokens[last] == ")":
            return ""
        if (name or call == "[") and (holder := self._holder_of(result.value)):
            return f"'{holder}'"  # np.asarray(x) is x, and x[:] has all of it
        return "the array that it is a part of" if canvas.is_view(result.value) else ""
