// The client of 6.0 to 7.7: a fetch that claims JSON and has no body, which costs a preflight.

// Nobody catches what goes wrong before there is an answer in JSON: an unhandled rejection, and the form stays.
export async function tryLogin({ apiMethod, apiURL }, client, sorry) {
  let answer;
  try {
    const response = await fetch(apiURL, {
      method: apiMethod, headers: { 'Content-Type': 'application/json' }, credentials: 'include',
    });
    if (response.status !== 200) {
      client.showFrame();
      sorry('');
      return;
    }
    answer = await response.json();
  } catch (error) {
    client.showForm();
    throw error;
  }
  await accept(answer, client);
}

// accept logs in with an iframe token, of value undefined, when there is neither key. A token that the server rejects is
// told to nobody: the body would be read a second time for it.
async function accept({ loginToken, token }, client) {
  try {
    await (loginToken ? client.resume(loginToken) : client.iframeToken(token));
  } catch {
    client.showFrame();
  }
}
