// Iframe authentication as the web client of 7.11 and later does it: what it asks, what it accepts, whom it obeys.

export class IframeLogin {
  // settings are the four of Accounts > Iframe; client has resume(token), iframeToken(token), showFrame(url) and
  // showForm().
  constructor(settings, client) {
    this.settings = settings;
    this.client = client;
  }

  // call asks the API `times` times at once, as the several places of the real client that hold the hook do.
  call(times) {
    for (let i = 0; i < times; i++) this.tryLogin();
  }

  // tryLogin is one call. onRefusal hears why the API gave no token.
  async tryLogin(onRefusal = () => {}) {
    try {
      const response = await fetch(this.settings.apiURL, {
        method: this.settings.apiMethod,
        headers: this.settings.jsonContentType ? { 'Content-Type': 'application/json' } : undefined,
        credentials: 'include',
      });
      if (response.status !== 200) {
        this.showFrame();
        onRefusal('');
        return;
      }
      await this.accept(await response.json());
    } catch (error) {
      this.showFrame();
      onRefusal(error.message);
    }
  }

  // accept starts a login for each key there is: an answer with both starts both, and the one that fails brings the
  // frame up. An answer with neither leaves the ordinary form. A token the server rejects is told to nobody.
  async accept(answer) {
    const logins = [];
    if ('loginToken' in answer) logins.push(this.client.resume(answer.loginToken));
    if ('token' in answer) logins.push(this.client.iframeToken(answer.token));
    if (logins.length === 0) {
      this.client.showForm();
      return;
    }
    const results = await Promise.allSettled(logins);
    if (results.some((result) => result.status === 'rejected')) this.showFrame();
  }

  // listen obeys any window that can reach this one. The client does not look at the sender's origin, and answers only
  // what failed.
  listen() {
    window.addEventListener('message', async ({ data, source, origin }) => {
      const sorry = (response) => source.postMessage({ event: 'login-error', response }, origin);
      if (data?.event === 'try-iframe-login') await this.tryLogin(sorry);
      if (data?.event === 'login-with-token') await this.acceptPosted(data, sorry);
    });
  }

  async acceptPosted(data, sorry) {
    try {
      if ('loginToken' in data) await this.client.resume(data.loginToken);
      else await this.client.iframeToken(data.token);
    } catch (error) {
      sorry(error.message);
    }
  }

  showFrame() {
    this.client.showFrame(this.frameURL());
  }

  frameURL() {
    const { url } = this.settings;
    if (!navigator.userAgent.includes('Electron')) return url;
    return url + (url.includes('?') ? '&' : '?') + 'client=electron';
  }
}
