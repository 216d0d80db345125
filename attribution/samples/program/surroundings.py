"""What stands around an answer: thinking before it, end tokens behind it, prose."""

import re

from attribution.samples.program.syntax import english

_END_TOKEN = re.compile(
    r"(?:<[|｜][^<>|｜\s]{1,40}[|｜]>|</?s>|<(?:eos|pad|eot|end_of_turn|end_of_utterance)>|\[EOS\])\Z"
)
_LONGEST_TOKEN = 48
_THINKING = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "[THINK]": "[/THINK]",
    "◁think▷": "◁/think▷",
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "<|channel|>analysis<|message|>": "<|channel|>final<|message|>",
}
# A closing tag alone, where the prompt opened the thinking: at an end of its line.
_TAGS = [re.escape(tag) for tag in _THINKING.values()]
_CLOSED = re.compile("|".join(rf"^[ \t]*{tag}|{tag}[ \t]*$" for tag in _TAGS), re.MULTILINE)
_ITEM = re.compile(r"(?:[-*+•]|\d{1,3}[.)])[ \t]+\S|\*\*\w|[^\W\d]+(?:'[a-z]|[,!.] )")
# Keywords that begin a sentence, too; what follows tells which it is.
_WORD = re.compile(r"(?:for|with|if|in|as|from|while|and|or|not|is|return|else)[ \t]+")
_PAUSE = re.compile(r"[^\W\d]\w*, [^\W\d]\w* [^\W\d]")


def end_tokens(text: str) -> int:
    """Where the end tokens behind the text begin; its length where there are none."""
    end = found = len(text)
    while True:
        while end and text[end - 1].isspace():
            end -= 1
        token = _END_TOKEN.search(text[max(0, end - _LONGEST_TOKEN) : end])
        if token is None:
            return found
        end = found = end - len(token.group())


def answer(text: str, start: int, end: int) -> int:
    """Where the answer begins behind the thinking; `end` where thinking goes on to the end."""
    alone = _CLOSED.search(text, start, end)
    if alone and not any(tag in text[start : alone.start()] for tag in _THINKING):
        start = alone.end()
    while True:
        place = start
        while place < end and text[place].isspace():
            place += 1
        close = next((c for o, c in _THINKING.items() if text.startswith(o, place, end)), None)
        if close is None:
            return start
        closed = text.find(close, place, end)
        if closed < 0:
            return end
        start = closed + len(close)


def prose(line: str) -> bool:
    """Whether the line is rather English than a line of Python with an error in it."""
    line = line.strip()
    word = _WORD.match(line)
    rest = line[word.end() :] if word else line
    return english(rest) or _ITEM.match(line) is not None or _PAUSE.match(rest) is not None
