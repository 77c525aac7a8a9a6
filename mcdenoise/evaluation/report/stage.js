"use strict";
// The canvas of the viewer: where pictures lie in it, and what pointers do to that. One transform serves A and B.

const Stage = (() => {
  const GRID = 16; // screen pixels to a picture pixel from which its edges are drawn
  const NUMBERS = 64; // and from which its values are written into it
  const [MIN_ZOOM, MAX_ZOOM] = [0.02, 128];

  let canvas, divider, labels, context, listeners;
  let size = [1, 1]; // of the pictures
  let zoom = null; // CSS pixels to a picture pixel; null fits the picture
  let centre = [0, 0]; // the picture's place in the middle of a pane
  let mode = "split";
  let split = 0.5;
  let shown = { a: null, b: null };
  let pointer = null; // picture pixel under the pointer, [x, y]

  const box = () => [canvas.clientWidth, canvas.clientHeight];

  // Rectangles of A and of B; where they are one, the divider parts them.
  function panes() {
    const [w, h] = box();
    if (mode !== "side") return [{ x: 0, y: 0, w, h }, { x: 0, y: 0, w, h }];
    const fits = (width, height) => Math.min(width / size[0], height / size[1]);
    if (fits(w / 2, h) >= fits(w, h / 2)) {
      const half = Math.floor(w / 2) - 1;
      return [{ x: 0, y: 0, w: half, h }, { x: w - half, y: 0, w: half, h }];
    }
    const half = Math.floor(h / 2) - 1;
    return [{ x: 0, y: 0, w, h: half }, { x: 0, y: h - half, w, h: half }];
  }

  function fitting() {
    const [pane] = panes();
    return Math.max(Math.min(pane.w / size[0], pane.h / size[1]), MIN_ZOOM);
  }

  const scale = () => zoom ?? fitting();
  const middle = () => (zoom === null ? [size[0] / 2, size[1] / 2] : centre);

  function paneAt(x, y) {
    const [a, b] = panes();
    return mode === "side" && x >= b.x && y >= b.y ? b : a;
  }

  function toPicture(x, y) {
    const pane = paneAt(x, y);
    const [cx, cy] = middle();
    return [cx + (x - pane.x - pane.w / 2) / scale(), cy + (y - pane.y - pane.h / 2) / scale()];
  }

  function zoomTo(wanted, x, y) {
    const pane = paneAt(x, y);
    const fixed = toPicture(x, y);
    const next = Math.min(Math.max(wanted, MIN_ZOOM), MAX_ZOOM);
    centre = [fixed[0] - (x - pane.x - pane.w / 2) / next, fixed[1] - (y - pane.y - pane.h / 2) / next];
    zoom = next;
    clampCentre();
    listeners.moved();
  }

  function zoomBy(factor) {
    const [pane] = panes();
    zoomTo(scale() * factor, pane.x + pane.w / 2, pane.y + pane.h / 2);
  }

  function panBy(dx, dy) {
    const [cx, cy] = middle();
    zoom = scale();
    centre = [cx - dx / zoom, cy - dy / zoom];
    clampCentre();
    listeners.moved();
  }

  function clampCentre() {
    centre = centre.map((value, i) => Math.min(Math.max(value, 0), size[i]));
  }

  function fit() {
    zoom = null;
    listeners.moved();
  }

  function setSplit(value) {
    split = Math.min(Math.max(value, 0), 1);
    listeners.moved();
  }

  function drawPane(pane, image, ratio, from, to) {
    context.save();
    context.beginPath();
    context.rect(from * ratio, pane.y * ratio, (to - from) * ratio, pane.h * ratio);
    context.clip();
    const s = scale() * ratio;
    const [cx, cy] = middle();
    const left = Math.round((pane.x + pane.w / 2) * ratio - cx * s);
    const top = Math.round((pane.y + pane.h / 2) * ratio - cy * s);
    if (image?.canvas) {
      // Only the part in sight: at high zoom the whole would be larger than canvases may be.
      const x0 = Math.max(0, Math.floor((from * ratio - left) / s));
      const y0 = Math.max(0, Math.floor((pane.y * ratio - top) / s));
      const x1 = Math.min(size[0], Math.ceil((to * ratio - left) / s));
      const y1 = Math.min(size[1], Math.ceil(((pane.y + pane.h) * ratio - top) / s));
      if (x1 > x0 && y1 > y0) {
        context.imageSmoothingEnabled = s < 1;
        context.drawImage(image.canvas, x0, y0, x1 - x0, y1 - y0, left + x0 * s, top + y0 * s, (x1 - x0) * s, (y1 - y0) * s);
        if (scale() >= GRID) drawGrid(x0, y0, x1, y1, left, top, s, ratio);
        if (scale() >= NUMBERS) drawNumbers(image.picture, x0, y0, x1, y1, left, top, s);
      }
    } else if (image) {
      context.fillStyle = "#3a3a3a";
      context.fillRect(left, top, size[0] * s, size[1] * s);
      context.fillStyle = "#e0e0e0";
      context.font = `${14 * ratio}px system-ui, sans-serif`;
      context.textAlign = "center";
      context.fillText(image.message, ((from + to) / 2) * ratio, (pane.y + pane.h / 2) * ratio, (to - from - 16) * ratio);
    }
    if (pointer && scale() >= 4) {
      const [x, y] = pointer;
      context.lineWidth = Math.max(1, Math.round(ratio));
      context.strokeStyle = "#000";
      context.strokeRect(left + x * s - 1.5 * ratio, top + y * s - 1.5 * ratio, s + 3 * ratio, s + 3 * ratio);
      context.strokeStyle = "#fff";
      context.strokeRect(left + x * s - 0.5 * ratio, top + y * s - 0.5 * ratio, s + ratio, s + ratio);
    }
    context.restore();
  }

  function drawGrid(x0, y0, x1, y1, left, top, s, ratio) {
    context.beginPath();
    for (let x = x0; x <= x1; x++) {
      context.moveTo(Math.round(left + x * s) + 0.5, top + y0 * s);
      context.lineTo(Math.round(left + x * s) + 0.5, top + y1 * s);
    }
    for (let y = y0; y <= y1; y++) {
      context.moveTo(left + x0 * s, Math.round(top + y * s) + 0.5);
      context.lineTo(left + x1 * s, Math.round(top + y * s) + 0.5);
    }
    context.lineWidth = ratio > 1.5 ? 2 : 1;
    context.strokeStyle = "rgba(128, 128, 128, 0.45)";
    context.stroke();
  }

  function drawNumbers({ data, planes, width, scale }, x0, y0, x1, y1, left, top, s) {
    const line = s / 5;
    context.font = `${line * 0.9}px ui-monospace, monospace`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineWidth = line / 6;
    context.strokeStyle = "#000";
    for (let y = y0; y < y1; y++) {
      for (let x = x0; x < x1; x++) {
        for (let plane = 0; plane < planes; plane++) {
          const text = Text.number(Half[data[(y * width + x) * planes + plane]] / scale);
          const at = [left + (x + 0.5) * s, top + (y + 0.5) * s + (plane - (planes - 1) / 2) * line * 1.2];
          context.fillStyle = planes === 3 ? ["#ff9d9d", "#a5f0a5", "#b5c4ff"][plane] : "#fff";
          context.strokeText(text, ...at, s * 0.94);
          context.fillText(text, ...at, s * 0.94);
        }
      }
    }
  }

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    const [w, h] = box();
    const [width, height] = [Math.max(1, Math.round(w * ratio)), Math.max(1, Math.round(h * ratio))];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.clearRect(0, 0, width, height);
    const [a, b] = panes();
    const cut = mode === "split" ? Math.round(split * w) : w;
    if (mode === "side") {
      drawPane(a, shown.a, ratio, a.x, a.x + a.w);
      drawPane(b, shown.b, ratio, b.x, b.x + b.w);
    } else {
      if (cut > 0) drawPane(a, shown.a, ratio, 0, cut);
      if (cut < w) drawPane(b, shown.b, ratio, cut, w);
    }
    divider.hidden = mode !== "split";
    divider.style.left = `${cut}px`;
    divider.setAttribute("aria-valuenow", String(Math.round(split * 100)));
    labels.b.hidden = mode === "flip";
    const stacked = mode === "side" && b.y > 0;
    labels.b.classList.toggle("stacked", stacked);
    labels.b.style.top = stacked ? `${b.y + 8}px` : "";
  }

  function listen() {
    const down = new Map(); // pointer id -> [x, y]
    const at = (event) => {
      const { left, top } = canvas.getBoundingClientRect();
      return [event.clientX - left, event.clientY - top];
    };

    function hover(event) {
      const place = toPicture(...at(event)).map(Math.floor);
      const inside = place.every((value, i) => value >= 0 && value < size[i]);
      pointer = inside ? place : null;
      listeners.hovered(pointer);
    }

    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      down.set(event.pointerId, at(event));
      hover(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      const before = down.get(event.pointerId);
      if (!before) return hover(event);
      const now = at(event);
      if (down.size === 2) {
        const [other] = [...down].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
        const spread = (place) => Math.hypot(place[0] - other[0], place[1] - other[1]);
        panBy((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
        zoomTo((scale() * spread(now)) / Math.max(spread(before), 1), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
      } else if (now[0] !== before[0] || now[1] !== before[1]) {
        panBy(now[0] - before[0], now[1] - before[1]);
      }
      down.set(event.pointerId, now);
    });
    for (const type of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(type, (event) => down.delete(event.pointerId));
    }
    canvas.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "touch") return; // a touch reads out what it left
      pointer = null;
      listeners.hovered(null);
    });
    canvas.addEventListener("dblclick", fit);
    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        const lines = event.deltaMode === 1 ? 16 : 1;
        const speed = event.ctrlKey ? 0.01 : 0.002; // a pinch on a touchpad comes as a wheel with Ctrl
        zoomTo(scale() * Math.exp(-event.deltaY * lines * speed), ...at(event));
      },
      { passive: false },
    );

    let dragging = false;
    divider.addEventListener("pointerdown", (event) => {
      dragging = true;
      divider.setPointerCapture(event.pointerId);
      event.preventDefault();
      divider.focus();
    });
    divider.addEventListener("pointermove", (event) => {
      if (dragging) setSplit(at(event)[0] / box()[0]);
    });
    for (const type of ["pointerup", "pointercancel"]) divider.addEventListener(type, () => (dragging = false));
    divider.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -0.02, ArrowRight: 0.02, Home: -1, End: 1 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      event.stopPropagation(); // else the arrows would go to another view
      setSplit(split + step);
    });
    new ResizeObserver(() => listeners.moved()).observe(canvas);
  }

  function start(elements, to) {
    ({ canvas, divider, labels } = elements);
    listeners = to;
    context = canvas.getContext("2d");
    listen();
  }

  // Show these: per side {canvas, picture} or {message}.
  function show(images, pictureSize) {
    shown = images;
    size = pictureSize;
    clampCentre();
    draw();
  }

  return {
    start,
    show,
    fit,
    zoomBy,
    one: () => zoomBy(1 / scale()),
    setSplit,
    setMode: (value) => (mode = value),
    scale,
    pointer: () => pointer,
    forgetPointer: () => (pointer = null),
    // What a link must hold; zoom is null where the picture is fitted.
    place: () => ({ zoom, x: centre[0], y: centre[1], split }),
    setPlace(place) {
      zoom = place.zoom === null ? null : Math.min(Math.max(place.zoom, MIN_ZOOM), MAX_ZOOM);
      centre = [place.x, place.y];
      split = Math.min(Math.max(place.split, 0), 1);
    },
  };
})();
