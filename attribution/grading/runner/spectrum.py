"""Which lines do the failing runs of a program execute, and which the passing ones?

A sample of the inputs is run twice. The first time it is seen which fail and which pass, until
there are enough of both; the second time lines are traced. A run that goes differently then is left
out: the trace makes a program many times slower, and others of its calls came before.
"""

import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence

from attribution.grading.runner import children
from attribution.grading.runner.checks import time_limits
from attribution.grading.runner.problems import Problem
from attribution.grading.runner.runs import Program, Run, execute
from attribution.grading.runner.suites import TestPlace, Tests
from attribution.schema import LineCount, Spectrum, Suite

_ENOUGH = {False: 8, True: 24}  # runs that fail, and that pass
_UNTRACED = 0.6  # of the time, at most: one input over EvalPlus' least limit of 1 s fits into 2 s


def visits(tests: Mapping[Suite, Tests], first: Sequence[TestPlace]) -> list[TestPlace]:
    """All inputs, in the order in which they are tried.

    `first` failed before; those of the base suite were chosen by people; the others follow in an
    order drawn once and for all, for neighbours are often alike.
    """
    places = list(first)
    for suite, wanted in tests.items():
        indices = list(range(len(wanted.inputs)))
        if suite is Suite.PLUS:
            random.Random(0).shuffle(indices)
        places += [(suite, index) for index in indices]
    return list(dict.fromkeys(places))


def take(
    problem: Problem, tests: Tests, code: str, seconds: float, control: children.Control
) -> Spectrum:
    """The spectrum of `code` over a sample of `tests`, which is tried in its order.

    Takes about `seconds`, or less. Raises Cancelled.
    """
    began = time.monotonic()
    plain = Program(problem, code, traced=False)
    known = execute(plain, tests, _ENOUGH, began + _UNTRACED * seconds, control)
    chosen = [
        run
        for passed, count in _ENOUGH.items()
        for run in [run for run in known if run.passed is passed and not run.cut][:count]
    ]
    limits = time_limits(tests)
    # In the same order, but what hangs comes last: the time may run out.
    chosen.sort(key=lambda run: (run.seconds >= limits[run.index], run.index))
    sample = tests.at(run.index for run in chosen)
    traced = Program(problem, code, traced=True)
    again = execute(traced, sample, _ENOUGH, began + seconds, control)
    return _count([run for run in again if run.passed is chosen[run.index].passed])


def _count(runs: Sequence[Run]) -> Spectrum:
    failed = Counter(line for run in runs if not run.passed for line in run.lines)
    passed = Counter(line for run in runs if run.passed for line in run.lines)
    return Spectrum(
        failed=sum(not run.passed for run in runs),
        passed=sum(run.passed for run in runs),
        lines=tuple(
            LineCount(line, failed[line], passed[line])
            for line in sorted(failed.keys() | passed.keys())
        ),
    )
