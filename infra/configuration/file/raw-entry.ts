import { Predicate } from "effect"
import type { Path } from "../problem.ts"

/** A value of a file as it is written, in whatever shape, and its place. */
export interface Entry {
  readonly path: Path
  readonly value: unknown
}

/** Returns a field of what may be a map, or an entry of what may be a list. */
export const field = (value: unknown, name: PropertyKey): unknown =>
  Predicate.hasProperty(value, name) ? value[name] : undefined

/** Lists what may be a list in a field of what may be a map. */
export const entries = (value: unknown, name: string, path: Path = []): ReadonlyArray<Entry> => {
  const list = field(value, name)
  return Array.isArray(list)
    ? list.map((entry: unknown, n) => ({ path: [...path, name, n], value: entry }))
    : []
}

/** Returns a field of an entry, with its place. */
export const at = ({ path, value }: Entry, name: string): Entry => ({
  path: [...path, name],
  value: field(value, name),
})
