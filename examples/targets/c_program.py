"""A C file of gradc's in a plain C program: Rosenbrock's valley, walked down by `descend.c`.

    python examples/targets/c_program.py

The file needs nothing but libm; `descend.c` says how it is built by hand.
"""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import gradc

HERE = Path(__file__).parent
VALLEY = "100*(y - x**2)**2 + (1 - x)**2"


def main() -> dict[str, float]:
    compiler = os.environ.get("CC") or next(filter(shutil.which, ("cc", "gcc", "clang")), None)
    if compiler is None:
        raise SystemExit("there is no C compiler")
    with tempfile.TemporaryDirectory() as folder:
        gradc.compile(VALLEY, inputs=["x", "y"], target="c").save(Path(folder) / "f.c")
        shutil.copy(HERE / "descend.c", folder)
        command = [*compiler.split(), "-std=c99", "-O2", "-Wall", "-Wextra", "-pedantic", "descend.c", "-o", "descend"]
        subprocess.run([*command, "-lm"], cwd=folder, check=True)
        said = subprocess.run(["./descend"], cwd=folder, check=True, capture_output=True, text=True).stdout
    print(said, end="")
    steps, x, y, value = map(float, re.findall(r"-?\d[\d.e+-]*", said))
    return {"steps": steps, "x": x, "y": y, "value": value}


if __name__ == "__main__":
    main()
