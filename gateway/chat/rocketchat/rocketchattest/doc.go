// Package rocketchattest is a Rocket.Chat stand-in for tests and the demo: an http.Handler that speaks the part of the
// REST protocol a single sign-on gateway uses, refuses what the real server refuses, and serves a small chat page whose
// script signs in by iframe authentication as the real web client does.
//
// What differs between Rocket.Chat releases is decided by Config.Version and stands in one table, versions.go. Login
// tokens are kept hashed, counted, aged and destroyed by the real rules, so a caller that mints too many of them, or
// keeps one too long, is found out here and not in production.
//
// The page behaves as the web client of Config.Version: an XMLHttpRequest up to 5.x, a fetch with a content type up to
// 7.7, several plain ones since, each with its own idea of what to do with a failure. Its body counts what happened since
// it was loaded: data-api-calls and data-frame-loads. Modules for puppeteer in clients/ make a browser's page the mobile
// or the desktop app.
//
// Left out on purpose: messages (the room lives in the browser alone), DDP over websockets (the page uses REST and polls
// for the end of its session; see page.go), e-mail as a second factor, LDAP, federation beyond its refusals, and the
// download of avatars.
package rocketchattest
