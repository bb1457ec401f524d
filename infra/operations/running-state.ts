import { Schema } from "effect"

/** What the running actors of a subject hold, with the version of the last commit that is folded in. Source: R3. */
export const RunningState = Schema.Struct({
  version: Schema.Int,
  /** Names the code that can read `state`. */
  machineHash: Schema.String,
  state: Schema.Unknown,
})
export type RunningState = typeof RunningState.Type
