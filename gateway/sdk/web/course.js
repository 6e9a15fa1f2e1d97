// What every connection is: one course of things at a time, and a state that the page is told.

import { Failure } from './gateway.js';

// Course runs one thing at a time: a new one ends the one before, and none begins after the end.
class Course {
  state = Object.freeze({ name: 'closed' });
  #onState;
  #failed;
  #running = new AbortController();
  #ended = new AbortController();

  // failed is told what ended a course, unless that was another course.
  constructor({ onState, signal }, failed) {
    this.#onState = onState;
    this.#failed = failed;
    if (signal?.aborted) this.end();
    signal?.addEventListener('abort', () => this.end(), { signal: this.ended });
  }

  // ended is the signal of the end.
  get ended() {
    return this.#ended.signal;
  }

  async run(course) {
    if (this.ended.aborted) return;
    this.stop();
    const { signal } = (this.#running = new AbortController());
    try {
      await course(signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Failure)) throw error;
      this.#failed(error);
    }
  }

  stop() {
    this.#running.abort();
  }

  // enter tells the page in a task of its own, so that an error thrown there is the page's own.
  enter(state) {
    if (this.ended.aborted || ['name', 'confirmed', 'code'].every((part) => state[part] === this.state[part])) return;
    this.state = Object.freeze(state);
    queueMicrotask(() => {
      if (!this.ended.aborted) this.#onState(state);
    });
  }

  end() {
    this.stop();
    this.state = Object.freeze({ name: 'closed' });
    this.#ended.abort();
  }
}

export { Course };
