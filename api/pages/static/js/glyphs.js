// Lights, enterprises and icons as inline SVG, made of our own constants only.

import { look, svg } from "./dom.js";

const OCTAGON = "9.4,3 18.6,3 25,9.4 25,18.6 18.6,25 9.4,25 3,18.6 3,9.4";

/** A light: shape, colour and sign; with a number, the number stands instead of the sign. */
export function light(name, size = 20, numeral = null) {
  const { fill, ink } = look.lights[name] ?? look.lights.green;
  const rim = { fill, stroke: "#FFFFFF", "stroke-width": 1.6, "stroke-linejoin": "round" };
  const hollow = { fill, stroke: ink, "stroke-width": 2.4, "stroke-linejoin": "round" }; // what has ended calls for nothing
  const shapes = {
    red: () => svg("polygon", { points: OCTAGON, ...rim }),
    very_late: () => svg("polygon", { points: OCTAGON, ...rim }),
    yellow: () => svg("path", { d: "M14 2.6 26.4 24.4H1.6z", ...rim, stroke: "#6B4700", "stroke-width": 1.4 }),
    green: () => svg("circle", { cx: 14, cy: 14, r: 11, ...rim }),
    paused: () => svg("rect", { x: 3.5, y: 3.5, width: 21, height: 21, rx: 3, ...rim }),
    done_in_time: () => svg("circle", { cx: 14, cy: 14, r: 10.4, ...hollow }),
    done_late: () => svg("polygon", { points: OCTAGON, ...hollow }),
    ended: () => svg("circle", { cx: 14, cy: 14, r: 10.4, ...hollow }),
  };
  const shape = (shapes[name] ?? shapes.green)();
  return svg("svg", { width: size, height: size, viewBox: "0 0 28 28", "aria-hidden": "true" }, shape, sign(name, ink, numeral));
}

function sign(name, ink, numeral) {
  if (numeral !== null) {
    const size = String(numeral).length > 2 ? 9 : 12.5;
    const text = svg("text", {
      x: 14, y: name === "yellow" ? 21.6 : 18.4, fill: ink, "font-size": size, "font-weight": 700, "text-anchor": "middle",
    });
    text.textContent = String(numeral);
    return text;
  }
  const stroke = { fill: "none", stroke: ink, "stroke-width": 3, "stroke-linecap": "round", "stroke-linejoin": "round" };
  const mark = (x, top, bottom) => [
    svg("path", { d: `M${x} ${top}V${bottom}`, ...stroke }), svg("circle", { cx: x, cy: bottom + 5, r: 1.8, fill: ink }),
  ];
  const signs = {
    red: () => mark(14, 8, 14.5),
    very_late: () => [...mark(10.6, 8, 14.5), ...mark(17.4, 8, 14.5)],
    yellow: () => mark(14, 10.5, 15.5),
    green: () => [svg("path", { d: "m8.8 14.3 3.6 3.6 6.8-7.4", ...stroke })],
    paused: () => [svg("path", { d: "M10.6 9v10M17.4 9v10", ...stroke })],
    done_in_time: () => signs.green(),
    done_late: () => signs.green(),
    ended: () => [svg("path", { d: "M9 14h10", ...stroke })],
  };
  return svg("g", {}, ...(signs[name] ?? signs.green)());
}

const SHAPES = {
  diamond: (a) => svg("polygon", { points: "10,1 19,10 10,19 1,10", ...a }),
  square: (a) => svg("rect", { x: 2.5, y: 2.5, width: 15, height: 15, ...a }),
  gable: (a) => svg("polygon", { points: "10,1.5 18.2,8 18.2,18 1.8,18 1.8,8", ...a }),
  circle: (a) => svg("circle", { cx: 10, cy: 10, r: 8, ...a }),
};

/** An enterprise: told by its shape; hollow when nothing is said of it, filled where its figure is raised. */
export function enterprise(kind, size = 14, { filled = false, dashed = false } = {}) {
  const draw = SHAPES[look.glyphs[kind]] ?? SHAPES.circle;
  const { ink } = look.colours;
  const attributes = {
    fill: filled ? ink : "#FFFFFF", stroke: filled ? "#FFFFFF" : ink, "stroke-width": filled ? 1.2 : 20 / size * 1.4,
    "stroke-dasharray": dashed ? "3 2.2" : null, "stroke-linejoin": "round",
  };
  return svg("svg", { width: size, height: size, viewBox: "0 0 20 20", "aria-hidden": "true" }, draw(attributes));
}

const ICONS = {
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  close: "m6 6 12 12M18 6 6 18",
  check: "m5 12.5 4.5 4.5L19 7.5",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zm5-2 4.5 4.5",
  locate: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zm0-4h.01M12 2.5V6m0 12v3.5M2.5 12H6m12 0h3.5M12 19a7 7 0 1 0 0-14 7 7 0 0 0 0 14z",
  layers: "m12 3 9 5-9 5-9-5zM3 12.5l9 5 9-5M3 17l9 5 9-5",
  send: "M21 3 3 10.5l7 3.5 3.5 7zM21 3 10 14",
  home: "M4 11 12 4l8 7v9h-5v-6H9v6H4z",
  list: "M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01",
  map: "M9 4 3 6.5v14L9 18l6 2.5 6-2.5V4l-6 2.5zM9 4v14m6-11.5v14",
  table: "M4 5h16v14H4zM4 10h16M4 14.5h16M10 5v14",
  offline: "m3 3 18 18M5 9a12 12 0 0 1 4-2.4M8.5 12.6a7 7 0 0 1 4-1.6M12 19h.01M19 9a12 12 0 0 0-6-3.3M15.5 12.6c.5.3 1 .7 1.4 1.1",
  pin: "M12 21.5c4.5-5 7-8.600 7-12a7 7 0 1 0-14 0c0 3.400 2.500 7 7 12z",
  back: "M15 5l-7 7 7 7",
  download: "M12 4v11m-4.500-4 4.500 4.500L16.500 11M4 19.500h16",
};

/** An icon of 24 by 24 in the text's colour. */
export function icon(name, size = 20) {
  return svg(
    "svg", { width: size, height: size, viewBox: "0 0 24 24", "aria-hidden": "true" },
    svg("path", {
      d: ICONS[name], fill: "none", stroke: "currentColor", "stroke-width": 1.9, "stroke-linecap": "round", "stroke-linejoin": "round",
    }),
  );
}
