# make demo [DIGIT=7]   build, then encrypt a digit and have it recognized
# make test             everything that must pass: format, imports, tests, command line, README, benchmarks build
# make quick            the tests that a change meets first: seconds, once built
# make thorough         make test, then the suite of breaks and constant time
# make mutants          breaks the code in some fifty places; every break must be noticed by a test
# make attacks          every attack that the threat model names, on what is sent and with the defence left out
# make fuzz [MINUTES=1]  libFuzzer and AddressSanitizer on all that reads bytes from outside, minutes each
# make sanitize [FILTER=name]  the unit tests under AddressSanitizer, then ThreadSanitizer; an hour with the builds
# make conformance      ONNX's own operator cases in the float reference
# make format           rewrite the Swift sources in the project's format
# make lint             the checks that need no build
# make snippet          run the programs under Snippets
# make bench            measure Blindsight and its peers, into Benchmarks/results
# make bench-docs       write docs/Benchmarks.md from what was measured last
# make bench-smoke      whether the benchmarks of primitives build and run, and the submissions to the official ones
# make official HARNESS=checkout [OFFICIAL=options]  a harness of HomomorphicEncryption.org, unmodified, on Blindsight
# make check-models [MNIST=folder]   the float models, planned and verified on their test splits
# make check-zoo [ONLY=words]   models of scikit-learn, PyTorch, Keras: right or refused, against onnxruntime; an hour
# make check-shared-library   the size of one shared library of everything, and what it needs; minutes
# make wheel            Python's wheel: built, audited, and run where there is no Swift; minutes
# make check-pythons    the tests of that wheel in each Python from 3.9 to 3.13 that is there
# make check-python     the Python package from the sources: style, types, tests, notebooks; the example in C
# make check-python-all  the same with PyTorch, XGBoost and LightGBM, which install gigabytes
# make check-ray [ROUNDS=50]   kills workers, machines and drivers of a Ray cluster inside groups; a quarter of an hour
# make notebooks-html   the notebooks of Python's package as pages, in .build/notebooks
# make bench-clusters   seconds and bytes of groups, and what a cluster makes of them
# make bench-growth     estimates beside times, memory and bytes as networks grow
# make bench-python     what Python costs over Swift, and how peers' bindings do
# make bench-search     private search of 100,000 vectors: time, bytes, and the same integers as numpy's
# make web              the page that encrypts in the browser, and its library: Web/dist
# make check-web        that library under Node and in Chromium, against the command line and a service
# make check-service    builds the service and attacks it: tritonclient, tenants, kills, overload; minutes
# make check-service-schema   every address of the service by its OpenAPI description, with data that schemathesis makes up
# make lint-deploy      the files of Deploy/ by their own linters; seconds, no build
# make audit [GROUP=evasion] DATA=folder   the audit's table, rows that aren't there yet
# make check-audit    its tests and quick rows on digits: minutes, once the packages are there (gigabytes)
# make check-arm        the C kernels on ARM, under qemu, against this machine's
# make estimate-arm     what the C kernels' loops take on ARM, by models of its cores; seconds, no build
# make estimate-security   what the best known attacks on the plans' lattices cost; minutes, no build
# make check-constant-time   what secrets could change in a trace, under valgrind; minutes

SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

DIGIT ?= 7
BINARY := .build/release/blindsight
SWIFT_FILES = $(shell Scripts/list-swift-files.sh)

.PHONY: help dependencies build demo test quick thorough mutants format lint check-format check-imports \
	check-public-symbols check-headers \
	build-tests unit-tests conformance test-cli snippet check-readme check-constant-time clean \
	build-bench bench bench-docs bench-smoke check-models check-zoo wheel check-pythons check-python check-python-all check-ray notebooks notebooks-html bench-growth bench-python \
	bench-search build-service check-service check-service-schema lint-deploy bench-clusters official audit check-audit \
	check-c check-arm check-shared-library web check-web fuzz sanitize attacks estimate-security estimate-arm

help:
	@sed -n 's/^# make/make/p' Makefile

dependencies:
	@Scripts/install-dependencies.sh

build: dependencies
	swift build -c release --product blindsight

demo: build
	@$(BINARY) demo --digit $(DIGIT)

