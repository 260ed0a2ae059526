module github.com/seed45097122/zmq4/ctest/goget

go 1.25.0

require golang.org/x/mod v0.35.0
