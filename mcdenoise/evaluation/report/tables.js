"use strict";
// Numbers as text, and the tables of scores. Names come from files: they only ever become text nodes.

const Text = (() => {
  function number(value) {
    if (typeof value !== "number" || !Number.isFinite(value)) return "–";
    const size = Math.abs(value);
    if (size === 0) return "0";
    if (size < 1e-4 || size >= 1e5) return value.toExponential(2);
    return value.toPrecision(size >= 1 ? 4 : 3);
  }

  // Without zeros at the end, for scales.
  const short = (value) => String(Number(value.toPrecision(3)));

  function seconds(value) {
    if (typeof value !== "number" || !Number.isFinite(value)) return "–";
    return value < 1 ? `${(value * 1000).toPrecision(3)} ms` : `${value.toPrecision(3)} s`;
  }

  function interval(score) {
    return score && score.low != null && score.high != null ? `${number(score.low)} – ${number(score.high)}` : "";
  }

  // An element of this tag with attributes and children; strings become text.
  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === false || value == null) continue;
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.filter((child) => child != null));
    return made;
  }

  // Half the width of the interval, where there is little room.
  function halfInterval(score) {
    return score && score.low != null && score.high != null ? `±${Number(((score.high - score.low) / 2).toPrecision(2))}` : "";
  }

  return { number, short, seconds, interval, halfInterval, element };
})();

const Methods = (() => {
  const COLOURS = 6; // in report.css, for each theme
  const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "cross", "x"];
  const order = [];

  function index(method) {
    if (!order.includes(method)) order.push(method);
    return order.indexOf(method);
  }

  const property = (method) => (method === "noisy" ? "--noisy" : `--method-${index(method) % COLOURS}`);

  return {
    know: (methods) => methods.filter((method) => method !== "noisy").forEach(index),
    colour: (method) => getComputedStyle(document.documentElement).getPropertyValue(property(method)).trim(),
    symbol: (method) => (method === "noisy" ? "circle-open" : SYMBOLS[index(method) % SYMBOLS.length]),
    dot(method) {
      const dot = Text.element("span", { class: "dot", "aria-hidden": "true" });
      dot.style.background = `var(${property(method)})`;
      return dot;
    },
  };
})();

