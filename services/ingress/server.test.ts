import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { describe, expect, test } from "vitest"
import type { Ends } from "./http/peers.ts"
import { call, OpenCall, until } from "./testing/client.ts"
import { placeAt, type ScriptedIngressOptions, startScriptedIngress } from "./testing/scripted-ingress.ts"
import { sendJson, startScriptedUpstream } from "./testing/scripted-upstream.ts"

const body = { model: "m1", messages: [{ role: "user", content: "hello" }] }
const nowhere = placeAt("http://127.0.0.1:9")
const start = (given: Partial<ScriptedIngressOptions> = {}) =>
  startScriptedIngress({ places: [nowhere], ...given })

const errorOf = ({ body: bytes }: { body: Buffer }): { code: string; message: string; type: string } =>
  JSON.parse(bytes.toString()).error

const endsOfSocket = ({ remoteAddress, localAddress }: Socket): Ends => ({ remoteAddress, localAddress })

/** Sends raw bytes and collects what comes back until the connection closes. */
const sendRaw = async (port: number, text: string): Promise<string> => {
  const socket = connect(port, "127.0.0.1")
  socket.setEncoding("latin1")
  let received = ""
  socket.on("data", (chunk: string) => (received += chunk))
  socket.on("error", () => undefined)
  socket.write(text)
  await once(socket, "close")
  return received
}

describe("a path", () => {
  test("that nothing is served on is answered in the shape of its protocol (E1)", async () => {
    await using ingress = await start()
    const openai = await call(ingress.url, { path: "/v1/nothing", method: "GET" })
    expect(openai.status).toBe(404)
    expect(errorOf(openai)).toMatchObject({ code: "not_found", type: "invalid_request_error", param: null })
    const anthropic = await call(ingress.url, { path: "/v1/messages/nothing" })
    expect(JSON.parse(anthropic.body.toString())).toMatchObject({
      type: "error",
      error: { type: "not_found_error", code: "not_found" },
    })
    expect(ingress.admission.completed).toEqual([])
  })

  test.each(["/v1/realtime", "/v1/files", "/v1/batches/b1", "/v1/messages/batches"])(
    "%s says that it does not pass here",
    async (path) => {
      await using ingress = await start()
      expect(errorOf(await call(ingress.url, { path })).message).toContain("do not pass through this proxy")
    },
  )

  test("takes only its methods", async () => {
    await using ingress = await start()
    const wrong = await call(ingress.url, { method: "GET" })
    expect([wrong.status, wrong.headers.allow, errorOf(wrong).code]).toEqual([
      405,
      "POST",
      "method_not_allowed",
    ])
    const models = await call(ingress.url, { path: "/v1/models", body: {} })
    expect([models.status, models.headers.allow]).toEqual([405, "GET, HEAD"])
  })
})

describe("GET /v1/models", () => {
  test("lists them as either protocol does", async () => {
    await using ingress = await start()
    const openai = await call(ingress.url, { path: "/v1/models?limit=5", method: "GET" })
    expect(JSON.parse(openai.body.toString())).toMatchObject({
      object: "list",
      data: [{ id: "m1", object: "model" }, { id: "m2" }],
    })
    const headers = { "anthropic-version": "2023-06-01" }
    const anthropic = await call(ingress.url, { path: "/v1/models", method: "GET", headers })
    expect(JSON.parse(anthropic.body.toString())).toMatchObject({
      data: [{ type: "model", id: "m1" }, { id: "m2" }],
      has_more: false,
      first_id: "m1",
      last_id: "m2",
    })
  })

  test("shows one of them", async () => {
    await using ingress = await start()
    const one = await call(ingress.url, { path: "/v1/models/m2", method: "GET" })
    expect(JSON.parse(one.body.toString())).toMatchObject({ id: "m2" })
    expect(errorOf(await call(ingress.url, { path: "/v1/models/%zz", method: "GET" })).code).toBe(
      "model_not_found",
    )
  })
})

test("the probes say what they are told, without a key", async () => {
  const readiness = () => ({ ok: false, body: { status: "log_unavailable" } })
  await using ingress = await start({
    options: { keysRequired: () => true, authenticate: () => undefined, readiness },
  })
  const health = await call(ingress.url, { path: "/healthz", method: "GET" })
  expect([health.status, JSON.parse(health.body.toString())]).toEqual([200, { status: "ok" }])
  const ready = await call(ingress.url, { path: "/readyz", method: "GET" })
  expect([ready.status, JSON.parse(ready.body.toString())]).toEqual([503, { status: "log_unavailable" }])
})

