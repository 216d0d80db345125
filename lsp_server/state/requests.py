"""What is asked of the engine about one version of one document."""

from attrs import evolve, frozen

from attribution.schema import ContrastPair, ExplainRequest, FaithfulnessRequest
from lsp_server.documents.snapshot import Snapshot
from lsp_server.state.conditions import Conditions
from lsp_server.state.explanation import Explanation

_LONGER = 4  # times as many rollouts and seconds


@frozen
class ExplainOptions:
    """What a user asks for beyond the settings."""

    pair: ContrastPair | None = None  # None: search for one and prove it
    budget_factor: int = 1  # times the budget of the settings
    exhaust: bool = False  # use that budget up, whatever is proved
    check_faithfulness: bool = False  # measure how faithful the map is, too

    def longer_search(self, explanation: Explanation) -> "ExplainOptions":
        """The options of a longer search; the engine goes on where the last one ended."""
        factor = self.budget_factor * _LONGER
        return ExplainOptions(budget_factor=factor, exhaust=bool(explanation.pairs))

    def faithfulness_check(self, explanation: Explanation) -> "ExplainOptions":
        """The options to check the map that is shown: its pair is given, so nothing is searched."""
        return evolve(self, pair=explanation.pair, check_faithfulness=True)


def request_for(
    snapshot: Snapshot, task_id: str | None, conditions: Conditions, options: ExplainOptions
) -> ExplainRequest | FaithfulnessRequest:
    """The request that explains a sample, and checks the explanation where that is asked for."""
    explain = explain_request(snapshot, task_id, conditions, options)
    return FaithfulnessRequest(explain) if options.check_faithfulness else explain


def explain_request(
    snapshot: Snapshot, task_id: str | None, conditions: Conditions, options: ExplainOptions
) -> ExplainRequest:
    """The request that explains a sample under the conditions of this moment."""
    settings = conditions.settings
    return ExplainRequest(
        code=snapshot.text,
        path=snapshot.path,
        task_id=task_id,
        completion=snapshot.sample_line is not None and snapshot.sample_line.completion,
        form=settings.form,
        prompt=snapshot.prompt,
        settings=settings.for_model,
        top_k=settings.top_k,
        rollouts=settings.rollouts * options.budget_factor,
        seconds=settings.seconds * options.budget_factor,
        method=settings.method,
        objective=settings.objective,
        pair=options.pair,
        exhaust=options.exhaust,
        sibling=settings.for_sibling,
        trusted=conditions.trusted,
        sandbox=settings.sandbox,
    )
