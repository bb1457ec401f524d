import { join } from "node:path"
import { decodeCommit } from "@sluice/events/commit.ts"
import { openJetStreamLog } from "@sluice/infra/event-log/jetstream/jetstream-log.ts"
import { startNatsServer } from "@sluice/infra/nats-server/nats-server.ts"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import {
  askForCompletion,
  runCommand,
  type RunningSluice,
  startSluice,
  temporaryDataDirectory,
} from "../sluice-process.ts"

const started = new AsyncDisposableStack()
let sluice: RunningSluice
let on: ReadonlyArray<string>

beforeAll(async () => {
  const data = started.use(await temporaryDataDirectory())
  sluice = started.use(await startSluice(data.path))
  on = ["--data", data.path]
})

afterAll(() => started.disposeAsync())

const ask = async (headers = {}): Promise<void> => {
  await (await askForCompletion(sluice.url, {}, headers)).text()
}

const verify = async (...args: ReadonlyArray<string>) => {
  const { code, stdout, stderr } = await runCommand(["verify", "--json", ...args])
  return { code, stderr, report: JSON.parse(stdout) as Record<string, never> }
}

/** Stores a commit once more, as another version, on a log on which nothing runs. */
const storeAgain = async (dataDirectory: string, subject: string): Promise<string> => {
  await using server = await startNatsServer({ dataDir: join(dataDirectory, "nats"), port: 0 })
  const log = await openJetStreamLog({ url: server.url })
  const last = await log.last(subject)
  if (last === undefined) throw new Error(`nothing is stored of ${subject}`)
  const { version, ...commit } = decodeCommit(last.body)
  const id = "01M8CAQR0HGCDFCY1QAHE01BTQ"
  const body = JSON.stringify({ ...commit, commit: id, version: version + 1 })
  await log.append({ subject, id, body, expectedSequence: last.sequence })
  await log.close()
  return id
}

describe("sluice verify (R3)", () => {
  test("holds what runs to what the log makes, also while requests come and go", async () => {
    await ask({ "x-sim-fault": "429", "x-sim-fault-times": "1", "x-sim-key": "verified" })
    const asking = Promise.all(Array.from({ length: 20 }, () => ask()))
    const { code, stderr, report } = await verify(...on)
    await asking
    expect([code, stderr]).toEqual([0, ""])
    expect(report).toMatchObject({ ok: true, violations: [], unreached: [] })
    // Three channels and the ingress run.
    expect(report).toMatchObject({ counts: { state: { checked: 4 } } })
  })

  test("says what holds, with counts and speed, in lines that fit", async () => {
    const { code, stdout } = await runCommand(["verify", ...on])
    expect(code).toBe(0)
    for (const rule of ["L11", "L5", "A2", "A7", "A9", "D3", "C5", "L13"])
      expect(stdout).toMatch(new RegExp(`^holds +${rule} .* [\\d,]+ \\w+$`, "m"))
    expect(stdout).toMatch(/\n[\d,]+ facts in [\d,]+ commits, in [\d.]+ s: [\d,]+ facts\/s\n$/)
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100)
  })

  test("names the commit that breaks an invariant, and exits with 1", async () => {
    await using data = await temporaryDataDirectory()
    const where = ["--data", data.path]
    expect((await runCommand(["verify", ...where])).stderr).toMatch(/^sluice: there is no log in .* yet.*\n$/)
    const other = await startSluice(data.path)
    await (await askForCompletion(other.url)).text()
    await other.stop("SIGTERM")
    const good = await verify(...where)
    expect(good).toMatchObject({ code: 0, report: { ok: true, counts: { state: { violated: 0 } } } })
    const commit = await storeAgain(data.path, "sluice.log.channel.demo-openai")
    const { code, stdout } = await runCommand(["verify", ...where])
    expect(code).toBe(1)
    expect(stdout).toMatch(/^fails +A9 .* 2 wrong$/m)
    expect(stdout).toContain(`${commit} of sluice.log.channel.demo-openai`)
    const later = await verify("--from", "2100-01-01", ...where)
    expect(later).toMatchObject({ code: 0, report: { ok: true, commits: 0 } })
  })
})

describe("sluice doctor (R6)", () => {
  test("says that nothing is in the way, and then what is, until when, and what to do", async () => {
    const good = await runCommand(["doctor", "--model", "demo-claude", ...on])
    expect(good).toMatchObject({ code: 0, stderr: "" })
    expect(good.stdout).toMatch(
      /^2 of 2 accounts would take a new request now\n\nactor +model +now +.*\nchannel\/demo-anthropic +demo-claude +open/,
    )
    await ask({ "x-sim-fault": "429-retry-after=600", "x-sim-fault-times": "1", "x-sim-key": "doctored" })
    const { stdout } = await runCommand(["doctor", ...on])
    expect(stdout).toMatch(/account\/demo-openai-\d +cooling +\d{4}-\d\d-\d\d/)
    expect(stdout).toMatch(
      /\ncooling \(.*account\/demo-openai-\d.*\): ends by itself; sluice reset ACTOR ends it now\n$/,
    )
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100)
    const { rows } = JSON.parse((await runCommand(["doctor", "--json", ...on])).stdout) as {
      rows: ReadonlyArray<object>
    }
    expect(rows).toContainEqual(
      expect.objectContaining({ account: "demo-openai-1", advice: expect.any(String) as string }),
    )
  })

  test("says in one line what to do where nothing runs", async () => {
    await using data = await temporaryDataDirectory()
    const { code, stdout, stderr } = await runCommand(["doctor", "--data", data.path])
    expect([code, stdout]).toEqual([1, ""])
    expect(stderr).toMatch(
      /^sluice: nothing runs on the data directory .*: start it with npm start, or .*\n$/,
    )
  })
})
