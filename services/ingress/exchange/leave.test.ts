import type { ServerResponse } from "node:http"
import { connect } from "node:net"
import { describe, expect, test } from "vitest"
import { gate, OpenCall, roundTrip, until } from "../testing/client.ts"
import { placeAt, type ScriptedIngressOptions, startScriptedIngress } from "../testing/scripted-ingress.ts"
import { beginEvents, sendJson, startScriptedUpstream } from "../testing/scripted-upstream.ts"

const body = { model: "m1", stream: true, messages: [{ role: "user", content: "hello" }] }
const endless = { ...body, max_tokens: Number.MAX_SAFE_INTEGER }
const delta = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "a" } }] })}\n\n`
const usage = 'data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2}}\n\n'

/** An upstream that answers only when a test says so. */
const start = async (given: Partial<ScriptedIngressOptions> = {}) => {
  const responses: ServerResponse[] = []
  const upstream = await startScriptedUpstream((response) => responses.push(response))
  const ingress = await startScriptedIngress({ places: [placeAt(upstream.url)], ...given })
  return {
    upstream,
    responses,
    url: ingress.url,
    port: ingress.port,
    admission: ingress.admission,
    server: ingress.server,
    [Symbol.asyncDispose]: async () => {
      await ingress[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

const left = { code: "client_closed", status: 499 }

describe("a client that leaves (A8, D4)", () => {
  test("while it still sends its body has asked for nothing", async () => {
    await using both = await start()
    const socket = connect(both.port, "127.0.0.1")
    socket.write("POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{")
    await until(() => both.server.active === 1, "the request has begun")
    socket.destroy()
    await until(() => both.server.active === 0, "the request is over")
    expect(both.admission.completed).toMatchObject([{ ...left, pool: "" }])
    expect(both.admission.asked).toEqual([])
  })

  test("while it waits never reaches the upstream", async () => {
    await using both = await start({ admission: { limit: 1 } })
    const first = new OpenCall(both.url, { body })
    await until(() => both.responses.length === 1, "the first is served")
    const second = new OpenCall(both.url, { body })
    await until(() => both.admission.waiting === 1, "the second waits")
    second.leave()
    await until(() => both.admission.completed.length === 1, "the second is over")
    expect(both.admission.waiting).toBe(0)
    expect(both.admission.completed).toMatchObject([{ ...left, attempts: [], pool: "p1" }])
    sendJson(both.responses[0] as ServerResponse, 200, {})
    expect((await first.answer()).status).toBe(200)
    expect(both.upstream.seen.length).toBe(1)
  })

  test("while its lease is committed gives it back unused", async () => {
    const committed = gate()
    await using both = await start({ admission: { committed: () => committed.promise } })
    const open = new OpenCall(both.url, { body })
    await until(() => both.admission.inFlight === 1, "a slot is granted")
    open.leave()
    await until(() => both.admission.released.length === 1, "the slot comes back")
    committed.open()
    await until(() => both.server.active === 0, "the request is over")
    expect(both.admission.released).toMatchObject([
      { outcome: "client_closed", dispatched: false, status: 0 },
    ])
    expect(both.admission.completed).toMatchObject([{ ...left, attempts: [{ outcome: "client_closed" }] }])
    expect(both.admission.metered).toEqual([])
    expect(both.upstream.seen).toEqual([])
  })

  test.each([10_000, 2 ** 31])(
    "before the first byte still lets the usage come in (for %i ms)",
    async (drainTimeoutMs) => {
      await using both = await start({ pool: { drainTimeoutMs } })
      const open = new OpenCall(both.url, { body })
      await until(() => both.responses.length === 1, "the upstream has the request")
      open.leave()
      await roundTrip(both.url)
      const json = { usage: { prompt_tokens: 3, completion_tokens: 4 } }
      sendJson(both.responses[0] as ServerResponse, 200, json)
      await until(() => both.server.active === 0, "the request is over")
      expect(both.admission.metered).toMatchObject([{ tokens: { input: 3, output: 4 }, complete: true }])
      expect(both.admission.released).toMatchObject([
        { outcome: "client_closed", status: 200, dispatched: true },
      ])
      expect(both.admission.completed).toMatchObject([{ ...left, bytesOut: 0 }])
    },
  )

  test("in the middle of a stream is read on for, to its usage", async () => {
    await using both = await start()
    const open = new OpenCall(both.url, { body })
    await until(() => both.responses.length === 1, "the upstream has the request")
    const [response] = both.responses as [ServerResponse]
    beginEvents(response)
    response.write(delta)
    await until(() => open.text !== "", "the stream has begun")
    open.leave()
    await roundTrip(both.url)
    response.end(`${delta}${usage}data: [DONE]\n\n`)
    await until(() => both.server.active === 0, "the request is over")
    expect(both.admission.metered).toMatchObject([
      { tokens: { input: 9, output: 2 }, complete: true, estimated: false },
    ])
    expect(both.admission.released).toMatchObject([{ outcome: "client_closed", status: 200 }])
    expect(both.admission.completed).toMatchObject([{ status: 200, code: "client_closed" }])
    expect(both.upstream.seen[0]?.cut).toBe(false)
  })

  test("is read on for no longer than the pool says; then what has come is booked", async () => {
    await using both = await start({ pool: { drainTimeoutMs: 100 } })
    const open = new OpenCall(both.url, { body: endless })
    await until(() => both.responses.length === 1, "the upstream has the request")
    const [response] = both.responses as [ServerResponse]
    beginEvents(response)
    response.write(delta)
    await until(() => open.text !== "", "the stream has begun")
    open.leave()
    await until(() => both.upstream.seen[0]?.cut === true, "the upstream is cut")
    await until(() => both.server.active === 0, "the request is over")
    expect(both.admission.metered).toMatchObject([
      { tokens: { input: 27, output: 1 }, complete: false, estimated: true },
    ])
    expect(both.admission.released).toMatchObject([{ outcome: "client_closed", dispatched: true }])
  })

  test("is not read on for at all where the pool says 0", async () => {
    await using both = await start({ pool: { drainTimeoutMs: 0 } })
    const open = new OpenCall(both.url, { body: endless })
    await until(() => both.responses.length === 1, "the upstream has the request")
    open.leave()
    await until(() => both.upstream.seen[0]?.cut === true, "the upstream is cut")
    await until(() => both.admission.completed.length === 1, "the request is over")
    expect(both.admission.completed).toMatchObject([left])
    expect(both.admission.metered).toMatchObject([{ tokens: { input: 27, output: 0 }, estimated: true }])
  })

  test("while an upstream refuses is not tried for again, and what the 429 means is kept", async () => {
    await using both = await start()
    const open = new OpenCall(both.url, { body })
    await until(() => both.responses.length === 1, "the upstream has the request")
    open.leave()
    await roundTrip(both.url)
    sendJson(both.responses[0] as ServerResponse, 429, { error: { message: "", type: "requests" } })
    await until(() => both.server.active === 0, "the request is over")
    expect(both.admission.asked.length).toBe(1)
    expect(both.admission.released).toMatchObject([
      { outcome: "rate_limited", rejection: { classification: "requests" } },
    ])
    expect(both.admission.completed).toMatchObject([left])
    expect(both.admission.metered).toEqual([])
  })

  test("in the pause before a retry is not tried for again", async () => {
    await using both = await start()
    const open = new OpenCall(both.url, { body })
    await until(() => both.responses.length === 1, "the upstream has the request")
    sendJson(both.responses[0] as ServerResponse, 500, {})
    await until(() => both.admission.released.length === 1, "the attempt is over")
    open.leave()
    await until(() => both.server.active === 0, "the request is over")
    expect(both.admission.completed).toMatchObject([{ ...left, attempts: [{ status: 500 }] }])
    expect(both.admission.asked.length).toBe(1)
  })

  test("while the end waits for the log changes nothing of what is recorded", async () => {
    const metered = gate()
    await using both = await start({ admission: { metered: () => metered.promise } })
    const open = new OpenCall(both.url, { body })
    await until(() => both.responses.length === 1, "the upstream has the request")
    sendJson(both.responses[0] as ServerResponse, 200, {})
    await until(() => both.admission.completed.length === 1, "the end is recorded")
    open.leave()
    metered.open()
    await until(() => both.server.active === 0, "the request is over")
    expect(both.admission.completed).toMatchObject([{ status: 200, code: "ok" }])
    expect(both.admission.released).toMatchObject([{ outcome: "ok" }])
  })
})
