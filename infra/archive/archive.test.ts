import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { EventLog, StoredMessage } from "../event-log/event-log.ts"
import { createMemoryLog } from "../event-log/testing/memory-log.ts"
import { openArchive } from "./archive-file.ts"
import { gzipMember } from "./gzip-member.ts"
import { checkArchive, importArchive } from "./import-archive.ts"
import { writeArchive } from "./write-archive.ts"

let folder: string
let files = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-archive-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))
const newFile = () => join(folder, `${(files += 1)}.jsonl.gz`)

const a = "sluice.log.channel.a"
const b = "sluice.log.channel.b"

const append = async (log: EventLog, subject: string, { id, body }: { id: string; body: string }) => {
  const expectedSequence = (await log.last(subject))?.sequence ?? 0
  await log.append({ subject, id, body, expectedSequence })
}

const commit = (version: number, facts: ReadonlyArray<object> = [{ type: "node.stopped" }]) => ({
  id: `commit-${version}`,
  body: JSON.stringify({ version, at: version, text: "zwölf Äpfel 🍏", facts }),
})

/** A log of two channels, so many commits each; with one that is no JSON, and one that is written in another way. */
const logOf = async (count: number): Promise<EventLog> => {
  const log = createMemoryLog()
  for (let version = 1; version <= count; version += 1)
    for (const subject of [a, b]) await append(log, subject, commit(version))
  await append(log, "sluice.log.channel.odd", { id: "no-json", body: "{ not JSON" })
  await append(log, "sluice.log.channel.odd", { id: "spaced", body: '{ "version": 1.0, "facts": [] }' })
  return log
}

const write = async (
  log: EventLog,
  path: string,
  {
    signal = new AbortController().signal,
    fromMs = null as number | null,
    onProgress = (): void => undefined,
  } = {},
) => {
  await using file = await openArchive(path, fromMs)
  const { write: put, begun: after } = file
  return await writeArchive({ log, write: put, after, fromMs: file.fromMs, signal, onProgress })
}

const contentOf = async (log: EventLog) => {
  const content: Array<Omit<StoredMessage, "sequence">> = []
  for await (const { subject, id, body } of log.read({ afterSequence: 0 }))
    content.push({ subject, id, body })
  return content
}

const renamed = (log: EventLog): EventLog["read"] =>
  async function* read(range) {
    for await (const message of log.read(range)) yield { ...message, id: `other-${message.id}` }
  }

/** The note that an import is under way, in memory. */
const noteOfImports = () => {
  let archive: string | undefined
  return {
    unfinished: async () => archive,
    begin: async (begun: string) => void (archive = begun),
    finish: async () => void (archive = undefined),
    close: async () => undefined,
  }
}

const importInto = async (log: EventLog, path: string, imports = noteOfImports()) => {
  const manifest = await checkArchive(path, () => undefined)
  const { signal } = new AbortController()
  await importArchive({ log, imports, path, manifest, signal, onProgress: () => undefined })
}

