"""What the engine has said about one version of one document."""

from attrs import evolve, frozen

from attribution.schema import (
    Attribution,
    ContrastPair,
    Event,
    Faithfulness,
    Generation,
    Origin,
    SearchReport,
    Verdict,
)


@frozen
class Explanation:
    """The results of the engine so far."""

    verdict: Verdict | None = None
    generation: Generation | None = None
    pairs: tuple[ContrastPair, ...] = ()  # proved
    search: SearchReport | None = None
    attribution: Attribution | None = None
    chosen_pair: ContrastPair | None = None  # by the user, instead of one that is proved
    faithfulness: Faithfulness | None = None

    def with_event(self, event: Event) -> "Explanation":
        """This explanation and what the event adds; some, such as Progress, add nothing."""
        match event:
            case Verdict():
                return evolve(self, verdict=event)
            case Generation():
                return evolve(self, generation=event)
            case ContrastPair() if event.origin is not Origin.MANUAL:
                # A longer search begins with what the one before it found.
                others = [pair for pair in self.pairs if not _same_repair(pair, event)]
                return evolve(self, pairs=(*others, event))
            case SearchReport():
                return evolve(self, search=event)
            case Attribution():
                return evolve(self, attribution=event)
            case Faithfulness():
                return evolve(self, faithfulness=event)
            case _:
                return self

    def with_chosen_pair(self, pair: ContrastPair | None) -> "Explanation":
        """What stays known when this pair (None: one that is proved) is to be explained."""
        if pair == self.chosen_pair:
            return self
        return evolve(self, chosen_pair=pair, attribution=None, faithfulness=None)

    @property
    def pair(self) -> ContrastPair | None:
        """The pair that was attributed; until then the chosen one, or the earliest proved."""
        if (attribution := self.attribution) is not None:
            pair = attribution.pair
            measured = pair.origin is Origin.MANUAL and attribution.objective == "contrast"
            return evolve(pair, logit_diff=attribution.logit_diff) if measured else pair
        return self.chosen_pair or min(self.pairs, key=lambda pair: pair.position, default=None)


def _same_repair(left: ContrastPair, right: ContrastPair) -> bool:
    """Whether two proved pairs exchange the same tokens: the second one, too, where there is one.

    How that was proved may differ: the latest event counts.
    """
    seconds = [p.second and (p.second.position, p.second.token.id) for p in (left, right)]
    return same_choice(left, right) and seconds[0] == seconds[1]


def same_choice(left: ContrastPair, right: ContrastPair) -> bool:
    """Whether two pairs set the same tokens against each other at the same place."""
    return (left.position, left.target.id, left.contrast.id) == (
        right.position,
        right.target.id,
        right.contrast.id,
    )
