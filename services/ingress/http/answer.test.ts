import { describe, expect, test } from "vitest"
import { call } from "../testing/client.ts"
import { placeAt, startScriptedIngress } from "../testing/scripted-ingress.ts"
import { beginEvents, type Script, sendJson, startScriptedUpstream } from "../testing/scripted-upstream.ts"

const body = { model: "m1", messages: [{ role: "user", content: "hello" }] }
const completion = {
  id: "x",
  choices: [{ index: 0, message: { role: "assistant", content: "Grüße 😀" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 },
}

const startBoth = async (script: Script, given: Parameters<typeof placeAt>[1] = {}) => {
  const upstream = await startScriptedUpstream(script)
  const ingress = await startScriptedIngress({ places: [placeAt(upstream.url, given)] })
  return {
    upstream,
    ingress,
    [Symbol.asyncDispose]: async () => {
      await ingress[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

describe("a request reaches the upstream", () => {
  test("byte for byte, with the account's credential in place of the client's", async () => {
    await using both = await startBoth((response) => sendJson(response, 200, completion))
    const text = '{ "model":"m1",\n "x" : 1e2, "messages":[] }'
    const headers = {
      authorization: "Bearer client",
      cookie: "a=b",
      "x-api-key": "client",
      "user-agent": "sdk/2",
      "x-own": "1",
      "openai-organization": "org-of-the-client",
      "x-vercel-id": "iad1::abc",
    }
    await call(both.ingress.url, { path: "/v1/chat/completions?a=b", headers, body: text })
    const [seen] = both.upstream.seen
    expect(seen?.body.toString()).toBe(text)
    expect(seen).toMatchObject({ method: "POST", url: "/v1/chat/completions?a=b" })
    expect(seen?.headers).toMatchObject({
      authorization: "Bearer sk-upstream",
      host: new URL(both.upstream.url).host,
      "user-agent": "sdk/2",
      "x-own": "1",
      "accept-encoding": "identity",
      "content-length": String(text.length),
    })
    for (const name of ["cookie", "x-api-key", "openai-organization", "x-vercel-id"])
      expect(seen?.headers).not.toHaveProperty(name)
  })

  test("with the channel's headers in place of the client's, and under its path", async () => {
    const upstream = await startScriptedUpstream((response) => sendJson(response, 200, completion))
    await using _ = upstream
    const channel = { headers: { "X-Own": "operator", "openai-organization": "org" } }
    await using ingress = await startScriptedIngress({
      places: [placeAt(`${upstream.url}/api/v1/`, { channel })],
    })
    await call(ingress.url, { headers: { "x-own": "client" }, body })
    const [seen] = upstream.seen
    expect(seen?.url).toBe("/api/v1/chat/completions")
    expect(seen?.headers).toMatchObject({ "x-own": "operator", "openai-organization": "org" })
  })

  test("under the name that the upstream knows the model by", async () => {
    const upstream = await startScriptedUpstream((response) => sendJson(response, 200, completion))
    await using _ = upstream
    const admission = { upstreamModel: (model: string) => `vendor/${model}` }
    await using ingress = await startScriptedIngress({ places: [placeAt(upstream.url)], admission })
    await call(ingress.url, { body: '{"messages":[], "model" : "m1"}' })
    expect(upstream.seen[0]?.body.toString()).toBe('{"messages":[], "model" : "vendor/m1"}')
    expect(ingress.admission.metered).toMatchObject([{ model: "vendor/m1" }])
    expect(ingress.admission.completed).toMatchObject([{ model: "m1" }])
  })

  test("of Anthropic with its version and beta", async () => {
    await using both = await startBoth((response) => sendJson(response, 200, {}), {
      channel: { protocol: "anthropic" },
    })
    const headers = {
      "anthropic-version": "2023-06-01",
      "anthropic-beta": "b1,b2",
      authorization: "Bearer client",
    }
    await call(both.ingress.url, { path: "/v1/messages?beta=true", headers, body })
    expect(both.upstream.seen[0]).toMatchObject({
      url: "/v1/messages?beta=true",
      headers: { "anthropic-version": "2023-06-01", "anthropic-beta": "b1,b2", "x-api-key": "sk-upstream" },
    })
    expect(both.upstream.seen[0]?.headers).not.toHaveProperty("authorization")
  })
})

describe("an answer reaches the client", () => {
  test("byte for byte, with where it came from and without the upstream's limits (E4, S5)", async () => {
    const headers = {
      "x-request-id": "up-1",
      "x-ratelimit-remaining-requests": "1",
      "anthropic-ratelimit-tokens-limit": "1",
      "set-cookie": "account=1",
      "x-sluice-channel": "theirs",
      "retry-after": "9",
    }
    await using both = await startBoth((response) => sendJson(response, 200, completion, headers))
    const answer = await call(both.ingress.url, { body })
    expect(answer.body.toString()).toBe(JSON.stringify(completion))
    expect(answer.headers).toMatchObject({
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(JSON.stringify(completion))),
      "x-request-id": "up-1",
      "x-sluice-request-id": "req-1",
      "x-sluice-channel": "c1",
      "x-sluice-attempts": "1",
      "x-sluice-wait-ms": "0",
    })
    for (const name of [
      "x-ratelimit-remaining-requests",
      "anthropic-ratelimit-tokens-limit",
      "set-cookie",
      "retry-after",
    ]) {
      expect(answer.headers).not.toHaveProperty(name)
    }
  })

  test("and everything about it the log", async () => {
    await using both = await startBoth((response) => sendJson(response, 200, completion))
    const answer = await call(both.ingress.url, {
      body: { ...body, max_tokens: 50 },
      headers: { "x-sluice-deadline-ms": "60000" },
    })
    const { admission } = both.ingress
    expect(admission.metered).toEqual([
      {
        lease: "lease-1",
        model: "m1",
        tokens: { input: 9, output: 4, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 },
        complete: true,
        estimated: false,
      },
    ])
    expect(admission.released).toMatchObject([
      { lease: "lease-1", outcome: "ok", status: 200, dispatched: true },
    ])
    expect(admission.completed).toMatchObject([
      {
        request: "req-1",
        client: "local",
        protocol: "openai",
        path: "/v1/chat/completions",
        model: "m1",
        pool: "p1",
        streaming: false,
        deadlineMs: 60_000,
        maxTokens: 50,
        attempts: [{ attempt: 1, channel: "c1", account: "a1", outcome: "ok", status: 200, waitMs: 0 }],
        channel: "c1",
        account: "a1",
        status: 200,
        code: "ok",
        bytesOut: answer.body.length,
        ttftMs: expect.any(Number),
      },
    ])
  })

  test.each([10, 70_000, 3_000_000])("of %i bytes whole, with or without its length", async (size) => {
    const text = JSON.stringify({
      text: "é".repeat(size / 2),
      usage: { prompt_tokens: 1, completion_tokens: 2 },
    })
    await using both = await startBoth((response, _, nth) => {
      response.writeHead(200, {
        "content-type": "application/json",
        ...(nth === 0 ? { "content-length": Buffer.byteLength(text) } : {}),
      })
      response.end(text)
    })
    for (const hasLength of [true, false]) {
      const answer = await call(both.ingress.url, { body })
      expect(answer.isWhole).toBe(true)
      expect(answer.body.toString() === text).toBe(true)
      const isCollected = size < 65_536
      const lengthBytes = hasLength || isCollected ? String(Buffer.byteLength(text)) : undefined
      expect(answer.headers["content-length"]).toBe(lengthBytes)
    }
    expect(both.ingress.admission.metered).toMatchObject([
      { tokens: { output: 2 } },
      { tokens: { output: 2 } },
    ])
  })

  test("even where it is no JSON, has no usage or is empty; then its size is booked (D4)", async () => {
    const texts = ["<html>hello</html>", '{"no":"usage"}', ""]
    await using both = await startBoth((response, _, nth) => {
      response.writeHead(200, { "content-type": "application/json" })
      response.end(texts[nth])
    })
    for (const text of texts) expect((await call(both.ingress.url, { body })).body.toString()).toBe(text)
    const booked = (text: string) => ({
      complete: false,
      estimated: true,
      tokens: {
        input: Math.ceil(JSON.stringify(body).length / 4),
        output: Math.ceil(text.length / 4),
      },
    })
    expect(both.ingress.admission.metered).toMatchObject(texts.map(booked))
  })

  test("as a stream even where it was not asked for", async () => {
    await using both = await startBoth((response) => {
      beginEvents(response)
      response.end("data: {}\n\ndata: [DONE]\n\n")
    })
    const answer = await call(both.ingress.url, { body })
    expect(answer.body.toString()).toBe("data: {}\n\ndata: [DONE]\n\n")
  })
})
