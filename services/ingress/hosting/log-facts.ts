import type { Fact } from "@sluice/events/commit.ts"
import { idOf, kindOf } from "@sluice/events/identifier.ts"
import type { Logger } from "@sluice/infra/logging/logging.ts"

const placeOf = (channel: string, actor: string) =>
  kindOf(actor) === "account" ? { channel, account: idOf(actor) } : { channel }

/** Writes the log line of a fact of a channel or its accounts that an operator wants to see as it happens. Source: S8. */
export const logFacts = (logger: Logger, channel: string, facts: ReadonlyArray<Fact>): void => {
  for (const fact of facts) {
    switch (fact.type) {
      case "channel.cooldown_started":
      case "account.cooldown_started": {
        const { classification, consecutive, until, source, status } = fact
        logger.info(
          { actor: fact.actor, classification, consecutive, durationMs: until - fact.at, source, status },
          "cooldown started",
        )
        break
      }
      case "channel.cooldown_ended":
      case "account.cooldown_ended":
        logger.info({ actor: fact.actor, reason: fact.reason }, "cooldown ended")
        break
      case "channel.limit_adjusted":
      case "account.limit_adjusted": {
        const { actor, from, to, reason } = fact
        logger.info({ ...placeOf(channel, actor), from, to, reason }, "limit adjusted")
        break
      }
      case "channel.mode_changed":
      case "account.mode_changed": {
        const { actor, from, to, by } = fact
        logger.info({ ...placeOf(channel, actor), from, to, by }, "kind of limit changed")
        break
      }
      case "channel.learning_reset":
      case "account.learning_reset": {
        const { actor, from, to, by } = fact
        logger.info({ ...placeOf(channel, actor), from, to, by }, "what was learned is forgotten")
        break
      }
      case "account.suspended": {
        const { actor, status, summary } = fact
        logger.warn({ actor, status, summary }, "suspended")
        break
      }
      case "account.restored":
        logger.info({ actor: fact.actor, by: fact.by, reason: fact.reason }, "restored")
        break
      case "account.reset":
      case "channel.reset":
        logger.info({ actor: fact.actor, by: fact.by, cleared: fact.cleared }, "reset")
        break
      case "channel.configured":
      case "account.configured":
        logger.info({ actor: fact.actor, revision: fact.revision, by: fact.by }, "configured")
        break
      case "channel.removed":
      case "account.removed":
        logger.info({ actor: fact.actor, by: fact.by }, "removed")
        break
      default:
        break
    }
  }
}
