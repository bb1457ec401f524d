import type { ReadMessage } from "../event-log/still-holds.ts"
import type { Claim, Claims, Progress } from "./claims.ts"
import { openNatsClaims } from "./nats-claims.ts"

/** Returns the blocks that were written since the last return, the last claimed one too, in their order. */
export const blocksSince = (progress: Progress, remembered: ReadonlyArray<Claim>): ReadonlyArray<Claim> => {
  const { claim, checkFrom, nextBlock } = progress
  const before = remembered.filter(({ block }) => block >= checkFrom && block < (claim?.block ?? nextBlock))
  return [...before, ...(claim === null ? [] : [claim])].toSorted((a, b) => a.block - b.block)
}

/** Returns the newest message of each subject that blocks hold. */
export const newestTails = (blocks: ReadonlyArray<Claim>): ReadonlyMap<string, ReadMessage> => {
  const newest = new Map<string, ReadMessage>()
  for (const { tails = {} } of blocks)
    for (const [subject, tail] of Object.entries(tails)) newest.set(subject, { ...tail, subject })
  return newest
}

/** Returns what the tables have seen last of each subject of a log, also where it has lost that since; nothing of those that are not told, or told of another log. Fails: rejects with `LogUnavailable`. */
export const seenTails = async (
  claims: Pick<Claims, "read" | "remembered">,
  identity: string,
): Promise<ReadonlyMap<string, ReadMessage>> => {
  const { progress } = await claims.read()
  if (progress?.log !== identity) return new Map()
  const lost = Object.entries(progress.lost ?? {}).map(
    ([subject, { sequence, id, head: missedAt }]) => [subject, { subject, sequence, id, missedAt }] as const,
  )
  return new Map([...newestTails(blocksSince(progress, await claims.remembered())), ...lost])
}

/** Returns them as the claims in NATS have them. Fails: rejects with `LogUnavailable`. */
export const seenTailsAt = async (
  url: string,
  identity: string,
): Promise<ReadonlyMap<string, ReadMessage>> => {
  const claims = await openNatsClaims({ url })
  try {
    return await seenTails(claims, identity)
  } finally {
    await claims.close()
  }
}
