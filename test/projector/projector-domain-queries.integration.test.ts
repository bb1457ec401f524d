import type { Fact } from "@sluice/events/commit.ts"
import { describe, expect, test } from "vitest"
import {
  acquired,
  actor,
  at,
  channel,
  completed,
  configuredAccount,
  configuredChannel,
  opened,
  reached,
  refusedUnknown,
  shown,
  used,
} from "../domain/domain-facts.ts"
import { columns, openDomainTables } from "../domain/domain-tables.ts"

const { write, writeTwice, blockOf, ask } = openDomainTables()

describe("window-cost", () => {
  test("a window has the standard cost of its time, its share of the limit and its state", async () => {
    await write(opened("08:05", { start: "08:00", end: "13:00", source: "hour" }), used("08:10", 4))
    await write(
      used("09:10", 5),
      reached("09:10", { start: "08:00", state: "sticky_only" }),
      used("13:00", 7),
    )
    expect(await ask("window-cost")).toEqual([
      {
        account: "key-1",
        start: shown("08:00"),
        end: shown("13:00"),
        current: true,
        source: "hour",
        state: "sticky_only",
        requests: 2,
        tokens: 72,
        standardCostUsd: 9,
        limitUsd: 10,
        share: 0.9,
        stateChanges: 1,
      },
    ])
  })

  test("a late correction moves the costs and the states to the window that it found", async () => {
    await write(
      opened("08:05", { start: "08:00", end: "13:00", source: "hour" }),
      used("08:10", 4),
      used("09:10", 5),
    )
    await write(reached("09:10", { start: "08:00", state: "sticky_only" }))
    await write(
      opened("09:30", { start: "04:20", end: "09:20", source: "official" }),
      opened("09:31", { start: "09:20", end: "14:20", source: "official" }),
    )
    await write(used("09:40", 2), reached("09:31", { start: "09:20", state: "open" }))
    expect(columns(await ask("window-cost"), "start", "end", "source", "standardCostUsd", "state")).toEqual([
      [shown("09:20"), shown("14:20"), "official", 2, "open"],
      [shown("04:20"), shown("09:20"), "official", 9, "sticky_only"],
    ])
  })

  test("an earlier window ends where a later one starts that overlaps it", async () => {
    await write(
      opened("08:05", { start: "08:00", end: "13:00", source: "hour" }),
      used("08:10", 4),
      used("10:10", 5),
    )
    await write(opened("10:20", { start: "10:00", end: "15:00", source: "official" }))
    expect(columns(await ask("window-cost"), "start", "end", "standardCostUsd", "current")).toEqual([
      [shown("10:00"), shown("15:00"), 5, true],
      [shown("08:00"), shown("10:00"), 4, false],
    ])
  })

  test("a correction counts by when it was told, whichever block comes first", async () => {
    const wrong = blockOf([opened("08:05", { start: "08:00", end: "13:00", source: "hour" })])
    const right = blockOf([
      opened("08:30", { start: "07:40", end: "12:40", source: "official" }),
      used("07:50", 1),
    ])
    await right()
    await wrong()
    expect(columns(await ask("window-cost"), "start", "standardCostUsd")).toEqual([[shown("07:40"), 1]])
  })

  test("windows that only touch leave each other alone, and one without cost is there with 0", async () => {
    await write(opened("03:05", { start: "03:00", end: "08:00", source: "official" }), used("07:59", 4))
    await write(opened("08:01", { start: "08:00", end: "13:00", source: "official" }))
    expect(columns(await ask("window-cost"), "start", "standardCostUsd", "state", "stateChanges")).toEqual([
      [shown("08:00"), 0, "open", 0],
      [shown("03:00"), 4, "open", 0],
    ])
  })

  test("what one account costs is not another's, and a window out of the range is not shown", async () => {
    const other = { ...used("08:20", 8), actor: "account/key-2" } as Fact
    await write(opened("08:05", { start: "08:00", end: "13:00", source: "hour" }), used("08:10", 4), other)
    expect(columns(await ask("window-cost"), "account", "standardCostUsd")).toEqual([["key-1", 4]])
    expect(await ask("window-cost", "12:00", { account: "key-2" })).toEqual([])
    expect(await ask("window-cost", "23:00", { last: "1h" })).toEqual([])
  })

  test("a window without a limit has a cost and no share", async () => {
    const start = opened("08:05", { start: "08:00", end: "13:00", source: "hour" })
    await write({ ...start, limitNanoUsd: 0 } as Fact, used("08:10", 4))
    expect(columns(await ask("window-cost"), "standardCostUsd", "limitUsd", "share")).toEqual([
      [4, null, null],
    ])
  })

  test("a window whose block is written twice costs once", async () => {
    await writeTwice(
      opened("08:05", { start: "08:00", end: "13:00", source: "hour" }),
      used("08:10", 4),
      reached("08:10", { start: "08:00", state: "exhausted" }),
    )
    expect(columns(await ask("window-cost"), "standardCostUsd", "requests", "stateChanges")).toEqual([
      [4, 1, 1],
    ])
  })
})

