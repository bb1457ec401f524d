import type { ServerResponse } from "node:http"
import { describe, expect, test } from "vitest"
import { problem } from "../http/errors.ts"
import { call, gate, OpenCall, roundTrip, until } from "../testing/client.ts"
import { placeAt, type ScriptedIngressOptions, startScriptedIngress } from "../testing/scripted-ingress.ts"
import { beginEvents, type Script, sendJson, startScriptedUpstream } from "../testing/scripted-upstream.ts"

const body = { model: "m1", stream: true, messages: [{ role: "user", content: "hello" }] }
const delta = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "a" } }] })}\n\n`
const done = "data: [DONE]\n\n"
const json: Script = (response) =>
  sendJson(response, 200, { usage: { prompt_tokens: 1, completion_tokens: 1 } })
const events: Script = (response) => {
  beginEvents(response)
  response.end(delta + done)
}

const start = async (
  script: Script,
  admission: ScriptedIngressOptions["admission"],
  options: ScriptedIngressOptions["options"] = {},
) => {
  const upstream = await startScriptedUpstream(script)
  const ingress = await startScriptedIngress({
    places: [placeAt(upstream.url)],
    options,
    ...(admission === undefined ? {} : { admission }),
  })
  return {
    upstream,
    url: ingress.url,
    admission: ingress.admission,
    logged: ingress.logged,
    [Symbol.asyncDispose]: async () => {
      await ingress[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

describe("a lease that is being committed (L7)", () => {
  test("is not used before, where that is not allowed", async () => {
    const committed = gate()
    await using both = await start(json, { overlapped: false, committed: () => committed.promise })
    const open = new OpenCall(both.url, { body })
    await until(() => both.admission.inFlight === 1, "a slot is granted")
    await roundTrip(both.url)
    expect(both.upstream.seen).toEqual([])
    committed.open()
    expect((await open.answer()).status).toBe(200)
  })

  test.each<[string, Script]>([
    ["an answer in one piece", json],
    ["a stream", events],
    [
      "an error",
      (response) => sendJson(response, 400, { error: { message: "no", type: "invalid_request_error" } }),
    ],
  ])("is used at once where that is allowed, and the first byte of %s waits", async (_, script) => {
    const committed = gate()
    await using both = await start(script, { overlapped: true, committed: () => committed.promise })
    const open = new OpenCall(both.url, { body })
    await until(() => both.upstream.seen.length === 1, "the upstream has the request")
    await roundTrip(both.url)
    await roundTrip(both.url)
    expect([open.hasBegun, both.admission.completed]).toEqual([false, []])
    committed.open()
    const answer = await open.answer()
    expect(answer.isWhole).toBe(true)
    expect(both.admission.released).toMatchObject([{ status: answer.status }])
  })

  test.each<[string, Script]>([
    ["before the upstream has answered", () => undefined],
    ["after an answer in one piece", json],
    ["after a stream", events],
    ["after an error", (response) => sendJson(response, 500, {})],
  ])("and is lost %s is tried again, and nothing of the first is seen", async (_, first) => {
    const lost = gate()
    let leases = 0
    const committed = () => {
      leases += 1
      return leases === 1 ? lost.promise : Promise.resolve()
    }
    const script: Script = (response, seen, nth) =>
      nth === 0 ? first(response, seen, nth) : events(response, seen, nth)
    await using both = await start(script, { overlapped: true, committed })
    const open = new OpenCall(both.url, { body })
    await until(() => both.upstream.seen.length === 1, "the upstream has the request")
    await roundTrip(both.url)
    lost.fail(new Error("refused by the log"))
    expect((await open.answer()).body.toString()).toBe(delta + done)
    // What was decided of the first is void with its lease.
    expect(both.admission.released.map(({ lease }) => lease)).toEqual(["lease-1", "lease-2"])
    expect(both.admission.metered.at(-1)?.lease).toBe("lease-2")
    expect(both.admission.completed).toMatchObject([
      { code: "ok", attempts: [{ outcome: "aborted" }, { outcome: "ok" }] },
    ])
  })

  test("and is lost again and again ends with 503", async () => {
    await using both = await start(json, { committed: () => Promise.reject(new Error("refused by the log")) })
    const answer = await call(both.url, { body })
    expect(answer.status).toBe(503)
    expect(answer.headers["retry-after"]).toBe("1")
    expect(answer.body.toString()).toContain("event_log_unavailable")
    expect(both.upstream.seen).toEqual([])
    expect(both.admission.completed.length).toBe(1)
  })
})

describe("a refusal of admission", () => {
  test("comes in the shape of the protocol and tells SDKs not to come again (E1, E2)", async () => {
    await using both = await start(() => undefined, { limit: 1, queueSize: 0 })
    const first = new OpenCall(both.url, { body })
    await until(() => both.admission.inFlight === 1, "the slot is taken")
    const refused = await call(both.url, { path: "/v1/messages", body })
    expect(refused.status).toBe(429)
    expect(refused.headers["x-should-retry"]).toBe("false")
    expect(refused.headers).not.toHaveProperty("retry-after")
    expect(JSON.parse(refused.body.toString())).toMatchObject({
      type: "error",
      error: { type: "rate_limit_error", code: "channel_queue_full" },
      request_id: refused.headers["x-sluice-request-id"],
    })
    expect(both.admission.completed).toMatchObject([
      { code: "channel_queue_full", status: 429, attempts: [] },
    ])
    first.leave()
  })

  test("is in the log before it is told (L7)", async () => {
    const completed = gate()
    await using both = await start(json, { limit: 0, queueSize: 0, completed: () => completed.promise })
    const open = new OpenCall(both.url, { body })
    await until(() => both.admission.completed.length === 1, "the end is recorded")
    await roundTrip(both.url)
    expect(open.hasBegun).toBe(false)
    completed.open()
    expect((await open.answer()).status).toBe(429)
  })

  test("while everything cools says when to come again", async () => {
    const refusal = { ...problem("all_cooling", "cooling"), retryAfterMs: 1_200, candidates: [] }
    const admission = {
      admit: () => ({ kind: "refused", refusal }) as const,
      complete: () => Promise.resolve(),
    }
    await using both = await start(json, undefined, { admission })
    const refused = await call(both.url, { body })
    expect(refused.headers).toMatchObject({ "x-should-retry": "false", "retry-after": "2" })
  })
})

describe("a defect", () => {
  test("of admission is answered with 500, recorded once and logged", async () => {
    let completed = 0
    const admission = {
      admit: () => Promise.reject(new TypeError("broken invariant")),
      complete: () => {
        completed += 1
        return Promise.resolve()
      },
    }
    await using both = await start(json, undefined, { admission })
    const answer = await call(both.url, { body })
    expect([answer.status, JSON.parse(answer.body.toString()).error.code]).toEqual([500, "internal_error"])
    expect(completed).toBe(1)
    expect(both.logged).toMatchObject([{ level: "error" }])
    expect(answer.body.toString()).not.toContain("invariant")
  })

  test("in the middle of a stream cuts it and gives the slot back", async () => {
    let upstream: ServerResponse | undefined
    const script: Script = (response) => {
      upstream = response
      beginEvents(response)
      response.write(delta)
    }
    const metered = () => {
      throw new TypeError("broken invariant")
    }
    await using both = await start(script, { metered })
    const open = new OpenCall(both.url, { body })
    await until(() => open.text === delta, "the stream has begun")
    upstream?.end(done)
    const answer = await open.answer()
    expect([answer.isWhole, answer.body.toString()]).toEqual([false, delta])
    expect(both.admission.inFlight).toBe(0)
    expect(both.admission.completed.length).toBe(1)
  })
})
