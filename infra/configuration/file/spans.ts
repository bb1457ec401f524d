import { Predicate } from "effect"
import { longestSpanMs } from "../../clock/longest-span.ts"
import { type Finding, notValid, type Path, shown } from "../problem.ts"

/** How a field is called that holds a span, and how long one of its units is. */
const units: ReadonlyArray<readonly [RegExp, number]> = [
  [/Ms$/u, 1],
  [/Seconds$/u, 1_000],
  [/^days$/u, 86_400_000],
]
/** Deeper than any field of a configuration. */
const deepest = 8

/** Finds spans that are longer than a hundred years. What is no whole number the shape of the file refuses. */
export const spanFindings = (value: unknown, path: Path = []): ReadonlyArray<Finding> => {
  if (typeof value === "number") return tooLong(value, path)
  if (path.length > deepest) return []
  if (Array.isArray(value)) return value.flatMap((one: unknown, n) => spanFindings(one, [...path, n]))
  if (!Predicate.isObject(value)) return []
  return Object.entries(value).flatMap(([name, one]) => spanFindings(one, [...path, name]))
}

const tooLong = (value: number, path: Path): ReadonlyArray<Finding> => {
  const unitMs = units.find(([name]) => name.test(String(path.at(-1))))?.[1]
  if (unitMs === undefined || !Number.isSafeInteger(value) || value * unitMs <= longestSpanMs) return []
  return [notValid(path, shown(value), `a span of at most 100 years, which is ${longestSpanMs / unitMs}`)]
}
