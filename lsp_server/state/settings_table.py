"""Every setting, once: how it is validated, and how it is described to users.

`settings_parser.py` checks what a client sends by this table; `settings_docs.py` makes of it the
settings in the extension's package.json and the table in lsp_server/README.md (`make generate`).
"""

from attribution.schema import Form
from lsp_server.state.extension_settings import EXTENSION_SETTINGS
from lsp_server.state.setting_kinds import (
    Boolean,
    Choice,
    Name,
    Number,
    Option,
    OptionalName,
    Pattern,
    Setting,
)
from lsp_server.state.settings import Run

_SERVER: tuple[Setting, ...] = (
    Setting(
        "run",
        Choice(
            (
                Option(
                    "type",
                    Run.TYPE,
                    "When a sample is opened or saved, and when you pause while editing it.",
                ),
                Option("open", Run.OPEN, "When a sample is opened or saved."),
                Option("save", Run.SAVE, "When a sample is saved."),
                Option(
                    "manual", Run.MANUAL, 'Only by the command "Token Blame: Explain this sample".'
                ),
            )
        ),
        default="type",
        description="When samples are graded and explained.",
        attribute="run",
    ),
    Setting(
        "debounce",
        Number(int, 0, 60_000),
        default=800,
        description="Milliseconds without a keystroke before an edited sample is explained again.",
        attribute="debounce",
    ),
    Setting(
        "model",
        Name(),
        default="qwen2.5-coder-0.5b",
        description=(
            "Model to explain with: a name from `tokenblame models`, a local folder or a hub id."
        ),
        attribute="model",
        scope="machine-overridable",
    ),
    Setting(
        "sibling",
        OptionalName(),
        default="",
        description=(
            "A second model with the same tokenizer, such as `qwen2.5-coder-1.5b`, which "
            "the search asks for tokens that might repair the sample, and with which a "
            "choice is compared. Empty: none."
        ),
        attribute="sibling",
        scope="machine-overridable",
    ),
    Setting(
        "device",
        Pattern(r"auto|cpu|mps|balanced|cuda(:\d+)?", "auto, cpu, mps, cuda, cuda:N or balanced"),
        default="auto",
        description=(
            "Where the model runs: `auto`, `cuda`, `cuda:N`, `mps`, `cpu`, or `balanced` "
            "over all GPUs."
        ),
        attribute="device",
    ),
    Setting(
        "dtype",
        Choice(
            (
                Option("auto", "auto"),
                Option("float32", "float32"),
                Option("bfloat16", "bfloat16"),
                Option("float16", "float16"),
                Option("4bit", "4bit"),
            )
        ),
        default="auto",
        description="Number format of the model's weights.",
        attribute="dtype",
    ),
    Setting(
        "form",
        Choice(
            (
                Option("auto", None, "As recorded beside the sample, otherwise guessed from it."),
                Option("direct", Form.DIRECT, "Prompt and completion are one Python file."),
                Option("chat", Form.CHAT, "The prompt was a chat message."),
            )
        ),
        default="auto",
        description="How the model was asked for the sample.",
        attribute="form",
    ),
    Setting(
        "method",
        Choice(
            (
                Option(
                    "attnlrp", "attnlrp", "AttnLRP: complete, and the best that was measured here."
                ),
                Option("cplrp", "cplrp", "CP-LRP: attention weights count as constants."),
                Option("gradient", "gradient", "Gradient × input."),
                Option("integrated", "integrated", "Integrated gradients."),
            )
        ),
        default="attnlrp",
        description="Attribution method.",
        attribute="method",
    ),
    Setting(
        "objective",
        Choice(
            (
                Option(
                    "contrast",
                    "contrast",
                    "What the model wrote, minus the token that would have passed.",
                ),
                Option("target", "target", "What the model wrote, alone."),
                Option(
                    "top",
                    "top",
                    "What the model wrote, minus the mean of the ten likeliest tokens.",
                ),
                Option("mean", "mean", "What the model wrote, minus the mean of all tokens."),
            )
        ),
        default="contrast",
        description="Which score is distributed over the tokens.",
        attribute="objective",
    ),
    Setting(
        "search.rollouts",
        Number(int, 1, 4096),
        default=1024,
        description="How many alternative programs the search for the broken token may write.",
        attribute="rollouts",
    ),
    Setting(
        "search.seconds",
        Number(float, 1, 3600),
        default=180,
        description="How many seconds the search for the broken token may take.",
        attribute="seconds",
    ),
    Setting(
        "search.topK",
        Number(int, 2, 100),
        default=10,
        description=(
            "How many of the model's likeliest tokens the search tries in the place of each token."
        ),
        attribute="top_k",
    ),
    Setting(
        "thresholds.weak",
        Number(float, 0, 100),
        default=1,
        description="A pair is marked weak where its Δℓ is smaller (natural-log units).",
        attribute="thresholds.weak",
    ),
    Setting(
        "thresholds.share",
        Number(float, 0, 1),
        default=0,
        description=(
            "Tokens with a smaller share of all relevance are not named beside a diagnostic."
        ),
        attribute="thresholds.share",
    ),
    Setting(
        "thresholds.strongest",
        Number(int, 0, 100),
        default=5,
        description="How many of the strongest tokens are named beside a diagnostic.",
        attribute="thresholds.strongest",
    ),
    Setting(
        "sandbox",
        Choice(
            (
                Option("auto", "auto", "The strongest layer that works on this machine."),
                Option(
                    "bubblewrap",
                    "bubblewrap",
                    (
                        "Bubblewrap: no network, no home folder, a read-only view of Python, "
                        "a private /tmp. Where it does not work, nothing is run."
                    ),
                ),
                Option(
                    "limits",
                    "limits",
                    (
                        "Limits on time and memory alone: samples can use the network and "
                        "read and write your files."
                    ),
                ),
            )
        ),
        default="auto",
        description=(
            "What samples are shut into while their tests run. A change restarts the test runner."
        ),
        attribute="sandbox",
        scope="machine-overridable",
    ),
    Setting(
        "engine.idleSeconds",
        Number(float, 1, 604_800, nullable=True),
        default=None,
        description=(
            "Seconds without work after which the engine leaves and frees its memory. "
            "Empty: the engine's own time."
        ),
        attribute="idle",
    ),
    Setting(
        "trusted",
        Boolean(),
        default=False,
        description="Whether samples are run, where the client knows no workspace trust.",
        attribute="trusted",
        in_extension=False,
    ),
    Setting(
        "semanticTokens",
        Boolean(),
        default=False,
        description="The heat map as semantic tokens, for clients that do not paint it themselves.",
        attribute="semantic_tokens",
        in_extension=False,
    ),
    Setting(
        "inlayHints",
        Boolean(),
        default=False,
        description="Relevance beside the strongest tokens, for the same clients.",
        attribute="hints",
        in_extension=False,
    ),
)

SETTINGS = (*_SERVER, *EXTENSION_SETTINGS)
