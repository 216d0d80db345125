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
    """The events so far, each in its place."""

    verdict: Verdict | None = None
    generation: Generation | None = None
    pairs: tuple[ContrastPair, ...] = ()  # proved
    report: SearchReport | None = None
    attribution: Attribution | None = None
    asked: ContrastPair | None = None  # chosen by the user instead of one that is proved
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
                return evolve(self, report=event)
            case Attribution():
                return evolve(self, attribution=event)
            case Faithfulness():
                return evolve(self, faithfulness=event)
            case _:
                return self

    def asking(self, pair: ContrastPair | None) -> "Explanation":
        """What stays known when this pair (None: one that is proved) is to be explained."""
        if pair == self.asked:
            return self
        return evolve(self, asked=pair, attribution=None, faithfulness=None)

    @property
    def pair(self) -> ContrastPair | None:
        """The pair that was attributed; until then that asked for, or the earliest proved."""
        if (found := self.attribution) is not None:
            measured = found.pair.origin is Origin.MANUAL and found.objective == "contrast"
            return evolve(found.pair, logit_diff=found.logit_diff) if measured else found.pair
        return self.asked or min(self.pairs, key=lambda pair: pair.position, default=None)


def _same_repair(one: ContrastPair, other: ContrastPair) -> bool:
    """Whether two proved pairs exchange the same tokens: the second one, too, where there is one.

    How that was proved may differ: the last word counts.
    """
    seconds = [p.second and (p.second.position, p.second.token.id) for p in (one, other)]
    return same_choice(one, other) and seconds[0] == seconds[1]


def same_choice(one: ContrastPair, other: ContrastPair) -> bool:
    """Whether two pairs set the same tokens against each other at the same place."""
    return (one.position, one.target.id, one.contrast.id) == (
        other.position,
        other.target.id,
        other.contrast.id,
    )
