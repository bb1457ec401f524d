import { mkdir, mkdtempDisposable, readdir, readFile, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, test } from "vitest"
import { openInstallationSecret, UnusableSecret } from "./installation-secret.ts"

const temporaryDirectory = () => mkdtempDisposable(join(tmpdir(), "sluice-secret-"))

test("a secret is made once, of 32 random bytes that only its user may read, and stays", async () => {
  await using folder = await temporaryDirectory()
  const file = join(folder.path, "data", "session.key")
  const secret = await openInstallationSecret(file)
  expect(secret).toHaveLength(32)
  expect(await readFile(file)).toEqual(secret)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(await openInstallationSecret(file)).toEqual(secret)
  expect(await readdir(join(folder.path, "data"))).toEqual(["session.key"])
})

test("two installations have two secrets", async () => {
  await using folder = await temporaryDirectory()
  const [one, other] = await Promise.all(
    ["one", "other"].map((name) => openInstallationSecret(join(folder.path, name))),
  )
  expect(one).not.toEqual(other)
})

test("what a start left unfinished that was killed is no secret", async () => {
  await using folder = await temporaryDirectory()
  const file = join(folder.path, "session.key")
  await writeFile(`${file}.new`, "half", { mode: 0o600 })
  expect(await openInstallationSecret(file)).toHaveLength(32)
})

test("a secret that is too short is refused with what to do, and kept", async () => {
  await using folder = await temporaryDirectory()
  const file = join(folder.path, "session.key")
  await writeFile(file, Buffer.alloc(31, 7))
  const refused = openInstallationSecret(file)
  await expect(refused).rejects.toBeInstanceOf(UnusableSecret)
  await expect(refused).rejects.toThrow(
    `the secret ${file} holds 31 bytes, and 32 are needed: restore it, or remove it to begin with a new one`,
  )
  expect(await readFile(file)).toEqual(Buffer.alloc(31, 7))
})

test("a secret that cannot be read or made is refused by its file", async () => {
  await using folder = await temporaryDirectory()
  const file = join(folder.path, "session.key")
  await mkdir(file)
  await expect(openInstallationSecret(file)).rejects.toThrow(`the secret ${file} is a folder`)
  const other = join(folder.path, "other.key")
  await mkdir(`${other}.new`)
  await expect(openInstallationSecret(other)).rejects.toThrow(`the secret ${other} cannot be made (EISDIR)`)
})
