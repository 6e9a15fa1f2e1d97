// Tokens for comments, as far as a page looks into them: whose they are, and how long they last.

import { Failure } from './gateway.js';

const RENEW_AT = 0.8; // of a token's life (G30)

// tokenIn takes a token out of what came from outside. Only its times and whose it is are looked at; whether it is good is
// for the comments to say, which drop one that has ended by the browser's clock without a word.
function tokenIn(value) {
  const text = value?.token;
  const { exp, iat, sub, user } = claimsIn(text);
  const person = user?.id ?? sub;
  if (!(exp > iat) || typeof person !== 'string') return undefined;
  const now = Date.now();
  if (exp * 1000 <= now) throw new Failure('clock_wrong');
  const life = (exp - iat) * 1000;
  const age = Math.min(Math.max(now - iat * 1000, 0), life / 2); // the gateway gives out none that is older
  return Object.freeze({ text, person, renew: now + life * RENEW_AT - age, ends: now + life - age });
}

function claimsIn(text) {
  try {
    return JSON.parse(atob(text.split('.')[1].replaceAll('-', '+').replaceAll('_', '/'))) ?? {};
  } catch {
    return {};
  }
}

function good(token) {
  return Date.now() < token.ends;
}

export { good, tokenIn };
