import { startUpstream } from "../contestants/upstream.ts"
import { load, type LoadResult, type LoadTool } from "../load.ts"
import { describeMachine } from "../machine.ts"
import type { Processes } from "../processes.ts"
import type { AtConcurrency, ComparePlan, CompareReport, PerProcess } from "./compare-report.ts"
import { type PairedRatio, pairedRatio, standing } from "./paired-ratio.ts"
import { cpuMsOf, peakMbOf } from "./process-usage.ts"
import { type Part, type Product, setUpCheckout, startProduct } from "./product.ts"

/** A change may take this many times the processor time of a request. */
const ratioMost = 1.05
const parts = ["ingress", "nats-server", "projector", "up"] as const satisfies ReadonlyArray<Part>

type PerPart = Readonly<Record<Part, number>>

/** What one side of a pair was seen to do in one round. */
interface Round {
  readonly cpuUs: PerPart
  readonly result: LoadResult
}

/** What one side of a pair was seen to do in all. */
interface Side {
  readonly rounds: ReadonlyArray<Round>
  readonly memoryMb: PerPart
}

type Sides<One> = { readonly before: One; readonly after: One }

interface Options {
  readonly plan: ComparePlan
  readonly tool: LoadTool
  readonly before: string
  readonly after: string
  readonly say: (line: string) => void
}

/**
 * Measures the products of two checkouts in pairs; `say` hears what is being done.
 *
 * In each pair both are started anew, since one start is not like another, and are then loaded right after each other: in one pair the old one first,
 * in the next one the new one, so that a drift of the machine weighs on both alike.
 */
export const runCompare = async (processes: Processes, options: Options): Promise<CompareReport> => {
  const { plan, tool, before, after, say } = options
  for (const checkout of [before, after]) {
    say(`${checkout} is set up`)
    await setUpCheckout(checkout)
  }
  const upstream = await startUpstream(processes)
  const pairs: Array<Sides<Side>> = []
  for (let pair = 0; pair < plan.pairs; pair += 1) {
    const start = (side: "before" | "after") =>
      startProduct(processes, { name: `${side}-${pair + 1}`, checkout: options[side], upstream })
    const products = { before: await start("before"), after: await start("after") }
    const sides = await measurePair(processes, { products, beginsWithAfter: pair % 2 === 1, plan, tool })
    await Promise.all([products.before.stop(), products.after.stop()])
    pairs.push(sides)
    say(`pair ${pair + 1} of ${plan.pairs}: ${pairLine(plan, sides)}`)
  }
  const at = plan.concurrencies.map((concurrency, round) => atConcurrency(concurrency, pairs, round))
  const memoryMb = perProcess(pairs, ({ memoryMb: mb }) => mb)
  return { machine: describeMachine(), tool, plan, before, after, at, memoryMb, ratioMost }
}

const measurePair = async (
  processes: Processes,
  {
    products,
    beginsWithAfter,
    plan,
    tool,
  }: { products: Sides<Product>; beginsWithAfter: boolean; plan: ComparePlan; tool: LoadTool },
): Promise<Sides<Side>> => {
  const { concurrencies, warmUpSeconds, roundSeconds } = plan
  const inOrder = beginsWithAfter ? (["after", "before"] as const) : (["before", "after"] as const)
  const rounds = { before: new Array<Round>(), after: new Array<Round>() }
  for (const side of inOrder) {
    const amount = { connections: Math.max(...concurrencies), seconds: warmUpSeconds }
    await load(products[side], { processes, tool, ...amount })
    await products[side].settled()
  }
  for (const connections of concurrencies)
    for (const side of inOrder) {
      const amount = { connections, seconds: roundSeconds }
      rounds[side].push(
        await measureRound(products[side], () => load(products[side], { processes, tool, ...amount })),
      )
    }
  const sideOf = (side: "before" | "after"): Side => ({
    rounds: rounds[side],
    memoryMb: forEachPart((part) => peakMbOf(products[side].pids[part])),
  })
  return { before: sideOf("before"), after: sideOf("after") }
}

/** A request's work is over when it is in the tables: until then the time counts, so that nobody gains by leaving it to later. */
const measureRound = async (product: Product, loaded: () => Promise<LoadResult>): Promise<Round> => {
  const cpuMs = () => forEachPart((part) => cpuMsOf(product.pids[part]))
  const atBegin = cpuMs()
  const result = await loaded()
  await product.settled()
  const atEnd = cpuMs()
  const cpuUs = forEachPart((part) => ((atEnd[part] - atBegin[part]) * 1_000) / result.requests)
  return { cpuUs, result }
}

const forEachPart = (figureOf: (part: Part) => number): PerPart => ({
  ingress: figureOf("ingress"),
  "nats-server": figureOf("nats-server"),
  projector: figureOf("projector"),
  up: figureOf("up"),
})

const sum = (figures: PerPart): number => parts.reduce((total, part) => total + figures[part], 0)

const perProcess = (pairs: ReadonlyArray<Sides<Side>>, figuresOf: (side: Side) => PerPart): PerProcess => {
  const ratioOf = (figureOf: (figures: PerPart) => number) =>
    overPairs(pairs, (side) => figureOf(figuresOf(side)))
  return {
    all: ratioOf(sum),
    ingress: ratioOf((figures) => figures.ingress),
    "nats-server": ratioOf((figures) => figures["nats-server"]),
    projector: ratioOf((figures) => figures.projector),
  }
}

const overPairs = (pairs: ReadonlyArray<Sides<Side>>, figureOf: (side: Side) => number): PairedRatio =>
  pairedRatio(pairs.map(({ before, after }) => ({ before: figureOf(before), after: figureOf(after) })))

const roundOf = ({ rounds }: Side, at: number): Round => {
  const round = rounds[at]
  if (round === undefined) throw new Error(`a side of a pair has no round ${at + 1}`)
  return round
}

const atConcurrency = (
  concurrency: number,
  pairs: ReadonlyArray<Sides<Side>>,
  round: number,
): AtConcurrency => {
  const cpuUs = perProcess(pairs, (side) => roundOf(side, round).cpuUs)
  return {
    concurrency,
    cpuUs,
    p50Ms: overPairs(pairs, (side) => roundOf(side, round).result.p50Ms),
    p99Ms: overPairs(pairs, (side) => roundOf(side, round).result.p99Ms),
    standing: standing(cpuUs.all, ratioMost),
  }
}

const pairLine = ({ concurrencies }: ComparePlan, { before, after }: Sides<Side>): string =>
  concurrencies
    .map((concurrency, at) => {
      const [old, changed] = [sum(roundOf(before, at).cpuUs), sum(roundOf(after, at).cpuUs)]
      return `at ${concurrency} ${Math.round(old)} → ${Math.round(changed)} µs (× ${(changed / old).toFixed(3)})`
    })
    .join(", ")
