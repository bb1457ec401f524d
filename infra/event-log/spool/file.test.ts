import { execFile } from "node:child_process"
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { SpoolFile } from "./file.ts"
import { decodeRecords, encodeRecord, type SpoolRecord } from "./record.ts"

const run = promisify(execFile)

const recordOf = (n: number, body = `body ${n}`): SpoolRecord => ({
  subject: `sluice.log.channel.c${n % 3}`,
  id: `commit-${n}`,
  body,
  expectedSequence: n < 3 ? n : null,
})

const records = (count: number): ReadonlyArray<SpoolRecord> =>
  Array.from({ length: count }, (_, n) => recordOf(n))

const temporary = async () => {
  const directory = await mkdtemp(join(tmpdir(), "sluice-spool-"))
  return {
    path: join(directory, "spool", "commits"),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
}

const allIn = async (file: SpoolFile): Promise<ReadonlyArray<SpoolRecord>> => {
  const all: Array<SpoolRecord> = []
  for (let part = await file.next(); part.records.length > 0; part = await file.next()) {
    all.push(...part.records)
    file.drop(part)
  }
  return all
}

const written = async (path: string, of: ReadonlyArray<SpoolRecord>): Promise<void> => {
  const { file } = await SpoolFile.open(path)
  await Promise.all(of.map((record) => file.append(encodeRecord(record))))
  await file.close()
}

describe("L9: a record of the spool", () => {
  it("is read back as it was written, whatever its text", () => {
    const text = fc.string({ unit: "grapheme" })
    const record = fc.record({
      subject: text,
      id: text,
      body: text,
      expectedSequence: fc.option(fc.nat()),
    })
    fc.assert(
      fc.property(fc.array(record), (of) => {
        const decoded = decodeRecords(Buffer.concat(of.map(encodeRecord)))
        expect(decoded.records).toEqual(of)
        expect(decoded.rest).toBe("nothing")
      }),
    )
  })

  it("is none any more when a single bit of it has changed", () => {
    const bytes = encodeRecord(recordOf(1))
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
        const changed = Buffer.from(bytes)
        changed[at] = bytes[at]! ^ (1 << bit)
        expect(decodeRecords(changed).records).toEqual([])
      }),
    )
  })

  it("is not seen in the zeros of a file that grew before its content was written", () => {
    expect(decodeRecords(Buffer.alloc(64))).toEqual({ records: [], bytes: 0, rest: "damaged" })
  })
})

describe("L9: the file of the spool", () => {
  it("gives what was appended, in order, over its parts and over a restart", async () => {
    await using place = await temporary()
    const large = Array.from({ length: 12 }, (_, n) => recordOf(n, "x".repeat(300_000 * (n % 5))))
    await written(place.path, large)
    const { file, cutBytes } = await SpoolFile.open(place.path)
    expect(cutBytes).toBe(0)
    expect(await allIn(file)).toEqual(large)
    await file.close()
  })

  it("tells of an append only when it is in the file", async () => {
    await using place = await temporary()
    const { file } = await SpoolFile.open(place.path)
    for (const record of records(5)) {
      await file.append(encodeRecord(record))
      expect((await stat(place.path)).size).toBe(file.bytes)
    }
    expect(decodeRecords(await readFile(place.path)).records).toEqual(records(5))
    await file.close()
  })

  it("writes what comes together as one group", async () => {
    await using place = await temporary()
    const { file } = await SpoolFile.open(place.path)
    const order: Array<string> = []
    const appended = records(50).map(({ id }, n) =>
      file.append(encodeRecord(recordOf(n))).then(() => order.push(id)),
    )
    await Promise.all(appended)
    expect(order).toEqual(records(50).map(({ id }) => id))
    expect(await allIn(file)).toEqual(records(50))
    await file.close()
  })

  it("loses only torn records, wherever a write was cut", async () => {
    await using place = await temporary()
    const of = records(8)
    await written(place.path, of)
    const whole = await readFile(place.path)
    const ends = of.map((_, n) => Buffer.concat(of.slice(0, n + 1).map(encodeRecord)).length)
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length), fc.uint8Array({ maxLength: 40 }), async (cut, garbage) => {
        await writeFile(place.path, Buffer.concat([whole.subarray(0, cut), garbage]))
        const { file, cutBytes } = await SpoolFile.open(place.path)
        const kept = ends.filter((end) => end <= cut)
        expect(await allIn(file)).toEqual(of.slice(0, kept.length))
        expect(cutBytes).toBe(cut - (kept.at(-1) ?? 0) + garbage.length)
        await file.append(encodeRecord(recordOf(99)))
        expect(await allIn(file)).toEqual([recordOf(99)])
        await file.close()
      }),
      { numRuns: 200 },
    )
  })

  it("is empty only when all of it is done with", async () => {
    await using place = await temporary()
    const { file } = await SpoolFile.open(place.path)
    await file.append(encodeRecord(recordOf(1)))
    expect(await file.clear()).toBe(false)
    file.drop(await file.next())
    const late = file.append(encodeRecord(recordOf(2)))
    expect(await file.clear()).toBe(false)
    await late
    expect(await allIn(file)).toEqual([recordOf(2)])
    const clearing = file.clear()
    const during = file.append(encodeRecord(recordOf(3)))
    expect(await clearing).toBe(true)
    await during
    expect(await allIn(file)).toEqual([recordOf(3)])
    expect((await stat(place.path)).size).toBe(encodeRecord(recordOf(3)).length)
    await file.close()
  })

  it("takes back what a full disk has left of a record, and goes on behind the last whole one", async () => {
    await using place = await temporary()
    const script = fileURLToPath(import.meta.resolve("../testing/fill-spool.ts"))
    // A limit on the size of files stands for a disk that is full, and needs no rights.
    const limited = 'ulimit -f 64; exec "$0" "$@"'
    const { stdout } = await run("sh", ["-c", limited, process.execPath, script, place.path])
    const bytes = 2 * encodeRecord({ ...recordOf(9, "x".repeat(1_000)), subject: "s", id: "a" }).length
    expect(JSON.parse(stdout)).toEqual({
      became: ["a stored", "b EFBIG", "c EFBIG", "d stored"],
      holds: ["a", "d"],
      bytes,
    })
    const { file, cutBytes } = await SpoolFile.open(place.path)
    expect([cutBytes, (await allIn(file)).map(({ id }) => id)]).toEqual([0, ["a", "d"]])
    await file.close()
  })

  it("says so where its content has changed under it", async () => {
    await using place = await temporary()
    const { file } = await SpoolFile.open(place.path)
    await file.append(encodeRecord(recordOf(1)))
    await truncate(place.path, 10)
    await expect(file.next()).rejects.toThrow("has changed on the disk")
    await file.close()
  })
})
