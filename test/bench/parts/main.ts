// npm run bench:parts: what the parts cost by themselves.
import { parseArgs } from "node:util"
import { isMet } from "../figures.ts"
import { partsText } from "./parts-text.ts"
import { fullParts, quickParts, runParts } from "./run-parts.ts"

const usage = `Measures decisions, the queue, replay, commits, projection and what looks back by themselves, and prints a table.

  npm run bench:parts -- [--quick] [--json]
`

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
})

if (values.help) console.log(usage)
else {
  // What is being done goes to stderr, so that stdout holds the report alone.
  const report = await runParts(values.quick ? quickParts : fullParts, (line) => console.error(line))
  const bars = report.bars.map((bar) => ({ ...bar, met: isMet(bar) }))
  console.log(values.json ? JSON.stringify({ ...report, bars }, null, 2) : partsText(report))
}
