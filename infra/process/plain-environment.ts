/** What a program needs whatever it does: where things are, how it speaks, and what its own runtime is told. */
const plainNames = [
  /^(PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TZ|TERM|COLORTERM|FORCE_COLOR|NO_COLOR)$/,
  /^(LANG|LANGUAGE|LC_\w+)$/,
  /^NODE_(?!AUTH_TOKEN$)/,
  /^(OTEL|UV|LD|DYLD|MALLOC)_/,
  /^GO(MAXPROCS|MEMLIMIT|GC|DEBUG|TRACEBACK)$/,
  /^SSL_CERT_(FILE|DIR)$/,
  /^SLUICE_LOG_LEVEL$/,
]

/** Returns of an environment what any part may see: the keys of providers and the passwords of servers, whatever their names are, stay behind. */
export const plainEnvironment = (
  environment: Readonly<NodeJS.ProcessEnv> = process.env,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value !== undefined && plainNames.some((plain) => plain.test(name)) ? [[name, value]] : [],
    ),
  )
