import { readdirSync, readFileSync } from "node:fs"
import { Fact } from "@sluice/events/commit.ts"
import { expect, it } from "vitest"
import { statesOf } from "./states.ts"

const folder = new URL("./", import.meta.url)
const linesOf = (name: string) => readFileSync(new URL(name, folder), "utf8").trimEnd().split("\n")
const streams = readdirSync(folder).filter((name) => name.endsWith(".jsonl"))

it.each(streams)("L13: %s refolds to the states that it made when it was recorded", (name) => {
  const states: unknown = JSON.parse(
    readFileSync(new URL(name.replace(".jsonl", ".states.json"), folder), "utf8"),
  )
  expect(statesOf(linesOf(name))).toEqual(states)
})

it("L13: the golden streams hold every type of fact", () => {
  const types = new Set(streams.flatMap(linesOf).flatMap((line) => line.match(/"type":"[a-z_.]+"/g) ?? []))
  const known = Fact.members.map(({ fields }) => `"type":"${fields.type.literal}"`)
  expect(known.filter((type) => !types.has(type))).toEqual([])
})
