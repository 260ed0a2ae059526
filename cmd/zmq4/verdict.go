// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// verdicts is the handler of the authenticator's log. It logs clients that are refused,
// and with --verbose those that are let in.
type verdicts struct{ *session }

func (v verdicts) Enabled(context.Context, slog.Level) bool { return !v.quiet }

func (v verdicts) Handle(_ context.Context, r slog.Record) error {
	line := strings.TrimPrefix(r.Message, "zmq4: ")
	allowed := strings.HasSuffix(line, " ALLOWED")
	if allowed && !v.verbose {
		return nil
	}
	r.Attrs(func(a slog.Attr) bool {
		line += fmt.Sprintf(" %s=%q", a.Key, a.Value)
		return true
	})
	key := line
	if allowed {
		key = ""
	}
	v.log.add(key, line)
	return nil
}

func (v verdicts) WithAttrs([]slog.Attr) slog.Handler { return v }
func (v verdicts) WithGroup(string) slog.Handler      { return v }
