"""faults.json: sequences over stores that fail, drawn from seeds, the same in every run."""

from __future__ import annotations

from random import Random

from .common import Collector
from .faults_run import drawn

SEEDS = 40
STEPS = 24

out = Collector(
    "Random sequences against one gate whose three roles are in stores that work, but fail as each "
    "step tells: `effects` lists what they are asked for, in order, none left out and none more. "
    "One that fails has, as in `transcripts.json`, `raise`, `raise_not_written`, `nonsense`, or "
    "`timeout`: it does not answer in time; and `written`: whether it did all the same as it was "
    "told."
)


def build() -> Collector:
    for seed in range(SEEDS):
        run = drawn(Random(seed), STEPS)
        note = f"laws 1 to 11: scheme {run.scheme}"
        out.add(f"seed {seed}", note, config=run.config, steps=run.steps)
    return out
