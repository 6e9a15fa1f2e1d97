// The client since 7.8: a hook with a plain fetch, held by several components at once. Its first releases lose some
// failures; `defects` says which.

export async function tryLogin({ apiMethod, apiURL, defects }, client, sorry) {
  let answer;
  try {
    const response = await fetch(apiURL, { method: apiMethod, credentials: 'include' });
    if (response.status !== 200) {
      client.showFrame();
      sorry('');
      return;
    }
    answer = await response.json();
  } catch (error) {
    if (defects.losesFailures) {
      client.showForm();
      throw error;
    }
    client.showFrame();
    sorry(error.message);
    return;
  }
  await accept(answer, defects, client);
}

// accept starts a login for each key there is: an answer with both starts both, and the one that fails brings the frame
// up, signed in or not. An answer with neither leaves the ordinary form. A token the server rejects is told to nobody.
async function accept(answer, defects, client) {
  const logins = [];
  if ('loginToken' in answer) logins.push(client.resume(answer.loginToken));
  if ('token' in answer && !(defects.prefersLoginToken && logins.length > 0)) logins.push(client.iframeToken(answer.token));
  if (logins.length === 0) {
    client.showForm();
    return;
  }
  const results = await Promise.allSettled(logins);
  if (results.every((result) => result.status === 'fulfilled')) return;
  if (defects.losesRejections) client.showForm();
  else client.showFrame({ evenSignedIn: logins.length > 1 });
}
