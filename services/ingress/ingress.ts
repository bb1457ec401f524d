import { join } from "node:path"
import type { Wanted } from "@sluice/actors/configuration/configuration.ts"
import { finishedSequence } from "@sluice/infra/clickhouse/nats-claims.ts"
import { seenTailsAt } from "@sluice/infra/clickhouse/seen-tails.ts"
import { sleep } from "@sluice/infra/clock/clock.ts"
import { type Clock, fromWall, systemClock } from "@sluice/infra/clock/clock.ts"
import { bindingProblem, refusedBinding } from "@sluice/infra/configuration/binding.ts"
import { type Configuration, readConfiguration } from "@sluice/infra/configuration/configuration.ts"
import { watchConfiguration } from "@sluice/infra/configuration/watch-configuration.ts"
import { DirectoryInUse, lockDirectory } from "@sluice/infra/directory-lock/directory-lock.ts"
import { isHalfImported } from "@sluice/infra/event-log/jetstream/imports.ts"
import { openRepairedLog } from "@sluice/infra/event-log/repair/repaired-log.ts"
import { openInstallationSecret } from "@sluice/infra/identity/installation-secret.ts"
import { createUlids } from "@sluice/infra/identity/ulid.ts"
import type { Logger } from "@sluice/infra/logging/logging.ts"
import { serveOperations } from "@sluice/infra/operations/operations.ts"
import { Effect, type Scope } from "effect"
import { ActorAdmission } from "./admission/admission.ts"
import { attempt, CannotStart, cannotStart } from "./cannot-start.ts"
import { ActorNode } from "./hosting/actor-node.ts"
import { credentialNames } from "./hosting/credential-names.ts"
import { freeBytesOf, openDiskSpace } from "./hosting/disk-space.ts"
import { openGuardedLog } from "./hosting/guarded-log.ts"
import { logFacts } from "./hosting/log-facts.ts"
import { OutageLines } from "./hosting/outage-lines.ts"
import { recover, type RecoveryOptions, reopen } from "./hosting/recovery.ts"
import { keepLogShort } from "./hosting/retention.ts"
import { inForce } from "./in-force.ts"
import type { IngressParts, IngressStart } from "./ingress-parts.ts"
import { type Operated, runOperation } from "./operations/operations.ts"
import { serve } from "./serving.ts"
import { createPricing } from "./usage/pricing.ts"

/**
 * Starts an ingress and ends it with its scope: it stops listening, turns waiters away, lets what is in flight end, commits everything.
 *
 * Fails: `CannotStart`. Source: L7, L10–L12, S3.
 */
export const startIngress = Effect.fnUntraced(function* (start: IngressStart) {
  const configuration = yield* readConfiguration(start.configFile).pipe(Effect.mapError(cannotStart))
  yield* checkBinding(start.host, configuration)
  yield* holdDirectory(start.dataDir)
  const sessionSecret = yield* attempt(() => openInstallationSecret(join(start.dataDir, "session.key")))
  if (yield* attempt(() => isHalfImported(start.natsUrl)))
    return yield* new CannotStart({
      message: "an import into this log was begun and not finished: run sluice import with its file again",
    })
  const current = inForce(configuration)
  const settings = () => current.configuration.wanted.settings
  const guarded = yield* Effect.acquireRelease(
    attempt(() => openGuardedLog({ ...start, settings })),
    ({ log }) => Effect.promise(() => log.close()),
  )
  const eventLog = { ...guarded, log: yield* attempt(() => openRepairedLog(guarded.log)) }
  const lines = new OutageLines(start.logger, systemClock)
  const disk = yield* openDiskSpace({
    freeBytes: start.freeBytes ?? (() => freeBytesOf(start.dataDir)),
    minFreeBytes: () => settings().minFreeDiskBytes,
    log: start.logger,
  })
  const projected = yield* attempt(async () => seenTailsAt(start.natsUrl, await eventLog.log.identity()))
  const parts: IngressParts = {
    ...start,
    clock: systemClock,
    eventLog,
    lines,
    sessionSecret,
    current,
    projected,
  }
  const { node, admission, operated } = yield* openActors(parts)
  const server = yield* serve(parts, { node, admission, disk })
  yield* Effect.acquireRelease(
    attempt(() =>
      serveOperations({
        url: start.natsUrl,
        run: (asked) => runOperation(operated, asked),
      }),
    ),
    (served) => Effect.promise(() => served.close()),
  )
  yield* follow(parts, node)
  yield* shorten(parts, node)
  return server
})

const checkBinding = (host: string, { wanted }: Configuration): Effect.Effect<void, CannotStart> => {
  const problem = bindingProblem(host, wanted.clients)
  return problem === undefined ? Effect.void : Effect.fail(new CannotStart({ message: problem }))
}

/** Whoever holds the directory is the only ingress on it, so everything that it finds in the log was left by a dead one. Source: L12. */
const holdDirectory = (dataDir: string): Effect.Effect<Disposable, CannotStart, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.try({
      try: () => lockDirectory(join(dataDir, "ingress")),
      catch: (error) =>
        error instanceof DirectoryInUse
          ? new CannotStart({ message: `the data directory ${dataDir} is in use by another ingress` })
          : cannotStart(error),
    }),
    (lock) => Effect.sync(() => lock[Symbol.dispose]()),
  )

