// The signed-in browser: Rocket.Chat's web client keeps its login token in localStorage under these names.

const names = { token: 'Meteor.loginToken', userId: 'Meteor.userId', expires: 'Meteor.loginTokenExpires' };

// Refused is a login the server said no to; any other error means that it could not be asked.
export class Refused extends Error {}

export function storedToken() {
  return localStorage.getItem(names.token) ?? '';
}

export function forget() {
  for (const name of Object.values(names)) localStorage.removeItem(name);
}

// login takes {resume} or {user, password}, remembers the token and returns the person's profile. A resumed token comes
// back as it went in: two browsers with one token share its end.
export async function login(credentials) {
  const response = await post('/api/v1/login', {}, credentials);
  const answer = await response.json();
  if (!response.ok) throw new Refused(answer.message ?? answer.error);
  const { userId, authToken, me } = answer.data;
  localStorage.setItem(names.token, authToken);
  localStorage.setItem(names.userId, userId);
  localStorage.setItem(names.expires, new Date(Date.now() + 90 * 24 * 3600 * 1000).toString());
  return me;
}

// logout destroys the token on the server. The browser forgets it whether or not the server could be reached.
export async function logout() {
  const headers = credentialHeaders();
  forget();
  try {
    await post('/api/v1/logout', headers);
  } catch (error) {
    console.error('logout', error);
  }
}

// alive asks whether the server still accepts the stored token. A server out of reach has not said no.
export async function alive() {
  try {
    const response = await fetch('/web/session', { headers: credentialHeaders() });
    return response.status !== 401;
  } catch {
    return true;
  }
}

function credentialHeaders() {
  return { 'X-Auth-Token': storedToken(), 'X-User-Id': localStorage.getItem(names.userId) ?? '' };
}

function post(path, headers, body) {
  return fetch(path, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json', 'X-Web-Client': '1' },
    body: JSON.stringify(body ?? {}),
  });
}
