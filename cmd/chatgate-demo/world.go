package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"

	"chatgate/cmd/internal/app"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/chat/talk/talktest"
	"chatgate/gateway/sdk/sdktest"
	"chatgate/oidc/oidctest"
)

// worldConfig says how a world differs from the one that `go run ./cmd/chatgate-demo` opens.
type worldConfig struct {
	// Port is the gateway's; the others follow it. 0 takes free ones.
	Port int
	// Log takes the gateway's lines.
	Log *slog.Logger
	// Redis is the address of a Redis to use in place of the embedded one.
	Redis string
	// KeyPrefix keeps worlds apart that share a Redis; empty means the gateway's own.
	KeyPrefix string
	// RocketChat is the version that the stand-in follows; empty means its newest.
	RocketChat string
	// Talk is the kind of token that the comments take; empty means coral-oidc.
	Talk talk.Profile
	// Now is the clock of everybody here; nil means time.Now.
	Now func() time.Time
	// Providers are added to the gateway's, in YAML that may use the names of configuration.
	Providers string
	// Partners adds a second provider with people of its own, whom Rocket.Chat lets in and the comments do not.
	Partners bool
	// People are known at the provider besides ada and bob.
	People []oidctest.User
	// Extra is added to the end of the gateway's configuration.
	Extra string
	// Layout says where browsers find everything.
	Layout layout
}

// world is everything that people and servers meet in a working installation. Unless its layout says otherwise, each host
// has a name of its own below localhost, and is therefore another site to browsers: what works here does not lean on a
// shared domain.
type world struct {
	Provider   *oidctest.Provider
	Partners   *oidctest.Provider // nil where there is one provider
	RocketChat *rocketchattest.Server
	Coral      *talktest.Coral // nil where the comments are Talk 4's
	Talk4      *talktest.Talk4 // nil where they are Coral's
	App        *app.App

	config    string
	profile   talk.Profile // of the comments
	now       func() time.Time
	embedded  *miniredis.Miniredis
	hosts     map[string]*host
	transport *http.Transport
	served    string // where, in words
}

// addresses is what --json prints. Talk is the newspaper's page.
type addresses struct {
	Gateway    string   `json:"gateway"`
	Admin      string   `json:"admin"`
	Provider   string   `json:"provider"`
	RocketChat string   `json:"rocketchat"`
	Talk       string   `json:"talk"`
	Users      []person `json:"users"`
}

type person struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// Addresses are the base URLs of this world.
func (w *world) Addresses() addresses {
	return addresses{
		Gateway: w.hosts["sso"].url(), Admin: "http://" + w.hosts["admin"].listener.Addr().String(), Provider: w.hosts["provider"].url(),
		RocketChat: w.hosts["chat"].url(), Talk: w.hosts["news"].url(),
		Users: []person{{"ada", "ada"}, {"bob", "bob"}},
	}
}

// openWorld listens everywhere and builds everything; Run serves it.
func openWorld(cfg worldConfig) (*world, error) {
	w := &world{hosts: map[string]*host{}, transport: cfg.Layout.transport(), served: cfg.Layout.served()}
	roles := []string{"sso", "provider", "chat", "news", "comments", "admin", "portal"}
	if cfg.Partners {
		roles = append(roles, "partners")
	}
	for i, role := range roles {
		port := 0
		if cfg.Port != 0 {
			port = cfg.Port + i
		}
		h, err := cfg.Layout.listen(role, port)
		if err != nil {
			return nil, errors.Join(err, w.close())
		}
		w.hosts[role] = h
	}
	if err := w.build(cfg); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) build(cfg worldConfig) error {
	redis := cfg.Redis
	if redis == "" {
		w.embedded = miniredis.NewMiniRedis()
		if err := w.embedded.Start(); err != nil {
			return fmt.Errorf("start the embedded Redis: %w", err)
		}
		redis = w.embedded.Addr()
	}
	secrets := worldSecrets{Client: rand.Text(), CreateToken: rand.Text(), Redis: redis, Prefix: cmp.Or(cfg.KeyPrefix, "chatgate:")}
	w.profile = cmp.Or(cfg.Talk, talk.CoralOIDC)
	w.buildProviders(cfg, secrets)
	w.buildRocketChat(cfg, &secrets)
	comments, err := w.buildTalk(cfg)
	if err := errors.Join(err, w.buildPortal()); err != nil {
		return err
	}
	w.config, w.now = w.configuration(secrets, cfg)+comments+"\n"+cfg.Extra, cfg.Now
	w.App, err = w.openGateway(cfg.Log)
	return err
}

// openGateway opens a gateway on this world's configuration. Opened again it is another replica.
func (w *world) openGateway(log *slog.Logger) (*app.App, error) {
	loaded, err := app.Parse("demo.yaml", []byte(w.config), app.Chats(), nil)
	if err != nil {
		return nil, fmt.Errorf("the demo's configuration: %w", err)
	}
	return app.Open(loaded.Config, app.Lends{Log: log, Transport: w.transport, Now: w.now})
}

// worldSecrets are made anew for every world.
type worldSecrets struct {
	Client, CreateToken string
	Redis, Prefix       string
	UserID, Token       string
}

