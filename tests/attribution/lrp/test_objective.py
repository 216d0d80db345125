"""What is explained."""

import pytest
import torch

from attribution.errors import InvalidRequest
from attribution.lrp.objective import Objective, ObjectiveKind
from attribution.lrp.relevance import attribute
from attribution.lrp.settings import Method, PassSettings
from attribution.schema import METHODS, OBJECTIVES
from tests.attribution.lrp.tiny import VOCABULARY, Shape, build, logits, tokens

EVERY = (
    Objective(3, 5),
    Objective(3, kind=ObjectiveKind.TARGET),
    Objective(3, kind=ObjectiveKind.TOP, k=4),
    Objective(3, kind=ObjectiveKind.MEAN),
)


def value_of(objective: Objective, row: torch.Tensor) -> float:
    """The definition, on the logits (vocabulary,) of the plain model."""
    match objective.kind:
        case ObjectiveKind.CONTRAST:
            return float(row[3] - row[5])
        case ObjectiveKind.TARGET:
            return float(row[3])
        case ObjectiveKind.TOP:
            return float(row[3] - row.sort(descending=True).values[:4].mean())
        case ObjectiveKind.MEAN:
            return float(row[3] - row.mean())


@pytest.mark.parametrize("objective", EVERY)
@pytest.mark.parametrize("method", list(Method))
@pytest.mark.parametrize("head_bias", [False, True])
def test_every_objective_is_explained_completely(
    objective: Objective, method: Method, head_bias: bool
) -> None:
    model, ids = build(Shape("qwen2", tied=not head_bias)), tokens(9)
    if head_bias:
        model.lm_head.bias = torch.nn.Parameter(torch.linspace(-1, 1, VOCABULARY).double())
    found = attribute(model, ids, objective, PassSettings(method))
    assert found.logit_diff == pytest.approx(value_of(objective, logits(model, ids)[-1]), rel=1e-10)
    if method.ruled:
        assert found.logit_diff == pytest.approx(found.sum + found.leak + found.bias, rel=1e-10)
    else:
        assert found.leak == 0


def test_the_mean_of_the_top_is_of_the_tokens_that_were_on_top() -> None:
    objective = Objective(0, kind=ObjectiveKind.TOP, k=2)
    weights = objective.resolve(torch.tensor([1.0, 5.0, 3.0, 0.0]))
    moved = torch.tensor([1.0, 0.0, 0.0, 9.0])  # an intervention turned the order round
    assert float(weights.score(moved)) == 1.0


def test_a_contrast_needs_a_contrast_token() -> None:
    with pytest.raises(InvalidRequest, match="needs a contrast"):
        attribute(build(), tokens(4), Objective(3))


def test_the_names_that_are_offered_are_those_that_there_are() -> None:
    assert tuple(Method) == METHODS
    assert tuple(ObjectiveKind) == OBJECTIVES