const stay = { actor, session: "00000000000000aa", stay: "stay-1" }

describe("sessions", () => {
  test("a stay whose begin and end come in different blocks is one row", async () => {
    await write(...acquired("08:00", { inFlight: 1, accountInFlight: 1, session: stay.session }), {
      ...stay,
      type: "account.session_registered",
      at: at("08:00"),
    })
    await write(...acquired("08:03", { inFlight: 1, accountInFlight: 1, session: stay.session }))
    const [active] = await ask("sessions")
    expect(active).toMatchObject({
      requests: 2,
      lastSeen: shown("08:03"),
      active: true,
      ended: null,
      why: "",
    })
    const end = { ...stay, at: at("08:09"), lastSeenAt: at("08:04") }
    await write({ ...end, type: "account.session_expired" })
    expect(await ask("sessions")).toEqual([
      {
        account: "key-1",
        session: stay.session,
        requests: 2,
        registered: shown("08:00"),
        lastSeen: shown("08:04"),
        active: false,
        ended: shown("08:09"),
        why: "expired",
      },
    ])
  })

  test("an end that is projected before its begin is the same stay", async () => {
    const begin = blockOf([{ ...stay, type: "account.session_registered", at: at("08:00") }])
    const end = { ...stay, at: at("08:09"), lastSeenAt: at("08:04"), reason: "unbound" } as const
    await write({ ...end, type: "account.session_released" })
    await begin()
    expect(columns(await ask("sessions"), "registered", "ended", "why")).toEqual([
      [shown("08:00"), shown("08:09"), "unbound"],
    ])
  })

  test("two stays of one session share no request, and the busiest comes first", async () => {
    const end = { ...stay, at: at("08:09"), lastSeenAt: at("08:00") }
    const again = { ...stay, stay: "stay-2", at: at("09:00") }
    await write(...acquired("08:00", { inFlight: 1, accountInFlight: 1, session: stay.session }), {
      ...stay,
      type: "account.session_registered",
      at: at("08:00"),
    })
    await write({ ...end, type: "account.session_expired" })
    await writeTwice(...acquired("09:00", { inFlight: 1, accountInFlight: 1, session: stay.session }), {
      ...again,
      type: "account.session_registered",
    })
    await write(
      ...acquired("09:01", { inFlight: 2, accountInFlight: 2, session: stay.session }),
      ...acquired("09:02", { inFlight: 2, accountInFlight: 2 }),
    )
    const rows = await ask("sessions")
    expect(columns(rows, "registered", "requests", "active")).toEqual([
      [shown("09:00"), 2, true],
      [shown("08:00"), 1, false],
    ])
    expect(await ask("sessions", "12:00", { limit: "1" })).toHaveLength(1)
    expect(await ask("sessions", "12:00", { account: "key-2" })).toEqual([])
    expect(columns(await ask("sessions", "12:00", { last: "3h" }), "registered")).toEqual([[shown("09:00")]])
  })
})

