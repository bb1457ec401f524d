import { isCheckpoint } from "@sluice/events/checkpoint.ts"
import { type Commit, Fact } from "@sluice/events/commit.ts"
import { upcast } from "@sluice/events/upcast.ts"
import { Schema } from "effect"

const decodeFact = Schema.decodeUnknownSync(Fact)

/**
 * Reads a stored commit without holding each of its fields to its shape.
 *
 * Whoever wrote it did so, and the hosts, the projector and a verification do when they read it. A configuration is decoded, also in a checkpoint, because its defaults are filled in by that.
 * Fails: throws where it is no commit, or no configuration.
 */
export const readQuickly = (body: string): Commit => {
  const commit = upcast(JSON.parse(body)) as Commit
  if (!Array.isArray(commit.facts)) throw new Error("it is no commit: it holds no facts")
  return commit.facts.some(holdsConfiguration)
    ? { ...commit, facts: commit.facts.map((fact) => (holdsConfiguration(fact) ? decodeFact(fact) : fact)) }
    : commit
}

const holdsConfiguration = (fact: Fact): boolean => fact.type.endsWith(".configured") || isCheckpoint(fact)
