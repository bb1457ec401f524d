import { Effect, Schema, SchemaTransformation } from "effect"

/** A whole number that is never below `minimum`; `expected` says so in words. */
export const wholeNumber = (minimum: number, expected = `a whole number from ${minimum}`) =>
  Schema.Number.check(Schema.isInt({ expected }), Schema.isGreaterThanOrEqualTo(minimum, { expected }))

/** Any whole number; `expected` says what it stands for. */
export const anyWholeNumber = (expected = "a whole number") => Schema.Number.check(Schema.isInt({ expected }))

/** A list with at least one entry. */
export const filledList = <S extends Schema.Top>(of: S, expected: string) =>
  Schema.Array(of).check(Schema.isMinLength(1, { expected }))

/** Text that is not empty. */
export const filledText = Schema.String.check(Schema.isMinLength(1, { expected: "a text that is not empty" }))

/** A field that can be left out: its default and its description stand in the file's JSON Schema. */
export const optional = <S extends Schema.Top>(
  description: string,
  schema: S,
  defaultValue: S["Encoded"],
) => {
  const field = Schema.withDecodingDefaultKey<S>(Effect.succeed(defaultValue))(schema)
  return Schema.annotateEncoded<typeof field>({ description, default: defaultValue })(field)
}

/** A field that stays away where it is left out, as it does in facts of its time before; its default and its description stand in the file's JSON Schema. */
export const absent = <S extends Schema.Top>(description: string, schema: S, defaultValue: S["Encoded"]) =>
  Schema.optionalKey(Schema.annotateEncoded<S>({ description, default: defaultValue })(schema))

/** A field that has to be there; its description stands in the file's JSON Schema. */
export const required = <S extends Schema.Top>(description: string, schema: S) =>
  Schema.annotateEncoded<S>({ description })(schema)

const openEnded = <S extends Schema.Codec<number>>(written: S, expected: string) =>
  Schema.NullOr(written)
    .annotate({ expected })
    .pipe(
      Schema.decodeTo(
        Schema.NullOr(wholeNumber(1)),
        SchemaTransformation.transform({
          decode: (n: number | null) => (n === null || n <= 0 ? null : n),
          encode: (n: number | null) => n,
        }),
      ),
    )

const limitWords = "a whole number from 0 (0 or null = unlimited)"

/** A limit: absent, `null` and `0` mean unlimited, which is never a number afterwards. Source: A3. */
export const limit = (description: string) =>
  optional(description, openEnded(wholeNumber(0, limitWords), limitWords), null)

const spanWords = "milliseconds as a whole number from 0 (0 or null = without end)"

/** A span that can be left open: `null` and `0` mean without end. */
export const openSpanMs = (description: string, defaultMs: number) =>
  optional(description, openEnded(wholeNumber(0, spanWords), spanWords), defaultMs)

const reservedWords = "a whole number (negative = 0), or auto"

/** Slots of an account that only bound requests may use; a negative number means none. Source: A4, F11. */
export const reserved = (description: string) =>
  optional(
    description,
    Schema.Union([Schema.Literal("auto"), anyWholeNumber(reservedWords)])
      .annotate({ expected: reservedWords })
      .pipe(
        Schema.decodeTo(
          Schema.Union([Schema.Literal("auto"), wholeNumber(0)]),
          SchemaTransformation.transform({
            decode: (n: number | "auto") => (n === "auto" ? n : Math.max(0, n)),
            encode: (n: number | "auto") => n,
          }),
        ),
      ),
    0,
  )

/** An amount of money that is never below zero. Units: USD. */
export const amountUsd = (description: string, defaultUsd: number) =>
  optional(
    `USD. ${description}`,
    Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0, { expected: "an amount from 0" })),
    defaultUsd,
  )
