"""Somebody's code, instrumented, run in this process: what each of its lines assigned, as plain data.

A job is plain data, and so is its answer; arrays go both ways as bytes in base64. See `gradc.run.serve`.
"""

from __future__ import annotations

import base64
import importlib
import signal
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from gradc.base.records import NamedTuple

# No more than this is remembered of one run.
EVENTS = 6_000
ELEMENTS = 4_000_000
LONG = 300
# What is graded is called so in tracebacks.
FILE = "hand.py"


class Site(NamedTuple):
    """A place that assigns: `how` is "=", "own" (= that reads itself), "+=", …, "[]=", "[]+=", "call", "param", "item"
    or "return"; `given` says that it may be a number for an input."""

    line: int
    name: str
    how: str
    function: str
    given: bool = False
    holder: str = ""


def _usual() -> dict[str, Any]:
    """What pages and notebooks have imported long before the lines that are handed in."""
    import math

    import numpy as np

    return {"math": math, "np": np, "numpy": np}


class _Enough(BaseException):
    """Enough was seen."""


class _TooLong(BaseException):
    """The time is over."""


class Hand:
    """One run of a text."""

    def __init__(
        self,
        job: Mapping[str, Any],
        codes: Sequence[types.CodeType],
        sites: Sequence[Site],
        inputs: Mapping[str, np.ndarray[Any, Any]],
    ) -> None:
        self.job, self.codes, self.sites, self.inputs = job, codes, sites, inputs
        self.given: dict[str, str] = job.get("given", {})
        self.kind: tuple[str, str] = tuple(job.get("kind", ("numpy", "float64")))
        self.right = {(site, at): decoded(value) for site, at, value in job.get("right", ())}
        self.scales: dict[int, float] = dict(job.get("scales", ()))
        self.frozen = set(job.get("frozen", ()))
        self.times: dict[int, float] = dict(job.get("times", ()))
        self.nudged: set[int] = set(job.get("nudged", ()))
        self.only: set[tuple[int, int]] | None = {(site, at) for site, at in job["only"]} if "only" in job else None
        self.asked = {site for site, _ in self.only or ()}
        self.last: dict[int, list[Any]] = {}  # of what is asked for, where it stands at last
        self.quiet = self._quiet()
        self.noted = 0
        self.limit = min(job.get("limit", EVENTS), EVENTS)
        self.events: list[list[Any]] = []
        self.counts: dict[int, int] = {}
        self.scopes: list[tuple[str, int]] = [("", -1)]
        self.before: dict[tuple[int, str], np.ndarray[Any, Any]] = {}
        self.latest: dict[str, Any] = {}
        self.entered: dict[str, Any] = {}  # what functions that were called from outside took
        self.objects: dict[Any, int] = {}
        self.kept: list[Any] = []
        self.shapes: dict[str, Any] = {}
        self.elements = 0

    def _quiet(self) -> set[int]:
        """The sites that are looked at for some of the times that they run, and let be at all others."""
        job = self.job
        changed = {*job.get("frozen", ()), *job.get("nudged", ())}
        changed |= {each[0] for name in ("right", "scales", "times") for each in job.get(name, ())}
        called = {site.name for site in self.sites if site.how == "call"}
        return {
            site
            for site in (() if "limit" in job else self.asked - changed)
            if self.sites[site].name not in called and not self.sites[site].given
        }

    # ---- what the instrumented text calls --------------------------------------------------------

    def enter(self, name: str, caller: int) -> int:
        """A function begins: the number of its scope."""
        self.scopes.append((name, caller))
        return len(self.scopes) - 1

    def mark(self, site: int, value: Any, scope: int = 0, owner: Any = None) -> Any:
        """Note a value that was assigned; what is returned takes its place."""
        at = self.counts.get(site, 0)
        self.counts[site] = at + 1
        if site in self.quiet and (site, at) not in self.only:  # type: ignore[operator]
            self.last[site] = [site, at, scope, scope, value, None]
            return value
        where = self.sites[site]
        if where.how == "param" and sys._getframe(2).f_code.co_filename != FILE:
            self.entered[where.name] = value
        if isinstance(value, (dict, list, tuple)) and not _is_numbers(value):
            self.latest[where.name] = value
            return value
        if type(value) is bool or value is None or isinstance(value, (str, types.FunctionType, types.ModuleType)):
            return value
        seen = as_numbers(value)
        if seen is None:
            self.latest[where.name] = value
            return value
        key = (scope if owner is None else -2 - self._number(owner), where.name)
        name = self.given.get(where.name, "") if where.given else ""
        if name and where.how != "param":
            self.shapes.setdefault(name, [list(seen.shape), _kind(value), where.name])
            right = None if self.job.get("observe") else self.inputs.get(name)
            if right is not None and (np.any(seen) or not name.startswith(("df:", "adj:", "up:"))):
                right = right.reshape(seen.shape) if right.size == seen.size else right
                value = _like(value, right, where.how)
                seen = as_numbers(value)
        old = self.before.get(key)
        if where.how == "call" and (old is None or (old.shape == seen.shape and _equal(old, seen))):
            self.counts[site] = at
            self.before.setdefault(key, seen)
            return value
        if site in self.frozen and old is not None:
            value = _like(value, old, where.how)
            seen = as_numbers(value)
        if site in self.scales and where.how not in ("param", "call"):
            base = old if old is not None and where.how != "=" and old.shape == seen.shape else np.zeros_like(seen)
            value = _like(value, base + self.scales[site] * (seen - base), where.how)
            seen = as_numbers(value)
        if (site, at) in self.right:
            value = _like(value, self.right[site, at], where.how)
            seen = as_numbers(value)
        if site in self.times:
            value = _like(value, self.times[site] * seen, where.how)
            seen = as_numbers(value)
        if site in self.nudged and where.how not in ("param", "call"):
            value = _like(value, _nudged(seen), where.how)
            seen = as_numbers(value)
        self.before[key] = seen
        self.latest[where.name] = value
        self._note(site, at, key[0], scope, seen, value)
        return value

    def element(self, site: int, container: Any, key: Callable[[], Any], scope: int = 0) -> None:
        """Note what a subscript assigned: the whole of an array, the element of a list or dictionary."""
        if not isinstance(container, (dict, list)):
            self.mark(site, container, scope)
            return
        try:
            at = key()
            value = container[at]
        except Exception:
            return
        if isinstance(container, list) and _is_numbers(container) and not np.ndim(value):
            seen = self.mark(site, container, scope)  # a list that stands for a vector
            if seen is not container and isinstance(seen, list):
                container[:] = seen
            return
        new = self.mark(site, value, scope, (site, str(at)))
        if new is not value and not isinstance(at, slice):
            container[at] = new

    def appended(self, site: int, container: Any, scope: int = 0) -> None:
        """Note what was appended to a list."""
        if isinstance(container, list) and container:
            new = self.mark(site, container[-1], scope, (site, str(len(container))))
            if new is not container[-1]:
                container[-1] = new

    # ---- the record ------------------------------------------------------------------------------

    def _number(self, owner: Any) -> int:
        key = owner if isinstance(owner, tuple) else id(owner)
        if key not in self.objects:
            self.objects[key] = len(self.objects)
            self.kept.append(owner)
        return self.objects[key]

    def _note(self, site: int, at: int, key: int, scope: int, seen: np.ndarray[Any, Any], value: Any) -> None:
        self.noted += 1
        self.elements += seen.size
        if self.only is None or site in self.asked:
            event = [site, at, key, scope, seen, _is_single(getattr(value, "dtype", None))]
            if self.only is None or (site, at) in self.only:
                self.events.append(event)
            self.last[site] = event
        if self.noted >= self.limit or self.elements > ELEMENTS:
            raise _Enough

    # ---- running ---------------------------------------------------------------------------------

    def run(self) -> dict[str, Any]:
        """The events, and what ended the run before its time."""
        space: dict[str, Any] = {
            "__name__": "__main__" if self.job.get("main", True) else "hand",
            "__builtins__": __builtins__,
            "mark_": self.mark,
            "element_": self.element,
            "appended_": self.appended,
            "enter_": self.enter,
            "add_": _add,
            "scope_": 0,
        }
        error = None
        np.random.seed(0)
        _alarm(self.job.get("seconds", 0.0))
        module = types.ModuleType("hand")
        try:
            space.update(_usual())
            for name, source in self.job.get("supplied", {}).items():
                space[name] = self._source(source, [])
            with np.errstate(all="ignore"):
                for code in self.codes:
                    exec(code, space)
                module.__dict__.update(space)
                self._calls(space)
        except _Enough:
            pass
        except BaseException as raised:
            error = raised_at(raised)
        _alarm(0.0)
        if self.only is not None:
            self.events += [event for event in self.last.values() if (event[0], event[1]) not in self.only]
        numbers = [(event, as_numbers(event[4])) for event in self.events]
        return {
            "events": [[*event[:4], encoded(seen), bool(event[5])] for event, seen in numbers if seen is not None],
            "sites": [list(site) for site in self.sites] if self.only is None else [],
            "scopes": self.scopes if self.only is None else [],
            "shapes": self.shapes,
            "error": error,
        }

    def _calls(self, space: Mapping[str, Any]) -> None:
        results: list[Any] = []
        for call in self.job.get("calls", ()):
            target = space[call["name"]] if "name" in call else results[call["of"]]
            if "method" in call:
                target = getattr(target, call["method"])
            args = [self._source(each, results) for each in call.get("args", ())]
            named = {key: self._source(each, results) for key, each in call.get("named", {}).items()}
            results.append(target(*args, **named))

    def _supplied(self, name: str) -> Any:
        """An input as somebody would have it: an array of NumPy's or torch's; labels are whole numbers."""
        value = self.inputs[name]
        library, precision = self.kind
        if name.startswith("labels:") or name in self.job.get("integers", ()):
            value = value.astype(int)
        elif not value.shape and library == "numpy":
            return float(value)
        elif precision == "float32":
            value = value.astype(np.float32)
        if library == "torch":
            torch: Any = importlib.import_module("torch")

            return torch.as_tensor(np.array(value))
        return np.array(value) if value.shape else value[()]

    def _source(self, source: Sequence[Any], results: Sequence[Any]) -> Any:
        match source:
            case ["input", name]:
                return self._supplied(name)
            case ["latest", name, otherwise]:
                for known in (self.entered, self.latest):
                    if name in known:
                        return known[name]
                return self._source(otherwise, results)
            case ["first", at]:
                return results[at][0] if isinstance(results[at], tuple) else results[at]
            case ["const", value]:
                return value
            case ["result", at]:
                return results[at]
            case ["part", at, place]:
                return results[at][place]
            case ["cache", at]:
                result = results[at]
                if isinstance(result, tuple) and len(result) >= 2:
                    return result[1] if len(result) == 2 else _cache_of(result)
                return result
            case ["dict", items]:
                return {key: self._source(each, results) for key, each in items.items()}
            case ["list", items]:
                return [self._source(each, results) for each in items]
        raise ValueError(f"no source {source!r}")


