"""How output ids read, and where they end."""

from collections.abc import Sequence

from attrs import frozen
from transformers import PreTrainedTokenizerBase

from attribution.decoding.prompts import Stops
from attribution.decoding.tokens import decode_after

_TAIL = 24  # tokens; more than any stop sequence spans


@frozen
class Completion:
    """What decoding wrote after the prompt."""

    ids: tuple[int, ...]  # output tokens up to the stop; the last may reach beyond `text`
    text: str  # cut at the stop sequence
    finished: bool  # False: the token limit ended it


@frozen(eq=False)
class Reader:
    """Reads the output of one prompt. `own` is the index of the first output token that counts:
    stop sequences before it, in a sample that is not ours, do not."""

    tokenizer: PreTrainedTokenizerBase
    stops: Stops
    context: int  # the last token of the prompt

    def ended(self, output: Sequence[int], own: int) -> bool:
        """Whether the last token of `output` is, or completes, an end."""
        if output[-1] in self.stops.end_ids:
            return True
        # The tail is a cheap first look; it may lie before the row's own tokens.
        tail = self.tokenizer.decode(list(output[-_TAIL:]))
        assert isinstance(tail, str)
        return self.stops.cut(tail) is not None and self._cut(output, own)[1] is not None

    def completion(self, output: Sequence[int], own: int, *, finished: bool) -> Completion:
        ids = output[:-1] if output and output[-1] in self.stops.end_ids else output
        text, cut = self._cut(ids, own)
        if cut is not None:
            text, ids = text[:cut], self._reaching(ids, cut)
        return Completion(tuple(ids), text, finished)

    def text(self, output: Sequence[int]) -> str:
        return decode_after(self.tokenizer, self.context, output)

    def _cut(self, ids: Sequence[int], own: int) -> tuple[str, int | None]:
        text = self.text(ids)
        return text, self.stops.cut(text, len(self.text(ids[:own])))

    def _reaching(self, ids: Sequence[int], length: int) -> Sequence[int]:
        """The shortest head of `ids` whose text covers `length` characters."""
        low, high = 0, len(ids)
        while low < high:
            middle = (low + high) // 2
            if len(self.text(ids[:middle]).rstrip("\ufffd")) < length:
                low = middle + 1
            else:
                high = middle
        return ids[:low]
