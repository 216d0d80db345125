"""Is a recorded repair true? The flip is replayed by transformers' own greedy decoding.

Nothing of the search is used here: no shared cache, no drafts, no batch.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers import PreTrainedModel, StoppingCriteriaList

from attribution.decoding.endings import Reader
from attribution.decoding.prompts import build_stops
from attribution.decoding.tokens import decode_each, encode
from attribution.errors import InvalidRequest
from attribution.faults.attempts import longest
from attribution.models.loader import LoadedModel
from attribution.schema import ContrastPair, Form, Origin, Task, VerifyRequest

# What a configuration leaves open comes from the model's own, which may sample or punish
# repetition; only keywords overrule that.
_PLAIN: dict[str, Any] = {
    "do_sample": False,
    "num_beams": 1,
    "eos_token_id": None,
    "pad_token_id": 0,
    "repetition_penalty": 1.0,
    "encoder_repetition_penalty": 1.0,
    "no_repeat_ngram_size": 0,
    "min_length": 0,
    "min_new_tokens": None,
    "suppress_tokens": None,
    "begin_suppress_tokens": None,
    "bad_words_ids": None,
    "sequence_bias": None,
    "forced_eos_token_id": None,
}


def program(
    request: VerifyRequest,
    pair: ContrastPair,
    task: Task,
    loaded: LoadedModel,
    checkpoint: Callable[[], None],
) -> str:
    """The program that `pair` leads to from the recorded tokens.

    Raises InvalidRequest where the record is of another model, or about other tokens.
    """
    _check(request, pair, loaded)
    model, ids, start = loaded.model, request.ids, request.prompt_length
    stops = build_stops(task, request.form, loaded.tokenizer)
    reader = Reader(loaded.tokenizer, stops, ids[start - 1])
    _check_texts(request, pair, loaded, reader)
    head = [*ids[: pair.position], pair.contrast.id]
    if pair.origin is Origin.SUBSTITUTED:
        return _substituted(request, pair, reader)
    most = longest(start, len(ids))
    if pair.second is not None:
        head = greedy(model, head, pair.second.position, lambda _ids: False, checkpoint)
        head.append(pair.second.token.id)
    own = pair.position - start

    def ended(whole: Sequence[int]) -> bool:
        return reader.ended(whole[start:], own)

    whole = head if ended(head) else greedy(model, head, most, ended, checkpoint)
    text = reader.completion(whole[start:], own, finished=True).text
    return request.prompt + text if request.form is Form.DIRECT else text


def _check(request: VerifyRequest, pair: ContrastPair, loaded: LoadedModel) -> None:
    if request.fingerprint != loaded.fingerprint:
        raise InvalidRequest(
            f"The record of {request.task_id} was made with other weights than those of "
            f"{loaded.name}; name the model that it says (--model)."
        )
    known = range(loaded.model.config.get_text_config(decoder=True).vocab_size)
    tokens = {*request.ids, pair.contrast.id, *([pair.second.token.id] if pair.second else [])}
    inside = 0 < request.prompt_length <= pair.position < len(request.ids)
    if pair.second is not None:
        end = longest(request.prompt_length, len(request.ids))
        inside &= pair.position < pair.second.position < end
    if not inside or not all(token in known for token in tokens):
        raise InvalidRequest(f"The record of {request.task_id} does not fit its own tokens.")


def _check_texts(
    request: VerifyRequest, pair: ContrastPair, loaded: LoadedModel, reader: Reader
) -> None:
    """A record is a file that anybody may have written: its texts must be those of its tokens."""
    start, output = request.prompt_length, reader.text(request.ids[request.prompt_length :])
    whole = request.prompt + output if request.form is Form.DIRECT else output
    prompt, _ = encode(loaded.tokenizer, request.prompt, special=True)
    before = request.ids[pair.position - 1]
    if (
        prompt != list(request.ids[:start])
        or not whole.startswith(request.code)
        or decode_each(loaded.tokenizer, before, [pair.contrast.id]) != [pair.contrast.text]
    ):
        raise InvalidRequest(f"The texts in the record of {request.task_id} are not its tokens'.")


def _substituted(request: VerifyRequest, pair: ContrastPair, reader: Reader) -> str:
    """The sample with the text of one token exchanged."""
    start = request.prompt_length
    shift = len(request.prompt) if request.form is Form.DIRECT else 0
    before = reader.text(request.ids[start : pair.position])
    upto = reader.text(request.ids[start : pair.position + 1])
    return (
        request.code[: shift + len(before)] + pair.contrast.text + request.code[shift + len(upto) :]
    )


def greedy(
    model: PreTrainedModel,
    ids: Sequence[int],
    length: int,
    ended: Callable[[Sequence[int]], bool],
    checkpoint: Callable[[], None],
) -> list[int]:
    """Go on from `ids` up to `length` tokens in all, or until `ended`."""
    if len(ids) >= length:
        return list(ids)[:length]

    def stop(rows: torch.Tensor, _scores: object, **_options: object) -> torch.Tensor:
        checkpoint()
        return torch.tensor([ended(rows[0].tolist())], device=rows.device)

    row = torch.tensor([list(ids)], device=model.device)
    generate: Any = model.generate
    found = generate(
        row,
        attention_mask=torch.ones_like(row),
        max_new_tokens=length - len(ids),
        **_PLAIN,
        stopping_criteria=StoppingCriteriaList([stop]),
    )
    return [int(token) for token in found[0].tolist()]
