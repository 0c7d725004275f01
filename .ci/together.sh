# Two parts of a check at the same time. A script with `set -euo pipefail` sources this file, and traps its own exit with
# `stop_all`.

# The process groups of the parts that might run.
groups=()

# together FIRST SECOND: runs two functions at the same time. The output of FIRST is shown immediately, and the output of
# SECOND after it. If one of them fails, stops the other, shows the output of the failed one last, and exits with its status.
together() {
  local held
  # Without a trap, bash ignores a Ctrl-C if the program that it waits for ends at the same moment.
  trap 'trap - INT; kill -INT $$' INT
  held=$(mktemp)
  exec 3>"$held" 4<"$held"
  rm "$held"
  # With job control, each part is a process group with all its programs, which Ctrl-C does not reach.
  set -m
  "$1" </dev/null &
  local first=$!
  "$2" </dev/null >&3 2>&1 &
  local second=$!
  set +m
  groups=("$first" "$second")

  while is_running "$first" && is_running "$second"; do sleep 1; done
  if ! is_running "$second" && ! wait "$second"; then stop_all; else wait "$first" || failed "$1"; fi
  while cat <&4 && is_running "$second"; do sleep 1; done
  cat <&4
  wait "$second" || failed "$2"
  groups=()
  exec 3>&- 4<&-
}

is_running() { jobs -rp | grep -qx "$1"; }

# Exits with the status of the last command, which is that of a part.
failed() {
  local status=$?
  printf '\n== FAILED: %s\n' "$1" >&2
  exit "$status"
}

# Ends all programs of the parts. They get 20 seconds to stop their servers and to remove their files.
stop_all() {
  local group tries
  # A second Ctrl-C must not leave them.
  trap '' INT TERM
  for group in ${groups[@]+"${groups[@]}"}; do kill -TERM -- "-$group" || true; done
  for group in ${groups[@]+"${groups[@]}"}; do
    for ((tries = 0; tries < 200; tries++)); do
      kill -0 -- "-$group" || break
      sleep 0.1
    done
    kill -KILL -- "-$group" || true
    wait "$group" || true
  done
  groups=()
} 2>/dev/null

# show_and_keep FILE: writes its input to the output and to the file. It reads to the end of the input also when the part is
# stopped, because a program that cannot print cannot stop its servers.
show_and_keep() {
  trap '' INT TERM
  tee "$1"
}
