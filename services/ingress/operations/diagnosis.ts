import { slotsFor } from "@sluice/actors/account/limit.ts"
import type { ChannelContext } from "@sluice/actors/channel/ledger.ts"
import { channelDenial } from "@sluice/actors/decisions/admission.ts"
import type { Denial } from "@sluice/actors/decisions/command.ts"
import { denials } from "@sluice/actors/decisions/denial.ts"
import { channelOf, contextOf, type Group, limitOf } from "@sluice/actors/group/group.ts"
import { takesWork } from "@sluice/actors/machine/states.ts"
import { createServedModels } from "@sluice/actors/routing/routing.ts"
import type { Diagnosis } from "@sluice/infra/operations/diagnosis.ts"

/** A request of which nothing is known but its model. */
const asking = (model: string | null) => ({
  model: model ?? "",
  estimate: { inputTokens: 1, outputTokens: 0 },
})

const disabled: Denial = { reason: "disabled", until: null }

/** A channel cools while all of its accounts do. Source: C9. */
const coolingOf = ({ cooldown }: ChannelContext): Denial | null =>
  cooldown === null ? null : { reason: "cooling", until: cooldown.until }

const isServed = ({ config, removed }: ChannelContext, model: string | null): boolean =>
  config !== null && !removed && (model === null || createServedModels(config)(model) !== undefined)

type Said = Pick<Diagnosis, "model" | "reason" | "until">

/**
 * Says of a channel and of each of its accounts whether it would take a new request now, and if not why and until when.
 *
 * Without a model the ones that alone are in the way are listed beside; with one, only channels that serve it.
 * Source: R6, B8.
 */
export const diagnose = (
  id: string,
  group: Group,
  { model, now }: { readonly model: string | null; readonly now: number },
): ReadonlyArray<Diagnosis> => {
  const channel = channelOf(group)
  const waiting = channel.lanes.size
  if (!isServed(channel, model)) return []
  const ofChannel = takesWork(group.channel)
    ? (channelDenial(group, asking(model), now) ?? coolingOf(channel))
    : disabled
  const placed = { channel: id, waiting }
  const inFlight = channel.leases.size
  const blocked = model === null ? Object.entries(channel.blockedModels) : []
  const own = { ...placed, account: null, inFlight, limit: limitOf(group) }
  return [
    ...[said(ofChannel, model), ...blocked.map(ofModel)].map((what) => ({ ...own, ...what })),
    ...accountsIn(group, { model, now }).map((account) => ({ ...placed, ...account })),
  ]
}

const accountsIn = (group: Group, asked: { readonly model: string | null; readonly now: number }) => {
  const { model, now } = asked
  const found = new Map(
    denials(group, { now, of: asking(model) }).map((denial) => [denial.account, denial] as const),
  )
  return [...group.accounts.values()].map(contextOf).flatMap((account) => {
    const { config, removed, leases, modelCooldowns } = account
    if (config === null || removed) return []
    const denial = config.enabled ? found.get(config.id) : disabled
    const own = { account: config.id, inFlight: leases.size, limit: slotsFor(account, "new", now) }
    const ofModels = model === null ? Object.entries(modelCooldowns) : []
    return [said(denial ?? null, model), ...ofModels.map(ofModel)].map((what) => ({ ...own, ...what }))
  })
}

const said = (denial: Denial | null, model: string | null): Said => ({
  model,
  reason: denial?.reason ?? null,
  until: denial?.until ?? null,
})

const ofModel = ([model, { until }]: readonly [string, { readonly until: number }]): Said => ({
  model,
  reason: "model_cooling",
  until,
})
