import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backOff, pollAfter } from './web/frame.js';

test('the frame looks every second for half a minute, then every two, then every five', () => {
  const cases = [[0, 1_000], [29_999, 1_000], [30_000, 2_000], [119_999, 2_000], [120_000, 5_000], [900_000, 5_000]];
  for (const [away, pause] of cases) assert.equal(pollAfter(away), pause, `after ${away} ms`);
});

test('useless answers are followed by longer and longer pauses, of a minute at most', () => {
  assert.deepEqual([0, 1, 2, 5, 6, 60].map((misses) => backOff(misses, null)), [1_000, 2_000, 4_000, 32_000, 60_000, 60_000]);
});

test('a server that says when to come again is obeyed, and one that says it badly is not', () => {
  const cases = [['10', 10_000], ['3600', 3_600_000], ['0', 1_000], ['-5', 1_000], ['soon', 1_000], ['', 1_000], [undefined, 1_000]];
  for (const [retryAfter, pause] of cases) assert.equal(backOff(0, retryAfter), pause, `Retry-After: ${retryAfter}`);
});