# One release build serves the tests, the command line and the snippets.
test: dependencies lint
	@$(MAKE) build-tests
	@$(MAKE) check-public-symbols
	@$(MAKE) unit-tests
	@$(MAKE) conformance
	@$(MAKE) test-cli
	@$(MAKE) check-models
	@$(MAKE) snippet
	@$(MAKE) check-python
	@$(MAKE) check-readme
	@$(MAKE) lint-deploy
	@$(MAKE) bench-smoke
	@echo "make test: all passed"

lint: check-format check-imports check-headers

# Kernels, rings, files, one method of each kind; what takes longer is left to `test`.
quick: build-tests
	swift test -c release --skip-build --filter \
		'CKernelsTests|RingTests|LatticeTests|WireTests|FilesTests|ThreadingTests|SilentFailureTests|MismatchTests|BandCholesky'

thorough: test
	@$(MAKE) mutants
	@$(MAKE) check-constant-time

# Part of the tests too. Each succeeds where its defence is left out, and must fail on what this library sends.
attacks: build-tests
	set -o pipefail; swift test -c release --skip-build --filter \
		'ListenerTests|FunctionPrivacyTests|FloodTests|ReactionTests|JacobiTests|MaskPoolTests|MemoryScanTests|IdleSlotTests|SilentFailureTests' \
		2>&1 | tee .build/attacks.log | grep -E '^✘|Test run with'
	@grep -Eq 'Test run with [1-9][0-9]* tests? .*passed' .build/attacks.log

# In a copy of the package, so that the products know nothing of it. The first time it builds all of the copy, later
# what has changed.
mutants: dependencies
	swift run -c release MutantRunner

MINUTES ?= 1

# In a build folder of its own; the first build takes a quarter of an hour.
fuzz: dependencies
	@Scripts/fuzz.sh $(MINUTES)

# In a build folder for each; the first build of one takes a quarter of an hour.
FILTER ?= .

sanitize: dependencies
	@Scripts/sanitize.sh all '$(FILTER)'

check-format:
	swift format lint --strict --configuration .swift-format $(SWIFT_FILES)

format:
	swift format format --in-place --configuration .swift-format $(SWIFT_FILES)

check-imports:
	@Scripts/check-imports.sh

check-headers:
	@Scripts/check-headers.sh

check-public-symbols:
	@Scripts/check-public-symbols.sh

# Not --build-tests, which builds the tools of all packages' plugins too. No test needs the client's names.
build-tests:
	swift build -c release --product blindsightPackageTests
	swift build -c release --product blindsight
	swift build -c release --target BlindsightClient

# The closing line is looked for, so that a run of no tests at all can't pass.
unit-tests:
	set -o pipefail; swift test -c release --skip-build 2>&1 | tee .build/test.log
	@grep -Eq 'Test run with [1-9][0-9]* tests? .*passed' .build/test.log

conformance:
	swift build -c release --product OperatorConformance
	@Scripts/check-conformance.sh

check-models:
	@Scripts/check-models.sh $(BINARY) $(MNIST)

# Not part of the tests: some three hundred models, one after the other.
check-zoo:
	@Scripts/check-zoo.sh $(BINARY) $(if $(ONLY),--only "$(ONLY)")

test-cli:
	@Scripts/test-cli.sh "$(BINARY)"

snippet:
	swift run -c release PredictDigit
	swift run -c release Thousands
	swift run -c release EncryptedWeights
	swift run -c release BFVAlone

check-readme:
	@Scripts/check-readme.sh $(BINARY)

# In a folder of its own: two packages can't share one's build plan.
build-bench: dependencies
	swift build --package-path Benchmarks -c release --product micro
	swift build --package-path Benchmarks -c release --product paillier-bench

# Peers that can't be installed are left out, and the report says why.
bench: build build-bench
	@Benchmarks/peers/install.sh || echo "make bench: measuring without peers"
	python3 Benchmarks/report.py
	python3 Benchmarks/features.py
	python3 Benchmarks/paillier.py

bench-docs:
	python3 Benchmarks/report.py --publish

bench-smoke: build build-bench
	Benchmarks/.build/release/micro --quick
	python3 Benchmarks/official/selftest.py

