import { parseArgs } from "node:util"
import { errorText } from "@sluice/infra/process/error-text.ts"
import { print, printError } from "@sluice/infra/terminal/print.ts"
import { visible } from "@sluice/infra/terminal/visible-text.ts"
import { workInBackground } from "./process/priority.ts"
import { ownProcessors, shareProcessors } from "./process/processors.ts"

const usage = `Makes ClickHouse follow the event log, and answers questions from it.

  node main.ts --nats URL --clickhouse DIRECTORY-OR-URL [--port N] [--adopt-log LOG]

A URL with a password stands in NATS_URL or CLICKHOUSE_URL, which other users of the machine cannot read; SLUICE_QUERY_KEY is what whoever asks has to know.

It logs where it listens, and ends on SIGTERM, on Ctrl-C, and when the process that started it with an IPC channel is gone.
`

const lookEveryMs = 500

const readArguments = () => {
  const { values } = parseArgs({
    options: {
      nats: { type: "string" },
      clickhouse: { type: "string" },
      port: { type: "string", default: "0" },
      "adopt-log": { type: "string" },
      help: { type: "boolean", default: false },
    },
  })
  const { port, help, "adopt-log": adoptedLog } = values
  if (help) return undefined
  const nats = values.nats ?? process.env["NATS_URL"]
  const clickhouse = values.clickhouse ?? process.env["CLICKHOUSE_URL"]
  if (!nats || !clickhouse) throw new Error("--nats and --clickhouse are needed")
  if (!/^\d+$/.test(port) || Number(port) > 65_535) throw new Error(`--port: ${port} is not a port`)
  return { nats, clickhouse, port: Number(port), adoptedLog, queryKey: process.env["SLUICE_QUERY_KEY"] }
}

type Given = NonNullable<ReturnType<typeof readArguments>>

/** Resolves when the process is told to end. */
const toldToEnd = (): Promise<string> =>
  new Promise((resolve) => {
    process.once("SIGTERM", resolve)
    process.once("disconnect", () => resolve("disconnect"))
    // Ctrl-C reaches the whole group of a terminal; a parent that holds the channel ends the projector when it has caught up.
    process.on("SIGINT", (signal) => {
      if (process.channel === undefined) resolve(signal)
    })
  })

const run = async ({ nats, clickhouse, port, adoptedLog, queryKey }: Given) => {
  const ending = toldToEnd()
  const [
    { createLogger },
    { openJetStreamLog },
    { WriteWatch },
    { answerSupervisor },
    { openNatsClaims },
    { watchClaims },
    { clickHouseAt },
    { startProjector },
  ] = await Promise.all([
    import("@sluice/infra/logging/logging.ts"),
    import("@sluice/infra/event-log/jetstream/jetstream-log.ts"),
    import("@sluice/infra/event-log/failing-writes.ts"),
    import("@sluice/infra/process/supervised.ts"),
    import("@sluice/infra/clickhouse/nats-claims.ts"),
    import("@sluice/infra/clickhouse/watched-claims.ts"),
    import("@sluice/infra/clickhouse/clickhouse.ts"),
    import("./projector.ts"),
  ])
  const writes = new WriteWatch()
  answerSupervisor(writes)
  const logger = createLogger({ name: "projector" })
  await using opened = new AsyncDisposableStack()
  const log = opened.adopt(
    await openJetStreamLog({ url: nats, name: "sluice-projector", leavesAsFound: true }),
    (one) => one.close(),
  )
  const stored = opened.adopt(await openNatsClaims({ url: nats }), (one) => one.close())
  const claims = watchClaims(stored, { writes, isConnected: () => log.isConnected() })
  const projector = await startProjector({
    log,
    claims,
    clickHouse: clickHouseAt(clickhouse),
    port,
    ...(queryKey ? { queryKey } : {}),
    adoptedLog,
    logger,
  })
  opened.defer(() => projector.stop())
  // What the start needs, somebody waits for; from now on nobody does.
  workInBackground()
  const share = shareProcessors(ownProcessors())
  const watch = setInterval(() => share.adjust(projector.lateMs()), lookEveryMs)
  opened.defer(() => clearInterval(watch))
  logger.info({ url: projector.url }, "projector ready")
  process.send?.({ ready: true, url: projector.url })
  logger.info({ because: await ending }, "projector ending")
}

try {
  const given = readArguments()
  if (given === undefined) print(usage)
  else await run(given)
  process.exit(0)
} catch (error) {
  const message = errorText(error)
  const end = () => process.exit(1)
  // A parent that listens says it in its own words.
  if (process.send === undefined) printError(`projector: ${visible(message)}\n`, end)
  else process.send({ failed: message }, undefined, undefined, end)
}
