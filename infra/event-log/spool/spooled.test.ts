import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, test } from "vitest"
import { manualClock } from "../../clock/clock.ts"
import { createFailingLog } from "../testing/failing-log.ts"
import { quietListener } from "../testing/quiet-listener.ts"
import { spooledBeside } from "./spooled.ts"
import { openSpoolingLog } from "./spooling-log.ts"

const subject = "sluice.log.channel.a"
const body = JSON.stringify({ facts: [{}, {}] })
const nothing = { commits: 0, facts: 0 }

test("L9: what a spool holds is counted without the log having it, told once a minute, and not counted once it is drained", async () => {
  const directory = await mkdtemp(join(tmpdir(), "sluice-spooled-"))
  try {
    const log = createFailingLog()
    const clock = manualClock()
    const told: Array<object> = []
    const spooling = await openSpoolingLog({
      log,
      directory,
      policy: () => ({ isOn: true, limitBytes: 1_000_000 }),
      listener: { ...quietListener, onHolding: (holding) => void told.push(holding) },
      clock,
    })
    let expectedSequence = await spooling.append({ subject, id: "stored", body, expectedSequence: 0 })
    expect(await spooledBeside(log, directory)).toEqual({ waiting: nothing, refused: nothing })
    log.state = "gone"
    for (const id of ["one", "two", "three"])
      expectedSequence = await spooling.append({ subject, id, body, expectedSequence })
    const held = { read: () => log.read({ subject, afterSequence: 0 }) }
    log.state = "well"
    expect(await spooledBeside(held, directory)).toEqual({
      waiting: { commits: 3, facts: 6 },
      refused: nothing,
    })
    expect(spooling.spool()).toMatchObject({ isHolding: true, commits: 3 })
    log.state = "gone"
    clock.advance(60_000)
    expect(told).toMatchObject([{ commits: 3, seconds: 60 }])
    log.state = "well"
    const drained = spooling.head()
    clock.advance(1_000)
    await drained
    expect(await spooledBeside(log, directory)).toEqual({ waiting: nothing, refused: nothing })
    expect(spooling.spool()).toMatchObject({ isHolding: false, commits: 0 })
    clock.advance(600_000)
    expect(told).toHaveLength(1)
    await spooling.close()
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
