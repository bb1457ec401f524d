import { describe, expect, test } from "vitest"
import { problem } from "../../http/errors.ts"
import { scanBody } from "../../testing/scan-body.ts"
import { EventFramer } from "../../upstream/sse.ts"
import { responses } from "./responses.ts"

const usage = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 60 },
  output_tokens: 20,
  output_tokens_details: { reasoning_tokens: 12 },
}
const tokens = { input: 40, output: 20, cacheRead: 60, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 12 }
const event = (type: string, fields: object) =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
const created = event("response.created", { response: { status: "in_progress", usage: null } })
const delta = event("response.output_text.delta", { delta: '"type":"response.completed"' })

const run = (...chunks: ReadonlyArray<string>) => {
  const framer = new EventFramer(responses, false)
  const passed = chunks.map((chunk) => framer.feed(Buffer.from(chunk))?.toString() ?? "").join("")
  const isWhole = framer.finish()
  return { framer, isWhole, passed, held: framer.takeHeld()?.toString() ?? "" }
}

const read = (json: Record<string, unknown>) => responses.read(scanBody(responses, json), "/v1/responses")

describe("a request for a response", () => {
  test("is read for its model, its stream and the most that it may answer", () => {
    expect(read({ model: "m", input: "hello", max_output_tokens: 9, stream: true })).toMatchObject({
      model: "m",
      stream: true,
      maxTokens: 9,
    })
  })

  test("in the background is refused, since its usage would never be known", () => {
    for (const background of [true, "true", 1])
      expect(read({ model: "m", background })).toContain("background")
    for (const background of [false, null])
      expect(read({ model: "m", background })).toMatchObject({ model: "m" })
    expect(read({ prompt: { id: "p" } })).toBe("The body must name a model.")
  })

  test("that holds an image is not estimated by the image's bytes", () => {
    const image_url = `data:image/png;base64,${"A".repeat(400_000)}`
    const ask = read({ model: "m", input: [{ role: "user", content: [{ type: "input_image", image_url }] }] })
    expect(ask).toMatchObject({
      inputTokens: expect.toSatisfy((count: number) => count > 1_000 && count < 1_100),
    })
  })
})

describe("usage", () => {
  test("of a whole response stands in it", () => {
    expect(responses.readFigures({ object: "response", usage }, undefined)).toEqual({ tokens, final: true })
    expect(responses.readFigures({ object: "response", usage: null }, undefined)).toBeUndefined()
  })

  test.each(["response.completed", "response.incomplete"])("of a stream stands in its end, %s", (type) => {
    const end = event(type, { response: { usage } })
    const { framer, isWhole, passed, held } = run(created, delta, end)
    expect([passed, held, isWhole, framer.failed]).toEqual([created + delta, end, true, false])
    expect(framer.figures).toEqual({ tokens, final: true })
  })

  test("of a response that failed is read, and its end is no success", () => {
    const { framer, held } = run(created + event("response.failed", { response: { usage } }))
    expect(held).toContain("response.failed")
    expect([framer.ended, framer.failed, framer.figures?.final]).toEqual([true, true, true])
  })
})

test("an end that repeats a long answer is held whole, however it is cut", () => {
  const end = event("response.completed", { response: { output: "x".repeat(1_000_000), usage } })
  const bytes = created + end
  for (const size of [1_000, 65_536, 2_000_000]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
      bytes.slice(at * size, (at + 1) * size),
    )
    const { framer, passed, held } = run(...chunks)
    expect(passed).toBe(created)
    expect(held).toBe(end)
    expect(framer.figures?.tokens).toEqual(tokens)
  }
})

test("a stream without its end is not whole", () => {
  expect(run(created, delta).isWhole).toBe(false)
})

test("an error inside of a stream is told in both shapes that are in use", () => {
  const data = /^event: error\ndata: (.+)\n\n$/.exec(
    responses.errorEvent(problem("upstream_error", "It broke."), "r"),
  )
  expect(JSON.parse(data?.[1] ?? "")).toMatchObject({
    type: "error",
    code: "upstream_error",
    message: "It broke.",
    error: { type: "server_error", code: "upstream_error" },
  })
})
