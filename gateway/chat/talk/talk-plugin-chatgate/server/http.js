'use strict';

const http = require('http');
const https = require('https');
const querystring = require('querystring');
const { URL } = require('url');

const TIMEOUT = 5000; // milliseconds for the whole exchange (P3)
const LIMIT = 64 * 1024; // bytes of an answer; ten keys need five thousand

function optionsFor(url, body) {
  const headers = { Accept: 'application/json' };
  if (body !== undefined) {
    headers['Content-Type'] = 'application/x-www-form-urlencoded';
    headers['Content-Length'] = Buffer.byteLength(body);
  }
  return {
    protocol: url.protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port,
    path: url.pathname + url.search,
    method: body === undefined ? 'GET' : 'POST',
    headers,
    agent: false, // a connection kept for the next time would have been closed by then
  };
}

// read collects an answer of at most LIMIT bytes.
function read(response, done, failed) {
  const chunks = [];
  let size = 0;
  response.on('data', chunk => {
    size += chunk.length;
    if (size > LIMIT) {
      return failed(new Error(`the answer is longer than ${LIMIT} bytes`));
    }
    chunks.push(chunk);
  });
  response.on('aborted', () => failed(new Error('the answer broke off')));
  response.on('error', failed);
  response.on('end', () => done(Buffer.concat(chunks).toString('utf8')));
}

function parse(text) {
  const value = JSON.parse(text);
  if (value === null || typeof value !== 'object') {
    throw new Error('the answer is no JSON object');
  }
  return value;
}

// fetchJSON gets an address, or posts a form to it, and resolves with the JSON object of a 200. Everything else is an
// error, a redirect too: whoever controls the address that it leads to would say who people are.
function fetchJSON(address, { form, allowHTTP = false, timeout = TIMEOUT } = {}) {
  return new Promise((resolve, reject) => {
    const url = new URL(address);
    if (url.protocol !== 'https:' && !allowHTTP) {
      throw new Error('only https addresses are called');
    }
    const body = form && querystring.stringify(form);
    const request = (url.protocol === 'https:' ? https : http).request(optionsFor(url, body));
    const deadline = setTimeout(() => failed(new Error(`no answer within ${timeout} ms`)), timeout);
    const failed = err => {
      clearTimeout(deadline);
      reject(err);
      request.abort();
    };
    request.on('error', failed);
    request.on('response', response => {
      if (response.statusCode !== 200) {
        return failed(new Error(`status ${response.statusCode}`));
      }
      read(response, text => {
        clearTimeout(deadline);
        try {
          resolve(parse(text));
        } catch (err) {
          reject(new Error('the answer is no JSON object')); // a parser's error quotes the answer
        }
      }, failed);
    });
    request.end(body);
  });
}

module.exports = { fetchJSON, LIMIT };
