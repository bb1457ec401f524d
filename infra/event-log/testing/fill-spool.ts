import { SpoolFile } from "../spool/file.ts"
import { encodeRecord, type SpoolRecord } from "../spool/record.ts"

// Fills a spool under a limit on the size of files, and prints what became of each append and what it holds in the end.
const [path = ""] = process.argv.slice(2)
const record = (id: string, bytes: number): SpoolRecord => ({
  subject: "s",
  id,
  body: "x".repeat(bytes),
  expectedSequence: null,
})
const { file } = await SpoolFile.open(path)
const became: Array<string> = []
for (const one of [record("a", 1_000), record("b", 1_000_000), record("c", 1_000_000), record("d", 1_000)]) {
  const append = file.append(encodeRecord(one))
  became.push(
    await append.then(
      () => `${one.id} stored`,
      (error: NodeJS.ErrnoException) => `${one.id} ${error.code}`,
    ),
  )
}
const { records } = await file.next()
process.stdout.write(JSON.stringify({ became, holds: records.map(({ id }) => id), bytes: file.bytes }))
await file.close()
