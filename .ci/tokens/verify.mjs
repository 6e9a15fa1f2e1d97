// Verifies one token as Talk 4 or Coral would, against a live JWKS address:
//
//   node verify.mjs --profile coral-oidc --jwks URL --issuer ISSUER --audience CLIENT TOKEN
//   node verify.mjs --profile talk4      --jwks URL --issuer ISSUER --audience talk   TOKEN
//   node verify.mjs --profile coral-sso  --secret-env NAME                            TOKEN
//
// It prints {"accepted":true,"claims":{...}} and exits 0, or {"accepted":false,"reason":"..."} and exits 1. Exit code 2
// means that it was called in the wrong way.

import { parseArgs } from 'node:util';
import { profiles } from './profiles.mjs';

const needed = { 'coral-oidc': ['jwks', 'issuer', 'audience'], talk4: ['jwks', 'issuer', 'audience'], 'coral-sso': ['secret-env'] };

function read(argv) {
  const text = { type: 'string' };
  const options = { profile: text, jwks: text, issuer: text, audience: text, 'secret-env': text };
  const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true });
  if (!Object.hasOwn(needed, values.profile ?? '')) throw new Error(`--profile must be one of ${Object.keys(needed).join(', ')}`);
  const missing = needed[values.profile].filter((name) => !values[name]);
  if (missing.length > 0) throw new Error(`--${missing.join(', --')}: must be given for ${values.profile}`);
  if (positionals.length !== 1) throw new Error('exactly one token must be given');
  return { ...values, secret: process.env[values['secret-env']], token: positionals[0] };
}

let request;
try {
  request = read(process.argv.slice(2));
} catch (err) {
  console.error(err.message);
  process.exit(2);
}
try {
  console.log(JSON.stringify({ accepted: true, claims: await profiles[request.profile](request.token, request) }));
} catch (err) {
  console.log(JSON.stringify({ accepted: false, reason: err.message }));
  process.exitCode = 1;
}
