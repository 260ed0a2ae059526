# SPDX-License-Identifier: BSD-2-Clause

GO          = go
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.0

# How long the torture test runs, sockets are attacked, and each fuzz target runs.
TORTURE  = 30s
CHAOS    = 1m
FUZZTIME = 10s

# The fixed seeds of the model test, or for how long it runs new ones: make model MODEL=30m
SEEDS = 1-20
MODEL =

# What the demo is told, such as: make demo DEMO='-n 1000 -run tcp'
DEMO =

# What the benchmarks are told, such as: make bench BENCH='-rounds 3 -run inproc'
BENCH =

.PHONY: help deps tool demo examples test race asan memory lint compat cover torture fuzz bench bench-quick multicast chaos model \
	matrix goget readme link windows docker-test release reproduce

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1	\2/' | expand -t 20

deps: ## install libzmq, pkg-config and a C compiler if they are missing
	@sh scripts/deps.sh

tool: deps ## install the terminal tool zmq4, see cmd/zmq4/README.md
	cd cmd/zmq4 && $(GO) install .

demo: deps ## send messages over every transport and pattern, and print a table
	@$(GO) run ./examples/demo $(DEMO)

examples: deps ## build and run every example, and look at what it prints
	@packages=$$($(GO) list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./examples/...) && \
	$(GO) test -count=1 $$packages

test: deps ## run the tests
	$(GO) test -shuffle=on ./...
	cd ctest/gozeromq && $(GO) test -shuffle=on ./...
	cd cmd/zmq4 && $(GO) test -shuffle=on ./...
	cd bench && $(GO) test -shuffle=on ./...

race: deps ## run the tests under the race detector, also with the Poller of systems without epoll, and without guesses
	$(GO) test -race -shuffle=on ./...
	$(GO) test -race -shuffle=on -short -tags zmq4_watch .
	$(GO) test -shuffle=on -short -tags zmq4_noguess .
	cd ctest/gozeromq && $(GO) test -race -shuffle=on ./...
	cd cmd/zmq4 && $(GO) test -race -shuffle=on ./...
	cd bench && $(GO) test -shuffle=on ./...

asan: deps ## run the tests under the address sanitizer, which also looks for leaks
	$(GO) test -asan -short -shuffle=on ./...

memory: asan ## run the tests under asan, and with checks of pointers that C is given and constant garbage collection
	GOGC=1 GOEXPERIMENT=cgocheck2 $(GO) test -short .

