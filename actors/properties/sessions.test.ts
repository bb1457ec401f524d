import { describe, it } from "vitest"
import { holdsInAll } from "../testing/history.ts"
import { counted, left, registered } from "./sessions.ts"

describe("B6: a session", () => {
  it("is registered with its first lease, never above the cap", () => holdsInAll(registered))
  it("leaves at its time and not while it is in flight, and at once where all has failed", () =>
    holdsInAll(left))
  it("counts those of its requests that are in flight", () => holdsInAll(counted))
})
