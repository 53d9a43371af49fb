// The work that stands in for a log-in, or a sum instead; where the browser cannot do the work, the sum opens by itself.

import { el, t } from "./dom.js";
import { get } from "./http.js";
import { searched } from "./resident-work.js";

// browsers offer it over https and on the own machine only
const able = Boolean(globalThis.crypto?.subtle);

function inThread(asked) {
  return new Promise((done, failed) => {
    const worker = new Worker(new URL("./resident-work.js", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }) => { worker.terminate(); done(data); };
    worker.onerror = (event) => { event.preventDefault(); worker.terminate(); failed(new Error("no thread")); };
    worker.postMessage({ challenge: asked.challenge, bits: asked.bits });
  });
}

async function proofOf(asked) {
  try { return await inThread(asked); } catch { return searched(asked); }
}

/** The question beside a form: its node, and `solve`, which gives `{challenge, proof}`. */
export function proofField(failed) {
  let asked = null;
  const question = el("p", {});
  const sum = el("input", { inputmode: "numeric", maxlength: 3, autocomplete: "off", required: !able });
  const ask = async () => {
    try {
      asked = await get("/public/challenge");
      sum.value = "";
      question.textContent = t("resident.sum", { a: asked.sum[0], b: asked.sum[1] });
    } catch (error) { failed(error); }
  };
  const node = el("details", { on: { toggle: () => { if (node.open && !asked) ask(); } } },
    el("summary", {}, t("resident.sum_instead")), question, el("label", { class: "field" }, el("span", {}, t("resident.answer")), sum));
  node.open = !able;
  const solve = async () => {
    if (sum.value.trim() && asked) {
      const answer = { challenge: asked.challenge, proof: `sum:${sum.value.trim()}` };
      await ask(); // a challenge is taken once
      return answer;
    }
    const fresh = await get("/public/challenge");
    return { challenge: fresh.challenge, proof: await proofOf(fresh) };
  };
  return { node, solve };
}
