/** Names as they stand in DNS messages (RFC 1035, 3.1 and 4.1.4). */

/** A message that is not what it says. */
export class MalformedMessage extends Error {}

const maxName = 255
const maxLabel = 63
export const maxPointer = 0x3fff

/** Where the name that begins at `start` ends. Throws a `MalformedMessage`. */
export function skipName(message: Buffer, start: number): number {
  for (let at = start; ; ) {
    const length = message[at]
    if (length === undefined || at - start > maxName) throw new MalformedMessage('a name without an end')
    if (length === 0) return at + 1
    if (length >= 0xc0) return at + 2
    if (length > maxLabel) throw new MalformedMessage('an unknown kind of label')
    at += length + 1
  }
}

/**
 * Reads a name, following pointers: its labels with dots between them, without a last one. Bytes that could be mistaken
 * for something else are written `\\DDD`. Throws a `MalformedMessage`.
 */
export function readName(message: Buffer, start: number): string {
  const labels: string[] = []
  let size = 0
  // A pointer must lead back, or it might lead round in a circle.
  let limit = start
  for (let at = start; ; ) {
    const length = message[at]
    if (length === undefined) throw new MalformedMessage('a name without an end')
    if (length === 0) return labels.join('.')
    if (length >= 0xc0) {
      if (at + 1 >= message.length) throw new MalformedMessage('cut off')
      const target = message.readUInt16BE(at) & maxPointer
      if (target >= limit) throw new MalformedMessage('a pointer that leads nowhere')
      limit = at = target
      continue
    }
    size += length + 1
    if (length > maxLabel || size > maxName || at + length >= message.length) throw new MalformedMessage('a bad name')
    labels.push(escapeLabel(message.toString('latin1', at + 1, at + 1 + length)))
    at += length + 1
  }
}

const escapeLabel = (label: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not go on as it is
  label.replace(/[\x00-\x20.\\\x7f-\xff]/g, char => `\\${String(char.charCodeAt(0)).padStart(3, '0')}`)

/** The bytes of a label, each as a character. */
export const unescapeLabel = (label: string): string =>
  label.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number(code) & 255))

/** A name's bytes. Throws a `MalformedMessage` if it is no name. */
export function encodeName(name: string): Buffer {
  const parts: Buffer[] = []
  for (const label of name ? name.split('.') : []) {
    const bytes = Buffer.from(unescapeLabel(label), 'latin1')
    if (bytes.length === 0 || bytes.length > maxLabel) throw new MalformedMessage(`${name} is no name`)
    parts.push(Buffer.of(bytes.length), bytes)
  }
  const encoded = Buffer.concat([...parts, Buffer.of(0)])
  if (encoded.length > maxName) throw new MalformedMessage(`${name} is too long for a name`)
  return encoded
}

/** True if a name holds pointers. */
export function isCompressed(message: Buffer, start: number): boolean {
  for (let at = start; ; at += (message[at] ?? 0) + 1) {
    const length = message[at] ?? 0
    if (length === 0) return false
    if (length > maxLabel) return true
  }
}
