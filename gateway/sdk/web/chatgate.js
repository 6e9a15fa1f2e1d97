// chatgate.js signs a person in to a chat that a page of yours embeds, with the session they have at the gateway. It
// needs the page's origin in the gateway's embedOrigins, with token: true, and in the chat's own lists: the README says
// which.
//
// A token travels in the body of the gateway's answer and in messages with one named receiver. It is never put into an
// address, the console or storage, and no message is believed unless its window and its origin are the right ones.

export { connectRocketChat } from './rocketchat.js';
export { signOut } from './signin.js';
export { renderTalk } from './talk.js';
