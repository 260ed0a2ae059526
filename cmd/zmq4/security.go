// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"strings"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/cert"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// passwordVariable is the environment variable for the password of --plain.
const passwordVariable = "ZMQ4_PASSWORD"

// domain is the ZAP domain of the sockets. There is one authenticator.
const domain = "zmq4"

// security are the flags for security.
type security struct {
	plain, passwordFile string
	serverKey, cert     string

	server          bool
	allow           []string
	users           string
	allowed, denied []string
}

func (f *security) register(cmd *cobra.Command) {
	group(cmd, "Security", func(p *pflag.FlagSet) {
		p.StringVar(&f.plain, "plain", "", "PLAIN client: `user`[:password]; the password may also come from --password-file or "+passwordVariable)
		p.StringVar(&f.passwordFile, "password-file", "", "`file` with the password of --plain")
		p.StringVar(&f.serverKey, "curve-server-key", "", "CURVE client: the server's public `key`, or a certificate with it")
		p.StringVar(&f.cert, "cert", "", "CURVE: `file` with this side's secret certificate; a client has new keys without it")
		p.BoolVar(&f.server, "server", false, "be the server of PLAIN (--users) or CURVE (--cert)")
		p.StringArrayVar(&f.allow, "allow", nil, "CURVE server: let in a `client`: a public key, a certificate, a directory of certificates, or any")
		p.StringVar(&f.users, "users", "", "PLAIN server: `file` with lines user:password")
		p.StringArrayVar(&f.allowed, "allow-address", nil, "server: let in only these `networks`, such as 192.0.2.0/24")
		p.StringArrayVar(&f.denied, "deny-address", nil, "server: do not let in these `networks`")
	})
}

// check finds flags that do not go together.
func (f *security) check() error {
	switch {
	case !f.server && (len(f.allow) > 0 || f.users != "" || len(f.allowed) > 0 || len(f.denied) > 0):
		return usagef("--allow, --users, --allow-address and --deny-address need --server")
	case f.server && (f.plain != "" || f.serverKey != ""):
		return usagef("--plain and --curve-server-key are for clients, not for --server")
	case f.server && f.cert != "" && f.users != "":
		return usagef("--cert is for CURVE, --users for PLAIN: not both")
	case f.server && (f.cert != "") != (len(f.allow) > 0):
		return usagef("a CURVE server needs --cert and --allow: a key, a certificate, a directory, or any")
	case f.server && f.cert == "" && f.users == "" && len(f.allowed) == 0 && len(f.denied) == 0:
		return usagef("--server needs --cert, --users, --allow-address or --deny-address")
	case f.plain != "" && f.serverKey != "":
		return usagef("--plain and --curve-server-key: not both")
	case !f.server && f.cert != "" && f.serverKey == "":
		return usagef("--cert needs --curve-server-key or --server")
	case f.plain == "" && f.passwordFile != "":
		return usagef("--password-file needs --plain")
	}
	return nil
}

// secure returns what gives a socket its security, and starts the
// authenticator of a server.
func (s *session) secure() (zmq4.OpenOption, error) {
	none := zmq4.OpenOption{}
	switch {
	case s.server && s.auth == nil:
		config, err := s.policy()
		if err != nil {
			return none, err
		}
		if s.auth, err = zmq4.NewAuthenticator(s.zmq, config); err != nil {
			return none, err
		}
		fallthrough
	case s.server:
		if s.users != "" {
			return zmq4.PlainServer(domain), nil
		}
		if s.cert == "" {
			return zmq4.Configure("NULL server", func(soc *zmq4.Socket) error { return soc.ServerAuthNull(domain) }), nil
		}
		own, err := loadSecret(s.cert)
		if err != nil {
			return none, err
		}
		return zmq4.CurveServer(domain, own.Secret), nil
	case s.plain != "":
		user, password, err := s.credentials()
		if err != nil {
			return none, err
		}
		return zmq4.PlainClient(user, password), nil
	case s.serverKey != "":
		key, err := publicKey(s.serverKey)
		if err != nil {
			return none, fmt.Errorf("--curve-server-key: %w", err)
		}
		own, err := zmq4.GenerateCurveKeypair()
		if err == nil && s.cert != "" {
			own, err = loadSecret(s.cert)
		}
		if err != nil {
			return none, err
		}
		return zmq4.CurveClient(key, own.Public, own.Secret), nil
	}
	return none, nil
}

