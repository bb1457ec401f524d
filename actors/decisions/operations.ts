import type { Fact } from "@sluice/events/commit.ts"
import { actorName } from "@sluice/events/identifier.ts"
import type { AccountContext } from "../account/context.ts"
import { bucketSizeOf } from "../account/rates.ts"
import { windowFacts } from "../account/windows.ts"
import type { RateKind } from "../adaptive/rate.ts"
import type { ChannelContext } from "../channel/ledger.ts"
import { accountOf, channelOf, contextOf, type Group } from "../group/group.ts"
import { type BucketSize, levelAt, sizeOf, type TokenBucket } from "../rules/token-bucket.ts"
import type { Decision, Reset, Unbind } from "./command.ts"

/** Clears what stands in an actor's way, at once. A cooldown that was in force ends with a fact that names it. Source: C5, C8. */
export const reset = (group: Group, command: Reset, now: number): Decision => {
  const { account: id, by, windowCostNanoUsd: costNanoUsd } = command
  const resetOf = (account: AccountContext): ReadonlyArray<Fact> => [
    ...resetAccount(account, by, now),
    ...(costNanoUsd === undefined
      ? []
      : windowFacts(account, { now, aheadMs: group.aheadMs, correction: { costNanoUsd, by } })),
  ]
  if (id !== undefined) return { kind: "facts", facts: resetOf(contextOf(accountOf(group, id))) }
  const channel = channelOf(group)
  const { config, blockedModels } = channel
  const actor = actorName("channel", config?.id ?? "")
  const accounts = [...group.accounts.values()].map(contextOf).filter(({ removed }) => !removed)
  const blocks = Object.entries(blockedModels)
  const facts: ReadonlyArray<Fact> = [
    ...blocks.map(([, block]) => ({
      ...manualEnd(now),
      actor,
      type: "channel.cooldown_ended" as const,
      id: block.id,
    })),
    {
      actor,
      type: "channel.reset",
      at: now,
      by,
      cleared: [...blocks.map(([model]) => `model ${model}`), ...emptied(channel, rateOf(channel), now)],
      refilled: true,
    },
    ...accounts.flatMap(resetOf),
  ]
  return { kind: "facts", facts }
}

/** Takes a session off an account. */
export const unbind = (group: Group, { account: id, session }: Unbind, now: number): Decision => {
  const stay = contextOf(accountOf(group, id)).sessions.get(session)
  if (stay === undefined) return { kind: "facts", facts: [] }
  const { lastSeenAt } = stay
  const left = { session, stay: stay.stay, lastSeenAt, reason: "unbound" } as const
  const actor = actorName("account", id)
  return { kind: "facts", facts: [{ actor, type: "account.session_released", at: now, ...left }] }
}

const manualEnd = (now: number) => ({ at: now, reason: "manual" }) as const

const resetAccount = (account: AccountContext, by: string, now: number): ReadonlyArray<Fact> => {
  const { config, cooldown, modelCooldowns } = account
  if (config === null) return []
  const actor = actorName("account", config.id)
  const ended = [...(cooldown === null ? [] : [cooldown]), ...Object.values(modelCooldowns)]
  return [
    ...ended.map(({ id }) => ({ ...manualEnd(now), actor, type: "account.cooldown_ended" as const, id })),
    {
      actor,
      type: "account.reset",
      at: now,
      by,
      cleared: [...clearedOf(account), ...emptied(account, (kind) => bucketSizeOf(account, kind), now)],
      refilled: true,
    },
  ]
}

const bucketNames = { rpm: "bucket of requests", tpm: "bucket of tokens" } as const

/** Names the buckets that are not full. */
const emptied = (
  buckets: Readonly<Record<RateKind, TokenBucket | null>>,
  size: (kind: RateKind) => BucketSize | null,
  now: number,
): ReadonlyArray<string> =>
  (["rpm", "tpm"] as const).flatMap((kind) => {
    const of = size(kind)
    return of !== null && levelAt(buckets[kind], of, now) < of.burst ? [bucketNames[kind]] : []
  })

const rateOf =
  ({ config }: ChannelContext) =>
  (kind: RateKind): BucketSize | null => {
    const perMinute = config?.[kind] ?? null
    return config === null || perMinute === null ? null : sizeOf(perMinute, config.burstSeconds)
  }

const clearedOf = (account: AccountContext): ReadonlyArray<string> => {
  const { cooldown, modelCooldowns, consecutive, failures, ramp, lowered, suspended } = account
  return [
    ...(cooldown === null ? [] : ["cooldown"]),
    ...Object.keys(modelCooldowns).map((model) => `cooldown of ${model}`),
    ...(consecutive > 0 || failures > 0 ? ["counters"] : []),
    ...(ramp === null ? [] : ["ramp"]),
    ...(lowered === null ? [] : ["lowered limit"]),
    ...(suspended ? ["suspension"] : []),
  ]
}
