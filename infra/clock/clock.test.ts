import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { after, systemClock } from "./clock.ts"

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe("a timer", () => {
  test.each([2, 1_500, 2 ** 31 - 1, 2 ** 31, 2 ** 32 + 5_000])(
    "of %i ms fires once, at its time",
    (spanMs) => {
      const fired = vi.fn<() => void>()
      after(spanMs, fired)
      vi.advanceTimersByTime(spanMs - 1)
      expect(fired).not.toHaveBeenCalled()
      vi.advanceTimersByTime(2)
      expect(fired).toHaveBeenCalledOnce()
    },
  )

  test("is ended in any of its steps", () => {
    const fired = vi.fn<() => void>()
    const cancel = after(2 ** 32, fired)
    vi.advanceTimersByTime(2 ** 31 + 10)
    cancel()
    vi.advanceTimersByTime(2 ** 33)
    expect(fired).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })

  test("that never ends does not fire", () => {
    const fired = vi.fn<() => void>()
    after(Infinity, fired)
    systemClock.at(Infinity, fired)
    vi.advanceTimersByTime(2 ** 34)
    expect(fired).not.toHaveBeenCalled()
  })

  test("for a time that has passed fires at the next turn", () => {
    const fired = vi.fn<() => void>()
    systemClock.at(-Infinity, fired)
    vi.advanceTimersByTime(1)
    expect(fired).toHaveBeenCalledOnce()
  })

  test("for no time at all is refused rather than fired at once", () => {
    expect(() => systemClock.at(Number.NaN, () => undefined)).toThrow(RangeError)
    expect(vi.getTimerCount()).toBe(0)
  })
})