PYTHON ?= python3

# With `make build` done before, so that nothing else runs while it measures.
official:
	@[ -n "$(HARNESS)" ] || { echo "HARNESS=folder names a checkout; see Benchmarks/official/README.md" >&2; exit 1; }
	"$(PYTHON)" Benchmarks/official/run.py "$(HARNESS)" $(OFFICIAL)

# What a program that embeds the engine would ship.
check-shared-library: dependencies
	@Scripts/measure-shared-library.sh

# Without PyTorch and boosted trees, whose packages take longer to install than all the rest to run.
check-python:
	@Scripts/check-python.sh

check-python-all:
	@Scripts/check-python.sh all

notebooks: check-python-all

notebooks-html:
	@Scripts/render-notebooks.sh

# With Swift's own clang: the C kernels alone become WebAssembly.
web:
	@Scripts/build-web.sh

check-web:
	@Scripts/check-web.sh

wheel: dependencies
	@Scripts/make-wheel.sh

# Of the wheel that `make wheel` made.
check-pythons:
	@Scripts/test-wheel-pythons.sh Python/dist/*.whl

ROUNDS ?= 50

check-ray:
	@Scripts/check-ray.sh $(ROUNDS)

bench-clusters:
	@Scripts/python-environment.sh numpy scikit-learn 'ray[data]'
	.build/python/bin/python Benchmarks/clusters.py

bench-growth:
	@Scripts/python-environment.sh numpy onnx
	.build/python/bin/python Benchmarks/growth.py

bench-python:
	@Scripts/python-environment.sh numpy scikit-learn skl2onnx onnx
	.build/python/bin/python Benchmarks/python.py

build-service:
	for product in blindsight-serve blindsight-remote blindsight-load remote-example; do \
		swift build -c release --package-path Service --product $$product || exit 1; \
	done

check-service: build build-service
	@Scripts/python-environment.sh numpy pytest scikit-learn skl2onnx onnx 'tritonclient[http,grpc]' h2
	@[ -e Python/src/blindsight/libblindsight.so ] || .build/python/bin/python Python/backend/blindsight_build.py Python/src/blindsight/libblindsight.so
	.build/python/bin/python -m pytest -q -p no:cacheprovider Service/tests

check-service-schema: build-service
	@Scripts/python-environment.sh numpy pytest scikit-learn skl2onnx onnx schemathesis
	@[ -e Python/src/blindsight/libblindsight.so ] || .build/python/bin/python Python/backend/blindsight_build.py Python/src/blindsight/libblindsight.so
	.build/python/bin/python Service/tests/schema.py

lint-deploy:
	@Scripts/lint-deploy.sh

bench-search:
	@Scripts/python-environment.sh numpy onnx
	@[ -e Python/src/blindsight/libblindsight.so ] || .build/python/bin/python Python/backend/blindsight_build.py Python/src/blindsight/libblindsight.so
	.build/python/bin/python Benchmarks/search.py --peer

# Findings are kept in .build/audit, and what is there isn't run again. GROUP: evasion, poisoning, privacy, defence, dp,
# preparation, federated.
audit:
	@Scripts/audit.sh $(if $(DATA),--folder $(DATA)) $(if $(GROUP),--group $(GROUP),--all) --results .build/audit

# The tests of the audit, and its quick rows on digits: minutes.
check-audit:
	@Scripts/audit.sh --tests
	@Scripts/audit.sh --quick --check

check-c:
	@Scripts/check-c.sh

# Debian's cross compiler and qemu must be there: minutes.
check-arm:
	@Scripts/check-arm.sh

# Fails where the published table isn't reproduced, or a plan costs less than it claims. The plans are those of the
# binary that is there; without one, the table alone.
# Debian's headers for ARM and LLVM's llvm-mca must be there.
estimate-arm:
	@Scripts/estimate-arm.py

estimate-security:
	@Scripts/estimate-security.sh $(BINARY)

check-constant-time:
	swift build -c release --product ClientProbe
	swift build -c release --product PaillierProbe
	@Scripts/check-constant-time.sh

clean:
	swift package clean
	rm -rf .build-mutants Web/dist
