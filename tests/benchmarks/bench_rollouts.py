"""Rollouts of the fault search against plain batched `generate`, and speculative single decoding.

    python -m tests.benchmarks.bench_rollouts [--model NAME] [--task HumanEval/65] [--count 32]

The same forks of one real sample, finished greedily up to the same stop sequences: by the search's
own decoding (shared cache, drafts, packed weights), and by transformers' `generate` on left-padded
batches of `--batch` prefixes. The texts are compared. No rollout is put aside here, as the search
would: that saving comes on top.
"""

import argparse
import time
from typing import Any

import torch
from transformers import StoppingCriteriaList

from attribution.cli.commands.common import add_model_options, model_settings
from attribution.decoding import Branch, Prefix, generate, prefill, rollouts
from attribution.decoding.endings import Reader
from attribution.decoding.linear import packed
from attribution.decoding.prompts import Stops, build_prompt, build_stops
from attribution.grading.grader import Grader
from attribution.models.loader import LoadedModel, load
from attribution.schema import Form

ROOM = 16  # tokens beyond the original


def forks(prefix: Prefix, count: int) -> list[Branch]:
    """The second choice at positions spread over the output."""
    start, places = prefix.prompt_length, len(prefix.scores.top_ids)
    chosen = [k * places // count for k in range(count)] if count <= places else range(places)
    return [
        Branch(start + k, (int(prefix.scores.top_ids[k, 1]),), places - k + ROOM) for k in chosen
    ]


def plainly(
    loaded: LoadedModel, prefix: Prefix, branches: list[Branch], stops: Stops, batch: int
) -> list[str]:
    """The texts of all rollouts by `generate`."""
    reader = Reader(loaded.tokenizer, stops, prefix.ids[prefix.prompt_length - 1])
    texts = []
    for at in range(0, len(branches), batch):
        part = branches[at : at + batch]
        heads = [[*prefix.ids[: b.position], *b.tokens] for b in part]
        width = max(map(len, heads))
        ids = torch.tensor([[0] * (width - len(h)) + h for h in heads])
        mask = torch.tensor([[0] * (width - len(h)) + [1] * len(h) for h in heads])
        starts = [width - len(h) + prefix.prompt_length for h in heads]

        def ended(
            rows: torch.Tensor,
            _scores: object,
            starts: list[int] = starts,
            part: list[Branch] = part,
            **_options: object,
        ) -> torch.Tensor:
            found = [
                reader.ended(row[start:], branch.position - prefix.prompt_length)
                for row, start, branch in zip(rows.tolist(), starts, part, strict=True)
            ]
            return torch.tensor(found)

        model: Any = loaded.model
        out = model.generate(
            ids,
            attention_mask=mask,
            do_sample=False,
            repetition_penalty=1.0,
            max_new_tokens=max(b.limit for b in part) - 1,
            stopping_criteria=StoppingCriteriaList([ended]),
            eos_token_id=None,
            pad_token_id=0,
        )
        for row, start, branch in zip(out.tolist(), starts, part, strict=True):
            own, output = branch.position - prefix.prompt_length, row[start:]
            end = next(
                (n for n in range(own + 1, len(output) + 1) if reader.ended(output[:n], own)),
                own + branch.limit,
            )
            end = min(end, own + branch.limit)
            texts.append(reader.completion(output[:end], own, finished=True).text)
    return texts


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench_rollouts", description=__doc__)
    add_model_options(parser)
    parser.add_argument("--task", default="HumanEval/65")
    parser.add_argument("--count", type=int, default=32)
    parser.add_argument("--batch", type=int, default=16)
    options = parser.parse_args()
    grader = Grader()
    task = grader.task(options.task)
    grader.close()
    loaded = load(model_settings(options))
    stops = build_stops(task, Form.DIRECT, loaded.tokenizer)
    prompt = loaded.tokenizer(build_prompt(task, Form.DIRECT, loaded.tokenizer)).input_ids
    ((_, written),) = generate(
        loaded.model,
        loaded.tokenizer,
        [(prompt, stops)],
        max_new_tokens=256,
        checkpoint=lambda _: None,
    )
    prefix = prefill(loaded.model, [*prompt, *written.ids], len(prompt))
    branches = forks(prefix, options.count)
    began = time.perf_counter()
    with packed(loaded.model):  # as in a search; packing is timed with the rest
        ours = rollouts(
            loaded.model, loaded.tokenizer, prefix, branches, stops, checkpoint=lambda _: None
        )
    middle = time.perf_counter()
    theirs = plainly(loaded, prefix, branches, stops, options.batch)
    end = time.perf_counter()
    same = sum(a.text == b for a, b in zip(ours, theirs, strict=True))
    count, own, plain = len(branches), middle - began, end - middle
    print(
        f"{count} rollouts of {options.task}, {len(prompt)} + {len(written.ids)} tokens: "
        f"{own:.1f} s ({count / own:.2f} a second), generate in batches of {options.batch} "
        f"{plain:.1f} s ({count / plain:.2f} a second): {plain / own:.1f} ×; "
        f"{same} of {count} texts equal"
    )


if __name__ == "__main__":
    main()