describe("near-limit", () => {
  test("a peak in flight and a window's cost stand against the limits configured last", async () => {
    await write(configuredChannel("08:00", 100), configuredAccount("08:00", { concurrency: 2, limitUsd: 0 }))
    await write(configuredChannel("09:00", 10), configuredAccount("09:00", { concurrency: 5, limitUsd: 10 }))
    await writeTwice(opened("09:05", { start: "09:00", end: "14:00", source: "hour" }), used("09:10", 9))
    await writeTwice(
      ...acquired("11:50", { inFlight: 9, accountInFlight: 4 }),
      ...acquired("11:51", { inFlight: 3, accountInFlight: 1 }),
      ...acquired("08:30", { inFlight: 10, accountInFlight: 5 }),
    )
    expect(await ask("near-limit")).toEqual([
      {
        actor,
        channel,
        peakInFlight: 4,
        concurrency: 5,
        adaptive: false,
        inFlightShare: 0.8,
        windowCostUsd: 9,
        windowLimitUsd: 10,
        windowShare: 0.9,
        windowEnd: shown("14:00"),
      },
      {
        actor: `channel/${channel}`,
        channel,
        peakInFlight: 9,
        concurrency: 10,
        adaptive: false,
        inFlightShare: 0.9,
        windowCostUsd: null,
        windowLimitUsd: null,
        windowShare: null,
        windowEnd: null,
      },
    ])
    expect(columns(await ask("near-limit", "12:00", { share: "0.95" }), "actor")).toEqual([])
    expect(
      columns(await ask("near-limit", "12:00", { last: "4h", share: "1" }), "actor", "peakInFlight"),
    ).toEqual([
      [actor, 5],
      [`channel/${channel}`, 10],
    ])
  })

  test("a limit that was taken away, and an actor that was removed, are near nothing", async () => {
    await write(configuredChannel("08:00", 10), configuredAccount("08:00", { concurrency: 5, limitUsd: 10 }))
    await write(...acquired("11:50", { inFlight: 10, accountInFlight: 5 }))
    expect(await ask("near-limit")).toHaveLength(2)
    await write(configuredChannel("11:55", null))
    await write({ actor, type: "account.removed", at: at("11:56"), by: "file", reason: "deleted" })
    expect(await ask("near-limit", "12:00", { share: "0" })).toEqual([])
  })
})

describe("rejections", () => {
  test("each reason is counted with what its facts stand for, beside the codes that clients got", async () => {
    const place = { actor: `channel/${channel}`, request: "request-1", attempt: 1, waitMs: 5, depth: 1 }
    const refused = { ...place, type: "channel.rejected", inFlight: 1, waiting: 1 } as const
    await writeTwice(
      { ...refused, at: at("11:00"), reason: "queue_full", count: 1 },
      { ...refused, at: at("11:01"), reason: "queue_full", count: 250 },
      { ...refused, at: at("11:01"), reason: "rpm", count: 2 },
      { ...place, type: "channel.timed_out", at: at("11:02") },
      { ...place, type: "channel.abandoned", at: at("11:03"), reason: "displaced" },
      { ...place, type: "channel.abandoned", at: at("11:04"), reason: "served_elsewhere" },
      { ...place, type: "channel.abandoned", at: at("11:05"), reason: "client_left" },
      completed("11:06", { code: "channel_queue_full", status: 429 }),
      completed("11:07", { code: "channel_queue_full", status: 429 }),
      completed("11:08", { code: "ok", status: 200 }),
      completed("11:09", { code: "client_closed", status: 499 }),
      refusedUnknown("11:10", 4_120),
      refusedUnknown("11:11", 80),
    )
    expect(columns(await ask("rejections"), "seenBy", "channel", "reason", "status", "count")).toEqual([
      ["channel", channel, "queue_full", null, 251],
      ["channel", channel, "rpm", null, 2],
      ["channel", channel, "displaced", null, 1],
      ["channel", channel, "queue_timeout", null, 1],
      ["client", "", "invalid_client_key", 401, 4_200],
      ["client", "", "channel_queue_full", 429, 2],
    ])
  })

  test("a trace counts those that have no story of their own", async () => {
    await writeTwice(completed("11:06", { code: "ok", status: 200 }), refusedUnknown("11:10", 4_120))
    expect(await ask("trace")).toMatchObject([
      {
        requests: 4_121,
        completed: 1,
        statuses: { 200: 1, 401: 4_120 },
        codes: { invalid_client_key: 4_120 },
      },
    ])
  })
})

test("a cooldown of one model names it", async () => {
  await write({
    actor,
    type: "account.cooldown_started",
    at: at("11:00"),
    id: "cooldown-1",
    until: at("11:01"),
    consecutive: 1,
    classification: "model",
    evidence: {},
    source: "backoff",
    backoffMs: 60_000,
    retryAfterMs: null,
    status: 429,
    summary: "",
    model: "gpt",
  })
  expect(columns(await ask("cooldowns"), "actor", "model")).toEqual([[actor, "gpt"]])
})
