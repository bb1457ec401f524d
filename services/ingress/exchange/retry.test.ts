import { describe, expect, test } from "vitest"
import { call } from "../testing/client.ts"
import { placeAt, type ScriptedIngressOptions, startScriptedIngress } from "../testing/scripted-ingress.ts"
import { type Script, sendJson, startScriptedUpstream } from "../testing/scripted-upstream.ts"
import { retryDelayMs } from "./retry.ts"

const body = { model: "m1", messages: [{ role: "user", content: "hello" }] }
const errorBody = (type = "server_error") => ({
  error: { message: "the upstream's own words", type, param: null, code: null },
})
const ok: Script = (response) =>
  sendJson(response, 200, { usage: { prompt_tokens: 1, completion_tokens: 1 } })

/** Answers with one status after another, and with 200 when they are used up. */
const statuses =
  (...codes: ReadonlyArray<number>): Script =>
  (response, seen, nth) => {
    const status = codes[nth]
    if (status === undefined) ok(response, seen, nth)
    else sendJson(response, status, errorBody(), { "retry-after": "7" })
  }

const run = async (
  script: Script,
  {
    accounts = ["a1", "a2", "a3", "a4", "a5"],
    headers = {},
    ...given
  }: Partial<ScriptedIngressOptions> & {
    accounts?: ReadonlyArray<string>
    headers?: Record<string, string>
  } = {},
) => {
  await using upstream = await startScriptedUpstream(script)
  await using ingress = await startScriptedIngress({
    places: accounts.map((id) => placeAt(upstream.url, { account: { id }, credential: `sk-${id}` })),
    ...given,
  })
  const startedAt = performance.now()
  const answer = await call(ingress.url, { body, headers })
  const tookMs = performance.now() - startedAt
  const used = upstream.seen.map((seen) => String(seen.headers.authorization).replace("Bearer sk-", ""))
  return { answer, json: JSON.parse(answer.body.toString()), tookMs, used, admission: ingress.admission }
}

