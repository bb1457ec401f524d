import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { StatsAnswer } from "@sluice/infra/operations/adaptive-answer.ts"
import { askOperation } from "@sluice/infra/operations/operations.ts"
import { type SimulatedProvider, startSimulatedProvider } from "@sluice/simulator/provider.ts"
import { Schema } from "effect"
import { afterAll, beforeAll, expect, test } from "vitest"
import { stringify } from "yaml"
import {
  askForCompletion,
  logUrlOf,
  runCommand,
  type RunningSluice,
  startSluice,
  temporaryDataDirectory,
} from "../sluice-process.ts"
import { until } from "../until.ts"

/** What the provider accepts and does not tell. */
const hidden = 3
const environment = { SLUICE_TEST_KEY: "sk-test" }
const decodeStats = Schema.decodeUnknownSync(StatsAnswer)

const started = new AsyncDisposableStack()
let provider: SimulatedProvider
let sluice: RunningSluice
let data: string
let args: ReadonlyArray<string>

const configurationAt = (baseUrl: string) => ({
  pools: [
    { id: "p", models: ["demo-gpt"], tiers: [["c"]] },
    { id: "q", models: ["other"], tiers: [["d"]] },
  ],
  channels: [
    { id: "c", accounts: [{ id: "a", name: "Team", concurrency: { adaptive: { initial: 2, max: 20 } } }] },
    { id: "d", accounts: [{ id: "b", concurrency: 4 }] },
  ].map(({ id, accounts }) => ({
    id,
    protocol: "openai",
    baseUrl,
    models: [id === "c" ? "demo-gpt" : "other"],
    accounts: accounts.map((account) => ({ ...account, credential: "env:SLUICE_TEST_KEY" })),
  })),
})

beforeAll(async () => {
  provider = started.use(
    await startSimulatedProvider({ serviceMs: 400, jitter: 0.2, concurrencyLimit: hidden }),
  )
  const place = started.use(await temporaryDataDirectory())
  data = place.path
  const file = join(data, "sluice.yaml")
  await writeFile(file, stringify(configurationAt(provider.url)))
  args = ["--config", file]
  sluice = await startSluice(data, { args, environment })
  started.defer(() => sluice[Symbol.asyncDispose]())
})

afterAll(() => started.disposeAsync())

/** Runs a command of those about learned limits, for a program. */
const adaptive = async (...command: ReadonlyArray<string>): Promise<unknown> => {
  const { code, stdout, stderr } = await runCommand(["adaptive", ...command, "--json", "--data", data])
  if (code !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

const stats = async (): Promise<StatsAnswer> => {
  const url = logUrlOf(sluice, "operator")
  return decodeStats((await askOperation(url, { type: "adaptive_stats", limited: "a" })).value)
}

const rows = async (...command: ReadonlyArray<string>) => {
  const { stdout } = await runCommand(["query", ...command, "--wait", "head", "--json", "--data", data])
  return (JSON.parse(stdout) as { rows: ReadonlyArray<Record<string, unknown>> }).rows
}

const listed = {
  id: "a",
  name: "Team",
  channel: "c",
  isAdaptive: true,
  maxConcurrent: null,
  effectiveLimit: hidden,
  learnedLimit: hidden,
  rpm429Count: 0,
}

test("an account finds what its provider accepts, and no client sees a rejection (F1, F5)", async () => {
  await until(
    async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => askForCompletion(sluice.url)))
      await Promise.all(answers.map((answer) => answer.text()))
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
      const { learnedLimit, concurrent429Count } = await stats()
      return learnedLimit === hidden && concurrent429Count > 0
    },
    "the limit was found",
    30_000,
  )
})

test("list, stats and summary tell the same of it, and the log holds every adjustment (S6, F4)", async () => {
  expect(await adaptive("list")).toMatchObject([listed])
  expect(await adaptive("list", "--channel", "d")).toEqual([])
  const known = decodeStats(await adaptive("stats", "a"))
  expect(known).toMatchObject({ adaptiveMode: true, learnedLimit: hidden, last429Type: "concurrency" })
  const { adjustmentCount, concurrent429Count } = known
  const summed = { adaptiveCount: 1, concurrent429Count, rpm429Count: 0, adjustmentCount }
  expect(await adaptive("summary")).toMatchObject(summed)
  const history = await rows("adjustments", "--actor", "account/a")
  expect(history).toHaveLength(adjustmentCount)
  expect(history[0]).toMatchObject({ to: hidden, by: "" })
  expect(history.at(-1)).toMatchObject({ from: 2 })
  expect(await rows("adjustments", "--last", "1")).toEqual(history.slice(0, 1))
  const near = await rows("near-limit", "--share", "0")
  expect(near.find(({ actor }) => actor === "account/a")).toMatchObject({
    adaptive: true,
    concurrency: hidden,
  })
})

