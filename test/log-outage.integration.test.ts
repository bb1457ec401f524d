import { expect, test } from "vitest"
import { expectBooksToClose } from "./outage/books.ts"
import { type Outcome, startLoad } from "./outage/steady-load.ts"
import { startProduct } from "./product.ts"
import { until } from "./until.ts"

/** The full figure is 30 s at 500 a second: npm run test:spool. */
const perSecond = Number(process.env["SLUICE_OUTAGE_RATE"] ?? 100)
const outageMs = Number(process.env["SLUICE_OUTAGE_SECONDS"] ?? 3) * 1_000

type Product = Awaited<ReturnType<typeof startProduct>>

const start = (settings: Record<string, unknown>) =>
  startProduct({
    provider: { firstTokenMs: 20, tokensPerSecond: 400 },
    channel: { maxConcurrent: 200, queueSize: 500 },
    settings: { restartQuarantineMs: 200, ...settings },
  })

const passed = async (ms: number): Promise<void> => {
  const end = performance.now() + ms
  await until(() => performance.now() >= end, "the time has passed", 2 * ms + 1_000)
}

const readiness = async (product: Product) => {
  const answer = await fetch(`${product.running.ingress.url}/readyz`)
  return { status: answer.status, ...((await answer.json()) as { eventLog: string; spoolBytes: number }) }
}

const failed = (outcomes: ReadonlyArray<Outcome>) => outcomes.filter(({ isWhole }) => !isWhole)

/** Lets a load run over an outage of the log: a while before, all of it, and a while after. */
const loadOver = async (product: Product, outage: () => Promise<void>) => {
  const load = startLoad(product.running.ingress.url, { perSecond })
  await until(() => load.outcomes.length > perSecond / 2, "requests are answered")
  await outage()
  const before = load.outcomes.length
  await until(
    () => load.outcomes.length > before + perSecond,
    "requests are answered after the outage",
    60_000,
  )
  return load.stop()
}

test("a log that stands still is not noticed by any client, and afterwards the books close (L9)", async () => {
  await using product = await start({})
  const outcomes = await loadOver(product, async () => {
    await product.nats.freeze()
    await until(async () => (await readiness(product)).eventLog === "spooling", "it spools")
    expect(await readiness(product)).toMatchObject({ status: 200, ready: true })
    await passed(outageMs)
    product.nats.thaw()
    await until(async () => (await readiness(product)).eventLog === "connected", "it is drained", 60_000)
  })
  expect(failed(outcomes)).toEqual([])
  expect(outcomes.length).toBeGreaterThan((outageMs / 1_000) * perSecond)
  expect(product.running.ingress.said()).toMatch(/"level":40.*commits go to the spool/u)
  expect(product.running.ingress.said()).toMatch(/"level":30.*"facts":\d{2,}.*the spool is drained/u)
  await expectBooksToClose(product, outcomes)
}, 300_000)
