'use strict';

// Node 8 reads no JWK, so the DER of a public key is put together here: SubjectPublicKeyInfo (RFC 5280, Section 4.1) around
// RSAPublicKey (RFC 8017, Appendix A.1.1).

const MIN_BITS = 2048; // G1

const rsaEncryption = Buffer.from('300d06092a864886f70d0101010500', 'hex');

function length(size) {
  if (size < 0x80) {
    return Buffer.from([size]);
  }
  const hex = size.toString(16);
  const bytes = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}

const element = (tag, content) => Buffer.concat([Buffer.from([tag]), length(content.length), content]);
const sequence = (...parts) => element(0x30, Buffer.concat(parts));
const zero = Buffer.from([0]);

// unsigned decodes the base64url of a positive whole number, without leading zeros.
function unsigned(text) {
  if (typeof text !== 'string' || !/^[A-Za-z0-9_-]+$/.test(text)) {
    throw new Error('a number of the key is not base64url');
  }
  const bytes = Buffer.from(text, 'base64');
  const first = bytes.findIndex(byte => byte !== 0);
  if (first < 0) {
    throw new Error('a number of the key is zero');
  }
  return bytes.slice(first);
}

const integer = bytes => element(0x02, bytes[0] & 0x80 ? Buffer.concat([zero, bytes]) : bytes);

// publicPEM writes an RSA key of a JWKS (RFC 7518, Section 6.3.1) as PEM. It throws for one that is too short to trust.
function publicPEM({ n, e }) {
  const modulus = unsigned(n);
  if (modulus.length * 8 - Math.clz32(modulus[0]) + 24 < MIN_BITS) {
    throw new Error(`the key has less than ${MIN_BITS} bits`);
  }
  const key = sequence(integer(modulus), integer(unsigned(e)));
  const der = sequence(rsaEncryption, element(0x03, Buffer.concat([zero, key])));
  const lines = der.toString('base64').match(/.{1,64}/g);
  return ['-----BEGIN PUBLIC KEY-----', ...lines, '-----END PUBLIC KEY-----', ''].join('\n');
}

module.exports = { publicPEM };
