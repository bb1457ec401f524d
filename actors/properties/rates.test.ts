import { it } from "vitest"
import { holdsInAll } from "../testing/history.ts"
import { pace } from "./rates.ts"

it("C1: the buckets let no more through in any span than their rate and one burst", () => holdsInAll(pace))
