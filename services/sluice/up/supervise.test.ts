import { Deferred, Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import { expect, test } from "vitest"
import { type Part, PartFailed } from "./part.ts"
import { supervise } from "./supervise.ts"

/** A part that runs until it is told to end. */
const scriptedPart = (failures: ReadonlySet<number> = new Set()) => {
  const starts: Array<Deferred.Deferred<string>> = []
  const stopped: Array<number> = []
  let attempts = 0
  const part: Part<number> = {
    name: "part",
    start: Effect.gen(function* () {
      attempts += 1
      if (failures.has(attempts))
        return yield* new PartFailed({ part: "part", reason: `failure ${attempts}` })
      const end = yield* Deferred.make<string>()
      const pid = starts.push(end)
      return {
        pid,
        info: pid,
        ended: Deferred.await(end),
        broken: Effect.never,
        stop: Effect.sync(() => void stopped.push(pid)),
      }
    }),
  }
  const end = (pid: number) =>
    Deferred.succeed(starts[pid - 1] ?? Deferred.makeUnsafe<string>(), "signal SIGKILL")
  return { part, starts, stopped, end }
}

const listening = () => {
  const told: Array<string> = []
  return {
    told,
    onReady: ({ pid }: { pid: number }) => void told.push(`ready ${pid}`),
    onLost: ({ reason, againInMs }: { reason: string; againInMs: number }) =>
      void told.push(`${reason}, again in ${againInMs}`),
  }
}

const run = <A>(effect: Effect.Effect<A, PartFailed, Scope.Scope>) =>
  Effect.runPromise(Effect.scoped(effect).pipe(Effect.provide(TestClock.layer())))

test("a part that ends is started again after 0.2 s, doubling to 5 s", () =>
  run(
    Effect.gen(function* () {
      const { part, starts, end } = scriptedPart()
      const listener = listening()
      yield* supervise(part, listener)
      for (const [at, pauseMs] of [200, 400, 800, 1_600, 3_200, 5_000, 5_000].entries()) {
        yield* end(at + 1)
        yield* TestClock.adjust(pauseMs - 1)
        expect(starts).toHaveLength(at + 1)
        yield* TestClock.adjust(1)
        expect(starts).toHaveLength(at + 2)
      }
      expect(listener.told.slice(0, 3)).toEqual(["ready 1", "signal SIGKILL, again in 200", "ready 2"])
    }),
  ))

test("a part that ran for 30 s is started again after 0.2 s whatever was before", () =>
  run(
    Effect.gen(function* () {
      const { part, end } = scriptedPart()
      const listener = listening()
      yield* supervise(part, listener)
      yield* end(1)
      yield* TestClock.adjust(200)
      yield* TestClock.adjust(30_000)
      yield* end(2)
      yield* TestClock.adjust(200)
      expect(listener.told.filter((line) => line.includes("again"))).toEqual([
        "signal SIGKILL, again in 200",
        "signal SIGKILL, again in 200",
      ])
    }),
  ))

test("a restart that fails is tried again, a first start that fails is a failure", async () => {
  await run(
    Effect.gen(function* () {
      const { part, starts, end } = scriptedPart(new Set([2, 3]))
      const listener = listening()
      yield* supervise(part, listener)
      yield* end(1)
      yield* TestClock.adjust(200 + 400 + 800)
      expect(starts).toHaveLength(2)
      expect(listener.told).toEqual([
        "ready 1",
        "signal SIGKILL, again in 200",
        "failure 2, again in 400",
        "failure 3, again in 800",
        "ready 2",
      ])
    }),
  )
  await expect(run(supervise(scriptedPart(new Set([1])).part, listening()))).rejects.toThrow("failure 1")
})

test("closing the scope stops the one that runs, and nothing is started any more", () =>
  run(
    Effect.gen(function* () {
      const { part, starts, stopped, end } = scriptedPart()
      const scope = yield* Scope.make()
      yield* Scope.provide(supervise(part, listening()), scope)
      yield* end(1)
      yield* TestClock.adjust(200)
      yield* Scope.close(scope, Exit.void)
      expect(stopped).toEqual([2])
      yield* end(2)
      yield* TestClock.adjust(60_000)
      expect(starts).toHaveLength(2)
    }),
  ))

test("a part that is broken is ended, and started again with the reason told", () =>
  run(
    Effect.gen(function* () {
      const { part, starts, stopped, end } = scriptedPart()
      const breaking = yield* Deferred.make<void>()
      const fragile: Part<number> = {
        ...part,
        start: Effect.map(part.start, (running) => ({
          ...running,
          broken: Effect.as(Deferred.await(breaking), {
            reason: "it hangs",
            end: Effect.asVoid(end(running.pid)),
          }),
        })),
      }
      const listener = listening()
      yield* supervise(fragile, listener)
      yield* TestClock.adjust(60_000)
      expect(starts).toHaveLength(1)
      yield* Deferred.succeed(breaking, undefined)
      yield* TestClock.adjust(200)
      expect(listener.told.slice(0, 3)).toEqual(["ready 1", "it hangs, again in 200", "ready 2"])
      expect(stopped).toEqual([])
    }),
  ))
