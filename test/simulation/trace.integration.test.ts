import { once } from "node:events"
import { writeFile } from "node:fs/promises"
import { createServer } from "node:http"
import { join } from "node:path"
import type { TraceReport } from "@sluice/sluice/trace/report.ts"
import { afterAll, beforeAll, expect, test } from "vitest"
import { runCommand, type RunningSluice, startSluice, temporaryDataDirectory } from "../sluice-process.ts"

const recorded = join(import.meta.dirname, "../traces/azure-llm-2023-code.csv")
const started = new AsyncDisposableStack()
let sluice: RunningSluice

beforeAll(async () => {
  const data = started.use(await temporaryDataDirectory())
  sluice = started.use(await startSluice(data.path))
})

afterAll(() => started.disposeAsync())

const play = async (...args: ReadonlyArray<string>): Promise<TraceReport> => {
  const { stdout, stderr } = await runCommand([
    "trace",
    recorded,
    "--json",
    "--data",
    sluice.dataDirectory,
    ...args,
  ])
  expect(stderr).toBe("")
  return JSON.parse(stdout) as TraceReport
}

const sum = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((total, n) => total + n, 0)

test("recorded traffic goes through the proxy, and the tables tell what became of each request", async () => {
  const report = await play("--limit", "200", "--speed", "600")
  expect(Object.keys(report)).toEqual([
    "requests",
    "completed",
    "statuses",
    "codes",
    "upstream429",
    "upstreamPeak",
    "limit",
    "waitMs",
    "tokens",
    "costUsd",
    "lagFacts",
  ])
  expect(report).toMatchObject({ requests: 200, upstream429: 0, limit: 8, lagFacts: 0 })
  expect(sum(report.statuses)).toBe(200)
  expect(report.completed + sum(report.codes)).toBe(200)
  expect(report.upstreamPeak).toBeLessThanOrEqual(8)
  expect(report.waitMs.p50).toBeLessThanOrEqual(report.waitMs.p99)
})

test("a run counts its own requests alone, and tokens and cost are those of the trace where all are served", async () => {
  // The first five requests come within half a second, and the limit lets eight through at once.
  const report = await play("--limit", "5", "--speed", "1")
  expect(report).toMatchObject({ requests: 5, completed: 5, statuses: { 200: 5 }, codes: {} })
  expect(report.tokens).toEqual({ input: 4_808 + 3_180 + 110 + 7_433 + 34, output: 10 + 8 + 27 + 14 + 12 })
  expect(report.costUsd).toBeCloseTo((report.tokens.input + 4 * report.tokens.output) / 1e6, 9)
})

test("streams of the other protocol are played too, and the report can be read", async () => {
  const asAnthropic = ["--model", "demo-claude", "--protocol", "anthropic", "--streaming", "1"]
  const some = ["--limit", "20", "--speed", "60", "--data", sluice.dataDirectory]
  const { stdout } = await runCommand(["trace", recorded, ...some, ...asAnthropic])
  expect(stdout).toMatch(/ {2}requests +20\n/)
  expect(stdout).toMatch(/ {2}upstream peak +\d in flight, limit 6\n/)
})

test("what cannot be played is refused with one line", async () => {
  await using folder = await temporaryDataDirectory()
  const file = join(folder.path, "other.csv")
  await writeFile(file, "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,1,two\n")
  const here = ["--data", sluice.dataDirectory]
  const refusal = async (...args: ReadonlyArray<string>) => {
    const { code, stdout, stderr } = await runCommand(["trace", ...args])
    expect([code, stdout]).toEqual([1, ""])
    return stderr
  }
  expect(await refusal(file, ...here)).toMatch(/^sluice: \S+other\.csv:2 GeneratedTokens: "two" is not .*\n$/)
  expect(await refusal("/nowhere.csv", ...here)).toBe("sluice: /nowhere.csv does not exist\n")
  expect(await refusal(recorded, "--data", folder.path)).toMatch(/^sluice: nothing runs on .*\n$/)
  expect(await refusal(recorded, "--model", "gpt-9", ...here)).toMatch(
    /^sluice: nothing in .* serves gpt-9 .*\n$/,
  )
})

test("a provider that is not simulated is not asked for anything", async () => {
  await using data = await temporaryDataDirectory()
  const asked: Array<string> = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.end("{}")
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  const port = typeof address === "object" ? address?.port : 0
  const file = join(data.path, "sluice.yaml")
  await writeFile(
    file,
    `pools: [{ id: p, models: [m], tiers: [[real]] }]
channels: [{ id: real, protocol: openai, baseUrl: "http://127.0.0.1:${port}", models: [m] }]
`,
  )
  await using other = await startSluice(data.path, { args: ["--config", file] })
  const { code, stderr } = await runCommand([
    "trace",
    recorded,
    "--model",
    "m",
    "--data",
    other.dataDirectory,
  ])
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/^sluice: channel real at .* is no simulated provider: .*\n$/),
  ])
  expect(asked).toEqual(["GET /__stats"])
  server.close()
})
