import { parseArgs } from "node:util"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { WriteWatch } from "@sluice/infra/event-log/failing-writes.ts"
import { createLogger } from "@sluice/infra/logging/logging.ts"
import { answerSupervisor } from "@sluice/infra/process/supervised.ts"
import { Cause, Effect, Exit, type Runtime } from "effect"
import { startIngress } from "./ingress.ts"

const { values } = parseArgs({
  options: {
    nats: { type: "string" },
    embedded: { type: "boolean", default: false },
    data: { type: "string", default: "data" },
    config: { type: "string", default: "sluice.yaml" },
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "8787" },
    "listen-fd": { type: "string" },
    node: { type: "string", default: "local" },
    "log-level": { type: "string", default: "info" },
  },
})

const logger = createLogger({ name: "ingress", level: values["log-level"] as "info" })

const writes = new WriteWatch()
answerSupervisor(writes)

/** The ingress as a process of its own: it tells its parent when it serves, and ends with a signal or with its parent. */
const ingress = Effect.gen(function* () {
  const { url } = yield* startIngress({
    configFile: values.config,
    dataDir: values.data,
    natsUrl: values.nats ?? process.env["NATS_URL"] ?? "nats://127.0.0.1:4222",
    isEmbedded: values.embedded,
    host: values.host,
    port: Number(values.port),
    listenFd: values["listen-fd"] === undefined ? undefined : Number(values["listen-fd"]),
    node: values.node,
    logger,
    writes,
  })
  logger.info({ url }, "the proxy listens")
  process.send?.({ ready: true, url })
  yield* parentGone
}).pipe(
  Effect.scoped,
  Effect.catchTag("CannotStart", ({ message }) =>
    Effect.sync(() => {
      // A parent that listens says it in its own words.
      if (process.send === undefined) for (const line of message.split("\n")) logger.error(line)
      else process.send({ failed: message })
      process.exitCode = 1
    }),
  ),
)

/** Resolves when the parent process is gone; without a parent that listens, never. */
const parentGone = Effect.callback<void>((resume) => {
  process.once("disconnect", () => resume(Effect.void))
})

/** A signal is the way to end it: an end by one is no failure (L10). */
const teardown: Runtime.Teardown = (exit, onExit) => {
  const isFailed = Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)
  onExit(isFailed ? 1 : Number(process.exitCode ?? 0))
}

NodeRuntime.runMain(ingress, { teardown })
