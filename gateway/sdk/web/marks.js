// What a browser remembers of a chat at a gateway: yes or no, and never a token.

// Mark is one thing to remember. Where storage is switched off, which makes it throw, this page alone remembers it.
class Mark {
  #storage;
  #made = false;

  // storage finds one of the window's two: localStorage for all tabs, sessionStorage for this one.
  constructor(storage, name, { gateway, chat }) {
    this.#storage = storage;
    this.key = `chatgate.${name}.${chat}@${gateway}`;
  }

  get made() {
    return this.#made || this.#try((storage) => storage.getItem(this.key)) === '1';
  }

  make() {
    this.#made = true;
    this.#try((storage) => storage.setItem(this.key, '1'));
  }

  clear() {
    this.#made = false;
    this.#try((storage) => storage.removeItem(this.key));
  }

  #try(act) {
    try {
      return act(this.#storage());
    } catch {
      return undefined;
    }
  }
}

export { Mark };