describe("a failed attempt (B9)", () => {
  test.each([500, 502, 503, 504])(
    "of status %i is tried once more on the same account, then on others",
    async (status) => {
      const { answer, used, admission, tookMs } = await run(statuses(status, status, status))
      expect([answer.status, answer.headers["x-sluice-attempts"]]).toEqual([200, "4"])
      expect(used).toEqual(["a1", "a1", "a2", "a2"])
      expect(tookMs).toBeGreaterThanOrEqual(200 + 400)
      expect(admission.asked.map(({ tried, hasAnswer }) => [tried, hasAnswer])).toEqual([
        [[], false],
        [[], true],
        [["a1"], true],
        [["a1"], true],
      ])
      expect(admission.metered.length).toBe(1)
      expect(admission.completed).toMatchObject([
        { code: "ok", attempts: [{ status }, { status }, { status }, { status: 200 }] },
      ])
    },
  )

  test.each([401, 402, 403, 408, 429, 529])(
    "of status %i goes to the next account at once",
    async (status) => {
      const { answer, used } = await run(statuses(status))
      expect(answer.status).toBe(200)
      expect(used).toEqual(["a1", "a2"])
    },
  )

  test.each([400, 404, 409, 413, 422])("of status %i is the client's to hear, unchanged", async (status) => {
    const { answer, json, used, admission } = await run(statuses(status))
    expect([answer.status, json]).toEqual([status, errorBody()])
    expect(answer.headers).toMatchObject({
      "retry-after": "7",
      "x-sluice-channel": "c1",
      "x-sluice-attempts": "1",
    })
    expect(used).toEqual(["a1"])
    expect(admission.completed).toMatchObject([{ status, code: "upstream_error" }])
  })

  test("says what a 429 means when it is released (C2)", async () => {
    const { admission } = await run((response, seen, nth) => {
      const headers = {
        "retry-after": "2",
        "x-ratelimit-limit-requests": "5",
        "x-ratelimit-remaining-requests": "0",
      }
      if (nth === 0) sendJson(response, 429, errorBody("requests"), headers)
      else ok(response, seen, nth)
    })
    expect(admission.released[0]).toMatchObject({
      outcome: "rate_limited",
      status: 429,
      rejection: {
        classification: "requests",
        retryAfterMs: 2_000,
        evidence: { "retry-after": "2", "error.type": "requests" },
      },
    })
    expect(JSON.stringify(admission.released)).not.toContain("own words")
  })

  test("by overload is released as such, also as a 503", async () => {
    const { used, admission } = await run((response, seen, nth) => {
      if (nth === 0)
        sendJson(response, 503, { error: { message: "The engine is overloaded", type: "server_error" } })
      else ok(response, seen, nth)
    })
    expect(used).toEqual(["a1", "a2"])
    expect(admission.released[0]).toMatchObject({
      outcome: "rate_limited",
      rejection: { classification: "overloaded" },
    })
  })

  test("that says that the credential has no quota goes to the next account, although it is no limit on rate (C7)", async () => {
    const { answer, used, admission } = await run((response, seen, nth) => {
      const said = { message: "check your plan", type: "insufficient_quota", code: "insufficient_quota" }
      if (nth === 0) sendJson(response, 429, { error: said })
      else ok(response, seen, nth)
    })
    expect([answer.status, used]).toEqual([200, ["a1", "a2"]])
    expect(admission.released[0]).toMatchObject({
      outcome: "upstream_error",
      credentialRefused: { summary: "429 insufficient_quota insufficient_quota" },
    })
    expect(admission.released[0]).not.toHaveProperty("rejection")
  })

  test("by a lost connection is tried once more on the same account", async () => {
    const { answer, used, admission } = await run((response, seen, nth) => {
      if (nth < 2) response.socket?.resetAndDestroy()
      else ok(response, seen, nth)
    })
    expect(answer.status).toBe(200)
    expect(used).toEqual(["a1", "a1", "a2"])
    expect(admission.released[0]).toMatchObject({ outcome: "upstream_error", status: 0, dispatched: true })
    expect(admission.asked.map(({ hasAnswer }) => hasAnswer)).toEqual([false, false, false])
  })

  test("by a redirect goes to the next account, for none is followed (S9)", async () => {
    const { answer, used } = await run((response, seen, nth) => {
      if (nth === 0) response.writeHead(302, { location: "/elsewhere" }).end()
      else ok(response, seen, nth)
    })
    expect([answer.status, used]).toEqual([200, ["a1", "a2"]])
  })

  test("that begins too late goes to the next account", async () => {
    await using slow = await startScriptedUpstream(() => undefined)
    await using quick = await startScriptedUpstream(ok)
    const channel = { timeouts: { firstByteMs: 100 } }
    await using ingress = await startScriptedIngress({
      places: [placeAt(slow.url, { channel }), placeAt(quick.url, { account: { id: "a2" } })],
    })
    expect((await call(ingress.url, { body })).status).toBe(200)
    expect(ingress.admission.released).toMatchObject([{ outcome: "timeout", status: 0 }, { outcome: "ok" }])
  })
})

describe("a 429 for concurrency (B9)", () => {
  const crowded = { error: { message: "Too many concurrent requests.", type: "rate_limit_error" } }
  /** Takes one request after so many that it turns away. */
  const takesAfter =
    (times: number): Script =>
    (response, seen, nth) =>
      nth < times ? sendJson(response, 429, crowded) : ok(response, seen, nth)

  test("is no answer: it does not count, and the same account may be granted again", async () => {
    const { answer, used, admission } = await run(takesAfter(6))
    expect([answer.status, answer.headers["x-sluice-attempts"]]).toEqual([200, "7"])
    expect(used).toEqual(Array.from({ length: 7 }, () => "a1"))
    expect(admission.asked.every(({ tried, hasAnswer }) => tried.length === 0 && !hasAnswer)).toBe(true)
    expect(admission.released[0]).toMatchObject({ rejection: { classification: "concurrency" } })
  })

  test("leaves the four attempts to the failures between", async () => {
    const { used, answer } = await run((response, seen, nth) => {
      if (nth % 2 === 0) sendJson(response, 429, crowded)
      else statuses(0, 500, 0, 500, 0, 500, 0, 500)(response, seen, nth)
    })
    expect([answer.status, used.length]).toEqual([500, 8])
  })

  test("can be what the channel declares of a 429 that says nothing", async () => {
    await using upstream = await startScriptedUpstream(statuses(429, 429, 429, 429, 429))
    const channel = { unknownRejection: "concurrency" }
    await using ingress = await startScriptedIngress({ places: [placeAt(upstream.url, { channel })] })
    expect((await call(ingress.url, { body })).status).toBe(200)
    expect(ingress.admission.released[0]).toMatchObject({
      rejection: { evidence: { "channel.unknownRejection": "concurrency" } },
    })
  })

  test("ends the request after a hundred attempts", async () => {
    const { answer, json, used } = await run(takesAfter(1_000))
    expect([answer.status, json, used.length]).toEqual([429, crowded, 100])
  })
})

