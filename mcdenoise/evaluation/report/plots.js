"use strict";
// Error against samples per pixel and against time, drawn by plotly, which is loaded when they come into sight.

const Plots = (() => {
  let rows = [];
  let metric = null;
  let places = [];
  let look = () => {}; // whether the plots are in sight, so that they are needed

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const score = (row) => row.scores?.[metric.name];

  // Logarithms take errors above zero; what is better when higher, as PSNR, is shown as it is.
  const isLogarithmic = () => metric.better !== "higher";
  const isDrawn = (row) => score(row)?.value != null && (!isLogarithmic() || score(row).value > 0);

  const value = (row) => score(row).value;

  // How far the interval reaches below the value, and above it.
  function below(row) {
    const { low } = score(row);
    if (low == null) return 0;
    return isLogarithmic() && low <= 0 ? 0.9 * value(row) : value(row) - low; // zero lies infinitely far below
  }

  const above = (row) => (score(row).high == null ? 0 : score(row).high - value(row));

  function trace(method, of, label) {
    // Joined from few samples to many, also where more took no longer.
    const points = rows.filter((row) => row.method === method && isDrawn(row) && of(row) > 0).sort((p, q) => p.spp - q.spp);
    const name = method.length > 28 ? `${method.slice(0, 27)}…` : method;
    return {
      // Plotly takes names as its own kind of markup.
      name: name.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
      x: points.map(of),
      y: points.map(value),
      text: points.map(label),
      hovertemplate: "%{text}: %{y:.4g}",
      mode: "lines+markers",
      line: { color: Methods.colour(method), width: 2, dash: Methods.dash(method) },
      marker: { color: Methods.colour(method), symbol: Methods.symbol(method), size: 8 },
      error_y: {
        type: "data",
        symmetric: false,
        array: points.map(above),
        arrayminus: points.map(below),
        thickness: 1.2,
        width: 4,
      },
    };
  }

  function axis(title, more) {
    return {
      title: { text: title },
      gridcolor: colour("--line"),
      linecolor: colour("--strong-line"),
      zeroline: false,
      showline: true,
      ticks: "outside",
      tickcolor: colour("--strong-line"),
      automargin: true,
      ...more,
    };
  }

  // Round numbers over the decades of `values`: the fewer, the more decades there are.
  function ticks(values) {
    const [low, high] = [Math.min(...values), Math.max(...values)].map(Math.log10);
    const steps = high - low > 2.5 ? [1] : high - low > 0.5 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9];
    const tickvals = [];
    const every = Math.ceil((high - low) / 8); // decades from one to the next
    for (let power = Math.floor(low) - 1; power <= Math.ceil(high); power += every || 1) {
      for (const step of steps) tickvals.push(step * 10 ** power);
    }
    return { tickvals, ticktext: tickvals.map(Text.short) };
  }

  // Of the errors in these traces.
  function errors(traces) {
    const ends = ({ y, error_y }) => y.flatMap((middle, i) => [middle - error_y.arrayminus[i], middle + error_y.array[i]]);
    const scale = isLogarithmic() ? { type: "log", ...ticks(traces.flatMap(ends)) } : { type: "linear" };
    return axis(`${metric.name} (${metric.better ?? "lower"} is better)`, scale);
  }

  function draw() {
    if (!window.Plotly || !metric) return;
    const methods = [...new Set(rows.map((row) => row.method))];
    const spp = [...new Set(rows.map((row) => row.spp))].filter((count) => count > 0).sort((p, q) => p - q);
    const layout = {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: colour("--text"), family: getComputedStyle(document.body).fontFamily, size: 13 },
      margin: { l: 64, r: 12, t: 8, b: 48 },
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
      hovermode: "closest",
      showlegend: true,
    };
    const options = { responsive: true, displaylogo: false, displayModeBar: false };
    const of = {
      spp: methods.map((method) => trace(method, (row) => row.spp || null, (row) => `${row.spp} spp`)),
      time: methods.map((method) => trace(method, (row) => row.seconds ?? 0, (row) => `${row.spp || "unknown"} spp, ${Text.seconds(row.seconds)}`)),
    };
    const counts = { type: "log", tickvals: spp, ticktext: spp.map(String) };
    places[0].hidden = !spp.length;
    if (spp.length) {
      const axes = { xaxis: axis("samples per pixel", counts), yaxis: errors(of.spp) };
      window.Plotly.react(places[0], of.spp, { ...layout, ...axes }, options);
    }
    const timed = of.time.filter((one) => one.x.length);
    places[1].hidden = !timed.length;
    if (timed.length) {
      const times = { type: "log", ...ticks(timed.flatMap((one) => one.x)) };
      const axes = { xaxis: axis("seconds per frame", times), yaxis: errors(timed) };
      window.Plotly.react(places[1], timed, { ...layout, ...axes }, options);
    }
    const left = rows.filter((row) => score(row)?.value != null && !isDrawn(row)).length;
    document.getElementById("plot-notes").textContent = [
      Tables.kinds([metric]) ? `${Tables.kinds([metric])}.` : "",
      left ? `${left} values at or below zero have no place on a logarithmic axis.` : "",
      timed.length ? "" : "There are no times.",
    ].filter(Boolean).join(" ");
  }

  function start(section, script, allRows, metrics) {
    rows = allRows;
    places = [document.getElementById("plot-spp"), document.getElementById("plot-time")];
    const select = document.getElementById("plot-metric");
    if (!script || !metrics.length || !rows.length) {
      document.getElementById("plots").hidden = true;
      select.parentElement.hidden = true;
      document.getElementById("plot-notes").textContent = script
        ? "There is nothing to plot."
        : "This report was written without plotly, so it has no plots. To have them: pip install 'mcdenoise[report]', and evaluate again.";
      return;
    }
    metric = metrics[0];
    metrics.forEach((one, i) => select.append(Text.element("option", { value: i }, `${one.name} ${Tables.arrow(one)}`)));
    select.addEventListener("change", () => {
      metric = metrics[select.value];
      draw();
    });
    Theme.onChange(draw);
    const observer = new IntersectionObserver(
      (entries) => {
        // Behind the viewer nothing is seen.
        if (!entries.some((entry) => entry.isIntersecting) || document.documentElement.classList.contains("viewing")) return;
        observer.disconnect();
        look = () => {};
        document.head.append(Text.element("script", { src: script, onload: draw }));
      },
      { rootMargin: "150px" },
    );
    look = () => {
      observer.unobserve(section);
      observer.observe(section);
    };
    look();
  }

  return { start, look: () => look() };
})();
