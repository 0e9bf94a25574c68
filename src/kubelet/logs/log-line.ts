/** One record of a container's log file: `2026-01-01T12:00:00.000000001Z stdout F text`. */
export interface LogLine {
  /** As it stands in the file: RFC 3339 with nanoseconds. */
  readonly time: string
  readonly stream: 'stdout' | 'stderr'
  /** The line goes on in the next record of the same stream. */
  readonly partial: boolean
  readonly content: string
}

/** Reads a record without its line end; undefined if it is none. Tags after the first are for later versions. */
export function parseLogLine(line: string): LogLine | undefined {
  const afterTime = line.indexOf(' ')
  const afterStream = line.indexOf(' ', afterTime + 1)
  const afterTags = line.indexOf(' ', afterStream + 1)
  if (afterTime < 0 || afterStream < 0) return undefined
  const stream = line.slice(afterTime + 1, afterStream)
  if (stream !== 'stdout' && stream !== 'stderr') return undefined
  const tags = line.slice(afterStream + 1, afterTags < 0 ? undefined : afterTags)
  const [tag] = tags.split(':')
  if (tag !== 'P' && tag !== 'F') return undefined
  return {
    time: line.slice(0, afterTime),
    stream,
    partial: tag === 'P',
    content: afterTags < 0 ? '' : line.slice(afterTags + 1),
  }
}
