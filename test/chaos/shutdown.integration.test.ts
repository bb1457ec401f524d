import { expect, test } from "vitest"
import { expectBooksToClose, storedIn } from "../event-log/outage/books.ts"
import { passed, startForOutages, untilLogIs } from "../event-log/outage/loaded-product.ts"
import { startProduct } from "../product.ts"
import { until } from "../until.ts"

const codeOf = async (answer: Response): Promise<string> => {
  const text = await answer.text().catch(() => "")
  if (text.endsWith("data: [DONE]\n\n")) return "ok"
  return /"code":"(\w+)"/u.exec(text)?.[1] ?? "cut"
}

/** How many requests stand in a queue, as the log has it. */
const queued = async (product: Awaited<ReturnType<typeof startProduct>>): Promise<number> => {
  const facts = (await storedIn(product.nats.url)).flatMap(({ commit }) => commit.facts)
  return facts.filter(({ type }) => type === "channel.queued").length
}

const lasting = (ms: number) => ({
  "x-sim-chunks": String(Math.ceil(ms / 50)),
  "x-sim-service-ms": String(ms),
})

test("a stop refuses who waits, lets end what is in time, ends the rest with an error, and stores everything (L10)", async () => {
  await using product = await startProduct({
    channel: { maxConcurrent: 3, queueSize: 10 },
    settings: { shutdownGraceMs: 6_000 },
  })
  const stream = (ms: number) => product.complete(lasting(ms), { stream: true })
  const inTime = await Promise.all([stream(3_000), stream(4_000)])
  const outliving = await stream(60_000)
  const waiting = [stream(10), stream(10)]
  const acquired = async () => product.provider.stats().inFlight === 3
  await until(acquired, "three are in flight")
  await until(async () => (await queued(product)) === 2, "two wait")
  const begun = performance.now()
  const ended = product.running.ingress.end()
  for (const answer of await Promise.all(waiting)) {
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"])
    expect(await codeOf(answer)).toBe("shutting_down")
  }
  expect(performance.now() - begun).toBeLessThan(2_000)
  await expect(product.complete()).rejects.toThrow("fetch failed")
  expect(await Promise.all(inTime.map(codeOf))).toEqual(["ok", "ok"])
  expect(await codeOf(outliving)).toBe("shutting_down")
  expect(await ended).toBe(0)
  expect(performance.now() - begun).toBeLessThan(15_000)
  await product.restartIngress()
  expect(product.running.ingress.said()).not.toContain("did not end cleanly")
  await expectBooksToClose(product, [])
  expect(product.provider.stats().inFlight).toBe(0)
}, 120_000)

test("a stop comes to its end where nothing can be stored, and says so (L10)", async () => {
  await using product = await startForOutages({ onLogUnavailable: "refuse", shutdownGraceMs: 300 })
  expect((await product.complete()).status).toBe(200)
  const stream = await product.complete(lasting(500), { stream: true })
  await product.nats.freeze()
  await until(async () => product.provider.stats().inFlight === 0, "the upstream has ended")
  await untilLogIs(product, "unreachable")
  await passed(100)
  const ended = product.running.ingress.end()
  expect(await codeOf(stream)).toBe("cut")
  expect(await ended).toBe(1)
  expect(product.running.ingress.said()).toContain("is not stored")
  product.nats.thaw()
  await product.restartIngress()
  await until(async () => (await product.complete()).ok, "requests are answered")
  await expectBooksToClose(product, [])
}, 120_000)
