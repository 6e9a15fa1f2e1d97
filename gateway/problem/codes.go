package problem

import "slices"

// codes are those of the constructors.
var codes = []string{
	"session_required", "signed_out_of_chat", "signed_out_everywhere", "access_denied", "origin_not_allowed",
	"cross_site_request", "invalid_request", "return_to_refused", "login_expired", "handoff_over", "login_loop",
	"login_mismatch", "sign_in_request_refused", "redirect_uri_refused", "provider_unavailable", "provider_denied",
	"provider_answer_refused", "chat_unavailable", "account_deactivated", "account_linked_to_another",
	"account_is_administrator", "email_unverified", "seats_exhausted", "account_refused", "too_many_requests",
	"store_unavailable", "keys_not_loaded", "not_found", "method_not_allowed", "too_large", "internal",
}

// Codes are the codes of every problem that has a constructor here, for the labels of a metric.
func Codes() []string { return slices.Clone(codes) }
