/**
 * Bytes that connections write before the event loop goes round once: to encrypt and hand over so much takes half a
 * millisecond. A change that thousands watch is written connection by connection in this way, and meanwhile requests
 * are read and the next commit sets out.
 */
const share = 256 * 1024

let written = 0
/** Who waits for a later turn of the event loop, in the order in which they came; the first few are done with. */
let waiting: (() => void)[] = []
let next = 0

/** Whether enough has been written for now: `write` is then called later, and may ask again. */
export function mustWait(write: () => void): boolean {
  if (written < share) return false
  if (waiting.push(write) === 1) setImmediate(goOn)
  return true
}

/** Tells that so many bytes have been written. */
export function hasWritten(bytes: number): void {
  written += bytes
}

function goOn(): void {
  written = 0
  try {
    while (next < waiting.length && written < share) waiting[next++]?.()
  } finally {
    if (next < waiting.length) setImmediate(goOn)
    else {
      waiting = []
      next = 0
    }
  }
}
