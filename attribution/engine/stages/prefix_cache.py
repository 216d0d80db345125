"""What the loaded model has read last, and what it says of it: an edit often asks for it again."""

from collections.abc import Callable

import torch

from attribution.decoding import Prefix, Recent, prefill
from attribution.decoding.tokens import decode_each
from attribution.errors import InvalidRequest
from attribution.models.loader import LoadedModel
from attribution.schema import Document, Generation, Margin, MarginRequest, ScoredToken


class PrefixCache:
    """Of one model: `clear` when another is loaded."""

    def __init__(self) -> None:
        self._prefix: Prefix | None = None  # of the last sample
        self._recent = Recent()

    def clear(self) -> None:
        """Give the memory of the KV caches back."""
        self._prefix = None
        self._recent.clear()

    def prefix(
        self,
        loaded: LoadedModel,
        generation: Generation,
        top_k: int,
        checkpoint: Callable[[], None],
    ) -> Prefix:
        """The whole sample with the scores of its positions."""
        ids, start = tuple(token.id for token in generation.tokens), generation.prompt_length
        held = self._prefix
        # The same text may be read as the answer to a shorter prompt.
        same = held is not None and (held.ids, held.prompt_length) == (ids, start)
        if held is None or not same or held.scores.top_ids.shape[1] != top_k:
            self._prefix = held = None  # free the old cache before making the new one
            held = self._prefix = prefill(loaded.model, ids, start, top_k, checkpoint)
        return held

    def margin(
        self,
        request: MarginRequest,
        generation: Generation,
        loaded: LoadedModel,
        checkpoint: Callable[[], None],
    ) -> Margin:
        """How the model weighs the two tokens now, from a forward pass over what changed.

        Raises InvalidRequest where the target does not stand there, or there is no such token.
        """
        if not 0 <= request.contrast < loaded.model.config.vocab_size:
            raise InvalidRequest(f"The model has no token {request.contrast}.")
        position = _position(request, generation)
        ids = [token.id for token in generation.tokens[:position]]
        found = self._recent.next_token(loaded.model, ids, checkpoint, self._prefix)
        first = int(found.logits.argmax())
        named = (request.target, request.contrast, first)
        texts = decode_each(loaded.tokenizer, ids[-1], named)
        target, contrast, best = (
            _scored(found.logits, token, text) for token, text in zip(named, texts, strict=True)
        )
        return Margin(position, target, contrast, best, found.computed, found.reused)


def _position(request: MarginRequest, generation: Generation) -> int:
    written = list(enumerate(generation.tokens))[generation.prompt_length :]
    for position, token in written:
        here = token.document is Document.CODE and token.start == request.offset
        if here and token.id == request.target:
            return position
    raise InvalidRequest(f"Token {request.target} does not stand at character {request.offset}.")


def _scored(logits: torch.Tensor, token: int, text: str) -> ScoredToken:
    """`logits` (vocabulary,) float32."""
    own = logits[token]
    return ScoredToken(
        id=token,
        text=text,
        logit=float(own),
        probability=float((own - logits.logsumexp(0)).exp()),
        rank=int((logits > own).sum()) + 1,
    )
