// SPDX-License-Identifier: BSD-2-Clause

//go:build cgo

package zmq4

import "sync/atomic"

// A guess is what a socket, or the queue of a Poller, expects of its next call by what it has seen of
// those before. Each method that asks is one question. A guess that is wrong costs time and changes
// nothing else: the build tag zmq4_noguess makes all of them no, and the tests pass.
type guess struct {
	// Guarded by socket.mu. uses counts what may have called libzmq. The others are its value if
	// that was last a receive which found nothing more, or a look which did not find POLLIN.
	uses, emptied, looked uint64

	// Guarded by socket.mu: whether the last receive or send had to wait, and whether the last
	// thing done was to send a whole message.
	receiveWaited, sendWaited, sentWhole bool

	pollWaited atomic.Bool // the last poll for this socket alone had to wait

	// Guarded by socket.mu: how many receives are not to look for more messages than theirs, and how many
	// that were after the last look.
	doubt, doubts int

	moved uint64 // guarded by socket.mu, or Poller.mu: how many messages had gone in and out when the last wait began

	short  atomic.Bool  // the last wait was, so that the next one may be a nap
	missed int          // naps in a row that were too short: of the goroutine that waits for the descriptor
	remote atomic.Bool  // what is waited for is not done by this process alone
	many   atomic.Bool  // many messages went in and out between two waits
	crowd  atomic.Int32 // how many waits are to be no naps
}

// receiveWaits says whether a receive will have to wait, so that it does so at once: a try that fails
// costs as much as ten that succeed, and the look that follows costs the same. A nap needs no look
// after a try. It must be false where a try would give an error other than EAGAIN.
func (g *guess) receiveWaits(typ Type) bool {
	return guessing && g.receiveWaited && !g.mayNap() && (g.sentWhole || typ != REQ && typ != REP)
}

// pollWaits is receiveWaits for a poll that waits for no other socket.
func (g *guess) pollWaits() bool { return guessing && g.pollWaited.Load() }

// sendWaits is receiveWaits for a send. Types that know a peer that is not there have to find out by
// a try, and so has the middle of a message.
func (g *guess) sendWaits(typ Type, middle bool) bool {
	if !guessing || !g.sendWaited || middle {
		return false
	}
	return typ == PUSH || typ == DEALER || typ == PAIR || typ == REQ && !g.sentWhole
}

// stillEmpty says whether there is nothing to receive because the use before this one was a receive
// that found nothing more: ZMQ_FD is signalled when something comes, and till then neither a look nor
// another try finds it. If so, this use is such a one, too.
func (g *guess) stillEmpty() bool {
	if g.emptied == g.uses-1 {
		g.emptied = g.uses
	}
	return guessing && g.emptied == g.uses
}

// empty says the same after the last use, which may also have been a look.
func (g *guess) empty() bool {
	return guessing && (g.emptied == g.uses || g.looked == g.uses)
}

// unused says whether nothing can have become ready since a look, as long as ZMQ_FD is not signalled:
// because nobody has used the socket since its uses were these.
func (g *guess) unused(since uint64) bool { return guessing && g.uses == since }

// waitIsShort says whether a wait will be shorter than it takes to switch threads, and nobody else
// needs the processor: then the goroutine naps, see nap_unix.go. A process that is waited for is likely
// to answer as fast as it did before.
func (g *guess) waitIsShort() bool {
	if !g.mayNap() {
		return false
	}
	if g.crowd.Load() > 0 {
		g.crowd.Add(-1)
		return false
	}
	return true
}

func (g *guess) mayNap() bool {
	return guessing && g.short.Load() && g.remote.Load() && !g.many.Load()
}

// noteWait is called before a wait. Where many messages come at a time, as in a stream, more of them come
// while a goroutine is woken slowly, and all cost less.
func (g *guess) noteWait(moved uint64) {
	g.many.Store(moved > g.moved+enough)
	g.moved = moved
}

// crowdWaits is for how many waits nobody naps on a socket that other
// goroutines use as well: they may need the processor that a nap keeps.
const crowdWaits = 256

// noteCrowd is called when a goroutine uses the socket while others wait for it.
func (g *guess) noteCrowd() { g.crowd.Store(crowdWaits) }

// noteNap is called after a nap. One that was too short kept a processor for nothing: after many of
// them there are few.
func (g *guess) noteNap(signalled bool) {
	g.short.Store(signalled)
	if signalled {
		g.missed = 0
		return
	}
	g.missed = min(g.missed+1, 8)
	g.crowd.Store(1 << g.missed)
}

// noteReceive is called after a receive, which may have found nothing more.
func (g *guess) noteReceive(got, waited, emptied bool) {
	g.emptied = 0
	if emptied {
		g.emptied = g.uses
	}
	if got {
		g.receiveWaited, g.sentWhole = waited, false
	}
}

// moreCome says whether a receive is to take the messages behind its own as well, which saves the next
// receives a call into libzmq each. To find that there are no more costs as much as several of those.
func (g *guess) moreCome() bool {
	if g.doubt > 0 {
		g.doubt--
		return false
	}
	return guessing
}

const (
	enough     = 8    // messages are worth a look in vain for one more, and are many between two waits
	mostDoubts = 4096 // receives that do not look, after many looks that were not worth it
)

// noteMore is called after a receive that was to take more messages. emptied says whether it has looked for
// one more in vain.
func (g *guess) noteMore(got int, emptied bool) {
	if !emptied || got >= enough {
		g.doubts = 0
		return
	}
	g.doubts = min(2*g.doubts+1, mostDoubts)
	g.doubt = g.doubts
}

// noteSend is called after a send that has succeeded.
func (g *guess) noteSend(waited, whole bool) { g.sendWaited, g.sentWhole = waited, whole }

// noteTurn is called before a wait for these events: who comes meanwhile has to wait, too.
func (g *guess) noteTurn(want State) {
	if want == POLLOUT {
		g.sendWaited = true
	}
}

// noteLook is called after a look that did not find POLLIN.
func (g *guess) noteLook() { g.looked = g.uses }
