package redisstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"chatgate/store"
)

// Config is the redis section of the configuration file.
type Config struct {
	Standalone *Standalone  `yaml:"standalone" doc:"One server. Exactly one of standalone, sentinel and cluster is given."`
	Sentinel   *Sentinel    `yaml:"sentinel" doc:"A master that Sentinels watch and replace."`
	Cluster    *Cluster     `yaml:"cluster" doc:"A Redis Cluster."`
	Username   string       `yaml:"username" doc:"The ACL user; empty for the default user."`
	Password   store.Secret `yaml:"password" doc:"The password of the user; empty for none."`
	TLS        *TLS         `yaml:"tls" doc:"Connects with TLS when present, even when it is empty; it covers Sentinels too."`
	KeyPrefix  string       `yaml:"keyPrefix" default:"chatgate:" doc:"What every key begins with, so that several installations may share a server."`
	Timeouts   Timeouts     `yaml:"timeouts" doc:"How long each step may take."`
	PoolSize   int          `yaml:"poolSize" default:"0" doc:"The most connections to one server; 0 means ten per CPU."`

	// Observe is told of every operation when it has ended: whose it was, its name, such as get_hash, how long it took, and
	// nil or an error of package store. A nil Observe is fine.
	Observe func(ctx context.Context, op string, d time.Duration, err error) `yaml:"-"`
}

// Standalone is one server.
type Standalone struct {
	Address  string `yaml:"address" doc:"host:port, or unix:/path of its socket."`
	Database int    `yaml:"database" default:"0" doc:"The number of the database."`
}

// Sentinel is a master that Sentinels watch.
type Sentinel struct {
	Master    string       `yaml:"master" doc:"The name by which the Sentinels know the master."`
	Addresses []string     `yaml:"addresses" doc:"host:port of each Sentinel."`
	Username  string       `yaml:"username" doc:"The ACL user at the Sentinels, where it differs from none."`
	Password  store.Secret `yaml:"password" doc:"Its password."`
	Database  int          `yaml:"database" default:"0" doc:"The number of the database."`
}

// Cluster is a Redis Cluster.
type Cluster struct {
	Addresses []string `yaml:"addresses" doc:"host:port of some of its nodes; the others are learnt from them."`
}

// Timeouts are how long each step may take. The context of a call ends it earlier.
type Timeouts struct {
	Dial  time.Duration `yaml:"dial" default:"2s" doc:"For a new connection, TLS included."`
	Read  time.Duration `yaml:"read" default:"1s" doc:"For an answer."`
	Write time.Duration `yaml:"write" default:"1s" doc:"For sending a command."`
	Pool  time.Duration `yaml:"pool" default:"1s" doc:"For a connection to become free."`
}

const defaultKeyPrefix = "chatgate:"

// Check reports what is wrong with the section, each problem with the key it is about.
func (c Config) Check(report func(key, problem string)) {
	switch given := c.layouts(); given {
	case 1:
	case 0:
		report("", "must have one of standalone, sentinel and cluster")
	default:
		report("", fmt.Sprintf("must have only one of standalone, sentinel and cluster, got %d of them", given))
	}
	c.checkAddresses(report)
	if c.TLS != nil {
		c.TLS.check(report)
		if c.Standalone != nil && isSocket(c.Standalone.Address) {
			report("tls", "must be absent with a unix: address, which is not encrypted")
		}
	}
	c.Timeouts.check(report)
	if c.PoolSize < 0 {
		report("poolSize", fmt.Sprintf("must not be negative, got %d", c.PoolSize))
	}
}

func (c Config) layouts() (given int) {
	for _, present := range []bool{c.Standalone != nil, c.Sentinel != nil, c.Cluster != nil} {
		if present {
			given++
		}
	}
	return given
}

func (c Config) checkAddresses(report func(key, problem string)) {
	if s := c.Standalone; s != nil {
		if !isSocket(s.Address) {
			checkAddress("standalone.address", s.Address, report)
		}
		checkDatabase("standalone.database", s.Database, report)
	}
	if s := c.Sentinel; s != nil {
		if s.Master == "" {
			report("sentinel.master", "must be given")
		}
		checkEach("sentinel.addresses", s.Addresses, report)
		checkDatabase("sentinel.database", s.Database, report)
	}
	if c.Cluster != nil {
		checkEach("cluster.addresses", c.Cluster.Addresses, report)
	}
}

