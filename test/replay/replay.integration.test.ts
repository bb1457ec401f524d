import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import {
  askForCompletion,
  processesOn,
  runCommand,
  type RunningSluice,
  startCommand,
  startSluice,
  temporaryDataDirectory,
} from "../sluice-process.ts"
import { until } from "../until.ts"

const started = new AsyncDisposableStack()
let sluice: RunningSluice
let on: ReadonlyArray<string>

beforeAll(async () => {
  const data = started.use(await temporaryDataDirectory())
  sluice = started.use(await startSluice(data.path))
  on = ["--data", data.path]
  const answers = await Promise.all(Array.from({ length: 3 }, () => askForCompletion(sluice.url)))
  await Promise.all(answers.map((answer) => answer.text()))
})

afterAll(() => started.disposeAsync())

const linesIn = (stdout: string): ReadonlyArray<Record<string, unknown>> =>
  stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>)

const widest = (text: string): number => Math.max(...text.split("\n").map((line) => line.length))

describe("sluice replay (R1)", () => {
  test("shows a channel as it is and as it was, for people and for programs", async () => {
    const now = await runCommand(["replay", "channel/demo-openai", ...on])
    expect(now).toMatchObject({ code: 0, stderr: "" })
    expect(now.stdout).toMatch(
      /^channel\/demo-openai at .* UTC, version \d+\nstate +admission open · health healthy/,
    )
    expect(widest(now.stdout)).toBeLessThanOrEqual(100)
    const { stdout } = await runCommand(["replay", "channel/demo-openai", "--version", "2", "--json", ...on])
    expect(linesIn(stdout)).toMatchObject([{ kind: "state", version: 2, context: { revision: 1 } }])
  })

  test("shows step by step what changed an account, and goes on with what happens", async () => {
    const { stdout } = await runCommand(["replay", "account/demo-openai-1", "--from", "1h", "--json", ...on])
    const facts = linesIn(stdout).map(({ fact }) => (fact as { type: string }).type)
    expect(facts.slice(0, 2)).toEqual(["account.configured", "account.acquired"])
    const following = startCommand(["replay", "channel/demo-openai", "--follow", ...on])
    await until(() => following.stdout().includes("version"), "the state is shown")
    await (await askForCompletion(sluice.url)).text()
    await until(() => following.stdout().includes("− leases."), "the release is shown")
    following.process.kill("SIGINT")
    expect(await following.ended).toMatchObject({ code: 0, stderr: "" })
  })

  test.each([
    [["channel/nobody"], /^sluice: there is no channel\/nobody in the log: there is channel\/demo-/],
    [["channel/demo-openai", "--at", "-1h"], /^sluice: channel\/demo-openai is not in the log at that time/],
    [
      ["channel/demo-openai", "--from", "2h", "--to", "1h"],
      /^sluice: nothing happened to channel\/demo-openai/,
    ],
    [
      ["channel/demo-openai", "--at", "1h", "--version", "1"],
      /^sluice: only one of --at, --version and --from/,
    ],
  ])("says in one line why not: %j", async (args, reason) => {
    const { code, stdout, stderr } = await runCommand(["replay", ...args, ...on])
    expect([code, stdout]).toEqual([1, ""])
    expect(stderr).toMatch(reason)
    expect(stderr.trimEnd().split("\n")).toHaveLength(1)
  })
})

describe("sluice explain (R2)", () => {
  const requestOf = async (answer: Response): Promise<string> => {
    await answer.text()
    return answer.headers.get("x-sluice-request-id") ?? ""
  }

  test("tells the story of a request that just ended, in sentences and as JSON", async () => {
    const fault = { "x-sim-fault": "429", "x-sim-fault-times": "1", "x-sim-key": "explained" }
    const request = await requestOf(await askForCompletion(sluice.url, {}, fault))
    const told = await runCommand(["explain", request, ...on])
    expect(told).toMatchObject({ code: 0, stderr: "" })
    expect(told.stdout).toMatch(
      /: status 200 \(ok\)\n +\+0 ms {2}it arrives [^]* status 429 [^]* cool until [^]*attempt 2 gets a slot[^]* used [^]*it ends with status 200/,
    )
    expect(widest(told.stdout)).toBeLessThanOrEqual(100)
    const { stdout } = await runCommand(["explain", request, "--json", ...on])
    const story = JSON.parse(stdout) as Record<string, unknown>
    expect(story).toMatchObject({
      request,
      status: 200,
      attempts: 2,
      cooldowns: { caused: [{ id: expect.stringContaining(`:${request}.1`) as string }] },
    })
    const types = (story["facts"] as ReadonlyArray<{ type: string }>).map(({ type }) => type)
    expect(types).toEqual(
      expect.arrayContaining(["channel.acquired", "account.cooldown_started", "request.completed"]),
    )
  })

  test("says in one line that a request is not known", async () => {
    expect(await runCommand(["explain", "nobody", ...on])).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^sluice: nothing is known of a request "nobody": .*\n$/) as string,
    })
  })
})

test("a log on which nothing runs is read by the command itself, and left as it was", async () => {
  await using data = await temporaryDataDirectory()
  const where = ["--data", data.path]
  const nothing = await runCommand(["replay", "channel/demo-openai", ...where])
  expect(nothing.stderr).toMatch(/^sluice: there is no log in .* yet: say with --data where it is.*\n$/)
  const other = await startSluice(data.path)
  await (await askForCompletion(other.url)).text()
  await other.stop("SIGTERM")
  const { code, stdout } = await runCommand(["replay", "channel/demo-openai", "--json", ...where])
  expect([code, linesIn(stdout)[0]]).toMatchObject([0, { kind: "state", context: { leases: {} } }])
  // A reader that has had enough leaves no server behind either.
  const main = join(import.meta.dirname, "../../services/sluice/main.ts")
  const everything = [main, "replay", "channel/demo-openai", "--from", "1h", "--json", ...where]
  const piped = spawn("sh", ["-c", '"$0" "$@" | head -c 10', process.execPath, ...everything])
  await once(piped, "close")
  await until(() => processesOn(data.path).length === 0, "everything on the data directory has ended")
  await (await startSluice(data.path)).stop("SIGTERM")
})
