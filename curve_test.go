// SPDX-License-Identifier: BSD-2-Clause

package zmq4

import (
	"bytes"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"strings"
	"testing"
)

// z85Binary and z85Text are an example of RFC 32.
const (
	z85Binary = "\x86\x4f\xd2\x6f\xb5\x59\xf7\x5b"
	z85Text   = "HelloWorld"
)

func TestZ85(t *testing.T) {
	for _, test := range []struct{ name, binary, text string }{
		{"empty", "", ""},
		{"RFC 32", z85Binary, z85Text},
		{"zeros", "\x00\x00\x00\x00", "00000"},
		{"ones", "\xff\xff\xff\xff", "%nSc0"},
		{"key of RFC 32", "\x8e\x0b\xdd\x69\x76\x28\xb9\x1d\x8f\x24\x55\x87\xee\x95\xc5\xb0" +
			"\x4d\x48\x96\x3f\x79\x25\x98\x77\xb4\x9c\xd9\x06\x3a\xea\xd3\xb7",
			"JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if text := Z85encode(test.binary); text != test.text {
				t.Errorf("Z85encode: %q, want %q", text, test.text)
			}
			if binary := Z85decode(test.text); binary != test.binary {
				t.Errorf("Z85decode: %q, want %q", binary, test.binary)
			}
			if text, err := EncodeZ85([]byte(test.binary)); text != test.text || err != nil {
				t.Errorf("EncodeZ85: %q, %v, want %q", text, err, test.text)
			}
			if binary, err := DecodeZ85(test.text); string(binary) != test.binary || err != nil {
				t.Errorf("DecodeZ85: %q, %v, want %q", binary, err, test.binary)
			}
		})
	}
}

func TestZ85Invalid(t *testing.T) {
	for _, data := range []string{"a", "ab", "abc", "abcde", z85Binary[:7]} {
		if text := Z85encode(data); text != "" {
			t.Errorf("Z85encode(%q) = %q", data, text)
		}
		if text, err := EncodeZ85([]byte(data)); text != "" || !errors.Is(err, einval) {
			t.Errorf("EncodeZ85(%q) = %q, %v", data, text, err)
		}
	}
	for _, text := range []string{
		"0", "0000", "000000", z85Text[:9], // length
		"0000 ", "0000\"", "0000'", "0000,", "0000;", "0000\\", "0000_", "0000`", "0000|", "0000~", // characters
		"0000\x00", "00\x0000", "0000\x1f", "0000\x7f", "0000\x80", "000é",
		"%nSc1", "#####", "00000#####", "%%nSc", // more than 32 bits
	} {
		if data := Z85decode(text); data != "" {
			t.Errorf("Z85decode(%q) = %q", text, data)
		}
		if data, err := DecodeZ85(text); data != nil || !errors.Is(err, einval) || strings.Contains(err.Error(), text) {
			t.Errorf("DecodeZ85(%q) = %q, %v", text, data, err)
		}
	}
}

func FuzzZ85(f *testing.F) {
	f.Add("")
	f.Add(z85Binary)
	f.Add(z85Text)
	f.Add("%nSc1")
	f.Fuzz(func(t *testing.T, s string) {
		text := Z85encode(s)
		if len(s)%4 != 0 && text != "" || len(s)%4 == 0 && len(text) != len(s)/4*5 {
			t.Errorf("%d bytes gave %d characters", len(s), len(text))
		}
		if text != "" && Z85decode(text) != s {
			t.Errorf("Z85encode(%q) = %q, which is %q", s, text, Z85decode(text))
		}
		if data := Z85decode(s); data != "" && Z85encode(data) != s {
			t.Errorf("Z85decode(%q) = %q, which is %q", s, data, Z85encode(data))
		}
	})
}

func TestNewCurveKeypair(t *testing.T) {
	needCurve(t)
	seen := make(map[string]bool)
	for range 10 {
		public, secret, err := NewCurveKeypair()
		must(t, err)
		for _, key := range []string{public, secret} {
			if len(key) != 40 || len(Z85decode(key)) != 32 {
				t.Errorf("%q is not a key", key)
			}
			if seen[key] {
				t.Errorf("%q came twice", key)
			}
			seen[key] = true
		}
		if derived, err := AuthCurvePublic(secret); err != nil || derived != public {
			t.Errorf("AuthCurvePublic: %q, %v, want %q", derived, err, public)
		}
	}
}

func TestNewCurveKeypairUnsupported(t *testing.T) {
	if HasCurve() {
		t.Skip("libzmq has CURVE")
	}
	if _, _, err := NewCurveKeypair(); err != ENOTSUP {
		t.Errorf("NewCurveKeypair: %v, want ENOTSUP", err)
	}
}

func TestAuthCurvePublic(t *testing.T) {
	needCurve(t)
	// The pair of keys of zmq_curve(7).
	const public, secret = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"
	if got, err := AuthCurvePublic(secret); err != nil || got != public {
		t.Errorf("AuthCurvePublic: %q, %v", got, err)
	}
	for _, bad := range []string{
		"", "blabla", "bad", secret[:39], secret + "0", secret[:35],
		secret[:39] + "~", secret[:39] + "\x00", secret[:20] + "\x00" + secret[21:],
		strings.Repeat("#", 40), strings.Repeat(secret, 1000),
	} {
		if got, err := AuthCurvePublic(bad); got != "" || err != einval {
			t.Errorf("AuthCurvePublic(%.50q): %q, %v, want EINVAL", bad, got, err)
		}
	}
}

func TestCurveKeypair(t *testing.T) {
	needCurve(t)
	pair, err := GenerateCurveKeypair()
	must(t, err)
	if again, err := CurveKeypairOf(pair.Secret); again != pair || err != nil {
		t.Errorf("CurveKeypairOf: %v, %v, want %v", again, err, pair)
	}
	if got, err := CurveKeypairOf("nonsense"); got != (CurveKeypair{}) || err != einval {
		t.Errorf("CurveKeypairOf: %v, %v, want EINVAL", got, err)
	}
	var buf bytes.Buffer
	fmt.Fprintf(&buf, "%v %+v %#v %s %q %v %+v\n", pair, pair, pair, pair, pair, &pair, []CurveKeypair{pair})
	slog.New(slog.NewTextHandler(&buf, nil)).Info("x", "keys", pair)
	slog.New(slog.NewJSONHandler(&buf, nil)).Info("x", "keys", pair)
	text := buf.String()
	for _, escaped := range []string{pair.Secret, fmt.Sprintf("%q", pair.Secret)} {
		if strings.Contains(text, escaped) {
			t.Errorf("printed with the secret key: %s", text)
		}
	}
	if strings.Count(text, pair.Public) < 5 {
		t.Errorf("printed without the public key: %s", text)
	}
}

func ExampleDecodeZ85() {
	data, err := DecodeZ85("HelloWorld")
	fmt.Printf("%x %v\n", data, err)
	_, err = DecodeZ85("Hello")
	fmt.Println(err)
	_, err = DecodeZ85("Hello, World!!!")
	fmt.Println(err)
	// Output:
	// 864fd26fb559f75b <nil>
	// <nil>
	// zmq4: character 6 is not of Z85: invalid argument
}

func ExampleGenerateCurveKeypair() {
	keys, err := GenerateCurveKeypair()
	if err != nil {
		log.Fatal(err)
	}
	again, err := CurveKeypairOf(keys.Secret)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(keys.Public), again == keys)
	// Output: 40 true
}
