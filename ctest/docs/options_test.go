// SPDX-License-Identifier: BSD-2-Clause

package docs

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed45097122/zmq4"
)

var update = flag.Bool("update", false, "write the tables of docs/options.md")

// An option is a row of docs/options.md: what the comments of its methods say.
type option struct {
	name, section  string // ZMQ_LINGER, and the section of its setter
	setter         string
	getters        []string
	typ            string // of the value, in Go
	since          string // libzmq's version, or ""
	context, draft bool
}

var (
	optionLine  = regexp.MustCompile(`(?s)\nOption (ZMQ_\w+)(?:, which was ZMQ_\w+)?(?:, function \w+)?(?:, libzmq ([\d.]+))?( with the draft API)?\.\s*$`)
	sectionLine = regexp.MustCompile(`^// section: ([^.:]+?)(?:, (?:the|for|which) .*)?(?:[.:].*)?$`)
)

// options reads the comments of the package: the options of sockets, and those of contexts.
func options(t *testing.T) []*option {
	var all []*option
	for _, file := range []string{"option_set.go", "option_get.go", "fd_unix.go", "context_option.go"} {
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, filepath.Join(root, file), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv != nil && fn.Doc != nil {
				all = enter(all, fn, section(f, fn.Pos()))
			}
		}
	}
	return all
}

// section is the one of the file that a place is in.
func section(f *ast.File, pos token.Pos) string {
	last := "state that cannot be set" // of GetFd, which has a file of its own
	for _, group := range f.Comments {
		for _, c := range group.List {
			if m := sectionLine.FindStringSubmatch(c.Text); m != nil && c.Pos() < pos {
				last = m[1]
			}
		}
	}
	return last
}

// enter adds a method to its option.
func enter(all []*option, fn *ast.FuncDecl, section string) []*option {
	m := optionLine.FindStringSubmatch(fn.Doc.Text())
	receiver, ok := fn.Recv.List[0].Type.(*ast.StarExpr)
	if m == nil || !ok {
		return all
	}
	context := typeName(receiver.X) == "Context"
	i := slices.IndexFunc(all, func(o *option) bool { return o.name == m[1] && o.context == context })
	if i < 0 {
		i = len(all)
		all = append(all, &option{name: m[1], section: section, context: context, since: m[2], draft: m[3] != ""})
	}
	o := all[i]
	if name := fn.Name.Name; !strings.HasPrefix(name, "Set") {
		o.getters = append(o.getters, name)
		if o.typ == "" {
			o.typ = typeName(fn.Type.Results.List[0].Type)
		}
	} else if o.setter == "" {
		o.setter = name
		o.typ = typeName(fn.Type.Params.List[0].Type)
	}
	return all
}

func typeName(e ast.Expr) string {
	if sel, ok := e.(*ast.SelectorExpr); ok {
		return sel.X.(*ast.Ident).Name + "." + sel.Sel.Name
	}
	return e.(*ast.Ident).Name
}

// row is the option in the table.
func (o *option) row() string {
	code := func(names ...string) string {
		var spans []string
		for _, name := range names {
			if name != "" {
				spans = append(spans, "`"+name+"`")
			}
		}
		return strings.Join(spans, ", ")
	}
	more := about[o.key()]
	unit := more.unit
	if unit == "" && o.typ == "time.Duration" {
		unit = "ms"
	}
	since := o.since
	if o.draft {
		since += " draft"
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s |\n", code(o.name), code(o.setter), code(o.getters...),
		code(o.typ), unit, code(more.value), strings.TrimSpace(since))
}

func (o *option) key() string {
	if o.context {
		return "context " + o.name
	}
	return o.name
}

// tables are what is made in docs/options.md.
func tables(all []*option) string {
	var b strings.Builder
	head := "| option | setter | getter | type | unit | default | libzmq |\n|---|---|---|---|---|---|---|\n"
	last := ""
	for _, o := range all {
		section := "Options of a socket: " + o.section
		if o.context {
			section = "Options of a context"
		}
		if section != last {
			fmt.Fprintf(&b, "\n## %s\n\n%s", section, head)
			last = section
		}
		b.WriteString(o.row())
	}
	return b.String()
}

const made = "<!-- What follows is made by: go test ./ctest/docs -run TestOptions -update -->\n"

