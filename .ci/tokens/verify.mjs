// Verifies tokens as Talk 4 or Coral would, against a live JWKS address:
//
//   node verify.mjs --profile coral-oidc --jwks URL         --issuer ISSUER --audience CLIENT TOKEN
//   node verify.mjs --profile talk4      --jwks URL         --issuer ISSUER --audience talk   TOKEN
//   node verify.mjs --profile talk4      --secrets-env NAME --issuer ISSUER --audience talk   TOKEN
//   node verify.mjs --profile coral-sso  --secrets-env NAME                                   TOKEN
//
// The variable holds a JSON object of secrets by kid. It prints {"accepted":true,"claims":{...}} and exits 0, or
// {"accepted":false,"reason":"..."} and exits 1. Exit code 2 means that it was called in the wrong way.
//
// With - in the place of the token it goes on as the product does: each line of its input is a token, perhaps with the time
// in Unix seconds behind it, and is answered by one such line.

import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { profiles } from './profiles.mjs';

const needed = { 'coral-oidc': ['jwks', 'issuer', 'audience'], talk4: ['issuer', 'audience'], 'coral-sso': ['secrets-env'] };

function read(argv) {
  const text = { type: 'string' };
  const options = { profile: text, jwks: text, issuer: text, audience: text, 'secrets-env': text };
  const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true });
  if (!Object.hasOwn(needed, values.profile ?? '')) throw new Error(`--profile must be one of ${Object.keys(needed).join(', ')}`);
  const missing = needed[values.profile].filter((name) => !values[name]);
  if (missing.length > 0) throw new Error(`--${missing.join(', --')}: must be given for ${values.profile}`);
  if (!values.jwks === !values['secrets-env']) throw new Error('one of --jwks and --secrets-env must be given');
  if (positionals.length !== 1) throw new Error('exactly one token must be given, or -');
  const variable = values['secrets-env'];
  return { ...values, secrets: variable && JSON.parse(process.env[variable]), token: positionals[0] };
}

async function judge(verify, token, now) {
  try {
    return { accepted: true, claims: await verify(token, now) };
  } catch (err) {
    return { accepted: false, reason: err.message };
  }
}

let request;
try {
  request = read(process.argv.slice(2));
} catch (err) {
  console.error(err.message);
  process.exit(2);
}
const verify = await profiles[request.profile](request);
if (request.token === '-') {
  for await (const line of createInterface({ input: process.stdin })) {
    const [token, now] = line.split(' ');
    console.log(JSON.stringify(await judge(verify, token, now && Number(now))));
  }
} else {
  const answer = await judge(verify, request.token);
  console.log(JSON.stringify(answer));
  process.exitCode = answer.accepted ? 0 : 1;
}
