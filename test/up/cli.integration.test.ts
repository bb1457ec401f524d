import { spawn } from "node:child_process"
import { once } from "node:events"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import {
  askForCompletion,
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
  await (await askForCompletion(sluice.url)).text()
})

afterAll(() => started.disposeAsync())

const factsIn = (stdout: string): ReadonlyArray<Record<string, unknown>> =>
  stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>)

test.each([
  "up",
  "check",
  "query",
  "tail",
  "replay",
  "explain",
  "verify",
  "doctor",
  "trace",
  "simulate",
  "export",
  "import",
  "ingress",
  "projector",
])("%s --help has a sentence, flags with defaults, and an example", async (command) => {
  const { code, stdout } = await runCommand([command, "--help"])
  expect(code).toBe(0)
  expect(stdout).toMatch(/DESCRIPTION\n {2}\S/)
  expect(stdout).toMatch(/\(default: /)
  expect(stdout).toMatch(/EXAMPLES\n/)
})

test("a flag that is not known is refused with a suggestion", async () => {
  const { code, stderr } = await runCommand(["query", "usage", "--jsn"])
  expect(code).toBe(1)
  expect(stderr).toMatch(/--jsn[\s\S]*--json/)
})

test("the questions are listed, for people and for programs (P7)", async () => {
  const { stdout } = await runCommand(["query", "--list", "--json", ...on])
  const { queries } = JSON.parse(stdout) as { queries: ReadonlyArray<{ name: string; about: string }> }
  expect(queries.map(({ name }) => name)).toEqual(expect.arrayContaining(["usage", "waits", "cooldowns"]))
  for (const query of queries) expect(Object.keys(query)).toEqual(["name", "about"])
  expect((await runCommand(["query", ...on])).stdout).toMatch(/^usage +\S.*\n/)
})

test("usage is asked of the process that holds the tables, as rows and as a table of at most 100 columns", async () => {
  const { stdout } = await runCommand(["query", "usage", "--wait", "head", "--json", ...on])
  expect(JSON.parse(stdout)).toMatchObject({ rows: [{ model: "demo-gpt", requests: 1, outputTokens: 3 }] })
  const table = (await runCommand(["query", "usage", ...on])).stdout
  expect(table).toMatch(/^channel +account +client +model/)
  expect(Math.max(...table.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100)
  expect((await runCommand(["query", "cooldowns", ...on])).stdout).toBe("no rows yet\n")
})

test("a span of time can be given as instants or as how far back", async () => {
  const count = async (...span: ReadonlyArray<string>) => {
    const { stdout, stderr } = await runCommand([
      "query",
      "usage",
      "--wait",
      "head",
      "--json",
      ...span,
      ...on,
    ])
    return stderr === "" ? (JSON.parse(stdout) as { rows: ReadonlyArray<unknown> }).rows.length : stderr
  }
  expect(await count("--last", "1h")).toBe(1)
  expect(await count("--from", "1h", "--to", "2030-01-01")).toBe(1)
  expect(await count("--from", "2020-01-01T00:00Z", "--to", "2020-01-02T00:00Z")).toBe(0)
  expect(await count("--last", "soon")).toMatch(/^sluice: last: "soon" is no span.*\n$/)
  expect(await count("--from", "yesterday")).toMatch(/from.*expected a time/s)
})

test("a question that is not known is one line with those that are", async () => {
  const { code, stderr } = await runCommand(["query", "usages", ...on])
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/^sluice: unknown query "usages".*usage, waits.*\n$/),
  ])
})

test("facts come as they happen, and only those that were asked for (R5)", async () => {
  const tail = startCommand(["tail", "--type", "acquired", "--actor", "channel", ...on])
  await until(async () => {
    await (await askForCompletion(sluice.url)).text()
    return tail.stdout().includes("\n")
  }, "a fact was shown")
  tail.process.kill("SIGINT")
  const { code, stdout, stderr } = await tail.ended
  expect([code, stderr]).toEqual([0, ""])
  for (const fact of factsIn(stdout))
    expect(fact).toMatchObject({ type: "channel.acquired", actor: "channel/demo-openai", inFlight: 1 })
})

test("facts from an earlier time on come first, and a reader that has had enough ends it quietly", async () => {
  const main = join(import.meta.dirname, "../../services/sluice/main.ts")
  const child = spawn("sh", [
    "-c",
    `exec 3>&1; { "$0" "$@"; echo "status $?" >&3; } | head -1`,
    process.execPath,
    main,
    "tail",
    "--from",
    "1h",
    ...on,
  ])
  let stdout = ""
  let stderr = ""
  child.stdout.on("data", (chunk) => (stdout += chunk))
  child.stderr.on("data", (chunk) => (stderr += chunk))
  // The next write after `head` has gone is the one that fails.
  const asking = setInterval(() => void askForCompletion(sluice.url).then((answer) => answer.text()), 100)
  await once(child, "close")
  clearInterval(asking)
  expect(stderr).toBe("")
  expect(stdout).toMatch(/^\{.*"node\.started".*\}\nstatus 0\n$/)
})

test("a configuration is checked: problems with their place, or what was understood (S4)", async () => {
  await using folder = await temporaryDataDirectory()
  const file = join(folder.path, "sluice.yaml")
  const content = (limit: string) => `pools: [{ id: p, models: [m], tiers: [[c]] }]
channels: [{ id: c, protocol: openai, baseUrl: "http://localhost", models: [m], maxConcurrent: ${limit} }]
`
  await writeFile(file, content("4"))
  const good = await runCommand(["check", file])
  expect([good.code, good.stderr]).toEqual([0, ""])
  expect(good.stdout).toContain(`${file} is valid\n1 pool, 1 channel, 1 account, 0 clients\n`)
  expect(JSON.parse((await runCommand(["check", file, "--json"])).stdout)).toMatchObject({
    ok: true,
    problems: [],
  })
  await writeFile(file, content("-4"))
  const bad = await runCommand(["check", file])
  expect([bad.code, bad.stdout]).toEqual([1, ""])
  expect(bad.stderr).toMatch(/^\S+sluice\.yaml:2:\d+ channels\[0\]\.maxConcurrent: -4 is not valid: .*\n$/)
  expect((await runCommand(["check", "/nowhere.yaml"])).stderr).toBe("/nowhere.yaml: does not exist\n")
})

test("the tables of a data directory on which nothing runs are opened by the command itself (P7)", async () => {
  await using data = await temporaryDataDirectory()
  const where = ["--data", data.path]
  expect(await runCommand(["query", "usage", ...where])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^sluice: there are no tables in .* yet.*\n$/) as string,
  })
  expect((await runCommand(["tail", ...where])).stderr).toMatch(/^sluice: nothing runs on .*\n$/)
  const other = await startSluice(data.path)
  await (await askForCompletion(other.url)).text()
  await other.stop("SIGTERM")
  const { stdout } = await runCommand(["query", "usage", "--json", ...where])
  expect(JSON.parse(stdout)).toMatchObject({ rows: [{ requests: 1 }] })
  expect((await runCommand(["query", "usage", "--wait", "head", ...where])).stderr).toMatch(
    /^sluice: --wait /,
  )
})
