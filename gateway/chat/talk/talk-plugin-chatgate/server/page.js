'use strict';

// refuse answers with a page that says what happened, and holds nothing that the request did: text is the plugin's own.
function refuse(res, status, text) {
  res.status(status);
  res.set({
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
  });
  res.send(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Not signed in</title>
<h1>Not signed in</h1>
<p>${text} Close this window and press the button again.</p>
</html>
`);
}

module.exports = { refuse };
