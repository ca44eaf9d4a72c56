"""A function of gradc's under `jax.jit`, `vmap` and `grad`: its backward pass is the emitted one, by `custom_vjp`.

    python examples/targets/jax_custom_vjp.py

The value of an option by Black and Scholes over a market of strikes; its delta is the gradient by the price, its gamma
the gradient of that. The closed forms stand beside them.
"""

import sys
import types
from typing import Any

import numpy as np

import gradc

CALL = """
d1 = (log(S/K) + (r + v**2/2)*T)/(v*sqrt(T))
d2 = d1 - v*sqrt(T)
S*ndtr(d1) - K*exp(-r*T)*ndtr(d2)
"""


def compiled() -> Any:
    module = types.ModuleType("call")
    sys.modules["call"] = module
    order = ["S", "K", "T", "r", "v"]
    exec(gradc.compile(CALL, inputs=order, target="jax", function_name="call").source, module.__dict__)
    return module


def main() -> dict[str, Any]:
    import jax

    jax.config.update("jax_enable_x64", True)
    call, strikes = compiled().call, np.linspace(80.0, 120.0, 41)
    market = (100.0, strikes, 0.5, 0.03, 0.25)
    axes = (None, 0, None, None, None)
    delta = jax.jit(jax.vmap(jax.grad(call), axes))(*market)
    gamma = jax.jit(jax.vmap(jax.grad(jax.grad(call)), axes))(*market)
    d1 = (np.log(100.0 / strikes) + (0.03 + 0.25**2 / 2) * 0.5) / (0.25 * np.sqrt(0.5))
    exact = np.asarray(jax.scipy.special.ndtr(d1))
    curve = np.exp(-(d1**2) / 2) / np.sqrt(2 * np.pi) / (100.0 * 0.25 * np.sqrt(0.5))
    print(f"delta at the money {delta[20]:.6f}, gamma {gamma[20]:.6f}")
    return {"delta": np.asarray(delta), "gamma": np.asarray(gamma), "exact": exact, "curve": curve}


if __name__ == "__main__":
    main()
