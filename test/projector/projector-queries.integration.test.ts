import { mkdtemp, rm } from "node:fs/promises"
import { request } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createMemoryClaims } from "@sluice/infra/clickhouse/memory-claims.ts"
import { createMemoryLog } from "@sluice/infra/event-log/testing/memory-log.ts"
import { createLogger } from "@sluice/infra/logging/logging.ts"
import { startProjector, type Projector } from "@sluice/projector/projector.ts"
import { exampleCommits } from "@sluice/projector/testing/example-commits.ts"
import { afterAll, beforeAll, describe, expect, test } from "vitest"

const examples = [...exampleCommits({ requests: 60 })]
const facts = examples.flatMap(({ commit }) => commit.facts)
const month = "from=2026-10-01&to=2026-11-30&wait=head"

let projector: Projector
let path: string

beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), "sluice-queries-"))
  const log = createMemoryLog()
  for (const { subject, id, body } of examples)
    await log.append({ subject, id, body, expectedSequence: (await log.last(subject))?.sequence ?? 0 })
  const logger = createLogger({ name: "test", level: "fatal" })
  projector = await startProjector({ log, claims: createMemoryClaims(), clickHouse: { path }, logger })
})

afterAll(async () => {
  await projector.stop()
  await rm(path, { recursive: true, force: true })
})

/** Asks, with headers that `fetch` would not send. */
const get = (place: string, headers: Record<string, string> = {}) =>
  new Promise<{ status: number | undefined; body: unknown }>((resolve, reject) => {
    request(`${projector.url}${place}`, { headers }, (answer) => {
      let text = ""
      answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk))
      answer.on("end", () => resolve({ status: answer.statusCode, body: JSON.parse(text) }))
    })
      .on("error", reject)
      .end()
  })

const rowsOf = async (place: string): Promise<ReadonlyArray<Record<string, unknown>>> => {
  const { body } = await get(place)
  return (body as { rows: ReadonlyArray<Record<string, unknown>> }).rows
}

const usages = facts.filter((fact) => fact.type === "account.usage_recorded")
const sum = (values: ReadonlyArray<number>): number => values.reduce((total, value) => total + value, 0)

