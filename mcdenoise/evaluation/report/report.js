"use strict";
// Fills the page: what was measured, the tables, the thumbnails, and the filters over them.

(() => {
  const { element, number } = Text;
  const byId = (id) => document.getElementById(id);
  const report = JSON.parse(byId("report").textContent);
  const { metrics, rows, views } = report;

  byId("made").textContent = [report.made, `${views.length} ${views.length === 1 ? "view" : "views"}`, report.note].filter(Boolean).join(" · ");
  byId("machine").textContent = report.machine ? `Measured on ${report.machine}.` : "";
  byId("command").textContent = report.command;

  const showTheme = () => {
    byId("theme").textContent = Theme.label();
    byId("theme").setAttribute("aria-label", `Colours of the page: ${Theme.label().slice(2)}`);
  };
  byId("theme").addEventListener("click", Theme.next);
  Theme.onChange(showTheme);
  showTheme();

  Methods.know(rows.map((row) => row.method)); // so that colours are in the order of the rows
  const table = Tables.summary(byId("summary"), rows, metrics, report.pairs);
  byId("summary-notes").textContent = rows.length
    ? "Bold is best among rows of the same spp; ≈ marks those that are not told apart from it: the 95% interval of the " +
      "difference to the best, view by view and block by block, holds zero. Each value's own interval is in its tooltip, and " +
      "below it where there is room; these may overlap even where two methods are told apart. A click on a heading sorts."
    : "There is no summary.";
  byId("metrics").append(Tables.legend(metrics));

  // Which method wins a view by the first metric that has numbers in it.
  function winner(view) {
    for (const metric of metrics) {
      const scored = Object.entries(view.rows)
        .map(([method, row]) => [method, row.scores?.[metric.name]?.value])
        .filter(([, value]) => value != null);
      if (scored.length < 2) continue;
      const sign = metric.better === "higher" ? -1 : 1;
      const [method, value] = scored.reduce((one, other) => (sign * other[1] < sign * one[1] ? other : one));
      return { metric, method, value };
    }
    return null;
  }

  function card(view, index) {
    const [width, height] = view.size;
    const won = winner(view);
    const image = element("img", { alt: "", loading: "lazy", decoding: "async", width, height });
    image.src = `${document.documentElement.dataset.files}/thumbnails/${view.stem}.png`;
    return element(
      "button",
      { type: "button", class: "card", onclick: () => Viewer.open(index), title: `${view.scene} ${view.view}` },
      image,
      element("span", { class: "card-name" }, view.scene),
      element("span", { class: "card-view quiet" }, view.view),
      element("span", { class: "card-spp quiet" }, `${view.spp || "unknown"} spp`),
      won
        ? element(
            "span",
            { class: "card-best quiet", title: `Best ${won.metric.name}` },
            Methods.dot(won.method),
            element("span", {}, won.method),
            element("span", { class: "card-value" }, won.metric === metrics[0] ? number(won.value) : `${won.metric.name} ${number(won.value)}`),
          )
        : null,
    );
  }

  const cards = views.map(card);
  byId("views").append(...cards);

  let spp = null;
  const isShown = (view) =>
    (spp === null || view.spp === spp) && view.scene.toLowerCase().includes(byId("scene-filter").value.trim().toLowerCase());

  function filter() {
    views.forEach((view, i) => (cards[i].hidden = !isShown(view)));
    const count = views.filter(isShown).length;
    const best = metrics.length ? `; below each the best by ${metrics[0].name}` : "";
    byId("views-count").textContent = (count === views.length ? `${count}` : `${count} of ${views.length}`) + best;
    table.show(spp);
    for (const chip of byId("spp-filter").children) {
      chip.setAttribute("aria-pressed", String(chip.dataset.spp === String(spp ?? "")));
    }
  }

  const counts = [...new Set([...rows, ...views].map((row) => row.spp))].sort((one, other) => one - other);
  const chip = (value, label) =>
    element(
      "button",
      {
        type: "button",
        "data-spp": String(value ?? ""),
        onclick: () => {
          spp = value;
          filter();
        },
      },
      label,
    );
  if (counts.length > 1) byId("spp-filter").append(chip(null, "All"), ...counts.map((value) => chip(value, `${value || "unknown"} spp`)));
  byId("scene-filter").addEventListener("input", filter);
  filter();

  // Left and right go through the views that the filters leave, unless the open one is not among them.
  function order(current) {
    const all = views.map((_, i) => i);
    const left = all.filter((i) => isShown(views[i]));
    return left.includes(current) ? left : all;
  }

  Viewer.start(report, order, (index) => {
    cards[index].focus();
    Plots.look();
  });
  Plots.start(byId("plots-heading").closest("section"), report.plots, rows, metrics);
})();
