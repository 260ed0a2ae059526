// SPDX-License-Identifier: BSD-2-Clause

package monitor_test

import (
	"context"
	"encoding/json"
	"expvar"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/seed45097122/zmq4"
	"github.com/seed45097122/zmq4/monitor"
)

// lines is a log to read from.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

// The events of a socket go to a log. Fields that differ from run to run are
// left out here.
func Example() {
	logged := make(lines, 10)
	logger := slog.New(slog.NewTextHandler(logged, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "endpoint" || a.Key == "fd" {
				return slog.Attr{}
			}
			return a
		},
	}))
	soc, err := zmq4.NewSocket(zmq4.PULL)
	if err != nil {
		log.Fatal(err)
	}
	m := monitor.Start(context.Background(), soc, logger)
	if err := soc.Bind("tcp://127.0.0.1:*"); err != nil {
		log.Fatal(err)
	}
	fmt.Print(<-logged)

	soc.Close()
	fmt.Print(<-logged)
	if err := m.Err(); err != nil { // waits
		log.Fatal(err)
	}
	// Output:
	// level=INFO msg="zmq4: listening"
	// level=INFO msg="zmq4: monitor stopped"
}

// A Monitor can be published as it is: on a server, under /debug/vars.
func ExampleMonitor_String() {
	soc, err := zmq4.NewSocket(zmq4.PULL)
	if err != nil {
		log.Fatal(err)
	}
	defer soc.Close()
	m := monitor.Start(context.Background(), soc, nil)
	expvar.Publish("orders", m)
	if err := soc.Bind("tcp://127.0.0.1:*"); err != nil {
		log.Fatal(err)
	}
	endpoint, err := soc.GetLastEndpoint()
	if err != nil {
		log.Fatal(err)
	}
	push, err := zmq4.OpenSocket(zmq4.PUSH, zmq4.Connect(endpoint))
	if err != nil {
		log.Fatal(err)
	}
	defer push.Close()
	push.Send("an order", 0)
	if _, err := soc.Recv(0); err != nil {
		log.Fatal(err)
	}

	s := m.Stats() // what expvar prints
	fmt.Println(s.MessagesReceived, "message of", s.BytesReceived, "bytes")
	// Output: 1 message of 8 bytes
}

// The page is under a path that the program chooses, on a port for those who run it.
func ExampleHandler() {
	zctx, err := zmq4.NewContext()
	if err != nil {
		log.Fatal(err)
	}
	defer zctx.Term()
	soc, err := zctx.OpenSocket(zmq4.PULL, zmq4.Bind("inproc://orders"), zmq4.Linger(0))
	if err != nil {
		log.Fatal(err)
	}
	defer soc.Close()

	mux := http.NewServeMux()
	mux.Handle("/debug/zmq4", monitor.Handler(zctx))
	server := httptest.NewServer(mux) // a program has http.ListenAndServe("localhost:6060", mux)
	defer server.Close()

	resp, err := http.Get(server.URL + "/debug/zmq4?format=json&q=orders")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	var report monitor.Report
	if err := json.NewDecoder(resp.Body).Decode(&report); err != nil {
		log.Fatal(err)
	}
	for _, s := range report.Sockets {
		fmt.Println(s.Type, s.Bound, s.MessagesReceived, "received")
	}
	// Output: PULL [inproc://orders] 0 received
}
