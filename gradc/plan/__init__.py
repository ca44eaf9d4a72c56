"""A graph into lines: what gets one, in which order, under which name, and who owns what."""
