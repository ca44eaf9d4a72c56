"""What was found in a hand-written pass, as text and as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Wrong:
    """A line that is wrong: what it assigns, the reason in fixed words, and what gradc has for it."""

    line: int
    name: str
    reason: str
    detail: str
    source: str
    ours: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        more = {"detail": self.detail, "source": self.source, "gradc": list(self.ours)}
        return {"line": self.line, "name": self.name, "reason": self.reason, **more}


@dataclass(frozen=True, slots=True, repr=False)
class Grade:
    """A marked pass: `ok` if no line is wrong; `stopped` is the line that raised, and what."""

    program: str
    ok: bool
    wrong: tuple[Wrong, ...]
    right: int
    unread: int
    stopped: tuple[int, str] | None = None

    def render(self, title: str = "") -> str:
        """As the command line shows it."""
        out = []
        for each in self.wrong:
            out.append(f"line {each.line} | {each.source}")
            told = f"{each.reason}: {each.detail}" if each.detail else each.reason
            out.append(f"  {each.name + ': ' if each.name else ''}{told}")
            out += [f"  gradc: {line}" for line in each.ours[:4]]
            out.append("")
        if self.stopped:
            line, error = self.stopped
            out += [f"stopped at line {line}: {error}" if line else f"stopped: {error}", ""]
        count = len(self.wrong)
        lines = f"{count} line{'s' * (count != 1)} wrong" if count else "no line is wrong"
        more = f", {self.unread} not compared" if self.unread else ""
        out.append(
            f"{title + ': ' if title else ''}{lines}; {self.right} gradient{'s' * (self.right != 1)} right{more}"
        )
        return "\n".join(out)

    def __repr__(self) -> str:
        return self.render()

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        stopped = {"line": self.stopped[0], "error": self.stopped[1]} if self.stopped else None
        return {
            "ok": self.ok,
            "wrong": [each.to_dict() for each in self.wrong],
            "right": self.right,
            "not_compared": self.unread,
            "stopped": stopped,
            "program": self.program,
        }
