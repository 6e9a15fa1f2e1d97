// Iframe authentication as the web client does it: when it asks, whom it obeys. How it asks and what it accepts changed
// twice; each era has a file of its own.

import * as fetched from './era-fetch.js';
import * as hooked from './era-hook.js';
import * as xhr from './era-xhr.js';

const eras = { fetch: fetched, hook: hooked, xhr };

export class IframeLogin {
  // settings are the four of Accounts > Iframe, the era and its defects; client has resume(token), iframeToken(token),
  // showFrame(url), showForm() and asked(), which hears of every call of the API.
  constructor(settings, client) {
    this.settings = settings;
    this.client = { ...client, showFrame: (options) => client.showFrame(this.frameURL(), options) };
  }

  // call asks the API `times` times at once, as the several places of the real client that hold the hook do.
  call(times) {
    for (let i = 0; i < times; i++) this.tryLogin();
  }

  // tryLogin is one call. sorry hears why the API gave no login, as far as the era tells.
  tryLogin(sorry = () => {}) {
    this.client.asked();
    return eras[this.settings.era].tryLogin(this.settings, this.client, sorry);
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

  frameURL() {
    const { url } = this.settings;
    if (!navigator.userAgent.includes('Electron')) return url;
    return url + (url.includes('?') ? '&' : '?') + 'client=electron';
  }
}
