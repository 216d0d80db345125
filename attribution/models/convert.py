"""Make a float32 safetensors copy of a GGUF model, once: it loads in seconds instead of minutes.

Run as a program, this module is the child that converts (its memory goes back with it); see
`attribution.fetch.child`. The copy counts only when its logits and token ids equal the
original's.
"""

import contextlib
import io
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from attribution.errors import ModelUnavailable, ResourceExhausted, TokenBlameError
from attribution.fetch import child
from attribution.resources import FULL

# Indentation, digits, operators, a line feed with carriage return, accents, an emoji of several
# tokens, a form feed: what code tokenizers stumble over.
SAMPLE = (
    'def naïve(números, /, *, k=12345):\r\n\t"""Größe → 😀 (文字)."""\n'
    "    return [n ** 2 for n in números if n != k and n >= 0x1F]  # déjà vu\n\x0c\n\n"
    "print(naïve([1, 2, 3]), f'{1.5e-3!r:>10}')\n"
)
_CHAT = [{"role": "user", "content": "Write a function."}]
_PERCENT = re.compile(r"(\d+)%\|")


def convert(source: Path, target: Path, say: Callable[[str, float | None], None]) -> None:
    """Write the GGUF file `source` to the empty folder `target` as safetensors with tokenizer.

    Raises ModelUnavailable where the copy does not compute exactly what the original does.
    """
    folder, name = source.parent, source.name
    say("reading the tokenizer", None)
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name, local_files_only=True)
    say("reading the weights", 0.0)
    with contextlib.redirect_stderr(_Percentages(lambda done: say("reading the weights", done))):
        model = AutoModelForCausalLM.from_pretrained(
            folder, gguf_file=name, dtype=torch.float32, local_files_only=True
        )
    ids = tokenizer(SAMPLE, return_tensors="pt").input_ids
    expected = _logits(model, ids)
    say("writing the copy", None)
    _unmark(model)
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
    del model
    say("comparing the copy with the original", None)
    _check_tokenizer(tokenizer, load_tokenizer(target))
    if not torch.equal(_logits(load_model(target), ids), expected):
        raise ModelUnavailable("The converted copy computes other logits than the original.")
    for path in target.iterdir():
        # safetensors closes its file to others; a cache may be shared.
        path.chmod((target / "config.json").stat().st_mode)
        _flush(path)


def load_model(folder: Path) -> PreTrainedModel:
    """The converted copy, in float32 on the CPU, without gradients."""
    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, use_safetensors=True, local_files_only=True
    )
    return model


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
        folder, local_files_only=True
    )
    return tokenizer


def _logits(model: PreTrainedModel, ids: torch.Tensor) -> torch.Tensor:
    """float32 [1, tokens, vocabulary] for int64 [1, tokens]."""
    with torch.no_grad():
        logits: torch.Tensor = model.train(False)(ids, use_cache=False).logits
    return logits


def _unmark(model: PreTrainedModel) -> None:
    """Forget that the weights were quantised: `save_pretrained` refuses while they say so.

    They are plain float32 since they were read.
    """
    for owner, names in (
        (model, ("hf_quantizer", "quantization_method", "is_quantized")),
        (model.config, ("quantization_config",)),
    ):
        for name in names:
            if name in vars(owner):
                delattr(owner, name)


def _check_tokenizer(original: PreTrainedTokenizerBase, copy: PreTrainedTokenizerBase) -> None:
    """Raise ModelUnavailable unless both read and write the same."""
    ids = original(SAMPLE).input_ids
    same = (
        copy(SAMPLE).input_ids == ids
        and original.decode(ids) == copy.decode(ids) == SAMPLE
        and copy.get_vocab() == original.get_vocab()
        and copy.special_tokens_map == original.special_tokens_map
        and copy.all_special_ids == original.all_special_ids
        and copy.chat_template == original.chat_template
    )
    if same and original.chat_template:
        same = _chat_ids(copy) == _chat_ids(original)
    if not same:
        raise ModelUnavailable("The converted tokenizer differs from the original.")


def _chat_ids(tokenizer: PreTrainedTokenizerBase) -> Any:
    return tokenizer.apply_chat_template(_CHAT, add_generation_prompt=True, return_dict=False)


def _flush(path: Path) -> None:
    """Onto the disk, before the rename that makes it count."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _Percentages(io.TextIOBase):
    """Standard error while transformers reads: its progress bar becomes our progress."""

    def __init__(self, report: Callable[[float], None]) -> None:
        self._report = report
        self._real = sys.stderr

    def write(self, text: str) -> int:
        if (match := _PERCENT.search(text)) is not None:
            self._report(int(match[1]) / 100)
        elif text.strip():
            self._real.write(text)
        return len(text)

    def flush(self) -> None:
        self._real.flush()


def main(source: str, target: str) -> None:
    """The child: convert, and answer in lines of JSON."""
    say = child.json_lines()
    try:
        convert(Path(source), Path(target), lambda text, done: say(stage=text, fraction=done))
        say(done=True)
    except TokenBlameError as error:
        say(error=error.code, message=error.message)
    except MemoryError:
        say(error=ResourceExhausted.code, message="The conversion ran out of memory.")
    except OSError as error:
        if error.errno not in FULL:
            raise
        say(error=ResourceExhausted.code, message="The disk filled up during the conversion.")


if __name__ == "__main__":
    main(*sys.argv[1:])
