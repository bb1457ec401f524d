import { decodeCommit, type RepairFact, schemaNumber } from "@sluice/events/commit.ts"
import { repairPrefix } from "@sluice/events/identifier.ts"
import type { EventLog, StoredMessage } from "../event-log.ts"

/** Returns the repair that a message stores; `undefined` where it stores something else. Fails: throws where it cannot be read. */
export const repairIn = ({
  subject,
  body,
}: Pick<StoredMessage, "subject" | "body">): RepairFact | undefined => {
  if (!subject.startsWith(repairPrefix)) return undefined
  return decodeCommit(body).facts.find((fact) => fact.type === "commit.repaired")
}

/** Returns the commit that stands in the place of one that was set aside, as JSON. */
export const bodyOf = (repair: RepairFact): string => {
  const { commit, version, committedAt: at, wallAt, writtenBy: node, epoch, facts } = repair
  return JSON.stringify({ commit, version, at, wallAt, node, epoch, schema: schemaNumber, facts })
}

const keyOf = ({ subject, id }: Pick<StoredMessage, "subject" | "id">): string => `${subject} ${id}`

/**
 * Shows a log as its repairs have it: a commit that was set aside reads as what stands in its place, for whoever folds, follows or searches it.
 *
 * What is appended to the subject of a repair counts from then on, as does a repair that a follower comes across.
 * Fails: rejects with `LogUnavailable`.
 * Source: L11.
 */
export const openRepairedLog = async <Log extends EventLog>(log: Log): Promise<Log> => {
  const bodies = new Map<string, string>()
  const learn = (message: Pick<StoredMessage, "subject" | "body">): void => {
    const repair = repairIn(message)
    if (repair !== undefined)
      bodies.set(keyOf({ subject: repair.subject, id: repair.commit }), bodyOf(repair))
  }
  const shown = (message: StoredMessage): StoredMessage => {
    if (bodies.size === 0) return message
    const body = bodies.get(keyOf(message))
    return body === undefined ? message : { ...message, body }
  }
  for (const subject of await log.subjects()) {
    const last = subject.startsWith(repairPrefix) ? await log.last(subject) : undefined
    if (last !== undefined) learn(last)
  }
  return {
    ...log,
    append: async (message) => {
      const sequence = await log.append(message)
      learn(message)
      return sequence
    },
    last: async (subject) => {
      const found = await log.last(subject)
      return found && shown(found)
    },
    at: async (sequence) => {
      const found = await log.at(sequence)
      return found && shown(found)
    },
    read: async function* (range) {
      for await (const message of log.read(range)) yield shown(message)
    },
    follow: async function* (range) {
      for await (const message of log.follow(range)) {
        learn(message)
        yield shown(message)
      }
    },
  }
}
