import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { SetupFailed } from "./say.mjs"

/** @typedef {{ readonly version: string, readonly sha256: Readonly<Record<string, string>> }} Pinned */

/** The Debian package of `nats-server`, by Debian's name of the architecture. The sums are those of the archive's signed index. @type {Pinned} */
export const debianNatsServer = {
  version: "2.15.1-1",
  sha256: {
    amd64: "31ef4ceaa84e8248d449e508472e3770c17c3695cb5cb0ee96e03912724ea884",
    arm64: "68923b614b6b5594bbd63ffdce7258c2155ec448fb4cb7efd099bf9273eca128",
  },
}

/** The release archive of `nats-server`, by its name of the platform. The sums are those that the project's own container images check. @type {Pinned} */
export const releasedNatsServer = {
  version: "2.14.5",
  sha256: {
    "linux-amd64": "5e3b603d47c447bda1f77f9ac16dbf91c90aac4ff3681f8fbbc7201e4ed99355",
    "linux-arm64": "673a98d3faa79dde3f9ebf16d6dfac36a5f694e7ad2015e4954dd7939c85cd4c",
  },
}

/** The executable of Node as the npm package `node` brings it along, by Node's name of the platform. @type {Pinned} */
export const nodeExecutable = {
  version: "26.10.0",
  sha256: {
    "darwin-arm64": "56d28b39a8048f0cd1af7ad7e09f6cbe1c04439b6dfeb6c8d9090c082af60861",
    "darwin-x64": "083775c8c778a1ab7aee1c9971ba2dac29032b5f60da9db9a2b8e9d050544c31",
    "linux-arm64": "71b004f18a82f3ea8f26109798564a12e5e4c7989a4c35b93851830b5815dd03",
    "linux-x64": "ab9c8eecf9f82d6693cdc3accced17034065c8d96213b0aa76a7e803d20ae1da",
  },
}

/** Says whether the operator takes what this repository knows no hash of: with `SLUICE_ALLOW_UNPINNED=1`. */
export const allowsUnpinned = () => process.env.SLUICE_ALLOW_UNPINNED === "1"

/**
 * Fails: throws `SetupFailed` unless the operator takes what this repository knows no hash of.
 *
 * @param {string} what
 */
export const requireAllowed = (what) => {
  if (!allowsUnpinned())
    throw new SetupFailed(
      `this repository knows no hash of ${what} for ${process.platform} ${process.arch}, so it is not installed: SLUICE_ALLOW_UNPINNED=1 takes what its source gives (see SECURITY.md)`,
    )
}

/**
 * Fails: throws `SetupFailed` where bytes do not have the hash that this repository knows.
 *
 * @param {Uint8Array} bytes
 * @param {{ readonly sha256: string, readonly what: string }} of
 */
export const check = (bytes, { sha256, what }) => {
  const found = createHash("sha256").update(bytes).digest("hex")
  if (found !== sha256)
    throw new SetupFailed(
      `${what} does not have the SHA-256 that this repository knows: it has ${found} for ${sha256}, and is not run`,
    )
}

/**
 * As `check`, of a file.
 *
 * @param {string} file
 * @param {{ readonly sha256: string, readonly what: string }} of
 */
export const checkFile = (file, of) => check(readFileSync(file), of)
