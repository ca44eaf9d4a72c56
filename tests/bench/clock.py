"""Calls into seconds for each, comparable on a machine that others use too.

In every round each call takes one short sample, in a shuffled order, so that a drift meets all of them alike; what
counts is the lower quartile of the samples. With one thread that is processor time, which a neighbour does not take.

>>> seconds = interleaved({"short": lambda: sum(range(10)), "long": lambda: sum(range(10000))}, rounds=3)
>>> seconds["short"] < seconds["long"]
True
"""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Call = Callable[[], Any]
Clock = Callable[[], float]

SAMPLE = 1e-3  # seconds that a sample should take: long beside a look at the clock, short beside a drift
BUDGET = 4.0  # seconds for all samples of one comparison
FEWEST = 3  # rounds, whatever they take


def lower_quartile(samples: Sequence[float]) -> float:
    """
    >>> lower_quartile([5.0, 1.0, 2.0, 4.0, 3.0])
    2.0
    """
    return sorted(samples)[(len(samples) - 1) // 4]


def sample(call: Call, repeats: int, clock: Clock) -> float:
    """Seconds of one call, out of several in a row."""
    turns = range(repeats)
    start = clock()
    for _ in turns:
        call()
    return (clock() - start) / repeats


def repeats_for(call: Call, clock: Clock) -> int:
    """How often a call goes into one sample."""
    call()
    repeats = 1
    while (took := sample(call, repeats, clock) * repeats) < SAMPLE:
        repeats = max(2 * repeats, int(repeats * min(SAMPLE / max(took, 1e-9), 20)))
    return repeats


def interleaved(
    calls: Mapping[str, Call],
    rounds: int,
    clock: Clock = time.process_time,
    pick: Callable[[Sequence[float]], float] = lower_quartile,
) -> dict[str, float]:
    """Seconds of each call."""
    repeats = {name: repeats_for(call, clock) for name, call in calls.items()}
    samples: dict[str, list[float]] = {name: [] for name in calls}
    order, shuffle = list(calls), random.Random(0).shuffle
    start = time.monotonic()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        for turn in range(rounds):
            if turn >= FEWEST and time.monotonic() - start > BUDGET:
                break
            shuffle(order)
            for name in order:
                samples[name].append(sample(calls[name], repeats[name], clock))
            gc.collect()
    finally:
        gc.enable()
        gc.unfreeze()
    return {name: pick(taken) for name, taken in samples.items()}
