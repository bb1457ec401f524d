import { it } from "vitest"
import { holdsInAll } from "../testing/history.ts"
import { changesOnly } from "./configuration.ts"

it("A10: a configuration is told to what it changes and to nothing else", () => holdsInAll(changesOnly))
