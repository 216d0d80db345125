"""Which part of a text is the program, and what was left out.

People bring raw chat answers: prose, Markdown fences, thinking, end tokens, the prompt once more, a
call of the function behind it. `find_program` finds the program in such a text and keeps its place,
so that verdict, search and heat map speak of the text as it stands. The rules, in this order:

1.  **A text that is a program stays whole.** It parses as Python and does something. Nothing within
    it counts as a fence, an end token or thinking: it may be in a docstring. Only a byte order
    mark, which Python skips, is not part of the program that runs. Lines at its two ends that can
    do nothing but raise NameError are prose that happens to parse ("Solution", "Here is code").
2.  **End tokens** at the very end are cut off; in any other place they are text.
3.  **Thinking** (`<think>`, `[THINK]`, ...) is not the answer: the program is sought behind it, and
    within it only where the answer has none.
4.  **EvalPlus' rule for the entry point.** Its sanitiser takes the longest stretch of lines that
    parses, by lines that are not blank, the first of equals. Fences never parse and thereby
    separate. Here it is the longest stretch that binds the entry point, found by compiling
    statement by statement, in nearly linear time; EvalPlus tries all pairs of lines.
5.  **Indented blocks** (fences in lists and quotations) are read without their indentation.
6.  **Programs that do not parse** (cut off, a syntax error) are found by `def` and the entry
    point's name: the fence around it, closed or not, or else its lines up to the next prose.
7.  **Without the entry point**, which may be unknown or missing: the longest stretch that defines
    something, then a fence in Python, then lines behind a `def` that do not parse.

Where EvalPlus' sanitiser gives a program with the entry point, this one has the same definitions,
but for these cases:

-   *Of two definitions of one name* EvalPlus keeps the first, Python the last. The text runs as it
    is, so the last counts.
-   *Thinking*: a longer draft in it is not the answer. (Other harnesses cut thinking off before
    EvalPlus reads the text.)
-   *A stub*, a function of a docstring alone, is the prompt once more, not an answer, while there
    is another definition.
-   *A stump*: where a syntax error cuts the entry point's own function short, so that it neither
    returns nor raises at its end, EvalPlus judges the lines before the error. What the model wrote
    has a syntax error, and that is what there is to explain.

EvalPlus also needs two lines, no indentation, and a longest stretch that is no other code; where it
finds nothing, this one may find a program.
"""

from attribution.samples.program.find import find_program
from attribution.samples.program.values import Kind, LeftOut, NoProgram, Program, Span

__all__ = ["Kind", "LeftOut", "NoProgram", "Program", "Span", "find_program"]
