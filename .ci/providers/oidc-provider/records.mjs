// Everything that the provider keeps, in one Map. The provider's own memory adapter belongs to one instance; this one
// is shared by the instance before a key rotation and the one after it.

const records = new Map();

export class Records {
  constructor(model) {
    this.model = model;
  }

  #find(match) {
    for (const [key, payload] of records) {
      if (key.startsWith(`${this.model}:`) && match(payload)) return payload;
    }
    return undefined;
  }

  async upsert(id, payload) {
    records.set(`${this.model}:${id}`, payload);
  }

  async find(id) {
    return records.get(`${this.model}:${id}`);
  }

  async findByUid(uid) {
    return this.#find((payload) => payload.uid === uid);
  }

  async findByUserCode(userCode) {
    return this.#find((payload) => payload.userCode === userCode);
  }

  async consume(id) {
    records.get(`${this.model}:${id}`).consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    records.delete(`${this.model}:${id}`);
  }

  async revokeByGrantId(grantId) {
    for (const [key, payload] of records) {
      if (payload.grantId === grantId) records.delete(key);
    }
  }
}
