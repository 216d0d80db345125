"""Attach rules to one model instance, and take every trace of them away again.

Nothing is shared between models: a module's `forward` is covered by an instance attribute, and
the attention of this instance is switched by giving its modules a copy of their config that names
the function of attention.py (a config object may belong to several models). While attached, the
instance is the caller's alone.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from typing import Any

from attrs import frozen
from torch import nn

from attribution.lrp.rules.backward_trace import BackwardTrace

ATTENTION = "tokenblame"  # the name under which transformers finds our attention
_ABSENT = object()  # stands for an attribute that the instance did not have


@frozen
class Attachment:
    """One attachment: what is changed through it is undone when `undo` closes."""

    trace: BackwardTrace
    undo: ExitStack

    def override(self, module: nn.Module, name: str, value: object) -> None:
        """Cover an attribute of the instance."""
        attributes = vars(module)
        before = attributes.get(name, _ABSENT)
        attributes[name] = value
        self.undo.callback(_restore, attributes, name, before)

    def replace_forward(self, module: nn.Module, forward: Callable[..., Any]) -> None:
        self.override(module, _forward_name(module), forward)

    def before(self, module: nn.Module, hook: Callable[..., Any]) -> None:
        """`hook(module, positional, keywords)` before each call of `module`."""
        self.undo.callback(module.register_forward_pre_hook(hook, with_kwargs=True).remove)

    def after(self, module: nn.Module, hook: Callable[..., Any]) -> None:
        """`hook(module, positional, output)` after each call of `module`."""
        self.undo.callback(module.register_forward_hook(hook).remove)


Rule = Callable[[Any, Attachment], None]  # attaches what one module class needs
Rules = Mapping[type[nn.Module], Rule]


def current_forward(module: nn.Module) -> Callable[..., Any]:
    """What `replace_forward` would cover."""
    forward: Callable[..., Any] = getattr(module, _forward_name(module))
    return forward


def _forward_name(module: nn.Module) -> str:
    # accelerate (device_map) covers `forward` itself, moves data and weights and calls this.
    return "_old_forward" if "_hf_hook" in vars(module) else "forward"


def _restore(attributes: dict[str, Any], name: str, before: object) -> None:
    if before is _ABSENT:
        del attributes[name]
    else:
        attributes[name] = before


@contextmanager
def attached(model: nn.Module, rules: Rules, trace: BackwardTrace) -> Iterator[None]:
    """Put `rules` on every module of `model` and freeze its parameters, within the context.

    Raises KeyError where a class has no rule; `families.rules_for` has made sure of that.
    """
    with ExitStack() as undo:
        attachment = Attachment(trace, undo)
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.requires_grad_(False)
                undo.callback(parameter.requires_grad_, True)
        copies: dict[int, object] = {}
        for module in model.modules():
            rules[type(module)](module, attachment)
            config = vars(module).get("config")
            if config is not None:
                if id(config) not in copies:
                    copies[id(config)] = _with_our_attention(config)
                attachment.override(module, "config", copies[id(config)])
        yield


def _with_our_attention(config: Any) -> Any:
    copy = deepcopy(config)  # its setter also changes nested configs
    copy._attn_implementation = ATTENTION
    return copy
