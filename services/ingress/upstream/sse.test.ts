import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { messages } from "../providers/anthropic/messages.ts"
import { chatCompletions } from "../providers/openai/chat-completions.ts"
import { responses } from "../providers/openai/responses.ts"
import type { WireProtocol } from "../providers/protocol.ts"
import { EventFramer } from "./sse.ts"

const usage = '{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}'
const usageChunk = `data: {"id":"x","choices":[],"usage":${usage}}\n\n`
const done = "data: [DONE]\n\n"
const delta = (content: string) =>
  `data: ${JSON.stringify({ id: "x", choices: [{ index: 0, delta: { content } }], usage: null })}\n\n`

const run = (
  chunks: ReadonlyArray<Buffer>,
  { protocol = chatCompletions, strips = false }: { protocol?: WireProtocol; strips?: boolean } = {},
) => {
  const framer = new EventFramer(protocol, strips)
  const passed = chunks.flatMap((chunk) => framer.feed(chunk) ?? [])
  const isWhole = framer.finish()
  const held = framer.takeHeld() ?? Buffer.alloc(0)
  return { framer, isWhole, passed: Buffer.concat(passed), held, all: Buffer.concat([...passed, held]) }
}

const split = (bytes: Buffer, cuts: ReadonlyArray<number>): ReadonlyArray<Buffer> => {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b)
  return [0, ...places].map((from, at) => bytes.subarray(from, places[at] ?? bytes.length))
}

const cutsAnywhere = fc.array(fc.nat(), { maxLength: 40 })
const anyText = fc.string({ unit: "grapheme", maxLength: 30 })
const openaiEvents = fc.array(
  fc.oneof(
    anyText.map(delta),
    anyText.map((text) => delta(text).replaceAll("\n\n", "\r\n\r\n")),
    fc.constantFrom(": keep-alive\n\n", "\n", "id: 4\ndata: {}\n\n", "event: ping\r\ndata: {}\r\n\r\n"),
    fc.constantFrom(delta("[DONE]"), delta('"usage":{'), "data: not json\n\n", "data: [DONE"),
  ),
  { maxLength: 12 },
)

describe("a stream that is cut into chunks anywhere", () => {
  test("comes out byte for byte, with its end event last", () => {
    fc.assert(
      fc.property(openaiEvents, cutsAnywhere, (events, cuts) => {
        const bytes = Buffer.from(
          `${events.join("").replaceAll("data: [DONE", "data: [DON")}${usageChunk}${done}`,
        )
        const { all, held, isWhole } = run(split(bytes, cuts))
        expect(all.equals(bytes)).toBe(true)
        expect(held.toString().endsWith(done)).toBe(true)
        expect(isWhole).toBe(true)
      }),
    )
  })

  test("never lets a byte of the end event through, and reads the usage", () => {
    fc.assert(
      fc.property(fc.array(anyText.map(delta)), cutsAnywhere, (events, cuts) => {
        const before = events.join("") + usageChunk
        const { passed, held, framer } = run(split(Buffer.from(before + done), cuts))
        expect(passed.toString()).toBe(before)
        expect(held.toString()).toBe(done)
        expect(framer.figures?.tokens).toMatchObject({ input: 7, output: 3 })
      }),
    )
  })

  test("loses the usage that the client did not ask for, and nothing else", () => {
    fc.assert(
      fc.property(fc.array(anyText.map(delta)), cutsAnywhere, (events, cuts) => {
        const text = events.join("")
        const { all, framer } = run(split(Buffer.from(text + usageChunk + done), cuts), { strips: true })
        expect(all.toString()).toBe(text + done)
        expect(framer.figures?.final).toBe(true)
      }),
    )
  })

  test("comes out byte for byte even where it is no text at all", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), cutsAnywhere, (raw, cuts) => {
        const bytes = Buffer.from(raw)
        expect(run(split(bytes, cuts)).all.equals(bytes)).toBe(true)
      }),
    )
  })
})

