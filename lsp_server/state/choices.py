"""What the model could have written in the place of a token, and the pairs that follow from it."""

from attribution.schema import Alternative, ContrastPair, Generation, Origin, TokenChoice
from lsp_server.state.explanation import Explanation


def other_choices(generation: Generation, index: int) -> tuple[Alternative, ...]:
    """What the model could have written in the place of a token, likeliest first."""
    if index < generation.prompt_length:
        return ()
    written = generation.tokens[index].id
    return tuple(choice for choice in generation.likeliest(index) if choice.id != written)


def pair_at(explanation: Explanation, position: int, contrast: int) -> ContrastPair | None:
    """The pair of a written token and one of the others: a proved one, or chosen by hand.

    Of several repairs that begin with it one without a second token is preferred. None where the
    model had no such choice.
    """
    proved = [p for p in explanation.pairs if (p.position, p.contrast.id) == (position, contrast)]
    if proved:
        return min(proved, key=lambda pair: pair.second is not None)
    generation = explanation.generation
    if generation is None:
        return None
    for choice in other_choices(generation, position):
        if choice.id == contrast:
            return _pair_by_hand(generation, position, choice)
    return None


def _pair_by_hand(generation: Generation, position: int, contrast: Alternative) -> ContrastPair:
    """The attribution measures Δℓ anew; a target below the listed ones counts as the last."""
    token = generation.tokens[position]
    listed = generation.likeliest(position)
    ids = [choice.id for choice in listed]
    rank = ids.index(token.id) if token.id in ids else len(ids)
    return ContrastPair(
        position=position,
        target=TokenChoice(token.id, token.text, rank + 1),
        contrast=TokenChoice(contrast.id, contrast.text, ids.index(contrast.id) + 1),
        logit_diff=listed[min(rank, len(listed) - 1)].logit - contrast.logit,
        origin=Origin.MANUAL,
    )