lint: deps ## gofmt, go vet, staticcheck, go mod tidy, and shellcheck where it is installed
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then \
		echo "gofmt -w is needed for:" $$unformatted >&2; exit 1; fi
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	$(GO) mod tidy -diff
	cd ctest/gozeromq && $(GO) vet ./... && $(GO) mod tidy -diff
	cd bench && $(GO) vet ./... && $(GO) run $(STATICCHECK) ./... && $(GO) mod tidy -diff
	cd cmd/zmq4 && $(GO) vet ./... && $(GO) run $(STATICCHECK) ./...
	@echo "cd cmd/zmq4 && $(GO) mod tidy -diff, with the package of this tree"; \
		tmp=$$(mktemp -d) && trap 'rm -rf "$$tmp"' EXIT && cd cmd/zmq4 && cp go.mod go.sum "$$tmp" && \
		$(GO) mod edit -replace=github.com/seed45097122/zmq4=../.. "$$tmp/go.mod" && GOWORK=off $(GO) mod tidy -diff -modfile="$$tmp/go.mod"
	cd ctest/goget && $(GO) vet ./... && $(GO) mod tidy -diff
	cd ctest/compat && $(GO) vet ./... && $(GO) mod tidy -diff
	@if command -v shellcheck >/dev/null; then \
		echo shellcheck .ci/run scripts/*.sh docker/*.sh; shellcheck .ci/run scripts/*.sh docker/*.sh; fi

compat: deps ## compare with pebbe/zmq4: its API, all its calls, its test suite, go mod tidy and vendor
	@bash scripts/compat.sh

cover: deps ## run the tests and write coverage.out and coverage.html
	$(GO) test -coverpkg=. -coverprofile=coverage.out . ./cert ./ctest ./device ./monitor
	$(GO) tool cover -html=coverage.out -o coverage.html
	@$(GO) tool cover -func=coverage.out | tail -n 1

matrix: deps ## run the tests against libzmq 4.3.4 with drafts and 4.3.5, and show which faults each has; needs root
	bash scripts/matrix.sh drafts trixie trixie-drafts

multicast: deps ## PGM, EPGM and NORM between network namespaces, with losses; needs root, ip and nft
	ZMQ4_MULTICAST=1 $(GO) test -count=1 -timeout=5m -v ./ctest/multicast

torture: deps ## run the torture tests for longer (TORTURE=30s) under the race detector, and with a check of the order of locks
	$(GO) test -race -count=1 -timeout=10m -run='Torture|LostWakeup' . -zmq4.torture=$(TORTURE)
	$(GO) test -tags zmq4_lockorder -short -count=1 -timeout=10m -run='LockOrder|Torture|LostWakeup|Poller|Proxy|Auth|Monitor|Close' -skip='Allocs|Many' .

chaos: deps ## put sockets on a bad network, and strangers upon them, by chance (CHAOS=1m)
	$(GO) test -count=1 -timeout=0 -v -run='^TestChaos$$' ./ctest/chaos -chaos=$(CHAOS)

model: deps ## random calls against a model of what may be lost: fixed seeds (SEEDS=1-20), or new ones for long (MODEL=30m)
	$(GO) test -count=1 -timeout=0 -v -run=TestModel ./ctest/model $(if $(MODEL),-model.time=$(MODEL),-model.seeds=$(SEEDS))
	$(if $(MODEL),,$(GO) test -tags zmq4_lockorder -count=1 -timeout=0 -run=TestModel ./ctest/model -model.seeds=101-110)

fuzz: deps ## run each fuzz target for a short time (FUZZTIME=10s)
	@for package in $$(grep -rl '^func Fuzz' --include='*_test.go' . | xargs -n 1 dirname | sort -u); do \
		targets=$$(cd $$package && $(GO) test -list='^Fuzz' .) || { echo "$$targets"; exit 1; }; \
		for target in $$(echo "$$targets" | grep '^Fuzz'); do \
			(cd $$package && $(GO) test -run='^$$' -fuzz="^$$target\$$" -fuzztime=$(FUZZTIME) .) || exit 1; done; done

bench: deps ## compare with C, pebbe/zmq4 and go-zeromq/zmq4, and fail where pebbe/zmq4 is faster: tables and plots in bench/results (BENCH='-run tcp')
	cd bench && $(GO) run . $(BENCH)

bench-quick: deps ## the same in a few minutes: for a first look
	cd bench && $(GO) run . -quick $(BENCH)

goget: deps ## go get the module as users do, by its path and by replace, go install the tool, and run both
	cd ctest/goget && $(GO) test -count=1 -v .

readme: deps ## follow README.md literally, each command, in a fresh clone of the last commit
	@bash scripts/readme.sh

link: deps ## link a program with pkg-config, without it, and statically, and run it; on Debian or Ubuntu
	@bash scripts/link.sh

windows: ## build for Windows with mingw-w64 and run a program and some tests under wine; on Debian or Ubuntu
	@bash scripts/windows.sh

docker-test: ## build and run all images and docker/compose.yml; skipped where no Docker Engine runs
	@bash docker/test.sh

release: ## build the terminal tool in dist for a release: static, for Linux on amd64 and arm64; on Debian or Ubuntu
	@bash scripts/release.sh

reproduce: ## build what is in dist again in another folder, and compare the checksums
	@bash scripts/reproduce.sh
