# shellcheck shell=bash
# What can be said about the code without running it. Only files that git knows are looked at.

readonly CODE_MODULES=(. .ci/go .ci/providers/zitadel)
readonly GO_MODULES=("${CODE_MODULES[@]}" .ci/unittest) # the last is nothing but a list of what to build

check_format() {
  local unformatted
  unformatted=$(git ls-files -z '*.go' | xargs -0 gofmt -l -s)
  echo "$unformatted"
  [[ -z $unformatted ]]
}

check_modules() {
  local module
  for module in "${GO_MODULES[@]}"; do
    go -C "$module" mod tidy -diff
    go -C "$module" mod verify
  done
}

check_vet() {
  local module
  for module in "${CODE_MODULES[@]}"; do
    go -C "$module" vet ./...
  done
  go vet -tags image ./cmd/chatgate-demo # tests that .ci/image alone runs
}

check_lint() {
  local module
  for module in "${CODE_MODULES[@]}"; do
    (cd "$module" && golangci-lint run)
  done
}

check_shell() {
  git grep -lE '^#!.*\b(ba)?sh$|^# shellcheck shell=' | xargs shellcheck --external-sources
}

# Templates of a chart are YAML only once they are rendered.
check_yaml() {
  git ls-files -z '*.yml' '*.yaml' | grep -zvE '/testdata/|^charts/[^/]+/templates/' |
    xargs -0 yamllint --strict -d '{extends: relaxed, rules: {line-length: disable}}'
}

# Where packages come from, and where somebody keeps a checkout, is nobody else's business. The brackets keep the
# patterns from finding themselves.
check_names() {
  local registries='registry[.]npm|proxy[.]golang|sum[.]golang|(deb|security)[.]debian|pypi[.]org'
  local places='(^|[^A-Za-z0-9_.-])/(home|root|work|Users)[/]'
  if git grep -nIE "$registries|$places"; then
    return 1
  fi
}

# The database is elsewhere; without it there is nothing to say, which is not a failure.
check_vulnerabilities() {
  local output status=0
  output=$(govulncheck ./... 2>&1) || status=$?
  echo "$output"
  [[ $status -eq 0 ]] && return 0
  grep -q 'fetching vulnerabilities' <<<"$output" || return 1
  echo 'its database is out of reach'
  return "$NOT_RUN"
}
