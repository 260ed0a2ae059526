// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
)

// A measurement is the work of a row, done once by one implementation in new processes. After the
// first error its methods do nothing.
type measurement struct {
	*driver
	*row
	impl    string
	ctx     context.Context
	started []*process
	sample  sample
	err     error
}

// measure does the work of a row once, in new processes.
func (d *driver) measure(r *row, impl string) (sample, error) {
	if r.kind != "park" && impl == "go-zeromq" {
		// It is so much slower that it would take most of the time.
		few := *r
		few.count = max(r.count/10, 1)
		r = &few
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	m := &measurement{driver: d, row: r, impl: impl, ctx: ctx}
	defer func() {
		cancel()
		for _, p := range m.started {
			p.cmd.Wait()
		}
	}()
	if r.alone() {
		m.one()
	} else {
		map[string]func(){"thr": m.throughput, "lat": m.roundTrips, "fan": m.fan, "proxy": m.proxy, "serve": m.serve}[r.kind]()
	}
	return m.sample, m.err
}

// start starts a process of impl.
func (m *measurement) start(impl string, args ...any) *process {
	if m.err != nil {
		return nil
	}
	common := []any{"-size", m.size, "-count", m.count, "-warmup", m.warmup, "-conns", m.conns, "-parts", m.parts}
	if m.curve {
		common = append(common, "-curve", 1)
	}
	processor := -1
	if m.pinned {
		processor = min(len(m.started), runtime.NumCPU()-1)
	}
	var p *process
	if p, m.err = m.driver.start(m.ctx, impl, processor, append(common, args...)...); m.err == nil {
		m.started = append(m.started, p)
	}
	return p
}

// expect returns the words behind the first one of the next line of p.
func (m *measurement) expect(p *process, first string) (words []string) {
	if m.err == nil {
		words, m.err = p.expect(m.ctx, first)
	}
	return words
}

func (m *measurement) tell(p *process) {
	if m.err == nil {
		p.tell()
	}
}

// add adds the result of p to s.
func (m *measurement) add(s *sample, p *process, count int, measured bool) {
	if m.err == nil {
		m.err = s.add(m.ctx, p, count, measured)
	}
}

// peer returns the arguments with which to reach the endpoint, and the key, that p has printed.
func (m *measurement) peer(p *process) []any {
	words := m.expect(p, "endpoint")
	if len(words) == 0 {
		return nil
	}
	args := []any{"-endpoint", words[0]}
	if m.curve && len(words) > 1 {
		args = append(args, "-serverkey", words[1])
	}
	return args
}

// endpoint returns where to bind.
func (m *measurement) endpoint() string {
	switch m.transport {
	case "inproc":
		return "inproc://perf"
	case "ipc":
		m.made++
		return fmt.Sprint("ipc://", filepath.Join(m.dir, "ipc"), m.made)
	}
	return "tcp://127.0.0.1:*"
}

// one measures in one process.
func (m *measurement) one() {
	kept := 0
	if m.kept {
		kept = 1
	}
	p := m.start(m.impl, "-role", m.kind, "-type", m.types[0], "-peer", m.types[1], "-endpoint", m.endpoint(),
		"-sockets", m.sockets, "-subs", m.subs, "-senders", m.senders, "-receivers", m.receivers, "-kept", kept)
	m.add(&m.sample, p, m.count, true)
	if m.kind == "timers" && m.err == nil {
		m.sample.ns = float64(m.sample.values["p90"])
	}
}

func (m *measurement) throughput() {
	recv := m.start(m.impl, "-role", "recv", "-type", m.types[0], "-bind", 1, "-endpoint", m.endpoint())
	send := m.start(m.impl, append(m.peer(recv), "-role", "send", "-type", m.types[1])...)
	m.add(&m.sample, recv, m.count, true)
	m.tell(send)
	m.add(&m.sample, send, m.count, false)
}

func (m *measurement) roundTrips() {
	echo := m.start(m.impl, "-role", "echo", "-type", m.types[1], "-bind", 1, "-endpoint", m.endpoint())
	ask := m.start(m.impl, append(m.peer(echo), "-role", "ask", "-type", m.types[0])...)
	m.add(&m.sample, ask, m.count, true)
	m.tell(echo)
	m.add(&m.sample, echo, m.count, false)
}

func (m *measurement) fan() {
	send := m.start(m.impl, "-role", "send", "-type", m.types[1], "-bind", 1, "-sync", 1, "-endpoint", m.endpoint())
	recv := m.start(m.impl, append(m.peer(send), "-role", "recv", "-type", m.types[0], "-sync", 1, "-subs", m.subs)...)
	m.expect(recv, "ready")
	m.tell(send)
	m.add(&m.sample, recv, m.count, true)
	m.tell(send)
	m.add(&m.sample, send, m.count, false)
}

// proxy measures a proxy. Sender and receiver are in C, whatever the proxy is.
func (m *measurement) proxy() {
	sender, receiver, parts, sync := "PUB", "SUB", 1, 1
	if m.types[0] == "ROUTER" {
		sender, receiver, parts, sync = "DEALER", "DEALER", 2, 0
	}
	proxy := m.start(m.impl, "-role", "proxy", "-type", m.types[0], "-peer", m.types[1],
		"-endpoint", m.endpoint(), "-endpoint2", m.endpoint())
	ends := m.expect(proxy, "endpoint")
	if m.err != nil {
		return
	}
	recv := m.start("C", "-role", "recv", "-type", receiver, "-parts", parts, "-nohwm", 1, "-sync", sync, "-endpoint", ends[1])
	send := m.start("C", "-role", "send", "-type", sender, "-sync", sync, "-endpoint", ends[0])
	if sync != 0 {
		m.expect(recv, "ready")
		m.tell(send)
	}
	var ends2 sample
	m.add(&ends2, recv, m.count, true)
	m.tell(send)
	m.tell(proxy)
	m.add(&ends2, send, m.count, false)
	m.add(&m.sample, proxy, m.count+m.warmup, false)
	m.sample.ns = ends2.ns
}

// serve measures a server. Its clients are in C, whatever the server is.
func (m *measurement) serve() {
	server := m.start(m.impl, "-role", "serve", "-type", m.types[0], "-endpoint", m.endpoint(), "-senders", m.senders)
	load := m.start("C", append(m.peer(server), "-role", "load", "-type", m.types[1], "-window", m.window)...)
	var clients sample
	m.add(&clients, load, m.count, true)
	m.tell(server)
	m.add(&m.sample, server, m.count+m.warmup, false)
	m.sample.ns = clients.ns
}
