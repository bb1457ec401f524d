// npm run bench: Sluice beside what it could be replaced by, in one run.
import { parseArgs } from "node:util"
import { fullPlan, quickPlan } from "./bench-plan.ts"
import { benchText } from "./bench-text.ts"
import type { ContestantName } from "./contestants/contestant.ts"
import { haproxyIsInstalled } from "./contestants/haproxy.ts"
import { fullFairness, quickFairness } from "./fairness/fairness-plan.ts"
import { fairnessText } from "./fairness/fairness-text.ts"
import { runFairness } from "./fairness/run-fairness.ts"
import { type Bar, isMet } from "./figures.ts"
import { findLoadTool } from "./load.ts"
import { Processes } from "./processes.ts"
import { runBench } from "./run-bench.ts"
import { endWithSignals } from "./signals.ts"

const usage = `Compares Sluice with the upstream asked directly, HAProxy and Portkey's gateway, and prints tables:
how many requests go through, and who gets the slots of an upstream that has too few.

  npm run bench -- [--only throughput|fairness] [--quick] [--without haproxy,portkey] [--json]
`

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    without: { type: "string", default: "" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
})

/** What one part found, for people and for programs. */
interface Found {
  readonly text: string
  readonly json: object
}

/** Progress goes to stderr, so that stdout holds the report alone. */
const say = (line: string): void => console.error(line)

const chosen = async (names: ReadonlyArray<ContestantName>): Promise<ReadonlyArray<ContestantName>> => {
  const without = values.without.split(",")
  const left = names.filter((name) => !without.includes(name))
  if (!left.includes("haproxy") || (await haproxyIsInstalled())) return left
  say("HAProxy is not installed: compared without it")
  return left.filter((name) => name !== "haproxy")
}

const judged = <Report extends { readonly bars: ReadonlyArray<Bar> }>(report: Report) => ({
  ...report,
  bars: report.bars.map((bar) => ({ ...bar, met: isMet(bar) })),
})

const throughput = async (processes: Processes): Promise<Found> => {
  const plan = values.quick ? quickPlan : fullPlan
  const contestants = await chosen(plan.contestants)
  const tool = await findLoadTool()
  const report = await runBench(processes, { plan: { ...plan, contestants }, tool, say })
  return { text: benchText(report), json: judged(report) }
}

const fairness = async (processes: Processes): Promise<Found> => {
  const plan = values.quick ? quickFairness : fullFairness
  const withHaproxy = (await chosen(["sluice", "haproxy"])).includes("haproxy")
  const report = await runFairness(processes, { plan, withHaproxy, say })
  return { text: fairnessText(report), json: { fairness: judged(report) } }
}

const parts = { throughput, fairness }

const isPart = (name: string): name is keyof typeof parts => Object.hasOwn(parts, name)

const run = async (names: ReadonlyArray<keyof typeof parts>): Promise<void> => {
  await using running = new AsyncDisposableStack()
  const told = endWithSignals(running)
  const found: Array<Found> = []
  for (const name of names) {
    // Each part begins with processes of its own, when those of the one before have ended.
    await using processes = new Processes()
    try {
      running.use(processes)
      found.push(await parts[name](processes))
    } catch (error) {
      process.exitCode = told.exitCode ?? 1
      if (told.exitCode === undefined) console.error("the bench failed:", processes.fallen ?? error)
      return
    }
  }
  const json = Object.assign({}, ...found.map((one) => one.json))
  console.log(values.json ? JSON.stringify(json, null, 2) : found.map(({ text }) => text).join("\n\n"))
}

if (values.help) console.log(usage)
else if (values.only === undefined) await run(["throughput", "fairness"])
else if (isPart(values.only)) await run([values.only])
else {
  console.error(`--only is throughput or fairness, not ${values.only}`)
  process.exitCode = 1
}
