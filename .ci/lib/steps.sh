# shellcheck shell=bash
# How steps run, what they print, and how the run ends.

# A step that returns NOT_RUN says in its last line why it could not run. That is told, and is not a failure.
readonly NOT_RUN=77

declare -a failed_steps=() wanted_steps=()

# begin takes the names of the steps to run; none means all.
begin() {
  wanted_steps=("$@")
  rm -rf "$LOGS"
  mkdir -p "$LOGS" "$TOOLS/bin"
  : >"$LOGS/steps"
}

heading() { printf '\n== %s\n' "$1"; }

# step NAME TITLE COMMAND... runs a command with its output in a log, and goes on when it fails.
step() {
  local name=$1 title=$2 log="$LOGS/$1.log" status=0 start=$SECONDS
  shift 2
  wanted "$name" || return 0
  set +e
  (
    set -e
    "$@"
  ) >"$log" 2>&1 </dev/null
  status=$?
  set -e
  report "$name" "$title" "$status" "$((SECONDS - start))" "$log"
}

wanted() {
  local name
  [[ ${#wanted_steps[@]} -eq 0 ]] && return 0
  for name in "${wanted_steps[@]}"; do
    [[ $name == "$1" ]] && return 0
  done
  return 1
}

# required_step ends the run when it fails: nothing after it would mean anything.
required_step() {
  step "$@"
  [[ ${#failed_steps[@]} -eq 0 ]] || finish
}

report() {
  local name=$1 title=$2 status=$3 seconds=$4 log=$5
  case $status in
  0)
    echo "$name" >>"$LOGS/steps"
    printf 'ok       %4ds  %s\n' "$seconds" "$title"
    # What a step wants to be seen stands behind a bar in its log.
    sed -n 's/^| /               /p' "$log"
    ;;
  "$NOT_RUN")
    printf 'not run  %4ds  %s: %s\n' "$seconds" "$title" "$(tail -n 1 "$log")"
    ;;
  *)
    failed_steps+=("$name")
    printf 'FAILED   %4ds  %s\n' "$seconds" "$title"
    tail -n 60 "$log" | sed 's/^/    /'
    ;;
  esac
}

# finish adds up the tests. A step that is not a test and failed counts as one failure.
finish() {
  local passed=0 failed=0 skipped=0 p f s name
  for name in "$LOGS"/*.count; do
    [[ -e $name ]] || continue
    read -r p f s <"$name"
    ((passed += p, failed += f, skipped += s)) || true
  done
  for name in ${failed_steps[@]+"${failed_steps[@]}"}; do
    [[ -e $LOGS/$name.count ]] || ((++failed))
  done
  printf '\n%dm%02ds' "$((SECONDS / 60))" "$((SECONDS % 60))"
  [[ ${#failed_steps[@]} -eq 0 ]] || printf '; failed: %s' "${failed_steps[*]}"
  printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  exit "$((${#failed_steps[@]} > 0))"
}
