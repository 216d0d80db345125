"""Which of the waiting requests the engine takes up first."""

from attribution.schema import (
    CurveRequest,
    EngineRequest,
    FaithfulnessRequest,
    GenerateRequest,
    MarginRequest,
    VerifyRequest,
)


def priority(request: EngineRequest) -> int:
    """0: while somebody types; 1: somebody waits for it; 2: samples, or minutes of measuring.

    What runs already is not interrupted, whatever comes: it may have its rules in the model.
    """
    if isinstance(request, MarginRequest):
        return 0
    if isinstance(request, FaithfulnessRequest) and request.full:
        return 2
    return 2 if isinstance(request, GenerateRequest | CurveRequest | VerifyRequest) else 1
