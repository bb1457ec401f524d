import { Predicate } from "effect"

/** Says in words why a file could not be read. */
export const whyUnreadable = (error: unknown): string => {
  const code = Predicate.hasProperty(error, "code") ? error.code : undefined
  if (code === "ENOENT") return "does not exist"
  if (code === "EACCES") return "may not be read by this user"
  if (code === "EISDIR") return "is a folder"
  return `cannot be read (${typeof code === "string" ? code : "unknown reason"})`
}
