import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { runCommand } from "../sluice-process.ts"

let folder = ""
let file = ""

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-simulate-"))
  file = join(folder, "mine.yaml")
  await writeFile(
    file,
    "about: A small one.\ndurationS: 60\nprovider: { concurrency: 10, noise: 0.01 }\nlimit: { fixed: 5 }\nbars: { usePercent: 90 }\n",
  )
})

afterAll(() => rm(folder, { recursive: true }))

const simulate = (...args: ReadonlyArray<string>) => runCommand(["simulate", ...args])
const mine = () => ["--scenario", file, "--algorithm", "fixed", "--algorithm", "bracket", "--seeds", "2"]

test.each(["--json", "--csv", "--markdown"])(
  "the same seed gives the same bytes, twice: %s",
  async (form) => {
    const [one, again, other] = [
      await simulate(...mine(), form),
      await simulate(...mine(), form, "--workers", "1"),
      await simulate(...mine(), form, "--seed", "7"),
    ]
    expect(one.code).toBe(0)
    expect(one.stdout.length).toBeGreaterThan(100)
    expect(again.stdout).toBe(one.stdout)
    expect(other.stdout).not.toBe(one.stdout)
  },
)

test("programs get the medians and the bars, or a line for each run", async () => {
  const compared = JSON.parse((await simulate(...mine(), "--json")).stdout) as Array<Record<string, unknown>>
  expect(compared.map(({ scenario, algorithm, seeds }) => [scenario, algorithm, seeds])).toEqual([
    ["mine", "bracket", [1, 2]],
    ["mine", "fixed", [1, 2]],
  ])
  expect(compared[1]).toMatchObject({ bars: [{ bar: "usePercent", asked: 90, isMet: false }] })
  const [head, ...lines] = (await simulate(...mine(), "--csv")).stdout.trim().split("\n")
  expect(head).toMatch(/^scenario,algorithm,seed,requests,/)
  expect(lines.map((line) => line.split(",").slice(0, 3))).toEqual([
    ["mine", "bracket", "1"],
    ["mine", "bracket", "2"],
    ["mine", "fixed", "1"],
    ["mine", "fixed", "2"],
  ])
})

test("people get a table of at most 100 columns that says which bars are missed (F9)", async () => {
  const { stdout, code } = await simulate(...mine())
  expect(code).toBe(0)
  expect(stdout).toMatch(/^mine {2}A small one\.\nalgorithm +429s +use %/)
  expect(stdout).toMatch(/mine, fixed: use \d+\.\d %, held to at least 90 %/)
  expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100)
})

test("the scenarios are listed within 100 columns", async () => {
  const { stdout } = await simulate("--list")
  expect(stdout).toMatch(/^cold-start-40 +A credential/m)
  expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100)
})

test("one run is drawn over time", async () => {
  const picture = join(folder, "run.svg")
  const draw = () => simulate("--scenario", file, "--algorithm", "fixed", "--plot", picture)
  expect((await draw()).stdout).toBe(`${picture}\n`)
  const svg = await readFile(picture, "utf8")
  expect(svg).toContain("mine, fixed, seed 1")
  await draw()
  expect(await readFile(picture, "utf8")).toBe(svg)
})

test.each([
  [["--scenario", "nope"], /^sluice: nope: is no scenario: expected one of .*\n$/],
  [["--plot", "x.svg"], /^sluice: a plot shows one run: name one --scenario and one --algorithm\n$/],
  [["--scenario", "there/is/none.yaml"], /^sluice: there\/is\/none\.yaml: .+\n$/],
])("what cannot be done is told in one line: %s", async (args, message) => {
  const { code, stdout, stderr } = await simulate(...args)
  expect(stderr).toMatch(message)
  expect([code, stdout]).toEqual([1, ""])
})
