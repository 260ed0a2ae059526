// SPDX-License-Identifier: BSD-2-Clause

package examples

import (
	"fmt"
	"net"
	"testing"

	"github.com/seed45097122/zmq4"
)

// TestMulticast sends by EPGM over the loopback interface. Package
// ctest/multicast has the programs lose packets, in networks of its own.
func TestMulticast(t *testing.T) {
	t.Parallel()
	endpoint := multicastEndpoint(t)
	// libpgm's warnings may come in the middle of a line: no pattern begins one.
	sub := start(t, "multicast/sub", "-endpoint", endpoint)
	sub.expect(`ready$`)
	pub := start(t, "multicast/pub", "-endpoint", endpoint, "-n", "500", "-lead", "1s", "-stay", "1s")
	sub.expect(`joined \d+ at \d+$`)
	pub.expect(`pub: sent 500 messages in `)
	sub.expect(`received \d+, lost 0 in 0 gaps, out of order 0$`)
	sub.wait()
	pub.wait()

	sub = start(t, "multicast/sub", "-endpoint", endpoint)
	sub.expect(`ready$`)
	sub.interrupt()
	sub.expect(`received 0, lost 0 in 0 gaps, out of order 0$`)
	pub = start(t, "multicast/pub", "-endpoint", endpoint, "-n", "1000000", "-lead", "0s")
	pub.expect(`pub: sending$`)
	pub.interrupt()
}

// multicastEndpoint returns an endpoint on the loopback interface with a port
// that is free. It skips the test if there is none: libzmq would end the programs.
func multicastEndpoint(t *testing.T) string {
	t.Helper()
	programs := []string{"multicast/pub", "multicast/sub"}
	if !zmq4.HasPgm() {
		skip(t, "libzmq was built without PGM", programs...)
	}
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	group := net.IPv4(239, 192, 1, 3)
	for i := range all {
		if all[i].Flags&net.FlagLoopback == 0 {
			continue
		}
		conn, err := net.ListenMulticastUDP("udp4", &all[i], &net.UDPAddr{IP: group})
		if err != nil {
			skip(t, err.Error(), programs...)
		}
		defer conn.Close()
		return fmt.Sprintf("epgm://127.0.0.1;%v:%d", group, conn.LocalAddr().(*net.UDPAddr).Port)
	}
	skip(t, "there is no loopback interface", programs...)
	return ""
}
