import type { ServerResponse } from "node:http"
import { connect } from "node:net"
import { describe, expect, test } from "vitest"
import type { ClientLimit } from "../admission/client-limits.ts"
import { type Call, call, OpenCall, until } from "../testing/client.ts"
import { placeAt, type ScriptedIngressOptions, startScriptedIngress } from "../testing/scripted-ingress.ts"
import { beginEvents, sendJson, startScriptedUpstream } from "../testing/scripted-upstream.ts"

const body = { model: "m1", messages: [{ role: "user", content: "hello" }] }
const held = { ...body, user: "held" }

/** An ingress whose client has a limit, and an upstream that answers at once all but what is to be held. */
const start = async (
  limit: Partial<ClientLimit>,
  { options, ...given }: Partial<ScriptedIngressOptions> = {},
) => {
  const responses: ServerResponse[] = []
  const upstream = await startScriptedUpstream((response, { body: sent }) => {
    if (sent.includes("held")) responses.push(response)
    else if (sent.includes("broken")) sendJson(response, 400, { error: { message: "no", type: "t" } })
    else sendJson(response, 200, {})
  })
  const state: { limit: ClientLimit; isShuttingDown: boolean } = {
    limit: { maxConcurrent: null, rpm: null, ...limit },
    isShuttingDown: false,
  }
  const ingress = await startScriptedIngress({
    places: [placeAt(upstream.url, { channel: { timeouts: { firstByteMs: 60_000 } } })],
    options: { clientLimitOf: () => state.limit, isShuttingDown: () => state.isShuttingDown, ...options },
    ...given,
  })
  const { url, port, admission, server } = ingress
  const isOver = () => until(() => server.active === 0, "every request is over")
  const isHeld = (count: number) => until(() => responses.length === count, `${count} are held`)
  const codeOf = async (made: Partial<Call> = {}) => {
    const { status, body: bytes } = await call(url, { body, ...made })
    return status === 200 ? "ok" : (JSON.parse(bytes.toString()).error.code ?? String(status))
  }
  return {
    url,
    port,
    admission,
    server,
    state,
    responses,
    isOver,
    isHeld,
    codeOf,
    [Symbol.asyncDispose]: async () => {
      await ingress[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

type Started = Awaited<ReturnType<typeof start>>

/** Ends the request that is held and waits until nothing of it is left. */
const answerHeld = async ({ responses, isOver }: Started): Promise<void> => {
  sendJson(responses.at(-1) as ServerResponse, 200, {})
  await isOver()
}

describe("a request beyond its client's own limit (A13)", () => {
  test("is refused before routing, told not to come again, and counts for nothing else", async () => {
    await using both = await start({ maxConcurrent: 1 })
    const first = new OpenCall(both.url, { body: held })
    await both.isHeld(1)
    const refused = await call(both.url, { body })
    expect(refused.status).toBe(429)
    expect(refused.headers).toMatchObject({ "x-should-retry": "false" })
    expect(refused.headers).not.toHaveProperty("retry-after")
    expect(JSON.parse(refused.body.toString()).error).toMatchObject({
      code: "client_concurrency_exceeded",
      type: "rate_limit_error",
    })
    expect([both.admission.asked.length, both.admission.completed]).toMatchObject([
      1,
      [{ code: "client_concurrency_exceeded", status: 429, client: "local", pool: "", attempts: [] }],
    ])
    await answerHeld(both)
    expect((await first.answer()).status).toBe(200)
    expect(await both.codeOf()).toBe("ok")
  })

  test("is refused in the shape of the protocol that was called (E1)", async () => {
    await using both = await start({ rpm: 1 })
    expect(await both.codeOf()).toBe("ok")
    const refused = await call(both.url, { path: "/v1/messages", body })
    expect(JSON.parse(refused.body.toString())).toMatchObject({
      type: "error",
      error: { type: "rate_limit_error", code: "client_rpm_exhausted" },
    })
    expect([refused.status, refused.headers["x-should-retry"]]).toEqual([429, "false"])
  })

  test("is let in as soon as the configuration allows it", async () => {
    await using both = await start({ maxConcurrent: 1 })
    void new OpenCall(both.url, { body: held })
    await both.isHeld(1)
    expect(await both.codeOf()).toBe("client_concurrency_exceeded")
    both.state.limit = { maxConcurrent: 2, rpm: null }
    expect(await both.codeOf()).toBe("ok")
    both.state.limit = { maxConcurrent: 1, rpm: null }
    expect(await both.codeOf()).toBe("client_concurrency_exceeded")
    await answerHeld(both)
    expect(await both.codeOf()).toBe("ok")
  })
})

describe("a request counts until it is over, and once", () => {
  const upstreamModel = (model: string): string => {
    if (model === "defect") throw new Error("a broken invariant")
    return model
  }
  const later = { "x-sluice-deadline-ms": "never" }
  const paths: ReadonlyArray<readonly [string, Partial<Call>, code: string]> = [
    ["that is answered", {}, "ok"],
    ["whose deadline makes no sense", { headers: later }, "invalid_deadline"],
    ["whose body is no JSON", { body: "no json" }, "invalid_body"],
    ["whose body is declared too large", { body: "x".repeat(2_000) }, "body_too_large"],
    [
      "whose body turns out too large",
      { body: "x".repeat(2_000), headers: { "transfer-encoding": "chunked" } },
      "body_too_large",
    ],
    ["whose model nobody serves", { body: { model: "unknown" } }, "model_not_found"],
    ["that the upstream refuses", { body: { ...body, user: "broken" } }, "400"],
    ["that meets a defect", { body: { model: "defect" } }, "internal_error"],
    ["whose deadline passes", { body: held, headers: { "x-sluice-deadline-ms": "50" } }, "deadline_exceeded"],
  ]

  test.each(paths)("%s", async (_, made, code) => {
    await using both = await start(
      { maxConcurrent: 1 },
      { options: { bodyLimitBytes: () => 1_000 }, admission: { upstreamModel } },
    )
    expect(await both.codeOf(made)).toBe(code)
    await both.isOver()
    await expectRoomForOne(both)
  })

  test("that comes while the proxy shuts down counts for nothing", async () => {
    await using both = await start({ maxConcurrent: 1 })
    both.state.isShuttingDown = true
    expect(await both.codeOf()).toBe("shutting_down")
    both.state.isShuttingDown = false
    await expectRoomForOne(both)
  })

  test("whose client leaves while it sends its body", async () => {
    await using both = await start({ maxConcurrent: 1 })
    const socket = connect(both.port, "127.0.0.1")
    socket.write("POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{")
    await until(() => both.server.active === 1, "the request has begun")
    expect(await both.codeOf()).toBe("client_concurrency_exceeded")
    socket.destroy()
    await both.isOver()
    await expectRoomForOne(both)
  })

  test("whose client leaves while it waits, which counts like being served", async () => {
    await using both = await start({ maxConcurrent: 2 }, { admission: { limit: 1 } })
    void new OpenCall(both.url, { body: held })
    await both.isHeld(1)
    const waiter = new OpenCall(both.url, { body })
    await until(() => both.admission.waiting === 1, "the second waits")
    expect(await both.codeOf()).toBe("client_concurrency_exceeded")
    waiter.leave()
    await until(() => both.server.active === 1, "the second is over")
    const next = new OpenCall(both.url, { body })
    await until(() => both.admission.waiting === 1, "another one waits")
    expect(await both.codeOf()).toBe("client_concurrency_exceeded")
    sendJson(both.responses[0] as ServerResponse, 200, {})
    expect((await next.answer()).status).toBe(200)
    await both.isOver()
    both.state.limit = { maxConcurrent: 1, rpm: null }
    await expectRoomForOne(both)
  })

  test("whose client leaves in the middle of the answer, while it is read on for its usage", async () => {
    await using both = await start({ maxConcurrent: 1 })
    const open = new OpenCall(both.url, { body: { ...held, stream: true } })
    await both.isHeld(1)
    const [response] = both.responses as [ServerResponse]
    beginEvents(response)
    response.write("data: {}\n\n")
    await until(() => open.text !== "", "the stream has begun")
    open.leave()
    expect(await both.codeOf()).toBe("client_concurrency_exceeded")
    response.end("data: [DONE]\n\n")
    await both.isOver()
    await expectRoomForOne(both)
  })

  test("and one after the other they never meet", async () => {
    await using both = await start({ maxConcurrent: 1 })
    const sent = { method: "POST", body: JSON.stringify(body) }
    for (let round = 0; round < 50; round += 1) {
      const answer = await fetch(`${both.url}/v1/chat/completions`, sent)
      expect([answer.status, await answer.text()]).toEqual([200, "{}"])
    }
  })
})

/** Lets one request in and no second one: a count that was never given back would refuse the first, one given back twice would let the second in. */
const expectRoomForOne = async (both: Started): Promise<void> => {
  const before = both.responses.length
  const open = new OpenCall(both.url, { body: held })
  await both.isHeld(before + 1)
  expect(await both.codeOf()).toBe("client_concurrency_exceeded")
  await answerHeld(both)
  expect((await open.answer()).status).toBe(200)
}
