"""What is asked of the engine about one version of one document."""

from attrs import evolve, frozen

from attribution.schema import (
    Alternative,
    ContrastPair,
    ExplainRequest,
    FaithfulnessRequest,
    Generation,
    Origin,
    TokenChoice,
)
from lsp_server.documents.store import Snapshot
from lsp_server.state.explanation import Explanation
from lsp_server.state.settings import Settings

_LONGER = 4  # times as many rollouts and seconds


@frozen
class Wish:
    """What a user wants to know beyond the settings."""

    pair: ContrastPair | None = None  # None: search for one and prove it
    effort: int = 1  # times the budget of the settings
    exhaust: bool = False  # use that budget up, whatever is found
    check: bool = False  # whether the map can be trusted, too

    def longer(self, explanation: Explanation) -> "Wish":
        """A longer search; the engine goes on where the last one ended."""
        return Wish(effort=self.effort * _LONGER, exhaust=bool(explanation.pairs))


def request_for(
    snapshot: Snapshot, task_id: str | None, settings: Settings, wish: Wish, *, trusted: bool
) -> ExplainRequest | FaithfulnessRequest:
    explain = explain_request(snapshot, task_id, settings, wish, trusted=trusted)
    return FaithfulnessRequest(explain) if wish.check else explain


def explain_request(
    snapshot: Snapshot, task_id: str | None, settings: Settings, wish: Wish, *, trusted: bool
) -> ExplainRequest:
    return ExplainRequest(
        code=snapshot.text,
        path=snapshot.path,
        task_id=task_id,
        completion=snapshot.row is not None and snapshot.row.completion,
        form=settings.form,
        prompt=snapshot.prompt,
        settings=settings.for_model,
        top_k=settings.top_k,
        rollouts=settings.rollouts * wish.effort,
        seconds=settings.seconds * wish.effort,
        method=settings.method,
        objective=settings.objective,
        pair=wish.pair,
        exhaust=wish.exhaust,
        sibling=settings.for_sibling,
        trusted=trusted,
        sandbox=settings.sandbox,
    )


def choices(generation: Generation, index: int) -> tuple[Alternative, ...]:
    """What the model could have written in the place of a token, likeliest first."""
    if index < generation.prompt_length:
        return ()
    written = generation.tokens[index].id
    return tuple(one for one in generation.likeliest(index) if one.id != written)


def pair_of(explanation: Explanation, position: int, contrast: int) -> ContrastPair | None:
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
    for other in choices(generation, position):
        if other.id == contrast:
            return _by_hand(generation, position, other)
    return None


def _by_hand(generation: Generation, position: int, other: Alternative) -> ContrastPair:
    """The attribution measures Δℓ anew; a target below the listed ones counts as the last."""
    token = generation.tokens[position]
    listed = generation.likeliest(position)
    ids = [one.id for one in listed]
    rank = ids.index(token.id) if token.id in ids else len(ids)
    return ContrastPair(
        position=position,
        target=TokenChoice(token.id, token.text, rank + 1),
        contrast=TokenChoice(other.id, other.text, ids.index(other.id) + 1),
        logit_diff=listed[min(rank, len(listed) - 1)].logit - other.logit,
        origin=Origin.MANUAL,
    )


def checking(explanation: Explanation, wish: Wish) -> Wish:
    """The wish to check the map that is shown: its pair is given, so nothing is searched."""
    return evolve(wish, pair=explanation.pair, check=True)
