// SPDX-License-Identifier: BSD-2-Clause

package examples

import (
	"regexp"
	"testing"

	"github.com/seed45097122/zmq4/ctest"
)

// TestListening checks that a server says what it listens on.
func TestListening(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		flags []string // that say where to bind
	}{
		{"clonesrv1", []string{"-publisher"}},
		{"clonesrv2", []string{"-snapshot", "-publisher"}},
		{"clonesrv3", []string{"-snapshot", "-publisher", "-collector"}},
		{"clonesrv4", []string{"-snapshot", "-publisher", "-collector"}},
		{"clonesrv5", []string{"-snapshot", "-publisher", "-collector"}},
		{"flserver1", []string{"-bind"}},
		{"flserver2", []string{"-bind"}},
		{"flserver3", []string{"-bind"}},
		{"hwserver", []string{"-endpoint"}},
		{"interrupt", []string{"-endpoint"}},
		{"lbbroker3", []string{"-frontend", "-backend"}},
		{"lpserver", []string{"-bind"}},
		{"lvcache", []string{"-backend"}},
		{"mdbroker", []string{"-bind"}},
		{"msgqueue", []string{"-frontend", "-backend"}},
		{"mtserver", []string{"-endpoint"}},
		{"pathopub", []string{"-endpoint"}},
		{"ppqueue", []string{"-frontend", "-backend"}},
		{"psenvpub", []string{"-endpoint"}},
		{"rrbroker", []string{"-frontend", "-backend"}},
		{"sharedsocket", []string{"-endpoint"}},
		{"spqueue", []string{"-frontend", "-backend"}},
		{"syncpub", []string{"-endpoint", "-sync"}},
		{"tasksink", []string{"-endpoint", "-control"}},
		{"taskvent", []string{"-endpoint"}},
		{"wuproxy", []string{"-endpoint"}},
		{"wuserver", []string{"-endpoint"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			endpoints := ctest.Endpoints(t, len(test.flags))
			var args []string
			for i, flag := range test.flags {
				args = append(args, flag, endpoints[i])
			}
			p := start(t, test.name, args...)
			for _, endpoint := range endpoints {
				p.expect(regexp.QuoteMeta(endpoint))
			}
		})
	}
}
