import { expect, it } from "vitest"
import { watchAnswers } from "./answering-log.ts"
import { WrongSequence } from "./event-log.ts"
import { createFailingLog } from "./testing/failing-log.ts"

it("L9: a log is not answering from the first append without an answer to the next with one, be it a refusal", async () => {
  const log = createFailingLog()
  const watched = watchAnswers(log)
  const append = (id: string, expectedSequence: number) =>
    watched.append({ subject: "sluice.log.channel.a", id, body: "", expectedSequence })
  await append("a1", 0)
  log.state = "mute"
  await expect(append("a2", 1)).rejects.toThrow("no answer")
  log.state = "well"
  expect(watched.isAnswering()).toBe(false)
  await expect(append("late", 1)).rejects.toBeInstanceOf(WrongSequence)
  expect(watched.isAnswering()).toBe(true)
  log.state = "gone"
  expect(watched.isAnswering()).toBe(false)
})
