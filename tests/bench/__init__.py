"""gradc beside hand-written code and its peers: operations, seconds, memory, and who is right at the edges.

`python -m tests.bench` runs all of it and writes one Markdown table; `--help` shows how to run a part.
"""