describe("B9: attempts that are exhausted", () => {
  test("end with the last answer as it came", async () => {
    const { answer, json, used, admission } = await run(statuses(429, 429, 429, 429, 429))
    expect([answer.status, json, answer.headers["retry-after"]]).toEqual([429, errorBody(), "7"])
    expect(answer.headers).not.toHaveProperty("x-should-retry")
    expect(used.length).toBe(4)
    expect(admission.completed).toMatchObject([{ status: 429, code: "upstream_error" }])
  })

  test("end when no account is left, with the last answer and who was passed over", async () => {
    const { answer, used, admission } = await run(statuses(429, 429, 429), { accounts: ["a1", "a2"] })
    expect([answer.status, used]).toEqual([429, ["a1", "a2"]])
    expect(admission.completed).toMatchObject([
      { candidates: [{ account: "a1", reason: "tried" }, { account: "a2" }] },
    ])
  })

  test("are as many as the pool allows", async () => {
    const pool = { retries: { attempts: 2, sameAccount: 0 } }
    const { used } = await run(statuses(500, 500, 500), { pool })
    expect(used).toEqual(["a1", "a2"])
  })

  test("are those that begin in the time that the pool allows", async () => {
    const slowly: Script = (response) => void setTimeout(() => sendJson(response, 500, errorBody()), 80)
    const { used, answer } = await run(slowly, { pool: { retries: { withinMs: 60 } } })
    expect([answer.status, used.length]).toEqual([500, 1])
  })

  test("end with words of ours where the last answer does not have the protocol's shape", async () => {
    const { answer, json } = await run((response) => response.writeHead(503).end("<html>down</html>"), {
      accounts: ["a1"],
    })
    expect(answer.status).toBe(503)
    expect(json).toMatchObject({ error: { type: "server_error", code: "upstream_error" } })
  })

  test("end with 502 where no connection could be made", async () => {
    const { port } = new URL((await startAndStop()).url)
    await using ingress = await startScriptedIngress({ places: [placeAt(`http://127.0.0.1:${port}`)] })
    const answer = await call(ingress.url, { body })
    expect(answer.status).toBe(502)
    expect(answer.body.toString()).toContain("upstream_error")
    expect(ingress.admission.released).toMatchObject([{ dispatched: false }, { dispatched: false }])
    expect(ingress.admission.metered).toEqual([])
  })

  test("end with 504 after a timeout, and with 504 of another code at the client's own deadline", async () => {
    await using upstream = await startScriptedUpstream(() => undefined)
    const channel = { timeouts: { firstByteMs: 100 } }
    await using ingress = await startScriptedIngress({ places: [placeAt(upstream.url, { channel })] })
    const late = await call(ingress.url, { body })
    expect([late.status, JSON.parse(late.body.toString()).error.code]).toEqual([504, "upstream_error"])
    await using patient = await startScriptedIngress({ places: [placeAt(upstream.url)] })
    const due = await call(patient.url, { body, headers: { "x-sluice-deadline-ms": "100" } })
    expect([due.status, JSON.parse(due.body.toString()).error.code]).toEqual([504, "deadline_exceeded"])
    expect(patient.admission.released).toMatchObject([{ outcome: "aborted" }])
    expect(patient.admission.metered).toMatchObject([{ estimated: true }])
  })

  test("come earlier where the deadline leaves no time for the pause", async () => {
    const { answer, used } = await run(statuses(500, 500), { headers: { "x-sluice-deadline-ms": "150" } })
    expect([answer.status, used]).toEqual([500, ["a1"]])
  })
})

test("the pause doubles up to two seconds, at most a quarter longer by chance", () => {
  const pauses = (random: number) => [1, 2, 3, 4, 5, 9].map((retry) => retryDelayMs(retry, () => random))
  expect(pauses(0)).toEqual([200, 400, 800, 1_600, 2_000, 2_000])
  expect(pauses(1)).toEqual([250, 500, 1_000, 2_000, 2_000, 2_000])
})

const startAndStop = async () => {
  const upstream = await startScriptedUpstream(ok)
  await upstream[Symbol.asyncDispose]()
  return upstream
}
