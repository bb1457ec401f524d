import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { openAccess } from "@sluice/infra/identity/access.ts"
import { createLogger, type Logger } from "@sluice/infra/logging/logging.ts"
import { type NatsUser, urlAs } from "@sluice/infra/nats-server/users.ts"
import { Effect, Scope } from "effect"
import type { CommandFailed } from "../failure.ts"
import { failedWith } from "../failure.ts"
import { readRunFile } from "../run-file.ts"
import { demoConfiguration, drawDemoKeys, portsIn } from "./demo.ts"
import { hurryAtSecondSignal } from "./hurry.ts"
import { openSocket, passedSocket } from "./listening-socket.ts"
import { LiveRun } from "./live-run.ts"
import { natsPart } from "./nats-part.ts"
import { endOrphans } from "./orphans.ts"
import type { Part, PartFailed, RunningPart } from "./part.ts"
import { holdDataDirectory, readUnderstood, requireKeysBeyondLoopback, requireRoom } from "./preconditions.ts"
import { RefusedWrites } from "./refused-writes.ts"
import { ingressPart, projectorPart, simulatorPart } from "./service-parts.ts"
import { supervise } from "./supervise.ts"
import { welcome } from "./welcome.ts"

/** How everything is started. */
export interface UpOptions {
  /** Absent: the demo. */
  readonly configuration: string | undefined
  readonly dataDirectory: string
  readonly host: string
  readonly port: number
  /** A server of someone else's, in place of the embedded one (S3). */
  readonly natsUrl: string | undefined
  readonly clickHouseUrl: string | undefined
  /** The name of the log that the operator has said to go on with: what is kept of others is dropped. */
  readonly adoptedLog: string | undefined
}

/**
 * Starts everything and keeps it running until it is interrupted, which stops it in order: what takes requests first, what holds the log last.
 *
 * Fails: with one line, and nothing left running, where a condition does not hold or a part does not start.
 * Source: S2, S3.
 */
export const up = (options: UpOptions): Effect.Effect<never, CommandFailed> => Effect.scoped(run(options))

const run = Effect.fnUntraced(function* (options: UpOptions) {
  const hurry = yield* hurryAtSecondSignal
  const dataDirectory = resolve(options.dataDirectory)
  yield* holdDataDirectory(dataDirectory)
  yield* requireRoom(dataDirectory)
  const understood = yield* readUnderstood(options.configuration)
  const passed = yield* passedSocket
  yield* requireKeysBeyondLoopback((passed ?? options).host, understood)
  const log = createLogger({ name: "up" })
  const left = readRunFile(dataDirectory)
  const orphans = left === undefined ? [] : yield* endOrphans(left)
  if (orphans.length > 0) log.warn({ orphans }, "ended what an earlier start had left running")
  const socket = passed ?? (yield* openSocket(options.host, options.port))

  const isDemo = options.configuration === undefined
  const configuration = resolve(options.configuration ?? join(dataDirectory, "demo.yaml"))
  const live = new LiveRun(dataDirectory, configuration)
  yield* Effect.addFinalizer(() => Effect.sync(() => live.end()))
  const keep = keeper(live, log)
  const { fsync, shutdownGraceMs } = understood.settings
  const demoKeys = isDemo ? drawDemoKeys() : {}
  if (isDemo) {
    const ports = existsSync(configuration) ? portsIn(readFileSync(configuration, "utf8")) : new Map()
    const providers = yield* keep("simulator", simulatorPart({ keys: demoKeys, ports, hurry }))
    const urls = new Map(providers.info.providers.map(({ name, url }) => [name, url]))
    writeFileSync(configuration, demoConfiguration(urls))
  }
  const writes = new RefusedWrites()
  const access = openAccess(dataDirectory)
  const { natsUrl, clickHouseUrl, adoptedLog } = options
  if (natsUrl !== undefined) live.logIsAt(natsUrl)
  const embedded = natsPart({ dataDirectory, fsync, passwords: access.nats, writes, hurry })
  const own = natsUrl === undefined ? (yield* keep("nats", embedded)).info.url : ""
  const natsAs = (user: NatsUser) => natsUrl ?? urlAs(own, user, access.nats)
  const shared = { dataDirectory, configuration, writes, hurry }
  const projector = { nats: natsAs("projector"), clickHouseUrl, adoptedLog, queryKey: access.queries }
  const { host, port } = socket
  const place = { host, port, listenFd: socket.fd }
  const ingress = { nats: natsAs("ingress"), natsUrl, ...place, environment: demoKeys, shutdownGraceMs }
  yield* inOrder([
    keep("projector", projectorPart({ ...shared, ...projector })),
    keep("ingress", ingressPart({ ...shared, ...ingress })),
  ])
  // Before the ingress is stopped, so that nobody waits for one that does not come back.
  yield* Effect.addFinalizer(() => Effect.sync(socket.close))
  if (!process.stdout.isTTY) log.info({ url: live.content.ingress?.url, dataDirectory }, "ready")
  welcome({ run: live.content, dataDirectory, isDemo })
  return yield* Effect.never
}, Effect.mapError(failedWith))

type PartName = "nats" | "ingress" | "projector" | "simulator"

/** Returns a function that keeps a part running and writes down when it is and when it is not. */
const keeper =
  (live: LiveRun, log: Logger) =>
  <Info extends object>(
    name: PartName,
    part: Part<Info>,
  ): Effect.Effect<RunningPart<Info>, PartFailed, Scope.Scope> =>
    supervise(part, {
      onReady: (running) => {
        if (name !== "nats") live.runs(name, running)
        else if ("url" in running.info) live.logIsAt(String(running.info.url), running.pid)
        log.debug({ part: part.name, process: running.pid, told: running.info }, "part is ready")
      },
      onLost: (lost) => {
        live.lost(name)
        log.error(lost, "part ended, it is started again")
      },
    })

/** Starts parts side by side; when the scope closes, the last one is stopped first. */
const inOrder = Effect.fnUntraced(function* (
  parts: ReadonlyArray<Effect.Effect<unknown, PartFailed, Scope.Scope>>,
) {
  const whole = yield* Effect.scope
  const placed = yield* Effect.forEach(parts, (part) =>
    Effect.map(Scope.fork(whole), (scope) => Scope.provide(part, scope)),
  )
  yield* Effect.all(placed, { concurrency: "unbounded", discard: true })
})
