"""The examples: each runs, and its figures are those of a source or a computation that has nothing to do with gradc.

>>> "staged" in SCRIPTS
True
"""

import ast
import contextlib
import functools
import io
import json
import os
import re
import runpy
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from tests.golden_tool import gallery, pictures
from tests.support import AGREE, ROOT, corpus

EXAMPLES = ROOT / "examples"
SCRIPTS = sorted(path.stem for path in EXAMPLES.glob("*.py"))

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Run:
    figures: dict[str, Any]
    printed: str
    script: dict[str, Any]  # its global names


@functools.cache
def run(name: str) -> Run:
    """A script's figures, what it printed, and its names."""
    script = runpy.run_path(str(EXAMPLES / f"{name}.py"))
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        figures = script["main"]()
    return Run(figures, printed.getvalue(), script)


# -- all of them ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_runs_from_the_shell(name: str) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-W", "error", str(EXAMPLES / f"{name}.py")]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_says_what_it_does_and_how_to_run_it(name: str) -> None:
    doc = ast.get_docstring(ast.parse((EXAMPLES / f"{name}.py").read_text(encoding="utf-8"))) or ""
    assert f"\n    python examples/{name}.py" in doc
    assert "Source: " in doc or "Data: " in doc or "Data and certified values: " in doc


def test_each_has_figures_that_are_tested_below() -> None:
    tested = {"geyser_mixture", "neural_network", "nist_fit", "softmax_regression", "staged", "svm", "uncertainty"}
    tested |= {"constrained", "layers", "newton_likelihood", "stiff_ode"}
    assert set(SCRIPTS) == tested


# -- the data ------------------------------------------------------------------------------------------------------


@functools.cache
def iris() -> tuple[Floats, Floats]:
    """The lengths, scaled to mean 0 and deviation 1, and a one in the column of the species."""
    table = np.loadtxt(EXAMPLES / "data" / "iris.csv", delimiter=",")
    lengths, species = table[:, :4], table[:, 4].astype(int)
    return (lengths - lengths.mean(axis=0)) / lengths.std(axis=0), np.eye(3)[species]


def test_the_irises_are_fishers() -> None:
    table = np.loadtxt(EXAMPLES / "data" / "iris.csv", delimiter=",")
    assert table.shape == (150, 5)
    assert np.bincount(table[:, 4].astype(int)).tolist() == [50, 50, 50]
    assert np.round(table.sum(axis=0)[:4], 6).tolist() == [876.5, 458.6, 563.7, 179.9]
    deviations = [0.828066127977863, 0.4358662849366982, 1.7652982332594662, 0.7622376689603465]  # R: sapply(iris, sd)
    assert np.allclose(table.std(axis=0, ddof=1)[:4], deviations, rtol=1e-14)
    # The two flowers that differ in many a copy of the data.
    assert table[[34, 37]].tolist() == [[4.9, 3.1, 1.5, 0.2, 0], [4.9, 3.6, 1.4, 0.1, 0]]


def test_the_geysers_eruptions_are_those_of_r() -> None:
    table = np.loadtxt(EXAMPLES / "data" / "faithful.csv", delimiter=",")
    assert table.shape == (272, 2)
    assert np.round(table.sum(axis=0), 6).tolist() == [948.677, 19284.0]
    assert np.allclose(table.std(axis=0, ddof=1), [1.141371251105208, 13.594973789999397], rtol=1e-14)


@pytest.mark.parametrize("record", corpus("nist"), ids=lambda record: record["id"])
def test_nists_data_are_those_of_the_corpus(record: dict[str, Any]) -> None:
    path = EXAMPLES / "data" / "nist" / f"{record['id'].removeprefix('nist/')}.json"
    problem = json.loads(path.read_text(encoding="utf-8"))
    starts = {point["label"]: point["inputs"] for point in record["points"]}
    assert problem["data"] == record["data"]
    assert (problem["start 1"], problem["start 2"]) == (starts["start 1"], starts["start 2"])
    assert problem["certified"] == record["certified"]["parameters"]
    assert problem["standard deviation"] == record["certified"]["standard_deviation"]


# -- the figures ---------------------------------------------------------------------------------------------------


