package decision

import "maps"

// adviceFor is what to do, by the code of a step or of a problem, or by code/detail where the detail says more. Places are
// filled by Record.fill.
var adviceFor = joined(aboutOrigins, aboutSessions, aboutRules, aboutLimits, aboutParts, aboutLogins, aboutChecks, aboutAccounts, aboutChats, aboutIssuers)

func joined(tables ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, table := range tables {
		maps.Copy(all, table)
	}
	return all
}

var aboutOrigins = map[string]string{
	"origin_not_allowed": "Compare chats.{chat}.url and chats.{chat}.embedOrigins (with token: true) with the page's address in the browser.",
	"origin_unlisted": "If the page is yours, it is missing in the configuration: chats.{chat}.url is the chat's own address, and pages that embed it are " +
		"listed in chats.{chat}.embedOrigins with token: true. Scheme, host and port must be the same to the letter.",
	"origin_missing": "A person has opened a token address in a window, or a proxy takes the Origin header away: it must reach the gateway. " +
		"People begin at the chat or at /login.",
	"origins_several":    "A proxy adds an Origin header of its own: take that out of its configuration.",
	"embedder_unlisted":  "The page around the frame is missing in chats.{chat}.embedOrigins, or has no token: true there.",
	"cross_site_request": "The step began on another site, or a proxy changes Origin or Host. baseURL must be the address that browsers see; the person begins again at /login.",
	"return_to_refused":  "return_to must begin with an address of a chat or of an embedding page in the configuration: chats.<chat>.url or embedOrigins.",
	"invalid_request":    "Something sent a request that no page of the gateway sends: an old script, a link typed by hand, or a proxy that changes requests.",
	"not_found":          "Nothing is behind what was asked for: a name that is not in the configuration, or a person who is not signed in any more.",
	"method_not_allowed": "Something sent a request that no page of the gateway sends: look at which script or proxy does.",
	"too_large":          "Something sent more than 64 KiB, which no page of the gateway does: look at which script or proxy does.",
}

var aboutSessions = map[string]string{
	"session_required": "The person signs in. If they have just done so, look whether their browser blocks cookies for this site.",
	"session_cookie_absent": "The person signs in. If they have just done so, their browser blocks the cookie: in a frame of another site that is usual, and the " +
		"frame's button leads on; a host name of the gateway beside the chat's avoids it (README, \"What decides a set-up\").",
	"session_cookies_several":  "Something else on the domain sets a cookie of the gateway's name, or a proxy repeats the Cookie header. The person deletes this site's cookies and signs in.",
	"session_cookie_malformed": "Something changes cookies on their way, or the value was made up. The person deletes this site's cookies and signs in.",
	"session_unknown":          "The person signs in again. If it happens too early, look at session.absolute, and whether Redis loses keys: chatgate doctor checks maxmemory-policy and persistence.",
	"session_idle":             "The person signs in again. session.idle says how long a session may rest.",
	"session_unreadable":       "The record is damaged, or its sealing key was removed: keep a former key in sealing.keys until session.absolute has passed. The person signs in again.",
	"sealed_elsewhere":         "The replicas have different sealing.keys, or a former key was removed too early: give all of them the same (/readyz says sealing_mismatch).",
	"child_unknown":            "The session behind the frame has ended: the person presses Sign in there again.",
	"child_of_another_session": "Somebody else signed in in this browser meanwhile: the person presses Sign in in the frame again.",
	"sign_in_too_old":          "The person signs in once more: chats.{chat}.access.maxAge says how old a sign-in may be for this chat.",
	"recheck_ended_session":    "The provider has ended the person's grant there: they are disabled, or signed out. session.recheck says how often it is asked. If they may come in, they sign in again.",
	"session_over":             "The person signed out, or an operator or the provider signed them out, at that very moment. They sign in again.",
	"prompt_none":              "The chat's own login asks with prompt=none, which it should not: look at its OpenID Connect settings, or who wrote the link.",
	"signed_out_of_chat":       "The person signed out inside the chat and presses Continue to come back. chats.{chat}.onChatSignOut says what a sign-out there means.",
	"signed_out_everywhere":    "A sign-out inside the chat ends everything, by chats.{chat}.onChatSignOut: global. The person signs in again.",
	"held":                     "A sign-in was being completed in the same window; half a minute later at most this is over. If not, the frame cannot reach the gateway: look at the browser's console.",
	"token_unverified":         "Rocket.Chat did not say whether it still takes the login: the person presses Continue. If it happens often, chatgate doctor looks at the service account.",
	"just_given":               "Rocket.Chat did not take the login that it had just been given: chatgate doctor looks at its iframe settings. The person presses Continue.",
}

