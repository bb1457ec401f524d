/** Says in one line on stderr what the set-up is about to do, so that stdout stays the program's own. */
export const say = (/** @type {string} */ line) => void process.stderr.write(`sluice: ${line}\n`)

/** A step of the set-up that cannot be done; its message says in one line what to do about it. */
export class SetupFailed extends Error {
  /** @override */
  name = "SetupFailed"
}