def test_the_staged_example_gives_the_notes_figures() -> None:
    figures, printed = run("staged").figures, run("staged").printed
    value, dx, dy = 1.5456448841066441, 2.0595697955721652, 1.5922327514838093
    expected = {"value": value, "dx": dx, "dy": dy, "2 dx": 2 * dx, "alone": value}
    assert {name: figures[name] for name in expected} == pytest.approx(expected, rel=AGREE)
    assert figures["worst error"] < 1e-14
    for line in ("invden = 1/den  # (7)", "dnum = invden*df", "df/dx = 2.059570, df/dy = 1.592233"):
        assert line in printed


def cross_entropy(flat: Floats) -> tuple[float, Floats]:
    """The loss of softmax regression and its gradient by hand; `flat` is W above b."""
    (X, Y), W, reg = iris(), flat.reshape(5, 3), run("softmax_regression").script["REG"]
    scores = X @ W[:4] + W[4]
    scores -= np.log(np.exp(scores).sum(axis=1, keepdims=True))
    dscores = (np.exp(scores) - Y) / len(X)
    dW = np.vstack([X.T @ dscores + reg * W[:4], dscores.sum(axis=0)])
    return float(reg / 2 * np.sum(W[:4] ** 2) - np.mean(np.sum(Y * scores, axis=1))), dW.ravel()


def test_softmax_regression_finds_the_minimum() -> None:
    figures = run("softmax_regression").figures
    best = minimize(cross_entropy, np.zeros(15), jac=True, method="BFGS", options={"gtol": 1e-8})
    assert figures["first loss"] == pytest.approx(np.log(3), rel=AGREE)
    assert figures["loss"] == pytest.approx(best.fun, rel=1e-10)
    assert figures["slope"] < 1e-6
    assert figures["right"] == 144


def test_the_network_parts_the_spirals_and_a_linear_classifier_does_not() -> None:
    figures = run("neural_network").figures
    assert 0.45 < figures["linear"] < 0.6
    assert figures["network"] >= 0.98
    assert figures["iris"] >= 0.97
    assert figures["iris unseen"] >= 0.96


def svm_bound() -> float:
    """A bound from below on the loss of every W, by weak duality: the best value of the dual problem, nearly.

    For each flower and each wrong species a number between 0 and 1/n; whatever the numbers, no loss is below.
    """
    (scaled, Y), reg = iris(), run("svm").script["REG"]
    X = np.column_stack([scaled, np.ones(len(scaled))])
    rows = [np.outer(x, y - other).ravel() for x, y in zip(X, Y, strict=True) for other in np.eye(3) if other @ y == 0]
    margins = np.array(rows)

    def downhill(alpha: Floats) -> tuple[float, Floats]:
        W = alpha @ margins / reg
        return float(reg / 2 * W @ W - alpha.sum()), margins @ W - 1

    box = [(0.0, 1 / len(X))] * len(margins)
    found = minimize(downhill, np.zeros(len(margins)), jac=True, method="L-BFGS-B", bounds=box)
    return -float(found.fun)


def test_the_svm_is_minimised_and_no_w_is_better() -> None:
    figures = run("svm").figures
    assert figures["error"] < 1e-7  # the notes' bound
    assert figures["before"] == 2.0  # two wrong species, a margin of 1 each
    assert 0 <= figures["loss"] - svm_bound() < 1e-4
    assert figures["right"] >= 143


def test_nists_problems_are_solved_from_both_starts() -> None:
    figures = run("nist_fit").figures
    assert len(figures) == 2 * len(corpus("nist"))
    for case, (parameters, deviations) in figures.items():
        assert parameters > 10, case
        assert deviations > 10, case


def mixture_by_em(points: Floats) -> tuple[float, Floats, Floats, Floats]:
    """The likelihood, weights, centers and covariances of two Gaussians, by expectation and maximisation."""
    weights, centers = np.full(2, 0.5), np.array([[2.0, 60.0], [4.0, 80.0]])
    spreads, loglik = np.array([np.diag([1.0, 55.0])] * 2), -np.inf
    for _ in range(1000):
        away = points[:, None, :] - centers
        distance = np.einsum("nki,kij,nkj->nk", away, np.linalg.inv(spreads), away)
        density = weights * np.exp(-distance / 2) / (2 * np.pi * np.sqrt(np.linalg.det(spreads)))
        loglik = float(np.log(density.sum(axis=1)).sum())
        share = density / density.sum(axis=1, keepdims=True)
        weights, total = share.mean(axis=0), share.sum(axis=0)
        centers = share.T @ points / total[:, None]
        away = points[:, None, :] - centers
        spreads = np.einsum("nk,nki,nkj->kij", share, away, away) / total[:, None, None]
    return loglik, weights, centers, spreads


