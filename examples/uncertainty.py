"""How well is an impedance known? The uncertainty of a measurement, from the gradient of its formula.

    python examples/uncertainty.py

Voltage, current and phase of a circuit are measured five times, together; its resistance, reactance and impedance
follow by formula. The covariance of the results is J @ C @ J.T: C is the covariance of the measured means, and the
rows of J are gradients. The measurements are correlated, so that their errors partly cancel.
Source: Guide to the expression of uncertainty in measurement, JCGM 100:2008, example H.2 (table H.2 has the data,
table H.3 the results).
"""

import numpy as np
from numpy.typing import NDArray

import gradc

# volt, ampere, radian
OBSERVED = {
    "V": [5.007, 4.994, 5.005, 4.990, 4.999],
    "I": [19.663e-3, 19.639e-3, 19.640e-3, 19.685e-3, 19.678e-3],
    "phi": [1.0456, 1.0438, 1.0468, 1.0428, 1.0433],
}
PROGRAM = """
Z = V/I
R = Z*cos(phi)
X = Z*sin(phi)
R, X, Z
"""

Floats = NDArray[np.float64]


def main() -> dict[str, Floats]:
    observed = np.array(list(OBSERVED.values()))
    means = dict(zip(OBSERVED, observed.mean(axis=1), strict=True))
    C = np.cov(observed) / observed.shape[1]  # of the means of five observations

    # Three outputs: the upstream adjoint picks one, and the backward pass gives its gradient, a row of J.
    circuit = gradc.compile(PROGRAM)
    values, cache = circuit.forward(**means)
    rows = [circuit.backward(cache, df=pick) for pick in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))]
    J = np.array([[row[name] for name in OBSERVED] for row in rows])

    covariance = J @ C @ J.T
    deviations = np.sqrt(np.diag(covariance))
    correlations = covariance / np.outer(deviations, deviations)
    for name, value, deviation in zip(circuit.outputs, values, deviations, strict=True):
        print(f"{name} = {value:.3f} ohm, standard uncertainty {deviation:.3f} ohm")
    print("correlations: R, X {:.3f}; R, Z {:.3f}; X, Z {:.3f}".format(*correlations[np.triu_indices(3, 1)]))
    return {"values": np.array(values), "deviations": deviations, "correlations": correlations}


if __name__ == "__main__":
    main()
