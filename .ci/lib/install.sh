# shellcheck shell=bash
# What the checks and tests need, from Debian, the Go module proxy and npm, and nothing that is there already.

install_packages() {
  local -a missing=()
  # The program that shows a package to be there, and the packages that bring it.
  need_program() { command -v "$1" >/dev/null || missing+=("${@:2}"); }
  need_program gcc gcc libc6-dev # the race detector links with it
  need_program openssl openssl
  need_program node nodejs npm
  need_program redis-server redis-server # which is the sentinel too
  need_program chromium chromium
  need_program firefox-esr firefox-esr
  need_program shellcheck shellcheck
  need_program yamllint yamllint
  [[ ${#missing[@]} -gt 0 ]] || return 0
  apt-get -q update
  DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "${missing[@]}"
}

install_tools() {
  GOBIN="$TOOLS/bin" go -C .ci/tools install tool ./tally ./requirements ./snippets
}

install_providers() {
  go -C .ci/providers/zitadel build -o "$TOOLS/bin/zitadel-provider" .
  # npm's own list of what it installed tells whether the lock file has changed since.
  if ! cmp -s .ci/package-lock.json "$TOOLS/package-lock.json" || [[ ! -d .ci/node_modules ]]; then
    PUPPETEER_SKIP_DOWNLOAD=1 npm --prefix .ci ci --no-progress
    cp .ci/package-lock.json "$TOOLS/package-lock.json"
  fi
}
