"""random.json: sequences drawn from seeds, the same in every run."""

from __future__ import annotations

from random import Random

from .common import Collector
from .random_run import drawn

SEEDS = 60
STEPS = 24

out = Collector(
    "Random sequences, played as those of `sequences.json`: a gate with every role in memory and "
    "its clock set to each step's `now_ms`."
)


def build() -> Collector:
    for seed in range(SEEDS):
        run = drawn(Random(seed), STEPS)
        note = f"laws 1 to 10: scheme {run.scheme}"
        out.add(f"seed {seed}", note, config=run.config, steps=run.steps)
    return out
