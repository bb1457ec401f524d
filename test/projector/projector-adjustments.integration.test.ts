import { describe, expect, test } from "vitest"
import { acquired, actor, adjusted, at, configuredAccount, shown, switched } from "../domain/domain-facts.ts"
import { columns, openDomainTables } from "../domain/domain-tables.ts"

const { write, writeTwice, ask } = openDomainTables()

describe("near-limit of an account that learns", () => {
  const learning = { concurrency: { adaptive: { initial: 4, min: 1, max: 50 } }, limitUsd: 0 } as const
  const inForce = async (time = "12:00") =>
    columns(await ask("near-limit", time, { share: "0", last: "24h" }), "adaptive", "concurrency")
  const begun = () => write(configuredAccount("08:00", learning))

  test("its limit is where it began, and then what it was adjusted to last", async () => {
    await begun()
    expect(await inForce()).toEqual([[true, 4]])
    await writeTwice(adjusted("09:00", { from: 4, to: 6 }), adjusted("09:00", { from: 6, to: 5 }))
    await write(...acquired("11:50", { inFlight: 4, accountInFlight: 4 }))
    expect(columns(await ask("near-limit"), "concurrency", "inFlightShare")).toEqual([[5, 0.8]])
    expect(await inForce("08:30")).toEqual([[true, 4]])
  })

  test("a change of its name changes nothing, and a number that an operator gave counts", async () => {
    await begun()
    await write(adjusted("09:00", { from: 4, to: 6 }))
    await write(configuredAccount("09:10", { ...learning, limitUsd: 5 }))
    expect(await inForce()).toEqual([[true, 6]])
    await write(switched("09:20", { to: 20, limit: 20 }))
    await write(configuredAccount("09:30", learning), adjusted("09:40", { from: 20, to: 11 }))
    expect(await inForce()).toEqual([[false, 20]])
    await write(switched("10:00", { to: "adaptive", limit: 6 }))
    expect(await inForce()).toEqual([[true, 6]])
  })

  test("what was configured later counts again, learned or not", async () => {
    await begun()
    await write(switched("09:20", { to: 20, limit: 20 }))
    await write(configuredAccount("09:30", { concurrency: 3, limitUsd: 0 }))
    expect(await inForce()).toEqual([[false, 3]])
    await write(configuredAccount("09:40", learning), adjusted("09:50", { from: 4, to: 9 }))
    expect(await inForce()).toEqual([[true, 9]])
  })

  test("begun anew it is where it began", async () => {
    await begun()
    await write(adjusted("09:00", { from: 4, to: 6 }))
    await write({ actor, type: "account.learning_reset", at: at("09:05"), by: "api:test", from: 6, to: 4 })
    expect(await inForce()).toEqual([[true, 4]])
  })
})

describe("adjustments", () => {
  const history = async () => {
    await write(adjusted("09:00", { from: 4, to: 6 }))
    await writeTwice(
      adjusted("09:30", { from: 6, to: 5 }),
      switched("10:00", { to: 20, limit: 20 }),
      switched("10:10", { to: "adaptive", limit: 5 }),
      { actor, type: "account.learning_reset", at: at("11:00"), by: "api:test", from: 5, to: 4 },
      { ...adjusted("11:30", { from: 8, to: 9 }), actor: "account/key-2" },
    )
  }

  test("the whole history has what was found, and what operators did, the latest first", async () => {
    await history()
    const found = { mode: "", inFlight: 6, utilization: 1, samples: 12, by: "" }
    const untold = { classification: "", inFlight: null, utilization: null, samples: null, by: "api:test" }
    expect(await ask("adjustments", "12:00", { actor })).toEqual([
      { at: shown("11:00"), actor, from: 5, to: 4, reason: "learning_reset", mode: "", ...untold },
      { at: shown("10:10"), actor, from: null, to: 5, reason: "mode", mode: "adaptive", ...untold },
      { at: shown("10:00"), actor, from: null, to: 20, reason: "mode", mode: "fixed", ...untold },
      {
        at: shown("09:30"),
        actor,
        from: 6,
        to: 5,
        reason: "rejected",
        classification: "concurrency",
        ...found,
      },
      {
        at: shown("09:00"),
        actor,
        from: 4,
        to: 6,
        reason: "accepted",
        classification: "",
        ...found,
        inFlight: 4,
      },
    ])
  })

  test("the last of it is so many, or so far back", async () => {
    await history()
    const times = async (given: Record<string, string>) =>
      columns(await ask("adjustments", "12:00", given), "at").flat()
    expect(await times({ last: "2" })).toEqual([shown("11:30"), shown("11:00")])
    expect(await times({ last: "1", actor })).toEqual([shown("11:00")])
    expect(await times({ last: "1h" })).toEqual([shown("11:30"), shown("11:00")])
    expect(await times({ from: String(at("10:05")), to: String(at("11:00")) })).toEqual([
      shown("11:00"),
      shown("10:10"),
    ])
    await expect(times({ last: "0" })).rejects.toThrow("is not from 1")
  })
})
