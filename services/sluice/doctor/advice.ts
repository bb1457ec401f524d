import type { PassedOver } from "@sluice/events/ingress.ts"
import type { Diagnosis } from "@sluice/infra/operations/diagnosis.ts"
import { span } from "@sluice/replay/explain/wording.ts"

/** What stands in the way of a diagnosis; `closed` is of an actor whose history cannot be read. */
type Hindrance = PassedOver | "closed"

/** `null`: nothing that an operator could do about it, or nothing that a diagnosis can say. */
const advice: Readonly<Record<Hindrance, string | null>> = {
  closed: "sluice repair says why; sluice reset ACTOR opens it if its history can be read",
  disabled: "enable it in the configuration",
  suspended: "check its credential, then sluice reset ACTOR",
  cooling: "ends by itself; sluice reset ACTOR ends it now",
  cooling_soon: "ends in an instant",
  model_cooling: "ends by itself; sluice reset ACTOR ends it now",
  rpm: "its requests a minute are used; refills by itself",
  tpm: "its tokens a minute are used; refills by itself",
  session_limit: "raise maxSessions, or wait until a session expires",
  window_cost: "its window is used; raise windowCost.limitUsd, or wait",
  reserved: "every slot is kept for bound sessions: lower reservedConcurrency",
  saturated: "the next attempt that ends frees a slot; more need a higher limit",
  protocol: null,
  model: null,
  deadline: null,
  queue_full: null,
  tried: null,
  log_unavailable: null,
}

const adviceOfReason: ReadonlyMap<string | null, string | null> = new Map(Object.entries(advice))

const nameOf = ({ channel, account }: Diagnosis): string =>
  account === null ? `channel/${channel}` : `account/${account}`

/** Says what an operator can do about what stands in the way; nothing where nothing does. Source: R6. */
export const adviceOn = (diagnosis: Diagnosis): string =>
  adviceOfReason.get(diagnosis.reason)?.replace("ACTOR", nameOf(diagnosis)) ?? ""

/** Says it once for each reason, and for whom. */
export const adviceLines = (diagnoses: ReadonlyArray<Diagnosis>): ReadonlyArray<string> =>
  [...Map.groupBy(diagnoses, ({ reason }) => reason)].flatMap(([reason, of]) => {
    const text = adviceOfReason.get(reason) ?? null
    return text === null || reason === null
      ? []
      : [`${reason.replaceAll("_", " ")} (${[...new Set(of.map(nameOf))].join(", ")}): ${text}`]
  })

/** Says for each channel whose actors are not at the time of the machine's clock how far they are from it. Source: L2. */
export const clockLines = (diagnoses: ReadonlyArray<Diagnosis>): ReadonlyArray<string> =>
  diagnoses.flatMap(({ channel, account, model, aheadMs = 0 }) => {
    if (account !== null || model !== null || Math.abs(aheadMs) < 1_000) return []
    const far = span(Math.abs(aheadMs))
    return aheadMs > 0
      ? [
          `the time of channel/${channel} is ${far} ahead of the clock of its machine: it goes at nine tenths until they meet`,
        ]
      : [
          `the time of channel/${channel} is ${far} behind the clock of its machine, which was put forward: it follows once that has stood for 15 minutes`,
        ]
  })

/** Says in one sentence whether anything is served. */
export const summaryOf = (diagnoses: ReadonlyArray<Diagnosis>): string => {
  const closed = new Set(
    diagnoses
      .filter(
        ({ account, reason, model }) => account === null && reason !== null && !isAside(diagnoses, model),
      )
      .map(({ channel }) => channel),
  )
  const accounts = diagnoses.filter(({ account, model }) => account !== null && !isAside(diagnoses, model))
  const open = accounts.filter(({ channel, reason }) => reason === null && !closed.has(channel))
  if (accounts.length === 0)
    return "there is no account that could take it: sluice check says what the configuration holds"
  const firstEnd = Math.min(
    ...diagnoses.flatMap(({ reason, until }) => (reason === null || until === null ? [] : [until])),
  )
  const next =
    open.length > 0 || firstEnd === Infinity
      ? ""
      : `, the next at ${new Date(firstEnd).toISOString().replace("T", " ").replace("Z", " UTC")}`
  return `${open.length} of ${accounts.length} accounts would take a new request now${next}`
}

/** Where no model is asked about, those of single models stand beside what is true of all. */
const isAside = (diagnoses: ReadonlyArray<Diagnosis>, model: string | null): boolean =>
  model !== null && diagnoses.some((one) => one.model === null)
