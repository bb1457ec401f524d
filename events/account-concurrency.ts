import { Schema, SchemaTransformation } from "effect"
import { AdaptiveLimit } from "./adaptive-limit.ts"
import { anyWholeNumber, optional, wholeNumber } from "./configuration-field.ts"

const words =
  "a whole number (0, null or negative = unlimited), adaptive, or { adaptive: { initial, min, max } }"

const learned = { adaptive: { algorithm: null, initial: null, min: null, max: null } } as const

/** An account's limit, where a negative number means unlimited too, and `adaptive` one that is learned. Source: A3. */
export const accountConcurrency = optional(
  "How many attempts at once. 0 or null: unlimited. adaptive: as many as the provider is found to accept.",
  Schema.NullOr(
    Schema.Union([anyWholeNumber(words), Schema.Literal("adaptive"), AdaptiveLimit]).annotate({
      expected: words,
    }),
  )
    .annotate({ expected: words })
    .pipe(
      Schema.decodeTo(
        Schema.NullOr(Schema.Union([wholeNumber(1), Schema.toType(AdaptiveLimit)])),
        SchemaTransformation.transform({
          decode: (written: number | "adaptive" | AdaptiveLimit | null) => {
            if (written === "adaptive") return learned
            return typeof written === "number" && written <= 0 ? null : written
          },
          encode: (limit: number | AdaptiveLimit | null): number | "adaptive" | AdaptiveLimit | null => limit,
        }),
      ),
    ),
  null,
)
