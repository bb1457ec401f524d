import { Schema } from "effect"

/** A query was asked with a parameter that it does not know, or a value that it cannot read. */
export class InvalidParameter extends Schema.TaggedError<InvalidParameter>()("InvalidParameter", {
  parameter: Schema.String,
  reason: Schema.String,
}) {
  override get message(): string {
    return `${this.parameter}: ${this.reason}`
  }
}

/** There is no query of that name. */
export class UnknownQuery extends Schema.TaggedError<UnknownQuery>()("UnknownQuery", {
  query: Schema.String,
  known: Schema.Array(Schema.String),
}) {
  override get message(): string {
    return `unknown query ${JSON.stringify(this.query)}; there are: ${this.known.join(", ")}`
  }
}
