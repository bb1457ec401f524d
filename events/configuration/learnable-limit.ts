import { Schema, SchemaTransformation } from "effect"
import { AdaptiveLimit } from "./adaptive-limit.ts"
import { anyWholeNumber, optional, wholeNumber } from "./field.ts"

const orLearned = (number: string): string => `${number}, adaptive, or { adaptive: { initial, min, max } }`

const learned = { adaptive: { algorithm: null, initial: null, min: null, max: null } } as const

/** A limit that is a number, none, or one that is learned; `words` say which numbers it takes. */
const learnableLimit = (
  description: string,
  { written, words }: { readonly written: Schema.Codec<number>; readonly words: string },
) =>
  optional(
    description,
    Schema.NullOr(
      Schema.Union([written, Schema.Literal("adaptive"), AdaptiveLimit]).annotate({ expected: words }),
    )
      .annotate({ expected: words })
      .pipe(
        Schema.decodeTo(
          Schema.NullOr(Schema.Union([wholeNumber(1), Schema.toType(AdaptiveLimit)])),
          SchemaTransformation.transform({
            decode: (limit: number | "adaptive" | AdaptiveLimit | null) => {
              if (limit === "adaptive") return learned
              return typeof limit === "number" && limit <= 0 ? null : limit
            },
            encode: (limit: number | AdaptiveLimit | null): number | "adaptive" | AdaptiveLimit | null =>
              limit,
          }),
        ),
      ),
    null,
  )

const accountWords = orLearned("a whole number (0, null or negative = unlimited)")

/** An account's limit, where a negative number means unlimited too, and `adaptive` one that is learned. Source: A3. */
export const accountConcurrency = learnableLimit(
  "How many attempts at once. 0 or null: unlimited. adaptive: as many as the provider is found to accept.",
  { written: anyWholeNumber(accountWords), words: accountWords },
)

const channelWords = orLearned("a whole number from 0 (0 or null = unlimited)")

/** A channel's limit, or `adaptive` for one that is learned where none of its accounts has one. Source: A3, F5. */
export const channelConcurrency = learnableLimit(
  "How many attempts at once. 0 or null: unlimited. adaptive: as many as the provider is found to accept, where no account has a limit.",
  { written: wholeNumber(0, channelWords), words: channelWords },
)
