import { readFileSync } from "node:fs"
import { Schema } from "effect"
import { parse } from "yaml"
import { Scenario } from "../services/simulation/scenario/scenario.ts"
import { runScenario } from "../services/simulation/run-scenario.ts"
import { VirtualNode } from "../services/simulation/virtual-node.ts"
const [name, from, to, seed = "1"] = process.argv.slice(2)
const scenario = Schema.decodeUnknownSync(Scenario)(parse(readFileSync(new URL(`../services/simulation/scenarios/${name}.yaml`, import.meta.url), "utf8")))
;(globalThis as any).trace = (facts: any[], state: any) => {
  for (const f of facts) {
    const s = (f.at - 1_790_000_040_000) / 1000
    if (s < Number(from) || s > Number(to)) continue
    const a = [...state.accounts.values()][0]?.getSnapshot().context.ledger
    const l = a?.learning?.state ?? {}
    if (f.actor.startsWith("account/") && /acquired|accepted|released|limit_adjusted|cooldown|ramped|rate/.test(f.type))
      console.log(s.toFixed(3), f.type.slice(8), f.lease ?? "", f.outcome ?? "", f.classification ?? "", "n", f.inFlight ?? "", f.type.includes("adjusted") ? `${f.from}->${f.to} ${f.reason}` : "", f.gateUntil ? `gate+${f.gateUntil - f.at}` : "", `| base ${l.base} hi ${l.hi} target ${l.target} drops ${l.drops} strikes ${l.strikes?.toFixed(1)} scout ${l.scout} tests ${l.tests?.length} budget ${l.budget?.toFixed(2)} next ${((l.nextTestAt - 1_790_000_040_000) / 1000).toFixed(1)}`)
  }
}
console.log(await runScenario({ scenario, algorithm: "bracket", seed: Number(seed) }))
