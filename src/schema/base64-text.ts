/** Text that is no base64; the message is the one Go's decoder would give. */
export class Base64TextError extends Error {
  override readonly name = 'Base64TextError'
}

const whole = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Normalises base64 as decoding and encoding again would: line ends and stray bits go. Throws `Base64TextError`. */
export function normaliseBase64(text: string): string {
  const joined = text.includes('\n') || text.includes('\r') ? text.replace(/[\r\n]/g, '') : text
  if (!whole.test(joined)) throw new Base64TextError(`illegal base64 data at input byte ${firstBad(text)}`)
  if (!joined.endsWith('=')) return joined
  return joined.slice(0, -4) + Buffer.from(joined.slice(-4), 'base64').toString('base64')
}

/** Where decoding fails, as Go counts: the offending byte, or the start of the quantum that the end cuts short. */
function firstBad(text: string): number {
  const bytes = Buffer.from(text)
  let digits = 0
  let quantum = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = String.fromCharCode(bytes[at] as number)
    if (byte === '\n' || byte === '\r') continue
    if (byte === '=') return badPadding(bytes, at, digits)
    if (!/[A-Za-z0-9+/]/.test(byte)) return at
    if (digits === 0) quantum = at
    digits = (digits + 1) % 4
  }
  return digits === 0 ? bytes.length : Math.max(quantum, bytes.length - digits)
}

function badPadding(bytes: Buffer, at: number, digits: number): number {
  if (digits < 2) return at
  let next = at + 1
  const skipLineEnds = () => {
    while (bytes[next] === 0x0a || bytes[next] === 0x0d) next++
  }
  skipLineEnds()
  if (digits === 2) {
    if (next >= bytes.length) return bytes.length
    if (bytes[next] !== 0x3d) return next
    next++
    skipLineEnds()
  }
  return next
}
