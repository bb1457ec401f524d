import type { AccountFact } from "@sluice/events/account.ts"
import { sumNanoUsd } from "@sluice/events/bounds.ts"
import { actorName } from "@sluice/events/identifier.ts"
import {
  costIn,
  type CostWindow,
  isCurrent,
  limitNanoUsd,
  stateOf,
  windowOfHour,
  type WindowState,
} from "../rules/window.ts"
import type { AccountContext } from "./context.ts"

/** True if an account's cost counts in windows. Source: D5. */
export const hasWindow = ({ config }: AccountContext): boolean => (config?.windowCost.limitUsd ?? 0) > 0

/** Tells whom an account's window lets in: what is in flight counts with what it is expected to cost. Source: D5. */
export const windowStateFor = (account: AccountContext, now: number): WindowState => {
  const { config, window, windowCostNanoUsd, heldCostNanoUsd } = account
  if (config === null) return "open"
  const recorded = isCurrent(window, now) ? windowCostNanoUsd : 0
  return stateOf(recorded + heldCostNanoUsd, config.windowCost)
}

/** What an account's windows need that is told together with what happened. */
export interface WindowNews {
  readonly now: number
  /** How far that is ahead of the calendar; nothing where it is that. Units: milliseconds. */
  readonly aheadMs?: number
  /** The end of the window as the provider says it, where it does. */
  readonly officialWindow?: CostWindow | undefined
  /** What is recorded in the same commit. */
  readonly costNanoUsd?: number
  /** What the window has cost, as an operator says, and who that is. Source: C8. */
  readonly correction?: { readonly costNanoUsd: number; readonly by: string }
}

/**
 * Returns the facts of an account's window that follow from what happened: it opens, is corrected by the provider, or lets others in than before.
 *
 * Source: D5, D6.
 */
export const windowFacts = (account: AccountContext, news: WindowNews): ReadonlyArray<AccountFact> => {
  const { config, costs } = account
  if (config === null || !hasWindow(account)) return []
  const { now, costNanoUsd = 0, correction } = news
  const window = windowAfter(account, news)
  const actor = actorName("account", config.id)
  const limit = limitNanoUsd(config.windowCost.limitUsd)
  const isNew = window !== account.window
  const before = isNew ? costIn(costs, window, now) : account.windowCostNanoUsd
  const recorded = correction?.costNanoUsd ?? sumNanoUsd(before, costNanoUsd)
  const state = stateOf(recorded, config.windowCost)
  const opened = { actor, type: "account.window_opened", at: now, ...window, limitNanoUsd: limit } as const
  const changed = {
    actor,
    type: "account.window_state",
    at: now,
    start: window.start,
    state,
    costNanoUsd: recorded,
    limitNanoUsd: limit,
  } as const
  const corrected = { actor, type: "account.window_corrected", at: now, start: window.start } as const
  return [
    ...(isNew ? [opened] : []),
    ...(correction === undefined ? [] : [{ ...corrected, ...correction }]),
    ...(state === account.windowState ? [] : [changed]),
  ]
}

/** Returns the window in force once the news is known. Source: D6. */
export const windowAfter = (
  { window }: AccountContext,
  { now, officialWindow, aheadMs }: WindowNews,
): CostWindow => {
  if (officialWindow !== undefined && isCurrent(officialWindow, now) && officialWindow.end !== window?.end)
    return officialWindow
  return isCurrent(window, now) ? window : windowOfHour(now, aheadMs)
}