// policy is whom a server lets in.
func (s *session) policy() (*zmq4.AuthConfig, error) {
	config := &zmq4.AuthConfig{Logger: slog.New(verdicts{s})}
	var err error
	if config.Allow, err = networks(s.allowed); err != nil {
		return nil, err
	}
	if config.Deny, err = networks(s.denied); err != nil {
		return nil, err
	}
	if s.users != "" {
		if config.Users, err = readUsers(s.users); err != nil {
			return nil, err
		}
	}
	var dirs []*cert.Dir
	for _, a := range s.allow {
		if a == "any" {
			config.Keys = append(config.Keys, zmq4.CURVE_ALLOW_ANY)
		} else if info, err := os.Stat(a); err == nil && info.IsDir() {
			dir, err := cert.OpenDir(a)
			if err != nil {
				return nil, err
			}
			dirs = append(dirs, dir)
		} else if key, err := publicKey(a); err != nil {
			return nil, fmt.Errorf("--allow: %w", err)
		} else {
			config.Keys = append(config.Keys, key)
		}
	}
	config.CheckCurve = func(ctx context.Context, r *zmq4.AuthRequest) (bool, error) {
		for _, dir := range dirs {
			if ok, err := dir.Check(ctx, r); ok || err != nil {
				return ok, err
			}
		}
		return false, nil
	}
	return config, nil
}

// credentials returns user name and password of --plain.
func (f *security) credentials() (user, password string, err error) {
	user, password, ok := strings.Cut(f.plain, ":")
	switch {
	case ok && f.passwordFile != "":
		return "", "", usagef("--plain has a password, and there is --password-file: not both")
	case ok:
	case f.passwordFile != "":
		text, err := os.ReadFile(f.passwordFile)
		if err != nil {
			return "", "", err
		}
		password = strings.TrimRight(string(text), "\r\n")
	default:
		if password, ok = os.LookupEnv(passwordVariable); !ok {
			return "", "", usagef("--plain %s: no password, neither here nor in --password-file or %s", user, passwordVariable)
		}
	}
	return user, password, nil
}

// readUsers reads lines user:password. Empty ones and those that begin with #
// do not count.
func readUsers(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	users := map[string]string{}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		user, password, ok := strings.Cut(line, ":")
		if !ok || user == "" {
			return nil, fmt.Errorf("%s:%d: not user:password", path, n) // without the line, which has a password
		}
		users[user] = password
	}
	return users, nil
}

// networks parses addresses and networks. For none it returns nil.
func networks(list []string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if addr, e := netip.ParseAddr(s); e == nil {
			p, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			return nil, usagef("%q is not an address or a network such as 192.0.2.0/24", s)
		}
		prefixes = append(prefixes, p)
	}
	return prefixes, nil
}

// publicKey returns a public key that is given as such or in a certificate.
func publicKey(s string) (string, error) {
	if key, err := zmq4.DecodeZ85(s); err == nil && len(key) == 32 {
		return s, nil
	}
	c, err := cert.Load(s)
	if err != nil {
		return "", fmt.Errorf("not a public key, and no certificate: %w", err)
	}
	return c.Keys.Public, nil
}

// loadSecret reads a certificate that has a secret key.
func loadSecret(path string) (zmq4.CurveKeypair, error) {
	c, err := cert.Load(path)
	if err != nil {
		return zmq4.CurveKeypair{}, fmt.Errorf("--cert: %w", err)
	}
	if c.Keys.Secret == "" {
		return zmq4.CurveKeypair{}, fmt.Errorf("--cert: %s has no secret key: name the file that ends in _secret", path)
	}
	return c.Keys, nil
}
