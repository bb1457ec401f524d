import { readFileSync } from "node:fs"
import { Schema } from "effect"
import { parse } from "yaml"
import { Scenario } from "../services/simulation/scenario/scenario.ts"
import { runScenario } from "../services/simulation/run-scenario.ts"
const [names, seeds = "3", algos = "bracket"] = process.argv.slice(2)
const all = "cold-start-40,40-15-60,noise-2-percent,rpm-120-told,rpm-120-untold,concurrency-20-with-rpm-150,little-traffic,bursts,day-curve,3-to-6,150-to-80,heavy-tail,shared-key,outage-5-min,counts-3s-too-long,late-429-5s,queues-instead,two-models".split(",")
const median = (xs: number[]) => xs.toSorted((a, b) => a - b)[Math.floor((xs.length-1) / 2)]!
for (const name of names === "all" || !names ? all : names.split(",")) {
  const scenario = Schema.decodeUnknownSync(Scenario)(parse(readFileSync(new URL(`../services/simulation/scenarios/${name}.yaml`, import.meta.url), "utf8")))
  for (const algorithm of algos.split(",")) {
    const t = performance.now()
    const runs = []
    for (let seed = 1; seed <= Number(seeds); seed++) runs.push(await runScenario({ scenario, algorithm: algorithm as any, seed }))
    const m = (f: (r: any) => number) => median(runs.map(f)).toFixed(1)
    const conv = runs[0]!.converged.map((_, i) => { const xs = runs.map((r: any) => JSON.stringify(r.converged[i])); return xs[0] })
    console.log(name.padEnd(28), algorithm.padEnd(8), "429/1000", m(r => r.rejectedPer1000).padStart(6), "use", m(r => r.usePercent).padStart(6), "swing", m(r => r.swingPercent ?? 0), "p95wait", m(r => r.p95WaitMs), "req", m(r => r.requests), "refused", m(r => r.refused), "failed", m(r => r.failed), "cl429", m(r => r.clientRejections), `${((performance.now() - t) / Number(seeds)).toFixed(0)}ms`, conv.join(" "))
  }
}
