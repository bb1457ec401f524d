// npm run bench: Sluice beside what it could be replaced by, in one run.
import { parseArgs } from "node:util"
import { fullPlan, quickPlan } from "./bench-plan.ts"
import { benchText } from "./bench-text.ts"
import type { ContestantName } from "./contestants/contestant.ts"
import { haproxyIsInstalled } from "./contestants/haproxy.ts"
import { isMet } from "./figures.ts"
import { findLoadTool } from "./load.ts"
import { Processes } from "./processes.ts"
import { runBench } from "./run-bench.ts"
import { endWithSignals } from "./signals.ts"

const usage = `Compares Sluice with the upstream asked directly, HAProxy and Portkey's gateway, and prints a table.

  npm run bench -- [--quick] [--without haproxy,portkey] [--json]
`

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    without: { type: "string", default: "" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
})

/** Progress goes to stderr, so that stdout holds the report alone. */
const say = (line: string): void => console.error(line)

const chosen = async (names: ReadonlyArray<ContestantName>): Promise<ReadonlyArray<ContestantName>> => {
  const without = values.without.split(",")
  const left = names.filter((name) => !without.includes(name))
  if (!left.includes("haproxy") || (await haproxyIsInstalled())) return left
  say("HAProxy is not installed: compared without it")
  return left.filter((name) => name !== "haproxy")
}

const run = async (): Promise<void> => {
  await using processes = new Processes()
  const told = endWithSignals(processes)
  try {
    const plan = values.quick ? quickPlan : fullPlan
    const contestants = await chosen(plan.contestants)
    const tool = await findLoadTool()
    const report = await runBench(processes, { plan: { ...plan, contestants }, tool, say })
    const bars = report.bars.map((bar) => ({ ...bar, met: isMet(bar) }))
    console.log(values.json ? JSON.stringify({ ...report, bars }, null, 2) : benchText(report))
  } catch (error) {
    process.exitCode = told.exitCode ?? 1
    if (told.exitCode === undefined) console.error("the bench failed:", processes.fallen ?? error)
  }
}

if (values.help) console.log(usage)
else await run()
