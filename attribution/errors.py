"""Every error that Token Blame raises on purpose, each with a stable wire code.

    TokenBlameError            internal
    ├─ InvalidRequest          invalid_request     the request makes no sense
    │  ├─ UnknownTask          unknown_task        no such EvalPlus task
    │  ├─ UnknownModel         unknown_model       neither a name, a folder nor a hub id
    │  └─ InvalidSample        invalid_sample      empty, not UTF-8, or without the entry point
    ├─ Unavailable             unavailable         no source of an artefact answered
    │  ├─ DataUnavailable      data_unavailable    … of the EvalPlus data
    │  ├─ ModelUnavailable     model_unavailable   … of the weights
    │  └─ WrongHash            wrong_hash          what arrived is not the pinned artefact
    ├─ UnsupportedModel        unsupported_model   a module class without a relevance rule
    ├─ ExecutionRefused        execution_refused   the workspace is not trusted
    ├─ RunnerFailed            runner_failed       the test runner died or spoke nonsense
    │  └─ SandboxUnavailable   sandbox_unavailable the chosen sandbox does not work here
    ├─ EngineUnavailable       engine_unavailable  the engine cannot be started or reached
    │  └─ ProtocolMismatch     protocol_mismatch   the two sides speak different versions
    ├─ ResourceExhausted       resource_exhausted  memory or disk is full
    └─ Cancelled               cancelled           the caller gave up

Messages say what happened and what to do about it; they are shown to people as they are.
"""

from typing import ClassVar


class TokenBlameError(Exception):
    """Root of the tree; `code` is what travels over the wire."""

    code: ClassVar[str] = "internal"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidRequest(TokenBlameError):
    code = "invalid_request"


class UnknownTask(InvalidRequest):
    code = "unknown_task"


class UnknownModel(InvalidRequest):
    code = "unknown_model"


class InvalidSample(InvalidRequest):
    code = "invalid_sample"


class Unavailable(TokenBlameError):
    code = "unavailable"


class DataUnavailable(Unavailable):
    code = "data_unavailable"


class ModelUnavailable(Unavailable):
    code = "model_unavailable"


class WrongHash(Unavailable):
    code = "wrong_hash"


class UnsupportedModel(TokenBlameError):
    code = "unsupported_model"


class ExecutionRefused(TokenBlameError):
    code = "execution_refused"


class RunnerFailed(TokenBlameError):
    code = "runner_failed"


class SandboxUnavailable(RunnerFailed):
    code = "sandbox_unavailable"


class EngineUnavailable(TokenBlameError):
    code = "engine_unavailable"


class ProtocolMismatch(EngineUnavailable):
    code = "protocol_mismatch"


class ResourceExhausted(TokenBlameError):
    code = "resource_exhausted"


class Cancelled(TokenBlameError):
    code = "cancelled"

    def __init__(self, message: str = "Cancelled.") -> None:
        super().__init__(message)


def _tree(root: type[TokenBlameError]) -> dict[str, type[TokenBlameError]]:
    found = {root.code: root}
    for child in root.__subclasses__():
        found.update(_tree(child))
    return found


def from_code(code: str, message: str) -> TokenBlameError:
    """The exception that `code` stands for; an unknown code becomes the root class."""
    return _tree(TokenBlameError).get(code, TokenBlameError)(message)
