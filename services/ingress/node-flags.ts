/**
 * What Node is told at the start of an ingress.
 *
 * On a machine with much memory V8 gives its young generation so much that an ingress under load keeps 100 MB of dead requests around; with
 * 16 MB it does the same work in two thirds of the memory. Left to itself it also lets the old generation, of which 40 MB live, grow to several
 * times that before it looks for what is dead; where it may grow by a half, the ingress stays within 290 MB.
 * The young generation is cleared by the main thread alone: threads that help it take as much of a machine that is busy as they give, and keep it waiting.
 * What V8 does beside it has one thread: four of them took a small machine from the proxy's clients and its log for 10 ms at a time.
 * Its log is for its own lines: that undici calls what undoes the coding of answers experimental is no news to an operator.
 */
export const nodeFlags: ReadonlyArray<string> = [
  "--max-semi-space-size=16",
  "--heap-growing-percent=50",
  "--no-parallel-scavenge",
  "--v8-pool-size=1",
  "--disable-warning=ExperimentalWarning",
]

/**
 * What the C library of an ingress is told at its start.
 *
 * Left to itself glibc takes ever larger buffers from its own heap once some were freed, and keeps that: after eight bodies of 32 MB the process stayed at twice its size. What has 128 KB or more goes
 * back to the machine at once. With that said, it would also give back the end of its heap whenever 128 KB of it are free, and take it again for the next request: 4 % of an exchange.
 */
export const memoryEnvironment: Readonly<Record<string, string>> = {
  MALLOC_MMAP_THRESHOLD_: "131072",
  MALLOC_TRIM_THRESHOLD_: "16777216",
  MALLOC_TOP_PAD_: "1048576",
}
