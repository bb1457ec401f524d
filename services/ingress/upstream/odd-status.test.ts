import { describe, expect, test } from "vitest"
import { call } from "../testing/client.ts"
import { placeAt, startScriptedIngress } from "../testing/scripted-ingress.ts"
import { type Script, startScriptedUpstream } from "../testing/scripted-upstream.ts"

const body = { model: "m1", messages: [{ role: "user", content: "hello" }] }

const run = async (script: Script, channel = {}) => {
  await using upstream = await startScriptedUpstream(script)
  await using ingress = await startScriptedIngress({
    places: [placeAt(upstream.url, { channel })],
    pool: { retries: { attempts: 1 } },
  })
  const answer = await call(ingress.url, { body })
  const { admission, logged } = ingress
  return { answer, text: answer.body.toString(), admission, logged, tries: upstream.seen.length }
}

const says =
  (bytes: string): Script =>
  (response) =>
    void response.socket?.end(bytes)

const inShape = JSON.stringify({ error: { message: "moved", type: "moved", code: "moved" } })

const withStatus = (status: string, more = "") =>
  says(
    `HTTP/1.1 ${status} Odd\r\ncontent-type: application/json\r\ncontent-length: ${inShape.length}\r\n${more}\r\n${inShape}`,
  )

describe("a status that HTTP does not have", () => {
  test.each(["000", "001", "042", "099", "20", "2000", "-20", "abc", "2e2", "", "600", "999"])(
    "(%j) is answered with 502",
    async (status) => {
      const { answer, text, admission, logged } = await run(withStatus(status))
      expect([answer.status, JSON.parse(text)]).toMatchObject([502, { error: { code: "upstream_error" } }])
      expect(admission.released).toMatchObject([{ outcome: "upstream_error" }])
      expect(logged).toEqual([])
    },
  )

  test("because there is no status line at all is answered with 502", async () => {
    const { answer } = await run(says("content-type: application/json\r\n\r\n{}"))
    expect(answer.status).toBe(502)
  })
})

describe("a status that says nothing of an answer", () => {
  test.each(["300", "301", "302", "303", "304", "307", "308", "399"])(
    "(%s) is answered with 502, and no redirect is followed or passed on",
    async (status) => {
      const { answer, tries, admission } = await run(
        withStatus(status, "location: /v1/chat/completions\r\nconnection: close\r\n"),
      )
      expect(answer.status).toBe(502)
      expect(answer.headers).not.toHaveProperty("location")
      expect(tries).toBe(1)
      expect(admission.completed).toMatchObject([{ status: 502, code: "upstream_error" }])
    },
  )

  test.each(["100", "101"])("(%s) where none was asked for is answered with 502", async (status) => {
    const { answer, logged } = await run(withStatus(status, "connection: upgrade\r\nupgrade: x\r\n"))
    expect([answer.status, logged]).toEqual([502, []])
  })

  test("(204) that brings a body in spite of it is an answer without one", async () => {
    const { answer, text } = await run(withStatus("204"))
    expect([answer.status, text]).toEqual([204, ""])
    expect(answer.headers).not.toHaveProperty("content-length")
  })

  test("(205) is an answer without a body", async () => {
    const { answer } = await run(says("HTTP/1.1 205 Reset\r\ncontent-length: 0\r\n\r\n"))
    expect(answer.status).toBe(205)
  })
})

describe("interim answers", () => {
  const hint = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"

  test("without end are cut, and answered with 502", async () => {
    const { answer, admission, logged } = await run((response) => {
      const { socket } = response
      const flood = (): void => {
        if (socket?.writable === true) socket.write(hint.repeat(100), () => setImmediate(flood))
      }
      flood()
    })
    expect([answer.status, logged]).toEqual([502, []])
    expect(admission.inFlight).toBe(0)
  })

  test("cut nothing short where the time for the first byte is longer than a timer takes", async () => {
    const { answer } = await run(
      (response) => {
        response.writeEarlyHints({ link: "</a>; rel=preload" })
        setTimeout(() => response.writeHead(200, { "content-type": "application/json" }).end("{}"), 50)
      },
      { timeouts: { firstByteMs: 2 ** 31 } },
    )
    expect(answer.status).toBe(200)
  })

  test("that come again and again do not put off the time for the first byte", async () => {
    const { answer, admission } = await run(
      ({ socket }) => {
        const trickle = setInterval(() => socket?.write(hint), 100)
        socket?.on("close", () => clearInterval(trickle))
      },
      { timeouts: { firstByteMs: 500 } },
    )
    expect(answer.status).toBe(504)
    expect(admission.released).toMatchObject([{ outcome: "timeout" }])
  })
})

describe("a header's value", () => {
  test.each(["\u00e9", "\u0001", "\u007f", "\u0080\u009b"])("with %j crashes nothing", async (value) => {
    const { answer, logged } = await run(withStatus("200", `x-request-id: ${value}\r\n`))
    expect([200, 502]).toContain(answer.status)
    expect(logged).toEqual([])
  })
})