test("for people they are tables of at most 100 columns", async () => {
  const shown = [
    ["adaptive", "list"],
    ["adaptive", "stats", "a"],
    ["adaptive", "summary"],
    ["query", "adjustments"],
  ]
  for (const command of shown) {
    const { code, stdout } = await runCommand([...command, "--data", data])
    expect(code).toBe(0)
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100)
  }
})

test("a restart goes on with what was learned (F4)", async () => {
  const { adjustmentCount } = await stats()
  expect((await sluice.stop("SIGTERM")).code).toBe(0)
  sluice = await startSluice(data, { args, environment })
  expect(await stats()).toMatchObject({ adjustmentCount, learnedLimit: hidden, effectiveLimit: hidden })
})

test("an operator makes it a number and lets it be learned again: what was learned is kept until it is forgotten", async () => {
  const fixed = (limit: number) => ({
    id: "a",
    isAdaptive: false,
    maxConcurrent: limit,
    effectiveLimit: limit,
  })
  const learned = { id: "a", isAdaptive: true, maxConcurrent: null }
  expect(await adaptive("mode", "a", "off", "--limit", "5")).toEqual(fixed(5))
  expect(await adaptive("list")).toEqual([])
  expect(await stats()).toMatchObject({ adaptiveMode: false, maxConcurrent: 5, learnedLimit: hidden })
  expect(await adaptive("limit", "a", "7")).toEqual({ ...fixed(7), previousMode: "fixed" })
  expect(await adaptive("mode", "a", "on")).toEqual({ ...learned, effectiveLimit: hidden })
  expect(await adaptive("limit", "a", "9")).toEqual({ ...fixed(9), previousMode: "adaptive" })
  await adaptive("mode", "a", "on")
  const { adjustmentCount } = await stats()
  expect(await adaptive("forget", "a")).toMatchObject({ id: "a" })
  expect(await stats()).toMatchObject({
    adjustmentCount,
    learnedLimit: 2,
    concurrent429Count: 0,
    last429At: null,
    recentAdjustments: [],
  })
  const [forgotten, ...changes] = await rows("adjustments", "--actor", "account/a", "--last", "6")
  expect(forgotten).toMatchObject({ reason: "learning_reset", from: hidden, to: 2, by: "api:command-line" })
  expect(changes.map(({ reason, mode, to }) => [reason, mode, to])).toEqual([
    ["mode", "adaptive", hidden],
    ["mode", "fixed", 9],
    ["mode", "adaptive", hidden],
    ["mode", "fixed", 7],
    ["mode", "fixed", 5],
  ])
})

test.each([
  [["mode", "a", "off"], /^sluice: off needs --limit N.*\n$/],
  [
    ["mode", "a", "off", "--limit", "0"],
    /^sluice: "0" is no limit: expected a whole number from 1 to 1000\n$/,
  ],
  [["mode", "a", "on", "--limit", "1001"], /^sluice: "1001" is no limit.*\n$/],
  [["limit", "a", "1.5"], /^sluice: "1.5" is no limit.*\n$/],
  [["limit", "nobody", "5"], /^sluice: there is no account\/nobody and no channel\/nobody\n$/],
  [["stats", "nobody"], /^sluice: there is no account\/nobody and no channel\/nobody\n$/],
  [["forget", "nobody"], /^sluice: there is no account\/nobody and no channel\/nobody\n$/],
  [["forget", "channel/nobody"], /^sluice: there is no channel\/nobody\n$/],
  [["list", "--channel", "nowhere"], /^sluice: there is no channel\/nowhere\n$/],
])("%s is refused in one line", async (command, line) => {
  const { code, stdout, stderr } = await runCommand(["adaptive", ...command, "--data", data])
  expect([code, stdout]).toEqual([1, ""])
  expect(stderr).toMatch(line)
})
