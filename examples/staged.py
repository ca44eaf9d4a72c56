"""The staged example of the CS231n notes: compile it, read it, check it, use it.

    python examples/staged.py

The notes compute this function in eight small steps and then walk back through them, so that nobody has to write
down its derivative, which is long. gradc writes both walks.
Source: https://cs231n.github.io/optimization-2/
"""

import types

import gradc

PROGRAM = "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)"
POINT = {"x": 3.0, "y": -4.0}  # the notes' values


def difference_quotient(f: gradc.Function, name: str, h: float = 1e-6) -> float:
    """The slope of f along one input, from two values near the point: never exact, and never far off."""
    up, down = {**POINT, name: POINT[name] + h}, {**POINT, name: POINT[name] - h}
    return float((f(**up) - f(**down)) / (2 * h))


def main() -> dict[str, float]:
    f = gradc.compile(PROGRAM)

    # The emitted module: every intermediate has a name, every adjoint is `d` and that name.
    print(f.source)

    # The value, and the gradient from one walk back.
    value, grad = f.value_and_grad(**POINT)
    print(f"f(3, -4) = {value:.6f}")
    for name, slope in grad.items():
        print(f"df/d{name} = {slope:.6f}; a difference quotient says {difference_quotient(f, name):.6f}")

    # The two passes apart, as a network uses them: whatever comes after f says by `df` how much f matters to it.
    _, cache = f.forward(**POINT)
    doubled = f.backward(cache, df=2.0)

    # The text is all that is needed: it runs where gradc is not installed. `f.save("staged.py")` writes it to a file.
    module = types.ModuleType("staged")
    exec(f.source, module.__dict__)
    alone, _ = module.value_and_grad(3.0, -4.0)

    return {"value": value, "dx": grad["x"], "dy": grad["y"], "2 dx": doubled["x"], "alone": alone}


if __name__ == "__main__":
    main()
