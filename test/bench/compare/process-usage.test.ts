import { expect, test } from "vitest"
import { cpuMsIn, cpuMsOf, peakMbIn, peakMbOf } from "./process-usage.ts"

const statOf = (program: string): string =>
  `4242 (${program}) S 1 4242 4242 0 -1 4194304 9 8 7 6 1234 56 3000 4000 20 0 11 0 98765 1 2`

test("the processor time is that in user mode and that in the kernel, without that of children", () => {
  expect(cpuMsIn(statOf("node"))).toBe((1_234 + 56) * 10)
})

test.each(["tmux: server", "a) S 9 9 9", "((sd-pam))", ") ("])(
  "a program called %j does not shift the fields",
  (program) => expect(cpuMsIn(statOf(program))).toBe(12_900),
)

test("a text without the fields is refused, and not counted as no time", () => {
  expect(() => cpuMsIn("4242 (node) S 1")).toThrow("no processor time")
  expect(() => peakMbIn("Name:\tkthreadd\n")).toThrow("no peak of memory")
})

test("the most memory is read in MB beside what is held at the moment", () => {
  expect(peakMbIn("Name:\tnode\nVmPeak:\t 9999 kB\nVmHWM:\t  204800 kB\nVmRSS:\t  102400 kB\n")).toBe(200)
})

test("a process that computes is seen to take time and to hold memory", () => {
  const before = cpuMsOf(process.pid)
  const own = process.cpuUsage()
  let turns = 0
  do turns += 1
  while (process.cpuUsage(own).user < 100_000)
  expect(cpuMsOf(process.pid) - before).toBeGreaterThanOrEqual(50)
  expect(peakMbOf(process.pid)).toBeGreaterThan(10)
  expect(turns).toBeGreaterThan(0)
})
