"""Pass rate of the default model: are decoding, prompts and grading right?

    python -m tests.benchmarks.bench_passrate [--stride 4] [--form direct] [--model NAME]

Solves every `stride`-th task of HumanEval+ greedily and prints the share that passes base and plus
tests, with a 95 % Wilson interval. EvalPlus' own pipeline gives about 58 % on all 164 tasks.
"""

import argparse
import asyncio
import math
import sys
import time

from attribution.cli.commands.common import add_model_options, ask, model_settings, progress
from attribution.errors import InvalidSample
from attribution.ipc.client import EngineClient, connect
from attribution.job import Report
from attribution.schema import Form, GenerateRequest, GradeRequest, Suite, Verdict

TASKS = 164


async def measure(options: argparse.Namespace) -> None:
    settings = model_settings(options)
    numbers = range(0, TASKS, options.stride)
    plus = base = 0
    start = time.perf_counter()
    async with await connect() as engine:
        with progress("Solving") as show:
            for number in numbers:
                task_id = f"HumanEval/{number}"
                wanted = GenerateRequest((task_id,), options.form, settings)
                generation = (await ask(engine, wanted, show)).generation
                assert generation is not None
                verdict = await judge(engine, task_id, generation.code, show)
                if verdict is not None:
                    plus += verdict.passed
                    base += verdict.passed or verdict.suite is Suite.PLUS
    seconds = time.perf_counter() - start
    n = len(numbers)
    low, high = wilson(plus, n)
    which = f"every {options.stride}th task of HumanEval+, {options.form} form, greedy"
    print(f"{settings.model}, {which}")
    print(f"base {base}/{n} = {base / n:.1%}")
    print(f"plus {plus}/{n} = {plus / n:.1%} (95 % interval {low:.1%} to {high:.1%})")
    print(f"{seconds / n:.1f} s per task")


async def judge(engine: EngineClient, task_id: str, code: str, show: Report) -> Verdict | None:
    """The verdict, or None for what does not even define the function."""
    try:
        return (await ask(engine, GradeRequest(task_id, code, trusted=True), show)).verdict
    except InvalidSample:
        return None


def wilson(passed: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson score interval of a share."""
    share = passed / n
    middle = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench_passrate", description=__doc__)
    parser.add_argument("--stride", type=int, default=4)
    parser.add_argument("--form", type=Form, choices=list(Form), default=Form.DIRECT)
    add_model_options(parser)
    asyncio.run(measure(parser.parse_args()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
