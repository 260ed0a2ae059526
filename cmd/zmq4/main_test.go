// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// noSleep keeps the race detector from waiting a second at the end of each tool.
const noSleep = "atexit_sleep_ms=0"

// TestMain lets scripts and tests run the tool as zmq4.
func TestMain(m *testing.M) {
	os.Setenv("GORACE", noSleep)
	testscript.Main(m, map[string]func(){
		"zmq4":     main,
		"transfer": func() { fakeTransfer(0) },
		"total":    func() { fakeTransfer(counted) },
	})
}

// TestScripts runs the scripts in testdata. In them, $E is an endpoint of their
// own.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", noSleep)
			if path, ok := os.LookupEnv("LD_LIBRARY_PATH"); ok { // with the libzmq that is tested
				env.Setenv("LD_LIBRARY_PATH", path)
			}
			env.Setenv("E", "ipc://"+env.WorkDir+"/s")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// status CODE COMMAND [ARG...]
			"status": func(ts *testscript.TestScript, _ bool, args []string) {
				err := ts.Exec(args[1], args[2:]...)
				got := 0
				if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
					got = exit.ExitCode()
				} else {
					ts.Check(err)
				}
				if strconv.Itoa(got) != args[0] {
					ts.Fatalf("exit code %d, want %s", got, args[0])
				}
			},
			// mode PERMISSIONS FILE
			"mode": func(ts *testscript.TestScript, _ bool, args []string) {
				info, err := os.Stat(ts.MkAbs(args[1]))
				ts.Check(err)
				if got := fmt.Sprintf("%o", info.Mode()&fs.ModePerm); got != args[0] {
					ts.Fatalf("%s has mode %s", args[1], got)
				}
			},
		},
	})
}
