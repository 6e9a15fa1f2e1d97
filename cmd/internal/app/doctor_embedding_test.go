package app_test

import (
	"maps"
	"testing"

	"chatgate/cmd/internal/app"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

// portal is what a workspace with the portal around it has.
func portal(c *rocketchattest.Config) { portalWith(nil)(c) }

// portalWith is portal with other settings.
func portalWith(others map[string]any) func(*rocketchattest.Config) {
	return func(c *rocketchattest.Config) {
		c.Settings = map[string]any{
			"Iframe_Integration_receive_enable": true, "Iframe_Integration_receive_origin": "https://portal.example.org",
			"Iframe_Integration_send_enable": true, "Iframe_Integration_send_target_origin": "https://portal.example.org",
			"Iframe_Restrict_Access": false,
		}
		maps.Copy(c.Settings, others)
		c.FrameAncestors = []string{"https://*.example.org"}
	}
}

// portalFramedBy is portal with another policy, and Rocket.Chat's own header.
func portalFramedBy(ancestors ...string) func(*rocketchattest.Config) {
	return func(c *rocketchattest.Config) {
		portalWith(map[string]any{"Iframe_Restrict_Access": true})(c)
		c.FrameAncestors = ancestors
	}
}

// embeds adds the portal to the gateway's configuration.
func embeds(_ *testing.T, c *clinic) { c.source += embedded }

var wrongEmbedding = []wrongSetUp{
	{
		name:      "a portal that Rocket.Chat does not listen to",
		workspace: portalWith(map[string]any{"Iframe_Integration_receive_enable": false, "Iframe_Integration_receive_origin": "*"}), breaks: embeds,
		level: app.Failure, want: []string{
			`Iframe_Integration_receive_origin must be https://portal.example.org (is "*")`, "Iframe_Integration_receive_enable must be true (is false)",
		},
	},
	{
		name: "a portal that may not frame the chat", workspace: portalFramedBy(), breaks: embeds,
		level: app.Warning, want: []string{
			"X-Frame-Options: sameorigin", "frame-ancestors 'self' https://portal.example.org", "Iframe_Restrict_Access",
		},
	},
	{
		name:      "a policy that leaves the portal out",
		workspace: portalFramedBy("https://blog.example.org", "https://*.portal.example.org"), breaks: embeds,
		level: app.Warning, want: []string{"https://portal.example.org, which is in embedOrigins", "frame-ancestors"},
	},
	{
		name: "a chat that every page may frame",
		workspace: func(c *rocketchattest.Config) {
			portal(c)
			c.FrameAncestors = nil
		},
		breaks: embeds,
		level:  app.Warning, want: []string{"any page may frame the chat", "frame-ancestors"},
	},
	{
		name:      "a portal that Rocket.Chat tells nothing",
		workspace: portalWith(map[string]any{"Iframe_Integration_send_enable": false, "Iframe_Integration_send_target_origin": "*"}), breaks: embeds,
		level: app.Warning, want: []string{
			"Iframe_Integration_send_enable must be true (is false)", `Iframe_Integration_send_target_origin must be https://portal.example.org (is "*")`,
			"chatgate setup rocketchat --chat rocketchat",
		},
	},
	{
		name: "two portals, and Rocket.Chat tells everybody",
		workspace: portalWith(map[string]any{
			"Iframe_Integration_receive_origin":     "https://blog.example.org,https://portal.example.org",
			"Iframe_Integration_send_target_origin": "*",
		}),
		breaks: func(_ *testing.T, c *clinic) {
			c.hosts["blog.example.org"] = "203.0.113.11"
			c.source += `    embedOrigins: {"https://portal.example.org": {token: true}, "https://blog.example.org": {token: true}}` + "\n"
		},
		level: app.Warning, want: []string{"must be https://blog.example.org or https://portal.example.org", "by hand", "no more than one"},
	},
	{
		name: "a Rocket.Chat that listens to everybody (B-30)", breaks: setting("Iframe_Integration_receive_enable", true),
		level: app.Warning, want: []string{"Iframe_Integration_receive_origin is *"},
	},
}
