"""Texts as models write them, with the program in them marked: «...», each piece by itself.

The entry point is `f`, but for those in OTHER_NAMES.
"""

FENCED = {
    "backticks": "Sure! Here it is:\n\n```python\n«def f(x):\n    return x\n»```\n\nIt works.\n",
    "tildes": "Here:\n~~~python\n«def f(x):\n    return x\n»~~~\n",
    "no language": "Here:\n```\n«def f(x):\n    return x\n»```\n",
    "info with a title": 'Code:\n```python title="f.py" {1}\n«def f(x):\n    return x\n»```\n',
    "capital language": "```Python\n«def f(x):\n    return x\n»```\n",
    "unclosed": "Here:\n```python\n«def f(x):\n    return x\n»",
    "unclosed, no line feed": "Here:\n```python\n«def f(x):\n    return x»",
    "closed only": "«def f(x):\n    return x\n»```\n\nThat is all.\n",
    "closed by an indented fence": "```python\n«def f(x):\n    return x\n»  ```\nDone.\n",
    "closed by a longer fence": "```python\n«def f(x):\n    return x\n»````\nDone.\n",
    "blank lines within the fence": "```python\n\n\n«def f(x):\n    return x\n»\n\n```\n",
    "longer around shorter": (
        "````markdown\nLike so:\n```python\n«def f(x):\n    return x\n»```\n````\n"
    ),
    "Markdown around Python": (
        "```markdown\n# Title\n```python\n«def f(x):\n    return x\n»```\n```\n"
    ),
    "shell first": (
        "```bash\npip install numpy\n```\n\n```python\n«import numpy\n\n\n"
        "def f(x):\n    return numpy.abs(x)\n»```\n"
    ),
    "usage behind": (
        "```python\n«def f(x):\n    y = x\n    return y\n»```\n\nUsage:\n"
        "```python\nprint(f(1))\nprint(f(2))\n```\n\nOutput:\n```\n1\n2\n```\n"
    ),
    "long usage behind": (
        "```python\n«def f(x):\n    return x\n»```\n"
        "```python\nprint(f(1))\nprint(f(2))\nprint(f(3))\n```\n"
    ),
    "the longest of two": (
        "Short:\n```python\ndef f(x):\n    return x\n```\n"
        "Clear:\n```python\n«def f(x):\n    y = x\n    return y\n»```\n"
    ),
    "the first of equals": (
        "```python\n«def f(x):\n    return x\n»```\nor\n```python\ndef f(y):\n    return y\n```\n"
    ),
    "first block never closed": (
        "```python\nimport math\n\n```python\n«def f(x):\n    return math.sqrt(x)\n»```\n"
    ),
    "in a list": (
        "1. Write it:\n\n   ```python\n   «def f(x):\n»   «    return x\n»   ```\n\n2. Run it.\n"
    ),
    "in a list, with a blank line": (
        "- So:\n  ```python\n  «import math\n\n»  «def f(x):\n»  «    return math.sqrt(x)\n»  ```\n"
    ),
    "behind a bullet": "* ```python\n  «def f(x):\n»  «    return x\n»  ```\n",
    "quoted": "> ```python\n> «def f(x):\n»> «    return x\n»> ```\n",
    "indented within the fence": "```python\n    «def f(x):\n»    «    return x\n»```\n",
    "indented by Markdown": "The function:\n\n    «def f(x):\n»    «    return x\n»\nDone.\n",
    "a fence in the docstring": (
        'Here:\n```python\n«def f(x):\n    """Like this:\n\n    ```python\n    f(1)\n    ```\n'
        '    """\n    return x\n»```\nDone.\n'
    ),
    "a fence at the margin of a string": (
        'Here:\n```python\n«TEXT = """\n```\nf\n```\n"""\n\n\n'
        "def f(x):\n    return TEXT\n»```\nDone.\n"
    ),
    "carriage returns": "Here:\r\n```python\r\n«def f(x):\r\n    return x\r\n»```\r\n",
    "one line": "```python\n«def f(x): return x\n»```\n",
    "a name of lambda": "So:\n```python\n«f = lambda x: x\n»```\n",
    "decorated": (
        "So:\n```python\n«import functools\n\n@functools.cache\ndef f(x):\n    return x\n»```\n"
    ),
    "async": "So:\n```python\n«async def f(x):\n    return x\n»```\n",
    "a method": "So:\n```python\n«class Solution:\n    def f(self, x):\n        return x\n»```\n",
    "another function": "So:\n```python\n«def g(x):\n    return x\n»```\n",
    "a script": "So:\n```python\n«n = int(input())\nprint(n + 1)\n»```\n",
    "a comment at the margin": "```python\n«def f(x):\n# first\n    return x\n»```\n",
    "a wrong escape": 'So:\n```python\n«def f(x):\n    return "\\d"\n»```\n',
}

