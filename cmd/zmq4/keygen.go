// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"fmt"
	"os"

	"github.com/seed45097122/zmq4/cert"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newKeygen() *cobra.Command {
	var (
		meta  map[string]string
		force bool
	)
	cmd := &cobra.Command{
		Use:   "keygen [FILE]",
		Short: "Make a CURVE certificate: a pair of keys",
		Long: `Make a CURVE certificate: a pair of keys with metadata.

The public certificate is written to FILE, the secret one to FILE_secret, which
only its owner may read; the public key is printed. By convention FILE ends in
.key. Without FILE the secret certificate, which has both keys, is printed.`,
		Example: `  zmq4 keygen server.key
  zmq4 keygen alice.key --meta email=alice@example.com`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return fail(keygen(meta, force, args)) },
	}
	group(cmd, "Certificate", func(p *pflag.FlagSet) {
		p.StringToStringVar(&meta, "meta", nil, "metadata `name=value`, such as email=alice@example.com")
		p.Lookup("meta").DefValue = ""
		p.BoolVarP(&force, "force", "f", false, "replace a certificate that is there")
	})
	return cmd
}

func keygen(meta map[string]string, force bool, args []string) error {
	c, err := cert.New(meta)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		text, err := c.MarshalText()
		if err != nil {
			return err
		}
		_, err = os.Stdout.Write(text)
		return err
	}
	for _, name := range []string{args[0], args[0] + "_secret"} {
		if _, err := os.Lstat(name); err == nil && !force {
			return fmt.Errorf("%s is there already: --force replaces it", name)
		}
	}
	if err := c.Save(args[0]); err != nil {
		return err
	}
	_, err = fmt.Println(c.Keys.Public)
	return err
}