describe("an export", () => {
  it("comes back byte by byte, and every other program can read it", async () => {
    const [log, path, copy] = [await logOf(2_500), newFile(), createMemoryLog()]
    await write(log, path)
    await importInto(copy, path)
    expect(await contentOf(copy)).toEqual(await contentOf(log))
    const lines = gunzipSync(await readFile(path))
      .toString()
      .trimEnd()
      .split("\n")
    expect(lines).toHaveLength(1 + 5_002 + 3 + 1)
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ blocks: 3, records: 5_002, facts: 5_000, subjects: 3 })
    expect(JSON.parse(lines[1]!)).toMatchObject({ subject: a, sequence: 1, commit: { version: 1 } })
  })

  it("of an empty log is whole too", async () => {
    const [path, copy] = [newFile(), createMemoryLog()]
    await write(createMemoryLog(), path)
    await importInto(copy, path)
    expect(await copy.head()).toBe(0)
  })

  it("that was interrupted goes on where it stopped, wherever the file was cut", async () => {
    const [log, path] = [await logOf(2_500), newFile()]
    await write(log, path)
    const whole = await readFile(path)
    for (const part of [0, 0.05, 0.3, 0.5, 0.7, 0.9, 0.999]) {
      const cut = newFile()
      await writeFile(cut, whole.subarray(0, Math.floor(whole.length * part)))
      await expect(checkArchive(cut, () => undefined)).rejects.toThrow(
        /no export of a log|without its last line/,
      )
      await write(log, cut)
      expect((await readFile(cut)).equals(whole)).toBe(true)
    }
    await expect(write(log, path)).rejects.toThrow("holds a whole export already")
  })

  it("that is told to stop keeps its whole blocks, and goes on with what came meanwhile", async () => {
    const [log, path] = [await logOf(2_500), newFile()]
    const stop = new AbortController()
    const stopped = write(log, path, {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error("stopped")),
    })
    await expect(stopped).rejects.toThrow("stopped")
    await append(log, a, commit(2_501))
    await write(log, path)
    const copy = createMemoryLog()
    await importInto(copy, path)
    expect(await contentOf(copy)).toEqual(await contentOf(log))
    await expect(write(log, newFile(), { fromMs: 5 })).resolves.toMatchObject({ from: 5 })
  })

  it("goes on with its own beginning only: that of another log, or of another kind, is refused", async () => {
    const [log, path] = [await logOf(2_500), newFile()]
    await write(log, path, { fromMs: 5 })
    const whole = await readFile(path)
    await writeFile(path, whole.subarray(0, -20))
    await expect(write(log, path)).rejects.toThrow("holds the beginning of an export with --from")
    await expect(write(await logOf(20), path, { fromMs: 5 })).rejects.toThrow("is of another log")
    const other = await logOf(2_501)
    await expect(write({ ...other, read: renamed(other) }, path, { fromMs: 5 })).rejects.toThrow(
      "is of another log",
    )
    // So long ago is another instant at the second time.
    await write(log, path, { fromMs: 9 })
    expect((await readFile(path)).equals(whole)).toBe(true)
  })

  it("is refused with any byte changed, and the line is named", async () => {
    const [log, path] = [await logOf(40), newFile()]
    await write(log, path)
    const whole = await readFile(path)
    const damaged = newFile()
    for (let place = 0; place < whole.length; place += 7) {
      const bytes = Buffer.from(whole)
      bytes[place] = bytes[place]! ^ 0x10
      await writeFile(damaged, bytes)
      // A few bytes say when and on which system it was compressed: another value there changes nothing.
      const isNoticed = await checkArchive(damaged, () => undefined).then(
        () => gunzipSync(bytes).equals(gunzipSync(whole)),
        (error: unknown) => {
          expect(String(error)).toMatch(/damaged at line \d+: |no export of a log|without its last line/)
          return true
        },
      )
      expect(isNoticed).toBe(true)
    }
  })
})

