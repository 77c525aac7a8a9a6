"use strict";
// Half floats: as numbers, from the data files, and by tables to colours.

const Half = (() => {
  const VALUES = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    const size =
      exponent === 0 ? fraction * 2 ** -24
      : exponent === 31 ? (fraction ? NaN : Infinity)
      : (1 + fraction / 1024) * 2 ** (exponent - 15);
    VALUES[bits] = bits & 32768 ? -size : size;
  }
  return VALUES;
})();

// The pictures of all views, loaded when asked for; those least recently used are dropped.
const Pictures = (() => {
  const FOLDER = document.documentElement.dataset.files;
  const LIMIT = 192 * 2 ** 20; // bytes of decoded half floats
  const kept = new Map(); // name -> picture, least recently used first
  const loading = new Map(); // name -> promise
  const waiting = new Map(); // name -> function that takes the text of its file
  const failed = new Map(); // name -> why
  let bytes = 0;

  function bytesOf(text) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
    const binary = atob(text);
    const result = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; i++) result[i] = binary.charCodeAt(i);
    return result;
  }

  // Undoes writer.py's _encode: interleaved half floats, `planes` a pixel.
  function decode(packed, width, height, planes) {
    const count = width * height;
    if (packed.length !== 2 * planes * count) throw new Error("its size is wrong");
    const highs = planes * count;
    const data = new Uint16Array(planes * count);
    for (let plane = 0; plane < planes; plane++) {
      const channel = planes === 1 ? 0 : [1, 0, 2][plane];
      let i = plane * count;
      let o = channel;
      for (let y = 0; y < height; y++) {
        let value = 0;
        for (let x = 0; x < width; x++, i++, o += planes) {
          const step = packed[i] | (packed[highs + i] << 8);
          value = (value + ((step >>> 1) ^ -(step & 1))) & 65535;
          data[o] = value;
        }
      }
    }
    if (planes === 3) {
      for (let i = 0; i < data.length; i += 3) {
        data[i] += data[i + 1]; // 16 bits, so modulo 2^16
        data[i + 2] += data[i + 1];
      }
    }
    return data;
  }

  const pathOf = (name) => `${FOLDER}/data/${name}.js`;

  function insert(name) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      waiting.set(name, resolve);
      script.src = pathOf(name);
      script.onload = () => {
        script.remove();
        if (waiting.delete(name)) reject(new Error("it holds something else"));
      };
      script.onerror = () => {
        script.remove();
        waiting.delete(name);
        reject(new Error("the file is missing"));
      };
      document.head.append(script);
    });
  }

  async function load(name, width, height, planes) {
    const text = await insert(name);
    if (!window.DecompressionStream) throw new Error("this browser is too old to unpack it");
    const stream = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
    const packed = new Uint8Array(await new Response(stream).arrayBuffer());
    return { name, width, height, planes, data: decode(packed, width, height, planes) };
  }

  function keep(picture, wanted) {
    kept.set(picture.name, picture);
    bytes += picture.data.byteLength;
    for (const [name, old] of kept) {
      if (bytes <= LIMIT) break;
      if (wanted().includes(name)) continue;
      kept.delete(name);
      bytes -= old.data.byteLength;
    }
  }

  // The picture if it is there, else null.
  function peek(name) {
    const picture = kept.get(name);
    if (!picture) return null;
    kept.delete(name);
    kept.set(name, picture);
    return picture;
  }

  // `wanted()` names those that are shown, and so must stay; it is asked when the picture has come.
  function request(name, [width, height], planes, wanted) {
    if (kept.has(name)) return Promise.resolve();
    if (!loading.has(name)) {
      const promise = load(name, width, height, planes)
        .then((picture) => {
          failed.delete(name);
          keep(picture, wanted);
        })
        .catch((error) => failed.set(name, error.message))
        .finally(() => loading.delete(name));
      loading.set(name, promise);
    }
    return loading.get(name);
  }

  window.receivePicture = (name, text) => {
    const take = waiting.get(name);
    waiting.delete(name);
    if (take) take(text);
  };

  return {
    pathOf,
    peek,
    request,
    failure: (name) => failed.get(name),
    forgiveFailures: () => failed.clear(), // a web host may have been away for a moment
    fits: (size) => size <= LIMIT,
  };
})();

// Tables from the bits of a half float to the bits of a canvas's colours (RGBA in little-endian order).
const Colours = (() => {
  const OPAQUE = 0xff000000;

  function curve(value, { curve, gamma }) {
    if (curve === "gamma") return value ** (1 / gamma);
    return value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055;
  }

  // One table a channel: NaN is magenta, and each table holds its channel's byte in place.
  function ofRadiance(tone, exposure) {
    const factor = 2 ** tone.ev * exposure;
    const tables = [new Uint32Array(65536), new Uint32Array(65536), new Uint32Array(65536)];
    for (let bits = 0; bits < 65536; bits++) {
      const value = Half[bits];
      const isNumber = value === value;
      const byte = Math.round(255 * curve(Math.min(Math.max(value * factor, 0), 1), tone));
      tables[0][bits] = (OPAQUE | (isNumber ? byte : 255)) >>> 0;
      tables[1][bits] = (isNumber ? byte : 0) << 8;
      tables[2][bits] = (isNumber ? byte : 255) << 16;
    }
    return tables;
  }

  // Place of a value in the scale, 0 to 1.
  function place(value, { low, high, logarithmic }) {
    const share = logarithmic
      ? Math.log(Math.max(value, 1e-12) / low) / Math.log(high / low)
      : (value - low) / (high - low);
    return Math.min(Math.max(share, 0), 1);
  }

  function ofError(colours, scale) {
    const table = new Uint32Array(65536);
    for (let bits = 0; bits < 65536; bits++) {
      const value = Half[bits];
      const [red, green, blue] = value === value ? colours[Math.round(255 * place(value, scale))] : [0, 255, 255];
      table[bits] = (OPAQUE | (blue << 16) | (green << 8) | red) >>> 0;
    }
    return [table];
  }

  // Draws the picture into `canvas`, which takes its size.
  function paint(picture, tables, canvas) {
    if (canvas.width !== picture.width) canvas.width = picture.width;
    if (canvas.height !== picture.height) canvas.height = picture.height;
    const context = canvas.getContext("2d");
    const image = context.createImageData(picture.width, picture.height);
    const out = new Uint32Array(image.data.buffer);
    const { data } = picture;
    if (picture.planes === 3) {
      const [red, green, blue] = tables;
      for (let i = 0, o = 0; o < out.length; i += 3, o++) {
        out[o] = red[data[i]] | green[data[i + 1]] | blue[data[i + 2]];
      }
    } else {
      const [table] = tables;
      for (let o = 0; o < out.length; o++) out[o] = table[data[o]];
    }
    context.putImageData(image, 0, 0);
  }

  // The value below which a share of the maps' pixels lies; those that are no number or negative are left out.
  function percentile(pictures, share) {
    const counts = new Uint32Array(0x7c00); // finite half floats from 0 on, in their order
    let total = 0;
    for (const { data } of pictures) {
      for (const bits of data) {
        if (bits < 0x7c00) {
          counts[bits]++;
          total++;
        }
      }
    }
    let below = 0;
    for (let bits = 0; bits < counts.length; bits++) {
      below += counts[bits];
      if (total && below >= share * total) return Half[bits];
    }
    return 0;
  }

  return { ofRadiance, ofError, paint, place, percentile };
})();
