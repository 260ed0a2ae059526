package zmq4

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

func pair(t testing.TB, a, b Type) (*Socket, *Socket) {
	ctx, err := NewContext()
	if err != nil {
		t.Fatal(err)
	}
	x, err := ctx.NewSocket(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := ctx.NewSocket(b)
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Bind("inproc://x"); err != nil {
		t.Fatal(err)
	}
	if err := y.Connect("inproc://x"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close(); y.Close(); ctx.Term() })
	return x, y
}
func TestBasic(t *testing.T) {
	x, y := pair(t, REP, REQ)
	done := make(chan bool)
	go func() {
		for i := 0; i < 1000; i++ {
			m, err := x.RecvMessage(0)
			if err != nil {
				t.Error(err)
				break
			}
			x.SendMessage("re", m)
		}
		close(done)
	}()
	t0 := time.Now()
	for i := 0; i < 1000; i++ {
		if _, err := y.SendMessage("hello", i); err != nil {
			t.Fatal(err)
		}
		m, err := y.RecvMessage(0)
		if err != nil {
			t.Fatal(err)
		}
		if len(m) != 3 || m[2] != fmt.Sprint(i) {
			t.Fatal(m)
		}
	}
	<-done
	t.Log(time.Since(t0) / 1000)
}
func TestMany(t *testing.T) {
	x, y := pair(t, PULL, PUSH)
	var wg sync.WaitGroup
	const n = 20000
	got := make(chan int, 8)
	for i := 0; i < 4; i++ {
		wg.Add(2)
		go func() {
			defer wg.Done()
			for j := 0; j < n; j++ {
				if _, err := y.Send("hello", 0); err != nil {
					t.Error(err)
				}
			}
		}()
		go func() {
			defer wg.Done()
			for j := 0; j < n; j++ {
				if _, err := x.Recv(0); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	_ = got
	wg.Wait()
}
func TestClose(t *testing.T) {
	x, _ := pair(t, PULL, PUSH)
	go func() { time.Sleep(50 * time.Millisecond); x.Close() }()
	_, err := x.Recv(0)
	if err != ErrorSocketClosed {
		t.Fatal(err)
	}
}
func BenchmarkSendRecv(b *testing.B) {
	x, y := pair(b, PULL, PUSH)
	data := make([]byte, 64)
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		y.SendBytes(data, 0)
		x.RecvBytes(0)
	}
}
func BenchmarkSendRecvMessage3(b *testing.B) {
	x, y := pair(b, PULL, PUSH)
	data := [][]byte{make([]byte, 64), make([]byte, 5), make([]byte, 20)}
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		y.SendMessage(data)
		x.RecvMessageBytes(0)
	}
}
func BenchmarkPingPong(b *testing.B) {
	x, y := pair(b, PAIR, PAIR)
	go func() {
		for {
			m, err := x.RecvBytes(0)
			if err != nil {
				return
			}
			x.SendBytes(m, 0)
		}
	}()
	data := make([]byte, 1)
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		y.SendBytes(data, 0)
		y.RecvBytes(0)
	}
}
func BenchmarkThroughput(b *testing.B) {
	x, y := pair(b, PULL, PUSH)
	data := make([]byte, 8)
	b.ReportAllocs()
	go func() {
		for i := 0; i < b.N; i++ {
			y.SendBytes(data, 0)
		}
	}()
	for i := 0; i < b.N; i++ {
		x.RecvBytes(0)
	}
}
