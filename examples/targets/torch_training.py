"""A loss of gradc's in a training loop of PyTorch's: the layers are torch's, the loss and its backward pass are not.

    python examples/targets/torch_training.py

Huber's loss of a model's residuals, with a scale that is learned too: `f` is a node of torch's graph whose backward
pass is the emitted one. The same loop with torch's own operations in its place ends at the same weights.
"""

import sys
import types
from typing import Any

import gradc

LOSS = """
y: [n, 1]; t: [n, 1]; s
r = (t - y)/exp(s)
loss = mean(where(abs(r) <= 1.5, 0.5*r**2, 1.5*abs(r) - 1.125)) + s
"""
STEPS, RATE = 200, 0.05


def compiled() -> Any:
    """The emitted module, as an import of its file would load it."""
    module = types.ModuleType("loss")
    sys.modules["loss"] = module
    exec(gradc.compile(LOSS, wrt=["y", "s"], inputs=["y", "t", "s"], target="torch").source, module.__dict__)
    return module


def trained(loss: Any) -> list[float]:
    """The weights, the bias and the log of the scale after so many steps."""
    import torch

    torch.manual_seed(0)
    X = torch.randn(256, 3, dtype=torch.float64)
    t = X @ torch.tensor([[1.0], [-2.0], [0.5]], dtype=torch.float64) + 0.3 + 0.1 * torch.randn(256, 1).double()
    t[::16] += 5.0  # some are far off
    model = torch.nn.Linear(3, 1).double()
    s = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([*model.parameters(), s], lr=RATE)
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss(model(X), t, s).backward()
        optimizer.step()
    return [*model.weight.detach().flatten().tolist(), *model.bias.detach().tolist(), s.item()]


def by_torch(y: Any, t: Any, s: Any) -> Any:
    """The same loss in torch's operations."""
    import torch

    r = (t - y) / torch.exp(s)
    return torch.nn.functional.huber_loss(r, torch.zeros_like(r), delta=1.5) + s


def main() -> dict[str, Any]:
    ours, theirs = trained(compiled().f), trained(by_torch)
    print("weights, bias, log of the scale:", *(f"{each:.6f}" for each in ours))
    print(f"largest difference from torch's own: {max(abs(a - b) for a, b in zip(ours, theirs, strict=True)):.1e}")
    return {"ours": ours, "theirs": theirs}


if __name__ == "__main__":
    main()
