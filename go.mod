module github.com/seed45097122/zmq4

go 1.25
