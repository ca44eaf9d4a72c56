"use strict";
(() => {
  const data = JSON.parse(document.getElementById("steps").textContent);
  const rows = [...document.querySelectorAll("tr[data-step]")];
  const gates = new Map([...document.querySelectorAll("g[data-gate]")].map((g) => [g.dataset.gate, g]));
  const parts = [...document.querySelectorAll(".program [data-lines]")];
  const said = document.getElementById("said");
  const slider = document.getElementById("at");
  const last = data.steps.length;
  let at = last;

  const gateOf = (step) => (step === null || step === undefined ? undefined : gates.get(String(step)));
  const show = (gate, role, text) => {
    const place = gate.querySelector("text." + role);
    if (!place) return;
    place.classList.toggle("away", text === null);
    if (text !== null) place.textContent = text;
  };
  // Only the first `at` lines have run: their values stand on the wires, and what is to come is pale.
  const draw = () => {
    const values = new Map(), slopes = new Map();
    for (const gate of data.given) values.set(String(gate.gate), gate.value);
    for (const step of data.steps.slice(0, at)) {
      if (step.gate !== null && step.value !== null) (step.back ? slopes : values).set(String(step.gate), step.value);
    }
    if (at > data.turn) for (const seed of data.seeds) slopes.set(String(seed.gate), seed.value);
    for (const [id, gate] of gates) {
      show(gate, "value", values.has(id) ? values.get(id) : null);
      show(gate, "gradient", slopes.has(id) ? slopes.get(id) : null);
    }
    for (const row of rows) {
      const step = Number(row.dataset.step);
      row.classList.toggle("later", step >= at);
      row.classList.toggle("now", at < last && step === at - 1);
    }
    slider.value = at;
    light(at > 0 && at < last ? data.steps[at - 1] : null);
    const step = at > 0 ? data.steps[at - 1] : null;
    said.textContent = !step ? "before the first line"
      : (step.back ? "backward" : "forward") + ", step " + at + " of " + last + ": " + step.text +
        (step.shown ? "   →   " + step.shown : "") + (step.part ? "   (" + step.part + ")" : "");
  };
  // A line, its gate and the piece of the program that it comes from light up together.
  const light = (step) => {
    for (const each of document.querySelectorAll(".lit")) each.classList.remove("lit");
    if (!step) return;
    const same = data.steps.filter((other) => step.number && other.number === step.number);
    for (const other of same.length ? same : [step]) {
      const row = rows.find((each) => Number(each.dataset.step) === data.steps.indexOf(other));
      if (row) row.classList.add("lit");
    }
    const forward = same.find((other) => !other.back) || step;
    const gate = gateOf(forward.gate);
    if (gate) gate.classList.add("lit");
    for (const part of parts) {
      if (part.dataset.lines.split(" ").includes(String(step.number))) part.classList.add("lit");
    }
  };
  const go = (to) => { at = Math.max(0, Math.min(last, to)); draw(); };

  for (const [id, to] of [["first", () => 0], ["back", () => at - 1], ["next", () => at + 1], ["end", () => last]]) {
    document.getElementById(id).addEventListener("click", () => go(to()));
  }
  slider.addEventListener("input", () => go(Number(slider.value)));
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target === slider) return;
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: last }[event.key];
    if (to !== undefined) { event.preventDefault(); go(to); }
  });
  const again = () => light(at > 0 && at < last ? data.steps[at - 1] : null);
  for (const row of rows) {
    const step = data.steps[Number(row.dataset.step)];
    row.addEventListener("mouseenter", () => light(step));
    row.addEventListener("mouseleave", again);
    row.addEventListener("focus", () => light(step));
    row.addEventListener("click", () => go(Number(row.dataset.step) + 1));
    row.addEventListener("keydown", (event) => { if (event.key === "Enter") go(Number(row.dataset.step) + 1); });
  }
  for (const [id, gate] of gates) {
    const step = data.steps.find((each) => !each.back && String(each.gate) === id);
    const back = data.steps.find((each) => each.back && String(each.gate) === id);
    gate.addEventListener("mouseenter", () => { light(step || back || null); gate.classList.add("lit"); });
    gate.addEventListener("mouseleave", again);
  }
  for (const part of parts) {
    const lines = part.dataset.lines.split(" ");
    part.addEventListener("mouseenter", () => light(data.steps.find((each) => String(each.number) === lines[lines.length - 1])));
    part.addEventListener("mouseleave", again);
  }
  draw();
})();
