import { fork, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { expect, test } from "vitest"
import { askOpenai, readAnswer } from "./call-provider.ts"

const program = new URL("main.ts", import.meta.url).pathname

/** A provider in a process of its own that does not outlive its test. */
async function startProcess(args: readonly string[]) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "inherit"] })
  const [line] = await once(createInterface(child.stdout), "line")
  return { child, message: JSON.parse(String(line)), [Symbol.dispose]: () => child.kill("SIGKILL") }
}

test("flags start one provider, which prints its URL and ends on SIGTERM", async () => {
  using started = await startProcess([
    "--concurrency-limit",
    "3",
    "--service-ms",
    "0",
    "--rpm",
    "none",
    "--models",
    "a,b",
  ])
  const { text } = await readAnswer(fetch(`${started.message.url}/__stats`))
  expect(JSON.parse(text)).toMatchObject({
    limit: 3,
    settings: { serviceMs: 0, rpm: null, models: ["a", "b"] },
  })
  started.child.kill("SIGTERM")
  expect(await once(started.child, "exit")).toEqual([0, null])
})

test("a specification starts several providers in one process", async () => {
  using started = await startProcess([
    "--spec",
    JSON.stringify([
      { name: "gpt", serviceMs: 0 },
      { name: "claude", concurrencyLimit: 2 },
    ]),
  ])
  expect(started.message).toEqual({
    providers: [
      { name: "gpt", url: expect.stringMatching(/^http:/) },
      { name: "claude", url: expect.stringMatching(/^http:/) },
    ],
  })
  expect((await readAnswer(askOpenai(started.message.providers[0].url))).status).toBe(200)
  started.child.kill("SIGTERM")
  expect(await once(started.child, "exit")).toEqual([0, null])
})

test("a parent with a channel gets the same as a message, and the process ends with the channel", async () => {
  const child = fork(program, ["--spec", '[{"name":"gpt"}]'], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    execArgv: [],
  })
  const [message] = await once(child, "message")
  expect(message).toEqual({ providers: [{ name: "gpt", url: expect.stringMatching(/^http:/) }] })
  child.disconnect()
  expect(await once(child, "exit")).toEqual([0, null])
})

test.each([
  [["--unheard", "1"], "unheard"],
  [["--speed", "0"], "speed"],
  [["--port", "many"], "port"],
  [["--spec", "[]"], "at least one provider"],
  [["--spec", '[{"name":"a","limit":1}]'], "limit"],
  [["--spec", "{"], "JSON"],
])("a bad command line is one line on stderr and exit code 2: %j", async (args, named) => {
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "ignore", "pipe"] })
  const lines: string[] = []
  createInterface(child.stderr).on("line", (line) => lines.push(line))
  const [code] = await once(child, "close")
  expect([code, lines]).toEqual([2, [expect.stringContaining(named)]])
})
