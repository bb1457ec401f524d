import { expect, test } from "vitest"
import { until } from "../until.ts"
import { expectBooksToClose } from "./outage/books.ts"
import {
  failures,
  loadOver,
  passed,
  readiness,
  startForOutages,
  untilLogIs,
} from "./outage/loaded-product.ts"

test.each([
  { where: "with the embedded log", settings: { onLogUnavailable: "refuse" }, isLogElsewhere: false },
  { where: "with a log elsewhere", settings: { onLogUnavailable: "spool" }, isLogElsewhere: true },
])(
  "where nothing is spooled ($where) new requests are refused at once, and those that run wait (L9)",
  async ({ settings, isLogElsewhere }) => {
    await using product = await startForOutages(settings, { isLogElsewhere })
    let from = Infinity
    let to = Infinity
    const outcomes = await loadOver(product, async () => {
      await product.nats.freeze()
      await untilLogIs(product, "unreachable")
      expect(await readiness(product)).toMatchObject({ status: 503, ready: false })
      from = performance.now()
      await passed(1_500)
      to = performance.now()
      product.nats.thaw()
      await untilLogIs(product, "connected")
    })
    const during = outcomes.filter(({ sentAt, tookMs }) => sentAt >= from && sentAt + tookMs < to)
    expect(during.length).toBeGreaterThan(50)
    expect(failures(during)).toEqual({ "503 event_log_unavailable": during.length })
    expect(during.every(({ tookMs }) => tookMs < 1_000)).toBe(true)
    expect(Object.keys(failures(outcomes))).toEqual(["503 event_log_unavailable"])
    expect(product.running.ingress.said().includes("spool works with the embedded log only")).toBe(
      isLogElsewhere,
    )
    await expectBooksToClose(product, outcomes)
  },
  120_000,
)

test("from half of the spool on nothing new is admitted, and what runs ends well (L9)", async () => {
  await using product = await startForOutages({ spoolLimitBytes: 400_000 })
  const outcomes = await loadOver(product, async () => {
    await product.nats.freeze()
    await untilLogIs(product, "spooling")
    await until(async () => !(await readiness(product)).ready, "half of the spool is used", 20_000)
    expect((await readiness(product)).spoolBytes).toBeGreaterThanOrEqual(200_000)
    await passed(500)
    expect((await readiness(product)).spoolBytes).toBeLessThan(400_000)
    product.nats.thaw()
    await untilLogIs(product, "connected")
  })
  const { "503 event_log_unavailable": refused = 0, ...others } = failures(outcomes)
  expect(refused).toBeGreaterThan(20)
  expect(others).toEqual({})
  await expectBooksToClose(product, outcomes)
}, 120_000)

test("with nowhere to store their ends, answers are cut before them, and are stored when there is (L9, E3)", async () => {
  await using product = await startForOutages({ spoolLimitBytes: 1 })
  const streams = Array.from({ length: 6 }, () =>
    product.complete({ "x-sim-chunks": "10", "x-sim-service-ms": "1500" }, { stream: true }),
  )
  const answers = await Promise.all(streams)
  await product.nats.freeze()
  const texts = await Promise.all(answers.map((answer) => answer.text()))
  for (const text of texts) {
    expect(text).toContain("event_log_unavailable")
    expect(text).not.toContain("[DONE]")
  }
  const refused = await product.complete()
  expect([refused.status, await refused.text()]).toEqual([
    503,
    expect.stringContaining("event_log_unavailable"),
  ])
  expect(await readiness(product)).toMatchObject({ status: 503, ready: false })
  product.nats.thaw()
  await until(async () => (await readiness(product)).ready, "something can be stored again")
  await until(async () => (await product.complete()).ok, "requests are answered")
  await expectBooksToClose(product, [])
}, 120_000)
