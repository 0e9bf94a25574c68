/** Parses a stream of JSON values, one a line, as a watch sends them. */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<unknown> {
  // Bytes of an unfinished line; joined only once it ends, so that a long line costs no repeated copying.
  let rest: Uint8Array[] = []
  for await (const chunk of chunks) {
    let from = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
      const line = chunk.subarray(from, end)
      from = end + 1
      const whole = rest.length > 0 ? Buffer.concat([...rest, line]) : line
      rest = []
      if (whole.length > 0) yield JSON.parse(Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength).toString())
    }
    if (from < chunk.length) rest.push(chunk.subarray(from))
  }
}

const newline = 0x0a
