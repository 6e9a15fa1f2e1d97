// Types of chatgate.js and, as the global `chatgate`, of chatgate.iife.js.

export as namespace chatgate;

/**
 * Keeps a Rocket.Chat that the page shows in an iframe signed in as the person at the gateway. It starts at once.
 *
 * The iframe's `src` names the chat: nothing is ever sent to another origin, wherever the iframe goes later.
 *
 * @throws TypeError when an option is missing or wrong. What goes wrong later is a state.
 */
export function connectRocketChat(iframe: HTMLIFrameElement, options: RocketChatOptions): RocketChatConnection;

/**
 * Shows the comments of Coral or Talk in an element, to everybody at once, and keeps them signed in as the person at the
 * gateway. What the element holds gives way to them.
 *
 * @throws TypeError when an option is missing or wrong. What goes wrong later is a state.
 */
export function renderTalk(element: Element, options: TalkOptions): TalkConnection;

/** Takes the window to the gateway's page that asks, and then ends the session and every chat's login. */
export function signOut(options: { gateway: string }): void;

export interface RocketChatOptions {
  /** The gateway's address, such as `https://sso.example.org`. */
  gateway: string;
  /** The chat's name in the gateway's configuration. Default: `rocketchat`. */
  chat?: string;
  /**
   * Where the gateway's sign-in page goes when somebody has to sign in: an element that it is appended to, filling it,
   * or a function that puts the frame into the document. What the function returns is called when the frame goes.
   */
  signIn: Element | ((frame: HTMLIFrameElement) => void | (() => void));
  /** The accessible name of the sign-in frame, in the page's language. Default: `Sign in`. */
  signInTitle?: string;
  /** Told of every state in turn, beginning with `checking`; never before connectRocketChat has returned. */
  onState?: (state: RocketChatState) => void;
  /** Closes the connection when it is aborted. */
  signal?: AbortSignal;
}

export interface RocketChatConnection {
  readonly state: RocketChatState;
  /** Asks the gateway again: after `failed`, or when the page knows that somebody else has signed in. */
  refresh(): void;
  /**
   * Signs out of the chat and goes on to the gateway's sign-out page, which leaves this page. With `local: true` only
   * the chat is left: the session goes on, and the sign-in frame offers to continue.
   */
  signOut(options?: { local?: boolean }): void;
  /** Listens no more and takes the sign-in frame away. Nobody is signed out. */
  close(): void;
}

export type RocketChatState =
  /** The gateway is being asked. */
  | { readonly name: 'checking' }
  /** The sign-in frame is shown. */
  | { readonly name: 'sign-in-needed' }
  /** The chat is given its login, and given it again until it answers or 15 seconds have passed. */
  | { readonly name: 'connecting' }
  /**
   * The chat has its login. `confirmed` says whether the chat has told so. It tells nothing while "Enable Send" is off
   * in its iframe integration: it is then signed in as far as anybody can know, and a later sign-out is not noticed.
   */
  | { readonly name: 'connected'; readonly confirmed: boolean }
  /** The chat is being left. */
  | { readonly name: 'signing-out' }
  /**
   * Nobody gets in. `code` is a problem code of the gateway (`access_denied`, `chat_unavailable`, …), `http_<status>` of
   * something in between, or one of `unreachable` (the network, or a page that is not in `embedOrigins`),
   * `answer_not_understood`, `sign_in_unanswered` and `too_many_attempts`. `reference` finds the cause in the gateway's log.
   */
  | { readonly name: 'failed'; readonly code: string; readonly reference?: string }
  /** After close(), and never told to onState. */
  | { readonly name: 'closed' };

export interface TalkCommonOptions {
  /** The gateway's address, such as `https://sso.example.org`. */
  gateway: string;
  /** The chat's name in the gateway's configuration. Default: `talk`. */
  chat?: string;
  /**
   * Whether your page knows that its reader is signed in, so that the gateway is asked at once. Otherwise it is asked until
   * it has answered, in this tab, that nobody is signed in, and from then on when somebody wants to sign in.
   */
  signedIn?: boolean;
  /**
   * Where the gateway's sign-in page goes when somebody has to sign in: an element that it is appended to, filling it,
   * or a function that puts the frame into the document. What the function returns is called when the frame goes.
   * Default: right before the comments, 18rem high.
   */
  signIn?: Element | ((frame: HTMLIFrameElement) => void | (() => void));
  /** The accessible name of the sign-in frame, in the page's language. Default: `Sign in`. */
  signInTitle?: string;
  /** Told of every state in turn; never before renderTalk has returned. */
  onState?: (state: TalkState) => void;
  /** Closes the connection when it is aborted. */
  signal?: AbortSignal;
}

/** One of Coral and Talk, never both. */
export type TalkOptions = TalkCommonOptions & ({ coral: CoralOptions; talk?: undefined } | { talk: Talk4Options; coral?: undefined });

/** Coral 5 to 9: what is not said here is passed on to its createStreamEmbed. */
export interface CoralOptions {
  /** Coral's address. */
  rootURL: string;
  storyID?: string;
  storyURL?: string;
  /** For Coral before 6.3.7, which cannot ask for a token: it is given the next one before the last ends. */
  renewByLogin?: boolean;
  events?: (emitter: any) => void;
  id?: never;
  accessToken?: never;
  refreshAccessToken?: never;
  [option: string]: unknown;
}

/** Talk 4: what is not said here is passed on to its Coral.Talk.render. */
export interface Talk4Options {
  /** Talk's address. */
  rootURL: string;
  asset_id?: string;
  asset_url?: string;
  events?: (emitter: any) => void;
  onAuthChanged?: (user: any) => void;
  talk?: never;
  auth_token?: never;
  [option: string]: unknown;
}

export interface TalkConnection {
  readonly state: TalkState;
  /** What a press on the page's own button for signing in does. */
  signIn(): void;
  /**
   * Goes to the gateway's sign-out page, which leaves this page and ends everything. With `local: true` only the comments
   * are left, in every tab of the site, until somebody wants to sign in to them again.
   */
  signOut(options?: { local?: boolean }): void;
  /** Asks the gateway again: after `failed`, or when the page knows that somebody else has signed in. */
  refresh(): void;
  /** Listens no more and takes the sign-in frame away. The comments stay, and nobody is signed out. */
  close(): void;
}

export type TalkState =
  /** The gateway is being asked. */
  | { readonly name: 'checking' }
  /** The comments show, and nobody is signed in to them. */
  | { readonly name: 'signed-out' }
  /** The sign-in frame is shown. */
  | { readonly name: 'sign-in-needed' }
  /** The comments have a token, or somebody has come in by their own login. */
  | { readonly name: 'connected' }
  /** The page is being left for the gateway's sign-out page. */
  | { readonly name: 'signing-out' }
  /**
   * Nobody is kept signed in. `code` is one of those that RocketChatState has, or `embed_unavailable` (the script of Coral
   * or Talk does not load, and there are no comments) or `clock_wrong` (this computer's clock is so fast that the
   * comments drop every token).
   */
  | { readonly name: 'failed'; readonly code: string; readonly reference?: string }
  /** After close(), and never told to onState. */
  | { readonly name: 'closed' };
