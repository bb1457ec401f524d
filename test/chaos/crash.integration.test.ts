import { decodeCommit, type Fact } from "@sluice/events/commit.ts"
import { openJetStreamLog } from "@sluice/infra/event-log/jetstream/jetstream-log.ts"
import { expect, it } from "vitest"
import { startProduct } from "../product.ts"
import { until } from "../until.ts"

/** `npm run test:chaos` kills it 20 times. */
const kills = Number(process.env["SLUICE_KILLS"] ?? 8)
const clients = 24
const limit = 8

/** A client that asks again and again until it is told to stop, and notes the requests whose end it saw. */
const keepAsking = async (product: Awaited<ReturnType<typeof startProduct>>, isOver: () => boolean) => {
  const seen: Array<string> = []
  while (!isOver()) {
    try {
      const answer = await product.complete({}, { stream: true, max_tokens: 8 })
      const text = await answer.text()
      if (text.includes("[DONE]")) seen.push(answer.headers.get("x-sluice-request-id") ?? "")
    } catch (error) {
      // The process that served it was killed: that is what this test does.
      if (!(error instanceof TypeError)) throw error
      await until(() => isOver() || isUp(product), "the ingress is back", 20_000)
    }
  }
  return seen
}

const isUp = (product: Awaited<ReturnType<typeof startProduct>>) =>
  fetch(`${product.running.ingress.url}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  )

const factsOf = async (natsUrl: string): Promise<ReadonlyArray<Fact>> => {
  const log = await openJetStreamLog({ url: natsUrl })
  const facts: Array<Fact> = []
  for await (const { body } of log.read({ afterSequence: 0 })) facts.push(...decodeCommit(body).facts)
  await log.close()
  return facts
}

it(`L12: ${kills} kills of the ingress under load leave no lease, lose no usage, count none twice, and exceed no limit`, async () => {
  await using product = await startProduct({
    provider: { firstTokenMs: 20, tokensPerSecond: 400 },
    channel: { maxConcurrent: limit, queueSize: 100 },
    settings: { restartQuarantineMs: 200 },
  })
  let isOver = false
  const asking = Promise.all(Array.from({ length: clients }, () => keepAsking(product, () => isOver)))
  for (let kill = 0; kill < kills; kill += 1) {
    const before = product.provider.stats().completed
    await until(() => product.provider.stats().completed > before + 40, "requests are served", 20_000)
    await product.running.ingress.kill()
    await product.restartIngress()
  }
  isOver = true
  const seen = (await asking).flat()
  await until(() => product.provider.stats().inFlight === 0, "the upstream is idle")
  await product.running.ingress.end()

  const facts = await factsOf(product.nats.url)
  const requestsOf = (type: Fact["type"]) =>
    facts.flatMap((fact) => (fact.type === type && "request" in fact ? [fact.request] : []))
  const usage = requestsOf("account.usage_recorded")
  expect(product.provider.stats().peakInFlight).toBeLessThanOrEqual(limit)
  expect(seen.length).toBeGreaterThan(kills * 10)
  expect(seen.filter((request) => !usage.includes(request))).toEqual([])
  expect(usage.length).toBe(new Set(usage).size)
  const completed = requestsOf("request.completed")
  expect(completed.length).toBe(new Set(completed).size)
  expect(new Set(requestsOf("channel.acquired")).difference(new Set(completed))).toEqual(new Set())
  const ended = [...requestsOf("channel.released"), ...requestsOf("channel.expired")]
  expect(ended.toSorted()).toEqual(requestsOf("channel.acquired").toSorted())
  const rows = (await product.query("usage")) as ReadonlyArray<{ requests: number }>
  expect(rows.reduce((sum, { requests }) => sum + requests, 0)).toBe(usage.length)
}, 300_000)