describe("named queries", () => {
  test("the commits of a request are found by its id, with what names no request", async () => {
    const cooled = examples.find(({ commit }) =>
      commit.facts.some(({ type }) => type.includes("cooldown_started")),
    )
    const asked = cooled?.commit.facts.flatMap((fact) => ("request" in fact ? [fact.request] : []))[0] ?? ""
    const isOf = (fact: object) => "request" in fact && fact.request === asked
    const expected = examples
      .filter(({ commit }) => commit.facts.some(isOf))
      .flatMap(({ commit }) => commit.facts)
    const rows = await rowsOf(`/queries/request?request=${asked}&wait=head`)
    expect(new Set(rows.map(({ type }) => type))).toEqual(new Set(expected.map(({ type }) => type)))
    expect(rows).toHaveLength(expected.length)
    expect(expected.every(isOf)).toBe(false)
    expect(await rowsOf("/queries/request?request=nobody")).toEqual([])
    expect(await get("/queries/request")).toMatchObject({ status: 400 })
  })

  test("usage adds up to what was metered, by whatever it is grouped", async () => {
    const inputTokens = sum(usages.map(({ tokens }) => tokens.input))
    const costUsd = sum(usages.map(({ costNanoUsd }) => costNanoUsd)) / 1e9
    const incomplete = usages.filter(({ complete }) => !complete).length
    for (const [by, groups] of [
      ["", 1],
      ["channel", 4],
      ["client,model", 1],
      ["channel,account,client,model", 4],
    ] as const) {
      const rows = await rowsOf(`/queries/usage?${month}&by=${by}`)
      expect(rows).toHaveLength(groups)
      const total = (column: string) => sum(rows.map((row) => Number(row[column])))
      expect([total("requests"), total("inputTokens"), total("incomplete")]).toEqual([
        usages.length,
        inputTokens,
        incomplete,
      ])
      expect(total("costUsd")).toBeCloseTo(costUsd, 9)
    }
  })

  test("usage by day keeps to its range", async () => {
    const rows = await rowsOf(`/queries/usage?${month}&by=day`)
    expect(rows.map(({ day }) => day)).toEqual(["2026-10-31T00:00:00Z"])
    expect(await rowsOf("/queries/usage?from=2026-01-01&to=2026-02-01")).toEqual([])
  })

  test("waits are counted per channel with those that were not admitted", async () => {
    const rows = await rowsOf(`/queries/waits?${month}`)
    expect(rows.map(({ channel }) => channel)).toEqual(["channel-0", "channel-1", "channel-2", "channel-3"])
    const count = (type: string) => facts.filter((fact) => fact.type === type).length
    const total = (column: string) => sum(rows.map((row) => Number(row[column])))
    expect({
      acquired: total("acquired"),
      timedOut: total("timedOut"),
      abandoned: total("abandoned"),
    }).toEqual({
      acquired: count("channel.acquired"),
      timedOut: count("channel.timed_out"),
      abandoned: count("channel.abandoned"),
    })
    expect(total("rejected")).toBe(4 * count("channel.rejected"))
    // Requests 0, 4, 8, … of which each tenth was refused; request n waited n ms.
    expect(rows[0]).toMatchObject({ maxMs: 56, p50Ms: 28 })
  })

  test("a cooldown is one row from its first fact to its last", async () => {
    const rows = await rowsOf(`/queries/cooldowns?${month}&actor=account/key-0`)
    expect(rows.map(({ id }) => id)).toEqual(["cooldown-44", "cooldown-24", "cooldown-4"])
    expect(rows[2]).toMatchObject({
      actor: "account/key-0",
      durationMs: 6_000,
      consecutive: 1,
      classification: "overloaded",
      status: 429,
      source: "retry_after",
      evidence: '{"retry-after":"5","error.code":"rate_limit_exceeded"}',
      endedBy: "elapsed",
    })
    expect(await rowsOf(`/queries/cooldowns?${month}&limit=1`)).toHaveLength(1)
  })

  test("a trace tells what became of the requests that arrived in its time", async () => {
    expect(await rowsOf(`/queries/trace?${month}`)).toMatchObject([
      {
        requests: 60,
        completed: 48,
        statuses: { 200: 48, 429: 12 },
        codes: { channel_queue_full: 6, upstream_error: 6 },
        upstream429: 6,
        waitP50Ms: 30,
        inputTokens: sum(usages.map(({ tokens }) => tokens.input)),
        outputTokens: sum(usages.map(({ tokens }) => tokens.output)),
      },
    ])
    expect(await rowsOf("/queries/trace?from=2026-01-01&to=2026-02-01")).toMatchObject([
      { requests: 0, completed: 0, statuses: {}, codes: {} },
    ])
  })

  test("the list names each query with a sentence and its parameters", async () => {
    const { body } = await get("/queries")
    const { queries } = body as {
      queries: ReadonlyArray<{ name: string; about: string; parameters: Array<object> }>
    }
    expect(queries.map(({ name }) => name)).toEqual([
      "usage",
      "waits",
      "cooldowns",
      "rejections",
      "sessions",
      "window-cost",
      "near-limit",
      "adjustments",
      "trace",
      "request",
    ])
    expect(queries.every(({ about, parameters }) => about.endsWith(".") && parameters.length > 0)).toBe(true)
  })
})

describe("refusals", () => {
  test.each([
    ["/queries/nope", 404, "not_found"],
    ["/nothing", 404, "not_found"],
    ["/queries/%", 404, "not_found"],
    ["/queries/usage?by=shoe", 400, "invalid_request"],
    ["/queries/usage?colour=red", 400, "invalid_request"],
    ["/queries/usage?last=soon", 400, "invalid_request"],
    ["/queries/usage?wait=never", 400, "invalid_request"],
    ["/queries/cooldowns?limit=0", 400, "invalid_request"],
    ["/queries/near-limit?share=much", 400, "invalid_request"],
  ])("%s is answered with %i", async (place, status, code) => {
    expect(await get(place)).toMatchObject({ status, body: { error: { code } } })
  })

  test("a value that looks like SQL is a value", async () => {
    const { status, body } = await get(
      `/queries/cooldowns?${month}&actor=${encodeURIComponent("' OR 1=1 --")}`,
    )
    expect({ status, body }).toEqual({ status: 200, body: { rows: [] } })
  })

  test("a page of a browser and a name from outside are turned away (S9)", async () => {
    expect(await get("/lag", { origin: "http://evil.example" })).toMatchObject({ status: 403 })
    expect(await get("/lag", { host: "evil.example" })).toMatchObject({ status: 403 })
    expect(await get("/lag")).toMatchObject({ status: 200, body: { lagFacts: 0 } })
  })
})
