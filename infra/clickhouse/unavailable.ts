import { Schema } from "effect"

/** ClickHouse cannot be opened or reached. */
export class ClickHouseUnavailable extends Schema.TaggedError<ClickHouseUnavailable>()(
  "ClickHouseUnavailable",
  { reason: Schema.String },
) {
  override get message(): string {
    return this.reason
  }
}

/** The tables were made by a newer version, or a migration was changed after it ran. Source: P6. */
export class MigrationRefused extends Schema.TaggedError<MigrationRefused>()("MigrationRefused", {
  reason: Schema.String,
}) {
  override get message(): string {
    return this.reason
  }
}
