import { type ProductSetup, startProduct } from "../../product.ts"
import { until } from "../../until.ts"
import { type Outcome, startLoad, type SteadyLoad } from "./steady-load.ts"

/** The full figure is 30 s at 500 requests a second: `npm run test:spool`. */
export const perSecond = Number(process.env["SLUICE_OUTAGE_RATE"] ?? 100)

/** How long an outage lasts. */
export const outageMs = Number(process.env["SLUICE_OUTAGE_SECONDS"] ?? 2) * 1_000

/** A product for outages, which nothing but its log holds up. */
export type Product = Awaited<ReturnType<typeof startProduct>>

/** Starts one. */
export const startForOutages = (
  settings: Record<string, unknown>,
  more: ProductSetup = {},
): Promise<Product> =>
  startProduct({
    provider: { firstTokenMs: 20, tokensPerSecond: 400 },
    channel: { maxConcurrent: 1_000, queueSize: 1_000 },
    settings: { restartQuarantineMs: 200, ...settings },
    ...more,
  })

/** Lets a time pass, in which the load goes on. */
export const passed = async (ms: number): Promise<void> => {
  const end = performance.now() + ms
  await until(() => performance.now() >= end, "the time has passed", ms + 10_000)
}

/** What the ingress says of itself. */
export const readiness = async (product: Product) => {
  const answer = await fetch(`${product.running.ingress.url}/readyz`)
  const body = (await answer.json()) as { ready: boolean; eventLog: string; spoolBytes: number }
  return { status: answer.status, ...body }
}

/** Waits until the ingress says that its log is in a state. */
export const untilLogIs = (
  product: Product,
  state: "connected" | "spooling" | "unreachable",
): Promise<void> =>
  until(async () => (await readiness(product)).eventLog === state, `the log is ${state}`, 60_000)

/** Lets a load run over an outage: a while before, all of it, and a while after. */
export const loadOver = async (
  product: Product,
  outage: (load: SteadyLoad) => Promise<void>,
): Promise<ReadonlyArray<Outcome>> => {
  const load = startLoad(product.running.ingress.url, { perSecond })
  const more = (count: number) => {
    const before = load.outcomes.length
    return until(() => load.outcomes.length > before + count, "requests are answered", 60_000)
  }
  await more(perSecond / 2)
  await outage(load)
  await more(perSecond)
  return load.stop()
}

/** Counts how those ended of which a client did not see the whole answer: by status and code, such as `503 event_log_unavailable`. */
export const failures = (outcomes: ReadonlyArray<Outcome>): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const { isWhole, status, code } of outcomes) {
    const how = `${status} ${code === "" ? "cut" : code}`
    if (!isWhole) counts[how] = (counts[how] ?? 0) + 1
  }
  return counts
}
