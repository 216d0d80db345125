"""An explanation as a page of Markdown that can be pasted into an issue."""

from collections.abc import Iterator

from attribution.schema import Attribution, ContrastPair, Document, Faithfulness
from lsp_server.documents.snapshot import Snapshot
from lsp_server.features.panel.details import unified_diff
from lsp_server.state import wording
from lsp_server.state.explanation import Explanation
from lsp_server.state.session import Session

_STRONGEST = 10


def report(session: Session) -> str:
    """The whole page; what is not known yet is left out."""
    snapshot, explanation = session.snapshot, session.explanation
    parts = [
        f"# {session.task_id}: why the model wrote it",
        *_verdict(explanation),
        *_pair(snapshot, explanation.pair, weak=session.view.weak),
        *_tokens(session),
        *_completeness(explanation.attribution),
        *_trust(explanation.faithfulness),
    ]
    return "\n\n".join(parts) + "\n"


def _verdict(explanation: Explanation) -> Iterator[str]:
    if (generation := explanation.generation) is not None:
        again = " (tokenised again: no trace)" if generation.retokenized else ""
        model = f"Model {wording.code_span(generation.model)}{again}, {generation.form.value} form."
        yield " ".join(filter(None, (model, wording.describe_own_share(explanation.search))))
    if (verdict := explanation.verdict) is not None:
        more = explanation.search.message if explanation.search and not explanation.pair else ""
        data = f" ({verdict.data_version})" if verdict.data_version else ""
        failed = wording.describe_failure(verdict, more)
        yield (wording.describe_outcome(verdict, None) + "." if verdict.passed else failed) + data


def _pair(snapshot: Snapshot, pair: ContrastPair | None, *, weak: bool) -> Iterator[str]:
    if pair is None:
        return
    yield wording.describe_pair(pair, weak=weak, where="")
    if pair.repaired_program is not None and snapshot.sample_line is None:
        yield wording.fenced("diff", unified_diff(snapshot.text, pair.repaired_program))


def _tokens(session: Session) -> Iterator[str]:
    heat, generation = session.view.heat_map, session.explanation.generation
    if heat is None or generation is None:
        return
    texts = {Document.CODE: generation.code, Document.PROMPT: generation.prompt}
    rows = ["| rank | token | relevance | share |", "|---|---|---|---|"]
    for rank, one in enumerate(heat.ranked[:_STRONGEST], 1):
        text = wording.token(texts[one.document][one.span.start : one.span.end])
        share = abs(one.relevance) / heat.total if heat.total else 0.0
        cells = (str(rank), text, wording.signed(one.relevance), f"{share:.1%}")
        rows.append("| " + " | ".join(map(wording.table_cell, cells)) + " |")
    yield "The strongest tokens:\n\n" + "\n".join(rows)


def _completeness(found: Attribution | None) -> Iterator[str]:
    if found is not None:
        yield wording.describe_completeness(found)


def _trust(found: Faithfulness | None) -> Iterator[str]:
    if found is not None:
        yield f"Is the map faithful? {found.message}"
