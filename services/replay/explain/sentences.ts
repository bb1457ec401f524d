import type { Fact } from "@sluice/events/commit.ts"
import type { Evidence, Tokens } from "@sluice/events/field.ts"
import type { RequestCompleted } from "@sluice/events/ingress.ts"
import { instant, plural, span, usd } from "./wording.ts"

type Of<T extends Fact["type"]> = Extract<Fact, { type: T }>

/** Says in a sentence what a fact means for the request that it belongs to; `undefined` where another fact says it already. Source: R2. */
export const sentenceOf = (fact: Fact): string | undefined => {
  switch (fact.type) {
    case "channel.queued":
      return queued(fact)
    case "channel.acquired":
      return `attempt ${fact.attempt} gets a slot on ${fact.actor} and account/${fact.account} after ${span(fact.waitMs)} (lease ${fact.lease}, ${fact.class}); ${fact.inFlight} in flight`
    case "account.acquired":
      return `${fact.actor} carries it with ${fact.inFlight} in flight; ${fact.estimate.inputTokens} + ${fact.estimate.outputTokens} tokens are expected`
    case "channel.accepted":
    case "account.accepted":
      return `the upstream took attempt ${fact.attempt} after ${span(fact.ttfbMs)}, as ${fact.by === "headers" ? "its headers show" : "the time without a rejection shows"}`
    case "channel.rejected":
      return `${fact.actor} refused it: ${fact.reason} (${fact.inFlight} in flight, ${fact.waiting} waiting)`
    case "channel.timed_out":
      return `its wait at ${fact.actor} timed out after ${span(fact.waitMs)}`
    case "channel.abandoned":
      return `it left the queue of ${fact.actor} after ${span(fact.waitMs)}: ${leaving[fact.reason]}`
    case "account.released":
      return released(fact)
    case "channel.expired":
      return `its lease ${fact.lease} expired: the process that held it was gone`
    case "account.usage_recorded":
      return used(fact)
    case "channel.settled":
      return `${fact.tokens} tokens are counted on ${fact.actor} in place of the ${fact.estimatedTokens} expected`
    case "channel.cooldown_started":
    case "account.cooldown_started":
    case "channel.cooldown_extended":
    case "account.cooldown_extended":
      return cooled(fact)
    default:
      return aside(fact)
  }
}

const leaving: Readonly<Record<Of<"channel.abandoned">["reason"], string>> = {
  client_left: "its client left",
  deadline: "its deadline passed",
  served_elsewhere: "another place served it",
  displaced: "a client with fewer waiting took its place",
  rerouted: "the channel could no longer serve it in time, so it was routed again",
  shutting_down: "the process shut down",
  holder_lost: "the process that held it was gone",
}

const queued = (fact: Of<"channel.queued">): string => {
  const due = fact.dueReason === "deadline" ? "its deadline" : "the end of the queue timeout"
  return [
    `it waits at ${fact.actor}, number ${fact.depth} in the queue`,
    ...(fact.account === undefined ? [] : [`for account/${fact.account}, which its session is bound to`]),
    ...(fact.isSpilled === true ? ["away from the account that its session is bound to"] : []),
    ...(fact.dueAt === null ? [] : [`until ${instant(fact.dueAt)}, ${due}`]),
  ].join(", ")
}

const released = (fact: Of<"account.released">): string => {
  const answered = fact.status === 0 ? "" : ` with status ${fact.status}`
  const first = fact.ttftMs === null ? "" : `, first byte after ${span(fact.ttftMs)}`
  const classified =
    fact.classification === undefined
      ? ""
      : `; the upstream says ${fact.classification}${evidence(fact.evidence)}`
  const gate =
    fact.gateUntil === undefined
      ? ""
      : `; nothing is sent to ${fact.actor} until ${instant(fact.gateUntil)} or an attempt ends`
  return `attempt ${fact.attempt} on ${fact.actor} ends ${fact.outcome}${answered} after ${span(fact.holdMs)}${first}${classified}${gate}`
}

