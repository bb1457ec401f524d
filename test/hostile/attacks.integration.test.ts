import { afterAll, beforeAll, expect, test } from "vitest"
import { type Outcome, startLoad } from "../event-log/outage/steady-load.ts"
import { runCommand } from "../sluice-process.ts"
import { until } from "../until.ts"
import { type AttackedProduct, startAttackedProduct } from "./attacked-product.ts"
import { type Answered, attacks, isFull } from "./attacks.ts"
import type { Memory } from "./process-memory.ts"

/** How long the process rests before its memory is judged; the short run takes the first good figure in that time. */
const restMs = Number(process.env["SLUICE_HOSTILE_REST_SECONDS"] ?? 30) * 1_000
const perSecond = 20
const quietMs = isFull ? 10_000 : 2_000
const growth = 1.2
/** A short rest leaves pages with the allocator that a long one gives back, so the short run allows so much beside the growth. */
const shortRestBytes = isFull ? 0 : 96 * 1024 * 1024
/** A machine that does other work too makes latencies of its own, so the short run does not judge them. */
const leastP99Ms = isFull ? 100 : Infinity

const started = new AsyncDisposableStack()
let product: AttackedProduct
let before: Memory
let quietP99Ms: number

const p99Of = (outcomes: ReadonlyArray<Outcome>): number => {
  const sorted = outcomes.map(({ tookMs }) => tookMs).toSorted((one, other) => one - other)
  return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0
}

/** Lets the quiet client ask while something happens, and gives what became of that. */
const quietWhile = async (happens: () => Promise<unknown>): Promise<ReadonlyArray<Outcome>> => {
  const load = startLoad(product.url, { perSecond, headers: product.quiet })
  await happens()
  return load.stop()
}

const expectWell = (outcomes: ReadonlyArray<Outcome>): void => {
  expect(outcomes.filter(({ isWhole }) => !isWhole)).toEqual([])
}

const expectMemoryBack = async (): Promise<void> => {
  let after = before
  const isBack = async () => {
    after = await product.memory.read()
    return after.heap < before.heap * growth && after.rss < before.rss * growth + shortRestBytes
  }
  if (isFull) await product.passed(restMs)
  await until(isBack, "the memory is back", isFull ? 1_000 : restMs).catch((error: unknown) => {
    throw new Error(`the memory is not back: ${JSON.stringify({ before, after })}`, { cause: error })
  })
}

beforeAll(async () => {
  product = started.use(await startAttackedProduct())
  // What code, caches and the allocator keep is there before it is measured.
  expectWell(await quietWhile(() => product.passed(quietMs)))
  await product.attack()
  const quiet = await quietWhile(() => product.passed(quietMs))
  expectWell(quiet)
  quietP99Ms = p99Of(quiet)
  before = await product.memory.read()
}, 120_000)

afterAll(() => started.disposeAsync())

test.each(Object.entries(attacks))(
  "%s, and nobody else is harmed",
  async (name, { bars }) => {
    let answers: ReadonlyArray<Answered> = []
    const outcomes = await quietWhile(async () => {
      answers = await product.attack(name)
    })
    const p99Ms = p99Of(outcomes)
    if (isFull)
      console.log(`${name}: ${JSON.stringify({ quietP99Ms, p99Ms, ...(await product.memory.read()) })}`)
    expectWell(outcomes)
    const { codes = /^(?!internal_error$)/u, tookMs = Infinity } = bars
    expect(answers.filter(({ status, code }) => status === 500 || !codes.test(code))).toEqual([])
    expect(answers.filter((answer) => answer.tookMs > tookMs)).toEqual([])
    expect(p99Ms).toBeLessThan(Math.max(3 * quietP99Ms, leastP99Ms))
    expect(await product.asker.ask({ type: "stopped" })).toMatchObject({ ok: true, value: [] })
    await expectMemoryBack()
  },
  400_000,
)

test("after all attacks the log holds what the actors hold, and no rule is broken", async () => {
  const { code, stdout, stderr } = await runCommand(["verify"], { NATS_URL: product.natsUrl })
  expect([code, stderr, stdout]).toEqual([0, "", expect.stringContaining("facts")])
}, 120_000)