test("the probes tell a caller from elsewhere only whether all is well", async () => {
  const options = {
    endsOf: (socket: Socket): Ends =>
      socket.remotePort === elsewhere.localPort ? { remoteAddress: "203.0.113.9" } : endsOfSocket(socket),
    readiness: () => ({ ok: false, body: { ready: false, eventLog: "spooling" } }),
  }
  await using ingress = await start({ options })
  const elsewhere = connect(ingress.port, "127.0.0.1")
  await once(elsewhere, "connect")
  let heard = ""
  elsewhere.on("data", (chunk: Buffer) => (heard += chunk.toString()))
  for (const path of ["/readyz", "/healthz"]) elsewhere.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`)
  await until(() => heard.includes("status"), "both are answered")
  expect(heard.match(/\{.*?\}/g)).toEqual(['{"ready":false}', '{"status":"ok"}'])
  elsewhere.destroy()
  for (const name of ["x-forwarded-for", "forwarded", "x-real-ip"]) {
    const relayed = await call(ingress.url, { path: "/readyz", method: "GET", headers: { [name]: "::1" } })
    expect(relayed.body.toString()).toBe('{"ready":false}')
  }
  const local = await call(ingress.url, { path: "/readyz", method: "GET" })
  expect(JSON.parse(local.body.toString())).toEqual({ ready: false, eventLog: "spooling" })
})

describe("who calls (S9)", () => {
  test("is nobody's web page, where no keys are configured", async () => {
    await using ingress = await start()
    for (const headers of [{ origin: "https://evil.example" }, { host: "evil.example" }]) {
      const refused = await call(ingress.url, { headers, body })
      expect([refused.status, errorOf(refused).code]).toEqual([403, "forbidden_origin"])
      const models = await call(ingress.url, { path: "/v1/models", method: "GET", headers })
      expect(models.status).toBe(403)
    }
    expect(ingress.admission.asked).toEqual([])
    expect(ingress.admission.completed).toEqual([])
  })

  test.each([
    ["comes from another machine", { remoteAddress: "192.168.1.7", localAddress: "127.0.0.1" }, {}],
    ["came in by another address", { remoteAddress: "127.0.0.1", localAddress: "192.168.1.4" }, {}],
    ["is relayed for another", {}, { "x-forwarded-for": "127.0.0.1" }],
    ["is relayed by RFC 7239", {}, { forwarded: "for=127.0.0.1" }],
    ["is relayed with a real address", {}, { "x-real-ip": "127.0.0.1" }],
  ])("is nobody whose request %s, where no keys are configured", async (_, ends, headers) => {
    const endsOf = (socket: Socket): Ends => ({ ...endsOfSocket(socket), ...ends })
    await using ingress = await start({ options: { endsOf } })
    const named = { host: "127.0.0.1:8787", ...headers }
    for (const asked of [{ body }, { path: "/v1/models", method: "GET" }]) {
      const refused = await call(ingress.url, { ...asked, headers: named })
      expect([refused.status, errorOf(refused).code]).toEqual([403, "forbidden_origin"])
    }
    expect(ingress.admission.asked).toEqual([])
  })

  test("may be a program that writes this machine's address as IPv6 does", async () => {
    const endsOf = () => ({ remoteAddress: "::ffff:127.0.0.1", localAddress: "::1" })
    await using ingress = await start({ options: { endsOf } })
    expect((await call(ingress.url, { path: "/v1/models", method: "GET" })).status).toBe(200)
  })

  test("is known by a key, where there are any, from wherever it comes", async () => {
    await using upstream = await startScriptedUpstream((response) => sendJson(response, 200, {}))
    const authenticate = (key: string | undefined) => (key === "good" ? "alice" : undefined)
    const options = { keysRequired: () => true, authenticate }
    await using ingress = await start({ places: [placeAt(upstream.url)], options })
    for (const headers of [{}, { authorization: "Bearer bad" }, { "x-api-key": "bad" }]) {
      const refused = await call(ingress.url, { headers, body })
      expect([refused.status, errorOf(refused).code]).toEqual([401, "invalid_client_key"])
    }
    const far = { host: "proxy.example", origin: "https://app.example" }
    expect(
      (await call(ingress.url, { headers: { ...far, authorization: "Bearer good" }, body })).status,
    ).toBe(200)
    expect((await call(ingress.url, { headers: { ...far, "x-api-key": "good" }, body })).status).toBe(200)
    expect(ingress.admission.asked.map(({ request }) => request.client)).toEqual(["alice", "alice"])
    expect((await call(ingress.url, { path: "/v1/models", method: "GET" })).status).toBe(401)
  })
})

describe("a body", () => {
  test.each(["not json", "[1]", "null", '"text"', "{}", '{"model":7}', "", '{"model":"m1"'])(
    "of %j is refused before admission",
    async (text) => {
      await using ingress = await start()
      const refused = await call(ingress.url, { body: text })
      expect([refused.status, errorOf(refused).code]).toEqual([400, "invalid_body"])
      expect(ingress.admission.asked).toEqual([])
      expect(ingress.admission.completed).toMatchObject([{ code: "invalid_body", bytesIn: text.length }])
    },
  )

  test.each(["m".repeat(257), "m\n1", "m\u0000", "m\u0085", "\ud800"])(
    "of a model %j is refused, whatever a pool serves",
    async (model) => {
      await using ingress = await start()
      for (const path of ["/v1/chat/completions", "/v1/responses", "/v1/embeddings", "/v1/messages"]) {
        const refused = await call(ingress.url, { path, body: { ...body, model } })
        expect([refused.status, errorOf(refused).code]).toEqual([400, "invalid_body"])
      }
      for (const completed of ingress.admission.completed)
        expect(completed).toMatchObject({ code: "invalid_body", model: "" })
      const path = `/v1/models/${encodeURIComponent(model.toWellFormed())}`
      const shown = await call(ingress.url, { path, method: "GET" })
      expect(errorOf(shown).code).toBe(model.isWellFormed() ? "invalid_body" : "model_not_found")
    },
  )

  test.each([
    ["/v1/chat/completions", '{"model":"m1","model":"m2"}'],
    ["/v1/chat/completions", '{"model":"m1","\\u006dodel":"m2"}'],
    ["/v1/chat/completions", '{"model":"m1","Model":"m2"}'],
    ["/v1/chat/completions", '{"model":"m1","max_tokens":1,"Max_Tokens":100000}'],
    ["/v1/chat/completions", '{"model":"m1","stream":false,"stream":true}'],
    ["/v1/responses", '{"model":"m1","input":"a","BACKGROUND":true}'],
    ["/v1/messages", '{"model":"m1","max_tokens":1,"max_tokens":100000}'],
    ["/v1/embeddings", '{"model":"m1","input":"a","model":"m2"}'],
    ["/v1beta/models/m1:generateContent", '{"model":"m2"}'],
    [
      "/v1beta/models/m1:generateContent",
      '{"generationConfig":{},"generation_config":{"maxOutputTokens":9}}',
    ],
  ])("to %s that its readers could take differently is refused: %s", async (path, text) => {
    await using ingress = await start()
    const refused = await call(ingress.url, { path, body: text })
    expect(refused.status).toBe(400)
    expect(refused.body.toString()).toContain('"invalid_body"')
    expect(ingress.admission.asked).toEqual([])
  })

  test("that names a model of no pool is answered with 404", async () => {
    await using ingress = await start()
    const refused = await call(ingress.url, { path: "/v1/messages", body: { ...body, model: "unknown-1" } })
    expect(refused.status).toBe(404)
    expect(errorOf(refused)).toMatchObject({ type: "not_found_error", code: "model_not_found" })
    expect(ingress.admission.completed).toMatchObject([{ model: "unknown-1", pool: "", status: 404 }])
  })

  test("that is declared too large is refused before it is sent", async () => {
    await using ingress = await start()
    const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999\r\n\r\n{`
    const socket = connect(ingress.port, "127.0.0.1")
    socket.write(head)
    const [first] = await once(socket, "data")
    expect(String(first)).toMatch(/^HTTP\/1.1 413 /)
    expect(String(first)).toContain("body_too_large")
    socket.destroy()
  })

  test("that turns out too large is refused when its bytes pass the limit", async () => {
    await using ingress = await start({ options: { bodyLimitBytes: () => 1_000 } })
    const headers = { "transfer-encoding": "chunked" }
    const refused = await call(ingress.url, { headers, body: Buffer.alloc(1_001, "x") })
    expect([refused.status, errorOf(refused).code]).toEqual([413, "body_too_large"])
    expect((await call(ingress.url, { headers, body: Buffer.alloc(1_000, "x") })).status).toBe(400)
  })

  test("that goes on after it was refused is cut", async () => {
    await using ingress = await start({ options: { bodyLimitBytes: () => 100 } })
    const socket = connect(ingress.port, "127.0.0.1")
    socket.on("error", () => undefined)
    socket.write("POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9999999\r\n\r\n")
    const sending = setInterval(() => socket.write("x".repeat(100)), 10)
    // Cut while it sends, it may hear of that as an error first.
    await new Promise((resolve) => socket.resume().once("close", resolve))
    clearInterval(sending)
    expect(ingress.admission.completed).toMatchObject([{ code: "body_too_large" }])
  })

  test("may bring a deadline that makes sense", async () => {
    await using ingress = await start()
    for (const deadline of ["0", "-1", "soon", "1.5", "999999999"]) {
      const refused = await call(ingress.url, { headers: { "x-sluice-deadline-ms": deadline }, body })
      expect([refused.status, errorOf(refused).code]).toEqual([400, "invalid_deadline"])
    }
  })
})

