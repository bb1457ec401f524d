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
const decodeStats = Schema.decodeUnknownSync(StatsAnswer)

const started = new AsyncDisposableStack()
let provider: SimulatedProvider
let sluice: RunningSluice
let data: string

beforeAll(async () => {
  provider = started.use(
    await startSimulatedProvider({ serviceMs: 400, jitter: 0.2, concurrencyLimit: hidden }),
  )
  const place = started.use(await temporaryDataDirectory())
  data = place.path
  const file = join(data, "sluice.yaml")
  const channel = { id: "c", name: "Local", protocol: "openai", baseUrl: provider.url, models: ["demo-gpt"] }
  const maxConcurrent = { adaptive: { initial: 2, max: 20 } }
  const pools = [{ id: "p", models: ["demo-gpt"], tiers: [["c"]] }]
  await writeFile(file, stringify({ pools, channels: [{ ...channel, maxConcurrent }] }))
  sluice = await startSluice(data, { args: ["--config", file] })
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
  return decodeStats((await askOperation(url, { type: "adaptive_stats", limited: "c" })).value)
}

const rows = async (...command: ReadonlyArray<string>) => {
  const { stdout } = await runCommand(["query", ...command, "--wait", "head", "--json", "--data", data])
  return (JSON.parse(stdout) as { rows: ReadonlyArray<Record<string, unknown>> }).rows
}

test("a channel that needs no credential finds what its upstream accepts, and no client sees a rejection (F1, F5)", async () => {
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

test("the commands, the tables and the log tell the same of it (S6, F4, R3)", async () => {
  const known = await stats()
  const { adjustmentCount, concurrent429Count } = known
  expect(known).toMatchObject({ kind: "channel", adaptiveMode: true, last429Type: "concurrency" })
  expect(await adaptive("list", "--channels")).toMatchObject([
    { id: "c", name: "Local", channel: "c", isAdaptive: true, effectiveLimit: hidden, learnedLimit: hidden },
  ])
  expect(await adaptive("list")).toEqual([])
  expect(await adaptive("summary")).toMatchObject({ adaptiveCount: 1, concurrent429Count, adjustmentCount })
  const history = await rows("adjustments", "--actor", "channel/c")
  expect(history).toHaveLength(adjustmentCount)
  expect([history[0], history.at(-1)]).toMatchObject([{ to: hidden }, { from: 2 }])
  const near = await rows("near-limit", "--share", "0")
  expect(near).toMatchObject([{ actor: "channel/c", adaptive: true, concurrency: hidden }])
  const { code, stdout } = await runCommand(["verify", "--data", data])
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^holds +A2 /m)])
})

test("an operator makes it a number, lets it be learned again and forgets what was learned", async () => {
  const fixed = { id: "c", isAdaptive: false, maxConcurrent: 5, effectiveLimit: 5 }
  expect(await adaptive("mode", "c", "off", "--limit", "5")).toEqual(fixed)
  expect(await adaptive("mode", "channel/c", "on")).toMatchObject({ effectiveLimit: hidden })
  await adaptive("forget", "c")
  expect(await stats()).toMatchObject({ learnedLimit: 2, concurrent429Count: 0, recentAdjustments: [] })
  const refused = await runCommand(["adaptive", "limit", "c-default", "5", "--data", data])
  expect([refused.code, refused.stdout]).toEqual([1, ""])
  expect(refused.stderr).toMatch(/^sluice: channel\/c learns its limit, so account\/c-default cannot .*\n$/)
})
