import { manualClock } from "@sluice/infra/clock/clock.ts"
import { LogUnavailable } from "@sluice/infra/event-log/event-log.ts"
import { expect, test } from "vitest"
import { OutageLines } from "./outage-lines.ts"

const gone = new LogUnavailable({ reason: "no connection" })

const open = () => {
  const written: Array<readonly [string, object]> = []
  const write = (fields: object, message: string) => void written.push([message, fields])
  const clock = manualClock()
  const lines = new OutageLines({ warn: write, error: write }, clock)
  return { written, clock, lines }
}

const waits = { isWaiting: true, reason: "no connection" }
const answered = { isWaiting: false, reason: "" }

test("an outage that a hundred subjects and their requests meet is one line at its begin and one at its end, with counts", () => {
  const { written, clock, lines } = open()
  const subjects = Array.from({ length: 100 }, (_, at) => `s${at}`)
  for (const subject of subjects) lines.waits(subject, waits)
  for (let request = 0; request < 500; request += 1)
    lines.error({ request, err: gone }, "the end of a request could not be recorded")
  clock.advance(4_000)
  for (const subject of subjects) lines.waits(subject, answered)
  expect(written).toHaveLength(1)
  clock.advance(1_000)
  expect(written).toEqual([
    ["the event log does not answer: it is asked until it does", { subject: "s0", reason: "no connection" }],
    [
      "the event log answers again",
      {
        lastedMs: 4_000,
        subjects: 100,
        unwritten: { "the end of a request could not be recorded": 500 },
      },
    ],
  ])
})

test("a log that comes and goes within a second has one outage, one that goes again later has two", () => {
  const { written, clock, lines } = open()
  for (let times = 0; times < 5; times += 1) {
    lines.waits("s", waits)
    clock.advance(300)
    lines.waits("s", answered)
    clock.advance(300)
  }
  clock.advance(1_000)
  expect(written).toHaveLength(2)
  lines.waits("s", waits)
  expect(written).toHaveLength(3)
})

test("whatever else goes wrong meanwhile is written, and what is unavailable without an outage too", () => {
  const { written, lines } = open()
  lines.error({ err: gone }, "a lease was not released")
  lines.waits("s", waits)
  lines.error({ err: new Error("a defect") }, "a request met a defect")
  lines.error({ reason: "too_large" }, "the log refused a commit")
  lines.warn({}, "a warning")
  expect(written.map(([message]) => message)).toEqual([
    "a lease was not released",
    "the event log does not answer: it is asked until it does",
    "a request met a defect",
    "the log refused a commit",
    "a warning",
  ])
})
