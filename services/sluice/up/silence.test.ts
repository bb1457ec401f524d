import { once } from "node:events"
import { createServer } from "node:net"
import { Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { expect, test } from "vitest"
import { greetingFrom, untilSilent } from "./silence.ts"

const inTestTime = <A>(effect: Effect.Effect<A>) =>
  Effect.runPromise(effect.pipe(Effect.provide(TestClock.layer())))

test("a part is silent when so many questions in a row had no answer, however often it paused before", () =>
  inTestTime(
    Effect.gen(function* () {
      let isPaused = false
      const answers = Effect.suspend(() => (isPaused ? Effect.never : Effect.void))
      const silent = yield* Effect.forkChild(untilSilent(answers, 15_000))
      for (let pauses = 0; pauses < 3; pauses += 1) {
        isPaused = true
        yield* TestClock.adjust(13_000)
        isPaused = false
        yield* TestClock.adjust(2_000)
      }
      isPaused = true
      yield* TestClock.adjust(13_000)
      expect(silent.pollUnsafe()).toBeUndefined()
      yield* TestClock.adjust(3_000)
      expect(yield* Fiber.join(silent)).toBe("it did not answer for 15 s and was ended")
    }),
  ))

test("an answer that comes late, but within its second, counts", () =>
  inTestTime(
    Effect.gen(function* () {
      const silent = yield* Effect.forkChild(untilSilent(Effect.sleep(900), 3_000))
      yield* TestClock.adjust(60_000)
      expect(silent.pollUnsafe()).toBeUndefined()
      yield* Fiber.interrupt(silent)
    }),
  ))

test("a server greets where it sends something by itself, and not where it only takes the connection or nothing listens", async () => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  const url = `nats://127.0.0.1:${typeof address === "object" ? address?.port : 0}`
  const greeted = Effect.runPromise(Effect.timeoutOption(greetingFrom(url), 10_000))
  const [socket] = await once(server, "connection")
  expect(await Effect.runPromise(Effect.timeoutOption(greetingFrom(url), 50))).toMatchObject({ _tag: "None" })
  socket.write("INFO {}\r\n")
  expect(await greeted).toMatchObject({ _tag: "Some" })
  server.close()
  const gone = await Effect.runPromise(Effect.timeoutOption(greetingFrom(url), 50))
  expect(gone).toMatchObject({ _tag: "None" })
})

test("asking ends with whoever asks", () =>
  inTestTime(
    Effect.gen(function* () {
      const asked = yield* Deferred.make<void>()
      let open = 0
      const answers = Effect.callback<void>(() => {
        open += 1
        Deferred.doneUnsafe(asked, Effect.void)
        return Effect.sync(() => void (open -= 1))
      })
      const silent = yield* Effect.forkChild(untilSilent(answers, 15_000))
      yield* Deferred.await(asked)
      yield* Fiber.interrupt(silent)
      expect(open).toBe(0)
    }),
  ))
