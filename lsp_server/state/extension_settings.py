"""Settings of the VS Code extension alone; the server ignores them."""

from lsp_server.state.setting_kinds import Boolean, Choice, Number, Option, Setting, Text

EXTENSION_SETTINGS: tuple[Setting, ...] = (
    Setting(
        "python",
        Text(),
        default="",
        description=(
            "Path of the Python interpreter that has Token Blame installed (`import "
            "lsp_server` works there). Empty: in trusted workspaces the interpreter that "
            "is selected in the Python extension, then the workspace's `.venv`; then the "
            "environment that **Set up Python** has made, then `python3`."
        ),
        scope="machine-overridable",
    ),
    Setting(
        "client.jsonl",
        Text(),
        default="**/*samples*.jsonl",
        description=(
            "Which files of the workspace are looked at for samples, beside task folders "
            "such as HumanEval_65."
        ),
    ),
    Setting(
        "colors.enabled",
        Boolean(),
        default=True,
        description="Paint the heat map.",
    ),
    Setting(
        "colors.intensity",
        Number(float, 0.25, 4),
        default=1,
        description=(
            "Strength of the heat map: above 1 weaker tokens become visible, below 1 only"
            " the strongest stay."
        ),
    ),
    Setting(
        "colors.palette",
        Choice(
            (
                Option(
                    "redBlue",
                    "redBlue",
                    (
                        "Red speaks for what the model wrote, blue for the token that would "
                        "have passed."
                    ),
                ),
                Option(
                    "orangeBlue",
                    "orangeBlue",
                    (
                        "Orange and blue, which are told apart with every common colour "
                        "vision deficiency."
                    ),
                ),
            )
        ),
        default="redBlue",
        description=(
            "Colours of the heat map. Each can be changed in workbench.colorCustomizations."
        ),
    ),
    Setting(
        "colors.underline",
        Choice(
            (
                Option("all", "all", "Every painted token."),
                Option("strong", "strong", "All but the weakest."),
                Option("off", "off", "No token; the colour alone tells the sign."),
            )
        ),
        default="strong",
        description=(
            "Which tokens are underlined: solid for what the model wrote, dotted for the "
            "token that would have passed; thicker where it is stronger."
        ),
    ),
    Setting(
        "colors.positive",
        Boolean(),
        default=True,
        description="Paint tokens that speak for what the model wrote.",
    ),
    Setting(
        "colors.negative",
        Boolean(),
        default=True,
        description="Paint tokens that speak for the token that would have passed.",
    ),
    Setting(
        "colors.template",
        Boolean(),
        default=True,
        description="Paint tokens that only frame the prompt (chat template, first token).",
    ),
    Setting(
        "trace.server",
        Choice(
            (
                Option("off", "off"),
                Option("messages", "messages"),
                Option("verbose", "verbose"),
            )
        ),
        default="off",
        description="Log the messages between editor and server.",
    ),
)
