// The map as it is seen, as a picture: what the browser shows is painted once more on a canvas, with what a printed map
// has to say below it. Nothing leaves this device for it.

import { el } from "./dom.js";

const [LINE, PAD, FOOT_PX, HALO_PX, INK] = [19, 14, 13, 4, "#15202B"];

/** Paint `root`, below it the element `below` (where there is one) and `lines` of words; a PNG of twice the size on the
 *  screen. `leftOut`: what of `root` is not painted. */
export async function picture(root, lines, leftOut, below = null) {
  const frame = root.getBoundingClientRect();
  const canvas = el("canvas");
  const under = below?.getBoundingClientRect();
  const extra = under ? under.height + PAD : 0;
  const context = canvas.getContext("2d");
  const font = getComputedStyle(root).fontFamily;
  context.font = `${FOOT_PX}px ${font}`;
  const foot = lines.flatMap((words) => wrapped(context, words, frame.width - 2 * PAD));
  [canvas.width, canvas.height] = [2 * frame.width, 2 * (frame.height + extra + 2 * PAD + foot.length * LINE)];
  context.scale(2, 2);
  context.fillStyle = "#FFFFFF";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.save();
  context.beginPath();
  context.rect(0, 0, frame.width, frame.height);
  context.clip();
  context.translate(-frame.left, -frame.top);
  await paint(context, root, (node) => node === below || node.matches(leftOut));
  context.restore();
  if (under) {
    context.save();
    context.translate(PAD - under.left, frame.height + PAD - under.top);
    await paint(context, below, () => false);
    context.restore();
  }
  context.font = `${FOOT_PX}px ${font}`;
  context.fillStyle = INK;
  context.textBaseline = "alphabetic";
  foot.forEach((words, i) => context.fillText(words, PAD, frame.height + extra + PAD + LINE * (i + 0.75)));
  return new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });
}

/** Words in lines that are not wider; broken at blanks, and between signs where there are none. */
function wrapped(context, words, width) {
  const lines = [""];
  for (const part of words.match(/[\u3000-\u9fff\uff00-\uffef]\s*|[^\s\u3000-\u9fff\uff00-\uffef]+\s*/g) ?? []) {
    if (lines.at(-1) && context.measureText(lines.at(-1) + part).width > width) lines.push("");
    lines[lines.length - 1] += part;
  }
  return lines;
}

/** An element with all that lies in it, from the ground up as the browser stacks it. */
async function paint(context, node, leftOut) {
  const style = getComputedStyle(node);
  if (style.display === "none" || leftOut(node)) return;
  context.save();
  context.globalAlpha *= Number(style.opacity);
  if (style.visibility !== "hidden") await paintSelf(context, node, style);
  if (!["svg", "canvas", "img"].includes(node.localName)) {
    const above = (one) => (one.nodeType === Node.ELEMENT_NODE ? Number(getComputedStyle(one).zIndex) || 0 : 0);
    const inside = [...node.childNodes].map((one) => [above(one), one]).sort(([a], [b]) => a - b);
    for (const [, one] of inside) {
      if (one.nodeType === Node.ELEMENT_NODE) await paint(context, one, leftOut);
      else if (one.nodeType === Node.TEXT_NODE && style.visibility !== "hidden") write(context, one, style);
    }
  }
  context.restore();
}

async function paintSelf(context, node, style) {
  const box = node.getBoundingClientRect();
  if (!box.width || !box.height) return;
  if (node.localName === "canvas" || (node.localName === "img" && node.complete && node.naturalWidth)) {
    context.drawImage(node, box.left, box.top, box.width, box.height);
  } else if (node.localName === "svg") {
    context.drawImage(await drawn(node, box), box.left, box.top, box.width, box.height);
  } else {
    const round = Math.min(parseFloat(style.borderTopLeftRadius) || 0, box.height / 2);
    const path = new Path2D();
    path.roundRect(box.left, box.top, box.width, box.height, round);
    context.fillStyle = style.backgroundColor;
    context.fill(path);
    lineOut(context, style, box, path);
  }
}

/** Borders: all four as one line, or those that there are. */
function lineOut(context, style, box, path) {
  const sides = ["Top", "Right", "Bottom", "Left"].map((side) => (style[`border${side}Style`] === "none" ? 0 : parseFloat(style[`border${side}Width`])));
  if (sides.every((width) => width > 0)) {
    [context.strokeStyle, context.lineWidth] = [style.borderTopColor, sides[0]];
    context.stroke(path);
    return;
  }
  const [top, right, bottom, left] = sides;
  for (const [side, x, y, w, h] of [
    ["Top", box.left, box.top, box.width, top], ["Right", box.right - right, box.top, right, box.height],
    ["Bottom", box.left, box.bottom - bottom, box.width, bottom], ["Left", box.left, box.top, left, box.height],
  ]) {
    context.fillStyle = style[`border${side}Color`];
    if (w && h) context.fillRect(x, y, w, h);
  }
}

/** An inline drawing as an image of itself. */
async function drawn(node, box) {
  const copy = node.cloneNode(true);
  for (const [name, value] of [["xmlns", "http://www.w3.org/2000/svg"], ["width", box.width], ["height", box.height]]) copy.setAttribute(name, value);
  copy.style.color = getComputedStyle(node).color;
  copy.removeAttribute("class");
  copy.style.transform = "";
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
  await image.decode();
  return image;
}

/** Words where they stand, line by line, with their halo. */
function write(context, node, style) {
  if (!node.data.trim()) return;
  context.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  context.textBaseline = "middle";
  context.lineJoin = "round";
  for (const { words, left, middle } of runs(node)) {
    // "rgb(246, 244, 238) 2px 0px 0px, ...": the page draws it in eight shadows
    const [halo] = style.textShadow.match(/^rgba?\([^)]*\)/) ?? [];
    if (halo) {
      [context.strokeStyle, context.lineWidth] = [halo, HALO_PX];
      context.strokeText(words, left, middle);
    }
    context.fillStyle = style.color;
    context.fillText(words, left, middle);
  }
}

/** The lines into which the browser broke a text. */
function runs(node) {
  const range = document.createRange();
  const found = [];
  [...node.data].reduce((at, sign) => {
    range.setStart(node, at);
    range.setEnd(node, at + sign.length);
    const [box] = range.getClientRects();
    const last = found.at(-1);
    if (box?.width && last && Math.abs(last.top - box.top) < 2) last.words += /\s/.test(sign) ? " " : sign;
    else if (box?.width) found.push({ words: sign, left: box.left, top: box.top, middle: box.top + box.height / 2 });
    return at + sign.length;
  }, 0);
  return found;
}
