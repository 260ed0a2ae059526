// SPDX-License-Identifier: BSD-2-Clause

package monitor

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A view is how a request wants to see a [Report].
type view struct {
	Query, Sort, Seconds string
	JSON                 bool
}

func newView(r *http.Request) view {
	q := r.URL.Query()
	return view{Query: q.Get("q"), Sort: q.Get("sort"), Seconds: q.Get("seconds"), JSON: q.Get("format") == "json"}
}

// A column of the page can be sorted by. Numbers begin with the largest.
type column struct {
	Name, Title string
	Number      bool
	compare     func(a, b *SocketReport) int
}

func byText(name string, text func(*SocketReport) string) column {
	return column{Name: name, compare: func(a, b *SocketReport) int { return strings.Compare(text(a), text(b)) }}
}

func byNumber[T cmp.Ordered](name, title string, number func(*SocketReport) T) column {
	return column{Name: name, Title: title, Number: true, compare: func(a, b *SocketReport) int { return cmp.Compare(number(b), number(a)) }}
}

// peers returns the peers of a socket, or -1 if they are not known.
func peers(s *SocketReport) int {
	if s.Peers == nil {
		return -1
	}
	return *s.Peers
}

var columns = []column{
	{Name: "id", Title: "Number in the process", Number: true, compare: func(a, b *SocketReport) int { return cmp.Compare(a.ID, b.ID) }},
	byText("context", func(s *SocketReport) string { return s.Context }),
	byText("type", func(s *SocketReport) string { return s.Type }),
	byText("endpoints", func(s *SocketReport) string { return strings.Join(append(slices.Clone(s.Bound), s.Connected...), " ") }),
	byNumber("peers", "Connections that are up, if the socket is watched", peers),
	byNumber("received", "Messages", func(s *SocketReport) uint64 { return s.MessagesReceived }),
	byNumber("in/s", "Messages received in a second", func(s *SocketReport) float64 { return s.Rates.MessagesReceived }),
	byNumber("sent", "Messages", func(s *SocketReport) uint64 { return s.MessagesSent }),
	byNumber("out/s", "Messages sent in a second", func(s *SocketReport) float64 { return s.Rates.MessagesSent }),
	byNumber("waiting", "Goroutines that wait now", func(s *SocketReport) int { return s.Receiving + s.Sending + s.Polling }),
	byNumber("waited", "Time that goroutines have waited in all", func(s *SocketReport) time.Duration { return s.ReceiveWaited + s.SendWaited }),
	byNumber("age", "Since the socket was created", func(s *SocketReport) int64 { return -s.Created.UnixNano() }),
}

func (v view) column() *column {
	for i := range columns {
		if columns[i].Name == cmp.Or(v.Sort, "id") {
			return &columns[i]
		}
	}
	return nil
}

func (v view) sortable() bool { return v.column() != nil }

func (v view) sort(list []SocketReport) {
	compare := v.column().compare
	slices.SortStableFunc(list, func(a, b SocketReport) int { return compare(&a, &b) })
}

// Link returns a link to this view with one parameter changed.
func (v view) Link(name, value string) string {
	q := url.Values{}
	for name, value := range map[string]string{"q": v.Query, "sort": v.Sort, "seconds": v.Seconds} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if value == "" {
		q.Del(name)
	} else {
		q.Set(name, value)
	}
	return "?" + q.Encode()
}

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"join":  strings.Join,
	"count": count,
	"size":  func(n any) string { return scaled(n, 1024, "B", "KiB", "MiB", "GiB", "TiB") },
	"rate":  func(n any) string { return scaled(n, 1000, "", "k", "M", "G") },
	"age":   func(now, created time.Time) string { return duration(now.Sub(created)) },
	"took":  duration,
	"failures": func(n *uint64) string {
		if n == nil || *n == 0 {
			return ""
		}
		return fmt.Sprintf("%d failed", *n)
	},
	"text": func(s string) string {
		if strings.IndexFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) >= 0 {
			return strconv.Quote(s)
		}
		return s
	},
}).Parse(pageText))

func (v view) write(w io.Writer, r *Report, types []typeCount) {
	pageTemplate.Execute(w, struct {
		view
		*Report
		Types   []typeCount
		Columns []column
		Sorted  string
		Choices []string // of how long to measure rates
	}{v, r, types, columns, v.column().Name, []string{"1", "5", "30"}}) // an error is that of a client that has gone
}

// count puts a thin space between each three digits.
func count(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u2009" + s[i:]
	}
	return s
}

// scaled returns a number with three digits or so and a unit.
func scaled(n any, step float64, units ...string) string {
	f, _ := n.(float64)
	if u, ok := n.(uint64); ok {
		f = float64(u)
	}
	for len(units) > 1 && f >= step {
		f /= step
		units = units[1:]
	}
	format := "%.0f"
	if f < 100 && f != float64(int64(f)) {
		format = "%.1f"
	}
	return strings.TrimSpace(fmt.Sprintf(format+" %s", f, units[0]))
}

// duration returns a duration with few digits.
func duration(d time.Duration) string {
	switch {
	case d >= time.Hour:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	case d >= time.Second:
		return d.Round(time.Second / 10).String()
	case d >= time.Millisecond:
		return d.Round(time.Millisecond / 10).String()
	}
	return d.Round(time.Microsecond).String()
}
