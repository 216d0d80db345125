"""Collect contrast pairs, proved by the tests, for the study of faithfulness.

    python -m tests.benchmarks.collect_pairs OUT.jsonl [--dataset mbpp] [--first 0] [--stride 1]

Solves task after task greedily (direct form), lets the engine explain what fails, and appends one
JSON line per proved pair: the exact token ids up to the target, their roles, and the pair. Tasks
that OUT.jsonl.done names are left out, so that a run continues where the last one ended.
"""

import argparse
import asyncio
import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import torch
from transformers import StoppingCriteriaList

from attribution import client
from attribution.client import EngineClient
from attribution.commands.common import add_model_options, ask, model_settings
from attribution.errors import TokenBlameError, UnknownTask
from attribution.explanation import Explanation
from attribution.grading.grader import Grader
from attribution.models.loader import load
from attribution.prompts import build_prompt, build_stops
from attribution.schema import ExplainRequest, Form, ModelSettings

LAST = {"mbpp": ("Mbpp", 810), "humaneval": ("HumanEval", 164)}


LONGEST = 64  # tokens; a longer sample is left out: short ones cost least to search and to measure
BATCH = 32  # tasks solved together


async def collect(options: argparse.Namespace) -> None:
    prefix, last = LAST[options.dataset]
    done_path = Path(f"{options.out}.done")
    done = set(done_path.read_text().split()) if done_path.exists() else set()
    settings = model_settings(options)
    solver = Solver(settings)
    named = [f"{prefix}/{n}" for n in range(options.first, last, options.stride)]
    todo = [task_id for task_id in named if task_id not in done]
    async with await client.connect() as engine:
        for start in range(0, len(todo), BATCH):
            solved = solver.solve(todo[start : start + BATCH])
            for task_id in todo[start : start + BATCH]:
                with done_path.open("a") as file:  # first: a pair twice would bias the study
                    file.write(f"{task_id}\n")
                code = solved.get(task_id)
                line = await pair_of(engine, task_id, code, settings, options) if code else None
                if line is not None:
                    with options.out.open("a") as file:
                        file.write(json.dumps(line) + "\n")
    solver.close()


class Solver:
    """Greedy samples in direct form, a batch of tasks at a time."""

    def __init__(self, settings: ModelSettings) -> None:
        self._loaded, self._grader = load(settings), Grader()

    def close(self) -> None:
        self._grader.close()

    def solve(self, task_ids: list[str]) -> dict[str, str]:
        """Task id → sample, for the tasks that exist."""
        tasks = []
        for task_id in task_ids:
            with contextlib.suppress(UnknownTask):
                tasks.append(self._grader.task(task_id, lambda: None))
        if not tasks:
            return {}
        tokenizer, model = self._loaded.tokenizer, self._loaded.model
        tokenizer.padding_side = "left"
        tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
        prompts = [build_prompt(task, Form.DIRECT, tokenizer) for task in tasks]
        stops = [build_stops(task, Form.DIRECT, tokenizer) for task in tasks]
        batch = tokenizer(prompts, return_tensors="pt", padding=True).to(model.device)
        start = batch.input_ids.shape[1]

        def ended(ids: torch.Tensor, _scores: object, **_options: object) -> torch.Tensor:
            texts = tokenizer.batch_decode(ids[:, start:])
            return torch.tensor(
                [
                    stop.cut(text) is not None or bool(set(row) & stop.end_ids)
                    for stop, text, row in zip(stops, texts, ids[:, start:].tolist(), strict=True)
                ],
                device=ids.device,
            )

        out = model.generate(
            **batch,
            max_new_tokens=LONGEST,
            do_sample=False,
            stopping_criteria=StoppingCriteriaList([ended]),
            pad_token_id=tokenizer.pad_token_id,
        )
        texts = tokenizer.batch_decode(out[:, start:], skip_special_tokens=True)
        return {
            task.task_id: prompt + text[: stop.cut(text)]
            for task, prompt, text, stop, row in zip(
                tasks, prompts, texts, stops, out[:, start:].tolist(), strict=True
            )
            if stop.cut(text) is not None or set(row) & stop.end_ids
        }


async def pair_of(
    engine: EngineClient,
    task_id: str,
    code: str,
    settings: ModelSettings,
    options: argparse.Namespace,
) -> dict[str, Any] | None:
    """The record of the best proved pair of a sample, or None."""
    request = ExplainRequest(
        code,
        task_id=task_id,
        settings=settings,
        rollouts=options.rollouts,
        seconds=options.seconds,
        trusted=True,
    )
    try:
        found = await ask(engine, request, lambda _progress: None)
    except TokenBlameError as error:
        print(f"{task_id}: {error.message}", file=sys.stderr)
        return None
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
    add_model_options(parser)
    options = parser.parse_args()
    asyncio.run(collect(options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