const openActors = Effect.fnUntraced(function* (parts: IngressParts) {
  const { eventLog, clock, node: nodeId, logger, lines, current, projected } = parts
  const { log } = eventLog
  const onTrouble = (message: string, detail: Record<string, unknown>) => lines.error(detail, message)
  const onWaiting: OutageLines["waits"] = (subject, waiting) => lines.waits(subject, waiting)
  const node = yield* Effect.acquireRelease(
    attempt(() => ActorNode.open({ log, clock, node: nodeId, onTrouble, onWaiting, projected })),
    (opened) => Effect.promise(() => leave(opened, parts)),
  )
  tellOfClock(node, logger)
  node.listen({ onFacts: ({ id }, facts) => logFacts(logger, id, facts), onReloaded: () => undefined })
  const costOf = createPricing(
    () => current.configuration.prices,
    (model) => logger.warn({ model }, "the model has no price: its usage is recorded as not priced"),
  )
  const recovery: RecoveryOptions = {
    log,
    nodeId,
    incarnation: createUlids()(clock.now()),
    clock,
    costOf,
    onLate: (subject) =>
      logger.warn(
        { subject },
        "a commit of the last process was stored after its end: its subject is recovered again",
      ),
  }
  const recovered = yield* attempt(() => recover(node, recovery))
  if (!recovered.wasClean)
    logger.warn(recovered, "the last process did not end cleanly: what it left behind is ended")
  const { wanted } = current.configuration
  yield* attempt(() => node.apply(toApply(parts, current.configuration)))
  const admission = new ActorAdmission({
    overlapped: wanted.settings.commit === null ? parts.isEmbedded : wanted.settings.commit === "overlapped",
    now: clock.now,
    fromWall: (wallMs) => fromWall(clock, wallMs),
    jitter: () => Math.random() * 2 - 1,
    credentialOf: (account) => current.configuration.credentialOf(account) ?? "",
    costOf,
    onTrouble,
    poolOf: (id) => current.routes.pool(id),
    channelOf: (id) => node.channels.get(id),
    channels: () => node.channels.values(),
    at: (timeMs, run) => clock.at(timeMs, run),
    weightOf: (client) => current.routes.weightOf(client),
    takesNew: () => eventLog.takesNew() && node.ingress.isLive,
    untilStored: (stored) => eventLog.until(stored),
    complete: (request) => node.ingress.submit({ type: "complete", node: nodeId, request }),
    mayGrant: recovered.wasClean ? undefined : after(clock, wanted.settings.restartQuarantineMs),
  })
  node.listen(admission)
  const operated: Operated = {
    node,
    log,
    nodeId,
    now: clock.now,
    adaptive: () => current.configuration.wanted.settings.adaptive,
    reopen: async (subject) => {
      await reopen(node, subject, recovery)
      await node.apply(toApply(parts, current.configuration))
    },
  }
  return { node, admission, operated }
})

/** An earlier run with a fast clock has stored facts of a time that is to come. Source: L2. */
const tellOfClock = ({ aheadMs }: ActorNode, logger: Logger): void => {
  if (aheadMs < toldFromMs) return
  logger.warn(
    { aheadMs },
    "the log holds facts of a time that the clock of this machine has not come to: actors go on from there, at nine tenths until the clock has caught up",
  )
}

/** What of a configuration becomes facts: credentials only by names that tell one from another. */
const toApply = ({ sessionSecret }: IngressParts, configuration: Configuration): Wanted => ({
  wanted: configuration.wanted,
  credentials: credentialNames(configuration, sessionSecret),
  by: "file",
})

const after = (clock: Clock, spanMs: number): Promise<void> => sleep(clock, spanMs)

/** A smaller difference between the log and the clock is no trouble. */
const toldFromMs = 1_000

/** How long an end waits for the log, or the spool, to take what was decided last; no client waits for it any more. */
const lastCommitsMs = 5_000

const leave = async (node: ActorNode, { clock, logger }: IngressParts): Promise<void> => {
  const isStored = await Promise.race([
    node.close().then(() => true),
    after(clock, lastCommitsMs).then(() => false),
  ])
  if (isStored) return
  logger.error("the event log does not answer: what was decided last, and nobody was told, is not stored")
  process.exitCode = 1
}

/** Keeps the log short: what a checkpoint stands for, and the projector has finished, goes in time. Source: L5. */
const shorten = (parts: IngressParts, node: ActorNode): Effect.Effect<Disposable, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() =>
      keepLogShort({
        ...parts,
        log: parts.eventLog.log,
        subjects: () => node.subjects,
        projected: () => finishedSequence(parts.natsUrl),
        retention: () => parts.current.configuration.wanted.settings.retention,
      }),
    ),
    (kept) => Effect.sync(() => kept[Symbol.dispose]()),
  )

/** Lets a valid change of the file apply at once, and an invalid one change nothing. Source: S4, A10. */
const follow = (parts: IngressParts, node: ActorNode): Effect.Effect<Disposable, never, Scope.Scope> => {
  const { current, logger } = parts
  const onChange = (next: Configuration) => {
    Object.assign(current, inForce(next))
    node.apply(toApply(parts, next)).then(
      () => logger.info({ file: next.file }, "the configuration has changed and applies"),
      (error: unknown) =>
        logger.error({ err: error }, "the configuration has changed and is not in the log yet"),
    )
  }
  const onInvalid = (error: Error) =>
    logger.error(
      { problems: error.message.split("\n") },
      "the configuration has changed and is not valid: the last one goes on",
    )
  return Effect.acquireRelease(
    Effect.sync(() =>
      watchConfiguration(current.configuration, {
        refusal: (next) => refusedBinding(parts.host, next),
        onChange,
        onInvalid,
      }),
    ),
    (watch) => Effect.sync(() => watch[Symbol.dispose]()),
  )
}
