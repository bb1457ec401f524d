import { spawn } from "node:child_process"
import { Socket } from "node:net"

/** How long a process on a leash outlives its holder, so that those that still use it can end well. */
const graceSeconds = 2
const forceAfterSeconds = 10

/**
 * Waits on its input, which ends with the holder, then ends the process that it was told of, by force when that takes long.
 *
 * The start of that process tells it from a later one with the same id. Signals to the group of a terminal are not meant for it.
 */
const watch = `
trap '' HUP INT QUIT TERM
pid=$1
started() {
  if [ -d /proc/self ]; then read -r line < "/proc/$pid/stat" && set -- $line && echo "\${22}"
  else ps -o lstart= -p "$pid"
  fi 2>/dev/null
}
known=$(started)
read -r nothing
sleep ${graceSeconds}
[ -n "$known" ] && [ "$(started)" = "$known" ] || exit 0
kill -TERM "$pid"
left=${forceAfterSeconds}
while [ "$left" -gt 0 ]; do
  sleep 1
  [ "$(started)" = "$known" ] || exit 0
  left=$((left - 1))
done
kill -KILL "$pid"
`

/**
 * Ends a process within seconds of the end of this one, however this one ends; disposing of the leash lets it run.
 *
 * Another process holds the end of a pipe, because nothing of one that is killed runs any more.
 */
export const holdOnLeash = (pid: number): Disposable => {
  const watcher = spawn("/bin/sh", ["-c", watch, "sluice-leash", String(pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
    env: { PATH: process.env["PATH"] },
  })
  watcher.unref()
  if (watcher.stdin instanceof Socket) watcher.stdin.unref()
  return { [Symbol.dispose]: () => void watcher.kill("SIGKILL") }
}