describe("an event", () => {
  test("that is too long to be held goes on in pieces and still ends where it ends", () => {
    const long = delta("x".repeat(400_000))
    const bytes = Buffer.from(long + delta("after") + done)
    const framer = new EventFramer(chatCompletions, false)
    const first = framer.feed(bytes.subarray(0, 300_000))
    expect(first?.length).toBeGreaterThan(299_990)
    expect(framer.insideEvent).toBe(true)
    const second = framer.feed(bytes.subarray(300_000))
    expect(framer.insideEvent).toBe(false)
    expect(Buffer.concat([first ?? Buffer.alloc(0), second ?? Buffer.alloc(0)]).toString()).toBe(
      long + delta("after"),
    )
    expect(framer.takeHeld()?.toString()).toBe(done)
  })

  test("after the end is held back with it", () => {
    const { passed, held } = run([Buffer.from(delta("a") + done), Buffer.from(": bye\n\n")])
    expect(passed.toString()).toBe(delta("a"))
    expect(held.toString()).toBe(`${done}: bye\n\n`)
  })

  test("after the end is dropped from 64 KiB on, in how many pieces it may come", () => {
    const flood = Buffer.alloc(10_000, ": more\n\n")
    for (const chunks of [
      [Buffer.concat([Buffer.from(done), ...Array(20).fill(flood)])],
      [Buffer.from(done), ...Array(20).fill(flood)],
    ]) {
      const { held, framer } = run(chunks)
      expect(held.length).toBe(done.length + 65_536)
      expect(framer.heldBytes).toBe(0)
    }
  })

  test("without its blank line counts when the stream ends", () => {
    const { isWhole, held, framer } = run([Buffer.from(`${delta("a")}data: [DONE]`)])
    expect([isWhole, framer.ended]).toEqual([true, true])
    expect(held.toString()).toBe("data: [DONE]")
  })
})

describe("a long event", () => {
  const response = { usage: { input_tokens: 7, output_tokens: 3 } }
  const end = (filling: unknown, name: string) =>
    `${name}data: ${JSON.stringify({ filling, type: "response.completed", response: { output: filling, ...response } })}\n\n`

  test.each(["event: response.completed\n", ""])(
    "that begins with %j is read as it comes for its kind and its figures",
    (name) => {
      const event = end(
        Array.from({ length: 40_000 }, () => ({})),
        name,
      )
      const { held, framer, isWhole } = run(split(Buffer.from(event), [65_537, 65_540, 100_000, 250_000]), {
        protocol: responses,
      })
      expect([held.toString() === event, isWhole, framer.ended]).toEqual([true, true, true])
      expect(framer.figures).toMatchObject({ final: true, tokens: { input: 7, output: 3 } })
    },
  )

  test("comes out byte for byte wherever it is cut, and its figures with it", () => {
    const event = end(["x".repeat(70_000), "}\\", "data: [DONE]"], ": comment\nid: 1\n")
    const before = delta("a")
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 20 }), (cuts) => {
        const { passed, held, framer } = run(split(Buffer.from(before + event), cuts), {
          protocol: responses,
        })
        expect([passed.toString(), held.toString() === event]).toEqual([before, true])
        expect(framer.figures?.tokens).toMatchObject({ input: 7, output: 3 })
      }),
    )
  })

  test("of very many small pieces is read and held whole", () => {
    const event = end("x".repeat(200_000), "")
    const pieces = Array.from(Buffer.from(event), (byte) => Buffer.from([byte]))
    const { held, framer } = run(pieces, { protocol: responses })
    expect([held.toString() === event, framer.ended]).toEqual([true, true])
    expect(framer.figures?.tokens).toMatchObject({ input: 7, output: 3 })
  })

  test("that holds a piece of the answer passes, and counts by its length", () => {
    const long = delta("x".repeat(100_000))
    const { all, framer } = run(split(Buffer.from(long + usageChunk + done), [70_000, 90_000]))
    expect(all.toString() === long + usageChunk + done).toBe(true)
    expect(framer.writtenTokens).toBeGreaterThan(25_000)
    expect(framer.figures?.final).toBe(true)
  })

  test("that is an error is noticed", () => {
    const error = `data: ${JSON.stringify({ filling: "x".repeat(100_000), error: { message: "m" } })}\n\n`
    expect(run([Buffer.from(error)]).framer.failed).toBe(true)
  })
})

describe("a stream without its end event", () => {
  test("is whole for OpenAI if it came to a finish reason", () => {
    const finish = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    expect(run([Buffer.from(delta("a") + finish)]).isWhole).toBe(true)
    expect(run([Buffer.from(delta("a") + usageChunk)]).isWhole).toBe(true)
    expect(run([Buffer.from(delta("a"))]).isWhole).toBe(false)
  })

  test("is never whole for Anthropic", () => {
    const stop = 'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
    expect(run([Buffer.from(stop)], { protocol: messages }).isWhole).toBe(false)
  })
})

test("an error that the upstream puts into a stream passes and is noticed", () => {
  const error = 'data: {"error":{"message":"The server had an error","type":"server_error"}}\n\n'
  const { all, framer } = run([Buffer.from(delta("a") + error + done)])
  expect(framer.failed).toBe(true)
  expect(all.toString()).toBe(delta("a") + error + done)
})
