// A database in the browser, one thing at a time. A write is done only when it is on the disk.

export class Base {
  /** `stores`: name -> options of the object store. */
  constructor(name, stores) {
    Object.assign(this, { name, stores, opened: null });
  }

  #open() {
    this.opened ??= new Promise((resolve, reject) => {
      const asked = indexedDB.open(this.name, 1);
      asked.onupgradeneeded = () => {
        for (const [name, { unique, ...options }] of Object.entries(this.stores)) {
          const store = asked.result.createObjectStore(name, options);
          if (unique) store.createIndex(unique, unique, { unique: true });
        }
      };
      asked.onsuccess = () => {
        // another tab's newer page, or the browser itself, may want it: let go, and open again when needed
        asked.result.onversionchange = () => { asked.result.close(); this.opened = null; };
        asked.result.onclose = () => { this.opened = null; this.lost?.(); };
        resolve(asked.result);
      };
      asked.onerror = () => reject(asked.error);
    });
    this.opened.catch(() => { this.opened = null; });
    return this.opened;
  }

  /** Do `work(store)` in a transaction and answer its request's result. Rejects when the device is full. */
  async within(name, mode, work) {
    const base = await this.#open();
    return new Promise((resolve, reject) => {
      const transaction = base.transaction(name, mode, { durability: "strict" });
      const request = work(transaction.objectStore(name));
      // asked for along with the write, so that a page that is killed now still has it done
      if (mode === "readwrite") transaction.commit?.();
      transaction.oncomplete = () => resolve(request?.result);
      transaction.onabort = () => reject(transaction.error);
    });
  }

  get(name, key) { return this.within(name, "readonly", (store) => store.get(key)); }
  all(name) { return this.within(name, "readonly", (store) => store.getAll()); }
  put(name, value, key) { return this.within(name, "readwrite", (store) => (key === undefined ? store.put(value) : store.put(value, key))); }
  drop(name, key) { return this.within(name, "readwrite", (store) => store.delete(key)); }
  clear(name) { return this.within(name, "readwrite", (store) => store.clear()); }
}

/** What this phone keeps besides its queue: keys that no script can read, the day's pack, and what is held for a worker. */
export const phone = new Base("gridmap-phone", { keys: {}, sections: {}, held: {} });
