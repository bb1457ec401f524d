import { expect, it } from "vitest"
import { startProduct } from "../product.ts"

const codeOf = async (answer: Response): Promise<string> => {
  const body = (await answer.json()) as { error?: { code: string } }
  return answer.status === 200 ? "ok" : (body.error?.code ?? String(answer.status))
}

it("limit 2, queue 3, timeout 1 500 ms, an upstream of 1 s: 8 requests at once give 4 OK, 1 timeout, 3 full", async () => {
  await using product = await startProduct({
    provider: { serviceMs: 1_000, jitter: 0 },
    channel: { maxConcurrent: 2, queueSize: 3, queueTimeoutMs: 1_500 },
  })
  const answers = await Promise.all(Array.from({ length: 8 }, () => product.complete().then(codeOf)))
  expect(answers.toSorted()).toEqual([
    "channel_queue_full",
    "channel_queue_full",
    "channel_queue_full",
    "channel_queue_timeout",
    "ok",
    "ok",
    "ok",
    "ok",
  ])
  expect(product.provider.stats().peakInFlight).toBe(2)
  expect(await product.query("usage")).toMatchObject([{ requests: 4 }])
})

it("hot change: a raised limit lets waiters through without a restart, an invalid file changes nothing", async () => {
  await using product = await startProduct({
    provider: { serviceMs: 2_000, jitter: 0 },
    channel: { maxConcurrent: 1, queueSize: 10 },
  })
  const answers = Promise.all(Array.from({ length: 4 }, () => product.complete().then(codeOf)))
  expect(await product.configure({ channel: { maxConcurrent: -3 } })).toBe("is not valid")
  expect(product.provider.stats().peakInFlight).toBe(1)
  expect(await product.configure({ channel: { maxConcurrent: 4, queueSize: 10 } })).toBe("applies")
  expect(await answers).toEqual(["ok", "ok", "ok", "ok"])
  expect(product.provider.stats().peakInFlight).toBeGreaterThan(1)
})
