import { describe, expect, it } from "vitest"
import { WrongSequence } from "../event-log.ts"
import { SpoolFences } from "./fences.ts"

const subject = "sluice.log.channel.a"
const stored = Promise.resolve()
const commit = (id: string, expectedSequence: number) => ({ subject, id, body: "", expectedSequence })
const record = (id: string) => ({ subject, id, body: "", expectedSequence: null })

describe("L9: the fence of a subject of which commits were spooled", () => {
  it("is the real sequence as soon as the last of them is drained, and none before", () => {
    const fences = new SpoolFences()
    const first = fences.add(commit("a1", 4), stored)
    const second = fences.add(commit("a2", first.sequence), stored)
    fences.note(record("a1"), { kind: "stored", sequence: 5 })
    expect(fences.tailOf(subject)).toBe(second)
    fences.note(record("a2"), { kind: "stored", sequence: 7 })
    expect(fences.tailOf(subject)).toBeUndefined()
    expect(fences.fenceOf(commit("a3", second.sequence))).toBe(7)
    expect(() => fences.fenceOf(commit("a3", first.sequence))).toThrow(WrongSequence)
  })

  it("is that of the commit before one that did not get into the spool", () => {
    const fences = new SpoolFences()
    const before = fences.add(commit("a1", 4), stored)
    const tail = fences.add(commit("a2", before.sequence), stored)
    fences.takeBack(subject, { tail, before })
    expect(fences.tailOf(subject)).toBe(before)
  })

  it("is the real one of the commit before, where that was drained while the other was being written", () => {
    const fences = new SpoolFences()
    const before = fences.add(commit("a1", 4), stored)
    const tail = fences.add(commit("a2", before.sequence), stored)
    fences.note(record("a1"), { kind: "stored", sequence: 5 })
    fences.takeBack(subject, { tail, before })
    expect(fences.tailOf(subject)).toBeUndefined()
    expect(fences.fenceOf(commit("a2", before.sequence))).toBe(5)
  })

  it("is none where the commit before was refused meanwhile: the next one is told so", () => {
    const fences = new SpoolFences()
    const before = fences.add(commit("a1", 4), stored)
    const tail = fences.add(commit("a2", before.sequence), stored)
    const error = new WrongSequence({ subject, expected: 4, actual: 9 })
    fences.note(record("a1"), { kind: "refused", error })
    fences.takeBack(subject, { tail, before })
    expect(fences.tailOf(subject)).toBeUndefined()
    expect(() => fences.fenceOf(commit("a2", before.sequence))).toThrow(error)
  })
})
