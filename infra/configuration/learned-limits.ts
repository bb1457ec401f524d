import { type Finding, notValid, shown } from "./problem.ts"
import { at, entries, type Entry } from "./raw-entry.ts"

/** Finds bounds of learned limits that exclude each other, of the settings and of each account. Source: S4, F3. */
export const boundsFindings = (raw: unknown): ReadonlyArray<Finding> => {
  const accounts = entries(raw, "channels").flatMap(({ path, value }) => entries(value, "accounts", path))
  return [
    at(at({ path: [], value: raw }, "settings"), "adaptive"),
    ...accounts.map((account) => at(at(account, "concurrency"), "adaptive")),
  ].flatMap(inOrder)
}

/** Tells whether an account's limit is learned, as the file has it. */
export const isLearned = (concurrency: Entry): boolean =>
  concurrency.value === "adaptive" || at(concurrency, "adaptive").value !== undefined

const inOrder = (bounds: Entry): ReadonlyArray<Finding> => {
  const [min, initial, max] = [at(bounds, "min"), at(bounds, "initial"), at(bounds, "max")]
  if (isAbove(min, max)) return [beyond(min, `max (${shown(max.value)}) or less`)]
  if (isAbove(min, initial)) return [beyond(initial, `min (${shown(min.value)}) or more`)]
  return isAbove(initial, max) ? [beyond(initial, `max (${shown(max.value)}) or less`)] : []
}

const isAbove = ({ value: one }: Entry, { value: other }: Entry): boolean =>
  typeof one === "number" && typeof other === "number" && one > other

const beyond = ({ path, value }: Entry, expected: string): Finding => notValid(path, shown(value), expected)
