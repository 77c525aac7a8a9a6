"use strict";
// The viewer of one view: what is chosen, the controls and keys that choose it, and the link that holds it.

const Viewer = (() => {
  const { element, number } = Text;
  const TONE = { ev: 0, curve: "srgb", gamma: 2.2 };
  const MODES = ["split", "side", "flip"];
  const FIT = { zoom: null, x: 0, y: 0 };
  const PAINTED = 12; // canvases that are kept, so that keys flip between images at once

  const byId = (id) => document.getElementById(id);
  let report, order, onClose;
  let entry = null; // the view that is open
  let state = { a: null, b: null, ...TONE, mode: "split", map: "", range: null, logarithmic: true };
  let colours = [];
  const painted = new Map(); // name of a picture -> {key, canvas}, least recently used first
  let tables = { key: null, made: null };
  let ranges = { key: null, value: null };
  let frame = 0;
  let hashTimer = 0;
  let openedByClick = false;

  // Pictures of the open view

  const fileOf = (item) => `${entry.stem}-${String(item).padStart(2, "0")}`;
  const imageFile = (name) => fileOf(entry.images.indexOf(name));
  const mapNames = () => [...new Set(entry.maps.map(([map]) => map))];

  function mapFile(map, method) {
    const found = entry.maps.findIndex(([itsMap, itsMethod]) => itsMap === map && itsMethod === method);
    return found < 0 ? null : fileOf(entry.images.length + found);
  }

  const isMapped = (name) => state.map !== "" && mapFile(state.map, name) !== null;
  const reference = () => (entry.images.includes("reference") ? "reference" : null);

  // Names of the pictures that the page shows or reads out now.
  function wanted() {
    if (!entry) return [];
    const images = [state.a, state.b, reference()].filter(Boolean).map(imageFile);
    const maps = state.map ? [state.a, state.b].map((name) => mapFile(state.map, name)).filter(Boolean) : [];
    return [...maps, ...images];
  }

  function picture(name, planes) {
    const there = Pictures.peek(name);
    if (!there && !Pictures.failure(name)) Pictures.request(name, entry.size, planes, wanted).then(schedule);
    if (there) there.scale = planes === 3 ? entry.scale : 1; // what its numbers were multiplied by
    return there;
  }

  function canvasOf(name, there, key, paintTables) {
    let kept = painted.get(name);
    painted.delete(name);
    if (!kept && painted.size >= PAINTED) {
      const [oldest] = painted.keys();
      kept = painted.get(oldest);
      painted.delete(oldest);
      kept.key = null;
    }
    kept ??= { key: null, canvas: document.createElement("canvas") };
    if (kept.key !== key) {
      if (tables.key !== key) tables = { key, made: paintTables() };
      Colours.paint(there, tables.made, kept.canvas);
      kept.key = key;
    }
    painted.set(name, kept);
    return kept.canvas;
  }

  // The range of the scale: chosen, or found in the maps of A and B together; null until they are there.
  function rangeOf(files) {
    if (state.range) return state.range;
    const maps = files.filter(Boolean).map((name) => picture(name, 1));
    if (!maps.length || maps.includes(null)) return null;
    const key = `${files} ${state.logarithmic}`;
    if (ranges.key !== key) {
      const high = Colours.percentile(maps, 0.995) || 1;
      const low = within(Colours.percentile(maps, 0.02), high / 1000, high / 10);
      ranges = { key, value: [state.logarithmic ? low : 0, high] };
    }
    return ranges.value;
  }

  function sideOf(name, range) {
    if (isMapped(name)) {
      const file = mapFile(state.map, name);
      const there = picture(file, 1);
      if (!there || !range) return { message: waitingText(file) };
      const scale = { low: range[0], high: range[1], logarithmic: state.logarithmic };
      const key = JSON.stringify(scale);
      return { canvas: canvasOf(file, there, key, () => Colours.ofError(colours, scale)), picture: there };
    }
    const file = imageFile(name);
    const there = picture(file, 3);
    if (!there) return { message: waitingText(file) };
    const key = `${state.ev} ${state.curve} ${state.gamma} ${entry.exposure}`;
    return { canvas: canvasOf(file, there, key, () => Colours.ofRadiance(state, entry.exposure / entry.scale)), picture: there };
  }

  function waitingText(file) {
    const why = Pictures.failure(file);
    return why ? `${Pictures.pathOf(file)} cannot be shown: ${why}` : "Loading …";
  }

  // The other images of the view, once those that are shown are there: number keys then flip at once.
  function fetchOthers() {
    const bytes = 6 * entry.size[0] * entry.size[1] * entry.images.length;
    const next = entry.images.find((name) => !Pictures.peek(imageFile(name)) && !Pictures.failure(imageFile(name)));
    if (next && Pictures.fits(bytes)) picture(imageFile(next), 3);
  }

  // Showing the state

  function schedule() {
    if (!frame) frame = requestAnimationFrame(show);
  }

  function show() {
    frame = 0;
    if (!entry) return;
    const files = [state.a, state.b].map((name) => mapFile(state.map, name));
    const range = state.map ? rangeOf(files) : null;
    const sides = { a: sideOf(state.a, range), b: sideOf(state.b, range) };
    Stage.setMode(state.mode);
    Stage.show(sides, entry.size);
    const waits = Object.values(sides).some((side) => side.message === "Loading …");
    const canvas = byId("canvas");
    canvas.setAttribute("aria-busy", String(waits));
    canvas.setAttribute(
      "aria-label",
      `${entry.scene} ${entry.view}, ${entry.spp || "unknown"} spp: ${state.map ? `${state.map} of ` : ""}A ${state.a}` +
        (state.mode === "flip" ? "" : ` against B ${state.b}`) +
        Object.values(sides).map((side) => (side.message ? `. ${side.message}` : "")).join(""),
    );
    showControls(range);
    showReadout();
    if (!waits) fetchOthers();
    clearTimeout(hashTimer);
    hashTimer = setTimeout(writeHash, 250); // browsers refuse hundreds of changes a minute
  }

  function showControls(range) {
    for (const side of ["a", "b"]) {
      const picture = state.map && !isMapped(state[side]) ? " (has no map)" : "";
      byId(`label-${side}`).replaceChildren(element("b", {}, side.toUpperCase()), ` ${state[side]}${picture}`);
    }
    byId("exposure").value = state.ev;
    byId("exposure-value").textContent = `${state.ev >= 0 ? "+" : "−"}${Math.abs(state.ev).toFixed(1)} EV`;
    byId("curve").value = state.curve;
    byId("gamma").value = state.gamma;
    byId("gamma-value").textContent = state.curve === "gamma" ? state.gamma.toFixed(2) : "sRGB";
    byId("gamma").closest(".control").classList.toggle("idle", state.curve !== "gamma");
    byId("map").value = state.map;
    for (const button of byId("modes").children) {
      button.setAttribute("aria-pressed", String(button.dataset.mode === state.mode));
    }
    byId("fit").setAttribute("aria-pressed", String(Stage.place().zoom === null));
    byId("zoom-value").textContent = `${Math.round(Stage.scale() * 100)} %`;
    byId("map-range").hidden = !state.map;
    byId("scale").hidden = !state.map || !range;
    if (state.map && range) showScale(range);
  }

  function showScale([low, high]) {
    for (const [id, value] of [["range-low", low], ["range-high", high]]) {
      byId(id).value = Math.log10(Math.max(value, 1e-6));
      byId(`${id}-value`).textContent = number(value);
    }
    byId("logarithmic").checked = state.logarithmic;
    byId("range-auto").setAttribute("aria-pressed", String(!state.range));
    byId("scale-name").textContent = state.map;
    const values = [low, high];
    if (state.logarithmic) {
      const step = Math.ceil(Math.log10(high / low) / 6); // decades from one number to the next
      for (let power = Math.ceil(Math.log10(low)); 10 ** power < high; power += step) values.push(10 ** power);
    } else {
      values.push(...[0.25, 0.5, 0.75].map((share) => low + share * (high - low)));
    }
    const scale = { low, high, logarithmic: state.logarithmic };
    const places = values.map((value) => [value, Colours.place(value, scale)]);
    const apart = places.filter(([, place], i) => i < 2 || (place > 0.13 && place < 0.87));
    byId("scale-ticks").replaceChildren(
      ...apart.map(([value, place]) => {
        const tick = element("span", { class: place === 0 ? "first" : place === 1 ? "last" : null }, Text.short(value));
        tick.style.left = `${100 * place}%`;
        return tick;
      }),
    );
  }

  function showReadout() {
    const place = byId("readout");
    const pixel = Stage.pointer();
    const inside = pixel && pixel[0] < entry.size[0] && pixel[1] < entry.size[1];
    if (!inside) {
      place.replaceChildren(element("span", { class: "quiet" }, "Point at a pixel, or touch it, to read its linear values."));
      return;
    }
    const [x, y] = pixel;
    const values = (file, planes) => {
      const there = file && picture(file, planes);
      if (!there) return null;
      const start = (y * entry.size[0] + x) * planes;
      return Array.from(there.data.subarray(start, start + planes), (bits) => Half[bits] / there.scale);
    };
    const cell = (value) => {
      const small = value !== 0 && Math.abs(value) < 1e-3;
      const text = !Number.isFinite(value) ? String(value) : small ? value.toExponential(4) : String(Number(value.toPrecision(5)));
      return element("td", {}, text);
    };
    const row = (label, side, name) => {
      const radiance = values(imageFile(name), 3) ?? [];
      const error = state.map ? (values(mapFile(state.map, name), 1) ?? []) : [];
      return element(
        "tr",
        { "data-side": side },
        element("th", { scope: "row", class: `side-${side}` }, label),
        element("td", { class: "name", title: name }, name),
        ...radiance.map(cell),
        ...error.map(cell),
      );
    };
    const heads = ["", "", "R", "G", "B", ...(state.map ? [state.map] : [])];
    const rows = [row("A", "a", state.a), row("B", "b", state.b)];
    if (reference() && state.a !== "reference" && state.b !== "reference") rows.push(row("ref", "reference", "reference"));
    place.replaceChildren(
      element("span", { class: "pixel" }, element("span", {}, `x ${x}`), element("span", {}, `y ${y}`)),
      element(
        "table",
        {},
        element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))),
        element("tbody", {}, ...rows),
      ),
    );
  }

  function showScores() {
    Tables.view(byId("scores"), entry, report.metrics, { a: state.a, b: state.b, choose });
    const shown = report.metrics.filter((metric) => Object.values(entry.rows).some((row) => row.scores?.[metric.name]));
    byId("verdict").replaceChildren(...Tables.verdict(entry, report.metrics, state.a, state.b));
    byId("scores-notes").textContent = Tables.kinds(shown, Object.values(entry.rows));
  }

  // Choosing

  function choose(side, name) {
    state[side] = name;
    showScores();
    schedule();
  }

  function set(changes) {
    Object.assign(state, changes);
    schedule();
  }

  const rounded = (value, digits) => Number(value.toFixed(digits));
  const within = (value, low, high) => Math.min(Math.max(value, low), high);
  const setExposure = (ev) => set({ ev: rounded(within(ev, -10, 10), 2) });
  const setGamma = (gamma) => set({ curve: "gamma", gamma: rounded(within(gamma, 1, 4), 2) });
  const setMap = (map) => set({ map, range: null });

  function setRange(which, value) {
    const now = [...(state.range ?? ranges.value ?? [1e-3, 1])];
    now[which] = !state.logarithmic && value <= 1.0001e-6 ? 0 : value;
    if (now[0] >= now[1]) now[1 - which] = which ? now[1] / 1.2 : now[0] * 1.2;
    set({ range: now });
  }

  // The next image of the view as A or B, or by -1 the previous; after the last comes the first.
  function stepImage(side, by) {
    const { images } = entry;
    choose(side, images[(images.indexOf(state[side]) + by + images.length) % images.length]);
  }

  function swap() {
    [state.a, state.b] = [state.b, state.a];
    showScores();
    schedule();
  }

  function step(by) {
    const indices = order(report.views.indexOf(entry));
    const at = indices.indexOf(report.views.indexOf(entry));
    const next = indices[at + by];
    if (next !== undefined) open(next);
  }

  const sameView = () =>
    report.views
      .filter((other) => other.scene === entry.scene && other.view === entry.view)
      .sort((one, other) => one.spp - other.spp);

  function stepSpp(by) {
    const all = sameView();
    const next = all[all.indexOf(entry) + by];
    if (next) open(report.views.indexOf(next));
  }

  // Opening and closing

  function open(index, { click = false } = {}) {
    const first = !entry;
    const before = entry;
    entry = report.views[index];
    Pictures.forgiveFailures();
    if (before && String(before.size) !== String(entry.size)) Stage.setPlace({ ...Stage.place(), ...FIT });
    const methods = entry.images.filter((name) => name !== "noisy" && name !== "reference");
    const defaults = [...methods, ...entry.images.filter((name) => !methods.includes(name)).reverse()];
    if (!entry.images.includes(state.a)) state.a = defaults[0];
    if (!entry.images.includes(state.b)) state.b = defaults.find((name) => name !== state.a) ?? state.a;
    const maps = mapNames();
    if (!maps.includes(state.map)) state.map = "";
    byId("map").replaceChildren(
      element("option", { value: "" }, "Picture"),
      ...maps.map((map) => element("option", { value: map }, `${map} map`)),
    );
    byId("map-controls").hidden = !maps.length;
    const indices = order(index);
    const at = indices.indexOf(index);
    byId("view-title").replaceChildren(entry.scene, " ", element("small", {}, entry.view));
    byId("view-title").title = `${entry.scene} ${entry.view}`;
    byId("view-count").textContent = `${at + 1} / ${indices.length}`;
    byId("previous").disabled = at === 0;
    byId("next").disabled = at === indices.length - 1;
    byId("help-exposure").textContent = `for this view ${number(entry.exposure)}.`;
    byId("view-spp").replaceChildren(
      ...sameView().map((other) =>
        element(
          "button",
          { type: "button", "aria-pressed": String(other === entry), onclick: () => open(report.views.indexOf(other)) },
          `${other.spp || "unknown"} spp`,
        ),
      ),
    );
    showScores();
    if (first) {
      byId("viewer").hidden = false;
      byId("page").inert = true;
      document.documentElement.classList.add("viewing");
      byId("viewer").focus({ preventScroll: true });
      if (click) {
        openedByClick = true;
        history.pushState(null, "", hash()); // so that Back closes the viewer
      }
    }
    schedule();
  }

  function shut() {
    if (!entry) return;
    clearTimeout(hashTimer);
    const index = report.views.indexOf(entry);
    entry = null;
    openedByClick = false;
    Stage.forgetPointer();
    painted.clear();
    byId("viewer").hidden = true;
    byId("page").inert = false;
    document.documentElement.classList.remove("viewing");
    onClose(index);
  }

  function leave() {
    if (openedByClick) history.back();
    else {
      history.replaceState(null, "", location.href.split("#")[0]);
      shut();
    }
  }

  // The link

  // Repeats of a view are numbered from the second on.
  function idOf(view) {
    const repeats = report.views.filter(
      (other) => other.scene === view.scene && other.view === view.view && other.spp === view.spp,
    );
    const at = repeats.indexOf(view);
    return `${view.scene}/${view.view}/${view.spp}${at ? `/${at + 1}` : ""}`;
  }

  function hash() {
    const place = Stage.place();
    const fields = { view: idOf(entry), a: state.a, b: state.b, ev: state.ev };
    if (state.curve !== TONE.curve) Object.assign(fields, { curve: state.curve, gamma: state.gamma });
    if (state.mode !== "split") fields.mode = state.mode;
    if (place.split !== 0.5) fields.split = rounded(place.split, 4);
    if (state.map) fields.map = state.map;
    if (state.map && state.range) fields.range = state.range.map((value) => Number(value.toPrecision(4))).join(",");
    if (state.map && !state.logarithmic) fields.scale = "linear";
    if (place.zoom !== null) {
      const { zoom, x, y } = place;
      Object.assign(fields, { zoom: rounded(zoom, 4), x: rounded(x, 2), y: rounded(y, 2) });
    }
    return `#${new URLSearchParams(fields)}`;
  }

  function writeHash() {
    if (entry) history.replaceState(null, "", hash());
  }

  // Shows what the address says; what is missing or makes no sense in it is as at the start.
  function readHash() {
    const fields = new URLSearchParams(location.hash.slice(1));
    const index = report.views.findIndex((view) => idOf(view) === fields.get("view"));
    if (index < 0) return shut();
    const numeric = (name, otherwise) => {
      const value = Number.parseFloat(fields.get(name));
      return Number.isFinite(value) ? value : otherwise;
    };
    const range = (fields.get("range") ?? "").split(",").map(Number);
    state = {
      a: fields.get("a"),
      b: fields.get("b"),
      ev: within(numeric("ev", TONE.ev), -10, 10),
      curve: fields.get("curve") === "gamma" ? "gamma" : TONE.curve,
      gamma: within(numeric("gamma", TONE.gamma), 1, 4),
      mode: MODES.includes(fields.get("mode")) ? fields.get("mode") : "split",
      map: fields.get("map") ?? "",
      range: range.length === 2 && range[0] >= 0 && range[1] > range[0] ? range : null,
      logarithmic: fields.get("scale") !== "linear",
    };
    if (state.range && state.logarithmic && state.range[0] === 0) state.range = null;
    open(index);
    Stage.setPlace({ zoom: numeric("zoom", null), x: numeric("x", 0), y: numeric("y", 0), split: numeric("split", 0.5) });
    return undefined;
  }

  // Controls and keys

  const KEYS = {
    e: () => setExposure(state.ev + 0.5),
    "+": () => setExposure(state.ev + 0.5),
    "=": () => setExposure(state.ev + 0.5),
    E: () => setExposure(state.ev - 0.5),
    "-": () => setExposure(state.ev - 0.5),
    g: () => setGamma(state.gamma + 0.1),
    G: () => setGamma(state.gamma - 0.1),
    t: () => set({ curve: state.curve === "srgb" ? "gamma" : "srgb" }),
    r: () => set(TONE),
    s: () => set({ mode: MODES[(MODES.indexOf(state.mode) + 1) % MODES.length] }),
    a: () => stepImage("a", 1),
    A: () => stepImage("a", -1),
    b: () => stepImage("b", 1),
    B: () => stepImage("b", -1),
    x: swap,
    " ": swap,
    m: () => {
      const all = ["", ...mapNames()];
      setMap(all[(all.indexOf(state.map) + 1) % all.length]);
    },
    f: Stage.fit,
    0: Stage.one,
    ArrowLeft: () => step(-1),
    ArrowRight: () => step(1),
    ArrowDown: () => stepSpp(-1),
    ArrowUp: () => stepSpp(1),
    "?": () => byId("help").showModal(),
    Escape: leave,
  };

  function key(event) {
    if (!entry || byId("help").open || event.ctrlKey || event.metaKey || event.altKey) return;
    const { target } = event;
    if (target.matches("select") && event.key !== "Escape") return; // letters choose in it
    if (target.matches("input[type=range]") && /^Arrow/.test(event.key)) return;
    if (target.matches("button, input[type=checkbox]") && event.key === " ") return;
    // By the key's place, as Shift turns digits into other signs.
    const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
    const act = digit
      ? () => {
          const name = entry.images[digit[1] - 1];
          if (name !== undefined) choose(event.shiftKey ? "b" : "a", name);
        }
      : KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  function start(itsReport, itsOrder, itsOnClose) {
    report = itsReport;
    order = itsOrder;
    onClose = itsOnClose;
    colours = Array.from({ length: report.colours.length / 6 }, (_, i) =>
      [0, 2, 4].map((digit) => Number.parseInt(report.colours.slice(6 * i + digit, 6 * i + digit + 2), 16)),
    );
    const stops = colours.filter((_, i) => i % 15 === 0).map((rgb) => `rgb(${rgb})`);
    byId("scale-colours").style.background = `linear-gradient(to right, ${stops})`;
    Stage.start(
      { canvas: byId("canvas"), divider: byId("divider"), labels: { a: byId("label-a"), b: byId("label-b") } },
      { moved: schedule, hovered: schedule },
    );
    const on = (id, type, act) => byId(id).addEventListener(type, act);
    on("close", "click", leave);
    on("previous", "click", () => step(-1));
    on("next", "click", () => step(1));
    on("help-open", "click", KEYS["?"]);
    on("modes", "click", (event) => event.target.dataset.mode && set({ mode: event.target.dataset.mode }));
    on("swap", "click", swap);
    on("fit", "click", Stage.fit);
    on("one", "click", Stage.one);
    on("zoom-in", "click", () => Stage.zoomBy(2));
    on("zoom-out", "click", () => Stage.zoomBy(0.5));
    on("exposure", "input", (event) => setExposure(event.target.valueAsNumber));
    on("gamma", "input", (event) => setGamma(event.target.valueAsNumber));
    on("curve", "change", (event) => set({ curve: event.target.value }));
    on("reset", "click", KEYS.r);
    on("map", "change", (event) => setMap(event.target.value));
    on("range-low", "input", (event) => setRange(0, 10 ** event.target.valueAsNumber));
    on("range-high", "input", (event) => setRange(1, 10 ** event.target.valueAsNumber));
    on("range-auto", "click", () => set({ range: null }));
    on("logarithmic", "change", (event) => set({ logarithmic: event.target.checked, range: null }));
    document.addEventListener("keydown", key);
    window.addEventListener("hashchange", readHash);
    window.addEventListener("popstate", readHash);
    if (location.hash) readHash();
  }

  return { start, open: (index) => open(index, { click: true }) };
})();
