import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { startSimulatedProvider } from "@sluice/simulator/provider.ts"
import { expect, test } from "vitest"
import { stringify } from "yaml"
import { askForCompletion, startSluice, temporaryDataDirectory } from "./sluice-process.ts"

/** How long each hidden limit holds; `npm run test:adaptive` takes the whole 120 s. */
const stepMs = Number(process.env["SLUICE_ADAPTIVE_STEP_SECONDS"] ?? 10) * 1_000
const serviceMs = 250
const steps = [8, 3, 12] as const
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
  await using provider = await startSimulatedProvider({ serviceMs, jitter: 0.2, concurrencyLimit: steps[0] })
  await using place = await temporaryDataDirectory()
  const file = join(place.path, "sluice.yaml")
  await writeFile(file, stringify(configurationAt(provider.url)))
  await using sluice = await startSluice(place.path, {
    args: ["--config", file],
    environment: { SLUICE_TEST_KEY: "sk-test" },
  })
  const statuses = new Map<number, number>()
  let isOver = false
  const press = async (): Promise<void> => {
    while (!isOver) {
      const answer = await askForCompletion(sluice.url)
      await answer.text()
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
    }
  }
  const pressing = Array.from({ length: clients }, press)
  for (const concurrencyLimit of steps) {
    provider.configure({ concurrencyLimit })
    await passed(stepMs)
  }
  const { completed, rejected } = provider.stats()
  isOver = true
  await Promise.all(pressing)
  const possible = (steps.reduce((sum, step) => sum + step, 0) * stepMs) / serviceMs
  const attempts = completed + rejected.concurrency
  const figures = {
    statuses: [...statuses.keys()],
    usePercent: Math.round((completed / possible) * 100),
    rejectedPer1000: Math.round((rejected.concurrency / attempts) * 1_000),
  }
  if (stepMs >= 60_000) process.stdout.write(`${JSON.stringify(figures)}\n`)
  expect(figures.statuses).toEqual([200])
  expect(figures.usePercent).toBeGreaterThanOrEqual(stepMs >= 60_000 ? 80 : 65)
  expect(figures.rejectedPer1000).toBeLessThanOrEqual(stepMs >= 60_000 ? 20 : 40)
}, 420_000)
