import { seededRandom } from "@sluice/simulator/seeded-random.ts"
import { expect, test } from "vitest"
import { expectBooksToClose } from "../event-log/outage/books.ts"
import { passed, type Product, readiness } from "../event-log/outage/loaded-product.ts"
import { startLoad } from "../event-log/outage/steady-load.ts"
import { startProduct } from "../product.ts"
import { runCommand } from "../sluice-process.ts"
import { until } from "../until.ts"

/** `npm run test:chaos` takes a whole minute, in which a process stands still for 14 s. */
const chaosMs = Number(process.env["SLUICE_CHAOS_SECONDS"] ?? 12) * 1_000
const stillMs = Number(process.env["SLUICE_CHAOS_STILL_SECONDS"] ?? 2) * 1_000
const seed = Number(process.env["SLUICE_CHAOS_SEED"] ?? 7)
const limit = 6
const perSecond = 60

/** What can happen to a process; each ends with all of them running. */
const mishaps: Readonly<Record<string, (product: Product) => Promise<void>>> = {
  "nats-server is killed": async ({ nats }) => {
    await nats.kill()
    await passed(300)
    await nats.restart()
  },
  "nats-server stands still": async ({ nats }) => {
    await nats.freeze()
    await passed(stillMs)
    nats.thaw()
  },
  "the ingress is killed": async ({ running, restartIngress }) => {
    await running.ingress.kill()
    await restartIngress()
  },
  "the ingress is asked to end": async ({ running, restartIngress }) => {
    expect(await running.ingress.end()).toBe(0)
    await restartIngress()
  },
  "the ingress stands still": async ({ running }) => {
    running.ingress.freeze()
    await passed(stillMs)
    running.ingress.thaw()
  },
  "the projector is killed": async ({ running, restartProjector }) => {
    await running.projector.kill()
    await restartProjector()
  },
  "the projector is asked to end": async ({ running, restartProjector }) => {
    expect(await running.projector.end()).toBe(0)
    await restartProjector()
  },
  "the projector stands still": async ({ running }) => {
    running.projector.freeze()
    await passed(stillMs)
    running.projector.thaw()
  },
}

/** Lets each of them happen, in an order that the seed draws, again and again until the time is over. */
const wreakHavoc = async (product: Product): Promise<ReadonlyArray<string>> => {
  const random = seededRandom(seed, "mishaps")
  const happened: Array<string> = []
  const end = performance.now() + chaosMs
  let left: Array<string> = []
  while (performance.now() < end || left.length > 0) {
    if (left.length === 0) left = Object.keys(mishaps)
    const [name = ""] = left.splice(Math.floor(random() * left.length), 1)
    happened.push(name)
    await mishaps[name]?.(product)
    await until(async () => (await readiness(product)).ready, `it is ready again after: ${name}`, 60_000)
    await passed(300)
  }
  return happened
}

test("processes that are killed, asked to end or stand still under load, in any order, lose nothing and exceed nothing (L12, R3)", async () => {
  await using product = await startProduct({
    provider: { firstTokenMs: 20, tokensPerSecond: 400 },
    channel: { maxConcurrent: limit, queueSize: 1_000, abortLingerMs: 100 },
    settings: { restartQuarantineMs: 500 },
  })
  const load = startLoad(product.running.ingress.url, { perSecond })
  const happened = await wreakHavoc(product)
  const outcomes = await load.stop()
  expect(new Set(happened)).toEqual(new Set(Object.keys(mishaps)))
  expect(outcomes.filter(({ isWhole }) => isWhole).length).toBeGreaterThan(perSecond)
  expect(product.provider.stats().peakInFlight).toBeLessThanOrEqual(limit)
  await expectBooksToClose(product, outcomes)
  const { code, stdout } = await runCommand(["verify"], { NATS_URL: product.nats.url })
  expect([code, stdout]).toEqual([0, expect.stringContaining("facts")])
}, 400_000)
