import { expect, it } from "vitest"
import { isCheckpoint } from "./checkpoint.ts"
import { Fact } from "./commit.ts"
import { factInWallTime } from "./wall-time.ts"

const minute = 60_000
const at = 1_790_000_040_000

/** How the fields are called that hold a time. */
const holdsTime = /(?:^at|At|^until|Until|^since|^start|Start|^end)$/u

/** What is said of a commit of another subject has the times of that. */
const ofOthers = "commit.repaired"

const fields = Fact.members
  .filter(({ fields: { type } }) => type.literal !== ofOthers)
  .flatMap(({ fields: { type, ...others } }) =>
    Object.keys(others).map((name) => ({ type: type.literal, name })),
  )

it.each(fields.filter(({ name }) => holdsTime.test(name)))(
  "L2: $name of $type is shown as the machine's clock had it",
  ({ type, name }) => {
    const fact = { actor: "account/a", type, at, part: 0, [name]: at } as unknown as Fact
    const shown = factInWallTime(fact, 100 * minute) as unknown as Readonly<Record<string, unknown>>
    expect(shown[name]).toBe(at - 100 * minute)
  },
)

it("L2: a time in a part of a fact is shown as the machine's clock had it, a checkpoint's state as it is", () => {
  const cooldown = { type: "account.cooldown_started", at, until: at, probe: { failed: 1, at } }
  expect(factInWallTime(cooldown as unknown as Fact, minute)).toMatchObject({
    until: at - minute,
    probe: { failed: 1, at: at - minute },
  })
  const checkpoint = { type: "account.checkpointed", at, part: 0, context: { until: at } } as unknown as Fact
  expect(isCheckpoint(checkpoint)).toBe(true)
  expect(factInWallTime(checkpoint, minute)).toMatchObject({ at: at - minute, context: { until: at } })
})
