import type { Algorithm } from "@sluice/events/adaptive-limit.ts"
import type { Bounds, LimitAlgorithm } from "./algorithm.ts"
import { bracket } from "./bracket.ts"

/** A way to learn a limit, and the bounds that it has where nobody says others. */
export interface Known {
  readonly algorithm: LimitAlgorithm<unknown>
  readonly bounds: Bounds
}

/** Forgets of what kind an algorithm's state is: whoever keeps it only hands it back. */
const known = <State>(algorithm: LimitAlgorithm<State>, bounds: Bounds): Known => ({
  algorithm,
  bounds,
})

const wide: Bounds = { initial: 8, min: 1, max: 200 }

/** The ways to learn a limit, by name. Source: F8, F10. */
export const algorithms: Readonly<Record<Algorithm, Known>> = {
  bracket: known(bracket, wide),
}
