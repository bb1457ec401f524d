/** What was sent in one second, and not rejected. */
interface Second {
  readonly second: number
  readonly requests: number
  readonly tokens: number
}

/** A rejection that does not say its kind: at which level it came, and how many requests were accepted in the minute before it. */
interface Doubt {
  readonly at: number
  readonly level: number
  readonly accepted: number
}

/** What an account has carried in the last minute, and the rejections that fit no limit of what is in flight. Plain JSON: it stands in snapshots. Source: F7. */
export interface RecentUse {
  readonly seconds: ReadonlyArray<Second>
  /** The last rejection of an unknown kind, until an acceptance at its level contradicts it. */
  readonly doubt: Doubt | null
  /** The last that were contradicted. */
  readonly contradicted: ReadonlyArray<Doubt>
  /** Which part of the output that they could have had the last attempts did have. */
  readonly outputShares: ReadonlyArray<number>
}

/** Returns the use of an account that has carried nothing. */
export const noUse: RecentUse = { seconds: [], doubt: null, contradicted: [], outputShares: [] }

const windowSeconds = 60
const sharesKept = 50
const sharesMin = 10
/** So many contradicted rejections are looked at, of so long a time. */
const contradictedMin = 3
const contradictedMs = 180_000
/** Rejections that come so close together are one. */
const episodeMs = 2_000
/** Of a rate are rejections at whatever level, always after the same number of acceptances. */
const levelSpread = 0.2
const acceptedSpread = 0.1

const add = (use: RecentUse, at: number, { requests, tokens }: Omit<Second, "second">): RecentUse => {
  const second = Math.floor(at / 1_000)
  const { seconds } = use
  const last = seconds.at(-1)
  if (last === undefined || last.second < second) {
    const kept = seconds.filter((one) => one.second > second - windowSeconds)
    return { ...use, seconds: [...kept, { second, requests, tokens }] }
  }
  const index = seconds.findLastIndex((one) => one.second <= second)
  const one = seconds[index]
  if (one === undefined) return use
  const changed = { ...one, requests: one.requests + requests, tokens: one.tokens + tokens }
  return { ...use, seconds: seconds.with(index, changed) }
}

/** An attempt goes out. */
export const useOf = (use: RecentUse, at: number, tokens: number): RecentUse =>
  add(use, at, { requests: 1, tokens })

/** What an attempt used is known: it counts in place of what was expected. */
export const settledUse = (
  use: RecentUse,
  of: {
    readonly sentAt: number
    readonly tokens: number
    readonly expected: number
    readonly outputShare: number
  },
): RecentUse => ({
  ...add(use, of.sentAt, { requests: 0, tokens: of.tokens - of.expected }),
  outputShares: [...use.outputShares.slice(1 - sharesKept), of.outputShare],
})

/** Returns which part of its possible output an attempt has at most, nine times of ten; all of it while too few are known. Source: F7. */
export const usualOutputShare = ({ outputShares }: RecentUse): number =>
  outputShares.length < sharesMin
    ? 1
    : (outputShares.toSorted((one, other) => one - other)[Math.ceil(outputShares.length * 0.9) - 1] ?? 1)

/** An attempt was rejected: it counts as never sent. */
export const withoutRejected = (
  use: RecentUse,
  of: { readonly sentAt: number; readonly tokens: number },
): RecentUse => add(use, of.sentAt, { requests: -1, tokens: -of.tokens })

/** Returns how much was accepted in the last minute. */
export const acceptedInMinute = (
  { seconds }: RecentUse,
  now: number,
  part: "requests" | "tokens",
): number => {
  const from = Math.floor(now / 1_000) - windowSeconds
  return Math.max(
    0,
    seconds.reduce((total, one) => (one.second > from ? total + one[part] : total), 0),
  )
}

/** Notes at which level a rejection of an unknown kind came, and after how many acceptances; of those that come together the lowest level counts. */
export const doubted = (use: RecentUse, level: number, at: number): RecentUse => {
  const { doubt } = use
  if (doubt !== null && at - doubt.at < episodeMs)
    return { ...use, doubt: { ...doubt, at, level: Math.min(doubt.level, level) } }
  return { ...use, doubt: { level, at, accepted: acceptedInMinute(use, at, "requests") } }
}

/** An acceptance at a level that was rejected before says that it was not the level. */
export const contradict = (
  use: RecentUse,
  of: { readonly level: number; readonly sentAt: number },
): RecentUse => {
  const { doubt, contradicted } = use
  if (doubt === null || of.level < doubt.level || of.sentAt <= doubt.at) return use
  return { ...use, doubt: null, contradicted: [...contradicted.slice(1 - contradictedMin), doubt] }
}

/** True if rejections that do not say their kind are of a rate: they come at whatever level, after always as many acceptances. Source: F7. */
export const looksLikeRate = ({ contradicted }: RecentUse, now: number): boolean => {
  const recent = contradicted.filter(({ at }) => now - at < contradictedMs)
  return (
    recent.length >= contradictedMin &&
    spreadOf(recent.map(({ level }) => level)) >= levelSpread &&
    spreadOf(recent.map(({ accepted }) => accepted)) <= acceptedSpread
  )
}

const spreadOf = (values: ReadonlyArray<number>): number =>
  (Math.max(...values) - Math.min(...values)) / Math.max(1, ...values)
