# Every target installs what it needs. make without a target lists them.

GO      ?= go
LISTEN  ?= 127.0.0.1:8080
DATA    ?= ./data
FUZZTIME ?= 30s
KILLS   ?= 100
PAUSE   ?= 20s
CHANGES ?= 100
ATTEMPTS ?= 200
TURNS   ?= 10
GOVULNCHECK ?= v1.9.0

.DEFAULT_GOAL := help
.PHONY: help run demo test check race race-short compiler fuzz bench crash import cluster rules verify build setup clean abuse oracle vuln cost

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## start the registry on its embedded defaults, data in ./data
	$(GO) run ./cmd/tizilim serve --listen $(LISTEN) --data $(DATA)

demo: ## show both services step by step on the running registry
	$(GO) run ./cmd/tizilim demo --url http://$(LISTEN) --data $(DATA)

verify: ## compare the read model of the running registry with its log
	$(GO) run ./cmd/tizilim verify --data $(DATA)

build: ## build bin/tizilim
	$(GO) build -o bin/tizilim ./cmd/tizilim

test: setup check ## everything CI runs: format, vet, staticcheck, all tests
	$(GO) test -timeout 30m ./...

check: ## gofmt, go vet, staticcheck
	@unformatted=$$(gofmt -l cmd domain eventstore httpapi projections); \
	if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

race: setup compiler ## all tests under the race detector
	$(GO) test -race -timeout 60m ./...

race-short: setup compiler ## the packages with concurrent state, under the race detector
	$(GO) test -race -timeout 40m ./eventstore ./eventstore/command ./projections ./httpapi

# The race detector needs a C compiler.
compiler:
	@command -v $$($(GO) env CC) >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing gcc"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc libc6-dev >/dev/null; \
	else \
	  echo "The race detector needs a C compiler: apt-get install gcc libc6-dev (Debian, Ubuntu)." >&2; exit 1; \
	fi

fuzz: ## run every fuzz target for FUZZTIME (30s)
	@set -e; for package in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    echo "$$package $$target"; $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$package; \
	  done; \
	done

crash: setup ## kill the server KILLS times (100) and pause it for PAUSE (20s) under load, then compare
	$(GO) test ./cmd/tizilim -count 1 -run 'Outlives|Finisher' -kills $(KILLS) -pause $(PAUSE) -timeout 1h

LINES ?= 100000
import: setup ## import LINES lines (100000) of another register, 1 % of them bad, killed once; shows the rate
	$(GO) test ./cmd/tizilim -count 1 -run OperatorMoves -import-lines $(LINES) -timeout 1h -v

cluster: setup ## change the leader of a simulated cluster CHANGES times (100) under load, then compare
	$(GO) test ./cmd/tizilim -count 1 -run LoopsOutliveChangesOfLeader -changes $(CHANGES) -timeout 1h -v

ABUSE = Attempt|Flood|Telephone|Hostile|EveryOperationAsks|AnothersRecord|ForgedEvent|TooLarge|NamesNoCommand|Tokens

abuse: setup ## attack the registry in every known way, ATTEMPTS times each (200), and tell the cost of a hostile byte
	$(GO) test ./httpapi -count 1 -run '$(ABUSE)' -abuse.times $(ATTEMPTS) -timeout 1h
	$(GO) test ./eventstore/tree -count 1 -run BehindTheRegistrysBack
	$(GO) test ./httpapi -run '^$$' -bench HostileBody -benchtime 50x

oracle: setup ## compare the times of 5,000 refusals of another's record and of none, for each operation (5 min)
	$(GO) test ./httpapi -run '^$$' -bench ARefusal -benchtime 5000x

# Both failures end with an error, so that nothing unchecked passes for checked.
vuln: ## compare the modules in use with the database of known vulnerabilities (vuln.go.dev)
	@found=$$($(GO) run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK) ./... 2>&1) && echo "$$found" && exit 0; \
	case "$$found" in \
	*"fetching vulnerabilities"*) \
	  echo "The database at vuln.go.dev cannot be reached, so nothing was checked." >&2; exit 2;; \
	*) echo "$$found" >&2; exit 1;; \
	esac

rules: ## print each rule with its source, its readings and its tests
	@$(GO) run ./cmd/rules

bench: ## measure the registry and its floors in the same run
	$(GO) run ./cmd/bench

cost: setup ## compare commands and a rebuild on the sealed and chained log with those on a plain one
	$(GO) test ./httpapi -run '^$$' -bench CostOfTrust -benchtime $(TURNS)x

