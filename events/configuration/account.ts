import { Schema } from "effect"
import { amountUsd, anyWholeNumber, limit, optional, reserved } from "./field.ts"
import { accountConcurrency } from "./learnable-limit.ts"
import { described, timeoutMs } from "./object.ts"

/** What an account may cost by the list in a window of 5 hours. Source: D5. */
export const WindowCost = Schema.Struct({
  limitUsd: amountUsd("From here on only bound requests go there. 0: no limit.", 0),
  stickyReserveUsd: amountUsd("So much more bound requests may cost; above it nothing goes there.", 10),
})
export type WindowCost = typeof WindowCost.Type

/** An account as its facts hold it: everything but its credential. Source: S4. */
export const AccountConfiguration = Schema.Struct({
  ...described,
  auth: optional(
    "How the credential is sent: in the provider's API key header, or as authorization: Bearer.",
    Schema.Literals(["api-key", "bearer"]),
    "api-key",
  ),
  concurrency: accountConcurrency,
  reservedConcurrency: reserved(
    "How many of them only requests of a bound session may use. auto: a share that grows with the load.",
  ),
  rpm: limit("How many requests a minute. 0 or null: unlimited."),
  tpm: limit("How many tokens a minute. 0 or null: unlimited."),
  maxSessions: limit("How many sessions may be registered on it. 0 or null: unlimited."),
  sessionIdleTimeoutMs: timeoutMs("How long a session stays registered after its last request.", 300_000),
  windowCost: optional("What it may cost in a window of 5 hours.", WindowCost, {}),
  priority: optional("The lowest goes first.", anyWholeNumber(), 50),
  costMultiplier: optional(
    "What this account pays of the list price; recorded beside the standard cost.",
    Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0, { expected: "a number from 0" })),
    1,
  ),
})
export type AccountConfiguration = typeof AccountConfiguration.Type
