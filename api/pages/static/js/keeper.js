// A draft that is kept while it is written: under a key that no script can read out, in the order in which it was written.

import { heldValue, holdLocked, letGo, lock } from "./held.js";

/** Keeps one draft; `name()`: under which name it lies now. */
export function keeper(name) {
  // In the order it was asked for: a write is begun when the one before it has begun, and the database keeps the order. A key
  // that a later one overtakes is not written by itself.
  let last = Promise.resolve();
  let newest = 0;
  const inTurn = (work) => (last = last.then(work, work));

  return {
    inTurn,
    load: () => inTurn(() => heldValue(name())).catch(() => null),
    /** Write the draft down as it is now. Whether it could be kept; null where a later one is kept instead. */
    save(draft) {
      const [key, turn, kept] = [name(), (newest += 1), { ...draft, saved_at: new Date().toISOString() }];
      const written = inTurn(() => (turn < newest ? null : lock(kept)));
      return written.then((one) => one && holdLocked(key, one).then(() => true)).catch(() => false);
    },
    drop() {
      const key = name();
      newest += 1;
      return inTurn(() => letGo(key).catch(() => null));
    },
  };
}
