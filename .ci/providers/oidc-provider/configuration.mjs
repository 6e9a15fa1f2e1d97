// A certified provider as an organisation would run it: confidential clients that must use PKCE, two people, no consent
// to first-party sign-ins, logout in both directions. Claims come from userinfo, as the specification has it.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { Records } from './records.mjs';

export const accounts = {
  ada: {
    password: 'ada',
    claims: {
      sub: '0001-ada',
      name: 'Ada Lovelace',
      preferred_username: 'ada',
      email: 'ada@example.org',
      email_verified: true,
      groups: ['staff', 'chat-admins'],
    },
  },
  bob: {
    password: 'bob',
    claims: {
      sub: '0002-bob',
      name: 'Bob Builder',
      preferred_username: 'bob',
      email: 'bob@example.org',
      email_verified: false,
      groups: [],
    },
  },
};

export function newKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomBytes(8).toString('hex'), use: 'sig', alg: 'RS256' };
}

export function configuration({ keys, cookieKeys, clients }) {
  return {
    adapter: Records,
    jwks: { keys },
    cookies: { keys: cookieKeys },
    clients,
    pkce: { required: () => true },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    rotateRefreshToken: true,
    // Without a consent there is no offline_access. These refresh tokens end with the session at the provider.
    issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
    fetch: fetchNearby,
    scopes: ['openid', 'offline_access', 'profile', 'email', 'groups'],
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username'],
      email: ['email', 'email_verified'],
      groups: ['groups'],
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: true },
      backchannelLogout: { enabled: true },
      revocation: { enabled: true },
      jwtUserinfo: { enabled: true },
    },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount,
    loadExistingGrant,
  };
}

/** Calls the back channel, which a test has on loopback, where the library's own dispatcher goes to nobody. */
function fetchNearby(url, { dispatcher: _dispatcher, signal: _signal, ...options }) {
  return fetch(url, { ...options, signal: AbortSignal.timeout(10_000) });
}

function findAccount(_, sub) {
  const account = Object.values(accounts).find(({ claims }) => claims.sub === sub);
  return account && { accountId: sub, claims: () => account.claims };
}

/** Grants whatever was asked for: the client is the organisation's own. */
async function loadExistingGrant({ oidc }) {
  const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
  grant.addOIDCScope(oidc.params.scope);
  await grant.save();
  return grant;
}