const Tables = (() => {
  const { element, number, seconds, interval, halfInterval } = Text;

  const valueOf = (row, metric) => row.scores?.[metric]?.value ?? null;
  const arrow = (metric) => (metric.better === "higher" ? "↑" : "↓");

  // The best value of a metric among rows, or null.
  function best(rows, metric) {
    const values = rows.map((row) => valueOf(row, metric.name)).filter((value) => value !== null);
    if (values.length < 2) return null;
    return metric.better === "higher" ? Math.max(...values) : Math.min(...values);
  }

  function scoreCell(row, metric, bestValue, describe) {
    const value = valueOf(row, metric.name);
    const isBest = value !== null && value === bestValue;
    const score = row.scores?.[metric.name];
    const between = describe(score);
    return element(
      "td",
      { class: isBest ? "number best" : "number", title: interval(score) || null },
      element("span", { class: "value" }, number(value)),
      isBest ? element("span", { class: "hidden-text" }, " (best)") : null,
      between ? element("small", {}, between) : null,
    );
  }

  // The summary: `place` is filled with a table over `rows`, which a click on a heading sorts.
  function summary(place, rows, metrics) {
    const columns = [
      { name: "Method", of: (row) => row.method },
      { name: "spp", of: (row) => row.spp },
      ...metrics.map((metric) => ({ name: metric.name, metric, of: (row) => valueOf(row, metric.name) })),
      { name: "Time per frame", of: (row) => row.seconds ?? null },
      { name: "Views", of: (row) => row.views ?? null },
    ];
    let sorted = { column: 1, down: false };
    let spp = null;
    const head = element("tr");
    const body = element("tbody");

    function compare(one, other) {
      const { of } = columns[sorted.column];
      const [x, y] = [of(one), of(other)];
      if (x === null || y === null) return (x === null) - (y === null); // what is missing stays below
      const order = typeof x === "string" ? x.localeCompare(y, undefined, { numeric: true }) : x - y;
      return sorted.down ? -order : order;
    }

    function draw() {
      [...head.children].forEach((cell, i) => {
        const isSorted = i === sorted.column;
        cell.setAttribute("aria-sort", !isSorted ? "none" : sorted.down ? "descending" : "ascending");
        cell.querySelector(".sort").textContent = !isSorted ? "" : sorted.down ? "▼" : "▲";
      });
      const shown = rows.filter((row) => spp === null || row.spp === spp).sort(compare);
      body.replaceChildren(
        ...shown.map((row, i) => {
          const group = rows.filter((other) => other.spp === row.spp);
          const starts = sorted.column === 1 && i > 0 && shown[i - 1].spp !== row.spp;
          return element(
            "tr",
            { class: starts ? "group" : null },
            element("th", { scope: "row", title: row.method }, element("div", {}, Methods.dot(row.method), element("span", {}, row.method))),
            element("td", { class: "number" }, String(row.spp || "?")),
            ...metrics.map((metric) => scoreCell(row, metric, best(group, metric), interval)),
            element("td", { class: "number" }, seconds(row.seconds)),
            element("td", { class: "number" }, String(row.views ?? "–")),
          );
        }),
      );
    }

    columns.forEach((column, i) => {
      const { metric } = column;
      const name = metric ? `${column.name} ${arrow(metric)}` : column.name;
      const button = element(
        "button",
        {
          type: "button",
          title: metric ? `${metric.explanation ?? ""} ${metric.better === "higher" ? "Higher" : "Lower"} is better.` : null,
          onclick: () => {
            // The first click puts the best on top.
            const first = metric?.better === "higher";
            sorted = { column: i, down: sorted.column === i ? !sorted.down : first };
            draw();
          },
        },
        element("span", { class: "nowrap" }, name, element("span", { class: "sort", "aria-hidden": "true" })),
      );
      const kind = metric?.kind ? element("small", {}, metric.kind) : null;
      head.append(element("th", { scope: "col", class: i ? "number" : null }, button, kind));
    });
    place.replaceChildren(
      element(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": "Summary table" },
        element("table", { class: "scores" }, element("thead", {}, head), body),
      ),
    );
    draw();
    return {
      show(only) {
        spp = only;
        draw();
      },
    };
  }

  // The scores of one view: a row an image, whose click makes it A.
  function view(place, entry, metrics, { a, b, choose }) {
    const has = (metric) => Object.values(entry.rows).some((row) => valueOf(row, metric.name) !== null);
    const shown = metrics.filter(has);
    const rows = entry.images.map((name) => ({ name, ...(entry.rows[name] ?? { scores: {} }) }));
    const timed = rows.some((row) => row.seconds != null);
    const pick = (side, name, current) =>
      element(
        "button",
        {
          type: "button",
          class: `pick side-${side}`,
          "aria-pressed": String(name === current),
          "aria-label": `${name} as ${side.toUpperCase()}`,
          onclick: (event) => {
            event.stopPropagation();
            choose(side, name);
          },
        },
        side.toUpperCase(),
      );
    const focused = document.activeElement?.getAttribute?.("aria-label");
    place.replaceChildren(
      element(
        "div",
        { class: "scroll" },
        element(
          "table",
          { class: "scores of-view" },
          element(
            "thead",
            {},
            element(
              "tr",
              {},
              element("th", { scope: "col" }, "Image"),
              ...shown.map((metric) =>
                element("th", { scope: "col", class: "number", title: metric.explanation }, `${metric.name}\u00a0${arrow(metric)}`),
              ),
              timed ? element("th", { scope: "col", class: "number" }, "Time") : null,
            ),
          ),
          element(
            "tbody",
            {},
            ...rows.map((row, i) =>
              element(
                "tr",
                { onclick: () => choose("a", row.name), class: row.name === a ? "is-a" : row.name === b ? "is-b" : null },
                element(
                  "th",
                  { scope: "row", title: row.name },
                  element("span", { class: "picks" }, pick("a", row.name, a), pick("b", row.name, b)),
                  i < 9 ? element("kbd", {}, String(i + 1)) : null,
                  element("span", {}, row.name),
                ),
                ...shown.map((metric) => scoreCell(row, metric, best(rows, metric), halfInterval)),
                timed ? element("td", { class: "number" }, seconds(row.seconds)) : null,
              ),
            ),
          ),
        ),
      ),
    );
    if (focused) [...place.querySelectorAll("button")].find((it) => it.getAttribute("aria-label") === focused)?.focus();
  }

  // How B does against A: errors as a ratio, what is better when higher as a difference.
  function verdict(entry, metrics, a, b) {
    const parts = metrics.flatMap((metric) => {
      const [ofA, ofB] = [a, b].map((name) => valueOf(entry.rows[name] ?? {}, metric.name));
      if (ofA === null || ofB === null || ofA === ofB) return [];
      const higher = metric.better === "higher";
      if (!higher && (ofA <= 0 || ofB <= 0)) return [];
      const difference = Text.short(Math.abs(ofB - ofA));
      const text = higher ? `${ofB > ofA ? "+" : "−"}${difference}` : `×${Number((ofB / ofA).toPrecision(2))}`;
      const word = text === "×1" ? "equal" : higher === ofB > ofA ? "better" : "worse";
      const mark = element("b", { class: word }, `${text} (${word})`);
      return [element("span", { class: "nowrap" }, `${metric.name} `, mark)];
    });
    return parts.length ? ["B against A: ", ...parts.flatMap((part, i) => (i ? [" · ", part] : [part]))] : [];
  }

  // The metrics of each kind, in a line.
  function kinds(metrics) {
    const names = new Map();
    for (const { name, kind } of metrics) names.set(kind, [...(names.get(kind) ?? []), name]);
    return [...names].map(([kind, of]) => `${of.join(", ")}: ${kind ?? "of no said kind"}`).join(" · ");
  }

  // What each number is, in words.
  function legend(metrics) {
    return element(
      "dl",
      { class: "metrics" },
      ...metrics.flatMap((metric) => [
        element("dt", {}, `${metric.name} ${arrow(metric)}`),
        element("dd", {}, metric.kind ? element("em", {}, metric.kind) : null, metric.explanation ? ` ${metric.explanation}` : ""),
      ]),
    );
  }

  return { summary, view, verdict, kinds, legend, arrow };
})();