const evidence = (of: Evidence = {}): string => {
  const told = Object.entries(of).map(([name, value]) => `${name}: ${value}`)
  return told.length === 0 ? "" : ` (${told.join(", ")})`
}

const tokenKinds: ReadonlyArray<readonly [kind: keyof Tokens, name: string]> = [
  ["input", "input"],
  ["cacheRead", "cache read"],
  ["cacheWrite5m", "cache write 5 min"],
  ["cacheWrite1h", "cache write 1 h"],
  ["output", "output"],
]

const used = (fact: Of<"account.usage_recorded">): string => {
  const counts = tokenKinds.flatMap(([kind, name]) =>
    fact.tokens[kind] === 0 ? [] : [`${fact.tokens[kind]} ${name}`],
  )
  const tokens = counts.length === 0 ? "no tokens" : `${counts.join(" + ")} tokens`
  const cost = fact.priced
    ? `${usd(fact.costNanoUsd)}${fact.multiplier === 1 ? "" : ` (${usd(fact.standardCostNanoUsd)} by the list × ${fact.multiplier})`}`
    : "no price is known"
  const doubts = [...(fact.complete ? [] : ["not complete"]), ...(fact.estimated ? ["estimated"] : [])]
  return `attempt ${fact.attempt} used ${tokens} of ${fact.model}: ${cost}${doubts.length === 0 ? "" : `, ${doubts.join(" and ")}`}`
}

const cooled = (
  fact: Of<
    | "channel.cooldown_started"
    | "account.cooldown_started"
    | "channel.cooldown_extended"
    | "account.cooldown_extended"
  >,
): string => {
  const what = fact.type.endsWith("_started") ? "it makes" : "it keeps"
  const whose = fact.model === undefined ? fact.actor : `${fact.actor} for ${fact.model}`
  const source = fact.source.replaceAll("_", " ")
  return `${what} ${whose} cool until ${instant(fact.until)}: ${fact.classification}, ${plural(fact.consecutive, "cooldown")} in a row, by ${source}, "${fact.summary}"`
}

/** What happened beside the way of the request, or a plain word for a fact that has no sentence of its own. */
const aside = (fact: Fact): string | undefined => {
  switch (fact.type) {
    case "account.cooldown_ended":
    case "channel.cooldown_ended":
      return `the cooldown of ${fact.actor} that it caused ends (${fact.reason})`
    case "account.session_registered":
      return `its session ${fact.session} is bound to ${fact.actor} from now on`
    case "account.session_released":
      return `its session ${fact.session} is no longer bound to ${fact.actor}: ${fact.reason.replaceAll("_", " ")}`
    case "channel.limit_adjusted":
    case "account.limit_adjusted":
      return `the limit of ${fact.actor} goes from ${fact.from} to ${fact.to} (${fact.reason}, ${fact.inFlight} in flight)`
    case "account.probe_failed":
      return `attempt ${fact.attempt} has tested ${fact.actor}, which still fails; the next test may go at ${instant(fact.nextAt)}`
    case "account.ramped":
      return fact.limit === null
        ? `${fact.actor} has its whole limit again`
        : `${fact.actor} comes back with a limit of ${fact.limit}`
    case "account.suspended":
      return `it suspends ${fact.actor} (${fact.reason}, status ${fact.status}): "${fact.summary}"`
    case "request.completed":
      return ended(fact)
    default:
      // The channel's side of a release or an end tells what the account's does.
      return undefined
  }
}

const ended = (fact: RequestCompleted): string => {
  const by = fact.channel === "" ? "" : ` by ${fact.channel}/${fact.account}`
  const first = fact.ttftMs === null ? "" : `, first byte after ${span(fact.ttftMs)}`
  return `it ends with status ${fact.status} (${fact.code})${by} after ${span(fact.totalMs)}: waited ${span(fact.waitMs)}${first}, ${plural(fact.attempts.length, "attempt")}, ${fact.bytesIn} bytes in, ${fact.bytesOut} out`
}