# The tests start their own redis-server on a free port, without files, and call curl as
# an operator does.
setup:
	@command -v redis-server >/dev/null && command -v curl >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing redis-server and curl"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends redis-server curl >/dev/null; \
	else \
	  echo "The tests need redis-server 6.2 or later and curl: apt-get install redis-server curl (Debian, Ubuntu), brew install redis curl (macOS)." >&2; exit 1; \
	fi

clean: ## remove the binary, but not the data
	rm -rf bin

# CLIENT is the command that test-clients runs against a new node.
CLIENT ?= npm test --silent

.PHONY: test-clients bench-clients
test-clients: build ## test tizilim eventstore with the published Node client (needs npm)
	@command -v npm >/dev/null || { echo "This needs Node.js 20 or later with npm: apt-get install nodejs npm." >&2; exit 1; }
	cd eventstore/eventstoretest/node && npm install --no-package-lock --no-audit --no-fund --silent
	@set -e; data=$$(mktemp -d); log=$$data/address; \
	bin/tizilim eventstore --listen 127.0.0.1:0 --data $$data/store >$$log & node=$$!; \
	trap 'kill $$node; wait $$node || true; rm -rf $$data' EXIT; \
	until [ -s $$log ]; do kill -0 $$node; sleep 0.05; done; \
	export ADDRESS="$$(cat $$log)" TIZILIM="$$PWD/bin/tizilim"; \
	cd eventstore/eventstoretest/node && $(CLIENT)

bench-clients: ## measure appends per second of the Node client, in batches and in single calls
	@$(MAKE) --no-print-directory test-clients CLIENT="node bench.mjs"

# How long faults are made, and the seed of their schedule; 0 draws one.
FOR  ?= 60s
SEED ?= 0

.PHONY: faults faults-proof
faults: setup ## run the registry under faults for FOR (60s; FOR=12m: a full run), then compare; SEED repeats
	$(GO) run ./cmd/faults --for $(FOR) --seed $(SEED)

# Each registry lacks one guard. The faults are those that the guard is for. Each run ends with the first round
# that finds violations, and fails where FOR is over without any.
PROOF = $(GO) run ./cmd/faults --proof --clients 12 --round 10s --for $(FOR) --seed $(SEED)

faults-proof: setup ## take away one guard of the registry after the other: the same rig must find violations
	$(PROOF) --tags unfenced --only writer-freeze
	$(PROOF) --tags twosteps --only api-freeze,redis-delay
	$(PROOF) --tags randomids --only store-cut
	$(PROOF) --tags noreadback --only store-cut,node-kill,api-kill

OAPI_CODEGEN ?= v2.8.2
DOCUMENT = httpapi/clients/node/openapi.json

.PHONY: api
api: build ## lint the OpenAPI document; clients that are generated from it place a person (needs npm)
	@command -v npm >/dev/null || { echo "This needs Node.js 20 or later with npm: apt-get install nodejs npm." >&2; exit 1; }
	bin/tizilim openapi >$(DOCUMENT)
	cd httpapi/clients/node && npm install --no-package-lock --no-audit --no-fund --silent && \
	  npm run --silent lint && npm run --silent generate && npm run --silent compile
	@mkdir -p httpapi/clients/go/api
	$(GO) run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@$(OAPI_CODEGEN) \
	  -generate types,client -package api -o httpapi/clients/go/api/api.go $(DOCUMENT)
	cd httpapi/clients/go && $(GO) vet . && $(GO) build -o ../../../bin/place-person .
	@set -e; data=$$(mktemp -d); \
	bin/tizilim serve --listen 127.0.0.1:0 --ops 127.0.0.1:0 --data $$data/registry >$$data/out 2>&1 & server=$$!; \
	trap 'kill $$server; wait $$server || true; rm -rf $$data' EXIT; \
	until [ -s $$data/registry/run.json ]; do kill -0 $$server || { cat $$data/out; exit 1; }; sleep 0.05; done; \
	export URL="$$(sed -n 's/.*"http":"\([^"]*\)".*/\1/p' $$data/registry/run.json)"; \
	export OPERATOR="$$(bin/tizilim token --data $$data/registry --role operator)"; \
	export COMMISSION="$$(bin/tizilim token --data $$data/registry --role commission)"; \
	IIN=999999000022 bin/place-person; cd httpapi/clients/node; IIN=999999000032 npm run --silent place