var aboutRules = map[string]string{
	"access_denied":                     "chats.{chat}.access does not let this person in. If it should, change the rule, or what the provider says of them.",
	"rule_refused/provider_not_allowed": "The person signed in at {provider}, which chats.{chat}.access.providers does not list: add it, or they sign in at a listed one.",
	"rule_refused/group_missing":        "Put the person into one of the groups that chats.{chat}.access.groups lists, at {provider}, or list one of theirs. If they are in none at all here, the provider sends no groups: look at the scope and mapper of its groups claim and at providers.{provider}.claims.groups. They sign in again afterwards.",
	"rule_refused/email_not_allowed":    "Add the person's domain to chats.{chat}.access.emailDomains, or their address to emails.",
	"rule_refused/email_unverified":     "The provider does not say email_verified. The person verifies the address there; or, if every address of {provider} is its own to give, set providers.{provider}.trustEmail: true. They sign in again afterwards.",
	"access_denied/role_missing":        "None of the person's groups gives a role in chats.{chat}.roles; roleProviders says whose groups count.",
	"email_unverified":                  "The person verifies their address at {provider}; or, if every address of it is its own to give, set providers.{provider}.trustEmail: true.",
	"email_missing":                     "The person verifies their address at {provider}; or, if every address of it is its own to give, set providers.{provider}.trustEmail: true. The scope email must be among providers.{provider}.scopes.",
}

var aboutParts = map[string]string{
	"store_unavailable":       "Redis does not answer: look at it and at redis.* (chatgate doctor). Nobody is signed out by it.",
	"keys_not_loaded":         "The signing keys could not be read yet: look at Redis, or at signingKeys.files. It passes by itself once they can.",
	"internal":                "This is a mistake of the gateway: the log has a line with request_id {request} at level ERROR. Please report it.",
	"server_error":            "This is a mistake of the gateway: the log has a line with request_id {request} at level ERROR. Please report it.",
	"panicked":                "This is a mistake of the gateway: the log has \"request panicked\" with request_id {request} and where it happened. Please report it.",
	"temporarily_unavailable": "Redis did not answer, the keys were not loaded, or a limit was reached: it passes by itself, or chatgate doctor says what is wrong.",
}

var aboutLogins = map[string]string{
	"login_expired":                                     "The person signs in again, from the start and not by the back button. If it happens to many, look whether Redis loses keys, and whether the clocks agree.",
	"state_missing":                                     "The provider, or something between, does not give the state back as it was sent: the redirect URI there must be baseURL + /login/callback and nothing more.",
	"login_mismatch":                                    "The login began in another browser, or the browser lost the cookie: baseURL must be the one address that people use, and cookies allowed for it.",
	"provider_unknown":                                  "providers has no such key (any more). A link with provider= that is old, or a key that was renamed: keys are permanent.",
	"login_loop":                                        "A page sends people to /login by itself and does not see that they are signed in: it needs the right to tokens (chats.<chat>.embedOrigins), and the browser must send it the cookie.",
	"handoff_over":                                      "The person goes back to the page with the chat and presses Sign in there once more. handOff.lifetime is how long that may take.",
	"handoff_wrong_secret":                              "Somebody guesses at sign-ins of others: the address is in this record. The person whose frame it was presses Sign in once more.",
	"login_failed_before":                               "chatgate explain with the reference of that earlier request says why.",
	"provider_unavailable":                              "The gateway cannot reach {provider}: look at providers.{provider}.issuer, the network and the proxy (chatgate doctor).",
	"provider_denied":                                   "The person cancelled, or {provider} does not let them use this client: look at who is assigned to it there, and at the provider's own log.",
	"provider_denied/access_denied":                     "The person cancelled, or {provider} does not let them use this client: assign them, or their group, to it there.",
	"provider_denied/login_required":                    "{provider} was asked for a sign-in without a question and has none: look at providers.{provider}.prompt.",
	"provider_denied/interaction_required":              "{provider} was asked for a sign-in without a question and needs one: look at providers.{provider}.prompt.",
	"provider_denied/consent_required":                  "{provider} wants the person's consent: give it for everybody there, as an administrator.",
	"provider_denied/invalid_scope":                     "{provider} does not know one of providers.{provider}.scopes, or does not let this client have it.",
	"provider_denied/unauthorized_client":               "The client at {provider} must be allowed the authorization code flow.",
	"provider_denied/invalid_request":                   "{provider} does not like the request: look at the redirect URI registered there (baseURL + /login/callback), and at its log.",
	"provider_denied/server_error":                      "{provider} made a mistake: its own log says which.",
	"provider_denied/temporarily_unavailable":           "{provider} is overloaded or being repaired: it passes.",
	"provider_denied/unmet_authentication_requirements": "{provider} cannot give what providers.{provider}.acrValues asks for.",
	"provider_answer_refused":                           "What {provider} sent did not pass a check; the clause in this record says which. chatgate doctor looks at the provider.",
	"logout_refused":                                    "The provider's sign-out call is not as the specification wants it; the clause in this record says where.",
}

