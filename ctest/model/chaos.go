// SPDX-License-Identifier: BSD-2-Clause

package model

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	zmq "github.com/seed45097122/zmq4"
)

// chaos has a few workers do anything to a few sockets.
func (w *world) chaos() error {
	w.choose()
	for i := range w.contexts {
		c, err := newContext()
		if err != nil {
			return err
		}
		w.contexts[i].Store(c)
	}
	table, total := w.weigh()
	var working sync.WaitGroup
	for _, work := range w.workers {
		working.Go(func() {
			for slot := work.n; slot < len(w.slots); slot += len(w.workers) {
				_ = work.do("open", func() error { return work.openIn(slot) })
			}
			for i := range w.ops {
				// Each operation has numbers of its own: it stays the same when
				// others are left out.
				work.r = rand.New(rand.NewPCG(w.seed, uint64(work.n+1)<<32|uint64(i)))
				for range 10 { // until one finds something to do
					o := draw(work.r, table, total)
					if !w.enabled(o.name) || work.do(o.name, func() error { return o.run(work) }) != errNothing {
						break
					}
				}
			}
		})
	}
	working.Wait()
	w.end()
	w.ledger.check(false)
	return nil
}

// choose decides what this seed has.
func (w *world) choose() {
	families := make([]family, 0, len(allFamilies))
	for _, f := range allFamilies {
		if (!f.draft || zmq.HasDraft()) && (w.families == nil || w.families.MatchString(f.name)) {
			families = append(families, f)
		}
	}
	for n := 1 + w.r.IntN(2); len(w.groups) < n; {
		f := pick(w.r, families...)
		if len(f.transports) == len(usual) && w.r.IntN(2) == 0 {
			f.transports = []string{pick(w.r, f.transports...)}
		}
		if f.draft && w.avoid("drafts over inproc") {
			f.transports = slices.DeleteFunc(slices.Clone(f.transports), func(t string) bool { return t == "inproc" })
		}
		if len(f.transports) > 0 {
			w.addFamily(f)
		}
	}
	w.contexts = make([]atomic.Pointer[zcontext], pick(w.r, 1, 1, 2))
	w.slots = make([]atomic.Pointer[sock], 4+w.r.IntN(6))
	n := 3 + w.r.IntN(4)
	for i := range n {
		if w.maxWorkers == 0 || i < w.maxWorkers {
			w.newWorker()
		}
	}
}

// draw returns one of the operations.
func draw(r *rand.Rand, table []op, total int) op {
	n := r.IntN(total)
	for _, o := range table {
		if n -= o.weight; n < 0 {
			return o
		}
	}
	panic("weights and their total differ")
}

// weigh returns the operations, with their weights for this seed: some are left
// out, which lets others come further.
func (w *world) weigh() (table []op, total int) {
	for _, o := range ops {
		often := 5
		if o.name == "set" || o.name == "set by number" { // most options keep sockets from each other
			often = 2
		}
		if w.r.IntN(often) == 0 && o.name != "open" && o.name != "connect" && o.name != "bind" {
			o.weight = 0
		}
		total += o.weight
		table = append(table, o)
	}
	return table, total
}
