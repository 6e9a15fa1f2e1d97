// The clients that people use the chat with, each with how one signs in there. prepare makes a fresh page the client's,
// and signIn returns the username that is signed in at the end.

import * as electron from '../../../gateway/chat/rocketchat/rocketchattest/clients/electron.mjs';
import * as mobile from '../../../gateway/chat/rocketchat/rocketchattest/clients/mobile.mjs';
import { hook, inRocketChat } from './pages.mjs';
import { signInNewWindow, signInSameWindow } from './walk.mjs';

export const clients = {
  web: {
    prepare() {},
    async signIn(page, chat, username) {
      await signInNewWindow(page, username);
      return inRocketChat(chat);
    },
  },

  // The desktop app has no second window, so its main button has to stay in the first (B-17).
  electron: {
    prepare: (page) => electron.prepare(page),
    async signIn(page, chat, username) {
      await signInSameWindow(page, username, hook('login'));
      return inRocketChat(chat);
    },
  },

  // The mobile app closes its web view once it has the login.
  mobile: {
    ends: true,
    prepare: (page, world) => mobile.prepare(page, world.rocketchat),
    async signIn(page, chat, username) {
      await signInSameWindow(page, username, hook('login-top'));
      return (await mobile.appLogin(page)).username;
    },
  },
};
