"""What is known about one version of one document."""

from enum import Enum, auto

from attrs import evolve, field, frozen

from attribution.schema import Event, Margin
from lsp_server.documents.snapshot import Snapshot
from lsp_server.protocol.positions import Span
from lsp_server.state.counterfactual import Baseline, with_counterfactual
from lsp_server.state.editor_view import EditorView, view_of
from lsp_server.state.explanation import Explanation
from lsp_server.state.requests import ExplainOptions
from lsp_server.state.settings import Thresholds


class SessionState(Enum):
    """How far the explanation of a sample is."""

    IDLE = auto()  # not explained: nobody asked yet
    RUNNING = auto()
    DONE = auto()
    STOPPED = auto()  # the engine could not, or was told to stop
    REFUSED = auto()  # the workspace is not trusted


@frozen
class Session:
    """The state of one document, or of one line of it. A new version starts an empty one."""

    snapshot: Snapshot
    task_id: str | None
    options: ExplainOptions = field(factory=ExplainOptions)
    state: SessionState = SessionState.IDLE
    explanation: Explanation = field(factory=Explanation)
    view: EditorView = field(factory=EditorView)
    baseline: Baseline | None = None  # what an edit is compared with

    @property
    def fault(self) -> Span | None:
        """The faulty token of this version; until that is explained, that of the one before."""
        return self.view.pair_span or (self.baseline.span if self.baseline else None)

    def with_options(self, options: ExplainOptions) -> "Session":
        """The session of another request; what stays true under it stays known."""
        if options.check_faithfulness:
            return evolve(self, options=options)
        explanation = self.explanation.with_chosen_pair(options.pair)
        baseline = None if options.pair is not None else self.baseline
        return evolve(self, options=options, explanation=explanation, baseline=baseline)

    def with_event(self, event: Event) -> "Session":
        """The session after one event of the engine."""
        if isinstance(event, Margin):
            return evolve(self, baseline=self.baseline and evolve(self.baseline, margin=event))
        return evolve(self, explanation=self.explanation.with_event(event))

    def with_view(self, thresholds: Thresholds) -> "Session":
        """The session with its view made anew from what is known."""
        view = view_of(self.snapshot, self.explanation, thresholds)
        if self.snapshot.sample_line is None:
            view = with_counterfactual(view, self.explanation, self.baseline)
        return evolve(self, view=view)
