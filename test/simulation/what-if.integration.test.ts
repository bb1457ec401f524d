import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { startSimulatedProvider } from "@sluice/simulator/provider.ts"
import { afterAll, beforeAll, expect, test } from "vitest"
import { askForCompletion, runCommand, startSluice, temporaryDataDirectory } from "../sluice-process.ts"

const stack = new AsyncDisposableStack()
const slots = 4
let data = ""
let same = ""
let other = ""
let whileItRan = ""

/** Writes a configuration of one account beside its credential, and gives its file. */
const configure = async (name: string, providerUrl: string, concurrency: unknown): Promise<string> => {
  const file = join(data, name)
  const account = { id: "a", credential: "file:key", concurrency }
  const channel = {
    id: "c",
    protocol: "openai",
    baseUrl: providerUrl,
    models: ["demo-gpt"],
    queueSize: 10,
    accounts: [account],
  }
  const pools = [{ id: "p", models: ["demo-gpt"], tiers: [["c"]] }]
  await writeFile(join(data, "key"), "sk-test")
  await writeFile(file, JSON.stringify({ pools, channels: [channel] }))
  return file
}

interface Told {
  readonly requests: number
  readonly completed: number
  readonly rejections: number
  readonly codes: Readonly<Record<string, number>>
  readonly waits: { readonly p50: number }
}

const whatIf = async (config: string, ...args: ReadonlyArray<string>) => {
  const { code, stdout, stderr } = await runCommand(["what-if", "--config", config, "--data", data, ...args])
  expect([code, stderr]).toEqual([0, ""])
  return stdout
}
const told = (stdout: string) => JSON.parse(stdout) as Record<"recorded" | "again" | "other", Told>

beforeAll(async () => {
  const folder = stack.use(await temporaryDataDirectory())
  data = folder.path
  // So long that a whole burst has come before the first of it is answered, on a busy machine too.
  const provider = stack.use(await startSimulatedProvider({ concurrencyLimit: slots, serviceMs: 400 }))
  same = await configure("same.yaml", provider.url, 6)
  other = await configure("other.yaml", provider.url, 2)
  const sluice = stack.use(await startSluice(data, { args: ["--config", same] }))
  // Each burst is more than the limit and the queue take together.
  for (let burst = 0; burst < 6; burst += 1)
    await Promise.all(Array.from({ length: 20 }, async () => (await askForCompletion(sluice.url)).text()))
  whileItRan = await whatIf(same, "--json")
  await sluice.stop("SIGTERM")
}, 120_000)

afterAll(() => stack.disposeAsync())

test("the recorded demand comes to what was recorded, by the actors of the product in virtual time (R4)", () => {
  const { recorded, again } = told(whileItRan)
  expect(recorded.requests).toBe(120)
  expect(recorded.rejections).toBeGreaterThan(0)
  expect(recorded.codes["channel_queue_full"]).toBeGreaterThan(10)
  const counts = ({ requests, completed, rejections, codes }: Told) => [
    requests,
    completed,
    rejections,
    codes["channel_queue_full"] ?? 0,
  ]
  const were = counts(recorded)
  const off = counts(again).filter((count, place) => Math.abs(count - (were[place] ?? 0)) > 3)
  expect({ off, again, recorded }).toMatchObject({ off: [] })
})

test("under another limit it comes to something else, in the same bytes each time", async () => {
  const one = await whatIf(other, "--json")
  expect(await whatIf(other, "--json")).toBe(one)
  const { again, other: otherwise } = told(one)
  expect(otherwise.rejections).toBe(0)
  expect(otherwise.waits.p50).toBeGreaterThan(again.waits.p50)
  expect(otherwise.codes["channel_queue_full"]).toBeGreaterThan(again.codes["channel_queue_full"] ?? 0)
})

test("the log of a product that has ended tells the same as while it ran", async () => {
  expect(await whatIf(same, "--json")).toBe(whileItRan)
})

test("people get a table of at most 100 columns, and are told how far it is to be believed", async () => {
  const table = await whatIf(other)
  expect(table).toMatch(
    /^Requests that arrived from 20.* UTC, seed 1\n +recorded +run again +other\.yaml +change\n/,
  )
  expect(table).toMatch(/^provider 429s +\d+ +\d+ +0 +−100 %$/m)
  expect(table).toMatch(/^c: limit used % /m)
  expect(table).toMatch(/Run again as it was configured, it /)
  expect(Math.max(...table.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100)
})

test("a time without requests, and one that ends before it begins, are told in one line", async () => {
  const on = ["--config", other, "--data", data]
  const empty = await runCommand(["what-if", ...on, "--to", "2020-01-01"])
  expect(empty).toMatchObject({
    code: 1,
    stdout: "",
    stderr: "sluice: no request is recorded in that time\n",
  })
  const turned = await runCommand(["what-if", ...on, "--from", "2020-01-02", "--to", "2020-01-01"])
  expect([turned.code, turned.stderr]).toEqual([1, "sluice: --from is after --to\n"])
})

test("variables with secrets need not be set: in virtual time nobody asks for them", async () => {
  const elsewhere = join(data, "elsewhere.yaml")
  const written = await readFile(other, "utf8")
  await writeFile(elsewhere, written.replace("file:key", "env:SLUICE_KEY_OF_ANOTHER_MACHINE"))
  expect(told(await whatIf(elsewhere, "--json")).other).toEqual(told(await whatIf(other, "--json")).other)
})

test("what is wrong with the other configuration is told as sluice check does", async () => {
  const broken = join(data, "broken.yaml")
  await writeFile(broken, "pools: []\nchannels: 3\n")
  const checked = await runCommand(["check", broken])
  const refused = await runCommand(["what-if", "--config", broken, "--data", data])
  expect([refused.code, refused.stdout]).toEqual([1, ""])
  expect(refused.stderr).toBe(checked.stderr)
  expect(refused.stderr).toMatch(/^\S+broken\.yaml:2:\d+ channels: /)
})
