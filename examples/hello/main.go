// SPDX-License-Identifier: BSD-2-Clause

// Hello asks a question and answers it: a server and its client in one program,
// over tcp, at a port that the system chooses.
//
//	go run ./examples/hello
//
// For the two as programs of their own see hwserver and hwclient.
package main

import (
	"fmt"
	"log"

	"github.com/seed45097122/zmq4"
)

func main() {
	server, err := zmq4.NewSocket(zmq4.REP)
	check(err)
	check(server.Bind("tcp://127.0.0.1:*"))
	address, err := server.GetLastEndpoint()
	check(err)
	go func() {
		name, err := server.Recv(0)
		check(err)
		_, err = server.Send("Hello, "+name, 0)
		check(err)
	}()

	client, err := zmq4.NewSocket(zmq4.REQ)
	check(err)
	check(client.Connect(address))
	_, err = client.Send("world", 0)
	check(err)
	answer, err := client.Recv(0)
	check(err)
	fmt.Println(answer)

	check(client.Close())
	check(server.Close())
	check(zmq4.Term())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
