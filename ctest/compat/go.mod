module github.com/seed45097122/zmq4/ctest/compat

go 1.25.0

require github.com/pebbe/zmq4 v1.4.0
