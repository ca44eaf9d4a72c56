"""Gates: which values of a program get a line of their own in the style of the notes.

One gate a line. Signs, views, comparisons of names and the products inside a sum of products of leaves
(`w0*x0 + w1*x1 + w2`) are written inside the line that uses them.

>>> from gradc.language import parse
>>> dag, _ = gates_of_the_notes(parse("x/(1 + y)"), False)
>>> [str(node.op) for node in dag.nodes if node.args], list(dag.roles.values())
(['add', 'reciprocal', 'mul'], ['den'])
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from gradc.derive.reverse import pieces_of
from gradc.graph.dag import Dag, Node, users
from gradc.ops import array, routing, scalar
from gradc.ops.constant_arrays import literal as written
from gradc.ops.table import statics_of
from gradc.rewrite.contracted import contracted
from gradc.rewrite.elements import element
from gradc.rewrite.simplify import Builder, is_const, rebuild

# A sum of products longer than this is split over several lines.
LONGEST_DOT = 8


# A view that is longer than this as text, with the views inside it, has a line of its own.
WIDEST = 30
# Views of views are written inside one line up to this depth, and what is used more often than this has a line.
DEEPEST, MOST_USES = 6, 16
# Written numbers that are more than these are no part of a line.
MOST_WRITTEN = 4


def gates_of_the_notes(dag: Dag, literal: bool) -> tuple[Dag, Builder]:
    """The program in the gates of the notes: a quotient by a compound value is `num`, `den`, `invden` and a product."""
    build = Builder(dag.dims, literal)
    roles: dict[Node, str] = {}
    sums = _sums_of_products(dag)

    def gate(build: Builder, old: Node, args: tuple[Node, ...]) -> Node:
        if old in sums:
            (x, y), statics = args[0].args, statics_of(old.op, old.attr)
            found = contracted(build, x, y, statics["axis"], statics["keepdims"])
            if found is not None:
                build.rewrites.setdefault(found, "a sum over a product that is never made")
                return found
        if old.op is array.index and old.args[0] not in dag.names:
            taken = element(build, args[0], statics_of(old.op, old.attr)["index"])
            if taken is not None:
                return taken
        if old.op is not scalar.div:
            return build.intern(old.op, args, old.attr)
        for role, arg in zip(old.op.say.roles, args, strict=True):
            if arg.args and arg.op is not array.index:
                roles.setdefault(arg, role)
        x, y = args
        if not y.args or x.op is scalar.const or y.op is array.index:
            return build.intern(old.op, args)
        quotient = build.intern(scalar.mul, (x, build.intern(scalar.inv, (y,))))
        if x in roles:
            roles.setdefault(quotient, "quot")
        return quotient

    new = rebuild(dag, build, gate)
    for node in new.nodes:
        if node.op is scalar.inv and node.args[0].args and node.args[0].op is not array.index:
            roles.setdefault(node.args[0], scalar.div.say.roles[1])
    new.roles.update(roles)
    return new, build


def _sums_of_products(dag: Dag) -> set[Node]:
    """The sums over products that broadcasting makes larger than either factor, and that nothing else reads.

    Where a kink may pass a factor by, they stay as they are: it is spared element by element.
    """
    if any(node.op.kink.selects for node in dag.nodes):
        return set()
    uses = Counter(arg for node in dag.nodes for arg in node.args) + Counter(dag.roots)
    resolve = dag.dims.resolve
    return {
        node
        for node in dag.nodes
        if node.op is array.sum_
        for product in node.args
        if product.op is scalar.mul and uses[product] == 1 and product not in dag.names
        and all(resolve(arg.shape) != resolve(product.shape) for arg in product.args)
    }  # fmt: skip


def view_width(node: Node, inner: Mapping[Node, int]) -> int:
    """How long a view is as text, about, with the views that are written inside it."""
    static = sum(len(str(value)) for _, value in statics_of(node.op, node.attr).items() if value is not None)
    short = node.op is array.index or not static
    return (3 if short else 14) + min(static, 40 if not short else 8) + sum(inner.get(arg, 0) for arg in node.args)


def of_numbers(dag: Dag) -> bool:
    """Whether arrays, if there are any, are only taken element by element, at known places."""

    def known(node: Node) -> bool:
        return node.op is scalar.input_ and all(isinstance(dim, int) for dim in dag.dims.resolve(node.shape))

    if any(node.shape and not known(node) for node in dag.nodes) or any(root.shape for root in dag.roots):
        return False
    return all(node.op is array.index or not any(arg.shape for arg in node.args) for node in dag.nodes)


def inline_gates(dag: Dag, nodes: Sequence[Node]) -> set[Node]:
    """The gates that are written inside the line of their user."""
    # Pieces that an array is cut into have lines: what comes back to each stands under its own.
    kept = set(dag.names) | set(dag.roots) | set(pieces_of(nodes, dag.dims))
    taken = users(nodes)
    inline = {node for node in nodes if not node.args and not _is_table(dag, node, taken)}
    depth: dict[Node, int] = {}
    width: dict[Node, int] = {}
    for node in nodes:
        if node.op.view:
            width[node] = view_width(node, width)
        if node in kept or not node.args or width.get(node, 0) > WIDEST:
            continue
        depth[node] = 1 + max(depth.get(arg, 0) for arg in node.args)
        if depth[node] > DEEPEST or (len(taken[node]) > MOST_USES and not node.op.boolean):
            depth[node] = 0
            continue
        atoms = all(not arg.args or (arg not in inline) or arg.op is array.index for arg in node.args)
        several = node.op in (routing.all_of, routing.any_of) and len(taken[node]) > 1
        tested = node.op.boolean and atoms and not node.op.statics and not several
        of_index = node.op is array.index and node.args[0] in inline and node.args[0].op is array.index
        if node.op is scalar.neg or (node.op.view and atoms) or tested or of_index:
            inline.add(node)
        else:
            depth[node] = 0
    return inline | _inside_dots(nodes, taken, kept)


def _is_table(dag: Dag, node: Node, taken: Mapping[Node, Sequence[Node]]) -> bool:
    """Whether an array of written numbers has a line of its own: it has a name, is long, or several lines take it."""
    if node.op is not written:
        return False
    return node in dag.names or len(taken[node]) > 1 or _length(node) > MOST_WRITTEN


def _length(table: Node) -> int:
    return len(statics_of(table.op, table.attr)["values"])


def _inside_dots(nodes: Sequence[Node], taken: dict[Node, list[Node]], kept: set[Node]) -> set[Node]:
    """The products and partial sums inside a sum of products of leaves."""
    width: dict[Node, tuple[int, int]] = {}  # how many terms, and how many of them products
    kept = set(kept)
    for node in nodes:
        if _is_leaf(node):
            width[node] = (1, 0)
        elif node.op is scalar.mul and not node.shape and all(map(_is_leaf, node.args)):
            width[node] = (1, 1)
        elif node.op in (scalar.add, scalar.sub) and not node.shape and all(arg in width for arg in node.args):
            sides = [width[arg] if _only_here(arg, taken, kept) else (1, 0) for arg in node.args]
            terms, products = (sum(side) for side in zip(*sides, strict=True))
            if terms <= LONGEST_DOT and (sides[1][0] == 1 or node.op is scalar.add):
                width[node] = (terms, products)
            elif sides[1][0] == 1:
                width[node] = (1 + sides[1][0], sides[1][1])
                kept.add(node.args[0])
    inside: set[Node] = set()
    for node in reversed(nodes):
        if node.op in (scalar.add, scalar.sub) and node in width and (node in inside or width[node][1] >= 2):
            inside.update(arg for arg in node.args if arg in width and arg.args and _only_here(arg, taken, kept))
    return inside


def _is_leaf(node: Node) -> bool:
    return not node.args or (node.op is array.index and not node.args[0].args and not node.shape)


def _only_here(node: Node, taken: dict[Node, list[Node]], kept: set[Node]) -> bool:
    return _is_leaf(node) or (len(taken[node]) == 1 and node not in kept)


def is_cheap(node: Node) -> bool:
    """Gates that cost little more than a name: signs, views, comparisons, a doubled value."""
    return is_repeated(node) or node.op.boolean


def is_repeated(node: Node) -> bool:
    """Cheap gates of one value, which are written wherever they are used, with what they are made of."""
    return node.op in (scalar.neg, scalar.square) or node.op.view or _is_scaled(node)


def _is_scaled(node: Node) -> bool:
    return node.op is scalar.mul and any(is_const(arg) for arg in node.args)
