import type { Algorithm } from "@sluice/events/configuration/adaptive-limit.ts"
import type { Bounds, LimitAlgorithm } from "./algorithm.ts"
import { aether } from "./algorithms/aether.ts"
import { aimd } from "./algorithms/aimd.ts"
import { bracket } from "./algorithms/bracket.ts"
import { cubic } from "./algorithms/cubic.ts"
import { gradient2 } from "./algorithms/gradient2.ts"
import { vegas } from "./algorithms/vegas.ts"

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
  aether: known(aether, { initial: 50, min: 3, max: 200 }),
  aimd: known(aimd, wide),
  cubic: known(cubic, wide),
  gradient2: known(gradient2, wide),
  vegas: known(vegas, wide),
}
