// The mobile app, as far as it signs in by iframe authentication: a web view on the workspace's own address, whose
// navigations the app watches. The page of puppeteer is the web view; what the app does by itself happens here.
//
//   await prepare(page, workspace);
//   await openWebView(page);
//   …                               // press and type in the page
//   const { userId, username } = await appLogin(page);

import { nativeFetch } from './native.mjs';

// A web view says it is the phone's ordinary browser: nobody can tell the app from it by its user agent.
export const userAgent = 'Mozilla/5.0 (iPhone; CPU iPhone OS 15_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.5 Mobile/15E148 Safari/604.1';

const DEBOUNCE = 3_000; // ms; "so the server has time to evaluate the token"

const apps = new WeakMap();

// prepare makes a page the app's web view for a workspace, given by its base URL without a slash at the end. fetch is
// how the app itself reaches servers.
export async function prepare(page, workspace, { fetch = nativeFetch() } = {}) {
  const app = new App(page, workspace, fetch);
  apps.set(page, app);
  await page.setUserAgent(userAgent);
  await page.evaluateOnNewDocument(injected);
  page.on('framenavigated', (frame) => {
    if (frame === page.mainFrame()) app.navigated(frame.url());
  });
}

// openWebView is the press on Login in the app: it opens the workspace and not the login frame's address.
export const openWebView = (page) => page.goto(apps.get(page).workspace);

// appLogin resolves with {userId, username} when the app itself has logged in, and rejects when the server refused it or
// when an address would have made the app fail. A web client that logged in within the web view settles nothing: the app
// never notices.
export const appLogin = (page) => apps.get(page).loggedIn;

// injected runs in every document of the web view. The app's own script comes when the main frame has loaded, and copies
// every object that anybody posts there into the address.
function injected() {
  if (window !== window.top) return;
  window.ReactNativeWebView = { postMessage() {} };
  window.addEventListener('load', () => {
    window.addEventListener('message', ({ data }) => {
      if (typeof data === 'object') window.location.hash = JSON.stringify(data);
    });
  });
}

class App {
  constructor(page, workspace, fetch) {
    this.page = page;
    this.workspace = workspace;
    this.fetch = fetch;
    this.loggedIn = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
    this.loggedIn.catch(() => {}); // heard by those who ask
  }

  // navigated looks at an address of the web view, decoded. One that names the workspace and one of three words has to
  // carry JSON behind its first #.
  navigated(address) {
    try {
      const url = decodeURIComponent(address);
      if (!url.includes(this.workspace) || !/event|loginToken|token/.test(url)) return;
      this.obey(JSON.parse(url.split(/#(.*)/s)[1]));
    } catch (error) {
      this.reject(new Error(`the app fails at ${address.split('#')[0]}: ${error.message}`));
    }
  }

  // obey does what the app's message asks. Both kinds wait for a quiet moment or keep one, so that what is posted twice
  // is done once. Both names of the token mean a login token here.
  obey({ event, token, loginToken }) {
    if (event === 'login-with-token') {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.settle(() => this.login(token || loginToken)), DEBOUNCE);
    } else if (event === 'try-iframe-login' && !this.trying) {
      this.trying = setTimeout(() => { this.trying = undefined; }, DEBOUNCE).unref();
      this.settle(() => this.tryLogin());
    }
  }

  async settle(act) {
    try {
      const me = await act();
      if (me) this.resolve(me);
    } catch (error) {
      this.reject(error);
    }
  }

  // tryLogin asks the API as the app: without the web view's cookies. It reads the JSON of any status.
  async tryLogin() {
    const { Accounts_Iframe_api_url: url, Accounts_Iframe_api_method: method } = await this.settings();
    const answer = (await this.fetch(url, { method })).json();
    const token = answer.login || answer.loginToken;
    return token && this.login(token);
  }

  async settings() {
    const response = await this.fetch(`${this.workspace}/api/v1/settings.public?_id=Accounts_Iframe_api_url,Accounts_Iframe_api_method`);
    return Object.fromEntries(response.json().settings.map(({ _id, value }) => [_id, value]));
  }

  // login resumes natively, and closes the web view before the server has answered.
  async login(resume) {
    this.page.goto('about:blank').catch(() => {}); // the browser may be closing
    const response = await this.fetch(`${this.workspace}/api/v1/login`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ resume }),
    });
    if (response.status !== 200) throw new Error(`the server refuses the app's login with ${response.status}`);
    const { userId, me } = response.json().data;
    return { userId, username: me.username };
  }
}
