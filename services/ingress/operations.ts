import type { AccountContext } from "@sluice/actors/account-context.ts"
import { usualBounds } from "@sluice/actors/adaptive/settings.ts"
import type { Command } from "@sluice/actors/command.ts"
import { contextOf } from "@sluice/actors/group.ts"
import type { AdaptiveSettings } from "@sluice/events/adaptive-limit.ts"
import type { Fact } from "@sluice/events/commit.ts"
import { actorName, idOf, kindOf } from "@sluice/events/identifier.ts"
import type { ChangedLimitAnswer } from "@sluice/infra/operations/adaptive-answer.ts"
import type { Operation, OperationAnswer } from "@sluice/infra/operations/operation.ts"
import { limitAnswer, listAnswer, statsAnswer, summaryAnswer } from "./adaptive-answers.ts"
import type { HostedChannel } from "./hosted-channel.ts"
import { diagnosisAnswer, type RunningActors, stateAnswer } from "./running-answers.ts"

/** What operations are carried out on. */
export interface Operated extends RunningActors {
  /** How limits are learned now where nobody says it. Source: S4. */
  readonly adaptive: () => AdaptiveSettings
  readonly now: () => number
}

type Of<T extends Operation["type"]> = Extract<Operation, { type: T }>

/** Carries out what an operator asks of actors, and answers when it is in the log. Source: C8, S6. */
export const runOperation = async (operated: Operated, operation: Operation): Promise<OperationAnswer> => {
  const { channels } = operated
  switch (operation.type) {
    case "reset":
      return reset(channels, operation)
    case "set_limit":
      return setLimit(operated, operation)
    case "forget":
      return forget(operated, operation)
    case "adaptive_list": {
      const { channel } = operation
      if (channel !== null && !channels.has(channel)) return unknown(actorName("channel", channel))
      return { ok: true, message: "", value: listAnswer(accountsIn(channels), channel) }
    }
    case "adaptive_stats": {
      const found = findAccount(channels, operation.account)
      if (found === undefined) return unknown(actorName("account", operation.account))
      return { ok: true, message: "", value: statsAnswer(found.account()) }
    }
    case "adaptive_summary":
      return { ok: true, message: "", value: summaryAnswer(accountsIn(channels)) }
    case "state":
      return stateAnswer(operated, operation.subject)
    case "diagnose":
      return diagnosisAnswer(operated, { model: operation.model, now: operated.now() })
  }
}

const reset = async (
  channels: Operated["channels"],
  { actor, by }: Of<"reset">,
): Promise<OperationAnswer> => {
  const found = findActor(channels, actor)
  if (found === undefined) return unknown(actor)
  const { channel, account } = found
  const done = await execute(channel, { type: "reset", by, ...(account === undefined ? {} : { account }) })
  return "ok" in done ? done : { ok: true, message: `${actor} is reset: ${clearedBy(done.facts)}` }
}

const setLimit = async (
  { channels, adaptive }: Operated,
  { account: id, limit, by }: Of<"set_limit">,
): Promise<OperationAnswer> => {
  const found = findAccount(channels, id)
  if (found === undefined) return unknown(actorName("account", id))
  const previousMode = limitAnswer(found.account()).isAdaptive ? "adaptive" : "fixed"
  const usual = usualBounds(adaptive())
  const done = await execute(found.channel, { type: "set_limit", account: id, limit, usual, by })
  if ("ok" in done) return done
  const value: ChangedLimitAnswer = { ...limitAnswer(found.account()), previousMode }
  const words =
    limit === "adaptive"
      ? `is learned, from ${value.effectiveLimit} on`
      : `is ${limit}${previousMode === "adaptive" ? ", and no longer learned" : ""}`
  return { ok: true, message: `the limit of account/${id} ${words}`, value }
}

const forget = async (
  { channels, adaptive }: Operated,
  { account: id, by }: Of<"forget">,
): Promise<OperationAnswer> => {
  const found = findAccount(channels, id)
  if (found === undefined) return unknown(actorName("account", id))
  const done = await execute(found.channel, {
    type: "forget",
    account: id,
    usual: usualBounds(adaptive()),
    by,
  })
  if ("ok" in done) return done
  const { isAdaptive, effectiveLimit } = limitAnswer(found.account())
  const now = isAdaptive ? `its limit is learned anew, from ${effectiveLimit} on` : "its limit stays a number"
  const message = `what account/${id} has learned is forgotten: ${now}`
  return { ok: true, message, value: { id, message } }
}

const unknown = (actor: string): OperationAnswer => ({ ok: false, message: `there is no ${actor}` })

/** Gives the facts of a command once they are in the log, or why it cannot be carried out. */
const execute = async (
  { id, subject }: HostedChannel,
  command: Command,
): Promise<OperationAnswer | { readonly facts: ReadonlyArray<Fact> }> => {
  if (!subject.isLive) return { ok: false, message: `channel/${id} is closed: see the log of the proxy` }
  const executed = subject.execute(command)
  if (executed.kind !== "facts") throw new Error(`channel/${id} did not decide ${command.type}`)
  await executed.committed
  return { facts: executed.facts }
}

const findActor = (
  channels: Operated["channels"],
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

/** Finds an account that was not removed; what is known of it is asked for anew each time. */
const findAccount = (
  channels: Operated["channels"],
  id: string,
): { readonly channel: HostedChannel; readonly account: () => AccountContext } | undefined => {
  const name = actorName("account", id)
  for (const channel of channels.values()) {
    const actor = channel.subject.state.accounts.get(name)
    if (actor !== undefined && !contextOf(actor).removed) return { channel, account: () => contextOf(actor) }
  }
  return undefined
}

const accountsIn = (channels: Operated["channels"]): ReadonlyArray<AccountContext> =>
  [...channels.values()].flatMap(({ subject }) => [...subject.state.accounts.values()].map(contextOf))

const clearedBy = (facts: ReadonlyArray<Fact>): string => {
  const cleared = facts.flatMap((fact) =>
    fact.type === "account.reset" || fact.type === "channel.reset"
      ? fact.cleared.map((what) => `${what} of ${fact.actor}`)
      : [],
  )
  return cleared.length === 0 ? "there was nothing to clear" : `cleared ${cleared.join(", ")}`
}
