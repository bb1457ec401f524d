import type { Fact } from "@sluice/events/commit.ts"
import { actorName } from "@sluice/events/identifier.ts"
import { Equal } from "effect"
import { channelOf, contextOf, type Group } from "../group/group.ts"
import { acquire, enqueue, leave, refuse } from "./admission.ts"
import type { Command, Configure, Decision } from "./command.ts"
import { accept, meter, recover, release } from "./ending.ts"
import { forget, setLimit } from "./limit-operations.ts"
import { reset, unbind } from "./operations.ts"

/**
 * Decides what follows from a command to a channel and its accounts. Pure: time, ids and jitter come in with the command.
 *
 * Source: L1, L2.
 */
export const decide = (group: Group, command: Command, now: number): Decision => {
  switch (command.type) {
    case "acquire":
      return acquire(group, command, now)
    case "enqueue":
      return enqueue(group, command, now)
    case "leave":
      return leave(group, command, now)
    case "refuse":
      return refuse(group, command, now)
    case "meter":
      return meter(group, command, now)
    case "release":
      return release(group, command, now)
    case "configure":
      return { kind: "facts", facts: configure(group, command, now) }
    case "recover":
      return recover(group, command, now)
    case "accept":
      return accept(group, command, now)
    case "reset":
      return reset(group, command, now)
    case "set_limit":
      return setLimit(group, command, now)
    case "forget":
      return forget(group, command, now)
    case "unbind":
      return unbind(group, command, now)
  }
}

/** Only what changed is a fact: a field of one account leaves the channel and the others alone. Source: A10. */
const configure = (group: Group, command: Configure, now: number): ReadonlyArray<Fact> => {
  const { by } = command
  const channel = channelOf(group)
  const wanted = new Set(command.accounts.map(({ id }) => actorName("account", id)))
  const facts: Array<Fact> = []
  const id = command.channel?.id ?? channel.config?.id ?? ""
  if (command.channel === null && channel.config !== null && !channel.removed)
    facts.push({
      actor: actorName("channel", id),
      type: "channel.removed",
      at: now,
      by,
      reason: "no longer configured",
    })
  if (command.channel !== null && (channel.removed || !Equal.equals(channel.config, command.channel)))
    facts.push({
      actor: actorName("channel", id),
      type: "channel.configured",
      at: now,
      config: command.channel,
      revision: channel.revision + 1,
      by,
    })
  const burstSeconds = command.channel?.burstSeconds ?? 0
  for (const config of command.accounts) {
    const actor = actorName("account", config.id)
    const known = group.accounts.get(actor)
    const account = known && contextOf(known)
    const credential = command.credentials.get(config.id) ?? null
    const isSameCredential = account?.credential === credential
    const isSame =
      isSameCredential && account.burstSeconds === burstSeconds && Equal.equals(account.config, config)
    if (account && !account.removed && isSame) continue
    const revision = (account?.revision ?? 0) + 1
    const configured = { config, channel: id, burstSeconds, revision, by }
    const named = credential === null ? {} : { credential }
    facts.push({ actor, type: "account.configured", at: now, ...configured, ...named })
    if (account?.suspended === true && !isSameCredential)
      facts.push({ actor, type: "account.restored", at: now, by, reason: "credential" })
  }
  for (const [actor, account] of group.accounts)
    if (!wanted.has(actor as `account/${string}`) && !contextOf(account).removed)
      facts.push({ actor, type: "account.removed", at: now, by, reason: "no longer configured" })
  return facts
}
