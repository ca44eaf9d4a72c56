"""Text into a Dag with spans, and back into text."""


def parse(*args, **kwargs):
    raise SystemExit("in progress")
