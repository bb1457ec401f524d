import { hasWindow } from "@sluice/actors/account/windows.ts"
import { usualBounds } from "@sluice/actors/adaptive/settings.ts"
import type { Command } from "@sluice/actors/decisions/command.ts"
import { limitInTheWay } from "@sluice/actors/decisions/limit-operations.ts"
import { accountOf, channelOf, contextOf } from "@sluice/actors/group/group.ts"
import { limitNanoUsd } from "@sluice/actors/rules/window.ts"
import type { Fact } from "@sluice/events/commit.ts"
import type { AdaptiveSettings } from "@sluice/events/configuration/adaptive-limit.ts"
import { actorName, idOf, kindOf } from "@sluice/events/identifier.ts"
import type { ChangedLimitAnswer } from "@sluice/infra/operations/adaptive-answer.ts"
import type { Operation, OperationAnswer } from "@sluice/infra/operations/operation.ts"
import type { HostedChannel } from "../admission/hosted-channel.ts"
import {
  limitAnswer,
  type Limited,
  listAnswer,
  shownBy,
  statsAnswer,
  summaryAnswer,
} from "./adaptive-answers.ts"
import { type Repairing, reopenAnswer, repairAnswer, stoppedAnswer } from "./repair.ts"
import { diagnosisAnswer, stateAnswer } from "./running-answers.ts"

/** What operations are carried out on. */
export interface Operated extends Repairing {
  /** How limits are learned now where nobody says it. Source: S4. */
  readonly adaptive: () => AdaptiveSettings
}

type Channels = Operated["node"]["channels"]

type Of<T extends Operation["type"]> = Extract<Operation, { type: T }>

/** Carries out what an operator asks of actors, and answers when it is in the log. Source: C8, S6. */
export const runOperation = async (operated: Operated, operation: Operation): Promise<OperationAnswer> => {
  const { channels } = operated.node
  switch (operation.type) {
    case "reset":
      return reset(operated, operation)
    case "stopped":
      return stoppedAnswer(operated)
    case "repair":
      return repairAnswer(operated, operation)
    case "set_limit":
      return setLimit(operated, operation)
    case "forget":
      return forget(operated, operation)
    case "adaptive_list": {
      const { channel, kind } = operation
      if (channel !== null && !channels.has(channel)) return unknown(actorName("channel", channel))
      const all = kind === "account" ? accountsIn(channels) : channelsIn(channels)
      return { ok: true, message: "", value: listAnswer(all, channel) }
    }
    case "adaptive_stats": {
      const found = findLimited(channels, operation.limited)
      if (found === undefined) return unknownLimited(operation.limited)
      return { ok: true, message: "", value: statsAnswer(shownBy(found.now(), found.channel.subject.time)) }
    }
    case "adaptive_summary": {
      const all = [...accountsIn(channels), ...channelsIn(channels)]
      return { ok: true, message: "", value: summaryAnswer(all) }
    }
    case "state":
      return stateAnswer(operated.node, operation.subject)
    case "diagnose":
      return diagnosisAnswer(operated.node, operation.model)
  }
}

const reset = async (
  operated: Operated,
  { actor, windowCostUsd, by }: Of<"reset">,
): Promise<OperationAnswer> => {
  const stopped = operated.node.stopped.find((one) => one.actor === actor)
  if (stopped !== undefined) return reopenAnswer(operated, stopped)
  const found = findActor(operated.node.channels, actor)
  if (found === undefined) return unknown(actor)
  const { channel, account } = found
  if (windowCostUsd !== undefined && !countsWindow(channel, account))
    return { ok: false, message: `${actor} has no window: only an account with windowCost has one` }
  const correction = windowCostUsd === undefined ? {} : { windowCostNanoUsd: limitNanoUsd(windowCostUsd) }
  const command = { type: "reset", by, ...(account === undefined ? {} : { account }), ...correction } as const
  const done = await execute(channel, command)
  return "ok" in done ? done : { ok: true, message: `${actor} is reset: ${clearedBy(done.facts)}` }
}

const countsWindow = ({ subject }: HostedChannel, account: string | undefined): boolean =>
  account !== undefined && hasWindow(contextOf(accountOf(subject.state, account)))

