import { manualClock } from "@sluice/infra/clock/clock.ts"
import { describe, expect, it } from "vitest"
import { SimulatedJetStream } from "./simulated-jetstream.ts"

const start = () => {
  const clock = manualClock()
  const server = new SimulatedJetStream(clock)
  const publish = (id: string, expectedSequence?: number) =>
    server.publish({ subject: "s", id, body: id, expectedSequence })
  const ids = () => server.messages.map(({ id }) => id)
  return { clock, server, publish, ids }
}

describe("a simulated server", () => {
  it("checks the fence of a publish before its id", () => {
    const { publish, ids } = start()
    expect(publish("a", 0)).toEqual({ seq: 1 })
    expect(publish("a", 0)).toMatchObject({ error: { err_code: 10_071 } })
    expect(publish("a")).toEqual({ seq: 1, duplicate: true })
    expect(ids()).toEqual(["a"])
  })

  it("stores an id again that it has forgotten, where no fence is set", () => {
    const { clock, publish, ids } = start()
    publish("a")
    clock.advance(1_000)
    expect(publish("a")).toEqual({ seq: 2 })
    expect(ids()).toEqual(["a", "a"])
  })

  it("gives sequences again that were lost with the end of the log", () => {
    const { clock, server, publish, ids } = start()
    publish("a", 0)
    clock.advance(500)
    publish("b", 1)
    server.loseTail(100)
    expect(ids()).toEqual(["a"])
    expect(publish("c", 1)).toEqual({ seq: 2 })
  })
})
