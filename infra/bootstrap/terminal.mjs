import { isatty } from "node:tty"

/**
 * Says whether a terminal is at this process, whose closing ends it.
 *
 * Node forgets at its start that a signal was to be ignored, so this is what is left of `nohup`, which takes all three streams from the terminal.
 */
export const isAtTerminal = () => [0, 1, 2].some((stream) => isatty(stream))