def test_the_mixture_is_that_of_expectation_maximisation() -> None:
    figures = run("geyser_mixture").figures
    points = np.loadtxt(EXAMPLES / "data" / "faithful.csv", delimiter=",")
    loglik, weights, centers, spreads = mixture_by_em(points)
    assert figures["loglik"] == pytest.approx(-1130.264, abs=5e-4)  # as R's mclust has it: Mclust(faithful, 2, "VVV")
    assert figures["loglik"] == pytest.approx(loglik, rel=1e-12)
    # At a maximum a likelihood known to 1e-12 leaves the parameters known to half of its digits.
    assert np.allclose(figures["weights"], weights, rtol=1e-5)
    assert np.allclose(figures["centers"], centers, rtol=1e-5)
    assert np.allclose(figures["covariances"], spreads, rtol=1e-4)


def test_the_uncertainties_are_those_of_the_guide() -> None:
    figures = run("uncertainty").figures
    assert np.round(figures["values"], 3).tolist() == [127.732, 219.847, 254.260]
    assert np.allclose(figures["deviations"], [0.071, 0.295, 0.236], rtol=0, atol=0.001)  # it rounds half-way: 0.2956
    correlations = figures["correlations"]
    assert np.round(correlations[np.triu_indices(3, 1)], 3).tolist() == [-0.588, -0.485, 0.993]


def test_the_uncertainties_are_those_of_a_complex_step() -> None:
    figures, observed = run("uncertainty").figures, run("uncertainty").script["OBSERVED"]
    table = np.array(list(observed.values()))
    volt, ampere, phase = table.mean(axis=1)[:, None] + 1e-30j * np.eye(3)  # a step along one input in each column
    Z = volt / ampere
    J = np.imag([Z * np.cos(phase), Z * np.sin(phase), Z]) / 1e-30
    covariance = J @ np.cov(table) @ J.T / 5
    assert np.allclose(figures["deviations"], np.sqrt(np.diag(covariance)), rtol=1e-12)


def test_newtons_steps_on_a_likelihood_end_at_nists_certified_optimum() -> None:
    for name, found in run("newton_likelihood").figures.items():
        parameters, deviations = found["digits"]
        assert parameters >= 10, name
        assert deviations >= 10, name
        assert found["steps"] <= 4, name
        with_jacobian, without = found["calls"]
        assert with_jacobian < without, name


def test_robertsons_reactions_end_where_hairer_and_wanner_say_with_fewer_calls() -> None:
    for name, found in run("stiff_ode").figures.items():
        assert found["error"] < 1e-7, name
        assert found["calls"] < found["without"], name
        assert found["y"].sum() == pytest.approx(1.0, rel=1e-12), name


def test_the_constrained_optimum_is_hocks_and_schittkowskis_in_fewer_iterations() -> None:
    found = run("constrained").figures
    assert found["error"] < 1e-5
    assert found["value"] == pytest.approx(17.0140173, abs=1e-4)
    exact, estimated = found["iterations"]
    assert exact < estimated


def test_the_layers_by_hand_are_the_emitted_ones() -> None:
    figures = run("layers").figures
    assert len(figures) == 8
    assert max(figures.values()) < 1e-12


def test_pages_and_pictures_are_as_they_would_be_made_now() -> None:
    stale = [path.name for path, text in (gallery() | pictures()).items() if path.read_text(encoding="utf-8") != text]
    assert stale == []


def test_files_that_the_gallery_names_exist() -> None:
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"\]\(([\w/.]+)\)|`([\w/]+\.(?:py|c))`", page)
    assert len(shown) > 20
    for picture, script in shown:
        assert (EXAMPLES / picture).exists() or picture == "", picture
        assert any((EXAMPLES / folder / script).exists() for folder in ("", "targets")), script
