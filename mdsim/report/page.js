"use strict";
// Draws the charts of the page, keeps their time axes together, and follows dark mode, width and paper.
(() => {
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const nodes = [...document.querySelectorAll(".chart")];
  const touch = matchMedia("(pointer: coarse)").matches;
  const whole = charts.length ? charts[0].layout.xaxis.range.slice() : [0, 1];
  let range = whole.slice();
  let busy = false;

  const STEPS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800,
    3600, 7200, 10800, 14400, 21600, 43200, 86400, 172800, 432000, 864000];

  const two = (n) => String(n).padStart(2, "0");

  function clock(at, step) {
    if (at === 0) return "0";
    const ms = Math.round(Math.abs(at) * 1000);
    const sign = at < 0 ? "-" : "+";
    const h = Math.floor(ms / 3600000), m = Math.floor(ms / 60000) % 60, s = Math.floor(ms / 1000) % 60;
    if (step >= 86400) return sign + ms / 86400000 + "d";
    if (step >= 3600) return sign + ms / 3600000 + "h";
    if (step >= 60) return `${sign}${h}:${two(m)}`;
    const tail = ms % 1000 ? "." + String(ms % 1000).padStart(3, "0") : "";
    return `${sign}${two(h)}:${two(m)}:${two(s)}${tail}`;
  }

  function ticks(width) {
    const most = Math.max(2, Math.floor(width / 90));
    const span = range[1] - range[0];
    const step = STEPS.find((one) => span / one <= most + 0.5) || STEPS[STEPS.length - 1];
    const vals = [];
    for (let n = Math.ceil(Math.max(range[0], 0) / step); n * step <= Math.min(range[1], whole[1]); n++) vals.push(n * step);
    return { vals, text: vals.map((at) => clock(at, step)) };
  }

  const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

  // As much of a text as fits into the stretch of time that it belongs to.
  function fitted(text, from, to, width) {
    const seen = Math.min(to, range[1]) - Math.max(from, range[0]);
    const room = Math.floor((seen / (range[1] - range[0]) * width - 8) / 6.6);
    return escaped(text.length <= room ? text : room >= 4 ? text.slice(0, room - 1) + "…" : "");
  }

  function named(annotation, shape, width) {
    const shown = fitted(annotation.text, shape.x0, shape.x1, width);
    return { ...annotation, x: Math.max(shape.x0, range[0]), text: shown, visible: shown !== "" };
  }

  function labelled(trace, width) {
    if (trace.type !== "bar" || !trace.text) return trace;
    const text = trace.text.map((one, at) => fitted(one, trace.base[at], trace.base[at] + trace.x[at], width));
    return { ...trace, text };
  }

  function palette() {
    const style = getComputedStyle(document.documentElement);
    return (name) => (typeof name === "string" && name.startsWith("--") ? style.getPropertyValue(name).trim() : name);
  }

  function coloured(value, look, key) {
    if (/color$/.test(key)) return Array.isArray(value) ? value.map(look) : look(value);
    if (Array.isArray(value)) return typeof value[0] === "object" ? value.map((one) => coloured(one, look, "")) : value;
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, coloured(one, look, name)]));
  }

  const paper = () => document.documentElement.dataset.print === "yes";
  const outer = (node) => (paper() ? 660 : node.clientWidth); // 660 px fit A4 and Letter with usual margins

  function inner(node, chart) {
    return outer(node) - chart.layout.margin.l - chart.layout.margin.r;
  }

  function layout(chart, node) {
    const width = inner(node, chart), along = ticks(width);
    const made = { ...chart.layout, width: outer(node), height: Number(node.dataset.height) };
    made.annotations = chart.layout.annotations.map((one, at) =>
      one.name === "phase" ? named(one, chart.layout.shapes[at], width) : one);
    made.xaxis = { ...chart.layout.xaxis, range: range.slice(), tickvals: along.vals, ticktext: along.text, fixedrange: touch };
    if (touch) made.dragmode = false;
    return made;
  }

  function draw() {
    const look = palette();
    busy = true;
    return Promise.all(nodes.map((node, at) => {
      const chart = charts[at];
      const data = chart.data.map((one) => labelled(one, inner(node, chart)));
      return Plotly.react(node, coloured(data, look, ""), coloured(layout(chart, node), look, ""),
        { displayModeBar: false, doubleClick: false, showTips: false });
    })).finally(() => { busy = false; });
  }

  function zoom(event) {
    if (busy) return;
    const from = event["xaxis.range[0]"], to = event["xaxis.range[1]"];
    if (from === undefined) return;
    range = [Math.max(from, whole[0]), Math.min(to, whole[1])];
    draw();
  }

  function read(node, at, event) {
    const lines = charts[at].data.filter((one) => one.mode === "lines");
    const point = event.points.find((one) => one.data.mode === "lines");
    const readout = node.parentElement.querySelector(".readout");
    if (!point || !readout) return;
    const n = point.pointNumber, digits = Number(node.dataset.decimals);
    const value = Object.fromEntries(lines.map((one) => [one.name, one.y[n]]));
    const away = (value.published / value.base - 1) * 100;
    readout.textContent = `${clock(lines[0].x[n], 1)}   published ${value.published.toFixed(digits)}   ` +
      `base ${value.base.toFixed(digits)}   ${away < 0 ? "−" : "+"}${Math.abs(away).toFixed(2)} %   ` +
      `spread ${value.spread} bp` + (value.depth === undefined ? "" : `   depth ${value.depth.toFixed(2)} M USD`);
  }

  function start() {
    return draw().then(() => {
      nodes.forEach((node, at) => {
        node.on("plotly_relayout", zoom);
        for (const name of ["plotly_hover", "plotly_click"]) node.on(name, (event) => read(node, at, event));
        node.on("plotly_doubleclick", () => { range = whole.slice(); draw(); });
      });
      let width = document.body.clientWidth;
      addEventListener("resize", () => {
        if (document.body.clientWidth === width) return;
        width = document.body.clientWidth;
        draw();
      });
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
      addEventListener("beforeprint", () => {
        document.documentElement.dataset.print = "yes";
        for (const table of document.querySelectorAll("details")) table.open = true; // nobody points at paper
        draw();
      });
      addEventListener("afterprint", () => { delete document.documentElement.dataset.print; draw(); });
      document.documentElement.dataset.drawn = String(nodes.length);
    });
  }

  start();
})();
