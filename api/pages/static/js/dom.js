// The page's data, words and numbers, and the only ways in which text enters it: textContent and attributes of our own.

// here the page runs: see old.js
document.documentElement.dataset.started = "true";
const page = JSON.parse(document.getElementById("page-data").textContent);
// a file that holds both languages takes the one its address names: map.html#en
export const data = page.languages ? { ...page, ...(page.languages[location.hash.slice(1)] ?? page.languages[page.lang]) } : page;
export const lang = data.lang;
export const look = data.look;
const locale = lang === "zh" ? "zh-CN" : "en-GB";
const timeZone = data.timezone;

/** The text of a key, with {names} filled in and of {n:case|cases} the one that the number asks for. A missing key is an
 *  error, so that a test finds it. */
export function t(key, values = {}) {
  const text = data.words[key];
  if (text === undefined) throw new Error(`no words for ${key}`);
  return filled(text, values);
}

/** A text with its places filled in. */
export function filled(text, values) {
  return text.replace(/\{(\w+)(?::([^|}]*)\|([^}]*))?\}/g, (_, name, one, many) => {
    const value = String(values[name] ?? "");
    return many === undefined ? value : value === "1" ? one : many;
  });
}

/** The text of a key, or the fallback where there is none (codes that come from data). */
export const words = (key, fallback) => data.words[key] ?? fallback;

/** The name of a thing in the page's language. */
export function named(thing, prefix = "name") {
  if (!thing) return "";
  return (lang === "en" && thing[`${prefix}_en`]) || thing[prefix] || thing.code || "";
}

const SVG = "http://www.w3.org/2000/svg";

/** An element. `props`: attributes; `on`: listeners; `data`: data attributes. Children are nodes or text. */
export function el(tag, props = {}, ...children) {
  return dress(document.createElement(tag), props, children);
}

export function svg(tag, props = {}, ...children) {
  return dress(document.createElementNS(SVG, tag), props, children);
}

function dress(node, { on = {}, dataset = {}, ...attributes }, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    node.setAttribute(name, value === true ? "" : String(value));
  }
  for (const [name, listener] of Object.entries(on)) node.addEventListener(name, listener);
  Object.assign(node.dataset, dataset);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

// deadlines follow the server's clock, whatever this device believes
let ahead = data.now ? new Date(data.now) - Date.now() : 0;
/** What the server says the time is; for a page that was kept and does not know it. */
export function serverSays(now) {
  ahead = new Date(now) - Date.now();
}
export const serverNow = () => Date.now() + ahead;

/** A button that opens a file input: its own speaks the phone's language and not the page's. */
export const fileButton = (input, said) => el("label", { class: "button file-button" }, input, el("span", {}, said));

export const byId = (id) => document.getElementById(id);

const numbers = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
export const number = (value) => (value === null || value === undefined ? "–" : numbers.format(value));
const threeDigits = new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 });
/** A border between classes: 0.35 and 0.42 are not the same. */
export const border = (value) => threeDigits.format(value);

const parts = new Intl.DateTimeFormat("en-GB", {
  timeZone, year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function clock(moment) {
  const found = Object.fromEntries(parts.formatToParts(new Date(moment)).map(({ type, value }) => [type, value]));
  return { ...found, month: Number(found.month), day: Number(found.day) };
}

/** "7月3日" or "3 Jul", in the county's time zone, with the year where it is not this one. */
export function day(moment) {
  const { year, month, day: date } = clock(moment);
  const here = data.today ? data.today.slice(0, 4) === year : true;
  if (lang === "zh") return `${here ? "" : `${year}年`}${month}月${date}日`;
  return `${date} ${months[month - 1]}${here ? "" : ` ${year}`}`;
}

export function time(moment) {
  const { hour, minute } = clock(moment);
  return `${hour}:${minute}`;
}

export const moment = (value) => `${day(value)} ${time(value)}`;

/** "2026年3月" or "Mar 2026" of a month such as 2026-03. */
export function monthName(value, short = false) {
  const [year, month] = value.split("-");
  if (lang === "zh") return short ? `${Number(month)}月` : `${year}年${Number(month)}月`;
  return short ? months[month - 1] : `${months[month - 1]} ${year}`;
}

/** Metres as people say them. */
export function distance(metres) {
  if (metres < 1000) return t("unit.metres", { n: number(Math.round(metres)) });
  return t("unit.kilometres", { n: number(metres / 1000) });
}

/** Whether its light is that of its step: late already, while the case as a whole still has time. */
export const stepLate = ({ light, due_at: due }, now = serverNow()) => (light === "red" || light === "very_late") && new Date(due) > now;

/** How an open case stands against what its light follows: the whole where that is over, else a step that is due before:
 *  "超 1.8 天" or "本环节剩 5 小时", never a negative number. */
export function standing({ closed_at: closed, due_at: due, red_at: red = due }) {
  if (closed) return t("case.closed_on", { day: day(closed) });
  if (red === null) return t("case.stopped");
  const ofStep = new Date(red) < new Date(due) && new Date(due) > serverNow();
  return ofStep ? t("case.of_step", { said: untilThen(red) }) : untilThen(due);
}

/** "超 1.8 天" or "剩 5 小时" of a moment at which something is due. */
function untilThen(due) {
  const hours = (new Date(due) - serverNow()) / 3.6e6;
  const size = Math.abs(hours);
  const span = size >= 48 ? t("unit.days", { n: number(size / 24) }) : t("unit.hours", { n: number(Math.max(1, Math.round(size))) });
  return t(hours < 0 ? "case.over" : "case.left", { span });
}

/** The light of an open case; of one that has ended, whether it was disposed of in time, as the scorecards count it. */
export function lightOf({ closed_at: ended, in_time: inTime, light }) {
  if (!ended) return light || "green";
  if (inTime === null || inTime === undefined) return "ended";
  return inTime ? "done_in_time" : "done_late";
}
