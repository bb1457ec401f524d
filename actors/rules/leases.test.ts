import fc from "fast-check"
import { expect, it } from "vitest"
import { Leases } from "./leases.ts"

const change = fc.record({
  kind: fc.constantFrom("put", "put", "end"),
  lease: fc.constantFrom("r1.1", "r1.2", "r2.1", "r3.1", "__proto__", "constructor"),
  level: fc.nat(9),
})

it("holds what a map of the same changes holds, in its order", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const leases = new Leases<{ lease: string; level: number }>()
      const model = new Map<string, { lease: string; level: number }>()
      for (const { kind, lease, level } of changes) {
        if (kind === "put") {
          leases.put({ lease, level })
          model.set(lease, { lease, level })
        } else {
          leases.end(lease)
          model.delete(lease)
        }
        expect(leases.get(lease)).toEqual(model.get(lease))
        expect(leases.size).toBe(model.size)
      }
      expect([...leases]).toEqual([...model.values()])
      expect([...new Leases(leases)]).toEqual([...leases])
    }),
  )
})

it("gives what there was when it was asked, whatever ends meanwhile", () => {
  const leases = new Leases([{ lease: "r1.1" }, { lease: "r2.1" }])
  const seen: Array<string> = []
  for (const { lease } of leases) {
    leases.end("r2.1")
    seen.push(lease)
  }
  expect(seen).toEqual(["r1.1", "r2.1"])
  expect(JSON.stringify(leases)).toBe('{"r1.1":{"lease":"r1.1"}}')
})
