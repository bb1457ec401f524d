import { once } from "node:events"
import { connect } from "node:net"
import { describe, expect, test } from "vitest"
import { gate, OpenCall, roundTrip, until } from "../testing/client.ts"
import { placeAt, startScriptedIngress } from "../testing/scripted-ingress.ts"
import { type Script, sendJson, startScriptedUpstream } from "../testing/scripted-upstream.ts"

const used = { usage: { prompt_tokens: 1, completion_tokens: 1 } }
const lost = () => Promise.reject(new Error("refused by the log"))
const askedOf = (model: string) => ({ model, messages: [{ role: "user", content: "hello" }] })

const start = async (script: Script, stores: { metered(): Promise<void>; completed(): Promise<void> }) => {
  const upstream = await startScriptedUpstream(script)
  const ingress = await startScriptedIngress({
    places: [placeAt(upstream.url)],
    admission: stores,
    options: { clientLimitOf: () => ({ maxConcurrent: 2, rpm: null }) },
  })
  return {
    ...ingress,
    upstream,
    [Symbol.asyncDispose]: async () => {
      await ingress[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

describe("a request whose usage cannot be stored (D3, L7)", () => {
  test("is being served until the other store has answered too", async () => {
    const completed = gate()
    const stores = { metered: lost, completed: () => completed.promise }
    await using ingress = await start((response) => sendJson(response, 200, used), stores)
    const answer = await new OpenCall(ingress.url, { body: askedOf("m1") }).answer()
    expect(answer.status).toBe(503)
    await roundTrip(ingress.url)
    expect(ingress.server.active).toBe(1)
    completed.open()
    await until(() => ingress.server.active === 0, "the request is over")
  })

  test("nor its end counts until its answer has left", async () => {
    let open = (): void => undefined
    const script: Script = (response, { body }) => {
      const answer = () => sendJson(response, 200, used)
      if (body.includes("slow")) open = answer
      else answer()
    }
    await using ingress = await start(script, { metered: lost, completed: lost })
    const socket = connect(ingress.port, "127.0.0.1")
    // On one connection the second answer waits for the first.
    for (const model of ["slow", "quick"]) {
      const text = JSON.stringify(askedOf(model))
      socket.write(
        `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
      )
    }
    await until(() => ingress.admission.completed.length === 1, "the second has its end")
    await roundTrip(ingress.url)
    expect(ingress.server.active).toBe(2)
    await new OpenCall(ingress.url, { body: askedOf("m1") }).answer()
    expect(ingress.admission.completed.at(-1)).toMatchObject({ code: "client_concurrency_exceeded" })
    socket.resume()
    open()
    await until(() => ingress.server.active === 0, "all are over")
    socket.end()
    await once(socket, "close")
  })
})
