import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempDisposable, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { afterEach, expect, test } from "vitest"

/** Ends with the number of interrupts that it saw as its code when it is told to stop. */
const script = `let interrupts = 0
  process.on("SIGINT", () => console.log("interrupted " + ++interrupts))
  process.on("SIGTERM", () => { console.log("stopping"); process.exit(interrupts) })
  setInterval(() => {}, 1000)
  console.log("ready " + process.execArgv.length)`

const started: Array<ReturnType<typeof spawn>> = []
afterEach(() => void started.splice(0).map((one) => one.kill("SIGTERM")))

/** Runs the script in the foreground of a process of its own. */
const inForeground = async (folder: string, text: string, sameSignalMs = 60_000) => {
  const file = join(folder, "script.mjs")
  await writeFile(file, text)
  const module = JSON.stringify(join(import.meta.dirname, "foreground.mjs"))
  const program = `const { runInForeground } = await import(${module})
    await runInForeground(process.execPath, [${JSON.stringify(file)}], ${sameSignalMs})`
  const shell = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, npm_command: undefined },
  })
  started.push(shell)
  const lines = createInterface(shell.stdout)[Symbol.asyncIterator]()
  return { shell, exit: once(shell, "exit"), nextLine: async () => (await lines.next()).value }
}

const temporaryDirectory = () => mkdtempDisposable(join(tmpdir(), "sluice-foreground-"))

test("an interrupt that comes twice, from the terminal and from npm, reaches the script once; its exit code passes through", async () => {
  await using folder = await temporaryDirectory()
  const { shell, exit, nextLine } = await inForeground(folder.path, script)
  expect(await nextLine()).toBe("ready 0")
  shell.kill("SIGINT")
  expect(await nextLine()).toBe("interrupted 1")
  shell.kill("SIGINT")
  shell.kill("SIGTERM")
  expect(await nextLine()).toBe("stopping")
  expect(await exit).toEqual([1, null])
})

test("a second interrupt that is meant reaches the script too", async () => {
  await using folder = await temporaryDirectory()
  const { shell, nextLine } = await inForeground(folder.path, script, 0)
  expect(await nextLine()).toBe("ready 0")
  shell.kill("SIGINT")
  expect(await nextLine()).toBe("interrupted 1")
  shell.kill("SIGINT")
  expect(await nextLine()).toBe("interrupted 2")
})

test("a script that dies of a signal takes the process in whose place it runs along", async () => {
  await using folder = await temporaryDirectory()
  const { exit } = await inForeground(folder.path, 'process.kill(process.pid, "SIGKILL")')
  expect(await exit).toEqual([null, "SIGKILL"])
})

test("a script whose starter is killed is told to stop", async () => {
  await using folder = await temporaryDirectory()
  const { shell, nextLine } = await inForeground(folder.path, script)
  expect(await nextLine()).toBe("ready 0")
  shell.kill("SIGKILL")
  expect(await nextLine()).toBe("stopping")
})
