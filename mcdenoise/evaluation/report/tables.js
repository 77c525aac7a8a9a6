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
    if (value === 0) return "0 s";
    // Numbers whose three digits would come out as powers of ten: 999.6 ms, and minutes.
    if (value >= 999.5) return `${value.toFixed(0)} s`;
    return value < 0.9995 ? `${(value * 1000).toPrecision(3)} ms` : `${value.toPrecision(3)} s`;
  }

  // Bounds take less room than values: three digits at most.
  function bound(value) {
    const size = Math.abs(value);
    if (size === 0) return "0";
    if (size < 1e-4 || size >= 1e5) return value.toExponential(1);
    return size >= 1000 ? value.toFixed(0) : value.toPrecision(3);
  }

  function interval(score) {
    return score && score.low != null && score.high != null ? `${bound(score.low)} – ${bound(score.high)}` : "";
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

  return { number, short, seconds, interval, element };
})();

const Methods = (() => {
  const COLOURS = 6; // in report.css, for each theme
  const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "cross", "x"];
  const DASHES = ["solid", "dash", "dashdot"];
  const order = [];

  function index(method) {
    if (!order.includes(method)) order.push(method);
    return order.indexOf(method);
  }

  // How often all colours were used before: then symbols, lines and dots tell methods of one colour apart.
  const round = (method) => (method === "noisy" ? 0 : Math.floor(index(method) / COLOURS));
  const property = (method) => (method === "noisy" ? "--noisy" : `--method-${index(method) % COLOURS}`);

  return {
    know: (methods) => methods.filter((method) => method !== "noisy").forEach(index),
    colour: (method) => getComputedStyle(document.documentElement).getPropertyValue(property(method)).trim(),
    symbol(method) {
      if (method === "noisy") return "circle-open";
      return SYMBOLS[(index(method) + round(method)) % SYMBOLS.length] + (round(method) ? "-open" : "");
    },
    dash: (method) => (method === "noisy" ? "dot" : DASHES[round(method) % DASHES.length]),
    dot(method) {
      const dot = Text.element("span", { class: round(method) ? "dot ring" : "dot", "aria-hidden": "true" });
      dot.style.color = `var(${property(method)})`;
      return dot;
    },
  };
})();

// How methods do against each other, as the summary has it: the upper triangle of their pairs, row by row.
const Pairs = (() => {
  // B against A: {how, value, low, high, certain}, or null where that is not known.
  function of(pairs, metric, a, b) {
    const [i, j] = [a, b].map((name) => pairs?.methods.indexOf(name) ?? -1);
    if (i < 0 || j < 0 || i === j) return null;
    const [first, last] = i < j ? [i, j] : [j, i];
    const before = first * pairs.methods.length - (first * (first + 1)) / 2;
    const found = pairs.metrics[metric]?.[before + last - first - 1];
    if (!found) return null;
    const [how, value, low, high, certain] = found;
    if (i < j) return { how, value, low, high, certain };
    const [turned, least, most] = how === "/" ? [1 / value, 1 / high, 1 / low] : [-value, -high, -low];
    return { how, value: turned, low: least, high: most, certain };
  }

  // As text: {figure, bounds}, to two digits of the interval's width.
  function text({ how, value, low, high }) {
    const digits = Math.max(1 - Math.floor(Math.log10(high - low || 1)), 0);
    const shown = (number) => {
      const isTiny = how === "-" && digits > 5;
      const size = isTiny ? Math.abs(number).toExponential(1) : Math.abs(number).toFixed(Math.min(digits, 5));
      const sign = number < 0 ? "−" : how === "-" ? "+" : "";
      return `${sign}${size}`;
    };
    return { figure: (how === "/" ? "×" : "") + shown(value), bounds: `${shown(low)} to ${shown(high)}` };
  }

  return { of, text };
})();