BARE = {
    "a program": "«def f(x):\n    return x\n»",
    "a program with a fence in its docstring": (
        '«def f(x):\n    """So:\n\n```python\nf(1)\n```\n    """\n    return x\n»'
    ),
    "a program with an end token": '«def f(x):\n    return "<|endoftext|>"\n»',
    "a program with thinking": '«T = """\n<think>\n</think>\n"""\n\n\ndef f(x):\n    return x\n»',
    "byte order mark": "\ufeff«def f(x):\n    return x\n»",
    "carriage returns": "«def f(x):\r\n    return x\r\n»",
    "a call behind": "«def f(x):\n    return x\n\n\nprint(f(3))\n»",
    "two definitions": "«def f(x):\n    return x\n\n\ndef f(x):\n    return -x\n»",
    "the prompt twice": '«def f(x):\n    """Doc."""\ndef f(x):\n    """Doc."""\n    return x\n»',
    "a word before and behind": "Solution\n\n«def f(x):\n    return x\n»\nDone\n",
    "tildes that parse": "~~~python\n«def f(x):\n    return x\n»",
    "prose before": "Here's the function:\n\n«def f(x):\n    return x\n»",
    "prose behind": "«def f(x):\n    return x\n»\nThis returns x as it is.\n",
    "prose of two words that parse": "Here is code\n«def f(x):\n    return x\n»\nIt's done.\n",
    "a transcript behind": "«def f(x):\n    return x\n»\n>>> f(1)\n1\n",
    "a cut call behind": "«def f(x):\n    return x\n»\n\nprint(f(3, \n",
    "the prompt, then a fence": (
        'def f(x):\n    """Doc."""\n```python\n«def f(x):\n    """Doc."""\n    return x\n»```\n'
    ),
    "a longer prompt in a fence": (
        'As asked:\n```python\ndef f(x):\n    """Doc.\n\n    More.\n    """\n```\n'
        "Answer:\n```python\n«def f(x):\n    return x\n»```\n"
    ),
    "the prompt alone in prose": 'Complete this:\n«def f(x):\n    """Doc."""\n»\nIt is hard.\n',
    "imports of a neighbour": "«from helpers import upto\n\n\ndef f(x):\n    return upto(x)\n»",
}

AROUND = {
    "thinking": "<think>\nA hard one.\n</think>\n«def f(x):\n    return x\n»",
    "thinking with a longer draft": (
        "<think>\n```python\ndef f(x):\n    y = -x\n    return y\n```\nNo.\n</think>\n\n"
        "```python\n«def f(x):\n    return x\n»```\n"
    ),
    "thinking opened by the prompt": (
        "Hm.\n\ndef f(x):\n    y = -x\n    return y\n</think>\n\n«def f(x):\n    return x\n»"
    ),
    "thinking on the line of the code": "<think>Hm.</think>«def f(x):\n    return x\n»",
    "thinking in brackets": "[THINK]Hm.[/THINK]\n```python\n«def f(x):\n    return x\n»```\n",
    "thinking twice": "<think>a</think>\n<think>b</think>\n«def f(x):\n    return x\n»",
    "thinking to the end": "<think>\nLike so:\n```python\n«def f(x):\n    return x\n»```\nMaybe.\n",
    "nothing behind thinking": (
        "<think>\n```\n«def f(x):\n    return x\n»```\n</think>\nThat's it.\n"
    ),
    "harmony": (
        "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>"
        "«def f(x):\n    return x\n»<|return|>"
    ),
    "end token": "«def f(x):\n    return x\n»<|im_end|>\n",
    "end token on the last line": "«def f(x):\n    return x»</s>",
    "end tokens": "```python\n«def f(x):\n    return x\n»```\n<|eot_id|><pad> <pad>\n",
    "wide end token": "«def f(x):\n    return x\n»<｜end▁of▁sentence｜>",
    "end token behind a literal": '«def f(x):\n    return "</s>"\n»</s>',
    "mark and prose": "\ufeffHere's it:\n```python\n«def f(x):\n    return x\n»```\n",
}

BROKEN = {
    "no colon": (
        "Here:\n```python\n«def f(x):\n    for i in range(x)\n        x += i\n    return x\n»```\n"
    ),
    "no colon, in the middle": (
        "So:\n\n«def f(x):\n    y = x\n    while y < 5\n        y += 1\n    return y\n»\nDone.\n"
    ),
    "a stump": "Here:\n```python\n«def f(x):\n    y = x\n    return y +\n»```\nDone.\n",
    "cut off": "Here:\n```python\n«def f(x):\n    y = [x,\n»",
    "cut off in the docstring": 'Here:\n```python\n«def f(x):\n    """Doc\n»',
    "cut off, bare": '«def f(x):\n    """Doc."""\n    y = g(x\n»',
    "bare, with prose": (
        "Here's it:\n\n«import math\n\n\ndef f(x):\n    return (x\n»\nThis returns x as it is.\n"
    ),
    "without the entry point": "Here:\n```python\n«def g(x)\n    return x\n»```\nDone.\n",
    "only in a list": "1. So:\n   ```python\n   «def f(x):\n»   «    return (x\n»   ```\n",
    "a right one wins over a longer broken one": (
        "```python\ndef f(x)\n    y = x\n    return y\n```\nFixed:\n"
        "```python\n«def f(x):\n    return x\n»```\n"
    ),
}

OTHER_NAMES = {
    "überlauf": "Hier:\n```python\n«def überlauf(n):\n    return n\n»```\n",
    "ﬁnd": "Compared as Python does:\n```python\n«def find(n):\n    return n\n»```\n",
    "is_sorted": "Two:\n```\ndef is_sort(x):\n    a = 1\n    return a\n```\n"
    "```\n«def is_sorted(x):\n    return x\n»```\n",
}

NONE = {
    "": "empty",
    " \n\t\n": "empty",
    "\ufeff": "empty",
    "I cannot help with that.": "no Python program",
    "Sorry": "no Python program",
    "# a comment\n": "no Python program",
    "Note: this is hard.\n\n1. Think.\n2. Write.\n": "no Python program",
    "<|im_end|>": "end token alone",
    "<think>\nLet me see.\n": "thinking alone",
    "<think>Hm.</think>\n": "thinking alone",
    "```bash\npip install numpy\n```\n": "other languages than Python (bash)",
    "```javascript\nfunction f(x) { return x }\n```\n": "(javascript)",
    ">>> f(1)\n2\n": "transcript",
    "```python\n>>> f(1)\n2\n```\n": "transcript",
    "    y = x\n    return y\n": "body of a function",
    "```python\n```\n": "no Python program",
}
