"""Load a model for attribution: evaluation mode, no gradients on parameters, device at run time.

Only safetensors are read, and no Python of a model's repository is run.
"""

import contextlib
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from attrs import frozen
from safetensors import SafetensorError
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging as transformers_logging

from attribution.errors import (
    InvalidRequest,
    ModelUnavailable,
    ResourceExhausted,
    UnsupportedModel,
)
from attribution.job import Checkpoint, Job, Report, carry_on, ignore
from attribution.models import quantised, store
from attribution.models.fingerprint import fingerprint, parameters
from attribution.resources import human, require_memory
from attribution.schema import ModelSettings

_CUDA = re.compile(r"cuda(?::(\d+))?")
_DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "float64": torch.float64,
}
FOUR_BIT = "4bit"  # a dtype to people: weights of 4 bits, computed with in the dtype of "auto"
SPREAD = "balanced"  # a device to people: the layers over all CUDA devices
_HEADROOM = 1.15  # over the weights: buffers and the first activations


@frozen(eq=False)
class LoadedModel:
    """A model that is ready to compute, with what is needed to name its results."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    name: str  # as the user named it
    fingerprint: str  # of weights and tokenizer; see fingerprint.py
    device: torch.device
    dtype: torch.dtype


def load(
    settings: ModelSettings, report: Report = ignore, checkpoint: Checkpoint = carry_on
) -> LoadedModel:
    """Fetch what is missing and load it.

    Raises InvalidRequest (device, dtype, folder), UnsupportedModel, ResourceExhausted, or what
    `store.ensure` raises.
    """
    job = Job.reporting(report, checkpoint)
    device = choose_device(settings.device)
    dtype = choose_dtype("auto" if settings.dtype == FOUR_BIT else settings.dtype, device)
    placing = _placing(settings, device, dtype)
    folder = store.ensure(settings.model, report, checkpoint)
    mark = fingerprint(folder)
    if not placing:  # else accelerate and bitsandbytes decide what lies where
        _require_room(folder, device, dtype, settings.model)
    checkpoint()
    kind = str(dtype).removeprefix("torch.")
    job.report(f"Loading {settings.model} ({kind}) on {device}")
    with _quiet(), _explained(settings.model):
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        model = _load_weights(folder, dtype, settings.model, placing)
        if not placing:
            model.to(device)  # type: ignore[arg-type] # transformers wraps it without its self
    if any(parameter.is_meta for parameter in model.parameters()):
        raise ResourceExhausted(
            f"{settings.model} does not fit on the GPUs of this machine, and parts that are "
            "offloaded cannot be explained. Use --dtype 4bit, or a smaller model."
        )
    checkpoint()
    quantised.keep_unpacked(model)
    model.train(False).requires_grad_(False)
    return LoadedModel(model, tokenizer, settings.model, mark, model.device, dtype)


def _placing(settings: ModelSettings, device: torch.device, dtype: torch.dtype) -> dict[str, Any]:
    """Options of from_pretrained for weights that are quantised or spread; else none."""
    if settings.device == SPREAD and settings.dtype != FOUR_BIT:
        return {"device_map": SPREAD}
    if settings.dtype != FOUR_BIT:
        return {}
    if find_spec("bitsandbytes") is None:
        raise InvalidRequest(
            "Weights of 4 bits need bitsandbytes: pip install 'tokenblame[quantised]'."
        )
    quantisation = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype
    )
    where = SPREAD if settings.device == SPREAD else {"": device}
    return {"quantization_config": quantisation, "device_map": where}


def _load_weights(
    folder: Path, dtype: torch.dtype, name: str, placing: dict[str, Any]
) -> PreTrainedModel:
    answer: Any = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=dtype,
        use_safetensors=True,
        local_files_only=True,
        trust_remote_code=False,
        output_loading_info=True,
        **placing,
    )
    read, info = answer
    # transformers fills gaps with random numbers and only logs it.
    if missing := sorted(info["missing_keys"]):
        raise ModelUnavailable(
            f"The weights of {name} are incomplete: {len(missing)} tensors are missing, "
            f"{missing[0]} first. Fetch the model anew."
        )
    model: PreTrainedModel = read
    return model


def choose_device(name: str) -> torch.device:
    """auto, cpu, mps, cuda, cuda:N or balanced; auto is the first of CUDA, MPS, CPU that is here.

    Raises InvalidRequest for any other name and for a device that this machine lacks.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", torch.cuda.current_device())
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    if name == "cpu":
        return torch.device("cpu")
    if name == "mps":
        if torch.backends.mps.is_available():
            return torch.device("mps")
        raise InvalidRequest("This machine has no MPS device; use auto or cpu.")
    if (match := _CUDA.fullmatch("cuda" if name == SPREAD else name)) is None:
        raise InvalidRequest(
            f"Unknown device {name!r}; use auto, cuda, cuda:N, balanced, mps or cpu."
        )
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if count == 0:
        raise InvalidRequest("This machine has no usable CUDA device; use auto or cpu.")
    index = int(match[1]) if match[1] else torch.cuda.current_device()
    if index >= count:
        raise InvalidRequest(f"There is no {name}; this machine has cuda:0 to cuda:{count - 1}.")
    return torch.device("cuda", index)


def choose_dtype(name: str, device: torch.device) -> torch.dtype:
    """auto or a name of `_DTYPES`; auto is bfloat16 on a GPU that computes in it, else float32.

    float16 is never chosen: its range is too small for relevance. Raises InvalidRequest.
    """
    if name == "auto":
        fits = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if fits else torch.float32
    if name not in _DTYPES or (name == "float64" and device.type == "mps"):
        raise InvalidRequest(
            f"The dtype {name!r} does not exist on {device.type}; use auto or one of "
            f"{', '.join(_DTYPES)}, {FOUR_BIT}."
        )
    return _DTYPES[name]


def _require_room(folder: Path, device: torch.device, dtype: torch.dtype, name: str) -> None:
    """Raise ResourceExhausted where the weights would not fit."""
    weights = parameters(folder) * dtype.itemsize
    require_memory(int(weights * _HEADROOM), f"Loading {name}")
    if device.type == "cuda":
        free, _total = torch.cuda.mem_get_info(device)
        if free < weights * _HEADROOM:
            raise ResourceExhausted(
                f"{name} needs about {human(int(weights * _HEADROOM))} on {device}, "
                f"{human(free)} are free. Use a smaller model, or the CPU (--device cpu)."
            )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars of transformers; progress goes through the caller's report."""
    enabled = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if enabled:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]


@contextlib.contextmanager
def _explained(name: str) -> Iterator[None]:
    """Turn what transformers raises into errors that name the model."""
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise ResourceExhausted(
            f"There is not enough memory for {name}. Use a smaller model, or another device."
        ) from error
    except SafetensorError as error:
        raise ModelUnavailable(f"The weights of {name} are damaged: {error}") from error
    # An unknown architecture, code in the repository, a quantisation that needs a package.
    except (ValueError, KeyError, ImportError, OSError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise UnsupportedModel(f"{name} cannot be loaded: {reason}") from error


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out; torch's CPU allocator raises a plain RuntimeError."""
    told = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return told or "can't allocate memory" in str(error)
