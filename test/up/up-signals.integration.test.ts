import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { expect, test } from "vitest"
import { freePort } from "../bench/free-port.ts"
import { askForCompletion, processesOn, temporaryDataDirectory } from "../sluice-process.ts"
import { until } from "../until.ts"

const root = new URL("../..", import.meta.url)

const parentOf = (pid: number): number =>
  Number(execFileSync("ps", ["-o", "ppid=", "-p", String(pid)], { encoding: "utf8" }))

/** Starts everything in the background of a shell that is no terminal, where interrupts are ignored, and gives the process to signal. */
const startInBackground = async (command: string, dataDirectory: string) => {
  const port = await freePort()
  const line = `${command} --data "$DATA" --port ${port} & echo "pid $!"; wait $!; echo "status $?"`
  const { NATS_URL: _nats, CLICKHOUSE_URL: _clickHouse, npm_command: _npm, ...inherited } = process.env
  const shell = spawn("bash", ["-c", line], {
    cwd: root,
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...inherited, DATA: dataDirectory },
  })
  const lines: Array<string> = []
  createInterface(shell.stdout).on("line", (one) => lines.push(one))
  const found = (pattern: RegExp) =>
    lines.map((one) => pattern.exec(one)?.[1]).find((one) => one !== undefined)
  await until(() => found(/^ready: (\S+)/) !== undefined, `${command} is ready`, 100_000)
  return {
    pid: Number(found(/^pid (\d+)/)),
    url: found(/^ready: (\S+)/) ?? "",
    ended: once(shell, "exit").then(() => found(/^status (\d+)/)),
  }
}

test.each([
  ["npm start --", "SIGINT"],
  ["npm start --", "SIGTERM"],
  ["npx sluice up", "SIGINT"],
  ["npx sluice up", "SIGTERM"],
  ["node services/sluice/bin.mjs up", "SIGINT"],
  ["nohup npx sluice up", "SIGINT"],
] as const)(
  "%s in the background ends on %s and leaves nothing running",
  async (command, signal) => {
    await using data = await temporaryDataDirectory()
    const { pid, ended } = await startInBackground(command, data.path)
    process.kill(pid, signal)
    await ended
    await until(() => processesOn(data.path).length === 0, "nothing runs any more", 30_000)
    expect(processesOn(data.path)).toEqual([])
  },
  150_000,
)

test("a hang-up of the terminal ends nothing that was started under nohup", async () => {
  await using data = await temporaryDataDirectory()
  const { pid, url, ended } = await startInBackground("nohup npx sluice up", data.path)
  // As a shell does when its terminal is closed: to npm, and to what npm has started.
  const job = processesOn(data.path).filter((one) => one === pid || parentOf(one) === pid)
  expect(job).toHaveLength(2)
  for (const one of job) process.kill(one, "SIGHUP")
  await ended
  const answer = await askForCompletion(url, {}, { "x-sim-service-ms": "2000" })
  expect(answer.status).toBe(200)
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
}, 150_000)
