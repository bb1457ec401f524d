import { at, entries, type Entry } from "../file/raw-entry.ts"
import { type Finding, notValid, shown } from "../problem.ts"

const accountsIn = ({ path, value }: Entry): ReadonlyArray<Entry> => entries(value, "accounts", path)

/** Finds bounds of learned limits that exclude each other, of the settings and of each channel and account. Source: S4, F3. */
export const boundsFindings = (raw: unknown): ReadonlyArray<Finding> => {
  const channels = entries(raw, "channels")
  const accounts = channels.flatMap(accountsIn)
  return [
    at(at({ path: [], value: raw }, "settings"), "adaptive"),
    ...channels.map((channel) => at(at(channel, "maxConcurrent"), "adaptive")),
    ...accounts.map((account) => at(at(account, "concurrency"), "adaptive")),
  ].flatMap(inOrder)
}

/** True if a limit is learned, as the file has it. */
export const isLearned = (limit: Entry): boolean =>
  limit.value === "adaptive" || at(limit, "adaptive").value !== undefined

/** Finds a channel that would learn its limit although an account of it has one: what attempts tell is told of that. Source: F5. */
export const learnerFindings = (channel: Entry): ReadonlyArray<Finding> => {
  const { path, value } = at(channel, "maxConcurrent")
  const limited = accountsIn(channel).find((account) => {
    const limit = at(account, "concurrency")
    return isLearned(limit) || (typeof limit.value === "number" && limit.value > 0)
  })
  if (limited === undefined || !isLearned({ path, value })) return []
  const account = shown(at(limited, "id").value)
  const expected = `a number or null, since account ${account} has a limit of its own: a channel learns only where none of its accounts has one`
  return [notValid(path, shown(value), expected)]
}

const inOrder = (bounds: Entry): ReadonlyArray<Finding> => {
  const [min, initial, max] = [at(bounds, "min"), at(bounds, "initial"), at(bounds, "max")]
  if (isAbove(min, max)) return [beyond(min, `max (${shown(max.value)}) or less`)]
  if (isAbove(min, initial)) return [beyond(initial, `min (${shown(min.value)}) or more`)]
  return isAbove(initial, max) ? [beyond(initial, `max (${shown(max.value)}) or less`)] : []
}

const isAbove = ({ value: one }: Entry, { value: other }: Entry): boolean =>
  typeof one === "number" && typeof other === "number" && one > other

const beyond = ({ path, value }: Entry, expected: string): Finding => notValid(path, shown(value), expected)
