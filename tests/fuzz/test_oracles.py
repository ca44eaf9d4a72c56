"""The oracles agree with each other, the checks pass what is right, and find what is wrong."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from . import check, relations
from .check import Options, Outcome, check_case
from .condition import scales_of
from .draw import draw
from .perfect import Greedy, Perfect, Spoiled
from .reference import Reference
from .selftest import check_oracles
from .shrink import shrunk, weight
from .tree import Program, nodes, size

Exchange = Callable[[type[Perfect]], None]

SEEDS = range(200, 260)
EVERY_GATE = 600  # programs after which no gate may be missing


@pytest.fixture(name="compiler")
def _compiler(monkeypatch: pytest.MonkeyPatch) -> Exchange:
    """A stand-in for the compiler; what is given here exchanges its class."""
    kinds: dict[str, type[Perfect]] = {"kind": Perfect}

    def stand_in(program: Program, options: Options) -> Perfect:
        return kinds["kind"](program, options)

    monkeypatch.setattr(check, "compiled", stand_in)
    monkeypatch.setattr(relations, "compiled", stand_in)
    of_text = (relations.standalone, relations.printed_and_parsed)  # which a stand-in has no text for
    usable = {key: 1.0 for key in relations.RELATIONS if key not in of_text}
    monkeypatch.setattr(relations, "RELATIONS", usable)
    return lambda kind: kinds.update(kind=kind)


@pytest.mark.parametrize("seed", SEEDS)
def test_oracles_agree(seed: int) -> None:
    check_oracles(draw(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_right_passes(seed: int, compiler: Exchange) -> None:
    outcome = check_case(draw(seed))
    assert outcome.mismatch is None
    assert outcome.checks > 3


def outcomes(kind: type[Perfect], compiler: Exchange) -> list[Outcome]:
    compiler(kind)
    return [check_case(draw(seed)) for seed in SEEDS]


def test_a_small_fault_is_found(compiler: Exchange) -> None:
    """In every program whose gradient has something to be wrong in."""
    missed = [
        seed
        for seed, outcome in zip(SEEDS, outcomes(Spoiled, compiler), strict=True)
        if outcome.mismatch is None and has_slope(seed)
    ]
    assert missed == []


def has_slope(seed: int) -> bool:
    """Whether the last entry of the last gradient is what decides."""
    case = draw(seed)
    reference = Reference(case)
    gradient = np.asarray(Perfect(case.program, Options()).backward((reference.inputs, False), tuple(reference.dout))[
        case.program.inputs[-1].name
    ])  # fmt: skip
    if gradient.size == 0:
        return False
    name = case.program.inputs[-1].name
    last = np.abs(gradient.reshape(-1)[-1] * reference.direction[name].reshape(-1)[-1])
    return bool(last * 1e-6 > 2e-9 * np.max(reference.slope_scale(name)))


def test_writing_into_the_cache_is_found(compiler: Exchange) -> None:
    assert all(outcome.mismatch is not None for outcome in outcomes(Greedy, compiler))


def test_every_gate_is_drawn() -> None:
    seen = {node.op for seed in range(EVERY_GATE) for node in nodes(draw(seed).program)}
    wanted = (
        "exp expm1 log log1p log2 log10 sqrt cbrt square abs sign sin cos tan asin acos atan atan2 sinh cosh "
        "tanh sigmoid softplus relu erf erfc hypot max min maximum minimum where ifelse logsumexp softmax "
        "log_softmax sum mean prod dot matmul norm trace det inv solve transpose reshape concatenate stack "
        "outer index vector heaviside between and or not lt le gt ge ne eq add sub mul div pow neg"
    ).split()
    assert sorted(set(wanted) - seen) == []


def test_programs_repeat() -> None:
    for seed in range(20):
        first, second = draw(seed), draw(seed)
        assert str(first.program) == str(second.program)
        assert all(np.array_equal(first.inputs[name], second.inputs[name]) for name in first.inputs)


def test_cancellation_widens_the_scale() -> None:
    """An error is measured by the numbers that went in, not by the small difference that came out."""
    case = draw(1, "scalar")
    scales = scales_of(case.program, case.inputs, {}, 0)
    assert all(bool(np.all(scale > 0)) for scale in scales.value)


def test_a_failure_shrinks(compiler: Exchange) -> None:
    compiler(Spoiled)
    case = draw(200, "tensor")
    small = shrunk(case, lambda one: check_case(one).mismatch is not None, seconds=5)
    assert weight(small) < weight(case)
    assert size(small.program) <= 2
