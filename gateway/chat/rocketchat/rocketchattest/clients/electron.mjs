// The desktop app, as far as it signs in by iframe authentication: the web client in a view that opens no windows.
// Links and forms that want a new one go to the system's browser, which shares neither cookies nor an opener with the
// app. Navigation within the window works as anywhere.
//
//   await prepare(page);
//   await page.goto(`${workspace}/home`);
//   …
//   await deniedWindows(page);      // addresses that were to open in a new window

// The word Electron makes the web client add client=electron to the login frame's address.
export const userAgent = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Rocket.Chat/4.9.1 Chrome/138.0.7204.251 Electron/37.6.0 Safari/537.36';

// prepare makes a page the app's view. Whatever window would open nevertheless is closed at once.
export async function prepare(page) {
  await page.setUserAgent(userAgent);
  await page.evaluateOnNewDocument(denyNewWindows);
  page.on('popup', (popup) => popup.close());
}

// deniedWindows are the addresses that the documents loaded now wanted to open, frame by frame.
export async function deniedWindows(page) {
  const found = await Promise.all(page.frames().map((frame) => frame.evaluate(() => window.deniedWindows ?? [])));
  return found.flat();
}

// denyNewWindows runs in every document, frames included, before its own scripts.
function denyNewWindows() {
  window.deniedWindows = [];
  const deny = (address) => { window.deniedWindows.push(new URL(address || 'about:blank', document.baseURI).href); };
  const isNew = (target) => Boolean(target) && !['_self', '_parent', '_top'].includes(target.toLowerCase());

  window.open = (address) => {
    deny(address);
    return null;
  };
  window.addEventListener('click', (event) => {
    const link = event.target.closest?.('a[href][target]');
    if (!link || event.defaultPrevented || !isNew(link.target)) return;
    event.preventDefault();
    deny(link.href);
  });
  window.addEventListener('submit', (event) => {
    if (event.defaultPrevented || !isNew(event.submitter?.formTarget || event.target.target)) return;
    event.preventDefault();
    deny(event.target.action);
  });
  const submit = HTMLFormElement.prototype.submit;
  HTMLFormElement.prototype.submit = function submitHere() {
    if (isNew(this.target)) deny(this.action);
    else submit.call(this);
  };
}
