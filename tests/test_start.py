"""What a start costs, counted in modules and not in seconds: what a plain program needs is loaded, and nothing else."""

from __future__ import annotations

import copy
import pickle

import pytest

from gradc.base.records import NamedTuple


class Point(NamedTuple):
    """A record for the tests below."""

    x: float
    y: float = 0.0

    @property
    def norm(self) -> float:
        """The sum of both."""
        return abs(self.x) + abs(self.y)


def test_a_record_is_a_tuple_with_names() -> None:
    point = Point(3.0, y=-4.0)
    assert (point.x, point.y, point.norm, point[1]) == (3.0, -4.0, 7.0, -4.0)
    assert point == (3.0, -4.0)
    assert hash(point) == hash((3.0, -4.0))
    assert not hasattr(point, "__dict__")
    assert Point(3.0)._replace(y=1.0) == Point(y=1.0, x=3.0) == Point._make([3.0, 1.0])
    assert pickle.loads(pickle.dumps(point)) == copy.deepcopy(point) == point
    assert type(copy.copy(point)) is Point
    assert repr(point) == "Point(x=3.0, y=-4.0)"
    match point:
        case Point(x, y):
            assert (x, y) == (3.0, -4.0)


@pytest.mark.parametrize("given", [{}, {"y": 1.0}, {"x": 1.0, "z": 2.0}])
def test_a_record_takes_its_fields_and_no_others(given: dict[str, float]) -> None:
    with pytest.raises(TypeError, match="argument"):
        Point(**given)
    with pytest.raises(ValueError, match="unexpected"):
        Point(1.0)._replace(z=2.0)  # type: ignore[call-arg]  # that is what is tested