var aboutChecks = map[string]string{
	"provider_answer_refused/login_request":       "providers.{provider} cannot make a login request: chatgate config check and doctor say what is wrong.",
	"provider_answer_refused/callback_parameters": "The callback came with repeated or contradicting parameters: something rewrites the address on its way.",
	"provider_answer_refused/provider_mixed_up":   "The callback of one provider came for a login at another. Somebody may be trying to mix two providers up; the person signs in again.",
	"provider_answer_refused/state":               "The state does not belong to this login: the person signs in again. If it stays so, something rewrites the callback's address.",
	"provider_answer_refused/attempt_expired":     "The sign-in took longer than 10 minutes: the person signs in again.",
	"provider_answer_refused/callback_issuer":     "The callback names another issuer than providers.{provider}.issuer: is that exactly what the provider's discovery document says?",
	"provider_answer_refused/code":                "The provider does not take the code: client.id, client.secret and client.auth of providers.{provider}, and the redirect URI (baseURL + /login/callback), must be as registered there. Its own log says more.",
	"provider_answer_refused/id_token_missing":    "The provider gave no ID token: the scope openid must be among providers.{provider}.scopes, and the client an OpenID Connect one.",
	"provider_answer_refused/id_token_form":       "The provider's ID token is no signed JWT. An encrypted one is not read: switch encryption off for this client.",
	"provider_answer_refused/id_token_signature":  "The signature is not by a key that the provider publishes, or by an algorithm that is not in providers.{provider}.algorithms.",
	"provider_answer_refused/id_token":            "The ID token's issuer or audience is another one: compare providers.{provider}.issuer and client.id with the provider's.",
	"provider_answer_refused/id_token_audience":   "The ID token is for further audiences: list those that are meant in providers.{provider}.extraAudiences.",
	"provider_answer_refused/id_token_subject":    "The ID token has no usable sub claim: look at the provider's mapping of it.",
	"provider_answer_refused/id_token_time":       "The clocks of the gateway and the provider disagree: set both by NTP. providers.{provider}.leeway allows for a little.",
	"provider_answer_refused/id_token_nonce":      "The ID token is of another login: the person signs in again. If it stays so, the provider does not give the nonce back.",
	"provider_answer_refused/auth_time":           "The sign-in at the provider is older than providers.{provider}.maxAge, or its ID token does not say when it was.",
	"provider_answer_refused/acr":                 "The person signed in less strongly than providers.{provider}.acrValues asks for: a second factor is missing there.",
	"provider_answer_refused/at_hash":             "The access token does not belong to the ID token: the provider is broken, or something changed its answer.",
	"provider_answer_refused/userinfo":            "The provider's userinfo is about somebody else, cannot be read, or is signed wrongly: its own log says more.",
	"provider_answer_refused/refresh_token":       "The provider does not renew the sign-in any more: the person signs in again.",
}

