"""How a pass is run: by which method, when it may be given up, and what it keeps."""

from enum import StrEnum

from attrs import frozen

from attribution.errors import InvalidRequest
from attribution.job import Checkpoint, carry_on


class Method(StrEnum):
    """How relevance is computed."""

    ATTNLRP = "attnlrp"
    CPLRP = "cplrp"
    GRADIENT = "gradient"  # gradient × input: no rule at all, the model's true gradient
    INTEGRATED = "integrated"  # integrated gradients: the same along a path from a baseline

    @classmethod
    def named(cls, name: str) -> "Method":
        """The method of this name. Raises InvalidRequest, which lists the names that there are."""
        try:
            return cls(name)
        except ValueError:
            known = ", ".join(cls)
            raise InvalidRequest(f"There is no method {name!r}; there are {known}.") from None

    @property
    def ruled(self) -> bool:
        """Whether the layers are linear on the way back, so that relevance flows along edges."""
        return self in (Method.ATTNLRP, Method.CPLRP)


@frozen
class PassSettings:
    """Settings that every pass through a model takes."""

    method: Method = Method.ATTNLRP
    # Called before every layer, forward and backward; what it raises (Cancelled) ends the pass.
    checkpoint: Checkpoint = carry_on
    # Keep only the inputs of the layers, (n, d) each, and run each layer anew on the way back:
    # a third more time.
    recompute: bool = False


DEFAULT = PassSettings()
