"""The second wall: what is no straight line of a module's is refused by name, whoever wrote it."""

from __future__ import annotations

from typing import Any

import pytest

import gradc
from gradc.emit.allow import verify, verify_lines
from gradc.ops.helpers import HELPERS

HOSTILE = [
    "from os import system",
    "from numpy import ctypeslib",
    "import numpy.lib as lib",
    "np.fromfile('x')",
    "np.memmap('x')",
    "np.lib.npyio.open('x')",
    "np.lib.format.open_memmap('x')",
    "np.ctypeslib.load_library('x', 'y')",
    "np.testing.run_module_suite()",
    "np.frompyfunc(eval, 1, 1)",
    "np.vectorize(eval)",
    "np.seterrcall(eval)",
    "np.loadtxt('x')",
    "np.genfromtxt('x')",
    "np.rec.fromfile('x')",
    "np.array([1]).tofile('x')",
    "np.array([1]).dump('x')",
    "getattr(np, 'sa' + 've')('x', 1)",
    "setattr(np, 'exp', 0)",
    "globals()['__builtins__']",
    "type(np).__subclasses__()",
    "().__class__.__bases__[0].__subclasses__()",
    "print.__self__",
    "sum.__module__",
    "math.__loader__.load_module('os')",
    "list(map(eval, ['1']))",
    "sorted(['1'], key=eval)",
    "f'{eval(1)}'",
    "(y := eval)",
    "from concurrent.futures import ProcessPoolExecutor",
    "async def f(): pass",
    "e = eval",
    "e = eval; e('1')",
    "eval = eval",
    "(lambda: eval)()('1')",
    "(lambda eval=eval: eval)()('1')",
    "x = [eval for eval in eval('[1]')]",
    "x = [eval for eval in [1]]\neval('1')",
    "x = (y for y in (open, exec))",
    "def f(eval=eval):\n    return eval('1')",
    "def f(x: eval('1')):\n    return x",
    "def f(x) -> eval('1'):\n    return x",
    "try:\n    1/0\nexcept ZeroDivisionError as eval:\n    pass\neval('1')",
    "if 0:\n    eval = 1\neval('1')",
    "y = eval('1')\ndef eval(x):\n    return x",
    "__builtins__['eval']",
    "__builtins__.eval",
    "__import__('os')",
    "__loader__.load_module('os')",
    "getattr(1, 'real')",
    "globals()",
    "vars()",
    "open('x')",
    "breakpoint()",
    "input()",
    "exit()",
    "help()",
    "memoryview(b'')",
    "object.__subclasses__()",
    "().__class__",
    "(1).real.__class__",
    "'{0.__class__}'.format(1)",
    "'x'.encode()",
    "import os",
    "import numpy.lib",
    "import sys as np",
    "import threading",
    "from os import system",
    "from numpy import *",
    "from numpy import save",
    "from numpy import load as sin",
    "from math import *",
    "from . import x",
    "from concurrent.futures import ProcessPoolExecutor",
    "import numpy as np; np.save('x', 1)",
    "import numpy as np; np.load('x')",
    "import numpy as np; np.fromfile('x')",
    "import numpy as np; np.memmap('x')",
    "import numpy as np; np.lib.format.open_memmap('x')",
    "import numpy as np; np.lib.npyio.os.system('true')",
    "import numpy as np; np.ctypeslib",
    "import numpy as np; np.array(1).tofile('x')",
    "import numpy as np; np.array(1).dump('x')",
    "import math; math.__loader__",
    "def f(x):\n    global eval\n    return x",
    "def f(x):\n    def g():\n        nonlocal x\n        return x\n    return g",
    "class A(metaclass=eval):\n    pass",
    "class A:\n    if 0:\n        eval = 1\n    eval('1')",
    "async def f():\n    pass",
    "def f():\n    yield 1",
    "def f():\n    return (x := 1)",
    "del x",
    "assert x",
    "while 1:\n    pass",
    "@property\ndef f():\n    pass",
    "@eval\ndef eval(x):\n    return x",
    "@(lambda f: open)\ndef f():\n    pass",
    "x = {eval: 1 for eval in eval('[1]')}",
    "ｅval('1')",
    "match 1:\n    case 1:\n        pass",
    "type X = int",
    "f'{eval(1)}'",
    'f"{eval(1)}"',
    "x = rf'''{eval(1)}'''",
    "# said\rimport os",
    "x = 'said' # it's\neval('1')",
    "x = '\\'; eval('1') #'",
    '"""said\n\n\ndef f():\n    return x"""; eval("""\n""")',
    '"""said"""\nimport numpy as np; eval(1)',
    "x = \\\nimport os",
]


def spread(text: str) -> str:
    """The same inside a long function, which is looked at as words."""
    body = "\n".join("    " + line for line in text.replace("; ", "\n").split("\n"))
    return "def forward(x):\n" + "    x = x + 1\n" * 2000 + body + "\n"


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_hostile_is_refused(text: str) -> None:
    for whole in (text, f"def forward(x):\n    return x\n\n\n{text}\n"):
        with pytest.raises((ValueError, SyntaxError)):
            verify(whole)


# Harmless where they are names of a function's own, which nothing else can be meant by.
_LOCAL = {"eval = eval", "x = [eval for eval in [1]]\neval('1')", "if 0:\n    eval = 1\neval('1')"}
_LOCAL |= {text for text in HOSTILE if text.startswith(("try:", "y = eval", "@eval"))}
# Syntax that is of no use here, and does no harm in a function of harmless words.
_LOCAL |= {
    "x = {eval: 1 for eval in eval('[1]')}",
}


@pytest.mark.parametrize("text", [text for text in HOSTILE if text not in _LOCAL])
def test_what_is_hostile_is_refused_in_a_long_function_too(text: str) -> None:
    for look in (verify, verify_lines):
        with pytest.raises((ValueError, SyntaxError)):
            look(spread(text))


@pytest.mark.parametrize(
    "text",
    [
        "def f(eval):\n    return eval + 1",
        "def f(open):\n    exec = open*2\n    return exec",
        "def vars_forward(x):\n    return x\n\n\ndef vars(x):\n    return vars_forward(x)",
        "float_ = float\n\n\ndef f(float):\n    return float_(float)",
    ],
)
def test_names_of_a_modules_own_are_its_own(text: str) -> None:
    verify(text)
    verify(spread(text).replace("def f(", "def g("))


def test_every_helper_passes() -> None:
    for helpers in HELPERS.values():
        for text in helpers.values():
            verify(text, carried=False)
            verify(text)


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize("name", ["eval", "open", "exec", "input", "vars", "id", "hash", "getattr", "compile", "pow"])
def test_a_variable_may_have_the_name_of_any_of_pythons_functions(name: str, style: str) -> None:
    for program in (f"{name}*sin({name}) + y", f"{name}: [3]; sum({name}*{name})*y", f"h = {name}*y; " * 40 + "h*h"):
        fn = gradc.compile(program, style=style)
        verify(fn.source)
        args: list[Any] = [[1.0, 2.0, 3.0] if fn.shapes[each] else 2.0 for each in fn.inputs]
        assert list(fn.value_and_grad(*args)[1]) == [name, "y"]