const setLimit = async (
  { node: { channels }, adaptive }: Operated,
  { limited, limit, by }: Of<"set_limit">,
): Promise<OperationAnswer> => {
  const found = findLimited(channels, limited)
  if (found === undefined) return unknownLimited(limited)
  const { channel, actor, account } = found
  const command = { type: "set_limit", ...account, limit, usual: usualBounds(adaptive()), by } as const
  const other = limitInTheWay(channel.subject.state, command)
  if (other !== undefined) return { ok: false, message: inTheWay(actor, other) }
  const previousMode = limitAnswer(found.now()).isAdaptive ? "adaptive" : "fixed"
  const done = await execute(channel, command)
  if ("ok" in done) return done
  const value: ChangedLimitAnswer = { ...limitAnswer(found.now()), previousMode }
  const words =
    limit === "adaptive"
      ? `is learned, from ${value.effectiveLimit} on`
      : `is ${limit}${previousMode === "adaptive" ? ", and no longer learned" : ""}`
  return { ok: true, message: `the limit of ${actor} ${words}`, value }
}

/** What attempts tell goes to an account that has a limit, so its channel cannot learn one beside it. Source: F5. */
const inTheWay = (actor: string, other: string): string =>
  kindOf(other) === "channel"
    ? `${other} learns its limit, so ${actor} cannot have one: make that of ${other} a number first`
    : `${other} has a limit, so ${actor} cannot learn one: a channel learns only where none of its accounts has one`

const forget = async (
  { node: { channels }, adaptive }: Operated,
  { limited, by }: Of<"forget">,
): Promise<OperationAnswer> => {
  const found = findLimited(channels, limited)
  if (found === undefined) return unknownLimited(limited)
  const { channel, actor, account } = found
  const done = await execute(channel, { type: "forget", ...account, usual: usualBounds(adaptive()), by })
  if ("ok" in done) return done
  const { id, isAdaptive, effectiveLimit } = limitAnswer(found.now())
  const now = isAdaptive ? `its limit is learned anew, from ${effectiveLimit} on` : "its limit stays a number"
  const message = `what ${actor} has learned is forgotten: ${now}`
  return { ok: true, message, value: { id, message } }
}

const unknown = (actor: string): OperationAnswer => ({ ok: false, message: `there is no ${actor}` })

const unknownLimited = (named: string): OperationAnswer =>
  unknown(named.includes("/") ? named : `account/${named} and no channel/${named}`)

/** Returns the facts of a command once they are in the log, or why it cannot be carried out. */
const execute = async (
  { id, subject }: HostedChannel,
  command: Command,
): Promise<OperationAnswer | { readonly facts: ReadonlyArray<Fact> }> => {
  if (!subject.isLive) return { ok: false, message: `channel/${id} is closed: sluice doctor says why` }
  const executed = subject.execute(command)
  if (executed.kind !== "facts") throw new Error(`channel/${id} did not decide ${command.type}`)
  await executed.committed
  return { facts: executed.facts }
}

const findActor = (
  channels: Channels,
  actor: string,
): { readonly channel: HostedChannel; readonly account?: string } | undefined => {
  const id = idOf(actor)
  if (kindOf(actor) === "channel") {
    const channel = channels.get(id)
    return channel && { channel }
  }
  const channel = [...channels.values()].find(({ subject }) => subject.state.accounts.has(actor))
  return channel && { channel, account: id }
}

/** A channel or an account that was not removed; what is known of it is asked for anew each time. */
interface Found {
  readonly channel: HostedChannel
  readonly actor: string
  /** The account, as a command names it; nothing of a channel. */
  readonly account: { readonly account?: string }
  readonly now: () => Limited
}

const findLimited = (channels: Channels, named: string): Found | undefined => {
  if (!named.includes("/"))
    return findLimited(channels, `account/${named}`) ?? findLimited(channels, `channel/${named}`)
  const { channel, account } = findActor(channels, named) ?? {}
  if (channel === undefined) return undefined
  const { state } = channel.subject
  const now = () => (account === undefined ? channelOf(state) : contextOf(accountOf(state, account)))
  if (now().removed) return undefined
  return { channel, actor: named, account: account === undefined ? {} : { account }, now }
}

const accountsIn = (channels: Channels): ReadonlyArray<Limited> =>
  [...channels.values()].flatMap(({ subject }) =>
    [...subject.state.accounts.values()].map((actor) => shownBy(contextOf(actor), subject.time)),
  )

const channelsIn = (channels: Channels): ReadonlyArray<Limited> =>
  [...channels.values()].map(({ subject }) => shownBy(channelOf(subject.state), subject.time))

const clearedBy = (facts: ReadonlyArray<Fact>): string => {
  const cleared = facts.flatMap((fact) => {
    if (fact.type === "account.window_corrected")
      return [`window of ${fact.actor}: it has cost ${fact.costNanoUsd / 1e9} USD`]
    return fact.type === "account.reset" || fact.type === "channel.reset"
      ? fact.cleared.map((what) => `${what} of ${fact.actor}`)
      : []
  })
  return cleared.length === 0 ? "there was nothing to clear" : `cleared ${cleared.join(", ")}`
}
