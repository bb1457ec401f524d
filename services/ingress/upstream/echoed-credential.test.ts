import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib"
import { describe, expect, test } from "vitest"
import { call } from "../testing/client.ts"
import { placeAt, startScriptedIngress } from "../testing/scripted-ingress.ts"
import { type Script, sendJson, startScriptedUpstream } from "../testing/scripted-upstream.ts"

const credential = "sk-proj-7Qe9xZaB3dE5fG7hJ9kL1mN3pQ5r"
const body = { model: "m1", stream: true, messages: [{ role: "user", content: "hello" }] }

/** Everything that a client, the log of facts and the lines of the process get to see. */
const run = async (script: Script) => {
  await using upstream = await startScriptedUpstream(script)
  await using ingress = await startScriptedIngress({
    places: [placeAt(upstream.url, { credential })],
    pool: { retries: { attempts: 1 } },
  })
  const answer = await call(ingress.url, { body })
  const { admission, logged } = ingress
  const shown = [answer.headers, answer.body.toString(), admission.released, admission.completed, logged]
  const { metered } = admission
  return { answer, text: answer.body.toString(), shown: JSON.stringify(shown).toLowerCase(), metered }
}

const error = (more: Readonly<Record<string, string>> = {}) => ({
  error: { message: `Incorrect API key: ${credential}`, type: "rate_limit", code: "c", ...more },
})

const masked = `Incorrect API key: ${"*".repeat(credential.length)}`

describe("a credential that an upstream echoes reaches nobody", () => {
  test.each<[string, number, Readonly<Record<string, string>>, Readonly<Record<string, string>>]>([
    ["in the message of a 401", 401, {}, {}],
    ["in the message of a 400", 400, {}, {}],
    ["as the code of a 429", 429, { code: credential, type: credential }, {}],
    ["in a header that becomes evidence", 429, {}, { "x-ratelimit-key": `Bearer ${credential}` }],
    ["in the name of such a header", 429, {}, { [`x-ratelimit-${credential}`]: "1" }],
    ["in a header that passes", 500, {}, { "x-request-id": `req-${credential}` }],
  ])("%s", async (_, status, more, headers) => {
    const { answer, text, shown } = await run((response) => sendJson(response, status, error(more), headers))
    expect(answer.status).toBe(status)
    expect(JSON.parse(text)).toHaveProperty("error.message", masked)
    expect(shown).not.toContain(credential.toLowerCase())
  })

  describe.each<[string, (plain: string) => Buffer]>([
    ["gzip", gzipSync],
    ["br", brotliCompressSync],
    ["deflate", deflateSync],
    ["zstd", zstdCompressSync],
    ["gzip, br", (plain) => brotliCompressSync(gzipSync(plain))],
  ])("in what comes compressed by %s though that was not asked for", (coding, compress) => {
    const coded = (status: number, type: string, plain: string) =>
      run((response) => {
        const bytes = compress(plain)
        response.writeHead(status, { "content-type": type, "content-encoding": coding })
        response.write(bytes.subarray(0, 20), () => setImmediate(() => response.end(bytes.subarray(20))))
      })

    test("an error", async () => {
      const { answer, text } = await coded(400, "application/json", JSON.stringify(error()))
      expect(answer.headers).not.toHaveProperty("content-encoding")
      expect(JSON.parse(text)).toEqual({ error: { ...error().error, message: masked } })
    })

    test("a success, whose usage is read", async () => {
      const usage = { prompt_tokens: 3, completion_tokens: 4 }
      const { answer, text, metered } = await coded(
        200,
        "application/json",
        JSON.stringify({ text: credential, usage }),
      )
      expect(answer.headers).not.toHaveProperty("content-encoding")
      expect(JSON.parse(text)).toEqual({ text: "*".repeat(credential.length), usage })
      expect(metered).toMatchObject([{ tokens: { input: 3, output: 4 }, estimated: false }])
    })

    test("a stream", async () => {
      const events = `data: ${JSON.stringify({ choices: [{ delta: { content: credential } }] })}\n\ndata: [DONE]\n\n`
      const { answer, text } = await coded(200, "text/event-stream", events)
      expect(answer.headers).not.toHaveProperty("content-encoding")
      expect(text).toBe(events.replace(credential, "*".repeat(credential.length)))
    })

    test("a success that is cut in its middle", async () => {
      const { answer, text } = await run((response) => {
        response.writeHead(200, { "content-type": "application/json", "content-encoding": coding })
        response.end(compress(JSON.stringify({ text: credential.repeat(9) })).subarray(0, -9))
      })
      expect([answer.status, text]).not.toContain(credential)
      expect(answer.status).toBe(502)
    })
  })

  test("in an error of a coding that is not known: then none of it is passed on", async () => {
    const { answer, text } = await run((response) => {
      response.writeHead(400, { "content-encoding": "x-own" })
      response.end(credential)
    })
    expect(answer.status).toBe(400)
    expect(JSON.parse(text)).toHaveProperty("error.code", "upstream_error")
  })

  test("in the headers and the body of a success", async () => {
    const { answer, text, shown } = await run((response) =>
      sendJson(response, 200, { text: credential }, { "x-request-id": credential }),
    )
    expect(JSON.parse(text)).toEqual({ text: "*".repeat(credential.length) })
    expect(answer.headers["x-request-id"]).toBe("*".repeat(credential.length))
    expect(shown).not.toContain(credential.toLowerCase())
  })

  test("in a success that names a coding and has none", async () => {
    const { text } = await run((response) => {
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "x-own" })
      response.end(JSON.stringify({ text: credential }))
    })
    expect(JSON.parse(text)).toEqual({ text: "*".repeat(credential.length) })
  })

  test("in a stream, in the middle of which it is cut", async () => {
    const delta = `data: ${JSON.stringify({ choices: [{ delta: { content: credential } }] })}\n\n`
    const { text } = await run((response) => {
      response.writeHead(200, { "content-type": "text/event-stream" })
      const at = delta.indexOf(credential) + 10
      response.write(delta.slice(0, at), () =>
        setImmediate(() => response.end(`${delta.slice(at)}data: [DONE]\n\n`)),
      )
    })
    expect(text).toBe(`${delta.replace(credential, "*".repeat(credential.length))}data: [DONE]\n\n`)
  })
})
