"""The inputs of one problem and what its canonical solution makes of them; parts of suites."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from attribution.grading.runner.evalplus_parts import is_floats
from attribution.schema import Suite

TestPlace = tuple[Suite, int]  # of an input: its suite and its index there


class Tests(NamedTuple):
    """One suite of one problem: `expected[i]` is what `f(*inputs[i])` returns after `seconds[i]`.

    `expected` holds whether there is a result at all for tasks with OUTPUT_NOT_NONE.
    """

    inputs: list[Any]
    expected: list[Any]
    seconds: list[float]
    atol: float  # at the first input; EvalPlus' loop takes 1e-6 from the first float result on

    def at(self, indices: Iterable[int]) -> "Tests":
        """Some of the inputs, as a suite."""
        chosen = list(indices)
        return Tests(
            [self.inputs[index] for index in chosen],
            [self.expected[index] for index in chosen],
            [self.seconds[index] for index in chosen],
            self.atol,
        )

    def slower(self, index: int, seconds: float) -> "Tests":
        """As if the canonical solution had taken `seconds` for one of the inputs."""
        taken = [*self.seconds]
        taken[index] = seconds
        return self._replace(seconds=taken)


def pick(suites: Mapping[Suite, Tests], places: Sequence[TestPlace]) -> Tests:
    """The inputs at `places`, of whatever suites, as one suite.

    Their tolerance is the largest that EvalPlus would apply to any of them where they come from:
    a result that fails here fails there.
    """
    return Tests(
        [suites[suite].inputs[index] for suite, index in places],
        [suites[suite].expected[index] for suite, index in places],
        [suites[suite].seconds[index] for suite, index in places],
        max((_tolerance(tests, places, suite) for suite, tests in suites.items()), default=0.0),
    )


def _tolerance(tests: Tests, places: Sequence[TestPlace], suite: Suite) -> float:
    """What EvalPlus applies to the last of those `places` that lie in `suite`."""
    count = max((index + 1 for other, index in places if other is suite), default=0)
    return tests.atol or 1e-6 * any(map(is_floats, tests.expected[:count]))
