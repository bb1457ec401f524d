import { describe, expect, test } from "vitest"
import { call } from "../testing/client.ts"
import { placeAt, startScriptedIngress } from "../testing/scripted-ingress.ts"
import { beginEvents, type Script, startScriptedUpstream } from "../testing/scripted-upstream.ts"

const body = { model: "m1", stream: true, messages: [{ role: "user", content: "hello" }] }
const delta = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "a" } }] })}\n\n`
const begun = `event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":5,"output_tokens":1}}}\n\n`

const run = async (script: Script, { path = "/v1/chat/completions", channel = {} } = {}) => {
  await using upstream = await startScriptedUpstream(script)
  await using ingress = await startScriptedIngress({
    places: [placeAt(upstream.url, { channel })],
    pool: { retries: { attempts: 1 } },
  })
  const answer = await call(ingress.url, { path, body })
  return { answer, text: answer.body.toString(), admission: ingress.admission, tries: upstream.seen.length }
}

const afterEvents =
  (events: string, then: (response: Parameters<Script>[0]) => void): Script =>
  (response) => {
    beginEvents(response)
    response.write(events, () => then(response))
  }

describe("a stream that breaks off (E3)", () => {
  test.each<[string, Script]>([
    ["by a closed connection", afterEvents(delta, (response) => response.destroy())],
    ["by a reset", afterEvents(delta, (response) => response.socket?.resetAndDestroy())],
    ["in the middle of an event", afterEvents(`${delta}data: {"choi`, (response) => response.destroy())],
    ["with an end that HTTP takes for one", afterEvents(delta, (response) => response.end())],
  ])("%s ends with an error event and never looks complete", async (_, script) => {
    const { text, admission, tries } = await run(script)
    const [kept, error = ""] = text.split("event: error\n")
    expect(kept).toBe(delta)
    expect(JSON.parse(error.slice("data: ".length))).toMatchObject({ error: { code: "upstream_error" } })
    expect(text).not.toContain("[DONE]")
    expect(tries).toBe(1)
    expect(admission.completed).toMatchObject([{ status: 200, code: "upstream_error" }])
    expect(admission.released).toMatchObject([{ outcome: "upstream_error", status: 200 }])
    expect(admission.metered).toMatchObject([{ complete: false, estimated: true }])
  })

  test("keeps the figures that had come", async () => {
    const script = afterEvents(begun, (response) => response.destroy())
    const { text, admission } = await run(script, {
      path: "/v1/messages",
      channel: { protocol: "anthropic" },
    })
    expect(text.startsWith(`${begun}event: error\ndata: {"type":"error","error":{`)).toBe(true)
    expect(text).not.toContain("message_stop")
    expect(admission.metered).toMatchObject([
      { tokens: { input: 5, output: 1 }, complete: false, estimated: false },
    ])
  })

  test("because the upstream stalls ends with an error too, as a timeout", async () => {
    const script = afterEvents(delta, () => undefined)
    const { text, admission } = await run(script, { channel: { timeouts: { stallMs: 150 } } })
    expect(text).toContain("event: error\n")
    expect(admission.released).toMatchObject([{ outcome: "timeout", status: 200 }])
  })

  test("inside of a long event puts the error on a line of its own", async () => {
    const script = afterEvents(`data: ${"x".repeat(600_000)}`, (response) => response.destroy())
    const { text } = await run(script)
    expect(text.includes("x\n\nevent: error\n")).toBe(true)
  })

  test.each(["", "data: [DONE]\n\n"])(
    "by an error of the upstream's own passes that on (and %j)",
    async (end) => {
      const error = `data: {"error":{"message":"overloaded"}}\n\n`
      const script = afterEvents(delta, (response) => response.end(error + end))
      const { text, admission } = await run(script)
      expect(text).toBe(delta + error + end)
      expect(admission.completed).toMatchObject([{ status: 200, code: "upstream_error" }])
      expect(admission.released).toMatchObject([{ outcome: "upstream_error" }])
    },
  )
})

describe("a body that breaks off", () => {
  const half = Buffer.alloc(200_000, "x")

  test.each([{ "content-length": 400_000 }, {}])(
    "after its begin has gone out is cut (%j)",
    async (headers) => {
      const { answer, admission } = await run((response) => {
        response.writeHead(200, headers)
        response.write(half, () => response.destroy())
      })
      expect([answer.status, answer.isWhole]).toEqual([200, false])
      expect(admission.completed).toMatchObject([{ status: 200, code: "upstream_error" }])
    },
  )

  test("before anything has gone out is an error like any other", async () => {
    const { answer, text } = await run((response) => {
      response.writeHead(200, { "content-length": 100 })
      response.write("{", () => response.destroy())
    })
    expect([answer.status, answer.isWhole]).toEqual([502, true])
    expect(JSON.parse(text)).toMatchObject({ error: { code: "upstream_error" } })
  })
})

describe("an upstream that speaks no proper HTTP", () => {
  test.each([
    ["garbage", "hello\r\n\r\n"],
    ["two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"],
    [
      "a length and chunks",
      "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ["too many headers", `HTTP/1.1 200 OK\r\n${"x-a: b\r\n".repeat(20_000)}\r\n`],
  ])("(%s) is a connection error", async (_, bytes) => {
    const { answer, admission } = await run((response) => {
      response.socket?.end(bytes)
    })
    expect(answer.status).toBe(502)
    expect(admission.released).toMatchObject([{ outcome: "upstream_error" }])
  })

  test("but sends early hints is understood", async () => {
    const { answer } = await run((response) => {
      response.writeEarlyHints({ link: "</a>; rel=preload" })
      response.writeHead(200, { "content-type": "application/json" })
      response.end("{}")
    })
    expect([answer.status, answer.body.toString()]).toEqual([200, "{}"])
  })
})
