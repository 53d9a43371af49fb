// Whether anybody writes just now, on any tab: a new version of the page waits for that.

const LOCK = "gridmap.writing";
let release = null;
let held = null;
let writing = false;
const after = new Set();

export function beginWriting() {
  writing = true;
  held = navigator.locks?.request(LOCK, { mode: "shared" }, () => new Promise((done) => {
    if (writing) release = done;
    else done();
  }));
}

export async function endWriting() {
  writing = false;
  release?.();
  release = null;
  await held; // let go of for other tabs, too
  for (const work of after) await work();
}

/** Do this each time that writing has ended. */
export const onEnd = (work) => after.add(work);
export const isWriting = () => writing;

/** Do it if nobody writes on any tab. */
export async function ifIdle(work) {
  if (writing) return;
  if (!navigator.locks) work();
  else await navigator.locks.request(LOCK, { mode: "exclusive", ifAvailable: true }, (lock) => { if (lock) work(); });
}
