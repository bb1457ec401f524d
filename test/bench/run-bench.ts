import { barsOf } from "./bench-bars.ts"
import type { BenchPlan, BenchReport, Streaming, Throughput } from "./bench-report.ts"
import type { Contestant, ContestantName, Settled } from "./contestants/contestant.ts"
import { startHaproxy } from "./contestants/haproxy.ts"
import { installPortkey, startPortkey } from "./contestants/portkey.ts"
import { oneChannel, type SluiceContestant, startSluice, withoutProjector } from "./contestants/sluice.ts"
import { setStreamPace, startUpstream } from "./contestants/upstream.ts"
import { inTurns } from "./in-turns.ts"
import { load, type LoadTool } from "./load.ts"
import { describeMachine } from "./machine.ts"
import { watchMemory } from "./memory.ts"
import type { Processes } from "./processes.ts"
import { streamLoad } from "./stream-load.ts"

/** Enough slots for every request of the load, so that all of them are limited and none has to wait for long. */
const limits = { concurrency: 512, queueSize: 100 }

/** Starts everything, measures the contestants in turn, and reports; `say` hears what is being done. */
export const runBench = async (
  processes: Processes,
  options: { plan: BenchPlan; tool: LoadTool; say: (line: string) => void },
): Promise<BenchReport> => {
  const { plan, tool, say } = options
  const upstream = await startUpstream(processes)
  const sluice = await startSluice(processes, oneChannel(upstream, limits))
  const contestants: Array<Contestant> = []
  for (const name of plan.contestants) contestants.push(await start(name, { processes, upstream, sluice }))
  using memory = watchMemory({
    ...Object.fromEntries(processesOf(contestants)),
    "nats-server": sluice.natsPid,
    projector: sluice.projectorPid,
  })
  const { warmUpSeconds, concurrencies } = plan
  say(`everything warms up for ${warmUpSeconds} s`)
  await inTurns(contestants, 1, (one) =>
    load(one, { processes, tool, connections: Math.max(...concurrencies), seconds: warmUpSeconds }),
  )
  const throughput: Array<Throughput> = []
  const settled: Array<Settled> = []
  for (const concurrency of concurrencies) {
    say(`${plan.rounds} rounds of ${plan.roundSeconds} s at concurrency ${concurrency}`)
    const measured = await inTurns(contestants, plan.rounds, (one) =>
      load(one, { processes, tool, connections: concurrency, seconds: plan.roundSeconds }),
    )
    throughput.push(...measured.medians.map((median) => ({ ...median, concurrency })))
    settled.push(...measured.settled)
  }
  const { streams, bursts, chunks } = plan.streams
  say(`${plan.rounds} rounds of ${bursts} bursts of ${streams} streams of ${chunks} chunks`)
  await setStreamPace(upstream, plan.streams)
  const streaming = await inTurns(contestants, plan.rounds, (one) =>
    streamLoad(one, { processes, plan: plan.streams }),
  )
  const report = {
    machine: describeMachine(),
    tool,
    plan,
    throughput,
    streaming: withAdded(streaming.medians),
    behind: {
      stored: await sluice.stored(),
      lagMostFacts: Math.max(...settled.map(({ lagFacts }) => lagFacts)),
      caughtUpMostMs: Math.max(...settled.map(({ caughtUpMs }) => caughtUpMs)),
      roundMs: plan.roundSeconds * 1_000,
    },
    memoryMb: Object.fromEntries(memory.peakMb),
  }
  return { ...report, bars: barsOf(report) }
}

/** One entry a process: Sluice alone is the same one. */
const processesOf = (contestants: ReadonlyArray<Contestant>) =>
  contestants.filter(({ name }) => name !== "sluice alone").map(({ name, pid }) => [name, pid] as const)

const start = async (
  name: ContestantName,
  { processes, upstream, sluice }: { processes: Processes; upstream: Contestant; sluice: SluiceContestant },
): Promise<Contestant> => {
  switch (name) {
    case "direct":
      return upstream
    case "haproxy":
      return startHaproxy(processes, upstream, limits)
    case "portkey":
      await installPortkey()
      return startPortkey(processes, upstream)
    case "sluice":
      return sluice
    case "sluice alone":
      return withoutProjector(sluice)
  }
}

const withAdded = (
  streaming: ReadonlyArray<Omit<Streaming, "addedFirstChunkMs">>,
): ReadonlyArray<Streaming> => {
  const direct = streaming.find(({ contestant }) => contestant === "direct")
  const directMs = direct?.firstChunkMeanMs ?? Number.NaN
  return streaming.map((one) => ({ ...one, addedFirstChunkMs: one.firstChunkMeanMs - directMs }))
}