var aboutAccounts = map[string]string{
	"account_refused":                     "chatgate accounts link gives the person an account in {chat}, if one is theirs.",
	"account_refused/several_accounts":    "Several accounts in {chat} have the person's address: leave it on one, or say which is theirs: chatgate accounts link --chat {chat} --provider {provider} --subject {subject} --username NAME.",
	"account_refused/email_ambiguous":     "Several accounts in {chat} have the person's address: leave it on one, or say which is theirs: chatgate accounts link --chat {chat} --provider {provider} --subject {subject} --username NAME.",
	"account_refused/not_a_person":        "The account with the person's name or address is a bot's, an app's or the gateway's own: change its address in {chat}, or link another account.",
	"account_refused/not_linked_by_email": "chats.{chat}.accounts.linkBy has not verifiedEmail: add it, or link this account: chatgate accounts link --chat {chat} --provider {provider} --subject {subject} --username NAME.",
	"account_refused/email_not_confirmed": "Confirm the address of the account in {chat} (Administration, Users, Verified), or link it: chatgate accounts link --chat {chat} --provider {provider} --subject {subject} --username NAME.",
	"account_refused/address_unconfirmed": "Confirm the address of the account in {chat} (Administration, Users, Verified), or link it: chatgate accounts link --chat {chat} --provider {provider} --subject {subject} --username NAME.",
	"account_refused/no_free_name":        "Every name that the gateway tried is taken in {chat}: make an account for the person there, and link it.",
	"account_refused/not_made_here":       "With api.tokens: password only accounts that the gateway made can be opened: set chats.{chat}.api.tokens to createToken, or give the person a new account.",
	"account_refused/creation_disabled":   "chats.{chat}.accounts.create is off: make an account in {chat} with the person's verified address, or switch it on.",
	"account_refused/email_missing":       "{provider} gives no e-mail address: the scope email must be among providers.{provider}.scopes, and the person have one there.",
	"account_refused/email_not_accepted":  "{chat} does not take the person's address: look at its settings for blocked and allowed domains (Accounts, Registration).",
	"account_refused/account_moved":       "The account went over to another sign-in of the person by accounts import: they sign in with that one.",
	"account_refused/linked_elsewhere":    "The account belongs to another subject: chatgate accounts list says whose, and accounts link --move gives it to this one.",
	"account_refused/administrator":       "Make sure whose it is, then: chatgate accounts link --chat {chat} --provider {provider} --subject {subject} --username NAME --admin. accounts.linkAdmins: true does so without asking.",
	"account_refused/deactivated":         "Activate the account in {chat} (Administration, Users). chats.{chat}.accounts.reactivate: true does so at sign-in.",
	"account_refused/seats_exhausted":     "The licence of {chat} has no seat left: deactivate accounts that nobody uses, or get more.",
	"account_refused/email_unverified":    "The person verifies their address at {provider}; or, if every address of it is its own to give, set providers.{provider}.trustEmail: true.",
	"account_refused/chat_refused":        "{chat} has something against this account, its name or its address: the log has a line with request_id {request}.",
	"account_deactivated":                 "Activate the account in {chat} (Administration, Users). chats.{chat}.accounts.reactivate: true does so at sign-in.",
	"account_linked_to_another":           "The account belongs to another subject: chatgate accounts list says whose, and accounts link --move gives it to this one.",
	"account_is_administrator":            "Make sure whose it is, then: chatgate accounts link --chat {chat} --provider {provider} --subject {subject} --username NAME --admin. accounts.linkAdmins: true does so without asking.",
	"seats_exhausted":                     "The licence of {chat} has no seat left: deactivate accounts that nobody uses, or get more.",
}

var aboutChats = map[string]string{
	"chat_unavailable":   "The gateway cannot reach {chat}, or gets no sense from it: look at chats.{chat}.api.url, the network and the chat's own log (chatgate doctor).",
	"chat_answered":      "{chat} refused a call of the gateway's service account: chatgate doctor says which permission or setting is missing.",
	"chat_limited":       "Give the service account the permission api-bypass-rate-limit in {chat}.",
	"operator_needed":    "chatgate doctor looks over everything that {chat} has to allow.",
	"client_refused":     "The server that asked has a wrong name or secret, or an expired one: compare chats.{chat}.issueClients.",
	"nobody_behind":      "The person is signed out, or left out by chats.{chat}.access, since the token or id was given out: the chat treats them as a stranger until they sign in again.",
	"talk_token_refused": "The token is not this site's, is too old, or is signed with another key: chatgate talk verify names the rule that it breaks.",
}

