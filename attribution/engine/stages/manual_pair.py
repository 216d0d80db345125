"""The user's own contrast pair: another token at a place of the sample."""

from collections.abc import Callable

import torch

from attribution.decoding import score_tokens
from attribution.decoding.tokens import decode_each
from attribution.errors import InvalidRequest
from attribution.models.loader import LoadedModel
from attribution.schema import ContrastPair, Document, Flip, Generation, Origin, TokenChoice


def pair_of(
    flip: Flip, generation: Generation, loaded: LoadedModel, checkpoint: Callable[[], None]
) -> ContrastPair:
    """The pair that `flip` asks about; nothing is proved.

    Raises InvalidRequest where there is no such place, or where the text is not one token.
    """
    position = _position(flip, generation)
    token, contrast = generation.tokens[position], _token(flip, generation, position, loaded)
    if contrast == token.id:
        raise InvalidRequest(f"{token.text!r} is what stands there; name another token.")
    count = len(generation.tokens) - generation.prompt_length
    wanted = torch.tensor([[token.id, contrast]]).expand(count, 2)
    ids = [t.id for t in generation.tokens]
    logits, ranks = score_tokens(loaded.model, ids, generation.prompt_length, wanted, checkpoint)
    row = position - generation.prompt_length
    return ContrastPair(
        position=position,
        target=TokenChoice(token.id, token.text, int(ranks[row, 0])),
        contrast=TokenChoice(contrast, flip.text, int(ranks[row, 1])),
        logit_diff=float(logits[row, 0] - logits[row, 1]),
        origin=Origin.MANUAL,
    )


def _position(flip: Flip, generation: Generation) -> int:
    lines = [line + "\n" for line in generation.code.split("\n")]  # as everywhere: \n alone
    if not (1 <= flip.line <= len(lines) and 1 <= flip.column <= len(lines[flip.line - 1])):
        raise InvalidRequest(f"The sample has no line {flip.line}, column {flip.column}.")
    offset = sum(map(len, lines[: flip.line - 1])) + flip.column - 1
    for position, token in enumerate(generation.tokens):
        if token.document is Document.CODE and token.start <= offset < token.end:
            if position >= generation.prompt_length:
                return position
            raise InvalidRequest(
                f"Line {flip.line}, column {flip.column} is of the prompt; the model wrote "
                "nothing there."
            )
    raise InvalidRequest(f"No token stands at line {flip.line}, column {flip.column}.")


def _token(flip: Flip, generation: Generation, position: int, loaded: LoadedModel) -> int:
    """By its text: one of the listed alternatives, else what the tokenizer makes of it."""
    for other in generation.likeliest(position):
        if other.text == flip.text:
            return other.id
    ids = loaded.tokenizer(flip.text, add_special_tokens=False).input_ids
    if len(ids) != 1:
        raise InvalidRequest(
            f"{flip.text!r} is {len(ids)} tokens; name one, with its leading space if it has one."
        )
    written = decode_each(loaded.tokenizer, generation.tokens[position - 1].id, ids)
    if written != [flip.text]:  # some tokenizers put a space before a word
        raise InvalidRequest(f"{flip.text!r} is no token there, {written[0]!r} is.")
    return int(ids[0])
