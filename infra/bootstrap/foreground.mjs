import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { root } from "./repository.mjs"
import { isAtTerminal } from "./terminal.mjs"

const leash = pathToFileURL(join(root, "infra", "bootstrap", "leash.mjs")).href

const parentPollMs = 500

/**
 * Runs a script on the given Node in place of this process: same streams, each signal passed on once, same end.
 *
 * The script has a process group of its own, so that the terminal's Ctrl-C does not reach it beside the signal that is passed on; the leash ends it when this
 * process is gone without having told it.
 *
 * @param {string} node
 * @param {string[]} args
 * @param {number} sameSignalMs one Ctrl-C comes from the terminal and again from npm, which passes on what it gets: within this time they are one
 */
export const runInForeground = async (node, args, sameSignalMs = 300) => {
  const child = spawn(node, ["--import", leash, ...args], {
    ...passedOn(),
    detached: true,
  })
  const passedOnAt = new Map()
  /** @param {NodeJS.Signals} signal */
  const passOn = (signal) => {
    if (performance.now() - (passedOnAt.get(signal) ?? -sameSignalMs) < sameSignalMs) return
    passedOnAt.set(signal, performance.now())
    child.kill(signal)
  }
  const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGQUIT", "SIGUSR2"])
  for (const signal of signals) process.on(signal, passOn)
  let isHungUp = false
  process.on("SIGHUP", () => {
    if (isAtTerminal()) passOn("SIGHUP")
    else isHungUp = true
  })
  process.on("SIGWINCH", () => child.kill("SIGWINCH"))
  // A hang-up that is not for this process has ended npm, which knows nothing of `nohup`.
  const watch = endWithNpm(() => void (isHungUp || passOn("SIGTERM")))
  const [code, signal] = await once(child, "exit")
  clearInterval(watch)
  for (const name of signals) process.off(name, passOn)
  if (signal !== null) process.kill(process.pid, signal)
  process.exitCode = code ?? 1
}

/**
 * Returns the streams and the environment of the script: where a service manager has passed a socket to this process, the script finds it behind its channel.
 *
 * @returns {{ stdio: import("node:child_process").StdioOptions, env: NodeJS.ProcessEnv }}
 */
const passedOn = () => {
  const { LISTEN_PID: pid, LISTEN_FDS: count, ...env } = process.env
  /** @type {Array<"inherit" | "ipc" | number>} */
  const stdio = ["inherit", "inherit", "inherit", "ipc"]
  if (pid !== String(process.pid) || !(Number(count) > 0)) return { stdio, env: process.env }
  return { stdio: [...stdio, firstPassed], env: { ...env, SLUICE_LISTEN_FD: String(stdio.length) } }
}

/** Source: sd_listen_fds(3). */
const firstPassed = 3

/**
 * Tells when the npm or npx that started this process is gone: their shell dies of a signal without passing it on.
 *
 * @param {() => void} ended
 */
const endWithNpm = (ended) => {
  const parent = process.ppid
  if (process.env.npm_command === undefined) return undefined
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    ended()
  }, parentPollMs)
  return watch
}
