# Parts of a check at the same time. A script with `set -euo pipefail` sources this file, and traps its own exit with
# `stop_all`.

# The process groups of the parts that might run, and the folder of their output.
groups=()
held=

# together PART...: runs functions at the same time. The output of the first is shown immediately, and the output of each
# other one after it. If one of them fails, stops the others, shows the output of the failed one last, and exits with its
# status.
together() {
  local parts=("$@") part shown
  # Without a trap, bash ignores a Ctrl-C if the program that it waits for ends at the same moment.
  trap 'trap - INT; kill -INT $$' INT
  held=$(mktemp -d)
  # With job control, each part is a process group with all its programs, which Ctrl-C does not reach.
  set -m
  "$1" </dev/null &
  groups=("$!")
  for ((part = 1; part < $#; part++)); do
    "${parts[part]}" </dev/null >"$held/$part" 2>&1 &
    groups+=("$!")
  done
  set +m

  local ended=()
  for ((shown = 0; shown < $#; shown++)); do
    ((shown == 0)) || exec 3<"$held/$shown"
    until has_ended "$shown"; do
      ((shown == 0)) || cat <&3
      for ((part = shown + 1; part < $#; part++)); do has_ended "$part" || true; done
      sleep 1
    done
    ((shown == 0)) || cat <&3
  done
  groups=()
  rm -rf "$held"
}

# has_ended PART: exits if the part failed. It asks for the status once, because bash forgets it when another process gets
# the same number.
has_ended() {
  [[ -z ${ended[$1]-} ]] || return 0
  ! jobs -rp | grep -qx "${groups[$1]}" || return 1
  wait "${groups[$1]}" || failed "${parts[$1]}" "$1"
  ended[$1]=yes
}

# failed NAME PART: exits with the status of the last command, which is that of the part.
failed() {
  local status=$?
  (($2 == 0 || $2 == shown)) || exec 3<"$held/$2"
  stop_all
  (($2 == 0)) || cat <&3
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
  rm -rf "$held"
} 2>/dev/null

# show_and_keep FILE: writes its input to the output and to the file. It reads to the end of the input also when the part is
# stopped, because a program that cannot print cannot stop its servers.
show_and_keep() {
  trap '' INT TERM
  tee "$1"
}
