import { channelSubject } from "@sluice/events/identifier.ts"
import { Fold } from "@sluice/infra/actor-host/fold.ts"
import type { StoredMessage } from "@sluice/infra/event-log/event-log.ts"
import type { ActorNode } from "@sluice/ingress/hosting/actor-node.ts"
import { channelDecider } from "@sluice/ingress/hosting/channel-decider.ts"
import { addTo, closeBlock, openBlock, projectMessage } from "@sluice/projector/block.ts"
import { linesOf, type SimulatedTables } from "../world/simulated-tables.ts"

/** Compares what a process holds in memory, where nothing is under way, with the fold of the log. Source: L13. */
export const liveIsFold = (node: ActorNode, messages: ReadonlyArray<StoredMessage>): ReadonlyArray<string> =>
  [...node.channels.values()].flatMap(({ id, subject }) => {
    const fold = new Fold(channelDecider)
    try {
      for (const message of messages) if (message.subject === channelSubject(id)) fold.add(message)
    } catch (error) {
      return [`L11: ${id} cannot be folded: ${String(error)}`]
    }
    const live = JSON.stringify(channelDecider.snapshot(subject.state))
    const folded = JSON.stringify(channelDecider.snapshot(fold.state))
    return live === folded ? [] : [`L13: ${id} is not the fold of the log: ${firstDifference(live, folded)}`]
  })

const firstDifference = (one: string, other: string): string => {
  let at = 0
  while (at < one.length && one[at] === other[at]) at += 1
  return `…${one.slice(Math.max(0, at - 60), at + 40)}… against …${other.slice(Math.max(0, at - 60), at + 40)}…`
}

/**
 * Compares the tables with the log: a row that no commit makes is always wrong, one that is missing where the projector has caught up.
 *
 * Source: P2.
 */
export const tablesAreLog = (
  tables: SimulatedTables,
  messages: ReadonlyArray<StoredMessage>,
  isCaughtUp: boolean,
): ReadonlyArray<string> => {
  const all = openBlock()
  for (const message of messages) addTo(all, projectMessage(message))
  const { tables: made } = messages.length === 0 ? { tables: [] } : closeBlock(all)
  const expected = new Map(made.map(({ table, rows }) => [table, new Set(linesOf(rows))]))
  return [...new Set([...expected.keys(), ...tables.names])].flatMap((table) => {
    const rows = expected.get(table) ?? new Set<string>()
    const there = tables.lines(table)
    const strange = there.filter((line) => !rows.has(line)).length
    const missing = isCaughtUp ? rows.size - (there.length - strange) : 0
    return [
      ...(strange > 0 ? [`P2: ${strange} rows of ${table} stand for no fact of the log`] : []),
      ...(missing > 0 ? [`P2: ${missing} rows of ${table} are missing`] : []),
    ]
  })
}
