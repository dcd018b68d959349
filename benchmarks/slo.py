"""How often the check `slo` is wrong on this machine: false alarms, missed slow-downs, and answers that are none.

    .venv/bin/python benchmarks/slo.py                 # 40 pairs at each of four true differences: a few minutes
    .venv/bin/python benchmarks/slo.py --pairs 70 --resamples 300 --json > figures.json

A loop that goes round more often by a known share (0, 5, 15, 25 %) is measured against itself, in pairs of random
order, as the check measures: through its supervisor, in a jail. Then the check's own judgement (`worse_by_at_most:
10 %`) is asked many times about pairs drawn from these: in looks at 10, 20 and 40 of them, as it would look. So the
rates are those of one machine in one hour, and of a loop that only uses the processor. Figures are printed, and
nothing is judged. For comparison: what one run of each, and the mean of ten, would have said.
"""

import argparse
import json
import os
import random
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from gates.slo import Limits, Report, judge, settled
from gates.speed.estimates import spread
from gates.speed.quantities import Measure
from tasks.command import Command, run_foreign
from tasks.isolation import best
from tasks.jail import Jail

DIFFERENCES = (0, 5, 15, 25)
MEASURES: tuple[Measure, ...] = ("cpu", "wall")
LIMIT = 1.10
LOOP = "for _ in range({rounds}): pass"
Pair = tuple[float, float]
"""Seconds of the base and of the candidate."""


class Rates(NamedTuple):
    """Shares of the answers, in per cent."""

    failed: float
    passed: float
    unknown: float
    runs: float
    """Pairs that were looked at, on average."""


def main() -> None:
    """Measure, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=40, help="pairs measured at each difference")
    parser.add_argument("--resamples", type=int, default=200, help="judgements about each of them")
    parser.add_argument("--rounds", type=int, default=4_000_000, help="of the loop: how long one run takes")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", file=sys.stderr)
    measured = {difference: _pairs(asked.pairs, asked.rounds, difference) for difference in DIFFERENCES}
    figures = {
        measure: {
            difference: _judged(pairs[measure], asked.resamples, measure) for difference, pairs in measured.items()
        }
        for measure in MEASURES
    }
    print(json.dumps(figures, indent=1) if asked.json else _table(figures))


def _pairs(count: int, rounds: int, difference: int) -> dict[Measure, list[Pair]]:
    """Both figures of each pair, in random order of running."""
    found: dict[Measure, list[Pair]] = {measure: [] for measure in MEASURES}
    order = random.Random(difference)  # noqa: S311 - any order will do
    with TemporaryDirectory() as folder:
        for number in range(-1, count):
            sides = {"base": rounds, "candidate": rounds * (100 + difference) // 100}
            used = {side: _used(Path(folder), sides[side]) for side in order.sample(sorted(sides), 2)}
            for measure in MEASURES if number >= 0 else ():  # the first one warms up
                found[measure].append((used["base"][measure], used["candidate"][measure]))
    return found


def _used(folder: Path, rounds: int) -> dict[Measure, float]:
    argv = (sys.executable, "-I", "-S", "-c", LOOP.format(rounds=rounds))
    usage = run_foreign(Command(argv, folder, {}, jail=Jail(best(), (folder,)), metered=True)).usage
    if usage is None:
        raise SystemExit("a run could not be measured")
    return {"cpu": usage.cpu, "wall": usage.wall}


def _judged(pairs: Sequence[Pair], resamples: int, measure: Measure) -> dict[str, object]:
    draw = random.Random(1)  # noqa: S311 - the same table of the same figures
    limits = Limits(name="loop", run=("loop",), measure=measure, worse_by_at_most="10 %")
    answers = [_looked_at(limits, draw.choices(pairs, k=limits.most_pairs)) for _ in range(resamples)]
    outcomes = [outcome for outcome, _ in answers]
    shares = (100 * outcomes.count(outcome) / resamples for outcome in ("failed", "passed", "unknown"))
    naive: dict[str, Callable[[Sequence[Pair]], float]] = {"single": _ratio_of_first, "mean of 10": _ratio_of_means}
    wrong = {
        name: 100 * sum(ratio(draw.choices(pairs, k=10)) > LIMIT for _ in range(resamples)) / resamples
        for name, ratio in naive.items()
    }
    return {
        "slo": Rates(*shares, statistics.mean(count for _, count in answers))._asdict(), "failed by": wrong,
        "spread": spread([base for base, _ in pairs]), "variation": _variation([base for base, _ in pairs]),
    }  # fmt: skip


def _looked_at(limits: Limits, pairs: Sequence[Pair]) -> tuple[str, int]:
    """The answer about pairs that come one after the other, and of how many of them."""
    count = limits.first_look
    while True:
        base, candidate = zip(*pairs[:count], strict=True)
        report = Report(base=base, candidate=candidate)
        if settled(limits, report) or count >= limits.most_pairs:
            return str(judge(limits, report.model_dump(mode="json")).outcome), count
        count = min(2 * count, limits.most_pairs)


def _ratio_of_first(pairs: Sequence[Pair]) -> float:
    return pairs[0][1] / pairs[0][0]


def _ratio_of_means(pairs: Sequence[Pair]) -> float:
    return sum(candidate for _, candidate in pairs) / sum(base for base, _ in pairs)


def _variation(samples: Sequence[float]) -> float:
    return statistics.pstdev(samples) / statistics.mean(samples)


def _table(figures: dict[Measure, dict[int, dict[str, object]]]) -> str:
    lines = ["worse_by_at_most: 10 %; answers in per cent", ""]
    heads = ("measure", "true", "failed", "passed", "unknown", "pairs", "one run says failed", "mean of 10", "CV")
    lines.append("  ".join(heads))
    for measure, rows in figures.items():
        for difference, row in rows.items():
            rates, wrong = row["slo"], row["failed by"]
            assert isinstance(rates, dict)  # noqa: S101 - for the type checker
            assert isinstance(wrong, dict)  # noqa: S101
            cells = [measure, f"+{difference} %", *(f"{rates[key]:.0f}" for key in ("failed", "passed", "unknown"))]
            cells += [f"{rates['runs']:.0f}", *(f"{share:.0f}" for share in wrong.values()), f"{row['variation']:.1%}"]
            widths = map(len, heads)
            lines.append("  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True)))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