it("an export whose content was changed is refused, however well it is compressed again", async () => {
  const [log, path] = [await logOf(4_500), newFile()]
  await write(log, path)
  const lines = gunzipSync(await readFile(path))
    .toString()
    .trimEnd()
    .split("\n")
  const refusalWith = async (changed: ReadonlyArray<string>) => {
    const isEnd = (line: string) => /^\{"(block|end)":/u.test(line)
    let block = ""
    const members: Array<Buffer> = []
    for (const line of changed) {
      block += `${line}\n`
      if (!isEnd(line)) continue
      members.push(gzipMember(block))
      block = ""
    }
    await writeFile(path, Buffer.concat(members))
    return checkArchive(path, () => undefined).then(
      () => "taken",
      (error: unknown) => String(error),
    )
  }
  expect(await refusalWith(lines)).toBe("taken")
  const second = 1 + 2_000 + 1
  const changed = lines.with(second + 7, lines[second + 7]!.replace("Äpfel", "Birnen"))
  expect(await refusalWith(changed)).toMatch(
    /damaged at line 2003: the block of 2000 records that begins here/,
  )
  const without = lines.toSpliced(second, 2_001)
  expect(await refusalWith(without)).toMatch(/damaged at line 2003: /)
  expect(await refusalWith([...lines, lines.at(-1)!])).toMatch(/something follows its last line/)
  const counted = lines.at(-1)!.replace('"facts":9000', '"facts":9001')
  expect(await refusalWith([...lines.slice(0, -1), counted])).toMatch(
    /damaged at line \d+: its last line counts something else/,
  )
})

const checkpoint = (part: number, parts: number) => ({ type: "ingress.checkpointed", part, parts })

describe("an import", () => {
  it("into a log that is not empty is refused", async () => {
    const [log, path] = [await logOf(3), newFile()]
    await write(log, path)
    await expect(importInto(log, path)).rejects.toThrow("the log is not empty (8 commits so far)")
  })

  it("that was interrupted goes on, and only with the same file", async () => {
    const [log, path, other, copy] = [await logOf(600), newFile(), newFile(), createMemoryLog()]
    await write(log, path)
    await write(await logOf(3), other)
    const imports = noteOfImports()
    let left = 700
    const failing: EventLog = {
      ...copy,
      append: async (message) => {
        left -= 1
        if (left < 0) throw new Error("the server is gone")
        return copy.append(message)
      },
    }
    await expect(importInto(failing, path, imports)).rejects.toThrow("the server is gone")
    expect(await imports.unfinished()).toBeDefined()
    await expect(importInto(copy, other, imports)).rejects.toThrow("an import of another file was begun")
    await importInto(copy, path, imports)
    expect(await contentOf(copy)).toEqual(await contentOf(log))
    expect(await imports.unfinished()).toBeUndefined()
  })

  it("names the line where a commit is missing", async () => {
    const [log, path] = [createMemoryLog(), newFile()]
    for (const version of [1, 2, 4]) await append(log, a, commit(version))
    await write(log, path)
    await expect(checkArchive(path, () => undefined)).rejects.toThrow(
      `damaged at line 4: version 4 of ${a} follows 2`,
    )
  })

  it("of a log that was purged while it was exported begins with the checkpoint", async () => {
    const [log, path, copy] = [createMemoryLog(), newFile(), createMemoryLog()]
    await append(log, a, commit(1))
    await append(log, a, commit(7, [checkpoint(0, 1)]))
    await append(log, a, commit(8))
    await write(log, path)
    await importInto(copy, path)
    expect(await contentOf(copy)).toEqual((await contentOf(log)).slice(1))
  })

  it("L5: of what --from left begins each subject with its last checkpoint before", async () => {
    const [log, path, copy] = [createMemoryLog(), newFile(), createMemoryLog()]
    const fact = { actor: "ingress/n", type: "node.stopped", at: 1, incarnation: "i" }
    const head = { node: "n", epoch: 1, schema: 1 }
    const stored = (version: number, facts: ReadonlyArray<object>) => ({
      id: `c${version}`,
      body: JSON.stringify({ ...head, commit: `c${version}`, version, at: version, facts }),
    })
    const state = { actor: "ingress/n", at: 1, shape: 1, machineHash: "", value: null, context: {} }
    for (const version of [1, 2]) await append(log, b, stored(version, [fact]))
    await append(log, a, stored(1, [fact]))
    await append(log, a, stored(2, [{ ...state, ...checkpoint(0, 1) }]))
    await append(log, a, stored(3, [fact]))
    await append(log, a, stored(4, [{ ...state, ...checkpoint(0, 1) }]))
    await write(log, path, { fromMs: 4 })
    await importInto(copy, path)
    expect((await contentOf(copy)).map(({ subject, id }) => `${subject} ${id}`)).toEqual([
      `${b} c1`,
      `${b} c2`,
      `${a} c2`,
      `${a} c3`,
      `${a} c4`,
    ])
  })
})
