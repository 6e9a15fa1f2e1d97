// Calls of the gateway, and who a message comes from.

const CALL_WITHIN = 25_000; // ms
const LONGEST_WAIT = 60_000; // ms; an answer that asks for more patience is final
const RETRY_GAPS = [2_000, 8_000]; // ms before a call that failed in passing is made again
const AUTOMATIC = { calls: 3, within: 60_000 }; // what happens without anybody's wish (R16)

// Failure is what keeps a person out: a code of the gateway's or of ours, and the reference to tell an operator. One
// that is passing may be tried again, after the time that the gateway asks for; one that is denied is about the person.
class Failure extends Error {
  constructor(code, { reference, passing = false, denied = false, after } = {}) {
    super(code);
    Object.assign(this, { code, reference, passing, denied, after });
  }
}

// originOf refuses what has no origin of its own, such as a data: address: a message to it would have no receiver.
function originOf(address, name) {
  if (!/^https?:\/\//.test(address)) throw new TypeError(`${name}: must be an https address`);
  return new URL(address).origin;
}

// chatNamed refuses a name that would lead elsewhere at the gateway.
function chatNamed(chat) {
  if (!/^[a-z][a-z0-9-]*$/.test(chat)) throw new TypeError('chat: must be the name of a chat at the gateway');
  return chat;
}

// Budget lets so many things happen within so many ms.
class Budget {
  #calls;
  #within;
  #taken = [];

  constructor({ calls, within }) {
    this.#calls = calls;
    this.#within = within;
  }

  take() {
    const now = Date.now();
    this.#taken = this.#taken.filter((at) => now - at < this.#within);
    if (this.#taken.length >= this.#calls) return false;
    this.#taken.push(now);
    return true;
  }
}

// Gateway is the token API of one chat. What its answers hold, read takes out of them: undefined when that is not there.
class Gateway {
  #address;
  #read;
  #automatic = new Budget(AUTOMATIC);

  constructor({ gateway, chat }, read) {
    this.#address = `${gateway}/${chat}/token`;
    this.#read = read;
  }

  // mayAct says whether something may happen without anybody's wish, and counts it.
  mayAct() {
    return this.#automatic.take();
  }

  // ask makes the call, and again when it failed in passing, until that has happened too often.
  async ask(method, signal) {
    for (const gap of RETRY_GAPS) {
      try {
        return await this.#call(method, signal);
      } catch (error) {
        const wait = error.after ?? gap;
        if (!error.passing || wait > LONGEST_WAIT) throw error;
        await pause(wait, signal);
        if (!this.mayAct()) throw error;
      }
    }
    return this.#call(method, signal);
  }

  // call answers undefined for somebody who has to sign in. It has no header and no body, so that browsers send it without
  // asking first.
  async #call(method, signal) {
    const call = new AbortController();
    const late = setTimeout(() => call.abort(), CALL_WITHIN);
    const stop = () => call.abort();
    signal.addEventListener('abort', stop);
    try {
      return await this.#answerOf(await fetch(this.#address, { method, credentials: 'include', signal: call.signal }));
    } catch (error) {
      // A page that is not listed cannot read the refusal: to a script it looks like a network that is down.
      throw error instanceof Failure ? error : new Failure('unreachable', { passing: true });
    } finally {
      clearTimeout(late);
      signal.removeEventListener('abort', stop);
    }
  }

  async #answerOf(response) {
    const body = await response.json().catch(() => undefined);
    if (response.status === 401) return undefined;
    if (!response.ok) throw refusal(response, body);
    const found = this.#read(body);
    if (found === undefined) throw new Failure('answer_not_understood');
    return found;
  }
}

// refusal is the Failure that an answer tells.
function refusal({ status, headers }, body) {
  return new Failure(typeof body?.code === 'string' ? body.code : `http_${status}`, {
    reference: typeof body?.request_id === 'string' ? body.request_id : undefined,
    passing: status === 429 || status >= 500,
    denied: status === 403,
    after: Number(headers.get('Retry-After')) * 1000 || undefined,
  });
}

// hear calls handler with the objects that one window at one origin sends, and with nobody else's.
function hear(sender, origin, closed, handler) {
  window.addEventListener('message', ({ data, source, origin: from }) => {
    if (source !== null && source === sender() && from === origin && typeof data === 'object' && data !== null) handler(data);
  }, { signal: closed });
}

// pause ends after so many ms, or fails once its course has ended.
function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = ms === Infinity ? undefined : setTimeout(resolve, ms);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

export { Failure, Gateway, chatNamed, hear, originOf, pause };
