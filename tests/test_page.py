"""The page of a program: whole in itself, readable without its script, working in a browser where there is one."""

import html.parser
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.dom import minidom

import numpy as np
import pytest

import gradc
from gradc.language import parse
from gradc.language.latex import formula
from gradc.language.mathml import mathml
from tests.support import gradc as command
from tests.support import records

STAGED = "(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)"
MATRIX = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])

PROGRAMS: dict[str, tuple[str, dict[str, Any]]] = {
    "staged": (STAGED, {"x": 3.0, "y": -4.0}),
    "circuit": ("q = x + y\nf = q*z", {"x": -2, "y": 5, "z": -4}),
    "branch": ("where(x > y, log(x), y**2)*x", {"x": 2.0, "y": 1.0}),
    "maximum": ("max(x, y)*2 + relu(z)", {"x": 1.0, "y": 2.0, "z": -1.0}),
    "layer": (
        "W: [2, 3]\nx: [3]\nh = tanh(W @ x)\nsum(h**2)",
        {"W": MATRIX, "x": np.array([1.0, -2.0, 0.5])},
    ),
    "softmax": ("s: [4]\n-log_softmax(s)[2]", {"s": np.array([1.0, 2.0, 0.0, -1.0])}),
    "neuron": ("w0*x0 + w1*x1 + w2", {"w0": 2, "w1": -3, "w2": -3, "x0": -1, "x1": -2}),
    "hostile": ("x < y and y < 3", {"x": 1.0, "y": 2.0}),
    "nowhere": ("sqrt(x)*log(y)", {"x": -1.0, "y": 0.0}),
    "long": ("; ".join(f"h = sin(h*x + {i})" for i in range(60)), {"h": 0.5, "x": 0.25}),
}


def page(name: str) -> str:
    program, inputs = PROGRAMS[name]
    with np.errstate(all="ignore"):
        return str(gradc.compile(program).page(**inputs, check=False, report=False).html)


class Tags(html.parser.HTMLParser):
    """What opens and closes in a page, and what it would load."""

    VOID = frozenset({"meta", "link", "input", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        given = dict(attrs)
        self.loads += [str(given[key]) for key in ("src", "href", "action") if given.get(key)]
        self.ids += [str(given["id"])] if given.get("id") else []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_is_whole_in_itself(name: str) -> None:
    text = page(name)
    tags = Tags(text)
    assert not tags.open
    assert tags.loads == ["data:,"]
    assert len(tags.ids) == len(set(tags.ids))
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert len(text.encode()) < 400_000
    assert text == page(name)


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_line_stands_in_it_with_its_value(name: str) -> None:
    text = page(name)
    (data,) = re.findall(r'<script id="steps" type="application/json">(.*?)</script>', text)
    steps = json.loads(data)["steps"]
    assert steps
    for at, step in enumerate(steps):
        assert f'<tr data-step="{at}"' in text
        assert step["gate"] is None or f'data-gate="{step["gate"]}"' in text or name == "long"


def test_values_of_the_notes_example() -> None:
    text = page("staged")
    for value in ("0.0179862", "3.01799", "1.54564", "0.512144", "-0.791593", "2.05957", "1.59223"):
        assert value in text


def test_check_and_report_stand_in_it() -> None:
    text = gradc.compile("x*y + sin(x)").page(x=1.0, y=2.0).html
    assert "pass: the staged gradient is SymPy" in text
    assert "after CSE" in text


def test_without_a_point_it_finds_one(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    done = command("page", "log(x)*y", "-o", str(path), "--no-check")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert "f = logx*y" in path.read_text(encoding="utf-8")
    path.write_text("<p>mine</p>", encoding="utf-8")
    assert command("page", "log(x)*y", "-o", str(path), "--no-check").code == 2


@pytest.mark.parametrize("record", records()[::7], ids=lambda record: record["id"])
def test_formulas_are_well_formed(record: dict[str, Any]) -> None:
    text = formula(
        gradc.compile(
            record["program"],
            shapes={n: tuple(v["shape"]) for n, v in record["vars"].items() if v["shape"] != "scalar"},
        ).dag
    )
    if text is not None:
        minidom.parseString(mathml(text))


def test_deep_formulas_are_no_matter() -> None:
    text = "{" * 3000 + "x" + "}" * 3000
    assert "<mi>x</mi>" in mathml(text)
    assert mathml(formula(parse("x_1**2/sqrt(y)")) or "").count("<mfrac>") == 1


# -- in a browser ----------------------------------------------------------------------------------------------------

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# What a reader does, and what is then seen; errors of the page end up in the list, too.
TRIAL = """<script>
(() => {
  const seen = { errors: window.failures || [], steps: [], lit: 0 };
  const $ = (id) => document.getElementById(id);
  $("first").click();
  seen.first = $("said").textContent;
  seen.away = document.querySelectorAll(".gradc-circuit .away").length;
  const last = Number($("at").max);
  for (let i = 0; i < last; i++) {
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
    seen.steps.push($("said").textContent);
  }
  seen.left = document.querySelectorAll(".gradc-circuit .away").length;
  $("back").click();
  seen.back = $("said").textContent;
  for (const row of document.querySelectorAll("tr[data-step]")) {
    row.dispatchEvent(new MouseEvent("mouseenter"));
    if (document.querySelectorAll(".lit").length) seen.lit++;
    row.dispatchEvent(new MouseEvent("mouseleave"));
  }
  seen.rows = document.querySelectorAll("tr[data-step]").length;
  seen.wide = document.documentElement.scrollWidth - window.innerWidth;
  const out = document.createElement("pre");
  out.id = "outcome";
  out.textContent = JSON.stringify(seen);
  document.body.append(out);
})();
</script></body>"""
CATCH = "<head><script>window.failures = []; window.onerror = (m) => { window.failures.push(String(m)); };</script>"


@pytest.mark.skipif(BROWSER is None, reason="no browser on this machine")
@pytest.mark.parametrize(("name", "size"), [(name, (1200, 360, 768)[i % 3]) for i, name in enumerate(PROGRAMS)])
def test_it_steps_and_lights_in_a_browser(name: str, size: int, tmp_path: Path) -> None:
    text = page(name).replace("<head>", CATCH, 1).replace("</body>", TRIAL, 1)
    path = tmp_path / "page.html"
    path.write_text(text, encoding="utf-8")
    flags = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
        "--disable-component-update --disable-sync --enable-logging=stderr --virtual-time-budget=3000 --dump-dom"
    )
    done = subprocess.run(
        [
            str(BROWSER),
            *flags.split(),
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--window-size={size},900",
            f"file://{path}",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "CONSOLE" not in done.stderr
    seen = json.loads(html.unescape(re.findall(r'<pre id="outcome">(.*?)</pre>', done.stdout, re.DOTALL)[0]))
    assert seen["errors"] == []
    assert seen["first"] == "before the first line"
    assert seen["steps"][0].startswith("forward, step 1 of ")
    assert len(seen["steps"]) == seen["rows"]
    assert f"step {len(seen['steps']) - 1} of" in seen["back"] or len(seen["steps"]) == 1
    assert seen["lit"] == seen["rows"]
    assert seen["wide"] <= 1, "the page is wider than its window"
    if name == "staged":
        assert seen["away"] > seen["left"] == 0
