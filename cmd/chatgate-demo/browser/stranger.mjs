// A page of a site that nobody has listed.

import { createServer } from 'node:http';

// withStranger serves a page with this body for as long as walk(address) takes.
export async function withStranger(body, walk) {
  const server = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(`<!doctype html><title>Stranger</title>${body}`);
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  try {
    await walk(`http://stranger.localhost:${server.address().port}/`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
