import { spawn } from "node:child_process"
import { once } from "node:events"
import { cpSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { openSocket } from "@sluice/sluice/up/listening-socket.ts"
import { Effect } from "effect"
import { expect, test } from "vitest"
import {
  askForCompletion,
  processesOf,
  processesOn,
  runCommand,
  startSluice,
  stillRunning,
  temporaryDataDirectory,
} from "../sluice-process.ts"
import { until } from "../until.ts"

const bin = join(import.meta.dirname, "../../services/sluice/bin.mjs")

const answers = async (url: string): Promise<boolean> => {
  const answer = await askForCompletion(url).catch(() => undefined)
  await answer?.text()
  return answer?.status === 200
}

const rowsOf = async (dataDirectory: string, name: string) => {
  const { stdout } = await runCommand(["query", name, "--json", "--wait", "head", "--data", dataDirectory])
  return (JSON.parse(stdout) as { rows: ReadonlyArray<Record<string, number>> }).rows
}

test("the demo answers the first request of every protocol, as a whole and as a stream, and stops cleanly", async () => {
  await using data = await temporaryDataDirectory()
  const sluice = await startSluice(data.path)
  expect(sluice.command.stdout()).toBe(`ready: ${sluice.url} (data in ${data.path})\n`)
  const whole = await askForCompletion(sluice.url)
  expect(whole.headers.get("x-sluice-channel")).toBe("demo-openai")
  expect(await whole.json()).toMatchObject({ object: "chat.completion", usage: { completion_tokens: 3 } })
  const stream = await (await askForCompletion(sluice.url, { stream: true })).text()
  expect(stream).toMatch(/data: \[DONE\]\n\n$/)
  const post = (path: string, body: object) =>
    fetch(`${sluice.url}${path}`, { method: "POST", body: JSON.stringify(body) })
  const message = { model: "demo-claude", max_tokens: 3, messages: [{ role: "user", content: "hello" }] }
  expect(await (await post("/v1/messages", message)).json()).toMatchObject({
    type: "message",
    usage: { output_tokens: 3 },
  })
  const events = await (await post("/v1/messages", { ...message, stream: true })).text()
  expect(events).toMatch(/data: \{"type":"message_stop"\}\n\n$/)
  const content = { contents: [{ parts: [{ text: "hello" }] }], generationConfig: { maxOutputTokens: 3 } }
  const gemini = "/v1beta/models/demo-gemini"
  expect(await (await post(`${gemini}:generateContent`, content)).json()).toMatchObject({
    usageMetadata: { candidatesTokenCount: 3 },
  })
  const parts = await (await post(`${gemini}:streamGenerateContent?alt=sse`, content)).text()
  expect(parts).toContain('"finishReason":"')
  const known = processesOf(sluice.run())
  expect(known).toHaveLength(5)
  expect(await sluice.stop("SIGTERM")).toMatchObject({ code: 0, signal: null })
  expect(stillRunning(known)).toEqual([])
  expect(processesOn(data.path)).toEqual([])
})

test("a second start goes on where the first stopped, with the providers where they were (S2)", async () => {
  await using data = await temporaryDataDirectory()
  const first = await startSluice(data.path)
  expect(await answers(first.url)).toBe(true)
  const configuration = readFileSync(join(data.path, "demo.yaml"), "utf8")
  expect(await first.stop("SIGINT")).toMatchObject({ code: 0 })
  await using second = await startSluice(data.path)
  expect(readFileSync(join(data.path, "demo.yaml"), "utf8")).toBe(configuration)
  expect(await answers(second.url)).toBe(true)
  expect(await rowsOf(data.path, "trace")).toMatchObject([{ requests: 2, completed: 2 }])
})

test("each part that is killed is started again, and requests are answered again at the same address", async () => {
  await using data = await temporaryDataDirectory()
  await using sluice = await startSluice(data.path)
  for (const part of ["simulator", "nats", "ingress", "projector"] as const) {
    const pidOf = () => {
      const run = sluice.run()
      return part === "nats" ? run.nats?.process?.pid : run[part]?.pid
    }
    const killed = pidOf()
    process.kill(killed ?? 0, "SIGKILL")
    await until(() => ![killed, undefined].includes(pidOf()), `${part} runs again`, 20_000)
    await until(() => answers(sluice.url), `requests are answered after ${part} was killed`, 20_000)
    expect(sluice.run().ingress?.url).toBe(sluice.url)
  }
  expect(await rowsOf(data.path, "waits")).toMatchObject([{ channel: "demo-openai" }])
})

test("no connection is refused while the ingress is killed and started again, and one that comes meanwhile is answered", async () => {
  await using data = await temporaryDataDirectory()
  await using sluice = await startSluice(data.path)
  const killed = sluice.run().ingress?.pid ?? 0
  process.kill(killed, "SIGKILL")
  await until(() => !stillRunning(processesOf(sluice.run())).some(({ pid }) => pid === killed), "it is dead")
  const waiting = await Promise.all(
    Array.from({ length: 10 }, () => fetch(`${sluice.url}/healthz`, { headers: { connection: "close" } })),
  )
  expect(new Set(waiting.map(({ status }) => status))).toEqual(new Set([200]))
  expect([killed, undefined]).not.toContain(sluice.run().ingress?.pid)
}, 120_000)

test("a socket that a service manager passes is served in place of an address", async () => {
  await using data = await temporaryDataDirectory()
  const served = Effect.gen(function* () {
    const socket = yield* openSocket("127.0.0.1", 0)
    const line = ["-c", 'exec env LISTEN_PID=$$ LISTEN_FDS=1 "$0" "$@"', process.execPath, bin]
    const args = [...line, "up", "--data", data.path, "--port", "0"]
    yield* Effect.promise(async () => {
      const child = spawn("bash", args, { stdio: ["ignore", "pipe", "ignore", socket.fd] })
      const ended = once(child, "exit")
      const [ready] = await Promise.race([once(child.stdio[1] ?? child, "data"), ended])
      expect(String(ready)).toContain(`ready: http://127.0.0.1:${socket.port} `)
      expect(await answers(`http://127.0.0.1:${socket.port}`)).toBe(true)
      child.kill("SIGTERM")
      expect(await ended).toEqual([0, null])
    })
  })
  await Effect.runPromise(Effect.scoped(served))
}, 120_000)

test("what a killed start leaves behind ends by itself or is ended by the next one", async () => {
  await using data = await temporaryDataDirectory()
  const first = await startSluice(data.path)
  expect(await answers(first.url)).toBe(true)
  const left = processesOf(first.run())
  await first.stop("SIGKILL")
  await using second = await startSluice(data.path)
  expect(stillRunning(left)).toEqual([])
  expect(await answers(second.url)).toBe(true)
})

test("all parts of a killed start end within seconds without another one, and leave a log that is whole", async () => {
  await using data = await temporaryDataDirectory()
  const sluice = await startSluice(data.path)
  expect(await answers(sluice.url)).toBe(true)
  const known = processesOf(sluice.run())
  await sluice.stop("SIGKILL")
  await until(() => stillRunning(known).length === 0, "the parts have ended", 30_000)
  const verified = await runCommand(["verify", "--data", data.path])
  expect([verified.code, verified.stderr]).toEqual([0, ""])
})

/** Copies a directory that is in use, where tables are merged: false when a file was gone before it was read. */
const isCopied = (from: string, to: string): boolean => {
  try {
    cpSync(from, to, { recursive: true, preserveTimestamps: true })
    return true
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false
    throw error
  }
}

test("a start on a copy of a data directory leaves what runs on the original alone, and so do commands", async () => {
  await using data = await temporaryDataDirectory()
  await using copy = await temporaryDataDirectory()
  await using sluice = await startSluice(data.path)
  expect(await answers(sluice.url)).toBe(true)
  const known = processesOf(sluice.run())
  await until(() => isCopied(data.path, copy.path), "it is copied while no file in it is taken away")
  const { code, stderr } = await runCommand(["reset", "account/demo-openai-1", "--data", copy.path])
  expect([code, stderr]).toEqual([1, expect.stringContaining("nothing runs on the data directory")])
  await using other = await startSluice(copy.path)
  expect(await answers(other.url)).toBe(true)
  expect(stillRunning(known)).toEqual(known)
  expect(processesOf(sluice.run())).toEqual(known)
  expect(await answers(sluice.url)).toBe(true)
}, 120_000)

test("one Ctrl-C lets a stream end, a second one ends everything at once", async () => {
  await using data = await temporaryDataDirectory()
  await using patient = await startSluice(data.path)
  const lasting = (ms: number) => ({ "x-sim-chunks": "20", "x-sim-service-ms": String(ms) })
  const first = await askForCompletion(patient.url, { stream: true }, lasting(2_000))
  const finished = patient.stop("SIGINT")
  expect(await first.text()).toMatch(/data: \[DONE\]\n\n$/)
  expect(await finished).toMatchObject({ code: 0 })

  const hasty = await startSluice(data.path)
  const known = processesOf(hasty.run())
  const second = await askForCompletion(hasty.url, { stream: true }, lasting(100_000))
  const cut = second.text().catch(() => "cut")
  hasty.command.process.kill("SIGINT")
  await until(
    () =>
      fetch(`${hasty.url}/healthz`).then(
        () => false,
        () => true,
      ),
    "it takes no new connections",
  )
  hasty.command.process.kill("SIGINT")
  await once(hasty.command.process, "exit")
  expect(await cut).not.toMatch(/\[DONE\]/)
  expect(stillRunning(known)).toEqual([])
})
