import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { plainEnvironment } from "@sluice/infra/process/plain-environment.ts"
import { memoryEnvironment, nodeFlags } from "@sluice/ingress/node-flags.ts"
import { Effect, Schema } from "effect"
import { simulatorSpecification } from "./demo.ts"
import { inheritedFd, nodePart } from "./node-part.ts"
import type { Part } from "./part.ts"
import type { RefusedWrites } from "./refused-writes.ts"

const Listening = Schema.Struct({ ready: Schema.Literal(true), url: Schema.String })
const isListening = Schema.is(Listening)
const readUrl = (message: object) => (isListening(message) ? { url: message.url } : undefined)

const Simulating = Schema.Struct({
  providers: Schema.Array(Schema.Struct({ name: Schema.String, url: Schema.String })),
})
const isSimulating = Schema.is(Simulating)

const stopTimeoutMs = 10_000
/** What the ingress may take beyond the grace that it gives to its requests. */
const stopSlackMs = 10_000
const catchUpMs = 5_000
const catchUpPollMs = 20

/** Makes the part that plays the providers of the demo; it keeps its ports, which stand in the configuration. */
export const simulatorPart = (options: {
  readonly keys: Readonly<Record<string, string>>
  /** The ports that it had before, by name; others are taken at the first start where these are not free any more. */
  readonly ports: Map<string, number>
  readonly hurry: AbortSignal
}): Part<typeof Simulating.Type> => {
  const { keys, ports, hurry } = options
  let isProven = false
  // A new specification at each start: the ports are only known when it runs.
  const start = Effect.suspend(
    () =>
      nodePart({
        name: "simulated providers",
        script: "@sluice/simulator/main.ts",
        args: [],
        // Keys stand in it, and every user of the machine can read arguments.
        environment: {
          ...plainEnvironment(),
          SLUICE_SIMULATED_PROVIDERS: simulatorSpecification(keys, ports),
        },
        readReady: (message) => {
          if (!isSimulating(message)) return undefined
          isProven = true
          for (const { name, url } of message.providers) ports.set(name, Number(new URL(url).port))
          return { providers: message.providers }
        },
        stopTimeoutMs,
        hurry,
      }).start,
  )
  return {
    name: "simulated providers",
    start: Effect.catch(start, (failure) => {
      if (isProven || ports.size === 0) return Effect.fail(failure)
      ports.clear()
      return start
    }),
  }
}

/** Where the services of one start find each other. */
export interface SharedOptions {
  readonly dataDirectory: string
  readonly configuration: string
  readonly hurry: AbortSignal
  /** Hears how the writes of a part to the log fare. */
  readonly writes?: RefusedWrites
}

/** How long a part may not answer before it is taken for one that hangs: far longer than any of its pauses under load. Nobody waits for the projector. */
const silentMs = { ingress: 15_000, projector: 60_000 }

/** Makes the part that brings the log into ClickHouse: the engine in its process, or a server (S3). It is stopped when it has caught up, or after 5 s. */
export const projectorPart = (
  options: SharedOptions & {
    /** As the projector may use it. */
    readonly nats: string
    readonly clickHouseUrl: string | undefined
    /** What whoever asks it has to know; absent: nothing. */
    readonly queryKey: string | undefined
    /** The name of the log that the operator has said to go on with. */
    readonly adoptedLog: string | undefined
    readonly port?: number
  },
): Part<{ readonly url: string }> =>
  nodePart({
    name: "projector",
    script: "@sluice/projector/main.ts",
    args: [
      options.clickHouseUrl === undefined ? ["--clickhouse", join(options.dataDirectory, "clickhouse")] : [],
      ["--port", String(options.port ?? 0)],
      options.adoptedLog === undefined ? [] : ["--adopt-log", options.adoptedLog],
    ].flat(),
    environment: {
      ...plainEnvironment(),
      NATS_URL: options.nats,
      CLICKHOUSE_URL: options.clickHouseUrl,
      SLUICE_QUERY_KEY: options.queryKey,
    },
    readReady: readUrl,
    silentMs: silentMs.projector,
    onWrites: (failing) => options.writes?.told("projector", failing),
    stopTimeoutMs,
    beforeStop: ({ url }) => Effect.promise(() => caughtUp(url, options)),
    hurry: options.hurry,
  })

/**
 * Makes the part that serves the proxy; it keeps its port. Alone with its log (`natsUrl` absent) it overlaps the first commit of a request with its
 * dispatch (L7).
 */
export const ingressPart = (
  options: SharedOptions & {
    /** As the ingress may use it. */
    readonly nats: string
    readonly natsUrl: string | undefined
    readonly host: string
    readonly port: number
    /** A socket that outlives the ingress, on which connections wait meanwhile. Default: one of its own at the address. */
    readonly listenFd?: number
    readonly environment: Readonly<Record<string, string>>
    readonly shutdownGraceMs: number
  },
): Part<{ readonly url: string }> => {
  let { port } = options
  return {
    name: "ingress",
    start: Effect.suspend(
      () =>
        nodePart({
          name: "ingress",
          script: "@sluice/ingress/main.ts",
          nodeFlags,
          args: ingressArguments({ ...options, port }),
          inherited: options.listenFd,
          // It needs every key that the configuration may come to name.
          environment: {
            ...memoryEnvironment,
            ...process.env,
            ...options.environment,
            NATS_URL: options.nats,
            CLICKHOUSE_URL: undefined,
          },
          readReady: (message) => {
            const ready = readUrl(message)
            if (ready !== undefined) port = Number(new URL(ready.url).port)
            return ready
          },
          silentMs: silentMs.ingress,
          onWrites: (failing) => options.writes?.told("ingress", failing),
          stopTimeoutMs: options.shutdownGraceMs + stopSlackMs,
          hurry: options.hurry,
        }).start,
    ),
  }
}

const ingressArguments = (options: Parameters<typeof ingressPart>[0]): ReadonlyArray<string> =>
  [
    ["--data", options.dataDirectory],
    ["--config", options.configuration],
    ["--host", options.host],
    ["--port", String(options.port)],
    options.listenFd === undefined ? [] : ["--listen-fd", String(inheritedFd)],
    ["--log-level", process.env["SLUICE_LOG_LEVEL"] ?? "info"],
    options.natsUrl === undefined ? ["--embedded"] : [],
  ].flat()

const isCaughtUp = Schema.is(Schema.Struct({ lagFacts: Schema.Literal(0) }))

/** Waits until the projector has everything that is in the log, but not for long: the next start goes on where it stopped. */
const caughtUp = async (
  url: string,
  { hurry, queryKey }: { readonly hurry: AbortSignal; readonly queryKey: string | undefined },
): Promise<void> => {
  const headers: Record<string, string> =
    queryKey === undefined ? {} : { authorization: `Bearer ${queryKey}` }
  const enough = AbortSignal.any([hurry, AbortSignal.timeout(catchUpMs)])
  while (!enough.aborted) {
    // One that cannot say has nothing to be waited for.
    const isOver = await fetch(`${url}/lag`, { headers, signal: enough })
      .then(async (answer) => !answer.ok || isCaughtUp(await answer.json()))
      .catch(() => true)
    if (isOver) return
    await pause(catchUpPollMs)
  }
}
