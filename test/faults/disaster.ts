import type { Disaster } from "./fault-plan.ts"
import type { FaultWorld } from "./fault-world.ts"

const longestFreezeMs = 3_000
const leaderGapMs = 5_000
const longestClockErrorMs = 100 * 60_000
/** What a dead process has sent lies in a socket so long at most. */
const longestLateMs = 10_000

/** Lets a disaster happen to a world. */
export const bringOn = (world: FaultWorld, disaster: Disaster): void => {
  const { clock, server, process, plan } = world
  switch (disaster) {
    case "process_killed":
      return world.killProcess()
    case "killed_while_sending":
      return process.link.holdNext((arrive) => {
        if (world.isHealed) return arrive()
        clock.at(clock.now(), () => process.clock.isAlive && world.killProcess())
        if (world.chance() < 0.5) clock.at(clock.now() + longestLateMs * world.chance() ** 2, arrive)
        else world.arriveAtStart(arrive)
      })
    case "process_stopped":
      return world.stopProcess()
    case "process_frozen":
      return process.clock.freeze(longestFreezeMs * world.chance())
    case "connection_lost":
      return process.link.break()
    case "server_killed":
      return world.killServer()
    case "leader_lost":
      server.leaderlessUntil = clock.now() + leaderGapMs
      return
    case "power_lost":
      // The machine takes all with it: the server, the ingress and the projector.
      world.killProcess()
      world.killProjector()
      world.killServer()
      world.disk.cutPower()
      world.loseTail()
      world.tables.cutPower(clock, 1_000)
      return
    case "tail_lost":
      // The projector goes on over the log that has lost its end.
      world.killServer()
      world.loseTail()
      return
    case "projector_killed":
      return world.killProjector()
    case "projector_doubled":
      return world.doubleProjector()
    case "clock_set":
      // By up to 100 minutes, forward or back, or right again; a process that starts later begins with it.
      world.machineAheadMs =
        world.chance() < 0.3 ? 0 : Math.round(longestClockErrorMs * (2 * world.chance() - 1))
      return
    case "limits_changed":
      world.limits = plan.accounts.map(() => 1 + Math.floor(4 * world.chance()))
      return process.configure()
  }
}
