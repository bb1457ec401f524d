import type { ConfigurationFile } from "@sluice/events/configuration/configuration.ts"
import { accountsOf } from "@sluice/events/configuration/implicit-account.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import type { PriceTable } from "@sluice/infra/prices/prices.ts"
import { Schema } from "effect"
import { runDemand } from "./demand-run.ts"
import type { Outcome } from "./outcome.ts"
import { modelProviders } from "./provider/provider-model.ts"
import { createProviders } from "./provider/providers.ts"
import type { ConfigurationAt } from "./recording/recorded-configuration.ts"
import { recordedDemand } from "./recording/recorded-demand.ts"
import { recordedOutcome } from "./recording/recorded-outcome.ts"
import { Recorder, type Recording, type Wanted } from "./recording/recording.ts"
import { ServiceTimes } from "./recording/service-times.ts"

/** The record cannot be run again, and why. */
export class NothingToRun extends Schema.TaggedError<NothingToRun>()("NothingToRun", {
  reason: Schema.String,
}) {
  override get message(): string {
    return this.reason
  }
}

/** What was recorded, the same demand run again as it was configured, and run under another configuration. */
export interface Compared {
  readonly recorded: Outcome
  readonly again: Outcome
  readonly other: Outcome
}

/** Which part of the work is done, 0…1. */
export type OnProgress = (work: "reading" | "running again" | "running otherwise", share: number) => void

/** Reads what a log tells of a span. Fails: rejects with `NothingToRun`, with `LogUnavailable` and with the signal's reason. */
export const readRecording = async (
  log: EventLog,
  {
    wanted,
    signal,
    onProgress,
  }: { readonly wanted: Wanted; readonly signal: AbortSignal; readonly onProgress: OnProgress },
): Promise<Recording> => {
  const head = await log.head()
  const recorder = new Recorder(wanted)
  let read = 0
  for await (const { subject, sequence, body } of log.read({ afterSequence: 0, untilSequence: head })) {
    recorder.take(subject, body)
    read += 1
    if (read % 500 === 0) {
      signal.throwIfAborted()
      onProgress("reading", sequence / head)
    }
  }
  onProgress("reading", 1)
  const recording = recorder.finish()
  if (recording === undefined) throw new NothingToRun({ reason: "no request is recorded in that time" })
  if (recording.configurations.length === 0)
    throw new NothingToRun({ reason: "the log does not tell what was configured in that time" })
  return recording
}

/** How a recording is run. */
export interface WhatIfOptions {
  readonly recording: Recording
  readonly other: ConfigurationFile
  readonly prices: PriceTable
  readonly seed: number
  readonly signal: AbortSignal
  readonly onProgress: OnProgress
}

/**
 * Runs the demand of a recording as it was configured, as a check of what is assumed, and under another configuration.
 *
 * Fails: rejects with `NothingToRun` and with the signal's reason.
 * Source: R4.
 */
export const whatIf = async (options: WhatIfOptions): Promise<Compared> => {
  const { recording, other, prices, seed, signal, onProgress } = options
  const { span, attempts, configurations, resets } = recording
  const times = new ServiceTimes(recording, seed)
  if (times.observed === 0)
    throw new NothingToRun({
      reason: "no request was answered in that time: there is nothing to tell how long one takes",
    })
  const models = modelProviders(attempts)
  const arrivals = recordedDemand(recording, { times, seed })
  const run = (
    work: "running again" | "running otherwise",
    under: ReadonlyArray<ConfigurationAt>,
  ): Promise<Outcome> => {
    const channels = channelsIn(under)
    return runDemand({
      span,
      arrivals,
      configurations: under,
      resets,
      times,
      providers: (clock) => createProviders(models, { clock, channelOf: (account) => channels.get(account) }),
      prices,
      seed,
      signal,
      onProgress: (share) => onProgress(work, share),
    })
  }
  const again = await run("running again", configurations)
  const otherwise = await run("running otherwise", [{ atMs: span.fromMs, wanted: other }])
  return { recorded: recordedOutcome(recording), again, other: otherwise }
}

/** Names the channel of each account. */
const channelsIn = (configurations: ReadonlyArray<ConfigurationAt>): ReadonlyMap<string, string> =>
  new Map(
    configurations.flatMap(({ wanted }) =>
      wanted.channels.flatMap((channel) => accountsOf(channel).map(({ id }) => [id, channel.id] as const)),
    ),
  )
