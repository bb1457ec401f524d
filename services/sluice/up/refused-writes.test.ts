import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { expect, test } from "vitest"
import { RefusedWrites, untilRefusing } from "./refused-writes.ts"

const failing = { forMs: 12_000, tries: 30, reason: "no acknowledgement" }

/** A server of which a part tells each second the same, on a disk with room or without. */
const watch = (of: { hasRoom: () => boolean; told: () => Parameters<RefusedWrites["told"]>[1] }) =>
  Effect.gen(function* () {
    const writes = new RefusedWrites(() => 0)
    const refusing = yield* Effect.forkChild(
      untilRefusing({ writes, hasRoom: Effect.sync(of.hasRoom), patienceMs: 10_000 }),
    )
    const pass = Effect.fnUntraced(function* (seconds: number) {
      for (let second = 0; second < seconds; second += 1) {
        writes.told("ingress", of.told())
        yield* TestClock.adjust(1_000)
      }
      return refusing.pollUnsafe() !== undefined
    })
    return { pass, reason: Fiber.join(refusing) }
  })

const inTestTime = <A>(effect: Effect.Effect<A>) =>
  Effect.runPromise(effect.pipe(Effect.provide(TestClock.layer())))

test("a server that takes nothing is found as soon as its disk has room, and not while it is full", () =>
  inTestTime(
    Effect.gen(function* () {
      let hasRoom = false
      const { pass, reason } = yield* watch({ hasRoom: () => hasRoom, told: () => failing })
      expect(yield* pass(600)).toBe(false)
      hasRoom = true
      expect(yield* pass(2)).toBe(true)
      expect(yield* reason).toBe(
        "it has taken nothing of what the ingress wrote for 12 s although the disk has room, and was ended: no acknowledgement",
      )
    }),
  ))

test("one that was started just now has its time, whatever was before its start", () =>
  inTestTime(
    Effect.gen(function* () {
      const told = () => ({ ...failing, forMs: 60_000 })
      const { pass } = yield* watch({ hasRoom: () => true, told })
      expect(yield* pass(9)).toBe(false)
      expect(yield* pass(2)).toBe(true)
    }),
  ))

test("one that takes something again in between, or of which a single write is not answered, is left alone", () =>
  inTestTime(
    Effect.gen(function* () {
      let forMs = 0
      const slow = yield* watch({
        hasRoom: () => true,
        told: () => ({ ...failing, forMs: (forMs = (forMs + 1_000) % 10_000) }),
      })
      expect(yield* slow.pass(120)).toBe(false)
      const single = yield* watch({
        hasRoom: () => true,
        told: () => ({ ...failing, forMs: 60_000, tries: 2 }),
      })
      expect(yield* single.pass(120)).toBe(false)
    }),
  ))

test("what a part told that has fallen silent, or has ended, counts no longer", () => {
  let now = 0
  const writes = new RefusedWrites(() => now)
  writes.told("ingress", failing)
  expect(writes.longest()).toMatchObject({ part: "ingress", forMs: 12_000 })
  now = 5_000
  expect(writes.longest()).toBeUndefined()
  writes.told("projector", { ...failing, forMs: 20_000 })
  writes.told("ingress", failing)
  expect(writes.longest()).toMatchObject({ part: "projector" })
  writes.told("projector", null)
  expect(writes.longest()).toMatchObject({ part: "ingress" })
})
