// SPDX-License-Identifier: BSD-2-Clause

//go:build cgo

package zmq4

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"maps"
	"net/netip"
	"slices"
)

// An authPolicy says which clients the servers of a domain let in. It is plain data:
// [Authenticator.update] changes it, for the methods of an Authenticator and for
// pebbe's functions alike. The zero policy has no lists, and knows nobody.
type authPolicy struct {
	allow, deny addressList
	users       map[string][sha256.Size]byte // digests of their passwords
	keys        map[string]struct{}          // 32 bytes each, or CURVE_ALLOW_ANY
	principals  map[string]struct{}
}

// policy makes a policy of what the config lists.
func (c *AuthConfig) policy() (*authPolicy, error) {
	p := &authPolicy{}
	allow, err := plainNetworks(c.Allow)
	if err != nil {
		return nil, err
	}
	deny, err := plainNetworks(c.Deny)
	if err != nil {
		return nil, err
	}
	keys, err := curveKeys(c.Keys)
	if err != nil {
		return nil, err
	}
	if c.Allow != nil {
		p.allowNetworks(allow)
	}
	if len(deny) > 0 {
		p.denyNetworks(deny)
	}
	for username, password := range c.Users {
		p.addUser(username, sha256.Sum256([]byte(password)))
	}
	addAll(&p.keys, keys)
	addAll(&p.principals, c.Principals)
	return p, nil
}

func (p *authPolicy) allowNetworks(networks []netip.Prefix) { p.allow.add(networks) }
func (p *authPolicy) forgetAllowed(networks []netip.Prefix) { p.allow.remove(networks) }
func (p *authPolicy) denyNetworks(networks []netip.Prefix)  { p.deny.add(networks) }
func (p *authPolicy) forgetDenied(networks []netip.Prefix)  { p.deny.remove(networks) }

func (p *authPolicy) addUser(username string, digest [sha256.Size]byte) {
	if p.users == nil {
		p.users = make(map[string][sha256.Size]byte)
	}
	p.users[username] = digest
}

// addAll adds names to a set, which it makes if there are any.
func addAll(set *map[string]struct{}, names []string) {
	if *set == nil && len(names) > 0 {
		*set = make(map[string]struct{})
	}
	for _, name := range names {
		(*set)[name] = struct{}{}
	}
}

func removeAll[V any](m map[string]V, names []string) {
	maps.DeleteFunc(m, func(name string, _ V) bool { return slices.Contains(names, name) })
}

// curveKeys returns keys as authPolicy.keys has them.
func curveKeys(z85 []string) ([]string, error) {
	keys := make([]string, len(z85))
	for i, key := range z85 {
		if keys[i] = curveKey(key); keys[i] == "" {
			return nil, fmt.Errorf("zmq4: CURVE key %d of %d %s: %w", i+1, len(z85), keyReason(key), einval)
		}
	}
	return keys, nil
}

// curveKey returns a key as authPolicy.keys has it, "" if it is none.
func curveKey(z85 string) string {
	switch {
	case z85 == CURVE_ALLOW_ANY:
		return z85
	case len(z85) != z85Size:
		return ""
	}
	return Z85decode(z85)
}

// section: addresses

// An addressList is a set of networks, single addresses among them. If it is
// nil there is no such list, which is not the same as an empty one.
type addressList map[netip.Prefix]struct{}

// add adds networks to the list, which it makes, also if there are none to add.
func (l *addressList) add(networks []netip.Prefix) {
	if *l == nil {
		*l = make(addressList)
	}
	for _, network := range networks {
		(*l)[network] = struct{}{}
	}
}

// remove removes networks from the list.
func (l addressList) remove(networks []netip.Prefix) {
	for _, network := range networks {
		delete(l, network)
	}
}

// contains reports whether addr, which must not be IPv4 mapped to IPv6, and
// whose zone does not matter, is in one of the networks.
func (l addressList) contains(addr netip.Addr) bool {
	for bits := 0; bits <= addr.BitLen() && len(l) > 0; bits++ {
		if network, err := addr.Prefix(bits); err == nil {
			if _, ok := l[network]; ok {
				return true
			}
		}
	}
	return false
}

// plainNetworks returns networks as an addressList has them.
func plainNetworks(networks []netip.Prefix) ([]netip.Prefix, error) {
	plain := make([]netip.Prefix, len(networks))
	for i, network := range networks {
		if !network.IsValid() {
			return nil, fmt.Errorf("zmq4: network %d is not valid: %w", i, einval)
		}
		plain[i] = plainNetwork(network)
	}
	return plain, nil
}

// plainNetwork returns a network without bits of a host. What is IPv4 mapped
// to IPv6 is IPv4.
func plainNetwork(network netip.Prefix) netip.Prefix {
	if addr, bits := network.Addr(), network.Bits()-96; addr.Is4In6() && bits >= 0 {
		network = netip.PrefixFrom(addr.Unmap(), bits)
	}
	return network.Masked()
}

// section: decisions. They go by the policy of the client's domain and that of all
// domains, as far as there are any, and say why, for the log.

const noList = "no address list"

func admitAddress(policies []*authPolicy, address string) (ok bool, why string) {
	// An address that is not of IP, such as that of an ipc peer, is on no list.
	addr, _ := netip.ParseAddr(address)
	addr = addr.Unmap()
	var hasAllow, allowed, hasDeny, denied bool
	for _, p := range policies {
		hasAllow = hasAllow || p.allow != nil
		allowed = allowed || p.allow.contains(addr)
		hasDeny = hasDeny || p.deny != nil
		denied = denied || p.deny.contains(addr)
	}
	switch {
	case allowed:
		return true, "on the allow list"
	case hasAllow:
		return false, "not on the allow list"
	case denied:
		return false, "on the deny list"
	case hasDeny:
		return true, "not on the deny list"
	}
	return true, noList
}

// admitPlain takes as long for a user that is unknown, or a password that is
// wrong in its first byte or its length, as for one that is right.
func admitPlain(policies []*authPolicy, username, password string) (ok bool, why string) {
	got := sha256.Sum256([]byte(password))
	for _, p := range policies {
		want, known := p.users[username]
		same := subtle.ConstantTimeCompare(got[:], want[:]) == 1
		ok = ok || same && known
	}
	if !ok {
		return false, "unknown user or wrong password"
	}
	return true, "password"
}

func admitCurve(policies []*authPolicy, key string) (ok bool, why string) {
	for _, p := range policies {
		if _, any := p.keys[CURVE_ALLOW_ANY]; any {
			return true, "any key"
		}
		if _, known := p.keys[key]; known {
			return true, "key"
		}
	}
	return false, "unknown key"
}

func admitPrincipal(policies []*authPolicy, principal string) (ok bool, why string) {
	for _, p := range policies {
		if _, known := p.principals[principal]; known {
			return true, "principal"
		}
	}
	return false, "unknown principal"
}