func (w *world) buildRocketChat(cfg worldConfig, s *worldSecrets) {
	c, sso, portal := w.hosts["chat"], w.hosts["sso"].url(), w.hosts["portal"].url()
	w.RocketChat = rocketchattest.New(rocketchattest.Config{
		URL: c.url(), Version: cfg.RocketChat, Now: cfg.Now,
		Iframe: rocketchattest.Iframe{
			Enabled: true, URL: sso + "/rocketchat/frame", APIURL: sso + "/rocketchat/token", APIMethod: http.MethodPost,
		},
		CreateTokenEnv: true, CreateTokenSecret: s.CreateToken,
		Settings: map[string]any{ // the portal frames the chat, commands it and hears what happens in it
			"Iframe_Restrict_Access":            false,
			"Iframe_Integration_receive_enable": true, "Iframe_Integration_receive_origin": portal,
			"Iframe_Integration_send_enable": true, "Iframe_Integration_send_target_origin": portal,
		},
	})
	s.UserID, s.Token = w.RocketChat.ServiceAccount()
	c.handler = w.RocketChat
}

// buildPortal opens a customer's page that shows the chat.
func (w *world) buildPortal() (err error) {
	w.hosts["portal"].handler, err = sdktest.New(sdktest.Config{GatewayURL: w.hosts["sso"].url(), ChatURL: w.hosts["chat"].url()})
	return err
}

// configuration is the gateway's file, as an operator would write it, up to what is the comments' own.
func (w *world) configuration(s worldSecrets, cfg worldConfig) string {
	further, members := w.furtherProviders(cfg)
	return strings.NewReplacer(
		"{sso}", w.hosts["sso"].url(), "{provider}", w.hosts["provider"].url(), "{chat}", w.hosts["chat"].url(),
		"{news}", w.hosts["news"].url(), "{comments}", w.hosts["comments"].url(),
		"{portal}", w.hosts["portal"].url(), "{members}", members,
		"{sealing}", base64.StdEncoding.EncodeToString([]byte(rand.Text()+rand.Text())),
		"{client}", s.Client, "{createToken}", s.CreateToken, "{redis}", s.Redis, "{prefix}", s.Prefix,
		"{userID}", s.UserID, "{token}", s.Token, "{development}", strconv.FormatBool(!cfg.Layout.secure()),
	).Replace(`
baseURL: {sso}
development: {development}
listen: {drain: 0s}
sealing: {current: demo, keys: {demo: "{sealing}"}}
redis: {standalone: {address: "{redis}"}, keyPrefix: "{prefix}"}
theme: {name: Example Organisation}
providers:
  corp:
    issuer: {provider}
    client: {id: chatgate, secret: "{client}"}
` + further + `
chats:
  rocketchat:
    access: {providers: [{members}], anyone: true}
    url: {chat}
    embedOrigins: {"{portal}": {token: true}}
    api: {url: "{chat}", allowHTTP: true, userID: "{userID}", token: "{token}", createTokenSecret: "{createToken}"}
  talk:
    access: {providers: [corp], anyone: true}
    url: {comments}
    embedOrigins: {"{news}": {token: true}}`)
}

// Run serves the world until ctx ends. It calls ready once the gateway and everything it needs answer.
func (w *world) Run(ctx context.Context, ready func() error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	failed := make(chan error, len(w.hosts))
	var serving sync.WaitGroup
	for name, h := range w.hosts {
		if name != "sso" && name != "admin" {
			serving.Go(func() { failed <- serve(ctx, h) })
		}
	}
	serving.Go(func() { failed <- w.App.Serve(ctx, w.hosts["sso"].listener, w.hosts["admin"].listener) })
	serving.Go(func() {
		err := w.waitReady(ctx)
		if err == nil && ctx.Err() == nil { // else it ends before it was ready
			err = ready()
		}
		if err != nil {
			failed <- err
		}
	})
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	stop()
	serving.Wait()
	return errors.Join(err, w.close())
}

func serve(ctx context.Context, h *host) error {
	server := &http.Server{Handler: h.handler, ReadHeaderTimeout: 5 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(h.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("%s: %w", h.role, err)
	}
	return nil
}

// waitReady polls the gateway's own word on whether all is well.
func (w *world) waitReady(ctx context.Context) error {
	client := &http.Client{Transport: w.transport, Timeout: time.Second}
	deadline := time.Now().Add(30 * time.Second)
	for {
		if w.isReady(ctx, client) || ctx.Err() != nil {
			return nil
		}
		if time.Now().After(deadline) {
			return errors.New("the gateway did not become ready within 30 seconds")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (w *world) isReady(ctx context.Context, client *http.Client) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.Addresses().Admin+"/readyz", nil)
	if err != nil {
		return false
	}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	var body struct {
		Status string `json:"status"`
	}
	return json.NewDecoder(response.Body).Decode(&body) == nil && body.Status == "ready"
}

func (w *world) close() error {
	for _, h := range w.hosts {
		_ = h.listener.Close() // closed already where it was served
	}
	if w.embedded != nil {
		w.embedded.Close()
	}
	return nil
}
