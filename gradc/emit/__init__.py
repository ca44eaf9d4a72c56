"""Programs into text: one printer of operands, one writer of modules, a target's differences as data."""

from gradc.emit.module import MARK, TARGETS, Emitted, emit

__all__ = ["MARK", "TARGETS", "Emitted", "emit"]
