import type { LogInvariant } from "./log-invariant.ts"

/** Each cooldown begins once and ends once, and none outlives its time. Source: C5. */
export const cooldownsPaired = (): LogInvariant => {
  const open = new Map<string, { readonly actor: string; readonly until: number }>()
  const ended = new Set<string>()
  return {
    take: (fact) => {
      if (!("id" in fact) || !fact.type.includes(".cooldown_")) return undefined
      const { id, actor } = fact
      switch (fact.type) {
        case "account.cooldown_started":
        case "channel.cooldown_started":
          if (open.has(id) || ended.has(id)) return `C5: the cooldown ${id} starts twice`
          open.set(id, { actor, until: fact.until })
          return undefined
        case "account.cooldown_extended":
        case "channel.cooldown_extended":
          if (!open.has(id)) return `C5: the cooldown ${id} is extended and not open`
          open.set(id, { actor, until: fact.until })
          return undefined
        case "account.cooldown_ended":
        case "channel.cooldown_ended":
          if (!open.delete(id)) return `C5: the cooldown ${id} ends and is not open`
          ended.add(id)
          return undefined
        default:
          return undefined
      }
    },
    left: (nowMs) =>
      [...open]
        .filter(([, { until }]) => until < nowMs - 1_000)
        .map(([id, { actor }]) => `C5: the cooldown ${id} of ${actor} never ends`),
  }
}
