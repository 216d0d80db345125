"""What the engine has said about one version of one document."""

from attrs import evolve, frozen

from attribution.schema import (
    Attribution,
    ContrastPair,
    Event,
    Generation,
    SearchReport,
    Verdict,
)


@frozen
class Explanation:
    """The events so far, each in its place."""

    verdict: Verdict | None = None
    generation: Generation | None = None
    pairs: tuple[ContrastPair, ...] = ()
    report: SearchReport | None = None
    attribution: Attribution | None = None

    def with_event(self, event: Event) -> "Explanation":
        """This explanation and what the event adds; some, such as Progress, add nothing."""
        match event:
            case Verdict():
                return evolve(self, verdict=event)
            case Generation():
                return evolve(self, generation=event)
            case ContrastPair():
                return evolve(self, pairs=(*self.pairs, event))
            case SearchReport():
                return evolve(self, report=event)
            case Attribution():
                return evolve(self, attribution=event)
            case _:
                return self

    @property
    def pair(self) -> ContrastPair | None:
        """The pair that was attributed; until then the earliest of those proved."""
        if self.attribution is not None:
            return self.attribution.pair
        return min(self.pairs, key=lambda pair: pair.position, default=None)
