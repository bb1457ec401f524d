import { directoryIdentity } from "@sluice/infra/process/directory-identity.ts"
import { processIdentity } from "@sluice/infra/process/process-identity.ts"
import { ulid } from "ulid"
import { type KnownProcess, removeRunFile, type RunFile, writeRunFile } from "../run-file.ts"

type Parts = Pick<RunFile, "nats" | "ingress" | "projector" | "simulator">

const known = (pid: number): KnownProcess => ({ pid, identity: processIdentity(pid) ?? "" })

/** What runs now, as it stands in the data directory's `run.json`. */
export class LiveRun {
  readonly #dataDirectory: string
  #content: RunFile

  constructor(dataDirectory: string, configuration: string) {
    this.#dataDirectory = dataDirectory
    this.#content = {
      ...known(process.pid),
      directory: directoryIdentity(dataDirectory),
      incarnation: ulid(),
      started: new Date().toISOString(),
      configuration,
      nats: null,
      ingress: null,
      projector: null,
      simulator: null,
    }
  }

  /** What is written. */
  get content(): RunFile {
    return this.#content
  }

  /** Says that a part runs, with what it told when it was ready. */
  runs(part: "ingress" | "projector" | "simulator", { pid, info }: { pid: number; info: object }): void {
    this.#change({ [part]: { ...known(pid), ...info } })
  }

  /** Says where the log is; without a process where the server is another's (S3). */
  logIsAt(url: string, pid?: number): void {
    this.#change({ nats: { url: withoutCredentials(url), process: pid === undefined ? null : known(pid) } })
  }

  /** Says that a part does not run. */
  lost(part: keyof Parts): void {
    this.#change({ [part]: null })
  }

  /** Takes the file away. */
  end(): void {
    removeRunFile(this.#dataDirectory)
  }

  #change(parts: Partial<Parts>): void {
    this.#content = { ...this.#content, ...parts }
    writeRunFile(this.#dataDirectory, this.#content)
  }
}

/** Leaves users and passwords out of a comma-separated list of servers. */
export const withoutCredentials = (urls: string): string => urls.replaceAll(/[^/,\s@]*@/gu, "")
