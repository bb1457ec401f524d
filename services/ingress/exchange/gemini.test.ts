import { describe, expect, test } from "vitest"
import { call, gate, OpenCall, until } from "../testing/client.ts"
import { placeAt, type ScriptedIngressOptions, startScriptedIngress } from "../testing/scripted-ingress.ts"
import { beginEvents, type Script, sendJson, startScriptedUpstream } from "../testing/scripted-upstream.ts"

const usageMetadata = { promptTokenCount: 9, candidatesTokenCount: 2 }
const chunk = (text: string, finish?: string) => ({
  candidates: [{ content: { parts: [{ text }] }, ...(finish === undefined ? {} : { finishReason: finish }) }],
  usageMetadata,
})
const body = { contents: [{ parts: [{ text: "hello" }] }] }

const start = async (script: Script, admission: ScriptedIngressOptions["admission"] = {}, basePath = "") => {
  const upstream = await startScriptedUpstream(script)
  const authenticate = (key: string | undefined) => (key === "good" ? "alice" : undefined)
  const ingress = await startScriptedIngress({
    places: [placeAt(upstream.url + basePath, { channel: { protocol: "gemini" }, credential: "g-key" })],
    options: { keysRequired: () => true, authenticate },
    admission,
  })
  return {
    upstream,
    ingress,
    url: ingress.url,
    admission: ingress.admission,
    [Symbol.asyncDispose]: async () => {
      await ingress[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

const headers = { "x-goog-api-key": "good" }
const tokens = { input: 9, output: 2 }

describe("a request to a model in the path", () => {
  test("goes to the mapped model of the upstream, byte for byte, with the account's credential", async () => {
    await using both = await start(
      (response) => sendJson(response, 200, chunk("hi", "STOP")),
      { upstreamModel: () => "gemini-big" },
      "/proxy/v1beta",
    )
    const text = '{ "contents":[{"parts":[{"text":"h\\u00e9"}]}] }'
    const answer = await call(both.url, { path: "/v1beta/models/m1:generateContent", headers, body: text })
    expect(answer.status).toBe(200)
    const [seen] = both.upstream.seen
    expect(seen?.url).toBe("/proxy/v1beta/models/gemini-big:generateContent")
    expect(seen?.headers["x-goog-api-key"]).toBe("g-key")
    expect(seen?.body.toString()).toBe(text)
    expect(both.admission.metered).toMatchObject([{ model: "gemini-big", tokens, complete: true }])
    expect(both.admission.completed).toMatchObject([
      {
        protocol: "gemini",
        path: "/v1beta/models/m1:generateContent",
        model: "m1",
        streaming: false,
        code: "ok",
      },
    ])
  })

  test("may bring the client's key in the query, which the upstream never sees", async () => {
    await using both = await start((response) => {
      beginEvents(response)
      response.end(`data: ${JSON.stringify(chunk("hi", "STOP"))}\r\n\r\n`)
    })
    const path = "/v1beta/models/m1:streamGenerateContent?key=good&alt=sse"
    expect((await call(both.url, { path, body })).status).toBe(200)
    expect(both.upstream.seen[0]?.url).toBe("/v1beta/models/m1:streamGenerateContent?alt=sse")
    expect(JSON.stringify(both.upstream.seen[0]?.rawHeaders)).not.toContain("good")
    expect(both.admission.completed).toMatchObject([{ client: "alice", streaming: true, code: "ok" }])
  })

  test.each([
    [
      "/v1beta/models/m1:generateContent?fields=candidates&alt=json&$alt=proto#/../x",
      "/v1beta/models/m1:generateContent?alt=json",
    ],
    ["/v1/models/m%31:generateContent?%23=..%2f", "/v1/models/m1:generateContent"],
    ["/v1beta/models/a%20b%22:generateContent", "/v1beta/models/a%20b%22:generateContent"],
  ])("%s reaches the upstream as %s", async (path, seen) => {
    await using both = await start((response) => sendJson(response, 200, chunk("hi", "STOP")))
    expect((await call(both.url, { path, headers, body })).status).toBe(200)
    expect(both.upstream.seen.map(({ url }) => url)).toEqual([seen])
  })

  test.each(["..", ".", "a%2F..%2Fb", "a%5Cb", "a%3Bb", "a%23b", "a%3Fb", "a%252Fb", "%00", "a".repeat(257)])(
    "is refused where it is named %s",
    async (model) => {
      await using both = await start(() => undefined)
      const path = `/v1beta/models/${model}:generateContent`
      const refused = await call(both.url, { path, headers, body })
      expect(refused.status).toBe(400)
      expect(refused.body.toString()).toContain('"invalid_body"')
      expect(both.upstream.seen).toEqual([])
    },
  )

  test("as a stream without events comes as one list, whose end waits until its usage is in the log (D3)", async () => {
    const metered = gate()
    const [first, end] = [`[${JSON.stringify(chunk("a"))}`, `,\r\n${JSON.stringify(chunk("b", "STOP"))}]`]
    await using both = await start(
      (response) => {
        response.writeHead(200, { "content-type": "application/json; charset=UTF-8" })
        response.end(first + end)
      },
      { metered: () => metered.promise },
    )
    const open = new OpenCall(both.url, { path: "/v1beta/models/m1:streamGenerateContent", headers, body })
    await until(() => both.admission.metered.length === 1, "the usage is on its way")
    await until(() => open.text === first, "what comes before the end is there")
    metered.open()
    expect((await open.answer()).body.toString()).toBe(first + end)
    expect(both.admission.metered).toMatchObject([{ tokens, complete: true }])
  })
})

test("errors have Google's shape, with our code as the reason (E1)", async () => {
  await using both = await start(() => undefined)
  const errorOf = async (path: string, more: Record<string, string> = headers) => {
    const { status, body: bytes } = await call(both.url, { path, headers: more, body })
    const { error } = JSON.parse(bytes.toString()) as {
      error: { code: number; status: string; details: ReadonlyArray<{ reason: string }> }
    }
    expect(error.code).toBe(status)
    return [status, error.status, error.details[0]?.reason]
  }
  expect(await errorOf("/v1beta/models/unknown-1:generateContent")).toEqual([
    404,
    "NOT_FOUND",
    "model_not_found",
  ])
  expect(await errorOf("/v1beta/models/m1:generateContent", {})).toEqual([
    401,
    "UNAUTHENTICATED",
    "invalid_client_key",
  ])
  expect(await errorOf("/v1beta/models/m1:countTokens")).toEqual([404, "NOT_FOUND", "not_found"])
})

test("the models are listed as Google lists them", async () => {
  await using both = await start(() => undefined)
  const get = async (path: string) =>
    JSON.parse((await call(both.url, { path, method: "GET" })).body.toString()) as object
  expect(await get("/v1beta/models?key=good&pageSize=5")).toMatchObject({
    models: [{ name: "models/m1" }, { name: "models/m2" }],
  })
  expect(await get("/v1beta/models/m2?key=good")).toMatchObject({ name: "models/m2", displayName: "m2" })
  expect(await get("/v1beta/models")).toMatchObject({ error: { code: 401 } })
})
