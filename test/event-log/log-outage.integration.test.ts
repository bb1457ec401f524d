import { stat } from "node:fs/promises"
import { join } from "node:path"
import { openJetStreamLog } from "@sluice/infra/event-log/jetstream/jetstream-log.ts"
import { expect, test } from "vitest"
import { until } from "../until.ts"
import { expectBooksToClose } from "./outage/books.ts"
import {
  failures,
  loadOver,
  outageMs,
  passed,
  perSecond,
  readiness,
  startForOutages,
  untilLogIs,
} from "./outage/loaded-product.ts"

test("a log that stands still is not noticed by any client, and afterwards the books close (L9)", async () => {
  await using product = await startForOutages({})
  const outcomes = await loadOver(product, async () => {
    await product.nats.freeze()
    await untilLogIs(product, "spooling")
    expect(await readiness(product)).toMatchObject({ status: 200, ready: true })
    await passed(outageMs)
    product.nats.thaw()
    await untilLogIs(product, "connected")
  })
  expect(failures(outcomes)).toEqual({})
  expect(outcomes.length).toBeGreaterThan((outageMs / 1_000) * perSecond)
  expect(product.running.ingress.said()).toMatch(/"level":40.*commits go to the spool/u)
  expect(product.running.ingress.said()).toMatch(/"level":30.*"facts":\d{2,}.*the spool is drained/u)
  await expectBooksToClose(product, outcomes)
}, 300_000)

test("a log that is killed and started again is not noticed either (L9)", async () => {
  await using product = await startForOutages({})
  const outcomes = await loadOver(product, async () => {
    await product.nats.kill()
    await untilLogIs(product, "spooling")
    await passed(outageMs)
    await product.nats.restart()
    await untilLogIs(product, "connected")
  })
  expect(failures(outcomes)).toEqual({})
  expect(outcomes.length).toBeGreaterThan((outageMs / 1_000) * perSecond)
  await expectBooksToClose(product, outcomes)
}, 300_000)

test("an ingress that is killed while it spools, and while it drains, loses nothing that a client saw (L9, D3)", async () => {
  await using product = await startForOutages({})
  const outcomes = await loadOver(product, async () => {
    await product.nats.kill()
    await untilLogIs(product, "spooling")
    await passed(outageMs / 2)
    await product.running.ingress.kill()
    await product.nats.restart()
    await product.restartIngress()
    await untilLogIs(product, "connected")
    const log = await openJetStreamLog({ url: product.nats.url })
    const head = await log.head()
    await product.nats.freeze()
    await untilLogIs(product, "spooling")
    await passed(outageMs / 2)
    product.nats.thaw()
    // So many come from the spool, and from nowhere else.
    await until(async () => (await log.head()) > head + 20, "it drains")
    await product.running.ingress.kill()
    await log.close()
    await product.restartIngress()
    await untilLogIs(product, "connected")
  })
  // Only those break that were under way when their process was killed, or came while there was none.
  expect(Object.keys(failures(outcomes)).filter((how) => !how.endsWith(" cut"))).toEqual([])
  await expectBooksToClose(product, outcomes)
}, 300_000)

test("an ingress that is asked to end while it spools ends in time, and the next one drains what it kept (L9, L10)", async () => {
  await using product = await startForOutages({})
  const outcomes = await loadOver(product, async (load) => {
    await product.nats.freeze()
    await untilLogIs(product, "spooling")
    await passed(outageMs / 4)
    const before = load.outcomes.length
    expect(await product.running.ingress.end()).toBe(0)
    expect((await stat(join(product.directory, "spool", "commits"))).size).toBeGreaterThan(0)
    expect(failures(load.outcomes.slice(0, before))).toEqual({})
    product.nats.thaw()
    await product.restartIngress()
    await untilLogIs(product, "connected")
    expect(product.running.ingress.said()).toMatch(/"level":30.*the spool is drained/u)
    expect(product.running.ingress.said()).not.toContain("did not end cleanly")
  })
  await expectBooksToClose(product, outcomes)
}, 300_000)
