import { resolve } from "node:path"
import { writePrivately } from "@sluice/infra/directory-lock/private-directory.ts"
import { print } from "@sluice/infra/terminal/print.ts"
import { Effect } from "effect"
import { CommandFailed, failedWith } from "../failure.ts"
import { hurryAtSecondSignal } from "./hurry.ts"
import type { Part, PartFailed } from "./part.ts"
import { readUnderstood } from "./preconditions.ts"
import { ingressPart, projectorPart } from "./service-parts.ts"

/** What a service that runs alone is told. */
interface SingleOptions {
  readonly nats: string | undefined
  readonly data: string
  readonly port: number
}

/** Runs the proxy alone until it is interrupted or ends by itself. Fails: with one line. Source: S3. */
export const runIngress = (
  options: SingleOptions & { readonly config: string; readonly host: string },
): Effect.Effect<void, CommandFailed> =>
  alone(options, (shared) =>
    Effect.map(readUnderstood(options.config), ({ settings }) =>
      ingressPart({
        ...shared,
        natsUrl: shared.nats,
        configuration: resolve(options.config),
        host: options.host,
        port: options.port,
        environment: {},
        shutdownGraceMs: settings.shutdownGraceMs,
      }),
    ),
  )

/** Runs the projector alone until it is interrupted or ends by itself. Fails: with one line. Source: S3. */
export const runProjector = (
  options: SingleOptions & {
    readonly clickHouse: string | undefined
    readonly adoptedLog: string | undefined
  },
): Effect.Effect<void, CommandFailed> =>
  alone(options, (shared) =>
    Effect.succeed(
      projectorPart({
        ...shared,
        configuration: "",
        clickHouseUrl: options.clickHouse,
        queryKey: process.env["SLUICE_QUERY_KEY"] || undefined,
        adoptedLog: options.adoptedLog,
        port: options.port,
      }),
    ),
  )

interface Shared {
  readonly nats: string
  readonly dataDirectory: string
  readonly hurry: AbortSignal
}

const alone = (
  { nats, data }: SingleOptions,
  make: (shared: Shared) => Effect.Effect<Part<{ readonly url: string }>, CommandFailed>,
): Effect.Effect<void, CommandFailed> =>
  Effect.scoped(
    Effect.gen(function* () {
      if (nats === undefined)
        return yield* new CommandFailed({
          message: "which NATS server? Give --nats URL or set NATS_URL (sluice up brings one of its own)",
        })
      writePrivately()
      const hurry = yield* hurryAtSecondSignal
      const part = yield* make({ nats, dataDirectory: resolve(data), hurry })
      const running = yield* Effect.acquireRelease(asFailure(part.start), ({ stop }) => stop)
      print(`ready: ${running.info.url}\n`)
      const how = yield* running.ended
      return yield* new CommandFailed({ message: `${part.name} ended (${how})` })
    }),
  )

const asFailure = <A>(start: Effect.Effect<A, PartFailed>): Effect.Effect<A, CommandFailed> =>
  Effect.mapError(start, failedWith)
