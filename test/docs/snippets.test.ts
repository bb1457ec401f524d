import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { expect, test } from "vitest"
import { root } from "../tidy/source-file.ts"

const operations = readFileSync(join(root, "docs/operations.md"), "utf8")

const blocks = [...operations.matchAll(/^```(\w+)\n([^]*?)^```/gmu)].map(([, language = "", text = ""]) => ({
  language,
  text,
}))

const blocksOf = (language: string): ReadonlyArray<string> =>
  blocks.filter((block) => block.language === language).map(({ text }) => text)

/** The units of systemd by their names, started from this checkout. */
const units = new Map(
  blocksOf("ini").map((text) => [
    basename(/^# (\S+)/u.exec(text)?.[1] ?? ""),
    text
      .replace("/usr/bin/node /opt/sluice", `${process.execPath} ${root}`)
      .replace(/^(User|Group)=.*\n/gmu, ""),
  ]),
)

/** Runs a checker of the machine; `undefined` where the machine has none. */
const check = (command: string, args: ReadonlyArray<string>): string | undefined => {
  const { error, stdout, stderr, status } = spawnSync(command, args, { encoding: "utf8" })
  return error === undefined ? `${status === 0 ? "" : `exit ${status}: `}${stdout}${stderr}` : undefined
}

test("the units of systemd have the sections and settings that units have, and start what is there", () => {
  expect([...units.keys()]).toEqual(["sluice.service", "sluice.socket"])
  for (const text of units.values())
    for (const line of text.trimEnd().split("\n"))
      expect(line).toMatch(/^(|#.*|\[[A-Z][a-z]+\]|[A-Z][A-Za-z]+=.+)$/u)
  const folder = mkdtempSync(join(tmpdir(), "sluice-units-"))
  for (const [name, text] of units) writeFileSync(join(folder, name), text)
  const said = check("systemd-analyze", [
    "verify",
    "--man=no",
    ...[...units.keys()].map((name) => join(folder, name)),
  ])
  rmSync(folder, { recursive: true })
  expect((said ?? "").split("\n").filter((line) => /sluice\.(service|socket)/u.test(line))).toEqual([])
})

test("the blocks of nginx and Caddy are whole, and pass to the port that Sluice has", () => {
  const proxies = [...blocksOf("nginx"), ...blocksOf("caddyfile")]
  expect(proxies).toHaveLength(2)
  for (const text of proxies) {
    const code = text.replace(/#.*$/gmu, "")
    expect(code.split("{").length).toBe(code.split("}").length)
    expect(code).toContain("127.0.0.1:8787")
  }
  for (const line of (blocksOf("nginx")[0] ?? "").split("\n"))
    expect(line).toMatch(/^\s*(#.*|[^#]*[;{}]\s*(#.*)?)?$/u)
})
