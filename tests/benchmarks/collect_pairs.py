"""Collect contrast pairs, proved by the tests, for the study of faithfulness.

    python -m tests.benchmarks.collect_pairs OUT.jsonl [--dataset mbpp] [--first 0] [--stride 1]

Solves task after task greedily (direct form), lets the engine explain what fails, and appends one
JSON line per proved pair: the exact token ids up to the target, their roles, and the pair. Tasks
that a line, or a line of OUT.jsonl.done, names already are left out, so that a run continues where
the last one ended.
"""

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from attribution import client
from attribution.client import EngineClient
from attribution.commands.common import add_model_options, ask, model_settings, progress
from attribution.errors import TokenBlameError, UnknownTask
from attribution.explanation import Explanation
from attribution.schema import ExplainRequest, GenerateRequest, ModelSettings, Progress

LAST = {"mbpp": ("Mbpp", 810), "humaneval": ("HumanEval", 164)}


async def collect(options: argparse.Namespace) -> None:
    prefix, last = LAST[options.dataset]
    done_path = Path(f"{options.out}.done")
    done = set(done_path.read_text().split()) if done_path.exists() else set()
    settings = model_settings(options)
    async with await client.connect() as engine:
        for number in range(options.first, last, options.stride):
            task_id = f"{prefix}/{number}"
            if task_id in done:
                continue
            try:
                line = await pair_of(engine, task_id, settings, options)
            except UnknownTask:
                continue
            except TokenBlameError as error:
                line = None
                print(f"{task_id}: {error.message}", file=sys.stderr)
            if line is not None:
                with options.out.open("a") as file:
                    file.write(json.dumps(line) + "\n")
            with done_path.open("a") as file:
                file.write(f"{task_id}\n")


async def pair_of(
    engine: EngineClient, task_id: str, settings: ModelSettings, options: argparse.Namespace
) -> dict[str, Any] | None:
    """The record of the best proved pair of the model's own sample, or None."""

    def quiet(_progress: Progress) -> None:
        pass

    wanted = GenerateRequest(task_id, settings=settings, max_new_tokens=options.max_new_tokens)
    generation = (await ask(engine, wanted, quiet)).generation
    if generation is None:
        return None
    request = ExplainRequest(
        generation.code,
        task_id=task_id,
        settings=settings,
        rollouts=options.rollouts,
        seconds=options.seconds,
        trusted=True,
    )
    found = await ask(engine, request, quiet)
    print(task_id, found.verdict.status if found.verdict else "?", len(found.pairs), flush=True)
    return record(task_id, found)


def record(task_id: str, found: Explanation) -> dict[str, Any] | None:
    if found.attribution is None or found.generation is None:
        return None
    pair, tokens = found.attribution.pair, found.generation.tokens
    return {
        "task_id": task_id,
        "fingerprint": found.generation.fingerprint,
        "ids": [token.id for token in tokens[: pair.position]],
        "roles": [token.role for token in tokens[: pair.position]],
        "lines": [
            found.generation.code.count("\n", 0, token.start) for token in tokens[: pair.position]
        ],
        "target": pair.target.id,
        "contrast": pair.contrast.id,
        "target_text": pair.target.text,
        "contrast_text": pair.contrast.text,
        "logit_diff": pair.logit_diff,
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="collect_pairs", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--dataset", choices=list(LAST), default="mbpp")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--rollouts", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--max-new-tokens", type=int, default=200)
    add_model_options(parser)
    with progress("Collecting"):
        asyncio.run(collect(parser.parse_args()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
