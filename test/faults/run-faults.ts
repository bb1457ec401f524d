import { createLogger } from "@sluice/infra/logging/logging.ts"
import { drawExponential } from "@sluice/simulation/random.ts"
import { bringOn } from "./disaster.ts"
import { createDemands } from "./fault-demand.ts"
import { channelId, drawPlan, type FaultPlan, type Mode } from "./fault-plan.ts"
import { FaultWorld } from "./fault-world.ts"
import { liveIsFold, tablesAreLog } from "./invariants/equal-states.ts"
import type { Sabotage } from "./sabotage.ts"
import type { Violation } from "./violations.ts"

/** What came of one run. */
export interface FaultReport {
  readonly seed: number
  readonly mode: Mode
  readonly violations: ReadonlyArray<Violation>
  readonly requests: number
  readonly commits: number
  /** What happened, and how often. */
  readonly happened: Readonly<Record<string, number>>
}

/** So long after the last fault everything has ended. */
const calmMs = 60_000
/** Half seconds in which what is under way at the end of that may end too. */
const mostWaits = 10

const silent = createLogger({ name: "faults", level: "fatal" })

/** Runs one seed. */
export const runFaults = (
  { seed, mode }: { readonly seed: number; readonly mode: Mode },
  sabotage: Sabotage = {},
): Promise<FaultReport> => runPlan(drawPlan(seed, mode), sabotage)

/** Runs what a seed or a test has planned. */
export const runPlan = async (plan: FaultPlan, sabotage: Sabotage = {}): Promise<FaultReport> => {
  const { seed, mode } = plan
  const world = new FaultWorld(plan, sabotage, silent)
  const demands = sendRequests(world)
  for (const [disaster, meanMs] of plan.disasters)
    repeat(world, disaster, meanMs, () => bringOn(world, disaster))
  const { clock } = world
  const endMs = clock.now() + plan.faultyMs
  await clock.run(endMs)
  if (mode === "liveness") {
    world.heal()
    watchStopped(world, endMs + calmMs)
    await clock.run(endMs + calmMs)
    // An account that comes back to its limit does so a fact at a time, at any time.
    for (let wait = 0; wait < mostWaits && checkProgress(world).length > 0; wait += 1)
      await clock.run(clock.now() + 500)
    checkProgress(world).forEach(world.violations.add)
  }
  world.checkSeen()
  // Rows of a tail that the log has lost stay until the projector hears of it.
  if (mode === "liveness" || !world.hasLostTail)
    tablesAreLog(world.tables, world.server.messages, mode === "liveness").forEach(world.violations.add)
  return {
    seed,
    mode,
    violations: world.violations.all,
    requests: demands.sent,
    commits: world.server.messages.length,
    happened: Object.fromEntries(world.happened),
  }
}

/** Says what of all that was under way has not ended, and which states are not the same. */
const checkProgress = (world: FaultWorld): ReadonlyArray<string> => {
  const { process, projector, server, watch, upstreams, clock, cooldownTimes } = world
  if (!process.isServing || process.node === undefined) return ["liveness: no process takes requests"]
  const counts = [
    { left: process.underWay, what: "requests have no end" },
    { left: process.waiting, what: "requests wait" },
    { left: process.spoolBytes, what: "bytes are in the spool" },
    { left: upstreams.inFlight, what: "calls are in flight at the upstreams" },
  ]
  const time = process.node.channels.get(channelId)?.subject.time
  return [
    ...watch.left(time?.now() ?? clock.now()),
    ...cooldownTimes.late(),
    ...counts.flatMap(({ left, what }) => (left > 0 ? [`liveness: ${left} ${what}`] : [])),
    ...liveIsFold(process.node, server.messages),
    ...(projector.hasReached(server.head) ? [] : ["liveness: the projector has not caught up"]),
  ]
}

const repeat = (world: FaultWorld, name: string, meanMs: number, run: () => void): void => {
  const { clock } = world
  const random = world.random(`when ${name}`)
  const next = (): void =>
    void clock.at(clock.now() + drawExponential(random, meanMs), () => {
      if (world.isHealed) return
      world.count(name)
      run()
      next()
    })
  next()
}

const sendRequests = (world: FaultWorld): { sent: number } => {
  const { clock, plan } = world
  const counted = { sent: 0 }
  const draw = createDemands(plan)
  const lastMs = clock.now() + plan.faultyMs + 2_000
  const next = (): void => {
    const { demand, nextMs } = draw()
    clock.at(clock.now() + nextMs, () => {
      if (clock.now() > lastMs) return
      if (world.process.isServing) {
        counted.sent += 1
        world.process.serve(demand, `request-${counted.sent}`)
      }
      next()
    })
  }
  next()
  return counted
}

/** The one who looks after it starts an ingress again of which a subject has stopped. */
const watchStopped = (world: FaultWorld, untilMs: number): void => {
  const { clock } = world
  world.restartStopped()
  if (clock.now() < untilMs) clock.at(clock.now() + 1_000, () => watchStopped(world, untilMs))
}
