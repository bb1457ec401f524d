import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { startSimulatedProvider } from "@sluice/simulator/provider.ts"
import { expect, onTestFailed, test } from "vitest"
import { stringify } from "yaml"
import { askForCompletion, startSluice, temporaryDataDirectory } from "../sluice-process.ts"

/** How long each hidden limit holds where it is asked for, as by `npm run test:adaptive`. Units: seconds. */
const stepSeconds = process.env["SLUICE_ADAPTIVE_STEP_SECONDS"]

/**
 * The hidden limits, and how many seconds each holds.
 *
 * A rejected test doubles the time until the next one, from 5 s on: a limit that rises just then is found up to 10 s later, so the last step is long enough for the slowest
 * of them. Of 1,000 such runs in virtual time the least used 77 % of what was possible; who never went up from 3 again would use 38 %.
 */
const steps = [
  { limit: 8, seconds: Number(stepSeconds ?? 8) },
  { limit: 3, seconds: Number(stepSeconds ?? 4) },
  { limit: 12, seconds: Number(stepSeconds ?? 30) },
] as const

/** What a run is held to. */
const bars =
  stepSeconds === undefined
    ? { usePercent: 65, rejectedPer1000: 40 }
    : { usePercent: 80, rejectedPer1000: 20 }
const serviceMs = 250
const clients = 32

const configurationAt = (baseUrl: string) => ({
  pools: [{ id: "p", models: ["demo-gpt"], tiers: [["c"]] }],
  channels: [
    {
      id: "c",
      protocol: "openai",
      baseUrl,
      models: ["demo-gpt"],
      accounts: [{ id: "a", credential: "env:SLUICE_TEST_KEY", concurrency: "adaptive" }],
    },
  ],
})

/** Lets the pressure go on for a while: this is the length of the load, not a wait for something. */
const passed = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

test("under constant pressure a limit that steps 8, 3, 12 is followed: no client sees a 429, and the provider is used (F9)", async () => {
  await using provider = await startSimulatedProvider({
    serviceMs,
    jitter: 0.2,
    concurrencyLimit: steps[0].limit,
  })
  await using place = await temporaryDataDirectory()
  const file = join(place.path, "sluice.yaml")
  await writeFile(file, stringify(configurationAt(provider.url)))
  await using sluice = await startSluice(place.path, {
    args: ["--config", file],
    environment: { SLUICE_TEST_KEY: "sk-test" },
  })
  const statuses = new Set<number>()
  let isOver = false
  const press = async (): Promise<void> => {
    while (!isOver) {
      const answer = await askForCompletion(sluice.url)
      await answer.text()
      statuses.add(answer.status)
    }
  }
  const pressing = Array.from({ length: clients }, press)
  for (const { limit, seconds } of steps) {
    provider.configure({ concurrencyLimit: limit })
    await passed(seconds * 1_000)
  }
  const { completed, rejected } = provider.stats()
  isOver = true
  await Promise.all(pressing)
  const possible = steps.reduce((sum, { limit, seconds }) => sum + (limit * seconds * 1_000) / serviceMs, 0)
  const attempts = completed + rejected.concurrency
  const figures = {
    statuses: [...statuses],
    usePercent: Math.round((completed / possible) * 100),
    rejectedPer1000: Math.round((rejected.concurrency / attempts) * 1_000),
  }
  const tell = () => void process.stdout.write(`${JSON.stringify(figures)}\n`)
  if (stepSeconds === undefined) onTestFailed(tell)
  else tell()
  expect(figures.statuses).toEqual([200])
  expect(figures.usePercent).toBeGreaterThanOrEqual(bars.usePercent)
  expect(figures.rejectedPer1000).toBeLessThanOrEqual(bars.rejectedPer1000)
}, 420_000)
