import { expect, test } from "vitest"
import { checkpointGroup } from "../group/checkpoint.ts"
import { accountOf, channelOf, contextOf, createGroup, type Group } from "../group/group.ts"
import { acquire, configured, enqueue, rejected, release, run, start } from "../testing/specification.ts"
import { displacedBy, namedModels, ofModel } from "./named-models.ts"

const names = 20_000
const nth = Array.from({ length: names }, (_, at) => `m-${at}`)
const wild = configured({ models: ["named", "*"], queueSize: names, maxConcurrent: 1 }, [{}])

const ofTheModel = {
  classification: "model",
  evidence: {},
  retryAfterMs: null,
  resetAt: null,
  isOfModel: true,
  statedLimit: null,
  summary: "not today",
} as const

const a = (group: Group) => contextOf(accountOf(group, "a"))
const sizeOf = (group: Group) => JSON.stringify(checkpointGroup(group, start)).length

const twenty = <T>(steps: (model: string) => ReadonlyArray<T>, of = nth) => of.flatMap(steps)

test("a channel names its models and not what its patterns let through", () => {
  const { channel } = configured({ models: ["gpt-*", "one", { from: "two", to: "2" }] }) as Extract<
    ReturnType<typeof configured>,
    { type: "configure" }
  >
  expect([...namedModels(channel)]).toEqual(["one", "two"])
})

test.each(["__proto__", "constructor", "toString"])(
  "nothing is known of a model that is called %s",
  (name) => {
    expect(ofModel({}, name)).toBeUndefined()
    const group = createGroup()
    expect(run(group, [wild, acquire("r", { model: name })]).facts).toMatchObject([
      { type: "channel.configured" },
      { type: "account.configured" },
      { type: "channel.acquired" },
      { type: "account.acquired" },
    ])
  },
)

test("20,000 names that cool one after the other are 32 cooldowns, and the model that the channel names stays among them", () => {
  const group = createGroup()
  const cooled = (model: string) => [
    acquire(`r-${model}`, { model }),
    rejected(`r-${model}`, { rejection: ofTheModel }),
  ]
  const before = sizeOf(group)
  const { facts } = run(group, [wild, ...cooled("named"), ...twenty(cooled)])
  const { modelCooldowns, modelCounts } = a(group)
  expect(Object.keys(modelCooldowns)).toHaveLength(33)
  expect(modelCooldowns).toHaveProperty("named")
  expect(modelCooldowns).toHaveProperty(`m-${names - 1}`)
  expect(Object.keys(modelCounts).length).toBeLessThanOrEqual(256)
  expect(sizeOf(group) - before).toBeLessThan(40_000)
  const started = facts.filter(({ type }) => type === "account.cooldown_started").length
  const ended = facts.filter((fact) => fact.type === "account.cooldown_ended" && fact.reason === "displaced")
  expect(started - ended.length).toBe(33)
})

test("20,000 names that the upstream does not know are 32 blocks", () => {
  const group = createGroup()
  const unknown = (model: string) => [
    acquire(`r-${model}`, { model }),
    release(`r-${model}`, { outcome: "upstream_error", status: 404, isModelUnknown: true }),
  ]
  run(group, [wild, ...twenty(unknown)])
  expect(Object.keys(channelOf(group).blockedModels)).toHaveLength(32)
  expect(sizeOf(group)).toBeLessThan(20_000)
})

test("an older log in which thousands cool loses them as others begin", () => {
  const cooldown = { startedAt: 0, until: 1, consecutive: 1, classification: "model" } as const
  const old = Object.fromEntries(nth.map((model, at) => [model, { ...cooldown, id: model, startedAt: at }]))
  const displaced = displacedBy(old, "another", null)
  expect(displaced).toHaveLength(200)
  expect(displaced[0]?.id).toBe("m-0")
})

test("a client waits in a bounded number of lanes, whatever models it names, and others wait beside it", () => {
  const group = createGroup()
  run(group, [wild, acquire("first"), ...twenty((model) => [enqueue(`w-${model}`, { model })])])
  const { lanes } = channelOf(group)
  expect(lanes.size).toBe(67)
  const refused = run(group, [enqueue("more", { model: "another" })])
  expect(refused.last).toMatchObject({ kind: "denied", denials: [{ reason: "queue_full" }] })
  const others = [
    enqueue("known", { model: "m-1" }),
    enqueue("named", { model: "named" }),
    enqueue("bob", { client: "bob", model: "another" }),
  ]
  run(group, others)
  expect(lanes.size).toBe(70)
})

test("20,000 models that are served leave means of at most 1,000", () => {
  const group = createGroup()
  run(group, [wild, ...twenty((model) => [acquire(`r-${model}`, { model }), release(`r-${model}`)])])
  expect(channelOf(group).holds.size).toBeLessThanOrEqual(1_000)
})

test("20,000 sessions leave the newest 10,000, each with the fact of its end", () => {
  const group = createGroup()
  const inSession = (session: string) => [acquire(`r-${session}`, { session }), release(`r-${session}`)]
  const { facts } = run(group, [wild, ...twenty(inSession)])
  expect(a(group).sessions.size).toBe(10_000)
  const ended = facts.filter((fact) => fact.type === "account.session_released")
  expect(ended).toHaveLength(names - 10_000)
  expect(ended[0]).toMatchObject({ session: "m-0", reason: "displaced" })
})