var aboutIssuers = map[string]string{
	"sign_in_request_refused":                     "Compare the OpenID Connect settings of {chat} with what chatgate setup talk shows.",
	"sign_in_request_refused/request_malformed":   "Something changed the request on its way, or a link was cut: the person begins again in {chat}.",
	"sign_in_request_refused/request_unsupported": "{chat} asks for something that is not offered: it takes response_type=code, scope openid and, with PKCE, S256.",
	"sign_in_request_refused/client_unknown":      "The client id that {chat} sends is not chats.{chat}.client.id: make both the same.",
	"sign_in_request_refused/nonce_missing":       "{chat} sends no nonce: its version is older than those that are supported, or the link was made up.",
	"redirect_uri_refused":                        "{chat} names another address than chats.{chat}.client.redirectURIs. If the scheme alone differs, the chat does not know of the https in front of it: set TRUST_PROXY there.",
	"invalid_client":                              "The client id or secret that {chat} has is not chats.{chat}.client.id and client.secret: make both the same (chatgate setup talk).",
	"invalid_grant":                               "The code was used, too old, or asked for with another address or verifier; or the person is signed out or left out meanwhile. They sign in again.",
	"code_refused":                                "The code was used, too old, or asked for with another address or verifier; or the person is signed out meanwhile. They sign in again.",
	"code_refused/code_used":                      "The code came twice, and what it had bought was taken back. A client that repeats its calls, or somebody who has read along: look at who did.",
	"code_refused/code_unknown":                   "The code is too old, or made up: a minute may pass between the sign-in and the call of {chat}'s server. Look at the clocks and the network between them.",
	"code_refused/code_mismatch":                  "The code was asked for with another redirect_uri or PKCE verifier: {chat} has two addresses, or something changed the request on its way.",
	"code_refused/session_ended":                  "The person signed out before {chat} had fetched its token: they sign in again.",
	"invalid_token":                               "The access token is too old, or the person is signed out or left out meanwhile: they sign in again.",
	"unsupported_grant_type":                      "{chat} asks for another grant than authorization_code: look at its OpenID Connect settings.",
}

var aboutLimits = map[string]string{
	"too_many_requests": "A limit was reached: limits.* says how much is allowed within a minute.",
	"limit_reached":     "A limit was reached: limits.* says how much is allowed within a minute. Behind a proxy, trustedProxies must name it, or everybody seems to come from one address.",

	"limit_reached/login_start_address": "limits.loginStartsPerAddress was used up by this address. Behind a proxy, trustedProxies must name it, or everybody seems to come from one address.",
	"limit_reached/login_start_overall": "limits.loginStartsOverall was used up by everybody together: somebody floods the sign-in, or the number is too small.",
	"limit_reached/callback_address":    "limits.callbacksPerAddress was used up by this address. Behind a proxy, trustedProxies must name it.",
	"limit_reached/handoff_address":     "limits.handOffsPerAddress was used up by this address. Behind a proxy, trustedProxies must name it.",
	"limit_reached/handoff_session":     "limits.handOffsPerSession was used up by this session: a page opens frame after frame.",
	"limit_reached/redeem_address":      "limits.redeemsPerAddress was used up by this address. Behind a proxy, trustedProxies must name it.",
	"limit_reached/redeem_handoff":      "A frame asked for its sign-in more than twice a second: a script of the page around it does, or somebody else.",
	"limit_reached/resume_session":      "limits.resumesPerSession was used up: Rocket.Chat does not take the login and asks again and again (chatgate doctor looks at its iframe settings). A press of Continue always works.",
	"limit_reached/mint_session":        "limits.mintsPerSession was used up: Rocket.Chat refuses the logins that it gets. chatgate doctor looks at the workspace.",
	"limit_reached/talk_token_session":  "limits.talkTokensPerSession was used up: a page asks for new tokens in a loop. The SDK does not.",
	"limit_reached/talk_user_address":   "limits.talkUsersPerAddress was used up by refused tokens and secrets from this address: look at what the chat's server sends.",
	"limit_reached/talk_user_token":     "Somebody asks about one token more than 120 times a minute: Talk's plugin asks once.",
	"limit_reached/talk_issue_client":   "limits.talkIssuesPerClient was used up by this client of chats.{chat}.issueClients.",
	"limit_reached/code_session":        "limits.codesPerSession was used up: the chat's own login sends the person round and round. Look at its log.",
	"limit_reached/code_address":        "limits.codesPerAddress was used up by refused codes and tokens: the chat's server sends wrong ones again and again.",
	"limit_reached/warm_session":        "limits.warmCallsPerSession was used up: a page asks for tokens in a loop.",
	"limit_reached/warm_address":        "limits.warmCallsPerAddress was used up by this address. Behind a proxy, trustedProxies must name it.",
	"limit_reached/logout_address":      "limits.logoutsPerAddress was used up by refused sign-out calls from this address.",
}