def _cache_of(result: tuple[Any, ...]) -> Any:
    last = result[-1]
    return last if isinstance(last, (tuple, dict, list)) else result[1:]


def _nudged(value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Other numbers in every place, to see what hangs on them."""
    return np.asarray(1.37 * value + 0.05 * (1.0 + 0.3 * np.cos(1.0 + np.arange(value.size))).reshape(value.shape))


def _add(container: Any, key: Any, value: Any) -> None:
    """`container[key] += value`, as often as the key says."""
    if isinstance(container, np.ndarray):
        np.add.at(container, key, value)
    else:
        container[key] += value


# ---- values ----------------------------------------------------------------------------------------


def _is_numbers(value: Any) -> bool:
    """Whether lists in lists hold numbers alone."""
    if isinstance(value, (list, tuple)):
        return isinstance(value, list) and 0 < len(value) <= 10_000 and all(map(_is_numbers, value))
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def as_numbers(value: Any) -> Any:
    """A copy as an array of floats, None of what holds no numbers."""
    try:
        if type(value).__module__.partition(".")[0] == "torch":
            value = value.detach().cpu().numpy()
        array = np.asarray(value)
        if array.dtype.kind not in "fiub" or (array.dtype.kind == "b" and not array.shape):
            return None
        return array.astype(float, copy=True)
    except Exception:
        return None


@cache
def _is_single(kind: Any) -> bool:
    """Whether numbers of a kind have but half the digits."""
    return str(kind).endswith(("float32", "float16"))


def _kind(value: Any) -> str:
    if type(value).__module__.partition(".")[0] == "torch":
        return "torch." + str(value.dtype).rpartition(".")[2]
    if isinstance(value, list):
        return "list"
    return str(getattr(value, "dtype", type(value).__name__))


def _like(value: Any, right: Any, how: str) -> Any:
    """The right numbers in the form of a value; in its memory, where the line wrote there."""
    inside = how.startswith(("[]", "call")) or (how in ("+=", "-=", "*=", "/=") and getattr(value, "ndim", 0) > 0)
    if type(value).__module__.partition(".")[0] == "torch":
        torch: Any = importlib.import_module("torch")

        made = torch.as_tensor(right)
        made = made.to(value.dtype) if value.dtype.is_floating_point or np.all(right == np.round(right)) else made
        if inside and tuple(value.shape) == right.shape:
            with torch.no_grad():
                value.copy_(made)
            return value
        return made.requires_grad_() if value.requires_grad and value.is_leaf else made
    if isinstance(value, np.ndarray):
        if inside and value.shape == right.shape and value.dtype.kind == "f" and value.flags.writeable:
            value[...] = right
            return value
        if value.shape != right.shape and value.size == right.size and how != "=":
            right = right.reshape(value.shape)
        kind = value.dtype if value.dtype.kind == "f" else None
        if value.dtype.kind in "iu" and np.all(right == np.round(right)):
            kind = value.dtype
        return np.array(right, kind) if right.shape else (np.array(right, kind)[()] if not value.shape else right[()])
    if isinstance(value, list):
        return right.tolist()
    if isinstance(value, np.floating) and not right.shape:
        return value.dtype.type(right)
    if right.shape:
        return np.array(right)
    return int(right) if isinstance(value, int) and float(right).is_integer() else float(right)


def _equal(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> bool:
    return bool(np.array_equal(x, y, equal_nan=True))


def encoded(array: np.ndarray[Any, Any]) -> list[Any]:
    """An array as plain data.

    >>> decoded(encoded(np.array([[1.0, 2.0]]))).tolist()
    [[1.0, 2.0]]
    """
    return [list(array.shape), base64.b64encode(np.ascontiguousarray(array, "<f8").tobytes()).decode()]


def decoded(data: Sequence[Any]) -> np.ndarray[Any, Any]:
    """The array again."""
    shape, text = data
    return np.frombuffer(base64.b64decode(text), "<f8").reshape(shape).astype(float)


def _alarm(seconds: float) -> None:
    """End what runs after some seconds, where the system has such a clock; 0 calls it off."""
    if not hasattr(signal, "setitimer"):
        return

    def over(number: int, frame: Any) -> None:
        raise _TooLong(f"it took more than {seconds:g} seconds")

    signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def raised_at(raised: BaseException) -> list[Any]:
    """The line of the text that raised, and what."""
    line = 0
    if isinstance(raised, SyntaxError):
        line = raised.lineno or 0
    tb = raised.__traceback__
    while tb is not None:
        if tb.tb_frame.f_code.co_filename == FILE:
            line = tb.tb_lineno
        tb = tb.tb_next
    said = str(raised) if isinstance(raised, _TooLong) else f"{type(raised).__name__}: {raised}"
    return [line, said.strip()[:LONG]]
