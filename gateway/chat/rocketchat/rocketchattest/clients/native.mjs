// What the mobile app fetches by itself, outside its web view: no cookies, no Origin, a user agent of its own.

import http from 'node:http';
import https from 'node:https';

export const userAgent = 'RC Mobile; ios 17.5; v4.60.0 (60000)';

const ANSWER_WITHIN = 10_000; // ms

// nativeFetch returns a small fetch that looks for every host on this machine: the made-up names of a test are known to
// its browsers alone. ca is a PEM text to trust besides what NODE_EXTRA_CA_CERTS names.
export function nativeFetch({ ca } = {}) {
  return (address, { method = 'GET', headers = {}, body } = {}) => new Promise((resolve, reject) => {
    const url = new URL(address);
    const { request } = url.protocol === 'https:' ? https : http;
    const call = request(url, {
      method, headers: { 'User-Agent': userAgent, ...headers }, ca, lookup: onThisMachine, signal: AbortSignal.timeout(ANSWER_WITHIN),
    }, (response) => answer(response).then(resolve, reject));
    call.on('error', reject);
    call.end(body);
  });
}

function onThisMachine(_name, { all }, found) {
  if (all) found(null, [{ address: '127.0.0.1', family: 4 }]);
  else found(null, '127.0.0.1', 4);
}

async function answer(response) {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return { status: response.statusCode, json: () => JSON.parse(text) };
}
