# shellcheck shell=bash
# What runs. Every step here leaves NAME.count in the logs: tests passed, failed and skipped. A skip fails the run,
# because every part that a test could miss has been installed.

# go_test NAME ARGUMENTS... runs go test and counts.
go_test() {
  local name=$1 log="$LOGS/$1.json" status=0
  shift
  go test -count=1 -json -timeout 20m "$@" >"$log" || status=$?
  count_go "$name" "$log" || status=1
  return "$status"
}

count_go() {
  local summary status=0
  tally "$2" >"$LOGS/$1.tally" || status=$?
  sed '$d' "$LOGS/$1.tally"
  summary=$(tail -n 1 "$LOGS/$1.tally")
  echo "| $summary"
  sed -nE 's/^([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$/\1 \2 \3/p' <<<"$summary" >"$LOGS/$1.count"
  return "$status"
}

# Tests that count: what they find is the same without the race detector, which makes them take ten times as long.
readonly COUNTING='TestACompanyBehindOneAddress|TestAFloodOfStrangers|TestASessionCostsRedisLittle'

test_race() { go_test test -race -skip "^(TestBrowser|$COUNTING)" ./...; }

# Browsers are slow enough without the race detector too. Only packages that have such tests are built again.
test_browser() {
  local -a folders
  mapfile -t folders < <(git grep -lE "^func (TestBrowser|$COUNTING)" -- '*_test.go' | xargs -r dirname | sort -u | sed 's|^|./|')
  if [[ ${#folders[@]} -eq 0 ]]; then
    echo 'there is no browser test'
    return 1
  fi
  go_test browser -run "^(TestBrowser|$COUNTING)" -skip '^TestBrowserMatrix$' "${folders[@]}"
}

# The matrix has a step of its own, for its table.
test_matrix() {
  local status=0
  CHATGATE_MATRIX_TABLE="$LOGS/matrix.txt" go_test matrix -run '^TestBrowserMatrix$' ./cmd/chatgate-demo || status=$?
  sed 's/^/| /' "$LOGS/matrix.txt"
  return "$status"
}

test_tools() {
  local log="$LOGS/ci-test.json" status=0
  go -C .ci/go test -count=1 -json ./testlog ./requirements ./snippets ./k8sschemas ./inventory ./imagecheck >"$log" || status=$?
  count_go ci-test "$log" || status=1
  return "$status"
}

# Those that need a world to walk in are started by Go tests and lie in a folder named browser or clients.
test_node() {
  local -a files
  local status=0 log="$LOGS/node.tap"
  mapfile -t files < <(git ls-files '*.test.mjs' '*.test.js' | grep -vE '/(browser|clients)/')
  node --test --test-reporter=tap "${files[@]}" >"$log" || status=$?
  awk '/^# (pass|fail|skipped) / { n[$2] = $3 } END { print n["pass"] + 0, n["fail"] + 0, n["skipped"] + 0 }' \
    "$log" >"$LOGS/node.count"
  [[ $status -eq 0 ]] || cat "$log"
  sed -E 's/^([0-9]+) ([0-9]+) ([0-9]+)$/| \1 passed, \2 failed, \3 skipped/' "$LOGS/node.count"
  grep -q ' 0$' "$LOGS/node.count" || return 1
  return "$status"
}

# A few seconds each: a target that no longer compiles, or finds something at once, is noticed with the change.
fuzz_briefly() {
  local status=0 log="$LOGS/fuzz.txt"
  .ci/fuzz 3s >"$log" || status=$?
  sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2 0/p' "$log" >"$LOGS/fuzz.count"
  [[ $status -eq 0 ]] || cat "$log"
  sed -n 's/^\(ok\|FAILED\) /| &/p' "$log"
  return "$status"
}

# Absolute times depend on the machine; they are shown, and nothing is asked of them.
run_benchmarks() {
  local -a folders
  mapfile -t folders < <(git grep -l '^func Benchmark' -- '*_test.go' | xargs -r dirname | sort -u | sed 's|^|./|')
  [[ ${#folders[@]} -gt 0 ]] || return 0
  go test -run '^$' -bench . -benchmem -benchtime 300ms "${folders[@]}" | tee "$LOGS/bench.txt"
  sed -n 's/^Benchmark/| &/p' "$LOGS/bench.txt"
}

# The commands run in a copy of what git knows, as after a fresh clone.
check_documents() {
  local copy="$TOOLS/documents"
  rm -rf "$copy"
  mkdir -p "$copy"
  git ls-files -z | tar --create --null --files-from=- | tar --extract --directory "$copy"
  go -C "$copy" build -o bin/ ./cmd/chatgate ./cmd/chatgate-demo
  local -a documents
  mapfile -t documents < <(git ls-files '*.md' | grep -v /testdata/)
  snippets -dir "$copy" "${documents[@]}"
}

check_requirements() {
  local -a ran=()
  local log
  for log in "$LOGS"/*.json; do ran+=("$log"); done
  requirements -table .ci/requirements.tsv -steps "$LOGS/steps" "${ran[@]}"
}
