"""The staged example of the CS231n notes: compile it, read it, follow it, check it, use it without gradc.

    python examples/staged.py

The notes compute this function in eight small steps and then walk back through them, so that nobody has to write
down its derivative, which is long. gradc writes both walks.
Source: https://cs231n.github.io/optimization-2/
"""

import types

import gradc

PROGRAM = "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)"


def main() -> dict[str, float]:
    f = gradc.compile(PROGRAM)

    # The emitted module: every intermediate has a name, every adjoint is `d` and that name.
    print(f.source)

    # The value, and the gradient from one walk back, at the point of the notes.
    value, grad = f.value_and_grad(x=3.0, y=-4.0)
    print(f"f(3, -4) = {value:.6f}, df/dx = {grad['x']:.6f}, df/dy = {grad['y']:.6f}\n")

    # The same, line by line: what each gate made of its inputs, and what came back to it.
    print(f.trace(x=3.0, y=-4.0), "\n")

    # Is it right? At random points, against SymPy's derivative and against difference quotients, in 50 digits.
    checked = f.check()
    print(checked)

    # The two passes apart, as a network uses them: what comes after f says by `df` how much f matters to it.
    _, cache = f.forward(3.0, -4.0)
    doubled = f.backward(cache, df=2.0)

    # The text is all that is needed: it runs where gradc is not installed. `f.save("staged.py")` writes it to a file.
    module = types.ModuleType("staged")
    exec(f.source, module.__dict__)
    alone, _ = module.value_and_grad(3.0, -4.0)

    return {
        "value": value,
        "dx": grad["x"],
        "dy": grad["y"],
        "2 dx": doubled["x"],
        "alone": alone,
        "worst error": max(row.error for row in checked.rows) if checked.ok else float("inf"),
    }


if __name__ == "__main__":
    main()
