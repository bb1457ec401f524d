import { Result, Schema } from "effect"

const positive = Schema.Finite.check(Schema.isGreaterThan(0))
const durationMs = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))
const limit = Schema.NullOr(Schema.Int.check(Schema.isGreaterThan(0)))
const names = Schema.NullOr(Schema.Array(Schema.String))

const ProviderSettings = Schema.Struct({
  concurrencyLimit: limit,
  rpm: limit,
  tpm: limit,
  rateWindow: Schema.Literals(["bucket", "minute"]),
  firstTokenMs: durationMs,
  tokensPerSecond: positive,
  serviceMs: Schema.NullOr(durationMs),
  outputTokens: Schema.Natural,
  jitter: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 })),
  speed: positive,
  abortHoldMs: durationMs,
  releaseHoldMs: durationMs,
  credentials: names,
  models: names,
})

const ProviderOptions = Schema.Struct({
  ...ProviderSettings.fields,
  name: Schema.String,
  host: Schema.String,
  port: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65_535 })),
  seed: Schema.Int,
})

/**
 * What a simulated provider does when no request header says otherwise; `POST /__config` changes these while
 * it runs.
 * Units: `firstTokenMs`, `serviceMs`, `tokensPerSecond`, `rpm` and `tpm` count in the provider's time, which
 * passes `speed` times as fast as the wall's; `abortHoldMs` and `releaseHoldMs` are wall time. `null` stands
 * for: no limit, no fixed duration, any credential, any model.
 */
export type ProviderSettings = typeof ProviderSettings.Type

/** All that a simulated provider can be started with. */
export type ProviderOptions = typeof ProviderOptions.Type

/**
 * The options of a provider that was told nothing: no limits, the pace of a middling model, any credential,
 * any model.
 * `rateWindow: "bucket"` refills evenly and holds one minute's worth, `"minute"` begins anew with each full
 * minute.
 * `serviceMs` is the whole duration of any answer, in place of first-token time and pace; 0 answers at once.
 * `jitter` is the greatest deviation of times and of `outputTokens`, as a fraction of them.
 * `abortHoldMs` is how long the slot of a request stays taken after its client has closed, `releaseHoldMs`
 * after a normal end (A2, A9).
 */
export const defaultOptions: ProviderOptions = {
  name: "simulated",
  host: "127.0.0.1",
  port: 0,
  seed: 1,
  concurrencyLimit: null,
  rpm: null,
  tpm: null,
  rateWindow: "bucket",
  firstTokenMs: 150,
  tokensPerSecond: 100,
  serviceMs: null,
  outputTokens: 48,
  jitter: 0.2,
  speed: 1,
  abortHoldMs: 0,
  releaseHoldMs: 0,
  credentials: null,
  models: null,
}

/** A provider was given settings that it does not know or that make no sense. */
export class InvalidProviderSettings extends Schema.TaggedError<InvalidProviderSettings>()(
  "InvalidProviderSettings",
  {
    message: Schema.String,
  },
) {}

const strict = { onExcessProperty: "error", errors: "all", reportInput: true } as const
const decodeOptions = Schema.decodeUnknownResult(ProviderOptions, strict)
const decodeSettings = Schema.decodeUnknownResult(ProviderSettings, strict)

/**
 * Completes what was given with the defaults. Fails: returns `InvalidProviderSettings`, which names the path
 * and the value.
 */
export function readOptions(given: unknown): ProviderOptions | InvalidProviderSettings {
  return settle(Result.mapError(decodeOptions(overlay(defaultOptions, given)), (error) => error.message))
}

/** Lays the settings that were given over those in force. Fails: as `readOptions`. */
export function changeSettings(
  current: ProviderSettings,
  given: unknown,
): ProviderSettings | InvalidProviderSettings {
  return settle(Result.mapError(decodeSettings(overlay(current, given)), (error) => error.message))
}

/** Leaves out of the options what cannot change while a provider runs. */
export function settingsOf({
  name: _name,
  host: _host,
  port: _port,
  seed: _seed,
  ...settings
}: ProviderOptions): ProviderSettings {
  return settings
}

function overlay(base: object, given: unknown): unknown {
  return typeof given === "object" && given !== null && !Array.isArray(given) ? { ...base, ...given } : given
}

function settle<Value>(decoded: Result.Result<Value, string>): Value | InvalidProviderSettings {
  return Result.isSuccess(decoded)
    ? decoded.success
    : new InvalidProviderSettings({ message: decoded.failure })
}
