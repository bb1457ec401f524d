const signedSpan = /^-\d+(\.\d+)?[a-z]+$/iu

/** Joins a flag and a span of the past that is written with its sign, which would be taken for a flag of its own: `--from -15m` is `--from=-15m`. */
export const joinSignedSpans = (args: ReadonlyArray<string>): ReadonlyArray<string> =>
  args.reduce<ReadonlyArray<string>>((joined, arg) => {
    const flag = joined.at(-1)
    const isValue = signedSpan.test(arg) && flag !== undefined && /^--[a-z-]+$/u.test(flag)
    return isValue ? [...joined.slice(0, -1), `${flag}=${arg}`] : [...joined, arg]
  }, [])
