"""Emitted text into functions, and words into what they take."""
