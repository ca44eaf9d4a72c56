"""Functions of arrays whose modules are loaded when one of them is called: the table says where each is."""

import subprocess
import sys
from importlib import import_module

from gradc.language import array_functions
from tests.support import ROOT


def test_the_table_is_what_the_modules_register() -> None:
    for module in dict.fromkeys(array_functions.LATE.values()):
        import_module(f"gradc.language.{module}")
    own = array_functions.__name__
    registered = {
        name: made.__module__.rpartition(".")[2]
        for name, (_, made) in array_functions.FUNCTIONS.items()
        if made.__module__ != own
    }
    assert registered == array_functions.LATE


def test_a_plain_program_loads_none_of_them() -> None:
    code = (
        "import sys, gradc; gradc.compile('x: [3]; sum(exp(x))'); print([m for m in sys.modules if '_functions' in m])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "['gradc.language.array_functions']"
