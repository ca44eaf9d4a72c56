"""The cut between the passes of an elementwise program: what lies in the cache, and what backward computes from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradc.graph.dag import Graph, Node, pending, reachable, users
from gradc.ops import scalar


def frontier(roots: Sequence[Node], lead: set[Node], seeds: Sequence[Node], made: Mapping[Node, Node]) -> list[Node]:
    """The values of the forward pass that the backward pass reads; truth values are found again from numbers."""
    found: set[Node] = set()
    seen: set[Node] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if (
            node in lead
            and (node.args or node.op is scalar.input_)
            and not node.op.boolean
            and node.op is not scalar.neg
        ):
            found.add(node)
        else:
            stack += node.args
    return sorted(_fewer(roots, found, seeds, made), key=lambda node: node.id)


def _fewer(roots: Sequence[Node], found: set[Node], seeds: Sequence[Node], made: Mapping[Node, Node]) -> set[Node]:
    """One value kept in the place of two or more that nothing else reads."""
    later = [node for node in reachable(roots, found) if node not in found]
    readers = {node: set(mine) for node, mine in users(later).items()}
    upstream = {made[seed] for seed in seeds if seed in made}
    for node in later:
        upstream.update([node] if any(arg in upstream for arg in node.args) else [])
        inner = [arg for arg in dict.fromkeys(node.args) if arg.op is not scalar.const]
        gone = [arg for arg in inner if arg.args and readers[arg] == {node}]
        if node not in upstream and len(gone) > 1 and all(arg in found for arg in inner) and not node.op.boolean:
            found = found.difference(gone) | {node}
    return found


def cut_at(roots: Sequence[Node], known: Mapping[Node, str], graph: Graph) -> list[Node]:
    """The same values from leaves for what is known."""
    new: dict[Node, Node] = {node: graph.node(scalar.input_, (), name) for node, name in known.items()}
    for node in pending(roots, new):
        new[node] = graph.node(node.op, tuple([new[arg] for arg in node.args]), node.attr, node.shape)
    return [new[root] for root in roots]
