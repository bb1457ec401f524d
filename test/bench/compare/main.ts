// npm run bench:compare: what a change costs, as the products of two checkouts take turns.
import { resolve } from "node:path"
import { parseArgs } from "node:util"
import { findLoadTool } from "../load.ts"
import { Processes } from "../processes.ts"
import { endWithSignals } from "../signals.ts"
import type { ComparePlan } from "./compare-report.ts"
import { compareText } from "./compare-text.ts"
import { runCompare } from "./run-compare.ts"

const usage = `Compares the product of another checkout (before) with that of this one (after): processor time per
request over all processes and by process, memory, p50 and p99, each as the median of the ratios of
alternating pairs with its 95 % interval. Linux only. Exit code 1 when at any concurrency the whole
interval of the processor time lies more than 5 % above what it was.

  npm run bench:compare -- --against DIR [flags]

  --against DIR     the other checkout; what it lacks is installed there
  --pairs N         pairs of rounds; below 6 there is no interval (default: 15)
  --only N,N,…      the concurrencies (default: 1,16,64)
  --seconds N       load in each round (default: 3)
  --warm-up N       seconds of load after each start (default: 5)
  --json            the report for programs

Example, 15 pairs in a quarter of an hour:

  git worktree add ../before main~20
  npm run bench:compare -- --against ../before --only 1,16,64
`

const after = resolve(import.meta.dirname, "../../..")

const { values } = parseArgs({
  options: {
    against: { type: "string" },
    pairs: { type: "string", default: "15" },
    only: { type: "string", default: "1,16,64" },
    seconds: { type: "string", default: "3" },
    "warm-up": { type: "string", default: "5" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
})

/** Fails: throws, naming the flag, unless it is a whole number from 1 on. */
const wholeNumber = (flag: string, text: string): number => {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 1)
    throw new Error(`${flag} is a whole number from 1 on, not ${JSON.stringify(text)}`)
  return number
}

const readPlan = (): ComparePlan => ({
  pairs: wholeNumber("--pairs", values.pairs),
  concurrencies: values.only.split(",").map((text) => wholeNumber("--only", text)),
  warmUpSeconds: wholeNumber("--warm-up", values["warm-up"]),
  roundSeconds: wholeNumber("--seconds", values.seconds),
})

const run = async (against: string): Promise<void> => {
  const plan = readPlan()
  const before = resolve(against)
  // What is being done goes to stderr, so that stdout holds the report alone.
  const say = (line: string): void => console.error(line)
  await using processes = new Processes()
  const told = endWithSignals(processes)
  try {
    const report = await runCompare(processes, { plan, tool: await findLoadTool(), before, after, say })
    console.log(values.json ? JSON.stringify(report, null, 2) : compareText(report))
    if (report.at.some(({ standing }) => standing === "above")) process.exitCode = 1
  } catch (error) {
    process.exitCode = told.exitCode ?? 2
    if (told.exitCode === undefined) console.error("the comparison failed:", processes.fallen ?? error)
  }
}

if (values.help) console.log(usage)
else if (values.against === undefined) {
  console.error("--against DIR names the checkout to compare with; --help says more")
  process.exitCode = 2
} else await run(values.against)
