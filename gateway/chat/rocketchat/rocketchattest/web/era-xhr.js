// The client of 3.x to 5.x: an XMLHttpRequest that takes any 2xx, and the frame for all that is no login.

export async function tryLogin(settings, client, sorry) {
  const { error, data } = await ask(settings);
  if (!data?.loginToken && !data?.token) {
    client.showFrame();
    if (error) sorry(error);
    return;
  }
  try {
    await (data.loginToken ? client.resume(data.loginToken) : client.iframeToken(data.token));
  } catch (refused) {
    client.showFrame();
    sorry(refused.message);
  }
}

// ask sends no header of its own, so that there is no preflight.
function ask({ apiMethod, apiURL }) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open(apiMethod, apiURL);
    request.withCredentials = true;
    request.onload = () => resolve(request.status < 300 ? { data: parse(request) } : { error: `failed [${request.status}]` });
    request.onerror = () => resolve({ error: 'network' });
    request.send();
  });
}

// parse looks at the media type: what does not claim to be JSON is none.
function parse(request) {
  const [type] = (request.getResponseHeader('Content-Type') ?? '').split(';');
  if (!['application/json', 'text/javascript', 'application/javascript'].includes(type.trim())) return undefined;
  try {
    return JSON.parse(request.responseText);
  } catch {
    return undefined;
  }
}