describe("a slow or oversized client is cut (S9)", () => {
  test("while it sends its headers, or its body", async () => {
    const limits = { headersTimeoutMs: 100, requestTimeoutMs: 200 }
    await using ingress = await start({ options: { limits } })
    const head = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
    expect(await sendRaw(ingress.port, head)).toMatch(/^HTTP\/1.1 408 /)
    expect(await sendRaw(ingress.port, `${head}content-length: 10\r\n\r\n{`)).toMatch(/^HTTP\/1.1 408 /)
    await until(() => ingress.admission.completed.length === 1, "the request that had begun is recorded")
    expect(ingress.admission.completed).toMatchObject([{ code: "client_closed", status: 499 }])
    expect(ingress.server.active).toBe(0)
  })

  test("when its headers are too large", async () => {
    await using ingress = await start({ options: { limits: { headerBytes: 4_096 } } })
    const text = `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nx-big: ${"a".repeat(9_000)}\r\n\r\n`
    expect(await sendRaw(ingress.port, text)).toMatch(/^HTTP\/1.1 431 /)
  })

  test("when it speaks no HTTP, or two lengths at once", async () => {
    await using ingress = await start()
    expect(await sendRaw(ingress.port, "hello\r\n\r\n")).toMatch(/^HTTP\/1.1 400 /)
    const smuggled =
      "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n"
    expect(await sendRaw(ingress.port, smuggled)).toMatch(/^HTTP\/1.1 400 /)
    expect(ingress.admission.asked).toEqual([])
  })
})