func checkEach(key string, addresses []string, report func(key, problem string)) {
	if len(addresses) == 0 {
		report(key, "must name at least one")
	}
	for i, address := range addresses {
		checkAddress(fmt.Sprintf("%s[%d]", key, i), address, report)
	}
}

func checkAddress(key, address string, report func(key, problem string)) {
	host, port, err := net.SplitHostPort(address)
	if number, bad := strconv.ParseUint(port, 10, 16); err != nil || host == "" || bad != nil || number == 0 {
		report(key, fmt.Sprintf("must be host:port, got %q", address))
	}
}

func checkDatabase(key string, database int, report func(key, problem string)) {
	if database < 0 {
		report(key, fmt.Sprintf("must not be negative, got %d", database))
	}
}

func (t Timeouts) check(report func(key, problem string)) {
	for _, timeout := range []struct {
		key string
		d   time.Duration
	}{{"dial", t.Dial}, {"read", t.Read}, {"write", t.Write}, {"pool", t.Pool}} {
		if timeout.d < 0 {
			report("timeouts."+timeout.key, fmt.Sprintf("must not be negative, got %v", timeout.d))
		}
	}
}

func (c Config) err() error {
	var problems []error
	c.Check(func(key, problem string) {
		problems = append(problems, errors.New(strings.TrimPrefix(key+": "+problem, ": ")))
	})
	return errors.Join(problems...)
}

const socketScheme = "unix:"

// isSocket says whether an address is a socket; unix:///path is one, too.
func isSocket(address string) bool {
	return strings.HasPrefix(address, socketScheme+"/") && strings.Trim(address[len(socketScheme):], "/") != ""
}

func socketPath(address string) string {
	return "/" + strings.TrimLeft(address[len(socketScheme):], "/")
}

// Sealed records are about 2 KiB, so smaller buffers than go-redis' 32 KiB serve as well.
const bufferBytes = 8 << 10

// options are what the three layouts have in common.
func (c Config) options() (*redis.UniversalOptions, error) {
	secured, err := c.TLS.config()
	if err != nil {
		return nil, err
	}
	return &redis.UniversalOptions{
		Username:              c.Username,
		Password:              c.Password.Reveal(),
		TLSConfig:             secured,
		DialTimeout:           cmp.Or(c.Timeouts.Dial, 2*time.Second),
		ReadTimeout:           cmp.Or(c.Timeouts.Read, time.Second),
		WriteTimeout:          cmp.Or(c.Timeouts.Write, time.Second),
		PoolTimeout:           cmp.Or(c.Timeouts.Pool, time.Second),
		PoolSize:              c.PoolSize,
		ContextTimeoutEnabled: true,
		MaxRetries:            1, // of reads; writes are sent once
		DialerRetries:         1, // whoever waits is better served by a quick 503
		ReadBufferSize:        bufferBytes,
		WriteBufferSize:       bufferBytes,
		// RESP2 has no push messages to look for around every command, and asks nothing of the server that an ACL
		// might forbid.
		Protocol:                 2,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}, nil
}

// client makes the client of the layout that is given. It dials nothing.
func (c Config) client() (redis.UniversalClient, error) {
	common, err := c.options()
	if err != nil {
		return nil, err
	}
	switch {
	case c.Sentinel != nil:
		common.Addrs, common.MasterName, common.DB = c.Sentinel.Addresses, c.Sentinel.Master, c.Sentinel.Database
		common.SentinelUsername, common.SentinelPassword = c.Sentinel.Username, c.Sentinel.Password.Reveal()
		return redis.NewFailoverClient(common.Failover()), nil
	case c.Cluster != nil:
		common.Addrs = c.Cluster.Addresses
		options := common.Cluster()
		options.DisableRoutingPolicies = true // every command has one key: its slot decides
		options.MaxRetries = -1               // of each node's client; the Cluster's tries reads again by itself
		return redis.NewClusterClient(options), nil
	default:
		options := common.Simple()
		options.Addr, options.DB = c.Standalone.Address, c.Standalone.Database
		if isSocket(options.Addr) {
			options.Network, options.Addr = "unix", socketPath(options.Addr)
		}
		return redis.NewClient(options), nil
	}
}