// TestOptions compares docs/options.md with the comments of the package, and the defaults
// with those of a new socket or context.
func TestOptions(t *testing.T) {
	all := options(t)
	slices.SortStableFunc(all, func(a, b *option) int { // contexts last, GetFd with its like
		return sectionOrder(all, a) - sectionOrder(all, b)
	})
	if len(all) < 90 {
		t.Fatalf("only %d options", len(all))
	}
	for _, o := range all {
		if _, ok := about[o.key()]; !ok && o.setter != "" {
			t.Errorf("about has no default of %s", o.key())
		}
	}
	file := filepath.Join(root, "docs/options.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, got, ok := strings.Cut(string(text), made)
	want := tables(all)
	switch {
	case !ok:
		t.Fatalf("docs/options.md lacks the line %q", made)
	case got == want:
	case *update:
		if err := os.WriteFile(file, []byte(before+made+want), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Error("docs/options.md differs from the comments: go test ./ctest/docs -run TestOptions -update")
	}
	t.Run("defaults", func(t *testing.T) { checkDefaults(t, all) })
}

// sectionOrder orders options by section: as the setters are, then what has none, then contexts.
func sectionOrder(all []*option, o *option) int {
	if o.context {
		return len(all)
	}
	return slices.IndexFunc(all, func(p *option) bool { return p.section == o.section && p.context == o.context })
}

// checkDefaults reads each option that this libzmq has.
func checkDefaults(t *testing.T, all []*option) {
	zctx, err := zmq4.NewContext()
	if err != nil {
		t.Fatal(err)
	}
	defer zctx.Term()
	read := 0
	for _, o := range all {
		more := about[o.key()]
		if len(o.getters) == 0 || more.value == "" {
			continue
		}
		var from any = zctx
		if !o.context {
			socket, err := zctx.NewSocket(more.of())
			if err != nil {
				t.Fatal(err)
			}
			defer socket.Close()
			from = socket
		}
		result := reflect.ValueOf(from).MethodByName(o.getters[0]).Call(nil)
		if err, _ := result[1].Interface().(error); err != nil {
			if o.since == "" && more.optional == "" {
				t.Errorf("%s: %v", o.getters[0], err)
			}
			continue
		}
		read++
		if got := show(result[0].Interface()); got != more.value {
			t.Errorf("%s: %s, want %s", o.name, got, more.value)
		}
	}
	if read < 45 {
		t.Errorf("only %d defaults could be read", read)
	}
}

// show formats a default as the table has it.
func show(value any) string {
	switch v := value.(type) {
	case string:
		return fmt.Sprintf("%q", v)
	case time.Duration:
		if v < 0 {
			return "-1"
		}
		return strings.TrimSuffix(v.String(), "m0s") // 10s, 100ms
	case fmt.Stringer:
		return v.String()
	}
	return fmt.Sprint(value)
}

// more is what the types do not say about an option.
type more struct {
	unit, value string
	typ         zmq4.Type // of the socket that it is read from; 0 is DEALER
	optional    string    // a capability that not each libzmq has
}

func (m more) of() zmq4.Type {
	if m.typ == 0 {
		return zmq4.DEALER
	}
	return m.typ
}

// about has an entry for each option that can be set.
var about = map[string]more{
	"ZMQ_AFFINITY":           {unit: "bits of I/O threads", value: "0"},
	"ZMQ_BACKLOG":            {unit: "connections", value: "100"},
	"ZMQ_BINDTODEVICE":       {unit: "name", value: `""`},
	"ZMQ_CONFLATE":           {value: "false", typ: zmq4.PULL},
	"ZMQ_CONNECT_TIMEOUT":    {value: "0s"},
	"ZMQ_CONNECT_ROUTING_ID": {unit: "bytes, for the next Connect"},
	"ZMQ_HANDSHAKE_IVL":      {value: "30s"},
	"ZMQ_HEARTBEAT_IVL":      {value: "0s"},
	"ZMQ_HEARTBEAT_TIMEOUT":  {value: "-1"},
	"ZMQ_HEARTBEAT_TTL":      {unit: "100 ms", value: "0s"},
	"ZMQ_ROUTING_ID":         {unit: "1 to 255 bytes", value: `""`},
	"ZMQ_IMMEDIATE":          {value: "false"},
	"ZMQ_IPV6":               {value: "false"},
	"ZMQ_METADATA":           {unit: "`X-name:value`"},
	"ZMQ_RECONNECT_IVL":      {value: "100ms"},
	"ZMQ_RECONNECT_IVL_MAX":  {value: "0s"},
	"ZMQ_RECONNECT_STOP":     {value: "<NONE>"},
	"ZMQ_SOCKS_PROXY":        {unit: "host:port", value: `""`},
	"ZMQ_SOCKS_USERNAME":     {value: `""`},
	"ZMQ_SOCKS_PASSWORD":     {value: `""`},
	"ZMQ_USE_FD":             {unit: "descriptor", value: "-1"},

	"ZMQ_IN_BATCH_SIZE":  {unit: "bytes", value: "8192"},
	"ZMQ_LINGER":         {value: "-1"},
	"ZMQ_MAXMSGSIZE":     {unit: "bytes of a part", value: "-1"},
	"ZMQ_OUT_BATCH_SIZE": {unit: "bytes", value: "8192"},
	"ZMQ_RCVBUF":         {unit: "bytes", value: "-1"},
	"ZMQ_RCVHWM":         {unit: "messages for each peer", value: "1000"},
	"ZMQ_RCVTIMEO":       {value: "-1"},
	"ZMQ_SNDBUF":         {unit: "bytes", value: "-1"},
	"ZMQ_SNDHWM":         {unit: "messages for each peer", value: "1000"},
	"ZMQ_SNDTIMEO":       {value: "-1"},

	"ZMQ_MULTICAST_HOPS":    {unit: "hops", value: "1"},
	"ZMQ_MULTICAST_LOOP":    {value: "true"},
	"ZMQ_MULTICAST_MAXTPDU": {unit: "bytes", value: "1500"},
	"ZMQ_RATE":              {unit: "kbit/s", value: "100"},
	"ZMQ_RECOVERY_IVL":      {value: "10s"},

	"ZMQ_NORM_MODE":           {value: "NORM_CC"},
	"ZMQ_NORM_UNICAST_NACK":   {value: "false"},
	"ZMQ_NORM_BUFFER_SIZE":    {unit: "KiB", value: "2048"},
	"ZMQ_NORM_SEGMENT_SIZE":   {unit: "bytes", value: "1400"},
	"ZMQ_NORM_BLOCK_SIZE":     {unit: "segments", value: "16"},
	"ZMQ_NORM_NUM_PARITY":     {unit: "segments", value: "4"},
	"ZMQ_NORM_NUM_AUTOPARITY": {unit: "segments", value: "0"},
	"ZMQ_NORM_PUSH":           {value: "false"},

	"ZMQ_BUSY_POLL":           {unit: "µs", value: "0"},
	"ZMQ_LOOPBACK_FASTPATH":   {value: "false"},
	"ZMQ_PRIORITY":            {unit: "as SO_PRIORITY", value: "0"},
	"ZMQ_TCP_KEEPALIVE":       {unit: "-1, 0 or 1", value: "-1"},
	"ZMQ_TCP_KEEPALIVE_CNT":   {unit: "probes", value: "-1"},
	"ZMQ_TCP_KEEPALIVE_IDLE":  {unit: "s", value: "-1"},
	"ZMQ_TCP_KEEPALIVE_INTVL": {unit: "s", value: "-1"},
	"ZMQ_TCP_MAXRT":           {value: "0s"},
	"ZMQ_TOS":                 {unit: "as IP_TOS", value: "0"},

	"ZMQ_INVERT_MATCHING":          {unit: "0 or 1", value: "0"},
	"ZMQ_ONLY_FIRST_SUBSCRIBE":     {value: "false"},
	"ZMQ_SUBSCRIBE":                {unit: "a prefix"},
	"ZMQ_UNSUBSCRIBE":              {unit: "a prefix"},
	"ZMQ_XPUB_VERBOSE":             {unit: "0 or 1", value: "0"},
	"ZMQ_XPUB_VERBOSER":            {unit: "0 or 1", value: "0"},
	"ZMQ_XPUB_MANUAL":              {unit: "0 or 1", value: "0"},
	"ZMQ_XPUB_MANUAL_LAST_VALUE":   {value: "false"},
	"ZMQ_XPUB_NODROP":              {value: "false"},
	"ZMQ_XPUB_WELCOME_MSG":         {unit: "bytes", value: `""`},
	"ZMQ_XSUB_VERBOSE_UNSUBSCRIBE": {value: "false"},

	"ZMQ_DISCONNECT_MSG":   {unit: "bytes", value: `""`},
	"ZMQ_HELLO_MSG":        {unit: "bytes", value: `""`},
	"ZMQ_HICCUP_MSG":       {unit: "bytes", value: `""`},
	"ZMQ_PROBE_ROUTER":     {unit: "0 or 1", value: "0"},
	"ZMQ_REQ_CORRELATE":    {unit: "0 or 1", value: "0"},
	"ZMQ_REQ_RELAXED":      {unit: "0 or 1", value: "0"},
	"ZMQ_ROUTER_HANDOVER":  {value: "false"},
	"ZMQ_ROUTER_MANDATORY": {unit: "0 or 1", value: "0"},
	"ZMQ_ROUTER_NOTIFY":    {value: "<NONE>", typ: zmq4.ROUTER},
	"ZMQ_ROUTER_RAW":       {unit: "0 or 1", value: "0"},
	"ZMQ_STREAM_NOTIFY":    {unit: "0 or 1", value: "1"},

	"ZMQ_CURVE_SERVER":                      {unit: "0 or 1", value: "0", optional: "curve"},
	"ZMQ_CURVE_PUBLICKEY":                   {unit: "32 bytes, or 40 in Z85"},
	"ZMQ_CURVE_SECRETKEY":                   {unit: "32 bytes, or 40 in Z85"},
	"ZMQ_CURVE_SERVERKEY":                   {unit: "32 bytes, or 40 in Z85"},
	"ZMQ_GSSAPI_PLAINTEXT":                  {value: "false", optional: "gssapi"},
	"ZMQ_GSSAPI_PRINCIPAL":                  {unit: "name", value: `""`, optional: "gssapi"},
	"ZMQ_GSSAPI_PRINCIPAL_NAMETYPE":         {unit: "`GSSAPI_NT_...`", value: "0", optional: "gssapi"},
	"ZMQ_GSSAPI_SERVER":                     {value: "false", optional: "gssapi"},
	"ZMQ_GSSAPI_SERVICE_PRINCIPAL":          {unit: "name", value: `""`, optional: "gssapi"},
	"ZMQ_GSSAPI_SERVICE_PRINCIPAL_NAMETYPE": {unit: "`GSSAPI_NT_...`", value: "0", optional: "gssapi"},
	"ZMQ_PLAIN_SERVER":                      {unit: "0 or 1", value: "0"},
	"ZMQ_PLAIN_USERNAME":                    {unit: "bytes", value: `""`},
	"ZMQ_PLAIN_PASSWORD":                    {unit: "bytes", value: `""`},
	"ZMQ_ZAP_DOMAIN":                        {unit: "name", value: `""`},
	"ZMQ_ZAP_ENFORCE_DOMAIN":                {value: "false"},

	"ZMQ_TCP_ACCEPT_FILTER": {unit: "address/bits"},
	"ZMQ_IPC_FILTER_GID":    {unit: "group id"},
	"ZMQ_IPC_FILTER_PID":    {unit: "process id"},
	"ZMQ_IPC_FILTER_UID":    {unit: "user id"},

	"ZMQ_VMCI_BUFFER_SIZE":     {unit: "bytes", optional: "vmci"},
	"ZMQ_VMCI_BUFFER_MIN_SIZE": {unit: "bytes", optional: "vmci"},
	"ZMQ_VMCI_BUFFER_MAX_SIZE": {unit: "bytes", optional: "vmci"},
	"ZMQ_VMCI_CONNECT_TIMEOUT": {value: "-1", optional: "vmci"},

	"ZMQ_WSS_KEY_PEM":      {unit: "PEM", value: `""`},
	"ZMQ_WSS_CERT_PEM":     {unit: "PEM", value: `""`},
	"ZMQ_WSS_TRUST_PEM":    {unit: "PEM", value: `""`},
	"ZMQ_WSS_HOSTNAME":     {unit: "host", value: `""`},
	"ZMQ_WSS_TRUST_SYSTEM": {value: "false"},

	"context ZMQ_IO_THREADS":                 {unit: "threads", value: "1"},
	"context ZMQ_THREAD_SCHED_POLICY":        {unit: "`SCHED_...` of the system", value: "-1"},
	"context ZMQ_THREAD_PRIORITY":            {unit: "as the policy has it", value: "-1"},
	"context ZMQ_THREAD_AFFINITY_CPU_ADD":    {unit: "number of a CPU"},
	"context ZMQ_THREAD_AFFINITY_CPU_REMOVE": {unit: "number of a CPU"},
	"context ZMQ_THREAD_NAME_PREFIX":         {unit: "number"},
	"context ZMQ_MAX_SOCKETS":                {unit: "sockets", value: "1023"},
	"context ZMQ_SOCKET_LIMIT":               {unit: "sockets"},
	"context ZMQ_MAX_MSGSZ":                  {unit: "bytes of a part", value: "2147483647"},
	"context ZMQ_MSG_T_SIZE":                 {unit: "bytes", value: "64"},
	"context ZMQ_ZERO_COPY_RECV":             {value: "true"},
	"context ZMQ_IPV6":                       {value: "false"},
	"context ZMQ_BLOCKY":                     {value: "true"},
}
