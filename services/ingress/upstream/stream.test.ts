import type { ServerResponse } from "node:http"
import { describe, expect, test } from "vitest"
import { call, gate, OpenCall, roundTrip, until } from "../testing/client.ts"
import { placeAt, type ScriptedIngressOptions, startScriptedIngress } from "../testing/scripted-ingress.ts"
import { beginEvents, type Script, sendJson, startScriptedUpstream } from "../testing/scripted-upstream.ts"

const body = { model: "m1", stream: true, messages: [{ role: "user", content: "hello" }] }
const delta = (text: string) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: text } }] })}\n\n`
const usage = 'data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2}}\n\n'
const done = "data: [DONE]\n\n"

const message = {
  start: `event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":5,"output_tokens":1}}}\n\n`,
  text: `event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"Gr\u00fc\u00dfe"}}\n\n`,
  delta: `event: message_delta\ndata: {"type":"message_delta","usage":{"output_tokens":8}}\n\n`,
  stop: `event: message_stop\ndata: {"type":"message_stop"}\n\n`,
}

const startBoth = async (
  script: Script,
  { channel, ...given }: Partial<ScriptedIngressOptions> & { channel?: Record<string, unknown> } = {},
) => {
  const upstream = await startScriptedUpstream(script)
  const ingress = await startScriptedIngress({
    places: [placeAt(upstream.url, channel === undefined ? {} : { channel })],
    ...given,
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

const stream =
  (...events: ReadonlyArray<string>): Script =>
  (response) => {
    beginEvents(response)
    response.end(events.join(""))
  }

describe("the metering guarantee (D3)", () => {
  test("the end of a stream comes only after its usage and its completion are in the log", async () => {
    const metered = gate()
    const completed = gate()
    await using both = await startBoth(stream(delta("a"), usage, done), {
      admission: { metered: () => metered.promise, completed: () => completed.promise },
    })
    const open = new OpenCall(both.url, { body })
    await until(
      () => both.admission.metered.length === 1 && both.admission.completed.length === 1,
      "the end is recorded",
    )
    await until(() => open.text === delta("a"), "what comes before the end is there")
    metered.open()
    await roundTrip(both.url)
    expect([open.text, open.isOver]).toEqual([delta("a"), false])
    completed.open()
    const answer = await open.answer()
    expect([answer.body.toString(), answer.isWhole]).toEqual([delta("a") + done, true])
  })

  test("the end of a message comes only after its usage is in the log", async () => {
    const metered = gate()
    const events = [message.start, message.text, message.delta]
    await using both = await startBoth(stream(...events, message.stop), {
      channel: { protocol: "anthropic" },
      admission: { metered: () => metered.promise },
    })
    const open = new OpenCall(both.url, { path: "/v1/messages", body })
    await until(() => open.text === events.join(""), "what comes before the end is there")
    await roundTrip(both.url)
    expect([open.text, open.isOver]).toEqual([events.join(""), false])
    metered.open()
    expect((await open.answer()).body.toString()).toBe(events.join("") + message.stop)
    expect(both.admission.metered).toMatchObject([
      { tokens: { input: 5, output: 8 }, complete: true, estimated: false },
    ])
  })

  test.each([100, 200_000])(
    "the last byte of a body of %i bytes comes only after its usage is in the log",
    async (size) => {
      const metered = gate()
      const text = JSON.stringify({
        text: "x".repeat(size),
        usage: { prompt_tokens: 1, completion_tokens: 1 },
      })
      await using both = await startBoth((response) => void response.writeHead(200).end(text), {
        admission: { metered: () => metered.promise },
      })
      const open = new OpenCall(both.url, { body })
      await until(() => both.admission.metered.length === 1, "the usage is on its way to the log")
      await roundTrip(both.url)
      expect(open.isOver).toBe(false)
      expect(open.text.length).toBeLessThan(text.length)
      metered.open()
      expect((await open.answer()).body.toString()).toBe(text)
    },
  )

  test("a log that takes the end no more leaves the answer without it (L9, E3)", async () => {
    const lost = gate()
    await using both = await startBoth(stream(delta("a"), usage, done), {
      admission: { metered: () => lost.promise },
    })
    const open = new OpenCall(both.url, { body })
    await until(() => open.text === delta("a"), "the begin is there")
    lost.fail(new Error("disk full"))
    const text = (await open.answer()).body.toString()
    expect(text).toContain("event: error\n")
    expect(text).toContain("event_log_unavailable")
    expect(text).not.toContain("[DONE]")
    expect(both.ingress.logged).toMatchObject([{ level: "error" }])
  })

  test("the slot comes back when the body has closed, at most a second after the end", async () => {
    await using both = await startBoth((response) => {
      beginEvents(response)
      response.write(delta("a") + usage + done)
    })
    const answer = await call(both.url, { body })
    expect(answer.isWhole).toBe(true)
    expect(both.admission.released).toEqual([])
    await until(() => both.admission.released.length === 1, "the slot comes back")
    expect(both.admission.released).toMatchObject([{ outcome: "ok", status: 200 }])
    await until(() => both.upstream.seen[0]?.cut === true, "the upstream is cut")
  })
})

describe("usage in a stream (D1)", () => {
  test("is asked for where the client did not, and does not reach it", async () => {
    await using both = await startBoth(stream(delta("a"), usage, done))
    expect((await call(both.url, { body })).body.toString()).toBe(delta("a") + done)
    expect(JSON.parse(String(both.upstream.seen[0]?.body))).toEqual({
      ...body,
      stream_options: { include_usage: true },
    })
    expect(both.admission.metered).toMatchObject([{ tokens: { input: 9, output: 2 }, complete: true }])
  })

  test("reaches the client that asked for it, with its body untouched", async () => {
    await using both = await startBoth(stream(delta("a"), usage, done))
    const asking = { ...body, stream_options: { include_usage: true } }
    expect((await call(both.url, { body: asking })).body.toString()).toBe(delta("a") + usage + done)
    expect(both.upstream.seen[0]?.body.toString()).toBe(JSON.stringify(asking))
  })

  test("is not asked for where the channel says so, and the estimate is booked", async () => {
    await using both = await startBoth(stream(delta("a"), done), { channel: { usageInStream: "never" } })
    expect((await call(both.url, { body })).body.toString()).toBe(delta("a") + done)
    expect(both.upstream.seen[0]?.body.toString()).toBe(JSON.stringify(body))
    expect(both.admission.metered).toMatchObject([{ complete: false, estimated: true }])
  })

  test("is not asked for again after the upstream has refused it, with a warning", async () => {
    await using both = await startBoth((response, seen, nth) => {
      const error = {
        message: "Unknown parameter: 'stream_options'.",
        type: "invalid_request_error",
        code: null,
      }
      if (seen.body.includes("stream_options")) sendJson(response, 400, { error })
      else stream(delta("a"), done)(response, seen, nth)
    })
    for (const nth of [1, 2]) {
      expect((await call(both.url, { body })).body.toString()).toBe(delta("a") + done)
      expect(both.upstream.seen.length).toBe(nth + 1)
    }
    expect(both.ingress.logged).toMatchObject([{ level: "warn", fields: { channel: "c1" } }])
    expect(both.admission.asked.map(({ tried }) => tried)).toEqual([[], [], []])
  })
})

describe("chunks", () => {
  test("pass as they come, the first of them with the headers", async () => {
    let upstream: ServerResponse | undefined
    await using both = await startBoth((response) => {
      beginEvents(response)
      upstream = response
    })
    const open = new OpenCall(both.url, { body })
    for (const text of ["a", "b", "ü"]) {
      await until(() => upstream !== undefined, "the upstream has the request")
      upstream?.write(delta(text))
      await until(() => open.text.endsWith(delta(text)), "the chunk is there")
    }
    expect(open.response.headers).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "x-sluice-attempts": "1",
    })
    upstream?.end(done)
    expect((await open.answer()).body.toString()).toBe(delta("a") + delta("b") + delta("ü") + done)
  })

  test("wait at the upstream while the client does not read", async () => {
    let accepted = 0
    await using both = await startBoth((response) => {
      beginEvents(response)
      const event = Buffer.from(delta("x".repeat(60_000)))
      const more = (): void => {
        while (accepted < 2_000 && response.write(event)) accepted += 1
        if (accepted < 2_000) response.once("drain", more)
        else response.end(done)
      }
      more()
    })
    const open = new OpenCall(both.url, { body })
    await until(() => open.hasBegun, "the answer begins")
    open.response.pause()
    let before = 0
    let unchanged = 0
    await until(() => {
      unchanged = accepted === before ? unchanged + 1 : 0
      before = accepted
      return accepted > 0 && unchanged > 100
    }, "the upstream is held")
    expect(accepted).toBeLessThan(1_000)
    open.response.resume()
    expect((await open.answer()).body.length).toBeGreaterThan(2_000 * 60_000)
  })
})

test("a client that reads nothing is cut, so that its slot comes back (S9)", async () => {
  await using both = await startBoth(
    (response) => {
      beginEvents(response)
      const more = (): void => {
        while (response.write(delta("x".repeat(60_000))));
        response.once("drain", more)
      }
      more()
    },
    { options: { limits: { clientStallMs: 200 } }, pool: { drainTimeoutMs: 0 } },
  )
  const open = new OpenCall(both.url, { body })
  await until(() => open.hasBegun, "the answer begins")
  open.response.pause()
  await until(() => both.admission.released.length === 1, "the slot comes back")
  expect(both.admission.released).toMatchObject([{ outcome: "client_closed" }])
  open.leave()
})
