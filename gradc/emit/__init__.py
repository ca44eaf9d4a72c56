"""Programs into text: one printer of operands, one writer of modules, a target's differences as data."""

from gradc.emit.module import TARGETS, Emitted, emit

__all__ = ["TARGETS", "Emitted", "emit"]