describe("a proxy that shuts down (L10)", () => {
  test("refuses what still comes, and lets the connection end", async () => {
    await using ingress = await start({ options: { isShuttingDown: () => true } })
    const refused = await call(ingress.url, { headers: { connection: "keep-alive" }, body })
    expect([refused.status, errorOf(refused).code]).toEqual([503, "shutting_down"])
    expect(refused.headers).toMatchObject({ "retry-after": "1", connection: "close" })
  })

  test("keeps no connection for more that was busy when the listening ended", async () => {
    await using upstream = await startScriptedUpstream(() => undefined)
    const ingress = await start({ places: [placeAt(upstream.url)] })
    const socket = connect(Number(new URL(ingress.url).port), "127.0.0.1")
    let heard = ""
    socket.on("data", (chunk: Buffer) => (heard += chunk.toString()))
    socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
    const endless = new OpenCall(ingress.url, { body })
    await until(() => upstream.seen.length === 1, "one is in flight, and the connection is busy")
    const stopped = ingress.server.stop(300)
    socket.write("\r\n")
    await until(() => heard.includes("\r\n\r\n"), "it is answered")
    expect(heard.toLowerCase()).toContain("connection: close")
    await stopped
    expect((await endless.answer()).status).toBe(503)
  })

  test("waits for what is in flight, however long its grace is", async () => {
    await using upstream = await startScriptedUpstream((response) => {
      setTimeout(() => sendJson(response, 200, { said: "quick" }), 100)
    })
    const ingress = await start({ places: [placeAt(upstream.url)] })
    const quick = new OpenCall(ingress.url, { body })
    await until(() => upstream.seen.length === 1, "it is in flight")
    await ingress.server.stop(2 ** 31)
    expect((await quick.answer()).status).toBe(200)
  })

  test("waits for what is in flight, and ends with an error what outlives the grace", async () => {
    await using upstream = await startScriptedUpstream((response, { body: sent }) => {
      if (sent.includes("quick")) setTimeout(() => sendJson(response, 200, { said: "quick" }), 100)
    })
    const ingress = await start({ places: [placeAt(upstream.url)] })
    const quick = new OpenCall(ingress.url, { body: { ...body, user: "quick" } })
    const endless = new OpenCall(ingress.url, { body })
    await until(() => upstream.seen.length === 2, "both are in flight")
    await ingress.server.stop(300)
    expect((await quick.answer()).status).toBe(200)
    const cut = await endless.answer()
    expect([cut.status, errorOf(cut).code]).toEqual([503, "shutting_down"])
    expect(ingress.admission.inFlight).toBe(0)
    expect(ingress.admission.completed.map(({ code }) => code)).toEqual(["ok", "shutting_down"])
    await until(
      () => upstream.seen.every(({ cut: wasCut, body: sent }) => wasCut || sent.includes("quick")),
      "it is cut",
    )
  })
})
