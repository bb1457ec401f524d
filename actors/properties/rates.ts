import type { Fact } from "@sluice/events/commit.ts"
import { grantedBy } from "../testing/granted.ts"
import type { Rule } from "../testing/live.ts"
import { burstOf, type World } from "../testing/world.ts"

interface Sent {
  readonly at: number
  readonly amount: number
  readonly isGrant: boolean
}

/** What went through a bucket since it has its size. */
interface Bucket {
  readonly size: string
  readonly burst: number
  readonly perMs: number
  readonly sent: Array<Sent>
}

/**
 * Over no span has more been granted than the rate lets through in it, and the burst, and what one estimate is larger than the burst.
 *
 * What usages settle, and what attempts without any give back, counts at its time.
 * Source: C1.
 */
export const pace = (): Rule => {
  const known = new Map<string, Bucket>()
  const bucketOf = (world: World, key: string): Bucket | undefined => {
    const [actor = "", kind = ""] = key.split(" ")
    const account = world.accounts.find(({ id }) => actor === `account/${id}`)
    const config = account?.config ?? world.channel
    const perMinute = kind === "rpm" ? config?.rpm : config?.tpm
    const burstSeconds = account?.burstSeconds ?? world.channel?.burstSeconds ?? 0
    if (perMinute === null || perMinute === undefined) return void known.delete(key)
    const size = `${perMinute} ${burstSeconds}`
    const before = known.get(key)
    if (before?.size === size) return before
    const made = { size, burst: burstOf(perMinute, burstSeconds), perMs: perMinute / 60_000, sent: [] }
    known.set(key, made)
    return made
  }
  const send = (world: World, key: string, sent: Sent) => {
    const bucket = bucketOf(world, key)
    if (bucket === undefined) return
    // An estimate takes two bursts at most.
    const amount = sent.isGrant ? Math.min(sent.amount, Math.floor(2 * bucket.burst)) : sent.amount
    bucket.sent.push({ ...sent, amount })
    if (sent.isGrant) checkSpans(key, bucket)
  }
  return {
    decided: (world, decided) => {
      const granted = grantedBy(world, decided)
      if (granted !== undefined) {
        const { account, lease } = granted
        const tokens = lease.estimate.inputTokens + lease.estimate.outputTokens
        for (const actor of ["channel/c", `account/${account.id}`]) {
          send(world, `${actor} rpm`, { at: lease.at, amount: 1, isGrant: true })
          send(world, `${actor} tpm`, { at: lease.at, amount: tokens, isGrant: true })
        }
      }
      for (const fact of decided.facts) settle(world, fact, send)
    },
    happened: (world, fact) => {
      if (fact.type.endsWith(".reset"))
        for (const key of [...known.keys()].filter((one) => one.startsWith(`${fact.actor} `)))
          known.delete(key)
      if (fact.type.endsWith(".configured"))
        for (const key of [...known.keys()].filter((one) => one.startsWith(fact.actor))) bucketOf(world, key)
    },
  }
}

const settle = (world: World, fact: Fact, send: (world: World, key: string, sent: Sent) => void): void => {
  if (fact.type === "channel.settled")
    send(world, "channel/c tpm", { at: fact.at, amount: fact.tokens - fact.estimatedTokens, isGrant: false })
  if (fact.type !== "account.usage_recorded" && fact.type !== "account.released") return
  const held = world.inFlight.find(({ lease }) => lease === fact.lease)
  if (held === undefined || held.isMetered) return
  const used = fact.type === "account.released" ? 0 : fact.tokens.input + fact.tokens.output
  send(world, `${fact.actor} tpm`, { at: fact.at, amount: used - held.takenTokens, isGrant: false })
}

const checkSpans = (key: string, { burst, perMs, sent }: Bucket): void => {
  const last = sent.at(-1)
  if (last === undefined) return
  let sum = 0
  for (const { at, amount, isGrant } of sent.toReversed()) {
    sum += amount
    const most = burst + (last.at - at) * perMs + Math.max(0, last.amount - burst)
    if (isGrant && sum > most + 1e-3)
      throw new Error(`${key}: ${sum} went through in ${last.at - at} ms, more than ${most}`)
  }
}
