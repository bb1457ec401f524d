import { decodeCommit, type Commit, type Fact } from "@sluice/events/commit.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import type { Sabotage } from "./sabotage.ts"

/** Changes the facts of every commit on its way to the log, as a product would that decides wrongly. */
const rewriting = (rewrite: (facts: ReadonlyArray<Fact>) => ReadonlyArray<Fact>): Sabotage => ({
  log: (log): EventLog => ({
    ...log,
    append: (message) => {
      const commit: Commit = decodeCommit(message.body)
      return log.append({ ...message, body: JSON.stringify({ ...commit, facts: rewrite(commit.facts) }) })
    },
  }),
})

/** Lets a host believe that its commits without facts are stored, and counts those that are as if there had been none. */
const withoutFences = (log: EventLog): EventLog => {
  const skipped = new Map<string, number>()
  const believed = new Map<string, string>()
  return {
    ...log,
    append: async (message) => {
      const { subject, id, body, expectedSequence } = message
      const commit: Commit = decodeCommit(body)
      const before = skipped.get(subject) ?? 0
      if (commit.facts.length === 0) {
        skipped.set(subject, before + 1)
        believed.set(subject, id)
        return expectedSequence
      }
      believed.delete(subject)
      return log.append({ ...message, body: JSON.stringify({ ...commit, version: commit.version - before }) })
    },
    last: async (subject) => {
      const [tail, id] = [await log.last(subject), believed.get(subject)]
      return tail === undefined || id === undefined ? tail : { ...tail, id }
    },
    read: async function* (range) {
      // Whoever folds the subject anew begins with what is there.
      if (range.subject !== undefined) skipped.delete(range.subject)
      yield* log.read(range)
    },
    saveSnapshot: async () => undefined,
  }
}

/** Bugs that such a product could have, by what they are; none of them is in it. */
export const knownBugs = {
  /** Every fiftieth attempt keeps its slot. */
  "a release that is lost": () => {
    let released = 0
    return {
      lease: (lease) => ({
        ...lease,
        release: (end, dispatched) => {
          released += 1
          if (released % 50 !== 0) lease.release(end, dispatched)
        },
      }),
    }
  },
  /** A slot is given back when the answer begins, not when it has ended. */
  "a slot that is free too early": () => ({
    lease: (lease) => ({
      ...lease,
      accepted: (ttfbMs) => {
        lease.accepted(ttfbMs)
        lease.release({ outcome: "ok", status: 200, ttftMs: ttfbMs }, true)
      },
    }),
  }),
  /** The end of an answer does not wait for its usage. */
  "an end before its usage": () => ({
    lease: (lease) => ({
      ...lease,
      meter: (usage) => {
        lease.meter(usage).catch(() => undefined)
        return Promise.resolve()
      },
    }),
  }),
  /** Commits are published without the sequence that they stand behind. */
  "a fence that is skipped": () => ({
    publish: (publish) => ({ ...publish, expectedSequence: undefined }),
  }),
  /** A start stores nothing where the dead process has left nothing behind, so that what that one has sent last may still come. */
  "a start that does not fence": () => ({ log: withoutFences }),
  /** After a conflict the subject's last message is read from a replica that is a second behind. */
  "a tail that is read where it is old": () => ({
    last: (server, subject) => server.lastBehind(subject, 1_000),
  }),
  /** A commit with a usage in it says it twice. */
  "a usage that is recorded twice": () =>
    rewriting((facts) =>
      facts.flatMap((fact): ReadonlyArray<Fact> => {
        return fact.type === "account.usage_recorded" ? [fact, fact] : [fact]
      }),
    ),
  /** What a dead process left waiting is not ended in the log. */
  "waiters that survive their process": () =>
    rewriting((facts) =>
      facts.filter((fact) => fact.type !== "channel.abandoned" || fact.reason !== "holder_lost"),
    ),
  /** The projector goes on behind the last row that it finds, not behind the last block that it has claimed. */
  "a projection that is resumed from the tables": () => ({
    claims: (claims, tables) => ({
      ...claims,
      read: async () => {
        const { progress, revision } = await claims.read()
        if (progress === undefined) return { progress, revision }
        return { progress: { ...progress, finished: tables.lastSequence("facts"), claim: null }, revision }
      },
    }),
  }),
} satisfies Record<string, () => Sabotage>

/** The name of one. */
export type KnownBug = keyof typeof knownBugs