const Tables = (() => {
  const { element, number, seconds, interval } = Text;
  const ALIKE = "not told apart from the best";

  const valueOf = (row, metric) => row.scores?.[metric]?.value ?? null;
  const arrow = (metric) => (metric.better === "higher" ? "↑" : "↓");
  // The kinds of a metric's numbers, of those in `rows` where these say so.
  function kindsOf(metric, rows = []) {
    const own = new Set(rows.map((row) => row.scores?.[metric.name]?.kind).filter(Boolean));
    return Object.entries(metric.kinds ?? {}).filter(([kind]) => !own.size || own.has(kind));
  }

  const badge = ([kind, said]) => element("span", { class: "badge", title: said }, kind);

  // The row with the best value of a metric, or null.
  function best(rows, metric) {
    const scored = rows.filter((row) => valueOf(row, metric.name) !== null);
    if (scored.length < 2) return null;
    const sign = metric.better === "higher" ? -1 : 1;
    const value = (row) => sign * valueOf(row, metric.name);
    return scored.reduce((one, other) => (value(other) < value(one) ? other : one));
  }

  // Small numbers with an exponent, where there is little room.
  const compact = (value) => (value && Math.abs(value) < 1e-3 ? value.toExponential(2) : number(value));

  function scoreCell(row, metric, bestRow, { alike = false, bounds = false, write = number } = {}) {
    const value = valueOf(row, metric.name);
    const isBest = value !== null && bestRow !== null && value === valueOf(bestRow, metric.name);
    const between = interval(row.scores?.[metric.name]);
    const isAlike = alike && !isBest && value !== null;
    const kind = metric.kinds?.[row.scores?.[metric.name]?.kind];
    const title = [between ? `95% interval: ${between}` : null, kind].filter(Boolean).join("; ");
    return element(
      "td",
      { class: isBest ? "number best" : isAlike ? "number alike" : "number", title: title || null },
      isAlike ? element("span", { class: "mark", title: ALIKE, "aria-hidden": "true" }, "≈ ") : null,
      element("span", { class: "value" }, write(value)),
      isBest || isAlike ? element("span", { class: "hidden-text" }, isBest ? " (best)" : ` (${ALIKE})`) : null,
      bounds && between ? element("small", {}, between) : null,
    );
  }

  // The summary: `place` is filled with a table over `rows`, which a click on a heading sorts. `pairs` compares the
  // methods of each spp.
  function summary(place, rows, metrics, pairs) {
    const columns = [
      { name: "Method", of: (row) => row.method },
      { name: "spp", of: (row) => row.spp },
      ...metrics.map((metric) => ({ name: metric.name, metric, of: (row) => valueOf(row, metric.name) })),
      { name: "Time", title: "Median time of a frame", of: (row) => row.seconds ?? null },
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
            ...metrics.map((metric) => {
              const top = best(group, metric);
              const pair = top && Pairs.of(pairs.find((entry) => entry.spp === row.spp), metric.name, top.method, row.method);
              return scoreCell(row, metric, top, { alike: pair !== null && !pair.certain, bounds: true });
            }),
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
          title: metric
            ? `${metric.explanation ?? ""} ${metric.better === "higher" ? "Higher" : "Lower"} is better.`
            : (column.title ?? null),
          onclick: () => {
            // The first click puts the best on top.
            const first = metric?.better === "higher";
            sorted = { column: i, down: sorted.column === i ? !sorted.down : first };
            draw();
          },
        },
        element("span", { class: "nowrap" }, name, element("span", { class: "sort", "aria-hidden": "true" })),
      );
      const kinds = metric ? kindsOf(metric).map(badge) : [];
      head.append(element("th", { scope: "col", class: i ? "number" : null }, button, element("div", {}, ...kinds)));
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

  // A narrow heading, with the arrow in its second line.
  function twoLines(metric) {
    const [first, ...rest] = metric.name.split(" ");
    return [first, element("br"), [...rest, arrow(metric)].join("\u00a0")];
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
                element("th", { scope: "col", class: "number", title: metric.explanation }, ...twoLines(metric)),
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
                  element(
                    "div",
                    {},
                    element("span", { class: "picks" }, pick("a", row.name, a), pick("b", row.name, b)),
                    i < 9 ? element("kbd", {}, String(i + 1)) : null,
                    element("span", { class: "name" }, row.name),
                  ),
                ),
                ...shown.map((metric) => scoreCell(row, metric, best(rows, metric), { write: compact })),
                timed ? element("td", { class: "number" }, seconds(row.seconds)) : null,
              ),
            ),
          ),
        ),
      ),
    );
    if (focused) [...place.querySelectorAll("button")].find((it) => it.getAttribute("aria-label") === focused)?.focus();
  }

  // How B does against A, an item a metric: errors as a ratio, else as a difference; a word only where it is certain.
  function verdict(entry, metrics, a, b) {
    let bare = false;
    const items = metrics.flatMap((metric) => {
      const [ofA, ofB] = [a, b].map((name) => valueOf(entry.rows[name] ?? {}, metric.name));
      if (a === b || ofA === null || ofB === null) return [];
      const higher = metric.better === "higher";
      const pair = Pairs.of(entry.pairs, metric.name, a, b);
      const told = (figure, ...more) => [
        element("li", {}, element("span", {}, metric.name), element("b", {}, figure), element("span", {}, ...more)),
      ];
      if (!pair) {
        bare = true;
        const asRatio = !higher && ofA > 0 && ofB > 0;
        const figure = asRatio
          ? `×${Number((ofB / ofA).toPrecision(2))}`
          : `${ofB < ofA ? "−" : "+"}${Text.short(Math.abs(ofB - ofA))}`;
        return told(figure, element("span", { class: "quiet" }, "no interval"));
      }
      const { figure, bounds } = Pairs.text(pair);
      const isLower = pair.how === "/" ? pair.high < 1 : pair.high < 0;
      const word = !pair.certain ? "not told apart" : isLower !== higher ? "better" : "worse";
      return told(
        figure,
        element("span", { class: "quiet" }, `(${bounds}) `),
        element("span", { class: pair.certain ? word : "unsure" }, word),
      );
    });
    if (!items.length) return [];
    return [
      element("p", {}, "B against A"),
      element("ul", {}, ...items),
      bare ? element("p", { class: "quiet" }, "No interval: the picture is too small for one.") : "",
    ];
  }

  // The metrics of each kind, in a line.
  function kinds(metrics, rows) {
    const names = new Map();
    for (const metric of metrics) {
      const said = kindsOf(metric, rows).map(([, words]) => words).join("; or ");
      names.set(said, [...(names.get(said) ?? []), metric.name]);
    }
    return [...names].filter(([said]) => said).map(([said, of]) => `${of.join(", ")}: ${said}`).join(" · ");
  }

  // What each number is, and what the badges mean, in words.
  function legend(metrics) {
    const all = new Map(metrics.flatMap((metric) => kindsOf(metric)));
    return element(
      "dl",
      { class: "metrics" },
      ...metrics.flatMap((metric) => [
        element("dt", {}, `${metric.name} ${arrow(metric)}`),
        element("dd", {}, ...kindsOf(metric).map(badge), ` ${metric.explanation ?? ""}`),
      ]),
      ...[...all].flatMap((kind) => [element("dt", {}, badge(kind)), element("dd", {}, kind[1])]),
    );
  }

  return { summary, view, verdict, kinds, legend, arrow };
})();
